"""${message}

Rules, because the service runs on while this does:
- The previous version of the program must work on the new schema: add first, remove a release later.
- No lock that waits behind traffic: `lock_timeout` is set, so a migration fails rather than blocks; run it again.
- Indexes on filled tables: CREATE INDEX CONCURRENTLY in `op.get_context().autocommit_block()`.
- Constraints on filled tables: NOT VALID first, VALIDATE in a later migration. Backfill in batches.
- A changed function keeps its name and arguments, or gets a new name while old processes still call it.
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """${message}"""
    ${upgrades if upgrades else 'op.execute("")'}
