"""One recording per Idempotency-Key, however often and however many at once ask for it."""

import asyncio
from itertools import count

import pytest
from tests.instance import OPENING, Instance, number
from tests.web.support import OWN, problem, stored
from tests.web.test_belgif import REFERRAL

from handover.platform.ids import new_id

_clients = count(1)


@pytest.mark.parametrize("round_", range(3))
async def test_twenty_at_once_open_one_dossier(shared: Instance, round_: int) -> None:
    party, key = shared.party("ocmw-lindedal"), str(new_id())
    body = OPENING | {"ssin": number(next(_clients)), "givenName": f"Ronde {round_}"}
    before = await stored(shared)
    answers = await asyncio.gather(*(party.post("/v1/dossiers", body, Idempotency_Key=key) for _ in range(20)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert len({(a.headers["etag"], a.headers["location"]) for a in answers}) == 1
    after = await stored(shared)
    assert (after[0] - before[0], after[1] - before[1], after[2] - before[2]) == (1, 2, 1)


@pytest.mark.parametrize("round_", range(3))
async def test_twenty_at_once_record_one_step(shared: Instance, round_: int) -> None:
    party, key = shared.party("ocmw-lindedal"), str(new_id())
    dossier_id = await party.open(ssin=number(next(_clients)))
    body = {"type": "handover.requested", "data": REFERRAL | {"summary": f"Ronde {round_}"}}
    path = f"/v1/dossiers/{dossier_id}/events"
    before = await stored(shared)
    answers = await asyncio.gather(*(party.post(path, body, Idempotency_Key=key) for _ in range(20)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    after = await stored(shared)
    assert after[2] - before[2] == 1
    recorded = [e for e in (await party.get(path)).json()["items"] if e["type"] == "handover.requested"]
    assert [e["eventId"] for e in recorded] == [answers[0].json()["items"][0]["eventId"]]
    later = await party.post(path, body, Idempotency_Key=key)
    assert later.content == answers[0].content
    assert await stored(shared) == after


async def test_twenty_without_a_key_in_common_open_one_dossier(shared: Instance) -> None:
    """One opens it, the others find it: the number decides, not the key."""
    party, body = shared.party("ocmw-lindedal"), OPENING | {"ssin": number(next(_clients))}
    before = await stored(shared)
    answers = await asyncio.gather(*(party.post("/v1/dossiers", body) for _ in range(20)))
    assert sorted(a.status_code for a in answers) == [200] * 19 + [201]
    assert len({a.json()["dossierId"] for a in answers}) == 1
    after = await stored(shared)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 2)


async def test_the_same_key_for_something_else(shared: Instance) -> None:
    party, key = shared.party("ocmw-lindedal"), str(new_id())
    body = OPENING | {"ssin": number(next(_clients))}
    first = await party.post("/v1/dossiers", body, Idempotency_Key=key)
    dossier_id = first.json()["dossierId"]
    before = await stored(shared)
    kind = f"{OWN}idempotencyKeyReused"
    problem(await party.post("/v1/dossiers", body | {"givenName": "Ander"}, Idempotency_Key=key), 422, kind)
    step = {"type": "handover.requested", "data": REFERRAL}
    problem(await party.post(f"/v1/dossiers/{dossier_id}/events", step, Idempotency_Key=key), 422, kind)
    assert await stored(shared) == before
    assert (await party.post("/v1/dossiers", body, Idempotency_Key=key)).content == first.content


async def test_the_same_key_of_another_organisation_is_another_key(shared: Instance) -> None:
    ssin, key = number(next(_clients)), str(new_id())
    first = await shared.party("ocmw-lindedal").post("/v1/dossiers", OPENING | {"ssin": ssin}, Idempotency_Key=key)
    second = await shared.party("vdab").post(
        "/v1/dossiers", OPENING | {"ssin": ssin, "capacity": "jobSeeker"}, Idempotency_Key=key
    )
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["dossierId"] == second.json()["dossierId"]


async def test_a_refusal_does_not_use_the_key_up(shared: Instance) -> None:
    party, key = shared.party("ocmw-lindedal"), str(new_id())
    body = OPENING | {"ssin": number(next(_clients))}
    wrong = await party.post("/v1/dossiers", body | {"legalBasisId": "none"}, Idempotency_Key=key)
    assert wrong.status_code == 400
    assert (await party.post("/v1/dossiers", body, Idempotency_Key=key)).status_code == 201


async def test_a_repeat_after_the_inscription_closed_shows_nothing(shared: Instance) -> None:
    """The answer of then may have been theirs; the dossier as it is now is not."""
    ocmw, vdab = shared.party("ocmw-lindedal"), shared.party("vdab")
    ssin, key = number(next(_clients)), str(new_id())
    dossier_id = await ocmw.open(ssin=ssin)
    joining = OPENING | {"ssin": ssin, "capacity": "jobSeeker"}
    assert (await vdab.post("/v1/dossiers", joining, Idempotency_Key=key)).status_code == 200
    await ocmw.step(dossier_id, "dossier.inscriptionClosed", {"organisation": "vdab", "why": "Verhuisd."})
    again = await vdab.post("/v1/dossiers", joining, Idempotency_Key=key)
    problem(again, 404, "urn:problem-type:belgif:resourceNotFound")
