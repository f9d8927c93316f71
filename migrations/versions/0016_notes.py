"""From a dossier to the client's row in an outside system; see script.py.mako for the rules.

What others did is written into the client's file there, so the memory of an import is also asked from this side. The
index is built beside the work that goes on; repeating it after it was broken off does no harm.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS inbound_mark_dossier")
        op.execute(
            "CREATE INDEX CONCURRENTLY inbound_mark_dossier ON inbound_mark (dossier_id, organisation_id, system)"
        )
        op.execute("RESET lock_timeout")
