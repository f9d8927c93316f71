import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from handover.platform.db import Listener, Notifier


async def _until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def _listening(dsn: str, heard: list[tuple[str, str]], heartbeat: float = 15.0) -> AsyncIterator[Listener]:
    listener = Listener(dsn, ["one", "two"], lambda *what: heard.append(what), heartbeat=heartbeat)
    await listener.start()
    await asyncio.wait_for(listener.connected.wait(), 10)
    try:
        yield listener
    finally:
        await listener.stop()


@contextlib.asynccontextmanager
async def _notifying(dsn: str, interval: float = 0.003) -> AsyncIterator[Notifier]:
    notifier = Notifier(dsn, "one", interval=interval)
    await notifier.start()
    try:
        yield notifier
    finally:
        await notifier.stop()


async def _backends(dsn: str, name: str, what: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return len(
            await connection.fetch(
                f"SELECT {what} FROM pg_stat_activity WHERE application_name = $1",  # noqa: S608
                name,
            )
        )
    finally:
        await connection.close()


async def test_a_listener_is_woken_once_at_first_and_by_each_channel(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard):
        assert heard == [("one", ""), ("two", "")]
        connection = await asyncpg.connect(empty_database)
        await connection.execute("NOTIFY two, 'hello'; NOTIFY three")
        await connection.close()
        await _until(lambda: len(heard) == 3)
    assert heard[2] == ("two", "hello")


async def test_a_listener_whose_backend_is_ended_comes_back_and_wakes(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard) as listener:
        ended = await _backends(empty_database, "handover-listen", "pg_terminate_backend(pid)")
        assert ended == 1
        await _until(lambda: not listener.connected.is_set())
        await asyncio.wait_for(listener.connected.wait(), 10)
        assert heard == [("one", ""), ("two", "")] * 2
    assert await _backends(empty_database, "handover-listen", "pid") == 0


async def test_a_listener_waits_for_a_database_that_is_not_there_yet() -> None:
    heard: list[tuple[str, str]] = []
    listener = Listener("postgresql://nobody@127.0.0.1:1/none", ["one"], lambda *what: heard.append(what))
    await listener.start()
    await asyncio.sleep(0.3)
    assert not listener.connected.is_set()
    await listener.stop()
    assert heard == []


async def test_a_quiet_listener_keeps_its_connection(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard, heartbeat=0.02) as listener:
        await asyncio.sleep(0.3)
        assert listener.connected.is_set()
        assert len(heard) == 2


async def test_a_burst_of_wakes_becomes_few_notifications(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard), _notifying(empty_database, interval=0.02) as notifier:
        began = time.monotonic()
        for _ in range(100):
            for _ in range(100):
                notifier.wake()
            await asyncio.sleep(0.001)
        took = time.monotonic() - began
        await asyncio.sleep(0.05)
        assert 2 <= notifier.sent <= took / 0.02 + 2
        await _until(lambda: len(heard) == 2 + notifier.sent)


async def test_the_last_wake_is_always_followed_by_a_notification(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard), _notifying(empty_database) as notifier:
        for round_ in range(200):
            before = len(heard)
            notifier.wake()
            # Falls into every phase of the notifier: sending, resting, waiting.
            await asyncio.sleep(round_ % 8 / 1000)
            notifier.wake()
            seen = notifier.sent
            await _until(lambda seen=seen, before=before: notifier.sent > seen and len(heard) > before)  # type: ignore[misc]


async def test_a_wake_just_before_stopping_is_still_sent(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard):
        async with _notifying(empty_database) as notifier:
            notifier.wake()
            await _until(lambda: notifier.sent == 1)
            notifier.wake()
        assert notifier.sent == 2
        await _until(lambda: len(heard) == 4)
    assert await _backends(empty_database, "handover-notify", "pid") == 0


async def test_a_wake_while_the_connection_is_lost_is_sent_later(empty_database: str) -> None:
    heard: list[tuple[str, str]] = []
    async with _listening(empty_database, heard), _notifying(empty_database) as notifier:
        notifier.wake()
        await _until(lambda: len(heard) == 3)
        assert await _backends(empty_database, "handover-notify", "pg_terminate_backend(pid)") == 1
        notifier.wake()
        await _until(lambda: len(heard) == 4)


async def test_a_notifier_that_never_reached_its_database_still_stops() -> None:
    async with asyncio.timeout(5), _notifying("postgresql://nobody@127.0.0.1:1/none") as notifier:
        notifier.wake()
        await asyncio.sleep(0.05)
    assert notifier.sent == 0


@pytest.mark.parametrize("channel", ["", "Upper", 'x"; DROP TABLE t; --', "a" * 64])
def test_a_channel_is_a_plain_name(channel: str) -> None:
    with pytest.raises(ValueError, match="no channel name"):
        Notifier("postgresql://x/y", channel)
