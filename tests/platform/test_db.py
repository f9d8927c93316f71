import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from handover.platform.db import (
    DatabaseUnfitError,
    DatabaseUnreachableError,
    driver_dsn,
    login_of,
    open_pool,
    sqlalchemy_url,
    with_database,
    with_login,
)
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.ids import new_id


@contextlib.asynccontextmanager
async def _pool(dsn: str, *, checks: bool = True, transaction_timeout: int = 60) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(
        dsn,
        size=2,
        application_name="test-pool",
        checks=checks,
        transaction_timeout=transaction_timeout,
    )
    try:
        yield pool
    finally:
        await pool.close()


async def test_the_pool_sets_its_sessions(empty_database: str) -> None:
    async with _pool(empty_database) as pool:
        show = "SELECT name, setting FROM pg_settings"
        setting = {row["name"]: row["setting"] for row in await pool.fetch(show)}
        assert pool.get_size() == 2
    assert setting["application_name"] == "test-pool"
    assert setting["jit"] == "off"
    assert setting["idle_in_transaction_session_timeout"] == "30000"
    assert setting["transaction_timeout"] == "60000"
    assert setting["TimeZone"] == "UTC"


async def test_a_transaction_that_takes_too_long_is_ended(empty_database: str) -> None:
    async with _pool(empty_database, transaction_timeout=1) as pool:
        began = time.monotonic()
        # The server says so and closes the session; which of both the driver sees first is a matter of luck.
        with pytest.raises((asyncpg.TransactionTimeoutError, asyncpg.ConnectionDoesNotExistError)):
            await pool.fetchval("SELECT pg_sleep(20)")
        assert 0.9 < time.monotonic() - began < 10
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_connection_given_back_in_a_transaction_is_rolled_back(empty_database: str) -> None:
    async with _pool(empty_database) as pool:
        await pool.execute("CREATE TABLE t (n int)")
        async with pool.acquire() as connection:
            await connection.execute("BEGIN; INSERT INTO t VALUES (1)")
        assert await pool.fetchval("SELECT count(*) FROM t") == 0


async def test_a_database_that_may_lose_commits_is_refused(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    await connection.close()
    with pytest.raises(DatabaseUnfitError, match=r"synchronous_commit is off.*set it to on"):
        await open_pool(empty_database, size=1, application_name="test")
    async with _pool(empty_database, checks=False) as pool:
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_server_that_does_not_write_through_is_refused(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, options={"fsync": "off", "full_page_writes": "off"})
    async with server as dsn:
        with pytest.raises(DatabaseUnfitError, match=r"fsync is off.*full_page_writes is off"):
            await open_pool(dsn, size=1, application_name="test")


async def test_an_absent_database_is_named_without_the_password() -> None:
    with pytest.raises(DatabaseUnreachableError) as refused:
        await open_pool("postgresql://someone:hunter2@127.0.0.1:1/none", size=1, application_name="test")
    assert "127.0.0.1:1" in str(refused.value)
    assert "HANDOVER_DATABASE_URL" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("dsn", "url"),
    [
        (
            "postgresql://handover@/handover?host=/run/a%20b&port=5432",
            "postgresql+asyncpg://handover@/handover?host=/run/a%20b&port=5432",
        ),
        ("postgresql://u:p%40w@db:5433/name", "postgresql+asyncpg://u:p%40w@db:5433/name"),
        ("postgresql://u@db/name?sslmode=require", "postgresql+asyncpg://u@db/name?ssl=require"),
    ],
)
def test_addresses_translate_both_ways(dsn: str, url: str) -> None:
    assert sqlalchemy_url(dsn) == url
    assert driver_dsn(url) == dsn
    assert driver_dsn(dsn) == dsn
    assert sqlalchemy_url(url) == url


def test_the_short_scheme_is_understood_and_others_refused() -> None:
    assert driver_dsn("postgres://db/x") == "postgresql://db/x"
    with pytest.raises(ValueError, match="begins with postgresql://"):
        driver_dsn("mysql://someone:hunter2@db/x")


def test_another_database_of_the_same_server() -> None:
    assert with_database("postgresql://u@/a?host=/s", "b c") == "postgresql://u@/b%20c?host=/s"


async def test_sqlalchemy_reaches_the_embedded_server(empty_database: str) -> None:
    engine = create_async_engine(sqlalchemy_url(empty_database))
    try:
        async with engine.connect() as connection:
            found = (await connection.execute(text("SELECT current_database()"))).scalar_one()
    finally:
        await engine.dispose()
    assert f"/{found}?" in empty_database


@pytest.mark.parametrize(("seconds", "side"), [(3600, "ahead of"), (-3600, "behind"), (7, "ahead of")])
async def test_a_clock_that_is_off_is_refused(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, seconds: int, side: str
) -> None:
    now = time.time
    monkeypatch.setattr("handover.platform.db.time.time", lambda: now() + seconds)
    with pytest.raises(DatabaseUnfitError, match=rf"clock is {abs(seconds)} s {side} the database's.*NTP"):
        await open_pool(empty_database, size=1, application_name="test")


async def test_a_clock_that_is_a_little_off_will_do(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr("handover.platform.db.time.time", lambda: now() + 3)
    async with _pool(empty_database) as pool:
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_pool_acts_in_its_role_or_says_what_is_missing(empty_database: str) -> None:
    role, login = f"role_{new_id().hex}", f"login_{new_id().hex}"
    dsn = with_login(empty_database, login)
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(f"CREATE ROLE {login} LOGIN NOINHERIT")
        with pytest.raises(DatabaseUnfitError, match=rf"it has no role {role} yet: run `handover migrate`"):
            await open_pool(dsn, size=1, application_name="test", role=role)
        await connection.execute(f"CREATE ROLE {role}")
        with pytest.raises(DatabaseUnfitError, match=rf"{login} may not act as {role}: GRANT {role} TO {login}"):
            await open_pool(dsn, size=1, application_name="test", role=role)
        await connection.execute(f"GRANT {role} TO {login}")
        async with await open_pool(dsn, size=1, application_name="test", role=role) as pool:
            assert await pool.fetchrow("SELECT current_user, session_user") == (role, login)
    finally:
        await connection.execute(f"DROP ROLE {login}; DROP ROLE {role}")
        await connection.close()


def test_an_address_tells_its_login() -> None:
    address = "postgresql://keeper@/handover?host=/run/pg&port=5432"
    assert (login_of(address), login_of("postgresql:///x?user=keeper"), login_of("postgresql:///x")) == (
        "keeper",
        "keeper",
        "",
    )
    assert with_login(address, "other") == address.replace("keeper", "other")
    assert with_login("postgresql://keeper:secret@db:5433/x", "other") == "postgresql://other@db:5433/x"
