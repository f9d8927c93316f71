"""Links with outside systems; see script.py.mako for the rules."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. The text lies beside this file, where an editor knows it as SQL."""
    op.execute("SET LOCAL lock_timeout = '5s'")  # also opens the transaction that the script runs in
    script = Path(__file__).with_name("0015_adapters.sql").read_text(encoding="utf-8")
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
