"""The statements of the queue, without a worker: what two of them, or one that slept, do to each other."""

import asyncio
from datetime import timedelta

import pytest
from tests.delivery.support import OCMW, VDAB, World

from handover.delivery.queue import LEASE, Lane, Queue, Settled, Settlement, State, Tried

NOWHERE = "https://casemanagement.example/"


def _sent(lane: Lane, count: int | None = None) -> Settlement:
    previous, tried = lane.sent, []
    for item in lane.pending[:count]:
        tried.append(Tried(item.sequence, State.SUCCEEDED, item.attempts + 1, 204, "", previous))
        previous = item.sequence
    return Settlement(lane=lane, tried=tuple(tried))


@pytest.fixture
async def queue(land: World) -> Queue:
    await land.subscriptions.create(OCMW, NOWHERE)
    return Queue(land.pool)


async def _claim(land: World, queue: Queue, lanes: int = 64) -> list[Lane]:
    return await queue.claim(land.clock.now(), lanes=lanes, per_subscription=32, busy={})


async def test_claimed_lanes_are_nobody_elses_until_the_lease_is_over(land: World, queue: Queue) -> None:
    for _ in range(10):
        await land.open()
    halves = await asyncio.gather(*(_claim(land, queue, 5) for _ in range(4)))
    taken = [lane.dossier_id for half in halves for lane in half]
    assert len(taken) == len(set(taken)) == 10
    assert await _claim(land, queue) == []
    land.later(LEASE - timedelta(seconds=5))
    assert await _claim(land, queue) == []
    land.later(timedelta(seconds=6))
    again = await _claim(land, queue)
    assert sorted(lane.dossier_id for lane in again) == sorted(taken)
    assert {lane.fence for lane in again} == {2}


async def test_who_slept_past_the_lease_is_not_heard(land: World, queue: Queue) -> None:
    dossier_id = await land.open()
    (slept,) = await _claim(land, queue)
    land.later(LEASE + timedelta(seconds=1))
    (holder,) = await _claim(land, queue)
    assert (slept.fence, holder.fence) == (1, 2)
    before = await land.lane(dossier_id)
    assert await queue.settle([_sent(slept)], land.clock.now()) == [Settled(held=False, due=False)]
    assert await land.states(dossier_id) == ["pending", "pending"]
    assert await land.lane(dossier_id) == before
    # Both in one statement, in either order: only the holder counts.
    assert await queue.settle([_sent(slept, 1), _sent(holder)], land.clock.now()) == [
        Settled(held=False, due=False),
        Settled(held=True, due=False),
    ]
    assert await land.states(dossier_id) == ["succeeded", "succeeded"]


async def test_settling_again_changes_nothing(land: World, queue: Queue) -> None:
    dossier_id = await land.open()
    (lane,) = await _claim(land, queue)
    assert await queue.settle([_sent(lane, 1)], land.clock.now()) == [Settled(held=True, due=True)]
    before = await land.lane(dossier_id)
    assert await queue.settle([_sent(lane, 1)], land.clock.now()) == [Settled(held=True, due=True)]
    after = await land.lane(dossier_id)
    assert {**before, "due_at": None} == {**after, "due_at": None}
    assert (after["waiting"], after["head"], after["sent"]) == (1, 2, 1)


async def test_what_is_recorded_while_a_lane_is_in_hand_is_due_afterwards(land: World, queue: Queue) -> None:
    dossier_id = await land.open()
    (lane,) = await _claim(land, queue)
    await land.steps(dossier_id, 2)
    assert await _claim(land, queue) == []
    assert await queue.settle([_sent(lane)], land.clock.now()) == [Settled(held=True, due=True)]
    (rest,) = await _claim(land, queue)
    assert [item.sequence for item in rest.pending] == [3, 4]
    assert rest.sent == 2


async def test_settling_against_a_crowd_of_writers_never_loses_a_wake(land: World, queue: Queue) -> None:
    """The journal adds to lanes while they are settled: the count each leaves is right, and the lane due."""
    dossiers = [await land.open() for _ in range(4)]
    writing = asyncio.gather(*(land.steps(dossier_id, 25) for dossier_id in dossiers))
    seen: dict[object, list[int]] = {dossier_id: [] for dossier_id in dossiers}
    async with asyncio.timeout(30):
        while any(len(found) < 27 for found in seen.values()):
            for lane in await _claim(land, queue):
                if not lane.pending:
                    await queue.recount(lane, land.clock.now())
                    continue
                seen[lane.dossier_id] += [item.sequence for item in lane.pending]
                await queue.settle([_sent(lane)], land.clock.now())
            await asyncio.sleep(0)
    await writing
    assert all(found == list(range(1, 28)) for found in seen.values())
    for dossier_id in dossiers:
        lane_row = await land.lane(dossier_id)
        assert (lane_row["waiting"], lane_row["due_at"], lane_row["head"]) == (0, None, 28)


async def test_one_subscription_cannot_take_every_slot(land: World, queue: Queue) -> None:
    await land.subscriptions.create(VDAB, NOWHERE)
    for _ in range(6):
        await land.open(OCMW)
    shared = await land.open()
    await land.post(shared, "handover.requested")
    lanes = await queue.claim(land.clock.now(), lanes=64, per_subscription=2, busy={})
    assert sorted(lane.organisation for lane in lanes) == [OCMW, OCMW, VDAB]
    mine = next(lane for lane in lanes if lane.organisation == OCMW)
    full = {mine.subscription_id: 2}
    assert await queue.claim(land.clock.now(), lanes=64, per_subscription=2, busy=full) == []
    room = {mine.subscription_id: 1}
    assert len(await queue.claim(land.clock.now(), lanes=64, per_subscription=2, busy=room)) == 1


async def test_a_claim_gives_so_many_deliveries_in_order(land: World) -> None:
    await land.subscriptions.create(OCMW, NOWHERE)
    dossier_id = await land.open()
    await land.steps(dossier_id, 5)
    (lane,) = await _claim(land, Queue(land.pool, depth=3))
    assert [item.sequence for item in lane.pending] == [1, 2, 3]


async def test_an_empty_claim_is_counted_anew_and_let_go(land: World, queue: Queue) -> None:
    dossier_id = await land.open()
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'")  # a count that went wrong
    (lane,) = await _claim(land, queue)
    assert lane.pending == ()
    await queue.recount(lane, land.clock.now())
    row = await land.lane(dossier_id)
    assert (row["waiting"], row["due_at"], row["lease_until"]) == (0, None, None)
    assert await _claim(land, queue) == []


async def test_the_backlog_is_counted(land: World, queue: Queue) -> None:
    await land.open()
    assert await queue.backlog() == (2, 0)
    (lane,) = await _claim(land, queue)
    dead = Tried(1, State.DEAD, 10, 500, "HTTP 500", 0)
    await queue.settle([Settlement(lane=lane, tried=(dead,), failures=10, dead=1)], land.clock.now())
    assert await queue.backlog() == (0, 1)


async def test_behind_a_dead_delivery_nothing_is_claimed_whatever_comes(land: World, queue: Queue) -> None:
    dossier_id = await land.open()
    (lane,) = await _claim(land, queue)
    dead = Tried(1, State.DEAD, 10, 500, "HTTP 500", 0)
    await queue.settle([Settlement(lane=lane, tried=(dead,), failures=10, dead=1)], land.clock.now())
    await land.steps(dossier_id, 1)
    row = await land.lane(dossier_id)
    assert (row["dead"], row["waiting"], row["due_at"]) == (1, 2, None)
    assert await _claim(land, queue) == []


@pytest.mark.parametrize("dead", [False, True])
async def test_what_was_skipped_while_it_was_being_sent_did_not_fail(land: World, dead: bool) -> None:  # noqa: FBT001
    made, _ = await land.subscriptions.create(OCMW, NOWHERE)
    queue, dossier_id = Queue(land.pool), await land.open()
    (lane,) = await _claim(land, queue)
    assert await land.subscriptions.skip(OCMW, made.subscription_id, dossier_id, 1, "told by telephone")
    tried = Tried(1, State.DEAD if dead else State.PENDING, 10, 500, "HTTP 500", 0)
    later = land.clock.now() + timedelta(hours=1)
    failed = Settlement(
        lane=lane, tried=(tried,), failures=10, dead=1 if dead else None, due_at=None if dead else later
    )
    assert await queue.settle([failed], land.clock.now()) == [Settled(held=True, due=True)]
    row = await land.lane(dossier_id)
    assert (row["dead"], row["failures"], row["waiting"]) == (None, 0, 1)
    (rest,) = await _claim(land, queue)
    assert [item.sequence for item in rest.pending] == [2]
