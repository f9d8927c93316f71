"""The journal, its outbox and feed, the directory and the inbox; see script.py.mako for the rules of a migration."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything. The texts lie beside this file, where an editor knows them as SQL."""
    op.execute("SET LOCAL lock_timeout = '5s'")  # also opens the transaction that the scripts run in
    connection = op.get_bind().connection
    for name in ("0001_journal.sql", "0001_append.sql", "0001_delivery.sql"):
        script = Path(__file__).with_name(name).read_text(encoding="utf-8")
        connection.run_async(lambda driver, script=script: driver.execute(script))
