"""Bring a database to this version's schema, while the service runs on."""

import asyncio
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from handover.platform.db import sqlalchemy_url
from handover.platform.walls import APP, WORKER

_ONE_AT_A_TIME = 0x68616E646F766572
_LOOK_AGAIN_SECONDS = 0.1


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
            # Tried, not waited for: an index that is built beside the work waits for every statement that runs, and
            # one that waited for this lock would wait for the index.
            while not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME}):
                await connection.commit()
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            await connection.execute(text("SET lock_timeout = '5s'"))
            await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()


async def admit(dsn: str, login: str) -> None:
    """Let a login act in the roles of the service, and be nothing by itself."""
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            name = await connection.scalar(text("SELECT quote_ident(:login)"), {"login": login})
            await connection.execute(text(f"GRANT {APP}, {WORKER} TO {name}"))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def is_current(dsn: str) -> bool:
    """Tell whether no migration is pending."""
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    finally:
        await engine.dispose()
    return bool(found == ScriptDirectory.from_config(_config()).get_current_head())
