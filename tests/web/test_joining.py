"""A replaced number and two dossiers of one client: only lookups change, links and both chains keep working."""

from itertools import count
from typing import Any
from uuid import UUID

from tests.instance import Instance, Party, eventually, number
from tests.record.world import problems
from tests.web.support import BELGIF, CBSS, OWN, problem

_clients = count(700)


async def _both(instance: Instance, ssin: str) -> tuple[Party, Party, str]:
    ocmw, vdab = instance.party("ocmw-lindedal", "trajectbegeleider-1"), instance.party("vdab", "bemiddelaar-1")
    dossier_id = await ocmw.open(ssin=ssin)
    await vdab.open(ssin=ssin, capacity="jobSeeker")
    return ocmw, vdab, dossier_id


async def _read(party: Party, dossier_id: str) -> dict[str, Any]:
    answer = await party.get(f"/v1/dossiers/{dossier_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_replaced_number_leads_on_to_the_new_one(working: Instance) -> None:
    old, new = number(next(_clients)), number(next(_clients))
    ocmw, vdab, dossier_id = await _both(working, old)
    change = {"ssin": new, "replacedOn": "2026-11-02"}
    answer = await ocmw.post(f"/v1/dossiers/{dossier_id}/numberReplacement", change, Idempotency_Key="replace-once")
    again = await ocmw.post(f"/v1/dossiers/{dossier_id}/numberReplacement", change, Idempotency_Key="replace-once")
    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json()["version"] == again.json()["version"]
    assert (await _read(vdab, dossier_id))["client"]["ssin"] == new
    assert (await vdab.post("/v1/dossiers/search", {"ssin": new})).json()["items"][0]["dossierId"] == dossier_id

    searched = problem(await vdab.post("/v1/dossiers/search", {"ssin": old}), 400, f"{BELGIF}badRequest")
    assert searched["issues"][0]["type"] == f"{CBSS}input-validation:replacedSsin"
    assert searched["issues"][0]["replacedBy"] == new
    events = (await vdab.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"]
    told = [e for e in events if e["type"] == "dossier.ssinReplaced"]
    assert [e["data"] for e in told] == [{"replacedOn": "2026-11-02"}], "no number travels"


async def test_the_new_number_is_told_only_to_who_knows_the_client(working: Instance) -> None:
    old, new = number(next(_clients)), number(next(_clients))
    ocmw, _, dossier_id = await _both(working, old)
    await ocmw.post(f"/v1/dossiers/{dossier_id}/numberReplacement", {"ssin": new, "replacedOn": "2026-11-02"})
    other = working.party("ocmw-waterhoek")
    opening = {
        "ssin": old,
        "givenName": "Voorbeeld",
        "familyName": "Een",
        "birthDate": "1980-01-01",
        "targetGroup": "livingWage",
        "capacity": "otherAid",
        "legalBasisId": "demo-protocol",
    }
    guess = problem(await other.post("/v1/dossiers", opening | {"familyName": "Twee"}), 409, f"{OWN}identityMismatch")
    assert new not in str(guess)
    assert (await other.post("/v1/dossiers/search", {"ssin": old})).json()["items"] == []
    known = problem(await other.post("/v1/dossiers", opening), 400, f"{BELGIF}badRequest")
    assert known["issues"][0]["replacedBy"] == new
    assert (await other.post("/v1/dossiers", opening | {"ssin": new})).status_code == 200


async def test_a_number_of_another_dossier_is_not_taken(working: Instance) -> None:
    one, two = number(next(_clients)), number(next(_clients))
    ocmw, _, dossier_id = await _both(working, one)
    await ocmw.open(ssin=two)
    before = await _read(ocmw, dossier_id)
    change = {"ssin": two, "replacedOn": "2026-11-02"}
    problem(await ocmw.post(f"/v1/dossiers/{dossier_id}/numberReplacement", change), 409, f"{OWN}ssinTaken")
    assert await _read(ocmw, dossier_id) == before, "nothing is left half done"


async def test_two_dossiers_become_one(working: Instance) -> None:
    one, two = number(next(_clients)), number(next(_clients))
    ocmw, vdab, merged = await _both(working, one)
    kept = await ocmw.open(ssin=two)
    question = await ocmw.step(merged, "question.asked", {"receiver": "vdab", "question": "Wanneer start de cursus?"})
    merging = await ocmw.post(f"/v1/dossiers/{merged}/merge", {"into": kept}, Idempotency_Key="merge-once")
    assert merging.status_code == 200, merging.text
    assert merging.json()["dossierId"] == kept
    repeated = await ocmw.post(f"/v1/dossiers/{merged}/merge", {"into": kept}, Idempotency_Key="merge-once")
    assert repeated.json()["version"] == merging.json()["version"]

    old = await _read(vdab, merged)
    assert (old["status"], old["mergedInto"], old["openThreads"]) == ("closed", kept, 0)
    assert (await vdab.get(f"/v1/dossiers/{merged}/events/{question['eventId']}")).status_code == 200, "links work"
    going_on = await _read(vdab, kept)
    assert going_on["openThreads"] == 1, "VDAB came along, and so did its question"
    answer = await vdab.step(kept, "question.answered", {"answer": "In januari."}, question["threadId"])
    assert answer["dossierId"] == kept
    problem(
        await vdab.try_step(merged, "question.answered", {"answer": "Nee."}, question["threadId"]),
        409,
        f"{OWN}dossierMerged",
    )
    found = problem(await ocmw.post("/v1/dossiers/search", {"ssin": one}), 400, f"{BELGIF}badRequest")
    assert found["issues"][0]["replacedBy"] == two
    pool, sealer = working.pool, working.services.sealer
    for dossier_id in (merged, kept):
        assert await problems(pool, UUID(dossier_id), sealer) == [], "both chains hold"

    async def one_inbox_item() -> bool:
        items = (await vdab.get("/v1/inbox", team="true")).json()["items"]
        waiting = [i for i in items if i["group"] != "news" and i.get("threadId") == question["threadId"]]
        return [i["dossierId"] for i in waiting] == [kept]

    await eventually(one_inbox_item)


async def test_who_may_not_merge_changes_nothing(working: Instance) -> None:
    one, two = number(next(_clients)), number(next(_clients))
    ocmw, _, merged = await _both(working, one)
    elsewhere = working.party("ocmw-waterhoek")
    kept = await elsewhere.open(ssin=two)
    problem(await ocmw.post(f"/v1/dossiers/{merged}/merge", {"into": kept}), 404, f"{BELGIF}resourceNotFound")
    problem(await elsewhere.post(f"/v1/dossiers/{merged}/merge", {"into": kept}), 404, f"{BELGIF}resourceNotFound")
    problem(await ocmw.post(f"/v1/dossiers/{merged}/merge", {"into": merged}), 400, f"{BELGIF}badRequest")
    born_elsewhen = await ocmw.open(ssin=number(next(_clients)), birthDate="1981-02-03")
    refused = await ocmw.post(f"/v1/dossiers/{merged}/merge", {"into": born_elsewhen})
    problem(refused, 409, f"{OWN}identityMismatch")
    assert (await _read(ocmw, merged))["status"] == "open"


async def test_a_birth_date_that_the_number_denies_is_a_conflict_for_both(working: Instance) -> None:
    ocmw = working.party("ocmw-lindedal")
    dossier_id = await ocmw.open(ssin=number(next(_clients)), birthDate="1981-02-03")
    threads = (await ocmw.get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"]
    assert [(t["topic"], t["purpose"], t["status"]) for t in threads] == [("statusConflict", "identity", "requested")]
    assert threads[0]["ageDays"] == 0
