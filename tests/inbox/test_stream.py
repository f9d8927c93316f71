import asyncio
import gc

import pytest
from tests.inbox.world import OCMW, OCMW_1, OCMW_2, SEALER, VDAB, World

from handover.inbox import stream
from handover.inbox.cards import team_token
from handover.inbox.projector import Projector, tell
from handover.inbox.stream import InboxBroadcast


async def _started(world: World) -> InboxBroadcast:
    broadcast = InboxBroadcast(world.dsn)
    async with broadcast.subscribe("first") as first:
        await broadcast.start()
        # Whoever waits while the connection is made hears that something may have been missed.
        assert await first.next(10)
    return broadcast


async def test_only_the_screens_of_those_organisations_hear(world: World) -> None:
    broadcast = await _started(world)
    try:
        async with broadcast.subscribe(OCMW) as ours, broadcast.subscribe(VDAB) as theirs:
            await tell(world.pool, [(OCMW, "")])
            assert await ours.next(5)
            assert not await theirs.next(0.05)
            await tell(world.pool, [(VDAB, OCMW_1), (OCMW, "")])
            assert await theirs.next(5)
            assert await ours.next(5)
            await tell(world.pool, ())
            assert await theirs.next(5)
            assert await ours.next(5)
    finally:
        await broadcast.stop()


async def test_a_screen_of_one_counsellor_hears_what_is_in_that_inbox(world: World) -> None:
    broadcast = await _started(world)
    team = team_token(OCMW, "Ploeg Noord")
    try:
        async with (
            broadcast.subscribe(OCMW, [OCMW_1, team]) as mine,
            broadcast.subscribe(OCMW, [OCMW_2]) as anothers,
            broadcast.subscribe(OCMW) as all_of_them,
        ):
            for name in (OCMW_1, team):
                await tell(world.pool, [(OCMW, name)])
                assert await mine.next(5)
                assert await all_of_them.next(5)
                assert not await anothers.next(0.05)
            await tell(world.pool, [(OCMW, "")])
            assert await anothers.next(5), "what is nobody's is everybody's"
            assert await mine.next(5)
    finally:
        await broadcast.stop()


async def test_what_changed_since_a_page_was_read_is_told_when_it_begins_to_listen(world: World) -> None:
    broadcast, other_process = await _started(world), await _started(world)
    try:
        before = broadcast.mark
        async with (
            broadcast.subscribe(OCMW, [OCMW_1], since=before) as changes,
            other_process.subscribe(OCMW) as heard,
        ):
            assert not await changes.next(0.05)
            await tell(world.pool, [(OCMW, OCMW_1)])
            assert await changes.next(5)
            assert await heard.next(5)
        after = broadcast.mark
        for process, mark, named, told in (
            (broadcast, before, [OCMW_1], True),
            (broadcast, before, [OCMW_2], False),
            (broadcast, before, [], True),
            (broadcast, after, [OCMW_1], False),
            (other_process, after, [OCMW_1], False),
            (other_process, "of another time", [OCMW_2], True),
        ):
            async with process.subscribe(OCMW, named, since=mark) as changes:
                assert await changes.next(0.05) is told, (mark, named)
        async with broadcast.subscribe(VDAB, since=before) as theirs:
            assert not await theirs.next(0.05)
            await tell(world.pool, ())
            assert await theirs.next(5)
        async with broadcast.subscribe(VDAB, since=after) as theirs:
            assert await theirs.next(0.05), "anybody's may have changed"
    finally:
        await broadcast.stop()
        await other_process.stop()


async def test_a_mark_older_than_what_is_remembered_is_a_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_REMEMBERED", 3)
    broadcast = await _started(world)
    try:
        marks = [broadcast.mark]
        async with broadcast.subscribe(VDAB) as theirs:
            for _ in range(4):
                await tell(world.pool, [(VDAB, "")])
                assert await theirs.next(5)
                marks.append(broadcast.mark)
        for mark, told in zip(marks, (True, True, False, False, False), strict=True):
            async with broadcast.subscribe(OCMW, since=mark) as ours:
                assert await ours.next(0.05) is told
    finally:
        await broadcast.stop()


async def test_too_many_inboxes_to_name_are_told_as_their_organisations(world: World) -> None:
    broadcast = await _started(world)
    try:
        async with broadcast.subscribe(OCMW, [OCMW_1]) as ours, broadcast.subscribe(VDAB) as theirs:
            await tell(world.pool, [(OCMW, f"counsellor-{n}") for n in range(1000)])
            assert await ours.next(5)
            assert not await theirs.next(0.05)
            await tell(world.pool, [(f"organisation-{n}", "") for n in range(1000)])
            assert await ours.next(5)
            assert await theirs.next(5)
    finally:
        await broadcast.stop()


async def test_who_hands_a_turn_on_hears_it_too(world: World) -> None:
    dossier_id = await world.open()
    await Projector(world.pool, world.dsn, SEALER).catch_up()
    broadcast = await _started(world)
    try:
        async with broadcast.subscribe(OCMW, [OCMW_1]) as before, broadcast.subscribe(OCMW, [OCMW_2]) as after:
            await before.next(0.05)
            await after.next(0.05)
            await world.post(dossier_id, OCMW_1, "dossier.counsellorReplaced")
            await Projector(world.pool, world.dsn, SEALER).catch_up()
            assert await after.next(5)
            assert await before.next(5)
    finally:
        await broadcast.stop()


async def test_a_step_reaches_an_open_screen(world: World) -> None:
    broadcast = await _started(world)
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.01).run())
    try:
        async with broadcast.subscribe(VDAB) as changes:
            await changes.next(5)
            dossier_id = await world.open()
            await world.post(dossier_id, OCMW_1, "handover.requested")
            async with asyncio.timeout(5):
                async for _ in changes:
                    if await world.inbox.items(VDAB, None, at=world.at):
                        break
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await broadcast.stop()


async def test_a_slow_reader_gets_one_mark_for_many_changes(world: World) -> None:
    broadcast = await _started(world)
    try:
        async with broadcast.subscribe(OCMW) as slow, broadcast.subscribe("last") as last:
            for _ in range(50):
                await tell(world.pool, [(OCMW, "")])
            await tell(world.pool, [("last", "")])
            assert await last.next(5)
            assert await slow.next(0.05)
            assert not await slow.next(0.05)
    finally:
        await broadcast.stop()


async def test_stopping_ends_every_screen(world: World) -> None:
    broadcast = await _started(world)

    async def screen() -> int:
        async with broadcast.subscribe(OCMW) as changes:
            return len([change async for change in changes])

    screens = [asyncio.create_task(screen()) for _ in range(20)]
    await asyncio.sleep(0.01)
    await broadcast.stop()
    assert await asyncio.wait_for(asyncio.gather(*screens), 5) == [0] * 20
    async with broadcast.subscribe(OCMW) as late:
        assert not await asyncio.wait_for(late.next(60), 5)
        assert late.ended
        with pytest.raises(StopAsyncIteration):
            await anext(late)


async def test_screens_hold_no_connection_and_leave_nothing_behind(world: World) -> None:
    broadcast = await _started(world)
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    before = await world.pool.fetchval(sessions)

    async def screen() -> None:
        async with broadcast.subscribe(OCMW) as changes:
            await changes.next(10)

    screens = [asyncio.create_task(screen()) for _ in range(500)]
    await asyncio.sleep(0.05)
    assert await world.pool.fetchval(sessions) == before
    await tell(world.pool, [(OCMW, "")])
    await asyncio.wait_for(asyncio.gather(*screens), 5)
    gc.collect()
    assert not broadcast._screens  # noqa: SLF001 - what is left behind can be seen nowhere else
    await broadcast.stop()
