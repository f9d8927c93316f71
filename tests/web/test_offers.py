"""The offer map: everyone reads, each organisation keeps its own, a search finds what fits."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import fresh
from tests.instance import Instance, running
from tests.web.support import BELGIF, NOBODY, OWN, issues, problem

from handover.domain.codes_training import Instrument
from handover.domain.training_guide import GUIDE
from handover.platform.embedded import EmbeddedPostgres
from handover.web.openapi import OFFER_EXAMPLE


@pytest.fixture
async def instance(postgres: EmbeddedPostgres, template: str, tmp_path: Path) -> AsyncIterator[Instance]:
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path, work=False) as found:
            yield found


def _offer(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {**OFFER_EXAMPLE, **changes}


async def _titles(instance: Instance, **query: Any) -> list[str]:  # noqa: ANN401 - query values
    answer = await instance.party("partner-igo").get("/v1/offers", **query)
    assert answer.status_code == 200, answer.text
    return [item["offer"]["title"] for item in answer.json()["items"]]


async def test_kept_changed_and_deleted_by_its_own_organisation(instance: Instance) -> None:
    vdab, ocmw = instance.party("vdab"), instance.party("ocmw-lindedal")
    made = await vdab.post("/v1/offers", _offer(), Idempotency_Key="offer")
    again = await vdab.post("/v1/offers", _offer(), Idempotency_Key="offer")
    assert made.json() == again.json()
    path = made.headers["location"].removeprefix(instance.base_url)
    assert (await ocmw.get(path)).json()["offer"] == _offer()

    async def put(party: Any, body: object, **headers: str) -> Any:  # noqa: ANN401
        sent = {"Authorization": f"Bearer {party.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return await party.http.put(path, json=body, headers=sent)

    changed = await put(vdab, _offer(title="Anders"), If_Match='"1"')
    assert (changed.json()["version"], changed.json()["offer"]["title"]) == (2, "Anders")
    problem(await put(vdab, _offer(), If_Match='"1"'), 412, f"{OWN}staleVersion")
    problem(await put(ocmw, _offer()), 403, f"{BELGIF}missingPermission")
    headers = {"Authorization": f"Bearer {ocmw.token}"}
    problem(await ocmw.http.delete(path, headers=headers), 403, f"{BELGIF}missingPermission")
    headers = {"Authorization": f"Bearer {vdab.token}"}
    assert (await vdab.http.delete(path, headers=headers)).status_code == 204
    problem(await vdab.get(path), 404, f"{BELGIF}resourceNotFound")
    problem(await vdab.get(f"/v1/offers/{NOBODY}"), 404, f"{BELGIF}resourceNotFound")


async def test_a_search_finds_what_fits_the_more_precise_first(instance: Instance) -> None:
    vdab = instance.party("vdab")
    everywhere = _offer(title="Overal", municipalities=[], targetGroups=[], barriers=[], kind="guidance")
    everywhere.pop("instrument")
    aalst = _offer(title="In Aalst", municipalities=[{"nisCode": "41002", "name": "Aalst"}], barriers=["debt"])
    for body in (everywhere, _offer(title="In Gent"), aalst, _offer(title="Voorbij", validUntil="2026-02-01")):
        assert (await vdab.post("/v1/offers", body)).status_code == 201
    assert await _titles(instance) == ["In Aalst", "In Gent", "Overal"], "what is over is not found"
    for place in ("Gent", "gent", " GENT ", "44021"):
        assert await _titles(instance, municipality=place) == ["In Gent", "Overal"]
    assert await _titles(instance, targetGroup="jobSeeker") == ["In Aalst", "In Gent", "Overal"]
    assert await _titles(instance, targetGroup="inactiveWithBenefit") == ["Overal"]
    assert await _titles(instance, barrier="debt") == ["In Aalst", "Overal"]
    assert await _titles(instance, barrier=["debt", "language"]) == ["In Aalst", "In Gent", "Overal"]
    assert await _titles(instance, kind="guidance") == ["Overal"]
    assert await _titles(instance, instrument="vdabCourse", text="heftruck") == []
    assert await _titles(instance, text="ZES WEKEN", instrument="vdabCourse") == ["In Aalst", "In Gent"]
    assert await _titles(instance, organisation="ocmw-lindedal") == []


async def test_pages_lead_on(instance: Instance) -> None:
    vdab = instance.party("vdab")
    for n in range(5):
        await vdab.post("/v1/offers", _offer(title=f"Aanbod {n}"))
    page, titles = "/v1/offers?pageSize=2&municipality=Gent", []
    while page:
        found = (await vdab.get(page.removeprefix(instance.base_url))).json()
        titles += [item["offer"]["title"] for item in found["items"]]
        page = found.get("next", "")
    assert titles == [f"Aanbod {n}" for n in range(5)]


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        ({"municipalities": [{"nisCode": "9000", "name": "Gent"}]}, "schemaViolation", "municipalities[0].nisCode"),
        ({"kind": "nothing"}, "schemaViolation", "kind"),
        ({"validUntil": "2025-01-01"}, "invalidInput", "validUntil"),
        ({"contact": "ocmw-lindedal.coordinator"}, "referencedResourceNotFound", "contact"),
        ({"link": "javascript:alert(1)"}, "schemaViolation", "link"),
        ({"price": 1}, "unknownInput", "price"),
    ],
)
async def test_what_does_not_fit_is_named(instance: Instance, changes: dict[str, Any], kind: str, name: str) -> None:
    assert issues(await instance.party("vdab").post("/v1/offers", _offer(**changes))) == {(kind, name)}


async def test_the_guide_explains_every_instrument(instance: Instance) -> None:
    items = (await instance.party("vdab").get("/v1/refData/trainingGuide")).json()["items"]
    assert {item["instrument"] for item in items} == {str(i) for i in Instrument}
    for language, guide in GUIDE.items():
        assert set(guide) == set(Instrument), language
        for explained in guide.values():
            texts = (explained.what, explained.suits, explained.ends_in, explained.ask)
            assert all(10 < len(text) < 130 and text[0].isupper() for text in texts)
