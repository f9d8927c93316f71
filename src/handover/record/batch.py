"""What waits in the process goes to the database in one statement; a lone request never waits for company."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import asyncpg

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_OF_ONE = (asyncpg.TransactionRollbackError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What one item may cause for all: a deadlock, a value that the database does not take. Nothing was stored then."""


class Batcher(Generic[Item, Answer]):
    """Runs `run` over whatever was submitted since the last run ended; one run at a time.

    Each item gets its own answer. When a run of several fails for what one of them may have caused, they are
    run one by one, so that nobody pays for a neighbour.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, most: int = 64) -> None:
        self._run = run
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._working: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """Give the item's answer, or raise what its run raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            await self._settle(batch)
        # No await between finding nothing and saying so, else an item could be left behind.
        self._working = None

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._run([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who wait
            if len(batch) > 1 and isinstance(error, _OF_ONE):
                for one in batch:
                    await self._settle([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
