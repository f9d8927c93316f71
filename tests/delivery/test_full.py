"""Full deliveries carry the event as its receiver may see it when it is sent, not when it was queued."""

import dataclasses
from datetime import date, timedelta
from typing import Any

from tests.delivery.support import BASE, OCMW, VDAB, Receiver, World, status, until, until_async

from handover.delivery.subscriptions import Content
from handover.domain.codes import TargetGroup
from handover.domain.codes_dossier import MandateScope
from handover.domain.codes_follow_up import WorkWish
from handover.domain.kinds import dossier as d
from handover.domain.kinds import intake as i

INTAKE = i.Recorded(
    target_group=TargetGroup.LIVING_WAGE,
    work_wish=WorkWish.PART_TIME,
    situation="Alleenstaand, twee kinderen.",
    health="Rugklachten sinds 2024.",
    own_note="Nog eens bellen.",
)


async def _full(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(VDAB, receiver.url, content=Content.FULL)


def _event(receiver: Receiver, kind: str) -> dict[str, Any]:
    for hook in receiver.hooks:
        data = hook.event["data"]
        assert isinstance(data, dict)
        if data["type"] == kind:
            found: dict[str, Any] = data["event"]
            return found
    raise AssertionError(kind)


async def _shared(land: World) -> Any:  # noqa: ANN401 - a dossier's id
    dossier_id = await land.open()
    await land.post(dossier_id, "handover.requested")
    mandate = d.MandateGiven(scope=MandateScope.SHARE_CONFIDENTIAL, given_on=land.clock.now().date(), shared_with=VDAB)
    await land.post(dossier_id, "dossier.mandateGiven", data=mandate)
    return dossier_id


async def test_the_event_goes_along_as_the_api_would_show_it(land: World, receiver: Receiver) -> None:
    await _full(land, receiver)
    async with land.working():
        dossier_id = await _shared(land)
        await land.post(dossier_id, "intake.recorded", data=INTAKE)
        await until(lambda: land.events[dossier_id][-1].sequence in receiver.sequences(dossier_id))
    event = _event(receiver, "intake.recorded")
    assert set(event["data"]) == {"targetGroup", "workWish", "situation", "health"}, "shared, but no internal note"
    assert "redacted" not in event
    assert event["href"] == f"{BASE}/v1/dossiers/{dossier_id}/events/{event['eventId']}"
    assert b"Nog eens bellen" not in b"".join(hook.raw for hook in receiver.hooks)


async def test_a_mandate_withdrawn_between_queueing_and_sending_redacts(land: World, receiver: Receiver) -> None:
    await _full(land, receiver)
    dossier_id = await _shared(land)
    await land.post(dossier_id, "intake.recorded", data=INTAKE)
    queued = await land.pool.fetchval("SELECT count(*) FROM delivery WHERE state = 'pending'")
    assert queued >= 3, "the fault: it was queued while the mandate stood"
    mandate = next(e for e in land.events[dossier_id] if e.type == "dossier.mandateGiven")
    await land.post(dossier_id, "dossier.mandateWithdrawn", data=d.MandateWithdrawn(mandate_id=str(mandate.event_id)))
    async with land.working():
        await until(lambda: land.events[dossier_id][-1].sequence in receiver.sequences(dossier_id))
    event = _event(receiver, "intake.recorded")
    assert set(event["data"]) == {"targetGroup", "workWish", "situation"}
    assert event["redacted"] == ["health"], "redacted, never dropped"
    assert b"Rugklachten" not in b"".join(hook.raw for hook in receiver.hooks)


async def test_a_failed_attempt_is_worked_out_anew(land: World, receiver: Receiver) -> None:
    """The first try carried it, the retry after the withdrawal does not."""
    await _full(land, receiver)
    dossier_id = await _shared(land)
    async with land.working():

        async def done() -> bool:
            return set(await land.states(dossier_id)) == {"succeeded"}

        await until_async(done)
        receiver.answer = status(500)
        await land.post(dossier_id, "intake.recorded", data=INTAKE)
        await until(lambda: any(b"Rugklachten" in hook.raw for hook in receiver.hooks))
        mandate = next(e for e in land.events[dossier_id] if e.type == "dossier.mandateGiven")
        withdrawn = d.MandateWithdrawn(mandate_id=str(mandate.event_id))
        await land.post(dossier_id, "dossier.mandateWithdrawn", data=withdrawn)
        before = len(receiver.hooks)
        receiver.answer = status(204)
        land.later(timedelta(hours=1))
        await until_async(done)
    assert len(receiver.hooks) > before
    assert not any(b"Rugklachten" in hook.raw for hook in receiver.hooks[before:])


async def test_a_legal_basis_that_ended_leaves_the_steps(land: World, receiver: Receiver) -> None:
    await _full(land, receiver)
    dossier_id = await land.open()
    await land.post(dossier_id, "handover.requested")
    basis = dataclasses.replace(land.directory.legal_bases["demo-protocol"], valid_until=date(2020, 1, 2))
    land.directory = dataclasses.replace(land.directory, legal_bases={"demo-protocol": basis})
    async with land.working():
        await until(lambda: any(h.event["data"]["type"] == "handover.requested" for h in receiver.hooks))  # type: ignore[index]
    event = _event(receiver, "handover.requested")
    assert "summary" not in event["data"]
    assert "summary" in event["redacted"]
    assert event["data"]["receiver"] == VDAB


async def test_a_thin_one_carries_nothing(land: World, receiver: Receiver) -> None:
    await land.subscriptions.create(OCMW, receiver.url)
    async with land.working():
        await _shared(land)
        await until(lambda: receiver.hooks)
    assert all("event" not in hook.event["data"] for hook in receiver.hooks)  # type: ignore[operator]
