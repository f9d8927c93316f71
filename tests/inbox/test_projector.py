import asyncio
import contextlib
import time

import asyncpg
import pytest
from tests.inbox.world import OCMW, OCMW_1, SEALER, VDAB, VDAB_1, VDAB_C, World

from handover.inbox.check import check
from handover.inbox.projector import INBOX_CHANNEL, Projector, read
from handover.platform.db import LOST, Listener
from handover.record.reading import CHANNEL

VERSIONS = "SELECT bool_and(i.version = d.version) FROM inbox_dossier i JOIN dossier d USING (dossier_id)"


async def _until_projected(world: World, dossiers: int, *, seconds: float = 10) -> float:
    began = time.monotonic()
    query = f"SELECT count(*) = $1 AND ({VERSIONS}) FROM inbox_dossier"  # noqa: S608 - our own text
    while not await world.pool.fetchval(query, dossiers):
        assert time.monotonic() - began < seconds, "not projected in time"
        await asyncio.sleep(0.002)
    return time.monotonic() - began


async def _stop(*running: asyncio.Task[None]) -> None:
    for task in running:
        task.cancel()
    ended = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)


async def test_it_projects_when_woken_long_before_it_would_look(world: World) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = Listener(world.dsn, [INBOX_CHANNEL], lambda _channel, payload: heard.put_nowait(payload))
    await listener.start()
    # Listening is said once, and the start of a projector as well: both may concern anybody.
    assert await asyncio.wait_for(heard.get(), 10) == ""
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=60).run())
    try:
        assert read(await asyncio.wait_for(heard.get(), 10))[1] == []
        dossier_id = await world.open()
        await world.post(dossier_id, OCMW_1, "handover.requested")
        await world.pool.execute(f"NOTIFY {CHANNEL}")
        await _until_projected(world, 2)
        told: set[str] = set()
        while told != {OCMW, VDAB}:
            told.update(organisation for organisation, _ in read(await asyncio.wait_for(heard.get(), 10))[1])
    finally:
        await listener.stop()
        await _stop(running)


async def test_it_looks_by_itself_when_nobody_wakes_it(world: World) -> None:
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.05).run())
    try:
        await world.open()
        await _until_projected(world, 1)
    finally:
        await _stop(running)


async def test_it_catches_up_after_it_was_stopped(world: World) -> None:
    first = await world.open()
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.02).run())
    await _until_projected(world, 1)
    await _stop(running)
    for _ in range(3):
        await world.open()
    await world.post(first, OCMW_1, "handover.requested")
    await world.post(first, VDAB_1, "handover.accepted")
    assert len(await world.inbox.items(VDAB, VDAB_1, at=world.at)) == 0
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.02, page=3).run())
    await _until_projected(world, 5)
    await _stop(running)
    assert {item.type for item in await world.inbox.items(VDAB, VDAB_1, at=world.at)} >= {"handover.accepted"}
    assert await check(world.pool, SEALER) == []


async def test_of_two_one_leads_and_the_other_takes_over(world: World) -> None:
    one, two = (
        asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.02, page=5).run()) for _ in range(2)
    )
    dossiers = await asyncio.gather(*(world.open() for _ in range(40)))
    await asyncio.gather(*(world.post(d, OCMW_1, "handover.requested") for d in dossiers[:20]))
    await _until_projected(world, 60)
    await _stop(one)
    await asyncio.gather(*(world.post(d, VDAB_C, "handover.accepted") for d in dossiers[:20]))
    await _until_projected(world, 60)
    await _stop(two)
    assert await check(world.pool, SEALER) == []


async def test_a_commit_behind_a_running_transaction_is_not_passed_over(world: World) -> None:
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=60).run())
    try:
        blocker = await asyncpg.connect(world.dsn)
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.fetchval("SELECT pg_current_xact_id()")
        await world.open()
        await world.pool.execute(f"NOTIFY {CHANNEL}")
        await asyncio.sleep(0.2)
        assert await world.pool.fetchval("SELECT count(*) FROM inbox_dossier") == 0
        await transaction.rollback()
        await blocker.close()
        # Nobody notifies that the other transaction ended.
        await _until_projected(world, 1, seconds=2)
    finally:
        await _stop(running)


async def test_it_writes_only_what_differs(world: World) -> None:
    dossier_id = await world.open()
    await world.post(dossier_id, OCMW_1, "handover.requested")
    await world.projector.catch_up()
    places = "SELECT array_agg(ctid::text ORDER BY organisation_id) FROM {}"
    threads, dossiers = places.format("inbox_thread"), places.format("inbox_dossier")
    before = await world.pool.fetchval(threads), await world.pool.fetchval(dossiers)
    await world.post(dossier_id, OCMW_1, "dossier.benefitStated")
    await world.projector.catch_up()
    assert await world.pool.fetchval(threads) == before[0]
    assert await world.pool.fetchval(dossiers) != before[1]
    after = await world.pool.fetchval(dossiers)
    await world.pool.execute("UPDATE projection SET xid = '0', position = 0")
    await world.projector.catch_up()
    assert await world.pool.fetchval(dossiers) == after


@pytest.mark.parametrize(
    "state",
    ["'x'", "(SELECT state FROM dossier ORDER BY dossier_id DESC LIMIT 1)"],
    ids=["garbage", "another's"],
)
async def test_an_unreadable_state_stops_nobody_else(
    world: World, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await world.open(), await world.open()
    await world.pool.execute(f"UPDATE dossier SET state = {state} WHERE dossier_id = $1", broken)  # noqa: S608
    await world.projector.catch_up()
    items = await world.pool.fetch("SELECT dossier_id FROM inbox_dossier")
    assert [row["dossier_id"] for row in items] == [sound]
    assert {one.table for one in await check(world.pool, SEALER)} == {"dossier", "inbox_dossier"}
    assert "Voorbeeld" not in caplog.text


async def test_it_goes_on_when_its_connection_was_ended(world: World) -> None:
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.05).run())
    try:
        await world.open()
        await _until_projected(world, 1)
        connection = await asyncpg.connect(world.dsn)
        ended = await connection.fetchval(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
        assert ended >= 7
        opened = False
        while not opened:
            with contextlib.suppress(*LOST):
                await world.open()
                opened = True
        while await connection.fetchval("SELECT count(*) FROM inbox_dossier") < 2:  # noqa: ASYNC110 - in the database
            await asyncio.sleep(0.01)
        await connection.close()
    finally:
        await _stop(running)
