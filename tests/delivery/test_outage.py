"""An endpoint that is down is not the same as one that refuses a message."""

import asyncio
from datetime import timedelta

from aiohttp import web
from tests.delivery.support import OCMW, Hook, World, accept, receiving, status, until, until_async

from handover.delivery.health import Health
from handover.delivery.sender import Attempt
from handover.platform.ids import new_id


async def test_a_down_endpoint_is_probed_and_its_lanes_go_when_it_answers(land: World) -> None:
    async with receiving() as away:
        port, url = away.port, away.url
    subscription, _ = await land.subscriptions.create(OCMW, url)
    dossiers = [await land.open() for _ in range(5)]
    async with land.working(poll_seconds=0.05):
        await until_async(lambda: _failing(land))
        await until_async(lambda: _down(land))
    # Far down the schedule: each lane's own next attempt is hours away. Another worker goes on from there.
    await land.pool.execute("UPDATE lane SET failures = 6, due_at = due_at + interval '10 hours'")
    async with land.working(poll_seconds=0.05):
        for _ in range(3):
            land.later(timedelta(seconds=31))
            await until_async(lambda: land.pool.fetchval("SELECT probe_at > $1 FROM subscription", land.clock.now()))
        await until_async(lambda: land.pool.fetchval("SELECT max(attempts) >= 3 FROM delivery"))
        # Probes came besides the schedule: they used nothing of it up.
        assert {row["failures"] for row in await land.pool.fetch("SELECT failures FROM lane")} == {6}
        told = await land.subscriptions.get(OCMW, subscription.subscription_id)
        assert told is not None
        assert told.down_since is not None
        async with receiving(port) as back:
            land.later(timedelta(seconds=31))
            await until(lambda: len(back.hooks) >= 10)
            await until_async(lambda: _settled(land))
            for dossier_id in dossiers:
                assert back.sequences(dossier_id) == [1, 2]
    assert not await _down(land)
    healthy = await land.subscriptions.get(OCMW, subscription.subscription_id)
    assert healthy is not None
    assert healthy.down_since is None


async def test_one_poisonous_message_does_not_condemn_its_endpoint(land: World) -> None:
    async with receiving() as receiver:
        await land.subscriptions.create(OCMW, receiver.url)
        bad = await land.open()

        async def answer(hook: Hook) -> web.StreamResponse:
            return web.Response(status=500 if hook.dossier == str(bad) else 204)

        receiver.answer = answer
        async with land.working():
            await until(lambda: receiver.sequences(bad))
            for _ in range(5):
                await land.open()
            await until(lambda: len(receiver.hooks) == 11)
            await asyncio.sleep(0.1)
        assert not await _down(land)
        assert receiver.sequences(bad) == [1]


async def test_server_errors_for_several_dossiers_in_a_row_mean_down(land: World) -> None:
    async with receiving() as receiver:
        receiver.answer = status(503)
        await land.subscriptions.create(OCMW, receiver.url)
        async with land.working(poll_seconds=0.05):
            for _ in range(3):
                await land.open()
            await until_async(lambda: _down(land))
            receiver.answer = accept
            land.later(timedelta(seconds=31))
            await until_async(lambda: _settled(land))
        assert not await _down(land)


def test_what_counts_as_down() -> None:
    health, endpoint = Health(), new_id()
    refused = Attempt(400, "HTTP 400", 0.1)
    broken = Attempt(502, "HTTP 502", 0.1)
    silent = Attempt(None, "no answer", 0.1)
    ours = Attempt(None, "could not be prepared", 0.0, ours=True)
    one, two, three = (new_id() for _ in range(3))
    assert not any(health.failed(endpoint, new_id(), refused) for _ in range(10))
    assert not any(health.failed(endpoint, new_id(), ours) for _ in range(10))
    assert [health.failed(endpoint, d, broken) for d in (one, one, two, one, three)] == [False] * 4 + [True]
    health.succeeded(endpoint)
    assert [health.failed(endpoint, d, silent) for d in (one, two, three)] == [False, False, True]
    assert health.failed(new_id(), one, Attempt(None, "connection refused", 0.1, connected=False))


async def _failing(land: World) -> bool:
    return bool(await land.pool.fetchval("SELECT min(failures) > 0 FROM lane"))


async def _down(land: World) -> bool:
    return bool(await land.pool.fetchval("SELECT down_since IS NOT NULL FROM subscription"))


async def _settled(land: World) -> bool:
    return not await land.pool.fetchval("SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'pending')")
