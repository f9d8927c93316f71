from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook
from tests.delivery.support import OCMW, VDAB, Hook, Receiver, World, status, until, until_async

from handover.delivery import replays
from handover.delivery.queue import Queue, Settlement, State, Tried
from handover.delivery.replays import Replay, Which
from handover.delivery.subscriptions import Status
from handover.domain.refusals import InvalidField
from handover.platform.ids import new_id

URL = "https://casemanagement.example/handover"


async def test_a_subscription_from_creation_to_deletion(land: World) -> None:
    made, secret = await land.subscriptions.create(OCMW, URL, ["handover.requested", "dossier.opened"])
    assert secret.startswith("whsec_")
    assert (made.url, made.event_types, made.status) == (
        URL,
        ("dossier.opened", "handover.requested"),
        Status.ACTIVE,
    )
    kept = await land.pool.fetchval("SELECT secrets FROM subscription")
    assert secret.removeprefix("whsec_").encode() not in kept
    assert await land.subscriptions.list(OCMW) == [made]
    changed = await land.subscriptions.change(OCMW, made.subscription_id, url=URL + "/2", status=Status.PAUSED)
    assert changed is not None
    assert (changed.url, changed.event_types, changed.status) == (URL + "/2", made.event_types, Status.PAUSED)
    assert await land.subscriptions.get(OCMW, made.subscription_id) == changed
    assert await land.subscriptions.delete(OCMW, made.subscription_id)
    assert await land.subscriptions.list(OCMW) == []
    assert not await land.subscriptions.delete(OCMW, made.subscription_id)


async def test_what_is_another_organisations_does_not_exist(land: World) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL)
    its = made.subscription_id
    there = land.subscriptions
    assert await there.list(VDAB) == []
    assert await there.get(VDAB, its) is None
    assert await there.change(VDAB, its, status=Status.PAUSED) is None
    assert not await there.delete(VDAB, its)
    assert await there.rotate_secret(VDAB, its) is None
    assert await there.deliveries(VDAB, its) is None
    assert await there.resend(VDAB, its, new_id(), sequence=1) is None
    assert await there.skip(VDAB, its, new_id(), 1, "reason") is None
    assert await there.replay(VDAB, its) is None
    assert await there.send_test(VDAB, its) is None
    assert await there.get(OCMW, its) == made


@pytest.mark.parametrize("types", [[], ["handover.unheardOf"], ["handover.requested", ""]])
async def test_event_types_must_be_ours(land: World, types: list[str]) -> None:
    with pytest.raises(InvalidField) as refused:
        await land.subscriptions.create(OCMW, URL, types)
    assert refused.value.field == "eventTypes"
    assert await land.subscriptions.list(OCMW) == []


async def test_a_bad_address_is_refused_at_creation_and_change(land: World) -> None:
    with pytest.raises(InvalidField):
        await land.subscriptions.create(OCMW, "http://casemanagement.example/")
    made, _ = await land.subscriptions.create(OCMW, URL)
    with pytest.raises(InvalidField):
        await land.subscriptions.change(OCMW, made.subscription_id, url="https://10.0.0.1/")
    with pytest.raises(InvalidField):
        await land.subscriptions.change(OCMW, made.subscription_id, status=Status.DISABLED)
    assert await land.subscriptions.get(OCMW, made.subscription_id) == made


async def test_both_secrets_sign_during_a_rotation(land: World, receiver: Receiver) -> None:
    made, old = await land.subscriptions.create(OCMW, receiver.url)
    async with land.working():
        dossier_id = await land.open()
        await until(lambda: len(receiver.hooks) == 2)
        rotated = await land.subscriptions.rotate_secret(OCMW, made.subscription_id)
        assert rotated is not None
        new, public = rotated
        assert public != made.public_key
        await land.steps(dossier_id, 1)
        await until(lambda: len(receiver.hooks) == 3)
        for secret in (old, new):
            assert Webhook(secret).verify(receiver.hooks[2].raw, receiver.hooks[2].headers)
        assert [len(hook.headers["webhook-signature"].split()) for hook in receiver.hooks] == [2, 2, 4], (
            "v1 and v1a each"
        )
        await _drain(land)  # a claim must not outlive its lease by this jump
        land.later(timedelta(hours=24, seconds=1))
        await land.steps(dossier_id, 1)
        await until(lambda: len(receiver.hooks) == 4)
    assert len(receiver.hooks[3].headers["webhook-signature"].split()) == 2


async def test_a_test_webhook_is_sent_now_and_concerns_no_dossier(land: World, receiver: Receiver) -> None:
    made, secret = await land.subscriptions.create(OCMW, receiver.url)
    attempt = await land.subscriptions.send_test(OCMW, made.subscription_id)
    assert attempt is not None
    assert (attempt.status, attempt.error) == (204, "")
    body = Webhook(secret).verify(receiver.hooks[0].raw, receiver.hooks[0].headers)
    assert (body["type"], body["subject"]) == ("handover.v1.test", str(made.subscription_id))
    receiver.answer = status(500)
    failed = await land.subscriptions.send_test(OCMW, made.subscription_id)
    assert failed is not None
    assert (failed.status, failed.error) == (500, "HTTP 500")


async def _all_sent(land: World) -> None:
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'")
    await land.pool.execute("UPDATE lane SET waiting = 0, due_at = NULL")


async def _drain(land: World) -> None:
    async def empty() -> bool:
        return not await land.pool.fetchval("SELECT EXISTS (SELECT 1 FROM lane WHERE due_at IS NOT NULL)")

    await until_async(empty)


async def test_deliveries_are_listed_latest_first_by_state_and_page(land: World, receiver: Receiver) -> None:
    made, _ = await land.subscriptions.create(OCMW, receiver.url)
    its = made.subscription_id

    async def answer(hook: Hook) -> web.StreamResponse:
        return web.Response(status=204 if hook.sequence < 4 else 503)

    receiver.answer = answer
    async with land.working():
        dossier_id = await land.open()
        await land.steps(dossier_id, 4)
        await until(lambda: receiver.sequences(dossier_id) == [1, 2, 3, 4])
    everything = await land.subscriptions.deliveries(OCMW, its)
    assert everything is not None
    assert [d.sequence for d in everything] == [6, 5, 4, 3, 2, 1]
    assert [d.event_id for d in reversed(everything)] == [e.event_id for e in land.events[dossier_id]]
    fourth = everything[2]
    assert (fourth.state, fourth.attempts, fourth.last_status, fourth.last_error) == (
        "pending",
        1,
        503,
        "HTTP 503",
    )
    pages = []
    after = ""
    while page := await land.subscriptions.deliveries(OCMW, its, after=after, limit=4):
        pages.append([d.sequence for d in page])
        after = page[-1].cursor
    assert pages == [[6, 5, 4, 3], [2, 1]]
    pending = await land.subscriptions.deliveries(OCMW, its, state=State.PENDING, limit=2)
    succeeded = await land.subscriptions.deliveries(OCMW, its, state=State.SUCCEEDED)
    assert [d.sequence for d in pending or ()] == [6, 5]
    assert [d.sequence for d in succeeded or ()] == [3, 2, 1]
    assert await land.subscriptions.deliveries(OCMW, its, state=State.DEAD) == []
    for bad in ("x", "1-2-3", "-1", f"1-{new_id().hex}-{1 << 40:x}", "f" * 40 + f"-{new_id().hex}-1"):
        with pytest.raises(ValueError, match="cursor"):
            await land.subscriptions.deliveries(OCMW, its, after=bad)


async def test_a_resent_delivery_goes_out_in_its_place_with_the_same_id(land: World, receiver: Receiver) -> None:
    made, _ = await land.subscriptions.create(OCMW, receiver.url)
    async with land.working():
        dossier_id = await land.open()
        await land.steps(dossier_id, 2)
        await until(lambda: len(receiver.hooks) == 4)
        await _drain(land)
    second = land.events[dossier_id][1]
    its = made.subscription_id
    # While nobody works: two are resent and one is new; they go in the dossier's order.
    await land.steps(dossier_id, 1)
    assert await land.subscriptions.resend(OCMW, its, dossier_id, sequence=3)
    assert await land.subscriptions.resend(OCMW, its, dossier_id, event_id=second.event_id)
    assert await land.subscriptions.resend(OCMW, its, dossier_id, event_id=second.event_id)
    assert await land.subscriptions.resend(OCMW, its, dossier_id, sequence=99) is False
    assert await land.subscriptions.resend(OCMW, its, new_id(), sequence=1) is False
    assert await land.subscriptions.resend(OCMW, its, dossier_id) is False
    async with land.working():
        await until(lambda: len(receiver.hooks) == 7)
        await _drain(land)
    assert receiver.sequences(dossier_id) == [1, 2, 3, 4, 2, 3, 5]
    assert receiver.hooks[4].raw == receiver.hooks[1].raw
    assert receiver.hooks[6].event["previoussequence"] == "0000000004"


async def test_a_resend_into_a_lane_that_is_in_hand_is_not_lost(land: World, receiver: Receiver) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL)
    dossier_id = await land.open()
    queue = Queue(land.pool, depth=1)

    async def step(expected: int) -> None:
        (lane,) = await queue.claim(land.clock.now(), lanes=1, per_subscription=1, busy={})
        assert [item.sequence for item in lane.pending] == [expected]
        if expected == 2:
            assert await land.subscriptions.resend(OCMW, made.subscription_id, dossier_id, sequence=1)
        done = Tried(expected, State.SUCCEEDED, 1, 204, "", 0)
        await queue.settle([Settlement(lane=lane, tried=(done,))], land.clock.now())

    await step(1)
    await step(2)
    await step(1)
    assert await land.states(dossier_id) == ["succeeded", "succeeded"]
    assert (await land.lane(dossier_id))["due_at"] is None
    assert receiver.hooks == []


async def test_skipping_the_head_lets_the_rest_go(land: World, receiver: Receiver) -> None:
    made, _ = await land.subscriptions.create(OCMW, receiver.url)
    its = made.subscription_id

    async def answer(hook: Hook) -> web.StreamResponse:
        return web.Response(status=500 if hook.sequence == 1 else 204)

    receiver.answer = answer
    async with land.working():
        dossier_id = await land.open()
        await until(lambda: receiver.hooks)
        assert await land.subscriptions.skip(OCMW, its, dossier_id, 1, "handed over by telephone")
        await until(lambda: receiver.sequences(dossier_id)[-1] == 2)
        await _drain(land)
    assert await land.states(dossier_id) == ["skipped", "succeeded"]
    assert "previoussequence" not in receiver.hooks[-1].event
    skipped = await land.subscriptions.deliveries(OCMW, its, state=State.SKIPPED)
    assert skipped is not None
    assert skipped[0].last_error == "skipped: handed over by telephone"
    assert await land.subscriptions.skip(OCMW, its, dossier_id, 1, "again") is False
    assert await land.subscriptions.skip(OCMW, its, dossier_id, 2, "it arrived") is False


async def test_deleting_skips_what_is_pending(land: World) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL)
    dossier_id = await land.open()
    assert await land.subscriptions.delete(OCMW, made.subscription_id)
    assert await land.states(dossier_id) == ["skipped", "skipped"]
    await land.steps(dossier_id, 1)
    assert len(await land.states(dossier_id)) == 2


async def _queued(land: World, job: Replay | None, most: int = 50) -> int:
    """Work a replay off and give how many it queued."""
    assert job is not None
    for _ in range(most):
        if await replays.advance(land.pool, land.clock.now(), job_id=job.job_id) is None:
            break
    done = await replays.find(land.pool, job.subscription_id, job.job_id)
    assert done is not None
    assert done.finished_at is not None
    return done.queued


async def test_a_replay_queues_everything_entitled_once_and_in_order(land: World, receiver: Receiver) -> None:
    shared, unshared = await land.open(), await land.open()
    await land.post(shared, "handover.requested")
    await land.steps(shared, 3)
    await land.steps(unshared, 2)
    # Subscribed only afterwards: nothing was queued for it, and joining delivers nothing older by itself.
    made, _ = await land.subscriptions.create(VDAB, receiver.url)
    its = made.subscription_id
    expected = list(range(3, 8))
    assert await _queued(land, await land.subscriptions.replay(VDAB, its)) == 5
    assert await _queued(land, await land.subscriptions.replay(VDAB, its)) == 0
    async with land.working():
        await until(lambda: len(receiver.hooks) >= 5)
        await _drain(land)
        # The delivery of the request acknowledged it: one event more.
        assert receiver.sequences(shared) == [*expected, 8]
        assert receiver.sequences(unshared) == []
        # This time the worker itself works it off.
        assert await land.subscriptions.replay(VDAB, its)
        await until(lambda: len(receiver.hooks) >= 12)
        await _drain(land)
    assert receiver.sequences(shared) == [*expected, 8] * 2
    assert len({hook.id for hook in receiver.hooks}) == 6


async def test_a_replay_of_a_period(land: World) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL, ["followUp.appointmentPlanned"])
    its = made.subscription_id
    dossier_id = await land.open()
    await land.steps(dossier_id, 2)
    middle = land.clock.now()
    land.later(timedelta(hours=1))
    await land.steps(dossier_id, 2)
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'; UPDATE lane SET waiting = 0, due_at = NULL")

    async def pending() -> list[int]:
        rows = await land.pool.fetch("SELECT sequence FROM delivery WHERE state = 'pending' ORDER BY 1")
        return [row["sequence"] for row in rows]

    late = await land.subscriptions.replay(OCMW, its, since=middle + timedelta(minutes=30))
    assert (await _queued(land, late), await pending()) == (2, [5, 6])
    early = await land.subscriptions.replay(OCMW, its, until=middle + timedelta(minutes=30))
    assert (await _queued(land, early), await pending()) == (2, [3, 4, 5, 6])
    row = await land.lane(dossier_id)
    assert (row["waiting"], row["head"]) == (4, 3)
    # What is recorded after it was asked for is no part of it.
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'; UPDATE lane SET waiting = 0, due_at = NULL")
    job = await land.subscriptions.replay(OCMW, its)
    await land.steps(dossier_id, 1)
    assert (await _queued(land, job), await pending()) == (4, [3, 4, 5, 6, 7])


async def test_a_replay_goes_on_page_by_page_and_rests_while_much_waits(
    land: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "PAGE", 2)
    made, _ = await land.subscriptions.create(OCMW, URL)
    dossier_id = await land.open()
    await land.steps(dossier_id, 4)
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'; UPDATE lane SET waiting = 0, due_at = NULL")
    job = await land.subscriptions.replay(OCMW, made.subscription_id)
    assert job is not None
    at = land.clock.now()
    assert await replays.advance(land.pool, at, room=3) == 2
    assert await replays.advance(land.pool, at, room=3) == 2
    assert await replays.advance(land.pool, at, room=3) is None, "four wait: it rests"
    async with land.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT 1 FROM replay_job FOR UPDATE")
        assert await replays.advance(land.pool, at) is None, "another worker has it in hand"
        await transaction.rollback()
    assert await _queued(land, job) == 6


async def test_of_a_period_only_what_is_dead_can_go_again(land: World) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL)
    first, second = await land.open(), await land.open()
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'; UPDATE lane SET waiting = 0, due_at = NULL")
    await land.pool.execute("UPDATE delivery SET state = 'dead' WHERE dossier_id = $1 AND sequence = 2", second)
    await land.pool.execute("UPDATE lane SET dead = 2 WHERE dossier_id = $1", second)
    job = await land.subscriptions.replay(OCMW, made.subscription_id, which=Which.DEAD)
    assert await _queued(land, job) == 1
    assert (await land.states(first), await land.states(second)) == (["succeeded"] * 2, ["succeeded", "pending"])
    assert (await land.lane(second))["dead"] is None


async def test_a_replay_waits_for_what_the_feed_does_not_show_yet(land: World) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL)
    await land.open()
    await land.pool.execute("UPDATE delivery SET state = 'succeeded'; UPDATE lane SET waiting = 0, due_at = NULL")
    async with land.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT pg_current_xact_id()")  # the feed ends before it while it runs
        await land.open()
        await land.pool.execute("UPDATE delivery SET state = 'succeeded'; UPDATE lane SET waiting = 0, due_at = NULL")
        job = await land.subscriptions.replay(OCMW, made.subscription_id)
        assert job is not None
        assert await replays.advance(land.pool, land.clock.now()) == 2
        assert await replays.advance(land.pool, land.clock.now()) is None
        held = await replays.find(land.pool, made.subscription_id, job.job_id)
        assert held is not None
        assert held.finished_at is None
        await transaction.commit()
    assert await _queued(land, job) == 4


async def test_a_host_that_is_taken_off_the_list_is_sent_nothing(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    ours = land.directory.organisations
    known = dict(ours)
    land.directory = replace(land.directory, organisations={**known, OCMW: replace(known[OCMW], webhook_hosts=("x",))})
    async with land.working():
        dossier_id = await land.open()
        await until_async(lambda: land.pool.fetchval("SELECT attempts FROM delivery WHERE sequence = 1"))
        said = await land.pool.fetchval("SELECT last_error FROM delivery WHERE sequence = 1")
        assert "not among those" in said
        assert receiver.hooks == []
        land.directory = replace(land.directory, organisations=known)
        land.later(timedelta(seconds=10))
        await until(lambda: receiver.sequences(dossier_id) == [1, 2])


async def test_a_replay_of_a_deleted_subscription_ends(land: World) -> None:
    made, _ = await land.subscriptions.create(OCMW, URL)
    await land.open()
    job = await land.subscriptions.replay(OCMW, made.subscription_id)
    await land.subscriptions.delete(OCMW, made.subscription_id)
    assert await _queued(land, job) == 0


async def test_a_replay_revives_a_dead_lane(land: World, receiver: Receiver) -> None:
    made, _ = await land.subscriptions.create(OCMW, receiver.url)
    dossier_id = await land.open()
    queue = Queue(land.pool)
    (lane,) = await queue.claim(land.clock.now(), lanes=1, per_subscription=1, busy={})
    dead = Tried(1, State.DEAD, 10, 500, "HTTP 500", 0)
    await queue.settle([Settlement(lane=lane, tried=(dead,), failures=10, dead=1)], land.clock.now())
    assert await queue.claim(land.clock.now(), lanes=1, per_subscription=1, busy={}) == []
    assert await _queued(land, await land.subscriptions.replay(OCMW, made.subscription_id)) == 1
    async with land.working():
        await until(lambda: receiver.sequences(dossier_id) == [1, 2])
        await _drain(land)
    assert await land.states(dossier_id) == ["succeeded"] * 2
