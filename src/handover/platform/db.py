"""Doors to PostgreSQL: the pool of the hot path, and the forms an address takes for each driver."""

import time
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import asyncpg

from handover.platform.notify import LOST, Listener, Notifier

__all__ = [
    "LOST",
    "DatabaseUnfitError",
    "DatabaseUnreachableError",
    "Listener",
    "Notifier",
    "driver_dsn",
    "login_of",
    "open_pool",
    "sqlalchemy_url",
    "with_database",
    "with_login",
]

_OLDEST = 150_000
_TRANSACTION_TIMEOUT_SINCE = 170_000
_MOST_SKEW_SECONDS = 5
# `role`: whether the login may act in the role that it is to have.
_FITNESS = """
SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'server_encoding', 'server_version_num', 'synchronous_commit')
UNION ALL SELECT 'clock', extract(epoch FROM clock_timestamp())::text
UNION ALL SELECT 'login', session_user::text
UNION ALL SELECT 'role', coalesce((SELECT pg_has_role(oid, 'MEMBER')::text FROM pg_roles WHERE rolname = $1), 'none')
"""


class DatabaseUnreachableError(RuntimeError):
    """No connection to the database could be made; the message says where and what to check."""


class DatabaseUnfitError(RuntimeError):
    """The database would break a promise (lose what was acknowledged); the message says what to change."""


async def open_pool(
    dsn: str,
    *,
    size: int,
    application_name: str,
    role: str = "",
    checks: bool = True,
    transaction_timeout: int = 60,
) -> asyncpg.Pool:
    """The pool of `size` connections, all open, prepared statements kept, acting in `role` ("": as they log in).

    `transaction_timeout` (seconds, 0 for none; PostgreSQL 17 and later) and the 30 s limit on idling inside a
    transaction keep a stuck one from holding up the feed.
    A connection is given back as it is, without the round trip that would reset it: set variables inside a
    transaction only (`set_config(..., true)`) and take no session locks.

    Raises DatabaseUnreachableError, and with `checks` DatabaseUnfitError when the server may lose commits.
    """
    version = await _examine(dsn, role, checks=checks)
    settings = {
        "application_name": application_name,
        "jit": "off",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "UTC",
    }
    if role:
        settings["role"] = role
    if version >= _TRANSACTION_TIMEOUT_SINCE:
        settings["transaction_timeout"] = f"{transaction_timeout}s"
    return await asyncpg.create_pool(
        driver_dsn(dsn),
        min_size=size,
        max_size=size,
        # A connection that is renewed prepares every statement anew; that would be the tail of the hot path.
        max_queries=2**53,
        max_inactive_connection_lifetime=0,
        statement_cache_size=512,
        command_timeout=30.0,
        server_settings=settings,
        reset=_leave_as_it_is,
    )


async def _leave_as_it_is(_connection: asyncpg.Connection) -> None:
    """asyncpg itself has already rolled back an open transaction and dropped listeners."""  # noqa: D403


async def _examine(dsn: str, role: str, *, checks: bool) -> int:
    try:
        connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachableError(
            f"The database at {_place(dsn)} does not let us in ({type(error).__name__}). Check that it runs, "
            "and the address, user and password in HANDOVER_DATABASE_URL."
        ) from error
    try:
        if checks:
            await _refuse_unfit(connection, role)
        return int(await connection.fetchval("SELECT current_setting('server_version_num')"))
    finally:
        await connection.close()


async def _refuse_unfit(connection: asyncpg.Connection, role: str) -> None:
    asked = time.time()
    found = dict(await connection.fetch(_FITNESS, role))
    skew = (asked + time.time()) / 2 - float(found["clock"])
    problems = [
        f"{name} is off, so what was acknowledged may be lost when the machine stops: set it to on"
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if found[name] == "off"
    ]
    if int(found["server_version_num"]) < _OLDEST:
        problems.append("the server is older than PostgreSQL 15: upgrade it")
    if found["server_encoding"] != "UTF8":
        problems.append(f"its encoding is {found['server_encoding']}: create it with ENCODING 'UTF8'")
    if abs(skew) > _MOST_SKEW_SECONDS:
        side = "ahead of" if skew > 0 else "behind"
        problems.append(
            f"this machine's clock is {abs(skew):.0f} s {side} the database's, so what one process records would wait "
            "for the clock of another: set both by a time service (NTP)"
        )
    if role and found["role"] == "none":
        problems.append(f"it has no role {role} yet: run `handover migrate`")
    elif role and found["role"] != "true":
        problems.append(f"the login {found['login']} may not act as {role}: GRANT {role} TO {found['login']}")
    if problems:
        raise DatabaseUnfitError(
            "The database cannot keep our promises: "
            + "; ".join(problems)
            + ". (Settings may also come from ALTER ROLE or ALTER DATABASE.)"
        )


def driver_dsn(url: str) -> str:
    """The address as libpq and asyncpg read it: `postgresql://...`, from that or SQLAlchemy's form."""
    parts = _split(url)
    query = [("sslmode" if name == "ssl" else name, value) for name, value in parse_qsl(parts.query)]
    return _join("postgresql", parts.netloc, parts.path, query)


def sqlalchemy_url(dsn: str) -> str:
    """The address as SQLAlchemy reads it for asyncpg: `postgresql+asyncpg://...`, Unix sockets included."""
    parts = _split(dsn)
    query = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]
    return _join("postgresql+asyncpg", parts.netloc, parts.path, query)


def login_of(dsn: str) -> str:
    """The name in an address by which one logs in, or ""."""
    parts = _split(dsn)
    return unquote(parts.username or "") or dict(parse_qsl(parts.query)).get("user", "")


def with_login(dsn: str, login: str) -> str:
    """The same database for another login, without a password."""
    parts = _split(dsn)
    return _join(parts.scheme, f"{quote(login)}@{parts.netloc.rpartition('@')[2]}", parts.path, parse_qsl(parts.query))


def with_database(dsn: str, database: str) -> str:
    """The same server, another database."""
    parts = _split(dsn)
    return _join(parts.scheme, parts.netloc, f"/{quote(database, safe='')}", parse_qsl(parts.query))


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("a database address begins with postgresql://")
    return parts


def _join(scheme: str, netloc: str, path: str, query: list[tuple[str, str]]) -> str:
    # urlunsplit drops the slashes of an address without a host (a Unix socket): written out by hand.
    question = f"?{urlencode(query, quote_via=quote, safe='/')}" if query else ""
    return f"{scheme}://{netloc}{path or '/'}{question}"


def _place(dsn: str) -> str:
    """Where the database is, without user and password."""
    parts = _split(dsn)
    return parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "the local socket")
