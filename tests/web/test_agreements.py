"""Agreements over HTTP: their two parties write them, others see nothing, deadlines that run keep theirs."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import fresh
from tests.instance import Instance, Party, number, running
from tests.web.support import BELGIF, NOBODY, OWN, issues, problem

from handover.platform.embedded import EmbeddedPostgres
from handover.web.openapi import AGREEMENT_EXAMPLE

_clients = count(900)


@pytest.fixture
async def instance(postgres: EmbeddedPostgres, template: str, tmp_path: Path) -> AsyncIterator[Instance]:
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path, work=False) as found:
            yield found


def _terms(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any term
    return {**AGREEMENT_EXAMPLE, "validFrom": "2026-01-01", "terms": {**AGREEMENT_EXAMPLE["terms"], **changes}}  # type: ignore[dict-item]


async def _put(party: Party, path: str, body: object, **headers: str) -> Any:  # noqa: ANN401 - an answer
    return await party.http.put(
        path,
        json=body,
        headers={"Authorization": f"Bearer {party.token}"} | {k.replace("_", "-"): v for k, v in headers.items()},
    )


async def test_written_read_changed_and_kept_in_versions(instance: Instance) -> None:
    ocmw, vdab = instance.party("ocmw-lindedal"), instance.party("vdab", "coordinator")
    made = await ocmw.post("/v1/agreements", _terms(), Idempotency_Key="agree")
    again = await ocmw.post("/v1/agreements", _terms(), Idempotency_Key="agree")
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json()
    path = made.headers["location"].removeprefix(instance.base_url)
    for party in (ocmw, vdab):
        assert [a["href"] for a in (await party.get("/v1/agreements")).json()["items"]] == [made.json()["href"]]
    changed = await _put(vdab, path, _terms(answerTimes={"handover.received": 2}), If_Match='"1"')
    assert changed.status_code == 200, changed.text
    assert (changed.json()["version"], changed.headers["etag"]) == (2, '"2"')
    assert changed.json()["changedBy"] == "vdab.coordinator"
    problem(await _put(ocmw, path, _terms(), If_Match='"1"'), 412, f"{OWN}staleVersion")
    rows = await instance.pool.fetch("SELECT version, changed_by FROM agreement_history ORDER BY version")
    assert [tuple(row) for row in rows] == [(1, "ocmw-lindedal"), (2, "vdab.coordinator")]


async def test_who_is_no_party_sees_nothing(instance: Instance) -> None:
    made = (await instance.party("ocmw-lindedal").post("/v1/agreements", _terms())).json()
    other = instance.party("ocmw-waterhoek")
    path = made["href"].removeprefix(instance.base_url)
    assert (await other.get("/v1/agreements")).json()["items"] == []
    problem(await other.get(path), 404, f"{BELGIF}resourceNotFound")
    problem(await _put(other, path, _terms()), 404, f"{BELGIF}resourceNotFound")
    problem(await other.post("/v1/agreements", _terms()), 403, f"{BELGIF}missingPermission")
    problem(await other.get(f"/v1/agreements/{NOBODY}"), 404, f"{BELGIF}resourceNotFound")


@pytest.mark.parametrize(
    ("body", "kind", "name"),
    [
        (
            _terms(vdabDesk={"fixedContact": "vdab.niemand"}),
            "referencedResourceNotFound",
            "terms.vdabDesk.fixedContact",
        ),
        (
            _terms(vdabDesk={"fixedContact": "ocmw-lindedal.coordinator"}),
            "referencedResourceNotFound",
            "terms.vdabDesk.fixedContact",
        ),
        (
            _terms(vdabDesk={"fixedContact": "vdab.bemiddelaar-1", "substitute": "vdab.bemiddelaar-1"}),
            "invalidInput",
            "terms.vdabDesk.substitute",
        ),
        (
            _terms(vdabDesk={"absences": [{"first": "2027-01-05", "last": "2027-01-04"}]}),
            "invalidInput",
            "terms.vdabDesk.absences",
        ),
        (_terms(answerTimes={"handover.completed": 2}), "referencedResourceNotFound", "terms.answerTimes"),
        (_terms(answerTimes={"handover.received": 0}), "schemaViolation", "terms.answerTimes[...]"),
        (_terms(somethingElse=1), "unknownInput", "terms.somethingElse"),
        (_terms() | {"vdab": "ocmw-waterhoek"}, "referencedResourceNotFound", "vdab"),
        (_terms() | {"validUntil": "2025-01-01"}, "invalidInput", "validUntil"),
        (_terms() | {"validFrom": "9999-01-01"}, "invalidInput", "validFrom"),
    ],
)
async def test_what_cannot_be_agreed_is_named(instance: Instance, body: object, kind: str, name: str) -> None:
    answer = await instance.party("ocmw-lindedal").post("/v1/agreements", body)
    assert issues(answer) == {(kind, name)}


async def test_two_do_not_hold_at_the_same_time(instance: Instance) -> None:
    ocmw = instance.party("ocmw-lindedal")
    first = _terms() | {"validUntil": "2026-12-31"}
    assert (await ocmw.post("/v1/agreements", first)).status_code == 201
    problem(await ocmw.post("/v1/agreements", _terms()), 409, f"{OWN}agreementOverlaps")
    following = await ocmw.post("/v1/agreements", _terms() | {"validFrom": "2027-01-01"})
    assert following.status_code == 201


async def test_a_change_holds_for_deadlines_that_start_after_it(instance: Instance) -> None:
    ocmw = instance.party("ocmw-lindedal")
    made = (await ocmw.post("/v1/agreements", _terms(answerTimes={"followUp.employmentStarted": 30}))).json()
    dossier_id = await ocmw.open(ssin=number(next(_clients)))
    work = {"startsOn": "2026-11-02", "contractType": "fixedTerm", "hoursPerWeek": 30.0}
    before = (await ocmw.step(dossier_id, "followUp.employmentStarted", work))["threads"][0]
    changed = _terms(answerTimes={"followUp.employmentStarted": 90})
    assert (await _put(ocmw, made["href"].removeprefix(instance.base_url), changed)).status_code == 200
    after = (await ocmw.step(dossier_id, "followUp.employmentStarted", work))["threads"][0]
    assert (before["dueRule"], after["dueRule"]) == ("30 days by agreement", "90 days by agreement")
    threads = (await ocmw.get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"]
    assert {t["dueAt"] for t in threads} == {before["dueAt"], after["dueAt"]}


async def test_the_defaults_are_listed(instance: Instance) -> None:
    items = (await instance.party("vdab").get("/v1/refData/answerTimes")).json()["items"]
    found = {item["eventType"]: (item["count"], item["unit"]) for item in items}
    assert found["handover.received"] == (5, "workingDays")
    assert found["label.received"] == (30, "days")
    assert found["followUp.art60Started"] == (3, "months")
    assert "handover.completed" not in found
