"""Which schema this version needs. Apart from `migrate`, whose libraries a service need not load to start."""

import asyncpg

from handover.platform.db import DatabaseUnfitError

SCHEMA = "0009"
"""The schema that this version needs: its last migration. A later one does it no harm."""


async def refuse_old_schema(pool: asyncpg.Pool) -> None:
    """Raise DatabaseUnfitError when a migration is pending."""
    if await pool.fetchval("SELECT to_regclass('alembic_version') IS NULL OR to_regclass('dossier') IS NULL"):
        message = "The database holds no tables of handover yet. Run `handover migrate`, then try again."
        raise DatabaseUnfitError(message)
    found = await pool.fetchval("SELECT coalesce(max(version_num), '') FROM alembic_version")
    if found < SCHEMA:
        message = (
            f"The database is at schema {found or 'none'} and this version needs {SCHEMA}. Run `handover migrate`: "
            "what still runs of the version before goes on meanwhile."
        )
        raise DatabaseUnfitError(message)
