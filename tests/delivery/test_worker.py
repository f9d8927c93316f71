import asyncio
import json
import time
from datetime import timedelta

import asyncpg
from aiohttp import web
from standardwebhooks import Webhook
from tests.delivery.support import (
    BASE,
    OCMW,
    VDAB,
    Hook,
    Receiver,
    World,
    accept,
    receiving,
    status,
    until,
    until_async,
)

from handover.delivery.subscriptions import Status
from handover.domain.kinds import EVENT_TYPES
from handover.domain.threads import Status as ThreadStatus
from handover.record.reading import Reader


async def test_an_event_arrives_thin_signed_and_in_order(land: World, receiver: Receiver) -> None:
    _, secret = await land.subscriptions.create(OCMW, receiver.url)
    async with land.working():
        dossier_id = await land.open()
        await land.post(dossier_id, "handover.requested")
        await land.post(dossier_id, "handover.accepted", VDAB)
        events = land.events[dossier_id]
        await until(lambda: len(receiver.hooks) >= len(events))
    assert receiver.sequences(dossier_id) == [1, 2, 3, 4, 5]
    previous = None
    for hook, event in zip(receiver.hooks, events, strict=True):
        body = Webhook(secret).verify(hook.raw, hook.headers)
        assert hook.headers["content-type"] == "application/cloudevents+json"
        assert hook.id == body["id"] == str(event.event_id)
        assert body["type"] == EVENT_TYPES[event.type].cloud_type
        assert body["source"] == f"{BASE}/v1"
        assert (body["service"], body["specversion"]) == ("handover", "1.0")
        assert body["subject"] == str(dossier_id)
        assert body["sequence"] == f"{event.sequence:010}"
        assert body.get("previoussequence") == previous
        assert body.get("correlationid") == (str(event.threads[0].correlation_id) if event.thread_id else None)
        data = body["data"]
        assert data["href"] == f"{BASE}/v1/dossiers/{dossier_id}/events/{event.event_id}"
        assert data.get("threadId") == (str(event.thread_id) if event.thread_id else None)
        expected = {"dossierId", "eventId", "type", "sequence", "organisation", "href"}
        assert set(data) - {"threadId"} == expected
        assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in body)
        previous = body["sequence"]
    everything = b"".join(hook.raw for hook in receiver.hooks)
    for private in (b"Voorbeeld", b"1980", f"{land.opened:011}".encode(), b"bemiddelaar"):
        assert private not in everything


async def test_only_what_the_organisation_is_entitled_to_and_asked_for(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(VDAB, receiver.url, ["handover.requested"])
    async with land.working():
        unshared, shared = await land.open(), await land.open()
        await land.steps(unshared, 2)
        await land.post(shared, "handover.requested")
        await until(lambda: receiver.hooks)
        await until_async(lambda: _settled(land))
    assert [hook.dossier for hook in receiver.hooks] == [str(shared)]
    assert await land.states(unshared) == []


async def test_a_failing_head_holds_its_dossier_and_no_other(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    bad, good = await land.open(), await land.open()

    async def answer(hook: Hook) -> web.StreamResponse:
        poison = hook.dossier == str(bad) and hook.sequence == 3
        return web.Response(status=500 if poison else 204)

    receiver.answer = answer
    await land.steps(bad, 3)
    await land.steps(good, 3)
    async with land.working():
        await until(lambda: len(receiver.hooks) >= 8)
        await asyncio.sleep(0.3)
        assert receiver.sequences(bad) == [1, 2, 3]
        assert receiver.sequences(good) == [1, 2, 3, 4, 5]
        lane = await land.lane(bad)
        assert (lane["failures"], lane["waiting"], lane["sent"]) == (1, 3, 2)
        receiver.answer = accept
        land.later(timedelta(seconds=10))
        await until(lambda: receiver.sequences(bad)[-1] == 5)
        await until_async(lambda: _settled(land))
    assert receiver.sequences(bad) == [1, 2, 3, 3, 4, 5]
    first, second = (hook for hook in receiver.hooks if hook.dossier == str(bad) and hook.sequence == 3)
    assert first.id == second.id
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 9
    assert first.raw == second.raw
    assert await land.states(bad) == ["succeeded"] * 5


async def test_what_never_goes_through_is_dead_after_ten_attempts_and_stops_its_lane(
    land: World, receiver: Receiver
) -> None:
    subscription, _ = await land.subscriptions.create(OCMW, receiver.url)
    dossier_id = await land.open()
    receiver.answer = status(400)
    async with land.working(poll_seconds=0.02):
        for attempt in range(1, 11):
            await until(lambda attempt=attempt: len(receiver.hooks) >= attempt)  # type: ignore[misc]
            await until_async(lambda attempt=attempt: _attempts(land, attempt))  # type: ignore[misc]
            land.later(timedelta(hours=30))
        assert await land.states(dossier_id) == ["dead", "pending"]
        # What comes after it waits behind it, however late it is.
        await land.steps(dossier_id, 1)
        land.later(timedelta(days=30))
        await asyncio.sleep(0.3)
        assert len(receiver.hooks) == 10
        assert await land.states(dossier_id) == ["dead", "pending", "pending"]
        dead = await land.subscriptions.deliveries(OCMW, subscription.subscription_id)
        assert dead is not None
        assert [(d.sequence, d.state, d.attempts, d.last_status, d.last_error) for d in dead][-1] == (
            1,
            "dead",
            10,
            400,
            "HTTP 400",
        )
        receiver.answer = accept
        assert await land.subscriptions.resend(OCMW, subscription.subscription_id, dossier_id, sequence=1)
        await until_async(lambda: _settled(land))
    assert receiver.sequences(dossier_id) == [1] * 11 + [2, 3]
    assert len({hook.id for hook in receiver.hooks}) == 3


async def test_410_disables_and_making_it_active_brings_what_was_missed(land: World, receiver: Receiver) -> None:
    subscription, _ = await land.subscriptions.create(OCMW, receiver.url)
    receiver.answer = status(410)
    async with land.working():
        first = await land.open()
        await until_async(lambda: _status(land, Status.DISABLED))
        second = await land.open()
        await land.steps(first, 1)
        await asyncio.sleep(0.3)
        assert len(receiver.hooks) == 1
        told = await land.subscriptions.get(OCMW, subscription.subscription_id)
        assert told is not None
        assert told.status_reason == "The address answered 410 Gone."
        receiver.answer = accept
        again = await land.subscriptions.change(OCMW, subscription.subscription_id, status=Status.ACTIVE)
        assert again is not None
        assert (again.status, again.status_reason) == (Status.ACTIVE, "")
        await until(lambda: len(receiver.hooks) >= 6)
        await until_async(lambda: _settled(land))
    assert receiver.sequences(first) == [1, 1, 2, 3]
    assert receiver.sequences(second) == [1, 2]


async def test_a_paused_subscription_queues_and_sends_when_it_goes_on(land: World, receiver: Receiver) -> None:
    subscription, _ = await land.subscriptions.create(OCMW, receiver.url)
    await land.subscriptions.change(OCMW, subscription.subscription_id, status=Status.PAUSED)
    async with land.working():
        dossier_id = await land.open()
        await asyncio.sleep(0.3)
        assert receiver.hooks == []
        await land.subscriptions.change(OCMW, subscription.subscription_id, status=Status.ACTIVE)
        await until(lambda: receiver.sequences(dossier_id) == [1, 2])


async def test_a_hung_endpoint_delays_nobody_else(land: World, receiver: Receiver) -> None:
    async with receiving() as hung:
        never = asyncio.Event()

        async def hang(_hook: Hook) -> web.StreamResponse:
            await never.wait()
            return web.Response()

        hung.answer = hang
        await land.subscriptions.create(OCMW, hung.url)
        for _ in range(20):
            await land.open()
        await land.subscriptions.create(OCMW, receiver.url)
        async with land.working(per_subscription=4, lanes=8, deadline=1.0):
            await until(lambda: hung.open_now == 4)
            began = time.monotonic()
            dossier_id = await land.open()
            await until(lambda: receiver.sequences(dossier_id) == [1, 2])
            assert time.monotonic() - began < 0.9
            assert hung.open_now <= 4
        never.set()


async def test_room_that_comes_free_is_used_at_once(land: World, receiver: Receiver) -> None:
    """Far more lanes than there is room for, and no poll that would help a wake that was missed."""
    await land.subscriptions.create(OCMW, receiver.url)
    await land.subscriptions.create(OCMW, receiver.url + "/other")

    async def unevenly(hook: Hook) -> web.StreamResponse:
        await asyncio.sleep(0.001 * (hook.raw[-10] % 7))
        return web.Response(status=204)

    receiver.answer = unevenly
    dossiers = [await land.open() for _ in range(30)]
    async with land.working(poll_seconds=60.0, per_subscription=3, lanes=5, depth=1):
        await until(lambda: len(receiver.hooks) == 120)
        await asyncio.gather(*(land.steps(dossier_id, 2) for dossier_id in dossiers))
        await until(lambda: len(receiver.hooks) == 240)
        await until_async(lambda: _settled(land))


async def test_the_delivery_of_a_request_acknowledges_it_once(land: World, receiver: Receiver) -> None:
    """It repeats after a crash between the 200 and the settling; the acknowledgement does not."""
    subscription, _ = await land.subscriptions.create(VDAB, receiver.url)
    dossier_id = await land.open()
    await land.post(dossier_id, "handover.requested")
    async with land.working():
        await until_async(lambda: _received(land, dossier_id))
        await until_async(lambda: _settled(land))
        await land.subscriptions.resend(VDAB, subscription.subscription_id, dossier_id, sequence=3)
        await until(lambda: receiver.sequences(dossier_id).count(3) == 2)
        await until_async(lambda: _settled(land))
    found = await Reader(land.pool, land.sealer).timeline(dossier_id)
    assert found is not None
    assert [t.status for t in found.dossier.threads.values()] == [ThreadStatus.RECEIVED]
    received = [e for e in map(json.loads, found.bodies) if e["type"] == "handover.received"]
    assert [(e["data"]["how"], e["actor"]["name"], e["organisation"]) for e in received] == [
        ("delivery acknowledged", "handover", VDAB)
    ]


async def test_a_refused_delivery_acknowledges_nothing(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(VDAB, receiver.url)
    receiver.answer = status(500)
    async with land.working():
        dossier_id = await land.open()
        await land.post(dossier_id, "handover.requested")
        await until(lambda: receiver.hooks)
        await asyncio.sleep(0.2)
    assert not await _received(land, dossier_id)


async def test_a_retried_handover_is_acknowledged_in_its_new_thread(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(VDAB, receiver.url)
    dossier_id = await land.open()
    await land.post(dossier_id, "handover.requested")
    await land.post(dossier_id, "handover.rejected", VDAB)
    await land.post(dossier_id, "handover.retried")
    async with land.working():
        await until_async(lambda: _received(land, dossier_id))
        await until_async(lambda: _settled(land))
    found = await Reader(land.pool, land.sealer).timeline(dossier_id)
    assert found is not None
    assert sorted(t.status for t in found.dossier.threads.values()) == [
        ThreadStatus.CLOSED,
        ThreadStatus.RECEIVED,
    ]


async def test_while_the_acknowledgement_cannot_be_recorded_the_delivery_does_not_count(
    land: World, receiver: Receiver
) -> None:
    await land.subscriptions.create(VDAB, receiver.url)
    dossier_id = await land.open()
    await land.post(dossier_id, "handover.requested")
    # Appending is what fails; claiming and settling go on.
    await land.pool.execute("ALTER FUNCTION append_events RENAME TO append_events_away")
    async with land.working():
        await until(lambda: receiver.sequences(dossier_id) == [3, 3])
        assert await land.states(dossier_id) == ["pending", "pending"]
        await land.pool.execute("ALTER FUNCTION append_events_away RENAME TO append_events")
        await until_async(lambda: _received(land, dossier_id))
        await until_async(lambda: _settled(land))
    assert {hook.id for hook in receiver.hooks if hook.sequence == 3} == {str(land.events[dossier_id][2].event_id)}
    assert await land.states(dossier_id) == ["succeeded"] * 3


async def test_two_workers_share_the_work_and_never_send_one_delivery_twice(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    in_hand: set[str] = set()
    clashes: list[str] = []

    async def answer(hook: Hook) -> web.StreamResponse:
        if hook.dossier in in_hand:
            clashes.append(hook.id)
        in_hand.add(hook.dossier)
        await asyncio.sleep(0.005)
        in_hand.discard(hook.dossier)
        return web.Response(status=204)

    receiver.answer = answer
    dossiers = [await land.open() for _ in range(20)]
    async with land.working(depth=2), land.working(depth=2):
        await asyncio.gather(*(land.steps(dossier_id, 5) for dossier_id in dossiers))
        await until(lambda: len(receiver.hooks) >= 140)
        await until_async(lambda: _settled(land))
    assert clashes == []
    assert len({hook.id for hook in receiver.hooks}) == len(receiver.hooks) == 140
    for dossier_id in dossiers:
        assert receiver.sequences(dossier_id) == list(range(1, 8))


async def test_stopping_finishes_what_is_being_sent(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)

    async def slowly(_hook: Hook) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response(status=204)

    receiver.answer = slowly
    dossier_id = await land.open()
    async with land.working():
        await until(lambda: receiver.open_now == 1)
    assert await land.states(dossier_id) == ["succeeded", "pending"]
    lane = await land.lane(dossier_id)
    assert lane["lease_until"] is None
    assert lane["due_at"] is not None
    async with land.working():
        await until(lambda: receiver.sequences(dossier_id) == [1, 2])


async def test_the_database_going_away_loses_nothing(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    async with land.working():
        dossier_id = await land.open()
        await until(lambda: receiver.hooks)
        await land.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
        for _ in range(50):
            try:
                await land.steps(dossier_id, 1)
                break
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.05)
        await until(lambda: receiver.sequences(dossier_id)[-1] == 3)
        await until_async(lambda: _settled(land))
    assert sorted(set(receiver.sequences(dossier_id))) == [1, 2, 3]


async def _settled(land: World) -> bool:
    return not await land.pool.fetchval("SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'pending')")


async def _attempts(land: World, count: int) -> bool:
    return bool(await land.pool.fetchval("SELECT max(attempts) FROM delivery") == count)


async def _status(land: World, wanted: Status) -> bool:
    return bool(await land.pool.fetchval("SELECT status FROM subscription") == str(wanted))


async def _received(land: World, dossier_id: object) -> bool:
    return bool(
        await land.pool.fetchval(
            "SELECT count(*) FROM event WHERE dossier_id = $1 AND type = 'handover.received'", dossier_id
        )
    )
