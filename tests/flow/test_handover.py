"""The main job: a referral from request to completion, every step seen on the other side in inbox, feed and webhook."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook
from tests.instance import Instance, eventually

COUNSELLOR = "trajectbegeleider-1"
ROAD = (
    ("vdab", "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}, "accepted"),
    (
        "vdab",
        "handover.contacted",
        {"contactedAt": "2026-11-20T10:00:00Z", "means": "threeWayTalk", "present": ["client", "sender"]},
        "inProgress",
    ),
    ("vdab", "handover.progressed", {"whatHappened": "Training.", "nextStep": "Solliciteren."}, "inProgress"),
    (
        "vdab",
        "handover.completed",
        {"outcome": "employed", "senderMustStill": "Leefloon stoppen."},
        "completed",
    ),
)


@dataclass
class Receiver:
    """A real HTTP receiver that checks signatures as a customer would."""

    url: str
    secret: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Take a webhook in."""
        body = await request.read()
        try:
            Webhook(self.secret).verify(body, dict(request.headers))
        except Exception:  # noqa: BLE001 - whatever the verifier says no with
            self.refused += 1
            return web.Response(status=401)
        self.bodies.append(json.loads(body))
        return web.Response(status=204)


@pytest.fixture
async def receive() -> AsyncIterator[Callable[[], Awaitable[Receiver]]]:
    runners = []

    async def start() -> Receiver:
        receiver = Receiver("")
        application = web.Application()
        application.router.add_post("/", receiver.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        return receiver

    yield start
    await asyncio.gather(*(runner.cleanup() for runner in runners))


async def test_a_referral_from_request_to_completion(
    instance: Instance, receive: Callable[[], Awaitable[Receiver]]
) -> None:
    ocmw, vdab = instance.party("ocmw-lindedal", COUNSELLOR), instance.party("vdab")
    sides, software = {"ocmw-lindedal": ocmw, "vdab": vdab}, instance.party("ocmw-lindedal")
    receivers = {}
    for slug, party in sides.items():
        receivers[slug] = await receive()
        manages = software if party is ocmw else party
        made = await manages.post("/v1/subscriptions", {"url": receivers[slug].url})
        assert made.status_code == 201, made.text
        receivers[slug].secret = made.json()["secret"]

    dossier_id = await ocmw.open()
    assert (await vdab.get(f"/v1/dossiers/{dossier_id}")).status_code == 404
    requested = await ocmw.step(
        dossier_id,
        "handover.requested",
        {
            "receiver": "vdab",
            "purpose": "guidanceToWork",
            "summary": "Zoekt werk in een magazijn.",
            "contact": "ocmw-lindedal.trajectbegeleider-1",
            "legalBasisId": "demo-protocol",
        },
    )
    thread_id = requested["threadId"]

    async def status() -> str | None:
        threads = (await ocmw.get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"]
        return next((t["status"] for t in threads if t["threadId"] == thread_id), None)

    async def is_received() -> bool:
        return await status() == "received"

    await eventually(is_received)
    for who, kind, data, expected in ROAD:
        await sides[who].step(dossier_id, kind, data, thread_id)
        assert await status() == expected

    expected_types = ["handover.requested", "handover.received", *(kind for _, kind, _, _ in ROAD)]
    for slug, party in sides.items():
        receiver = receivers[slug]

        async def arrived(receiver: Receiver = receiver) -> bool:
            return any(b["data"]["type"] == "handover.completed" for b in receiver.bodies)

        await eventually(arrived)
        assert receiver.refused == 0
        kinds = [b["data"]["type"] for b in receiver.bodies if b["data"]["type"].startswith("handover.")]
        assert kinds == expected_types, slug
        sequences = [int(b["sequence"]) for b in receiver.bodies]
        assert sequences == sorted(sequences), "in order within the dossier"
        feed = (await party.get("/v1/events", pageSize=1000)).json()["items"]
        assert [e["type"] for e in feed if e["type"].startswith("handover.")] == expected_types
        assert [e["eventId"] for e in feed][-len(receiver.bodies) :] == [b["id"] for b in receiver.bodies]
        link = receiver.bodies[-1]["data"]["href"].removeprefix(instance.base_url)
        assert (await party.get(link)).json()["type"] == receiver.bodies[-1]["data"]["type"]

    async def news() -> list[Any]:
        items = (await ocmw.get("/v1/inbox")).json()["items"]
        return [i for i in items if i["group"] == "news" and i["type"] == "handover.completed"]

    assert (await eventually(news))[0]["client"]["familyName"] == "Een"
    marked = await ocmw.post("/v1/inbox/seen", {"items": [{"dossierId": dossier_id, "sequence": 1000}]})
    assert marked.status_code == 204
    assert await news() == []


async def test_a_rejected_referral_closes_what_it_opened_and_can_be_retried(instance: Instance) -> None:
    ocmw, vdab = instance.party("ocmw-lindedal"), instance.party("vdab")
    dossier_id = await ocmw.open()
    request = {
        "receiver": "vdab",
        "purpose": "training",
        "summary": "Wil een opleiding volgen.",
        "contact": "ocmw-lindedal.trajectbegeleider-1",
        "legalBasisId": "demo-protocol",
    }
    thread = (await ocmw.step(dossier_id, "handover.requested", request))["threadId"]
    rejected = await vdab.step(dossier_id, "handover.rejected", {"reason": "noCapacity"}, thread)
    assert rejected["threads"][0]["turn"]["organisation"] == "ocmw-lindedal"
    assert (await vdab.get(f"/v1/dossiers/{dossier_id}")).status_code == 404
    last = await vdab.get(f"/v1/dossiers/{dossier_id}/events/{rejected['eventId']}")
    assert last.status_code == 200, "the link in the last webhooks must still work"
    retried = await ocmw.step(dossier_id, "handover.retried", {}, thread)
    old, new = retried["threads"]
    assert (old["status"], new["status"]) == ("closed", "requested")
    assert new["correlationId"] == old["correlationId"]
    assert (await vdab.get(f"/v1/dossiers/{dossier_id}")).status_code == 200


async def test_what_was_not_referred_stays_unseen(instance: Instance) -> None:
    ocmw, vdab, other = (instance.party(o) for o in ("ocmw-lindedal", "vdab", "ocmw-waterhoek"))
    dossier_id = await ocmw.open()
    await ocmw.step(
        dossier_id, "intake.recorded", {"targetGroup": "livingWage", "workWish": "unsure", "situation": "x"}
    )
    for stranger in (vdab, other):
        for path in ("", "/events", "/threads"):
            assert (await stranger.get(f"/v1/dossiers/{dossier_id}{path}")).status_code == 404
        assert (await stranger.get("/v1/events")).json()["items"] == []
        found = await stranger.post("/v1/dossiers/search", {"ssin": "80010100107"})
        assert found.json()["items"] == []


async def test_a_referral_brings_the_history_along_and_delivers_none_of_it(instance: Instance) -> None:
    ocmw, vdab, moved_to = (instance.party(o) for o in ("ocmw-lindedal", "vdab", "ocmw-waterhoek"))
    dossier_id = await ocmw.open()
    intake = {"targetGroup": "livingWage", "workWish": "unsure", "situation": "x", "ownNote": "alleen voor ons"}
    await ocmw.step(dossier_id, "intake.recorded", intake)
    request = {
        "receiver": "vdab",
        "purpose": "orientation",
        "summary": "Zoekt richting.",
        "contact": "ocmw-lindedal.trajectbegeleider-1",
        "legalBasisId": "demo-protocol",
    }
    requested = await ocmw.step(dossier_id, "handover.requested", request)
    timeline = (await vdab.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"]
    read = next(e for e in timeline if e["type"] == "intake.recorded")
    assert read["data"]["situation"] == "x"
    assert "ownNote" not in read["data"], "an internal field stays inside"
    feed = (await vdab.get("/v1/events")).json()["items"]
    assert min(e["sequence"] for e in feed) == requested["sequence"], "joining delivers nothing older"

    await moved_to.open(capacity="livingWage")
    theirs = (await moved_to.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"]
    assert [e["type"] for e in theirs] == ["dossier.inscriptionOpened"], "a second OCMW sees from its join on"
    assert (await moved_to.get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"] == []
