"""The latest checkpoint reaches every subscription that hears of everything, until it took it."""

import asyncio
from datetime import timedelta

from standardwebhooks import Webhook
from tests.delivery.support import BASE, OCMW, VDAB, Receiver, World, accept, status

from handover.delivery.checkpoints import Checkpoints
from handover.delivery.destinations import Destinations
from handover.delivery.sender import Sender
from handover.delivery.worker import WorkerOptions
from handover.record.log import Log
from handover.record.notes import Signer, Verifier

SIGNER = Signer("handover.example/log", bytes(range(32)))


def _checkpoints(land: World) -> Checkpoints:
    return Checkpoints(
        pool=land.pool,
        log=Log(land.pool, SIGNER),
        sealer=land.sealer,
        directory=lambda: land.directory,
        clock=land.clock,
        options=WorkerOptions(base_url=BASE, demonstration=True, checkpoint_seconds=0.05),
    )


async def _sent(land: World) -> int:
    await Log(land.pool, SIGNER).seal(land.clock.now())
    async with Sender(Destinations(demonstration=True)) as sender:
        return await _checkpoints(land).send(sender)


async def test_both_sides_are_sent_a_signed_note_once(land: World, receiver: Receiver) -> None:
    _, secret = await land.subscriptions.create(OCMW, receiver.url)
    await land.subscriptions.create(VDAB, receiver.url)
    await land.subscriptions.create(VDAB, receiver.url, ["handover.requested"])
    await land.open()
    assert await _sent(land) == 2
    assert await _sent(land) == 0, "both have it"
    assert len(receiver.hooks) == 2
    for hook in receiver.hooks:
        assert (hook.event["type"], hook.id) == ("handover.v1.checkpoint", "checkpoint-2")
        data = hook.event["data"]
        assert isinstance(data, dict)
        assert Verifier(SIGNER.verifier_key).opened(data["note"]).size == 2
    verified = [hook for hook in receiver.hooks if _verifies(secret, hook.raw, hook.headers)]
    assert len(verified) == 1
    await land.open()
    assert await _sent(land) == 2
    assert await land.pool.fetchval("SELECT min(size) FROM checkpoint_delivery") == 4


def _verifies(secret: str, raw: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(raw, headers)
    except Exception:  # noqa: BLE001 - whatever the package says no with
        return False
    return True


async def test_what_was_not_taken_goes_again_and_only_the_latest(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    await land.open()
    receiver.answer = status(500)
    assert await _sent(land) == 1
    assert await _sent(land) == 0, "its pause is not over"
    assert await land.pool.fetchval("SELECT last_error FROM checkpoint_delivery") == "HTTP 500"
    await land.open()
    receiver.answer = accept
    land.later(timedelta(seconds=10))
    assert await _sent(land) == 1
    assert [hook.id for hook in receiver.hooks] == ["checkpoint-2", "checkpoint-4"]
    row = await land.pool.fetchrow("SELECT size, failures, last_error FROM checkpoint_delivery")
    assert tuple(row) == (4, 0, "")


async def test_two_workers_send_it_once(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    await land.open()
    running = [asyncio.create_task(_checkpoints(land).run()) for _ in range(3)]
    await asyncio.sleep(0.5)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert [hook.id for hook in receiver.hooks] == ["checkpoint-2"]
