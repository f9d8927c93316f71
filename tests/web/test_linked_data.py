"""Our JSON read as linked data, by a processor that others wrote."""

from typing import Any

import msgspec
import pytest
from pyld import jsonld
from tests.instance import Instance
from tests.web.ui.conftest import REQUEST

from handover.domain.codes_follow_up import AbsenceReason
from handover.domain.kinds import EVENT_TYPES
from handover.web.answers import LINKED
from handover.web.api.linked_data import context
from handover.web.api.reference import event_types

DOSSIER, PROV = "https://data.vlaanderen.be/ns/dossier#", "http://www.w3.org/ns/prov#"
DCT, FOAF, SKOS = "http://purl.org/dc/terms/", "http://xmlns.com/foaf/0.1/", "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"


async def _expanded(instance: Instance, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Expand an answer with the context that is served, fetching nothing."""
    served = await instance.http.get("/v1/context.jsonld")
    assert served.status_code == 200
    assert served.headers["content-type"] == "application/ld+json"

    def nothing(url: str, _options: object) -> object:
        raise AssertionError(f"asked for {url}")

    found: list[dict[str, Any]] = jsonld.expand(body, {"expandContext": served.json(), "documentLoader": nothing})
    return found


async def test_a_dossier_and_its_steps_are_linked_data(api: Instance) -> None:
    ocmw = api.party("ocmw-lindedal", "trajectbegeleider-1")
    dossier_id = await ocmw.open()
    await ocmw.step(dossier_id, "handover.requested", REQUEST)
    base = f"{api.base_url}/v1"
    answer = await ocmw.get(f"/v1/dossiers/{dossier_id}")
    assert answer.headers["link"] == LINKED["Link"]
    (dossier,) = await _expanded(api, answer.json())
    assert dossier["@id"] == f"{base}/dossiers/{dossier_id}"
    assert dossier[f"{DCT}subject"][0][f"{FOAF}familyName"] == [{"@value": "Een"}]
    assert dossier[f"{base}/profile#targetGroup"] == [{"@id": f"{base}/refData/targetGroups#livingWage"}]
    assert dossier[f"{DCT}created"][0]["@type"] == f"{XSD}dateTime"

    answer = await ocmw.get(f"/v1/dossiers/{dossier_id}/events")
    assert answer.headers["link"] == LINKED["Link"]
    events = await _expanded(api, answer.json())
    graph = events[0].get("@graph", events)
    (requested,) = [one for one in graph if f"{base}/refData/eventTypes#handover.requested" in one["@type"]]
    assert requested["@id"].startswith(f"{base}/dossiers/{dossier_id}/events/")
    assert requested[f"{base}/profile#inDossier"] == [{"@id": f"{base}/dossiers/{dossier_id}"}]
    assert requested[f"{PROV}wasAssociatedWith"] == [{"@id": f"{base}/organisations/ocmw-lindedal"}]
    assert requested[f"{PROV}endedAtTime"][0]["@type"] == f"{XSD}dateTime"
    (data,) = requested[f"{base}/profile#data"]
    assert data[f"{base}/profile#purpose"] == [{"@id": f"{base}/refData/purposes#guidanceToWork"}]
    assert data[f"{base}/profile#summary"] == [{"@value": REQUEST["summary"]}]
    ground = "https://data.vlaanderen.be/ns/toestemming#verwerkingsgrond"
    assert data[ground] == [{"@id": f"{base}/refData/legalBases#demo-protocol"}]


async def test_a_code_list_is_one_of_skos(api: Instance) -> None:
    answer = await api.party("vdab").get("/v1/refData/absenceReasons")
    assert answer.headers["link"] == LINKED["Link"]
    found = await _expanded(api, answer.json())
    codes = {one["@id"]: one for one in found[0].get("@graph", found)}
    illness = codes[f"{api.base_url}/v1/refData/absenceReasons#illness"]
    assert illness[f"{SKOS}notation"] == [{"@value": "illness"}]
    labels = {one["@language"]: one["@value"] for one in illness[f"{SKOS}prefLabel"]}
    assert labels == {language: getattr(AbsenceReason.ILLNESS, language) for language in ("nl", "fr", "de", "en")}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_no_field_of_an_example_is_lost(event_type: str) -> None:
    base = "https://handover.example"
    examples = [entry["example"] for entry in event_types() if entry["type"] == event_type]
    for example in examples:
        body = {"href": f"{base}/v1/x", "type": event_type, "data": example}
        (found,) = jsonld.expand(body, {"expandContext": {"@context": context(base)}})
        written = set(msgspec.json.decode(msgspec.json.encode(example)))
        if written:
            (data,) = found[f"{base}/v1/profile#data"]
            assert len(data) == len(written), event_type


async def test_the_profile_says_what_is_ours(api: Instance) -> None:
    answer = await api.http.get("/v1/profile")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ld+json")
    (found,) = jsonld.expand(answer.json())
    named = {one["@id"]: one for one in found["@graph"]}
    base = f"{api.base_url}/v1"
    ranged = named[f"{base}/profile#inDossier"]["http://www.w3.org/2000/01/rdf-schema#range"]
    assert ranged == [{"@id": f"{DOSSIER}Dossier"}]
    for event_type in EVENT_TYPES:
        step = named[f"{base}/refData/eventTypes#{event_type}"]
        assert step["http://www.w3.org/2000/01/rdf-schema#subClassOf"] == [{"@id": f"{PROV}Activity"}]
