"""The Python client against the description: every operation, every request, every field of every answer."""

import copy
import inspect
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, get_args

import msgspec
import pytest

from handover.client import Client, Retries, Signer, Webhook, answers, bodies, codes, steps
from tests.client import generate
from tests.client.described import DOCUMENT, OPERATIONS, PREFIX, SCHEMAS, Described, full
from tests.client.generate import PACKAGE, python, snake

ID, OTHER = "01a2039f-8f32-7d21-ab59-99e3cbca2aa3", "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10"
NOW, DAY = datetime(2026, 11, 16, 9, 30, tzinfo=UTC), date(2026, 11, 16)
MODULES = (answers, bodies, steps)
CLASSES = {
    name: found
    for module in MODULES
    for name, found in vars(module).items()
    if inspect.isclass(found) and issubclass(found, msgspec.Struct) and found is not steps.Step
}
HELPERS = {"aclose", "feed"}
STREAMS = {"streamFeed", "streamInbox"}


def example(name: str) -> Any:  # noqa: ANN401 - a body
    return msgspec.convert(SCHEMAS[name]["example"], CLASSES[name])


PARTIES: Mapping[str, Any] = {"ocmw": "ocmw-lindedal", "vdab": "vdab", "valid_from": DAY}
CALLS: dict[str, Callable[[Client], Any]] = {
    "openDossier": lambda c: c.open_dossier(example("DossierOpening")),
    "listDossiers": lambda c: c.list_dossiers(after=ID, page_size=10),
    "searchDossiers": lambda c: c.search_dossiers("80010100107"),
    "readDossier": lambda c: c.read_dossier(ID),
    "listThreads": lambda c: c.list_threads(ID),
    "replaceSsin": lambda c: c.replace_ssin(ID, example("SsinReplacement"), if_version=7),
    "mergeDossier": lambda c: c.merge_dossier(ID, OTHER, if_version=7),
    "identifyPerson": lambda c: c.identify_person(example("PersonToIdentify")),
    "postEvent": lambda c: c.post_event(
        ID,
        steps.HandoverAccepted(counsellor="vdab.bemiddelaar-1", reached_by="phone"),
        thread_id=OTHER,
        occurred_at=NOW,
        if_version=7,
    ),
    "listEvents": lambda c: c.list_events(ID, after=3, thread_id=OTHER, page_size=10),
    "readEvent": lambda c: c.read_event(ID, OTHER),
    "readFeed": lambda c: c.read_feed("2f1-7", page_size=10),
    "breakGlass": lambda c: c.break_glass(ID, "My colleague is ill and the client is at the front desk"),
    "listBreakGlass": lambda c: c.list_break_glass(after=ID, page_size=10),
    "readAccessLog": lambda c: c.read_access_log(ID, before=100, page_size=10),
    "readOrganisationAccessLog": lambda c: c.read_organisation_access_log(before=100, page_size=10),
    "readAccessSignals": lambda c: c.read_access_signals(days=7),
    "readInbox": lambda c: c.read_inbox(team=True, page_size=10),
    "markSeen": lambda c: c.mark_seen(bodies.Mark(dossier_id=ID, sequence=4)),
    "createSubscription": lambda c: c.create_subscription(
        bodies.SubscriptionCreation(url="https://casemanagement.example/", event_types=["handover.requested"])
    ),
    "listSubscriptions": lambda c: c.list_subscriptions(),
    "readSubscription": lambda c: c.read_subscription(ID),
    "changeSubscription": lambda c: c.change_subscription(ID, bodies.SubscriptionChange(status="paused")),
    "deleteSubscription": lambda c: c.delete_subscription(ID),
    "testSubscription": lambda c: c.test_subscription(ID),
    "rotateSecret": lambda c: c.rotate_secret(ID),
    "listDeliveries": lambda c: c.list_deliveries(ID, state="dead", after="2f1-7", page_size=10),
    "resendDelivery": lambda c: c.resend_delivery(ID, OTHER, 4),
    "skipDelivery": lambda c: c.skip_delivery(ID, OTHER, 4, "Taken over by telephone"),
    "replayDeliveries": lambda c: c.replay_deliveries(ID, bodies.Replay(since=NOW, until=NOW, which="dead")),
    "listReplays": lambda c: c.list_replays(ID),
    "readReplay": lambda c: c.read_replay(ID, OTHER),
    "listAgreements": lambda c: c.list_agreements(),
    "addAgreement": lambda c: c.add_agreement(example("AgreementProposed")),
    "readAgreement": lambda c: c.read_agreement(ID),
    "changeAgreement": lambda c: c.change_agreement(
        ID, bodies.AgreementProposed(terms=bodies.Terms(answer_times={"handover.received": 3}), **PARTIES), if_version=1
    ),
    "listAnswerTimes": lambda c: c.list_answer_times(),
    "findOffers": lambda c: c.find_offers(
        municipality="Gent",
        target_group="livingWage",
        barrier=("language", "debt"),
        kind=("training",),
        instrument="vdabCourse",
        organisation="vdab",
        text="magazijn",
        any_day=True,
        page_size=10,
    ),
    "addOffer": lambda c: c.add_offer(example("OfferProposed")),
    "readOffer": lambda c: c.read_offer(ID),
    "changeOffer": lambda c: c.change_offer(ID, example("OfferProposed"), if_version=1),
    "deleteOffer": lambda c: c.delete_offer(ID, if_version=1),
    "readLatestCheckpoint": lambda c: c.read_latest_checkpoint(),
    "readCheckpoint": lambda c: c.read_checkpoint(7),
    "readGrowth": lambda c: c.read_growth(7, 3),
    "readReceipt": lambda c: c.read_receipt(ID, OTHER),
    "listEventTypes": lambda c: c.list_event_types(),
    "listLegalBases": lambda c: c.list_legal_bases(),
    "readTrainingGuide": lambda c: c.read_training_guide(),
    "listCodeLists": lambda c: c.list_code_lists(),
    "readCodeList": lambda c: c.read_code_list("rejectionReasons"),
    "listOrganisations": lambda c: c.list_organisations(),
    "readOrganisation": lambda c: c.read_organisation("vdab"),
    "listCounsellors": lambda c: c.list_counsellors("vdab"),
    "readCounsellor": lambda c: c.read_counsellor("vdab", "vdab.bemiddelaar-1"),
    "receiveFromVdab": lambda c: c.receive_from_vdab(example("VdabEvent"), Signer("whsk_" + "AAAA" * 10 + "AAA=")),
    "readToeleiding": lambda c: c.read_toeleiding(ID, OTHER),
    "readContext": lambda c: c.read_context(),
    "readProfile": lambda c: c.read_profile(),
    "readHealth": lambda c: c.read_health(),
    "readMetrics": lambda c: c.read_metrics(),
}


def client_of(described: Described) -> Client:
    return Client("https://handover.example", "token", http=described.http(), retries=Retries(tries=1))


def test_every_operation_has_a_method_and_every_method_an_operation() -> None:
    methods = {name for name in vars(Client) if not name.startswith("_")}
    assert methods - HELPERS == {snake(operation_id) for operation_id in OPERATIONS}
    assert set(CALLS) == set(OPERATIONS) - STREAMS, "streams are followed in test_streams"


@pytest.mark.parametrize("operation_id", CALLS)
async def test_each_request_is_as_described_and_each_answer_has_its_type(operation_id: str) -> None:
    described = Described()
    assert snake(operation_id) in CALLS[operation_id].__code__.co_names, "the method of that name is called"
    found = await CALLS[operation_id](client_of(described))
    (asked,) = described.asked
    assert asked.operation_id == operation_id
    assert asked.wrong == []
    _, _, operation = OPERATIONS[operation_id]
    given = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    assert set(asked.query) == given - {"skip"}, "every parameter can be given; `skip` is for going through pages"
    keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    assert ("idempotency-key" in asked.headers) is keyed
    matched = any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ()))
    assert (asked.headers.get("if-match", "") in {'"7"', '"1"'}) is matched
    assert _name(found) == _described_name(operation)


def _name(found: object) -> str:
    return f"[{type(found[0]).__name__}]" if isinstance(found, list) else type(found).__name__


def _described_name(operation: dict[str, Any]) -> str:
    """Give what the description says that comes back; of a collection that is gone through, its items."""
    described = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    for kind, media in described.get("content", {}).items():
        name: str = media["schema"].get("$ref", "").removeprefix(PREFIX)
        if not name:
            return "dict" if "json" in kind else "str"
        properties = SCHEMAS[name]["properties"]
        if "next" in properties and operation["operationId"] not in {"readFeed", "postEvent"}:
            return f"[{properties['items']['items']['$ref'].removeprefix(PREFIX)}]"
        return name
    return "NoneType"


async def test_what_is_not_given_is_not_asked() -> None:
    described = Described()
    client = client_of(described)
    await client.list_dossiers()
    await client.find_offers()
    await client.read_inbox()
    await client.list_deliveries(ID)
    await client.post_event(ID, steps.HandoverResumed())
    assert [asked.query for asked in described.asked] == [{}] * 5
    assert described.asked[-1].body == {"type": "handover.resumed", "data": {}}
    assert "if-match" not in described.asked[-1].headers


@pytest.mark.parametrize("kind", SCHEMAS["PostedEvent"]["discriminator"]["mapping"])
async def test_each_step_is_sent_as_described(kind: str) -> None:
    title = SCHEMAS["PostedEvent"]["discriminator"]["mapping"][kind].removeprefix(PREFIX)
    given = SCHEMAS[title]["example"]
    name = SCHEMAS[title]["properties"]["data"]["$ref"].removeprefix(PREFIX)
    step = msgspec.convert(given["data"], CLASSES[name])
    assert isinstance(step, steps.Step)
    described = Described()
    await client_of(described).post_event(ID, step)
    (asked,) = described.asked
    assert asked.wrong == []
    assert asked.body == given


async def test_a_step_that_is_not_known_yet_is_sent_as_it_is() -> None:
    described = Described()
    given = {"type": "handover.resumed", "data": {"note": "Weer verder."}}
    await client_of(described).post_event(ID, given, thread_id=OTHER)
    assert described.asked[0].body == given | {"threadId": OTHER}


async def test_the_counterpart_notices_what_is_not_described() -> None:
    described = Described()
    client = client_of(described)
    await client.read_access_signals(days=0)
    await client.list_deliveries("no-uuid", state="gone")  # type: ignore[arg-type]
    await client.post_event(ID, {"type": "handover.resumed", "data": {}, "colour": "red"})
    await client._get("/v1/events", answers.Feed, colour="red")  # noqa: SLF001 - there is no other way to ask that
    assert all(asked.wrong for asked in described.asked)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_field_of_every_schema_is_read_and_written(name: str) -> None:
    assert lost(name, SCHEMAS) == []


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_field_that_is_renamed_or_becomes_another_type_is_noticed(name: str) -> None:
    for field, inner in SCHEMAS[name]["properties"].items():
        changed = copy.deepcopy(SCHEMAS)
        properties = changed[name]["properties"]
        properties[f"{field}Renamed"] = properties.pop(field)
        assert lost(name, changed), field
        if inner.get("type") in {"string", "integer", "boolean"} and "enum" not in inner:
            properties[field] = {"type": "integer" if inner["type"] == "string" else "string"}
            del properties[f"{field}Renamed"]
            assert lost(name, changed), field


def test_every_schema_of_a_request_or_an_answer_has_a_class() -> None:
    text = json.dumps(DOCUMENT["paths"])
    used = {name for name in SCHEMAS if f'"{PREFIX}{name}"' in text and "enum" not in SCHEMAS[name]}
    assert used - set(CLASSES) == {"PostedEvent"}


def lost(name: str, schemas: Mapping[str, Any]) -> list[str]:
    """Say what of a value that holds everything is not the same after it was read and written."""
    whole = full(schemas[name], schemas)
    try:
        again = json.loads(msgspec.json.encode(msgspec.json.decode(json.dumps(whole), type=CLASSES[name])))
    except msgspec.ValidationError as error:
        return [str(error)]
    return [field for field in whole.keys() | again.keys() if whole.get(field) != again.get(field)]


@pytest.mark.parametrize("name", sorted(n for n, c in CLASSES.items() if c.__module__ == answers.__name__))
def test_an_answer_needs_what_is_required_and_passes_over_what_is_added(name: str) -> None:
    """What is optional may be left out; an unknown code, an unknown field and an unknown event type can be read."""
    schema = SCHEMAS[name]
    whole = full(schema, SCHEMAS)
    least = {field: value for field, value in whole.items() if field in schema.get("required", ())}
    text = json.dumps(least | {"addedLater": {"deep": [1]}})
    read = msgspec.json.decode(text, type=CLASSES[name])
    assert json.loads(msgspec.json.encode(read)).items() >= least.items()
    for field in least:
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps({k: v for k, v in least.items() if k != field}), type=CLASSES[name])


def test_a_code_that_is_added_later_can_be_read() -> None:
    given = full(SCHEMAS["ThreadView"], SCHEMAS) | {"status": "pausedByCourt", "kind": "mediation"}
    assert msgspec.convert(given, answers.ThreadView).status == "pausedByCourt"


def test_codes_are_those_of_the_description() -> None:
    known = {name: found for name, found in vars(codes).items() if name in SCHEMAS}
    assert len(known) > 40
    for name, found in known.items():
        assert list(get_args(found)) == SCHEMAS[name]["enum"], name


def test_a_webhook_has_the_fields_of_the_description() -> None:
    for hook in DOCUMENT["webhooks"].values():
        reference = hook["post"]["requestBody"]["content"]["application/cloudevents+json"]["schema"]["$ref"]
        schema = SCHEMAS[reference.removeprefix(PREFIX)]
        assert set(schema["properties"]) <= set(Webhook.__struct_encode_fields__)
    assert set(Webhook.__struct_encode_fields__) == set(SCHEMAS["DossierEvent"]["properties"])


def test_the_models_are_up_to_date() -> None:
    """When this fails: `make client`, and commit the result."""
    for name, text in python(DOCUMENT).items():
        assert (PACKAGE / name).read_text("utf-8") == text, name


def test_check_notices_what_is_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["generate", "--check"])
    assert generate.main() == 0
    changed = copy.deepcopy(DOCUMENT)
    properties = changed["components"]["schemas"]["ThreadView"]["properties"]
    properties["dueBy"] = properties.pop("dueAt")
    monkeypatch.setattr(generate, "document", lambda: changed)
    assert generate.main() == 1
    assert "answers.py" in capsys.readouterr().out


async def test_a_misspelt_field_is_no_step() -> None:
    """Types say so too: without the remarks, mypy would fail here."""
    with pytest.raises(TypeError):
        steps.HandoverAccepted(councellor="vdab.bemiddelaar-1")  # type: ignore[call-arg]
    steps.HandoverAccepted(counsellor="vdab.bemiddelaar-1", reached_by="pigeon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="id"):
        await client_of(Described()).read_dossier("")
    with pytest.raises(TypeError):
        await client_of(Described()).list_events(dossier=ID)  # type: ignore[call-arg]
