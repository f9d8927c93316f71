"""What goes to the other side's systems, and what comes from them signed; see script.py.mako for the rules.

What others did is written into the client's file of an outside system, so the memory of an import is also asked from
the dossier. That index is built beside the work that goes on; repeating it after it was broken off does no harm.
"""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. The text lies beside this file, where an editor knows it as SQL."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS inbound_mark_dossier")
        op.execute(
            "CREATE INDEX CONCURRENTLY inbound_mark_dossier ON inbound_mark (dossier_id, organisation_id, system)"
        )
        op.execute("RESET lock_timeout")
    op.execute("SET LOCAL lock_timeout = '5s'")  # also opens the transaction that the script runs in
    script = Path(__file__).with_name("0016_other_side.sql").read_text(encoding="utf-8")
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
