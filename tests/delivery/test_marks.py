from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tests.delivery.support import OCMW, VDAB, Receiver, World, accept, status, until, until_async

from handover.delivery.marks import Mark, MarkState, status_of
from handover.platform.walls import Walled, asking_for


async def test_a_step_is_recorded_then_delivered_or_honestly_not(land: World, receiver: Receiver) -> None:
    made, _ = await land.subscriptions.create(VDAB, receiver.url)
    dossier_id = await land.open()
    await land.post(dossier_id, "handover.requested")

    async def marks() -> dict[int, dict[str, Mark]]:
        return await _of(land, dossier_id, range(1, 6), at=land.clock.now())

    # The OCMW has no subscription, and VDAB sees from 3 on.
    assert await marks() == {n: {VDAB: Mark(MarkState.RECORDED)} for n in (3, 4)}
    land.later(timedelta(minutes=16))
    assert await marks() == {n: {VDAB: Mark(MarkState.NOT_DELIVERED)} for n in (3, 4)}
    async with land.working():
        await until(lambda: len(receiver.hooks) == 3)
        await until_async(lambda: _settled(land))
    found = await marks()
    assert {mark[VDAB].state for mark in found.values()} == {MarkState.DELIVERED}
    delivered_at = found[3][VDAB].delivered_at
    assert delivered_at is not None
    # Sending it again takes nothing back: it was delivered.
    await land.subscriptions.resend(VDAB, made.subscription_id, dossier_id, sequence=3)
    land.later(timedelta(hours=1))
    assert (await marks())[3][VDAB] == Mark(MarkState.DELIVERED, delivered_at)


async def test_every_subscription_of_an_organisation_must_have_had_it(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    other, _ = await land.subscriptions.create(OCMW, receiver.url + "/other")

    receiver.answer = status(500)
    async with land.working():
        dossier_id = await land.open()
        await until(lambda: len(receiver.hooks) == 2)
        receiver.answer = accept
        await land.subscriptions.skip(OCMW, other.subscription_id, dossier_id, 1, "not needed there")
        land.later(timedelta(seconds=10))
        await until_async(lambda: _settled(land))
    marks = await _of(land, dossier_id, [1, 2], at=land.clock.now())
    assert marks[1][OCMW] == Mark(MarkState.NOT_DELIVERED)
    assert marks[2][OCMW].state is MarkState.DELIVERED
    assert await land.subscriptions.delete(OCMW, other.subscription_id)
    marks = await _of(land, dossier_id, [1], at=land.clock.now())
    assert marks[1][OCMW].state is MarkState.DELIVERED


async def _of(land: World, dossier_id: UUID, sequences: Sequence[int], *, at: datetime) -> dict[int, dict[str, Mark]]:
    with asking_for([OCMW]):
        return await status_of(Walled(land.pool), dossier_id, sequences, at=at)


async def _settled(land: World) -> bool:
    return not await land.pool.fetchval("SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'pending')")
