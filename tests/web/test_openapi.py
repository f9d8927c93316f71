"""The API description: valid in both versions, in Belgif's manner, and true of what the service answers."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator, OAS31Validator, oas30_format_checker, oas31_format_checker
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from tests.access.test_tokens import OPEN, SIGNED
from tests.instance import Instance, Party, eventually, number
from tests.web.support import send
from tests.web.test_belgif import REFERRAL
from tests.web.test_inbound import Vdab

from handover.access import demonstration, senders
from handover.cli.openapi import rendered
from handover.domain.kinds import EVENT_TYPES
from handover.web.api.reference import event_types
from handover.web.openapi import AGREEMENT_EXAMPLE, OFFER_EXAMPLE
from handover.web.openapi_webhooks import webhook_schemas

_clients = count(1)
FILES = rendered()
V31, V30, EVENTS = (json.loads(FILES[f"handover-v1{name}.json"]) for name in ("", "-3.0", "-events"))
VERSIONS = {"3.1": V31, "3.0": V30}
UPPER_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*")
LOWER_CAMEL = re.compile(r"[a-z][A-Za-z0-9]*")
EVENT_TYPE = re.compile(r"[a-z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Give every schema object, and no example."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key == "properties":
                for inner in value.values():
                    yield from schemas_in(inner)
            elif key not in {"example", "examples", "default", "enum", "mapping"}:
                yield from schemas_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from schemas_in(item)


def faults(document: dict[str, Any], schema: dict[str, Any], given: object) -> list[str]:
    """Say what a schema of the document has against a value."""
    whole = schema | {"components": document["components"]}
    if document["openapi"].startswith("3.1"):
        found = OAS31Validator(whole, format_checker=oas31_format_checker).iter_errors(given)
    else:
        found = OAS30Validator(whole, format_checker=oas30_format_checker).iter_errors(given)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in found]


def reference(name: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}


def test_both_are_valid() -> None:
    OpenAPIV31SpecValidator(V31).validate()
    OpenAPIV30SpecValidator(V30).validate()
    assert (V31["openapi"], V30["openapi"]) == ("3.1.0", "3.0.3")


def test_the_committed_files_are_up_to_date() -> None:
    """When this fails: `make openapi`, and commit the result."""
    committed = Path(__file__).parents[2] / "openapi"
    for name, text in FILES.items():
        assert (committed / name).read_text("utf-8") == text, name


async def test_the_service_answers_the_same_description(shared: Instance) -> None:
    assert (await shared.http.get("/doc/openapi.json")).json() == V31


@pytest.mark.parametrize("version", VERSIONS)
def test_operations_are_described(version: str) -> None:
    document = VERSIONS[version]
    tags = {tag["name"] for tag in document["tags"]}
    seen = set()
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert LOWER_CAMEL.fullmatch(operation["operationId"]), where
        assert operation["operationId"] not in seen, where
        seen.add(operation["operationId"])
        assert operation["summary"], where
        assert operation["description"], where
        assert len(operation["tags"]) == 1, where
        assert UPPER_CAMEL.fullmatch(operation["tags"][0]), where
        assert operation["tags"][0] in tags, where
        problem = operation["responses"]["default"]["content"]
        assert list(problem) == ["application/problem+json"], where
        assert problem["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}, where
        assert "422" not in operation["responses"], where
    assert len(seen) > 25


@pytest.mark.parametrize("version", VERSIONS)
def test_paths_are_belgifs(version: str) -> None:
    for path, method, operation in operations(VERSIONS[version]):
        assert not path.endswith("/")
        for part in path.strip("/").split("/"):
            name = part.strip("{}")
            assert LOWER_CAMEL.fullmatch(name.removesuffix(".jsonld")), path
            assert name not in {"id", "code"}
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "header":
                assert LOWER_CAMEL.fullmatch(parameter["name"]), path
        secured = path.startswith("/v1/") and path not in OPEN
        assert bool(operation.get("security")) is secured, path
        if secured and version == "3.1" and path not in SIGNED:
            scopes = {scope for needed in operation["security"] for scope in needed["accessToken"]}
            assert scopes <= set(demonstration.SCOPES)
            assert scopes
        keyed = any(p["name"] == "Idempotency-Key" and p["required"] for p in operation.get("parameters", ()))
        if operation["operationId"] in {"openDossier", "postEvent"}:
            assert keyed, path
        assert method in {"get", "post", "put", "patch", "delete"}


@pytest.mark.parametrize("version", VERSIONS)
def test_names_are_belgifs(version: str) -> None:
    document = VERSIONS[version]
    assert len(document["components"]["schemas"]) > 80
    # Their words are those of CloudEvents, and of Belgif's health endpoint.
    prescribed = {"Health", *webhook_schemas()}
    for name, schema in document["components"]["schemas"].items():
        assert UPPER_CAMEL.fullmatch(name), name
        for inner in schemas_in(schema):
            for key in inner.get("properties", ()):
                assert LOWER_CAMEL.fullmatch(key), (name, key)
            for value in inner.get("enum", ()):
                assert LOWER_CAMEL.fullmatch(value) or EVENT_TYPE.fullmatch(value) or name in prescribed, (name, value)


@pytest.mark.parametrize("version", VERSIONS)
def test_null_is_nowhere(version: str) -> None:
    for schema in schemas_in({"components": VERSIONS[version]["components"], "paths": VERSIONS[version]["paths"]}):
        assert schema.get("type") != "null"
        assert "nullable" not in schema
        assert not isinstance(schema.get("type"), list)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_reference_leads_somewhere_and_every_component_is_used(version: str) -> None:
    text = json.dumps(VERSIONS[version])
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert referred == set(VERSIONS[version]["components"]["schemas"])


@pytest.mark.parametrize("version", VERSIONS)
def test_examples_follow_their_schemas(version: str) -> None:
    document, checked = VERSIONS[version], 0
    for name, schema in document["components"]["schemas"].items():
        if "example" in schema:
            assert faults(document, reference(name), schema["example"]) == [], name
            checked += 1
    for path, method, operation in operations(document):
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for kind, media in holder.get("content", {}).items():
                if "json" in kind:
                    assert faults(document, media["schema"], media["example"]) == [], f"{method} {path}"
                    checked += 1
    assert checked > 100


def test_the_check_of_examples_can_fail() -> None:
    good = V31["components"]["schemas"]["DossierOpening"]["example"]
    changes: list[dict[str, Any]] = [{"colour": 1}, {"ssin": 5}, {"targetGroup": "rich"}, {"lead": None}]
    for document in VERSIONS.values():
        for change in changes:
            assert faults(document, reference("DossierOpening"), good | change)
        assert faults(document, reference("DossierOpening"), {})


@pytest.mark.parametrize("entry", [e for e in event_types() if e["posted"]], ids=lambda e: f"{e['type']}-{e['to']}")
@pytest.mark.parametrize("version", VERSIONS)
def test_examples_of_event_types_follow_the_description(version: str, entry: dict[str, Any]) -> None:
    posted = {"type": entry["type"], "data": entry["example"]}
    assert faults(VERSIONS[version], reference("PostedEvent"), posted) == []
    assert faults(VERSIONS[version], reference("PostedEvent"), posted | {"colour": "red"})


def test_every_event_type_can_be_told_apart() -> None:
    mapping = V31["components"]["schemas"]["PostedEvent"]["discriminator"]["mapping"]
    assert set(mapping) == {entry["type"] for entry in event_types() if entry["posted"]}
    body = V31["components"]["schemas"]["DossierEvent"]
    assert len(body["properties"]["type"]["enum"]) == len({entry["type"] for entry in event_types()})
    assert V30["x-webhooks"].keys() == V31["webhooks"].keys()


async def test_the_example_of_an_opening_is_accepted_as_it_stands(shared: Instance) -> None:
    operation = (await shared.http.get("/doc/openapi.json")).json()["paths"]["/v1/dossiers"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    party = shared.party("ocmw-lindedal")
    assert (await party.post("/v1/dossiers", example)).status_code == 201
    answer = await party.post("/v1/dossiers", example)
    assert answer.status_code == 200
    found = await party.post("/v1/dossiers/search", {"ssin": example["ssin"]})
    assert [item["dossierId"] for item in found.json()["items"]] == [answer.json()["dossierId"]]


@dataclass
class Checker:
    """Holds answers against the schema of their status, in both versions, and remembers what was asked."""

    asked: set[str] = field(default_factory=set)

    def __call__(self, operation_id: str, answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
        self.asked.add(operation_id)
        for document in VERSIONS.values():
            operation = next(o for _, _, o in operations(document) if o["operationId"] == operation_id)
            described = operation["responses"].get(str(answer.status_code))
            assert described, (operation_id, answer.status_code, answer.text)
            for kind, media in described.get("content", {}).items():
                assert answer.headers["content-type"].startswith(kind), operation_id
                if "json" in kind:
                    assert faults(document, media["schema"], answer.json()) == [], operation_id
        return answer.json() if "json" in answer.headers.get("content-type", "") else None


async def test_answers_are_as_described(working: Instance) -> None:
    """Every operation is asked for real."""
    check = Checker()
    ocmw = working.party("ocmw-lindedal")
    subscription = check("createSubscription", await ocmw.post("/v1/subscriptions", {"url": "http://127.0.0.1:9/"}))
    dossier_id = await _ask_about_a_dossier(check, ocmw, working.party("vdab", "bemiddelaar-1"))
    await _ask_about_a_subscription(check, ocmw, f"/v1/subscriptions/{subscription['subscriptionId']}", dossier_id)
    await _ask_about_agreements(check, ocmw)
    await _ask_about_offers(check, ocmw)
    for operation_id, path in {
        "listAnswerTimes": "/v1/refData/answerTimes",
        "readTrainingGuide": "/v1/refData/trainingGuide",
        "listOrganisations": "/v1/organisations",
        "readOrganisation": "/v1/organisations/vdab",
        "listCounsellors": "/v1/organisations/vdab/counsellors",
        "readCounsellor": "/v1/organisations/vdab/counsellors/vdab.coordinator",
        "listCodeLists": "/v1/refData",
        "listEventTypes": "/v1/refData/eventTypes",
        "listLegalBases": "/v1/refData/legalBases",
        "readCodeList": "/v1/refData/rejectionReasons",
        "readContext": "/v1/context.jsonld",
        "readProfile": "/v1/profile",
        "readHealth": "/health",
        "readMetrics": "/metrics",
    }.items():
        check(operation_id, await ocmw.get(path))
    await _ask_about_the_log(check, working, ocmw, dossier_id)
    await _ask_about_access(check, working, dossier_id)
    await _send_from_vdab(check, working, dossier_id)
    left = {operation["operationId"] for _, _, operation in operations(V31)} - check.asked
    assert left == {"streamInbox", "streamFeed"}, "streams have no end: see test_belgif and test_feed_stream"


async def _send_from_vdab(check: Checker, instance: Instance, dossier_id: str) -> None:
    vdab = Vdab(instance.http)
    await senders.add(instance.worker.pool, "vdab", vdab.public, instance.worker.clock.now())
    planned = {"appointmentAt": "2026-12-03T09:30:00Z", "subject": "Opvolging"}
    events = [
        vdab.event("vdab.v1.dossiers.followUps.notify.appointmentPlanned", subject, {"step": planned})
        for subject in (dossier_id, "nobody")
    ]
    check("receiveFromVdab", await vdab.send(events[0]))
    check("receiveFromVdab", await vdab.send(events))


async def _ask_about_a_dossier(check: Checker, ocmw: Party, vdab: Party) -> str:
    ssin = number(next(_clients))
    opening = V31["components"]["schemas"]["DossierOpening"]["example"] | {"ssin": ssin}
    dossier_id: str = check("openDossier", await ocmw.post("/v1/dossiers", opening))["dossierId"]
    path = f"/v1/dossiers/{dossier_id}"
    step = {"type": "handover.requested", "data": REFERRAL}
    requested = check("postEvent", await ocmw.post(f"{path}/events", step))["items"][0]
    accepted = {"counsellor": "vdab.bemiddelaar-1", "firstAppointmentAt": "2026-12-03T09:30:00Z"}
    await vdab.step(dossier_id, "handover.accepted", accepted, requested["threadId"])
    check("readToeleiding", await vdab.get(f"{path}/events/{requested['eventId']}/toeleiding"))

    async def both_see_it() -> bool:
        inboxes = [(await party.get("/v1/inbox", team="true")).json()["items"] for party in (ocmw, vdab)]
        return all(inboxes) and any(item["group"] == "news" for item in inboxes[0])

    await eventually(both_see_it)
    check("openDossier", await ocmw.post("/v1/dossiers", opening))
    check("searchDossiers", await ocmw.post("/v1/dossiers/search", {"ssin": ssin}))
    person = {name: opening[name] for name in ("ssin", "givenName", "familyName", "birthDate", "legalBasisId")}
    check("identifyPerson", await ocmw.post("/v1/identifications/search", person))
    for party in (ocmw, vdab):
        check("readInbox", await party.get("/v1/inbox"))
        check("listDossiers", await party.get("/v1/dossiers"))
        check("readDossier", await party.get(path))
        check("listEvents", await party.get(f"{path}/events"))
        check("listThreads", await party.get(f"{path}/threads"))
        check("readFeed", await party.get("/v1/events"))
    check("readEvent", await ocmw.get(f"{path}/events/{requested['eventId']}"))
    seen = {"items": [{"dossierId": dossier_id, "sequence": 4}]}
    check("markSeen", await ocmw.post("/v1/inbox/seen", seen))
    replaced = {"ssin": number(next(_clients)), "replacedOn": "2026-11-02"}
    check("replaceSsin", await ocmw.post(f"{path}/numberReplacement", replaced))
    check("searchDossiers", await ocmw.post("/v1/dossiers/search", {"ssin": replaced["ssin"]}))
    second = await ocmw.open(ssin=number(next(_clients)))
    check("mergeDossier", await ocmw.post(f"/v1/dossiers/{second}/merge", {"into": dossier_id}))
    check("readDossier", await ocmw.get(f"/v1/dossiers/{second}"))
    return dossier_id


async def _ask_about_the_log(check: Checker, working: Instance, party: Party, dossier_id: str) -> None:
    event = (await party.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"][0]
    await working.worker.log.seal(working.worker.clock.now())
    latest = check("readLatestCheckpoint", await party.get("/v1/checkpoints/latest"))
    path = f"/v1/checkpoints/{latest['size']}"
    check("readCheckpoint", await party.get(path))
    check("readGrowth", await party.get(f"{path}/growth", since=latest["size"]))
    check("readReceipt", await party.get(f"/v1/dossiers/{dossier_id}/events/{event['eventId']}/receipt"))


async def _ask_about_access(check: Checker, working: Instance, dossier_id: str) -> None:
    counsellor = working.party("ocmw-lindedal", "trajectbegeleider-1")
    reason = {"reason": "My colleague is ill and the client is at the front desk"}
    check("breakGlass", await counsellor.post(f"/v1/dossiers/{dossier_id}/breakGlass", reason))
    assert check("readAccessLog", await counsellor.get(f"/v1/dossiers/{dossier_id}/accessLog"))["items"]
    officer = working.party("ocmw-lindedal", "coordinator", roles=("dataProtectionOfficer",))
    assert check("listBreakGlass", await officer.get("/v1/breakGlass"))["items"]
    assert check("readOrganisationAccessLog", await officer.get("/v1/accessLog"))["items"]
    check("readAccessSignals", await officer.get("/v1/accessLog/signals"))


async def _ask_about_agreements(check: Checker, party: Party) -> None:
    made = check("addAgreement", await party.post("/v1/agreements", AGREEMENT_EXAMPLE))
    path = f"/v1/agreements/{made['agreementId']}"
    check("listAgreements", await party.get("/v1/agreements"))
    check("readAgreement", await party.get(path))
    headers = {"Authorization": f"Bearer {party.token}"}
    check("changeAgreement", await party.http.put(path, json=AGREEMENT_EXAMPLE, headers=headers))


async def _ask_about_offers(check: Checker, party: Party) -> None:
    made = check("addOffer", await party.post("/v1/offers", OFFER_EXAMPLE))
    path = f"/v1/offers/{made['offerId']}"
    check("findOffers", await party.get("/v1/offers", municipality="Gent"))
    check("readOffer", await party.get(path))
    headers = {"Authorization": f"Bearer {party.token}"}
    check("changeOffer", await party.http.put(path, json=OFFER_EXAMPLE, headers=headers))
    check("deleteOffer", await party.http.delete(path, headers=headers))


async def _ask_about_a_subscription(check: Checker, party: Party, path: str, dossier_id: str) -> None:
    check("listSubscriptions", await party.get("/v1/subscriptions"))
    check("readSubscription", await party.get(path))
    check("testSubscription", await party.post(f"{path}/test"))
    check("rotateSecret", await party.post(f"{path}/rotateSecret"))
    deliveries = check("listDeliveries", await party.get(f"{path}/deliveries"))["items"]
    assert deliveries
    again = {"dossierId": dossier_id, "sequence": deliveries[0]["sequence"]}
    check("resendDelivery", await party.post(f"{path}/resend", again))
    check("skipDelivery", await party.post(f"{path}/skip", again | {"reason": "Taken over by telephone"}))
    replay = check("replayDeliveries", await party.post(f"{path}/replay", {"since": "2026-01-01T00:00:00Z"}))
    check("listReplays", await party.get(f"{path}/replays"))
    check("readReplay", await party.get(f"{path}/replays/{replay['replayId']}"))
    check("changeSubscription", await send(party, path, b'{"status":"paused"}', "PATCH"))
    check("deleteSubscription", await send(party, path, b"", "DELETE"))


async def test_problems_are_as_described(shared: Instance) -> None:
    party = shared.party("ocmw-lindedal")
    for answer in (
        await shared.http.get("/v1/dossiers"),
        await party.post("/v1/dossiers", {"colour": 1}),
        await party.get("/v1/nothing"),
        await party.get("/v1/dossiers", colour=1),
    ):
        for document in VERSIONS.values():
            assert faults(document, reference("Problem"), answer.json()) == []


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_field_of_every_event_says_who_sees_it(name: str) -> None:
    """One source: what the code enforces is what the description says."""
    for description in (V31, V30):
        data = description["x-event-data"][name]["$ref"].rpartition("/")[2]
        properties = description["components"]["schemas"][data]["properties"]
        said = {field: schema["x-visibility"] for field, schema in properties.items()}
        assert said == {field: level.value for field, level in EVENT_TYPES[name].visibility.items()}
