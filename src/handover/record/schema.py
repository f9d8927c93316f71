"""Which schema this version needs. Apart from `migrate`, whose libraries a service need not load to start."""

from handover.platform.db import DatabaseUnfitError
from handover.platform.walls import Database

SCHEMA = "0016"
"""The schema that this version needs: its last migration. A later one does it no harm."""


async def refuse_old_schema(pool: Database) -> None:
    """Raise DatabaseUnfitError when a migration is pending."""
    if await pool.fetchval("SELECT to_regclass('alembic_version') IS NULL OR to_regclass('dossier') IS NULL"):
        message = "The database holds no tables of handover yet. Run `handover migrate`, then try again."
        raise DatabaseUnfitError(message)
    # Before there were roles, nobody but the owner could read anything.
    known = await pool.fetchval("SELECT has_table_privilege('alembic_version', 'SELECT')")
    found = await pool.fetchval("SELECT coalesce(max(version_num), '') FROM alembic_version") if known else ""
    if found < SCHEMA:
        message = (
            f"The database is at schema {found or 'an older one'} and this version needs {SCHEMA}. "
            "Run `handover migrate`: what still runs of the version before goes on meanwhile."
        )
        raise DatabaseUnfitError(message)
