"""The events in AsyncAPI: valid, and true of the webhooks that go out and of what VDAB's software may send."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator
from tests.delivery.support import Receiver, receiving
from tests.instance import Instance, eventually
from tests.story.stories import STORIES
from tests.story.telling import OCMW, VDAB, Story
from tests.web import test_inbound as inbound
from tests.web.test_openapi import EVENTS, FILES

from handover.access import senders
from handover.adapters.vdab.inbound import TYPES as VDAB_TYPES
from handover.delivery.checkpoints import Checkpoints
from handover.delivery.destinations import Destinations
from handover.delivery.sender import Sender
from handover.delivery.worker import WorkerOptions
from handover.domain.kinds import EVENT_TYPES

ROOT = Path(__file__).parents[2]
MESSAGES = EVENTS["components"]["messages"]


def faults(message: dict[str, Any], given: object) -> list[str]:
    """Say what the payload of a message has against a value."""
    schema = message["payload"] | {"components": EVENTS["components"]}
    found = Draft7Validator(schema, validate_formats=True).iter_errors(given)
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in found]


def named(channel: str, name: str) -> dict[str, Any]:
    """Give the one message of a channel with this name."""
    references = EVENTS["channels"][channel]["messages"].values()
    messages = [MESSAGES[reference["$ref"].rpartition("/")[2]] for reference in references]
    (found,) = [
        message for message in messages if message["name"] == name and message["title"] != "RegistreerToeleiding"
    ]
    return dict(found)


async def linted(*files: Path) -> tuple[int, str]:
    program = ROOT / "tests" / "node" / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"
    process = await asyncio.create_subprocess_exec(
        "node", program, "lint", "--fail-severity=hint", "--ruleset", ROOT / "openapi" / "spectral.yaml", *files,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_spectral_has_nothing_against_the_descriptions() -> None:
    code, said = await linted(*(ROOT / "openapi" / name for name in FILES))
    assert code == 0, said


@pytest.mark.parametrize(
    ("file", "at", "value", "rule"),
    [
        ("handover-v1-events.json", ("channels", "feed", "address"), 5, "asyncapi-3-document"),
        ("handover-v1-events.json", ("operations", "streamFeed", "action"), "shout", "asyncapi-3-document"),
        ("handover-v1.json", ("paths", "/v1/dossiers", "post", "operationId"), "listDossiers", "operationId-unique"),
        ("handover-v1-3.0.json", ("components", "schemas", "Taken", "type"), "thing", "oas3-schema"),
    ],
)
async def test_the_lint_can_fail(tmp_path: Path, file: str, at: tuple[str, ...], value: object, rule: str) -> None:
    document = inner = json.loads(FILES[file])
    for name in at[:-1]:
        inner = inner[name]
    assert inner[at[-1]] != value
    inner[at[-1]] = value
    (tmp_path / file).write_text(json.dumps(document), "utf-8")
    code, said = await linted(tmp_path / file)
    assert code == 1
    assert rule in said


async def test_the_service_answers_the_same_description(shared: Instance) -> None:
    assert (await shared.http.get("/doc/asyncapi.json")).json() == EVENTS


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def test_every_webhook_of_three_stories_is_as_described(working: Instance, receiver: Receiver) -> None:
    for party, content in ((VDAB, "full"), (OCMW, "thin")):
        made = await working.party(party).post("/v1/subscriptions", {"url": receiver.url, "content": content})
        await working.party(party).post(f"/v1/subscriptions/{made.json()['subscriptionId']}/test")
    for client, story in enumerate(STORIES, start=1):
        await story(Story(working, client, lambda _: None))
    working.worker.clock.offset = timedelta(days=800)
    await _checkpoint(working)

    async def all_came() -> bool:
        return not await working.pool.fetchval("SELECT count(*) FROM delivery WHERE state = 'pending'")

    await eventually(all_came, seconds=60)
    told: list[dict[str, Any]] = [hook.event for hook in receiver.hooks]
    for event in told:
        assert faults(message_of(event), event) == [], event
    kinds = {event["type"] for event in told if event["type"] in {kind.cloud_type for kind in EVENT_TYPES.values()}}
    assert len(kinds) > 45
    assert {"handover.v1.test", "handover.v1.checkpoint"} < {event["type"] for event in told}
    full = [event for event in told if "event" in event["data"]]
    assert len(full) > 60
    _would_show(full)


async def _checkpoint(instance: Instance) -> None:
    made = instance.worker
    options = WorkerOptions(base_url=made.settings.base_url, demonstration=True)
    checkpoints = Checkpoints(
        pool=made.pool, log=made.log, sealer=made.sealer, directory=made.directory, clock=made.clock, options=options
    )
    await made.log.seal(made.clock.now())
    async with Sender(Destinations(demonstration=True)) as sender:
        assert await checkpoints.send(sender)


def message_of(event: dict[str, Any]) -> dict[str, Any]:
    own = {"handover.v1.test": "SubscriptionTest", "handover.v1.checkpoint": "LogCheckpoint"}
    return named("webhook", own.get(event["type"], event["type"]))


def _would_show(full: list[dict[str, Any]]) -> None:
    """The check would see another type's data, a missing attribute, a wrong code."""
    intake = next(event for event in full if event["data"]["type"] == "intake.recorded")
    message = message_of(intake)
    assert faults(named("webhook", EVENT_TYPES["training.started"].cloud_type), intake)
    assert faults(message, {name: value for name, value in intake.items() if name != "sequence"})
    event = intake["data"]["event"]
    wrong = intake | {"data": intake["data"] | {"event": event | {"data": event["data"] | {"targetGroup": "rich"}}}}
    assert faults(message, wrong)


async def test_what_vdab_may_send_is_described_and_taken_as_described(api: Instance) -> None:
    sender = inbound.Vdab(api.http)
    await senders.add(api.worker.pool, "vdab", sender.public, api.worker.clock.now())
    steps = inbound.steps(sender, *await inbound.referred(api))
    for event in steps:
        assert faults(named("inboundVdab", event["type"]), event) == []
        assert faults(named("inboundVdab", event["type"]), event | {"data": {"step": {"colour": 1}}})
    assert faults(MESSAGES["VdabEvents"], steps) == []
    answer = (await sender.send(steps)).json()
    assert {item["status"] for item in answer["items"]} == {201}
    assert faults(MESSAGES["TakenEvents"], answer) == []
    assert faults(MESSAGES["Taken"], (await sender.send(steps[0])).json()) == []
    assert faults(MESSAGES["Problem"], (await sender.send({"specversion": "1.0"})).json()) == []


def test_every_example_is_what_its_message_describes() -> None:
    examples = {name: example["payload"] for name, m in MESSAGES.items() for example in m.get("examples", ())}
    assert len(examples) > 220
    for name, payload in examples.items():
        assert faults(MESSAGES[name], payload) == [], name


def test_every_type_has_its_messages() -> None:
    sent = {message["name"] for message in MESSAGES.values()}
    assert {kind.cloud_type for kind in EVENT_TYPES.values()} < sent
    assert {theirs for theirs, ours in VDAB_TYPES.items() if EVENT_TYPES[ours].is_posted} < sent
    for name, message in MESSAGES.items():
        assert message["summary"], name
