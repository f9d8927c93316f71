"""Bring a database to this version's schema, while the service runs on."""

from importlib.resources import files
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from handover.platform.db import DatabaseUnfitError, sqlalchemy_url

SCHEMA = "0005"
"""The schema that this version needs: its last migration. A later one does it no harm."""
_ONE_AT_A_TIME = 0x68616E646F766572


def _scripts() -> Path:
    """In a checkout they lie at its top, in an installed package inside it."""
    packaged = Path(str(files("handover"))) / "_migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    return config


async def upgrade(dsn: str) -> None:
    """Apply every pending migration; a second process that tries at the same time waits for the first."""
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME})
            await connection.execute(text("SET lock_timeout = '5s'"))
            await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


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


async def is_current(dsn: str) -> bool:
    """Tell whether no migration is pending."""
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    finally:
        await engine.dispose()
    return bool(found == ScriptDirectory.from_config(_config()).get_current_head())
