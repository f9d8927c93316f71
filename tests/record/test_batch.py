import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from handover.record.batch import Batcher


class _Database:
    """Answers each item with its double, and fails as told when the unlucky item is in a run."""

    def __init__(self, *, unlucky: int | None = None, error: Exception | None = None) -> None:
        self.runs: list[list[int]] = []
        self._unlucky, self._error = unlucky, error

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.runs.append(list(items))
        await asyncio.sleep(0.001)
        if self._error and self._unlucky in items:
            raise self._error
        return [2 * item for item in items]


async def test_what_waits_shares_a_run() -> None:
    database = _Database()
    batcher = Batcher(database)
    assert await asyncio.gather(*(batcher.submit(n) for n in range(10))) == [2 * n for n in range(10)]
    assert sum(len(run) for run in database.runs) == 10
    assert len(database.runs) <= 2


async def test_a_lone_item_does_not_wait_for_company() -> None:
    database = _Database()
    batcher = Batcher(database)
    for n in range(3):
        assert await batcher.submit(n) == 2 * n
    assert database.runs == [[0], [1], [2]]


async def test_no_run_is_larger_than_the_most() -> None:
    database = _Database()
    batcher = Batcher(database, most=4)
    await asyncio.gather(*(batcher.submit(n) for n in range(30)))
    assert max(len(run) for run in database.runs) == 4
    assert sorted(n for run in database.runs for n in run) == list(range(30))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError("circle"),
        asyncpg.SerializationError("again"),
        asyncpg.CharacterNotInRepertoireError("NUL"),
        asyncpg.DataError("not a value"),
        asyncpg.NotNullViolationError("missing"),
    ],
    ids=lambda e: type(e).__name__,
)
async def test_what_one_item_causes_only_it_pays_for(error: Exception) -> None:
    database = _Database(unlucky=3, error=error)
    batcher = Batcher(database)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(6)), return_exceptions=True)
    assert answers == [0, 2, 4, error, 8, 10]
    assert [3] in database.runs, "it was tried alone"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.AdminShutdownError("down"),
        OSError("refused"),
        TimeoutError(),
    ],
    ids=lambda e: type(e).__name__,
)
async def test_after_a_lost_connection_nothing_is_run_again(error: Exception) -> None:
    """It may have been committed: only the caller's Idempotency-Key can tell."""
    database = _Database(unlucky=3, error=error)
    batcher = Batcher(database)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(6)), return_exceptions=True)
    assert sum(len(run) for run in database.runs) == 6
    lost = next(run for run in database.runs if 3 in run)
    assert answers == [error if n in lost else 2 * n for n in range(6)]


async def test_it_goes_on_after_a_failure() -> None:
    database = _Database(unlucky=3, error=OSError("gone"))
    batcher = Batcher(database)
    with pytest.raises(OSError, match="gone"):
        await batcher.submit(3)
    assert await batcher.submit(4) == 8


async def test_who_gave_up_waiting_does_not_hold_up_others() -> None:
    batcher = Batcher(_Database())
    first, second = (asyncio.create_task(batcher.submit(n)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 4
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await batcher.submit(5) == 10
