"""Row security: each statement tells for which organisations it is made, and the database shows the rows of those.

It is the second wall, under the policy: a query whose condition was forgotten gives nothing of others, and one that
nobody asked for gives nothing at all. The policies are in migration 0010.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

import asyncpg

from handover.platform.db import LOST

APP, WORKER = "handover_app", "handover_worker"
"""The roles in the database: who answers requests is walled in; who works through queues, and operators, are not."""
_BEGIN = "BEGIN; SELECT set_config('handover.organisation', '{}', true)"
_SET = "SELECT set_config('handover.organisation', $1, true)"
_asking: ContextVar[tuple[str, ...]] = ContextVar("asking", default=())


class Database(Protocol):
    """What runs statements: a pool, or one behind the wall."""

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - a column's value
        """Give all rows."""

    async def fetchrow(self, query: str, *arguments: Any) -> Any:  # noqa: ANN401 - the same
        """Give the first row, or None."""

    async def fetchval(self, query: str, *arguments: Any) -> Any:  # noqa: ANN401 - the same
        """Give the first row's first value, or None."""

    async def execute(self, query: str, *arguments: Any) -> str:  # noqa: ANN401 - the same
        """Run it; give the command's tag."""

    def acquire(self) -> contextlib.AbstractAsyncContextManager[asyncpg.Connection]:
        """Hold a connection for several statements."""


def ask_for(organisation_id: str) -> None:
    """Say for whom the rest of this task asks, and the tasks that it starts: the organisation of the caller."""
    _asking.set((organisation_id,))


@contextlib.contextmanager
def asking_for(organisation_ids: Sequence[str]) -> Iterator[None]:
    """Ask for these organisations together: what follows goes to each its own part."""
    before = _asking.set(tuple(organisation_ids))
    try:
        yield
    finally:
        _asking.reset(before)


class Walled:
    """A pool whose statements run in a transaction that says for whom they are. Without anybody they see nothing.

    What is set ends with the transaction, so the next who uses the connection never has it (`set_config`, local).
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - a column's value
        """Give all rows."""
        async with self._begun() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows

    async def fetchrow(self, query: str, *arguments: Any) -> Any:  # noqa: ANN401 - the same
        """Give the first row, or None."""
        async with self._begun() as connection:
            return await connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:  # noqa: ANN401 - the same
        """Give the first row's first value, or None."""
        async with self._begun() as connection:
            return await connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> str:  # noqa: ANN401 - the same
        """Run it; give the command's tag."""
        async with self._begun() as connection:
            return str(await connection.execute(query, *arguments))

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """Hold a connection for several statements, all in one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_SET, _names())
            yield connection

    @contextlib.asynccontextmanager
    async def _begun(self) -> AsyncIterator[asyncpg.Connection]:
        # The beginning and the setting are one round trip; a transaction of the driver's would make two of them.
        async with self._pool.acquire() as connection:
            await connection.execute(_BEGIN.format(_names().replace("'", "''")))
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(*LOST):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")


def _names() -> str:
    names = _asking.get()
    if any("," in name for name in names):
        message = "an organisation's id holds no comma"
        raise ValueError(message)
    return ",".join(names)
