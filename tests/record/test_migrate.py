import asyncio

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.record.world import connection

from handover.platform.db import DatabaseUnfitError, sqlalchemy_url
from handover.record.migrate import is_current, upgrade
from handover.record.schema import SCHEMA, refuse_old_schema
from handover.record.tables import Xid8, metadata


def _differences(found: Connection) -> list[object]:
    # The dialect does not know this type of PostgreSQL's own; without it every comparison would warn.
    ischema_names.setdefault("xid8", Xid8)
    context = MigrationContext.configure(found, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def _compared(dsn: str) -> list[object]:
    engine = create_async_engine(sqlalchemy_url(dsn), poolclass=NullPool)
    try:
        async with engine.connect() as found:
            return await found.run_sync(_differences)
    finally:
        await engine.dispose()


async def test_the_tables_are_what_the_migrations_make(database: str) -> None:
    assert await _compared(database) == []


async def test_drift_is_found(database: str) -> None:
    """A column, a type, an index and a default that nobody told the other side about."""
    async with connection(database) as beside:
        await beside.execute("ALTER TABLE dossier ADD COLUMN extra text")
        await beside.execute("ALTER TABLE lane ALTER COLUMN failures TYPE bigint")
        await beside.execute("DROP INDEX counsellor_by_organisation")
        await beside.execute("ALTER TABLE organisation ALTER COLUMN phone SET DEFAULT 'none'")
        await beside.execute("CREATE TABLE forgotten (id int PRIMARY KEY)")
    text = repr(await _compared(database))
    for word in ("extra", "failures", "counsellor_by_organisation", "phone", "forgotten"):
        assert word in text


async def _schema(beside: asyncpg.Connection) -> list[asyncpg.Record]:
    """Everything that a migration makes: columns, indexes, constraints and functions."""
    found: list[asyncpg.Record] = await beside.fetch(
        """
        SELECT 'column', table_name || '.' || column_name, data_type || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'function', proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3
        """
    )
    return found


async def test_twice_is_once(empty_database: str) -> None:
    assert not await is_current(empty_database)
    await upgrade(empty_database)
    assert await is_current(empty_database)
    async with connection(empty_database) as beside:
        before = await _schema(beside)
        assert len(before) > 100
        await upgrade(empty_database)
        assert await _schema(beside) == before
        assert await beside.fetchval("SELECT count(*) FROM alembic_version") == 1


async def test_at_once_is_once(empty_database: str, database: str) -> None:
    """Four processes start together on an empty database: one migrates, the others wait and find nothing to do."""
    await asyncio.gather(*(upgrade(empty_database) for _ in range(4)))
    assert await is_current(empty_database)
    async with connection(empty_database) as beside, connection(database) as other:
        assert await _schema(beside) == await _schema(other)
        held = await beside.fetchval(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            "WHERE l.locktype = 'advisory' AND d.datname = current_database()"
        )
        assert held == 0, "and nobody holds the lock"


async def test_an_old_schema_is_refused_and_a_newer_one_is_not(empty_database: str) -> None:
    async with asyncpg.create_pool(empty_database, min_size=1, max_size=1) as pool:
        with pytest.raises(DatabaseUnfitError, match=r"no tables of handover yet.*handover migrate"):
            await refuse_old_schema(pool)
        await upgrade(empty_database)
        assert await pool.fetchval("SELECT version_num FROM alembic_version") == SCHEMA
        await refuse_old_schema(pool)
        await pool.execute("UPDATE alembic_version SET version_num = '0002'")
        with pytest.raises(
            DatabaseUnfitError, match=rf"at schema 0002 and this version needs {SCHEMA}.*handover migrate"
        ):
            await refuse_old_schema(pool)
        await pool.execute("UPDATE alembic_version SET version_num = '9999'")
        await refuse_old_schema(pool)
