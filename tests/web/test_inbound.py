"""What VDAB's software sends signed: taken once, answered per event, in order or not; refused when tampered with."""

import base64
import itertools
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.instance import OPENING, Instance, number
from tests.web.test_belgif import REFERRAL

from handover.access import senders
from handover.adapters.vdab import inbound as vdab
from handover.adapters.vdab.reasons import FIELDS, MEANS, VdabReason, ours
from handover.adapters.vdab.toeleiding import Contact, Partner, Toeleiding, read, written
from handover.domain.codes import Purpose
from handover.domain.codes_follow_up import AbsenceReason
from handover.domain.codes_non_cooperation import NonCooperationAct
from handover.domain.kinds import EVENT_TYPES

PATH = "/v1/inbound/vdab"
FIRST = "vdab.v1.dossiers.handovers.notify"
ACCEPTED = {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}


@dataclass
class Vdab:
    """VDAB's software: it signs what it sends."""

    http: httpx.AsyncClient
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    count: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def public(self) -> str:
        return "whpk_" + base64.b64encode(self.private.public_key().public_bytes_raw()).decode()

    def event(self, name: str, dossier_id: str, data: object, **more: object) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"e{next(self.count)}",
            "source": "https://vdab.example/dossiers",
            "type": name,
            "subject": dossier_id,
            "data": data,
        } | more

    async def send(self, body: object, **headers: str) -> httpx.Response:
        raw = json.dumps(body).encode()
        return await self.send_raw(raw, batch=isinstance(body, list), **headers)

    async def send_raw(self, raw: bytes, *, batch: bool = False, **changed: str) -> httpx.Response:
        sent = str(int(datetime.now(UTC).timestamp()))
        name = f"m{next(self.count)}"
        named = {"webhook_id": name, "webhook_timestamp": sent} | changed
        content = f"{named['webhook_id']}.{named['webhook_timestamp']}.".encode() + raw
        headers = {
            "webhook-id": named["webhook_id"],
            "webhook-timestamp": named["webhook_timestamp"],
            "webhook-signature": changed.get("webhook_signature", self.signed(content)),
            "content-type": changed.get("content_type", vdab.BATCH if batch else vdab.SINGLE),
        }
        return await self.http.post(PATH, content=raw, headers=headers)

    def signed(self, content: bytes) -> str:
        return "v1a," + base64.b64encode(self.private.sign(content)).decode()


@pytest.fixture
async def sender(api: Instance) -> Vdab:
    found = Vdab(api.http)
    await senders.add(api.worker.pool, "vdab", found.public, datetime.now(UTC))
    return found


async def referred(api: Instance, n: int = 100) -> tuple[str, str]:
    ocmw = api.party("ocmw-lindedal")
    dossier_id = await ocmw.open(ssin=number(n))
    event = await ocmw.step(dossier_id, "handover.requested", REFERRAL)
    return dossier_id, str(event["threadId"])


async def recorded(api: Instance, dossier_id: str) -> list[str]:
    events = (await api.party("ocmw-lindedal").get(f"/v1/dossiers/{dossier_id}/events")).json()["items"]
    return [event["type"] for event in events if event["organisation"] == "vdab"]


async def test_an_event_is_recorded_once_however_often_it_comes(api: Instance, sender: Vdab) -> None:
    dossier_id, thread_id = await referred(api)
    at = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
    event = sender.event(f"{FIRST}.accepted", dossier_id, {"threadId": thread_id, "step": ACCEPTED}, time=at)
    first = await sender.send(event)
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["id"], told["status"], told["repeated"], told["threadId"]) == (event["id"], 201, False, thread_id)
    for again in (event, dict(reversed(event.items()))):
        repeated = await sender.send(again)
        assert repeated.status_code == 201
        assert repeated.json() == told | {"repeated": True}
    (batched,) = (await sender.send([event])).json()["items"]
    assert batched == told | {"repeated": True}, "alone or in a batch, it is the same event"
    assert (await recorded(api, dossier_id)).count("handover.accepted") == 1
    read = await api.party("ocmw-lindedal").get(f"/v1/dossiers/{dossier_id}/events/{told['eventId']}")
    found = read.json()
    assert found["actor"] == {"name": "VDAB webhook", "application": "VDAB webhook"}
    assert datetime.fromisoformat(found["occurredAt"]) == datetime.fromisoformat(at)

    otherwise = {"threadId": thread_id, "step": ACCEPTED | {"counsellor": "vdab.bemiddelaar-2"}}
    other = await sender.send(event | {"data": otherwise})
    assert other.status_code == 422, "the same id may not say something else"
    assert "Idempotency-Key" not in other.text, "a sender never heard of one"


async def test_only_what_vdab_signed_is_taken(api: Instance, sender: Vdab) -> None:
    dossier_id, _ = await referred(api)
    event = sender.event(f"{FIRST}.accepted", dossier_id, {"step": ACCEPTED})
    raw = json.dumps(event).encode()
    stranger = Vdab(api.http)
    signed = sender.signed(b"m.1." + raw)
    stale = str(int((datetime.now(UTC) - timedelta(minutes=6)).timestamp()))
    fresh = str(int(datetime.now(UTC).timestamp()))
    taken = sender.signed(f"m.{fresh}.".encode() + raw)
    for name, answer in {
        "another key": await stranger.send_raw(raw),
        "another body": await sender.send_raw(
            raw.replace(b"phone", b"email"), webhook_id="m", webhook_timestamp=fresh, webhook_signature=taken
        ),
        "another id": await sender.send_raw(raw, webhook_id="n", webhook_timestamp=fresh, webhook_signature=taken),
        "too old": await sender.send_raw(raw, webhook_timestamp=stale),
        "in the future": await sender.send_raw(raw, webhook_timestamp=str(int(fresh) + 400)),
        "no signature": await sender.send_raw(raw, webhook_signature=""),
        "a shared secret's": await sender.send_raw(raw, webhook_signature=signed.replace("v1a", "v1")),
        "no base64": await sender.send_raw(raw, webhook_signature="v1a,***"),
        "no moment": await sender.send_raw(raw, webhook_timestamp="soon"),
        "a token": await api.http.post(
            PATH,
            content=raw,
            headers={"content-type": vdab.SINGLE, "authorization": f"Bearer {api.party('vdab').token}"},
        ),
    }.items():
        assert answer.status_code == 401, name
        assert answer.headers["content-type"] == "application/problem+json"
        assert "whpk_" not in answer.text
    assert await recorded(api, dossier_id) == []
    assert (await sender.send_raw(raw, webhook_id="m", webhook_timestamp=fresh, webhook_signature=taken)).is_success
    await senders.remove(api.worker.pool, "vdab", sender.public)
    assert (await sender.send_raw(raw)).status_code == 401, "a key that was removed is believed no more"


async def test_several_signatures_may_stand_side_by_side(api: Instance, sender: Vdab) -> None:
    dossier_id, _ = await referred(api)
    raw = json.dumps(sender.event(f"{FIRST}.accepted", dossier_id, {"step": ACCEPTED})).encode()
    sent = str(int(datetime.now(UTC).timestamp()))
    content = f"m.{sent}.".encode() + raw
    both = f"{Vdab(api.http).signed(content)} v1,c2hhcmVk {sender.signed(content)}"
    answer = await sender.send_raw(raw, webhook_id="m", webhook_timestamp=sent, webhook_signature=both)
    assert answer.status_code == 201
    (key,) = await senders.listed(api.worker.pool)
    assert key.heard_at is not None


async def test_an_ocmws_key_opens_nothing_here(api: Instance) -> None:
    dossier_id, _ = await referred(api)
    ocmw = Vdab(api.http)
    await senders.add(api.worker.pool, "ocmw-lindedal", ocmw.public, datetime.now(UTC))
    event = ocmw.event("vdab.v1.dossiers.dossiers.notify.closed", dossier_id, {"step": {}})
    assert (await ocmw.send(event)).status_code == 401


def steps(sender: Vdab, dossier_id: str, thread_id: str) -> list[dict[str, Any]]:
    """Give what VDAB does in one referral, as its software numbers it."""
    now = datetime.now(UTC)
    meeting = (now + timedelta(days=9)).isoformat()
    contacted = {"contactedAt": now.isoformat(), "means": "jointIntake", "present": ["client", "receiver"]}
    work = {"whatHappened": "Gesprek gehad.", "nextStep": "Volgende week opnieuw."}
    told: list[tuple[str, dict[str, Any]]] = [
        (f"{FIRST}.accepted", ACCEPTED),
        (f"{FIRST}.contacted", contacted),
        (f"{FIRST}.progressed", work),
        ("vdab.v1.dossiers.followUps.notify.appointmentPlanned", {"appointmentAt": meeting, "subject": "Opvolging"}),
    ]
    return [
        sender.event(
            name,
            dossier_id,
            {"step": step} | ({"threadId": thread_id} if name.startswith(FIRST) else {}),
            sequence=f"{n:010}",
            time=now.isoformat(),
        )
        for n, (name, step) in enumerate(told, start=1)
    ]


async def test_a_batch_is_taken_in_order_and_answered_in_the_order_it_came(api: Instance, sender: Vdab) -> None:
    one, other = await referred(api, 101), await referred(api, 102)
    events = [*steps(sender, *one), *steps(sender, *other)]
    random.Random(7).shuffle(events)  # noqa: S311 - no secret
    broken = [{"specversion": "1.0"}, sender.event("vdab.v1.dossiers.handovers.notify.flown", one[0], {"step": {}})]
    answer = await sender.send([broken[0], *events, broken[1]])
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [400, *[201] * len(events), 400]
    assert [item["id"] for item in items[1:-1]] == [event["id"] for event in events]
    assert items[-1]["problem"]["issues"][0]["name"] == "type"
    for dossier_id in (one[0], other[0]):
        assert await recorded(api, dossier_id) == [
            "dossier.inscriptionOpened",
            "handover.accepted",
            "handover.contacted",
            "handover.progressed",
            "followUp.appointmentPlanned",
        ] or "handover.progressed" in await recorded(api, dossier_id)
        kinds = [kind for kind in await recorded(api, dossier_id) if kind.startswith("handover.")]
        assert kinds == ["handover.accepted", "handover.contacted", "handover.progressed"]


async def test_numbers_that_are_none_leave_the_order_as_it_came(api: Instance, sender: Vdab) -> None:
    dossier_id, thread_id = await referred(api)
    events = steps(sender, dossier_id, thread_id)[:3]
    for number_, event in zip(("²", "9" * 5000, "-1"), events, strict=True):
        event["sequence"] = number_
    items = (await sender.send(events)).json()["items"]
    assert [item["status"] for item in items] == [201, 201, 201]


async def test_what_comes_too_early_is_taken_when_it_comes_again(api: Instance, sender: Vdab) -> None:
    dossier_id, thread_id = await referred(api)
    events = steps(sender, dossier_id, thread_id)[:3]
    waiting, tries = [*reversed(events), events[0]], 0
    while waiting:
        again = []
        for event in waiting:
            tries += 1
            answer = await sender.send([event])
            (item,) = answer.json()["items"]
            if item["status"] != 201:
                assert (item["status"], item["retry"]) == (409, True), item
                again.append(event)
        assert len(again) < len(waiting), "each round brings it further"
        waiting = again
    assert tries > len(events) + 1, "some came too early"
    kinds = [kind for kind in await recorded(api, dossier_id) if kind.startswith("handover.")]
    assert kinds == ["handover.accepted", "handover.contacted", "handover.progressed"]


async def test_the_thread_need_not_be_named_where_it_can_only_be_one(api: Instance, sender: Vdab) -> None:
    dossier_id, thread_id = await referred(api)
    planned = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    for name, step in (
        (f"{FIRST}.accepted", ACCEPTED),
        ("vdab.v1.dossiers.followUps.notify.appointmentPlanned", {"appointmentAt": planned, "subject": "Opvolging"}),
    ):
        assert (await sender.send(sender.event(name, dossier_id, {"step": step}))).status_code == 201
    missed = sender.event("vdab.v1.dossiers.followUps.notify.unattended", dossier_id, {"step": {"reason": "A080-11"}})
    answer = await sender.send(missed)
    assert answer.status_code == 201, answer.text
    found = await api.party("ocmw-lindedal").get(f"/v1/dossiers/{dossier_id}/events/{answer.json()['eventId']}")
    assert found.json()["data"]["reason"] == "illness", "VDAB's number is one of ours"

    last: dict[str, Any] = {}
    for _ in range(2):
        step = {"appointmentAt": planned, "subject": "Nog een"}
        body = sender.event("vdab.v1.dossiers.followUps.notify.appointmentPlanned", dossier_id, {"step": step})
        last = (await sender.send(body)).json()
    unclear = await sender.send(missed | {"id": "unclear"})
    assert unclear.status_code == 400, "two appointments: which was missed must be said"
    assert unclear.json()["issues"][0]["name"] == "data.threadId"
    threads = (await api.party("vdab").get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"]
    correlation = next(t["correlationId"] for t in threads if t["threadId"] == last["threadId"])
    clear = await sender.send(missed | {"id": "clear", "correlationid": correlation})
    assert clear.status_code == 201, clear.text
    assert clear.json()["threadId"] == last["threadId"]
    assert thread_id != last["threadId"]


async def test_what_is_wrong_is_named_and_not_repeated(api: Instance, sender: Vdab) -> None:
    dossier_id, _ = await referred(api)
    good = sender.event(f"{FIRST}.accepted", dossier_id, {"step": ACCEPTED})
    secret = "80010100107"
    for change, name in (
        ({"data": {"step": ACCEPTED | {"counsellor": 7}}}, "data.step.counsellor"),
        ({"data": {"step": {"note": secret}}}, "data.step.counsellor"),
        ({"data": {"step": ACCEPTED, "more": secret}}, "data"),
        ({"data": secret}, "data"),
        ({"specversion": "0.3"}, "specversion"),
        ({"source": ""}, "source"),
        ({"time": "gisteren"}, ""),
        ({"subject": secret}, "subject"),
        ({"type": secret}, "type"),
        ({"id": "x" * 501}, "id"),
        ({"time": "9999-12-31T23:59:59Z"}, "time"),
    ):
        answer = await sender.send(good | {"id": f"w-{name}-{len(str(change))}"} | change)
        assert answer.status_code == 400, (change, answer.text)
        assert name in {issue.get("name", "") for issue in answer.json()["issues"]}, change
        assert secret not in answer.text
    unseen = await api.party("ocmw-waterhoek").open(ssin=number(500), givenName="Iemand")
    for subject in (unseen, "01a2039f-8f32-7d21-ab59-99e3cbca2aa3"):
        answer = await sender.send(sender.event(f"{FIRST}.accepted", subject, {"step": ACCEPTED}))
        assert answer.status_code == 404
    for raw, batch in ((b"{", False), (b"{}", True), (b"[" * 2000, True), (b"\xff", False), (b"[]" * 3, True)):
        assert (await sender.send_raw(raw, batch=batch)).status_code == 400
    assert (await sender.send([good] * (vdab.MOST_EVENTS + 1))).status_code == 400
    assert (await sender.send_raw(b"{}", content_type="application/json")).status_code == 415
    assert await recorded(api, dossier_id) == []


def message(**changes: Any) -> str:  # noqa: ANN401 - fields of a toeleiding
    """Give a referral by VDAB to the OCMW, in XML."""
    values: dict[str, Any] = {
        "reference": "r1",
        "toeleiding_id": "t1",
        "ssin": number(300),
        "family_name": OPENING["familyName"],
        "given_name": OPENING["givenName"],
        "birth_date": date(1980, 1, 1),
        "sender": Partner(
            kind="VDAB", enterprise_number=VDAB_NUMBER, contact=Contact(family_name="Bemiddelaar VDAB 1")
        ),
        "receiver": Partner(kind="OCMW", enterprise_number=OCMW_NUMBER),
        "purpose": Purpose.SOCIAL_SUPPORT,
        "explanation": "Heeft schulden.",
    }
    return written(Toeleiding(**values | changes), at=datetime.now(UTC), sender="vdab.example").decode()


VDAB_NUMBER, OCMW_NUMBER = "", ""


@pytest.fixture(autouse=True)
async def _numbers(api: Instance) -> None:
    known = api.services.directory_now().organisations
    global VDAB_NUMBER, OCMW_NUMBER
    VDAB_NUMBER, OCMW_NUMBER = known["vdab"].enterprise_number, known["ocmw-lindedal"].enterprise_number


async def test_a_referral_in_magdas_xml_becomes_a_request_and_is_written_as_one(api: Instance, sender: Vdab) -> None:
    xml = {"datacontenttype": "application/xml"}
    event = sender.event(f"{FIRST}.requested", "", message(), **xml)
    first = await sender.send(event)
    assert first.status_code == 201, first.text
    assert (await sender.send(event)).json() == first.json() | {"repeated": True}
    told = first.json()
    ocmw = api.party("ocmw-lindedal")
    dossier = (await ocmw.get(f"/v1/dossiers/{told['dossierId']}")).json()
    assert (dossier["client"]["ssin"], dossier["client"]["familyName"]) == (number(300), OPENING["familyName"])
    here = f"/v1/dossiers/{told['dossierId']}/events/{told['eventId']}"
    data = (await ocmw.get(here)).json()["data"]
    assert (data["summary"], data["receiver"], data["purpose"]) == (
        "Heeft schulden.",
        "ocmw-lindedal",
        "socialSupport",
    )
    assert data["contact"] == "vdab.bemiddelaar-1"

    answer = await ocmw.get(f"{here}/toeleiding")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "application/xml")
    assert "no-store" in answer.headers["cache-control"]
    back = read(answer.content)
    sent = read(message().encode())
    assert (back.ssin, back.purpose, back.explanation) == (sent.ssin, sent.purpose, sent.explanation)
    assert (back.sender.enterprise_number, back.receiver.enterprise_number) == (VDAB_NUMBER, OCMW_NUMBER)
    assert (back.given_name, back.family_name, back.birth_date) == (
        sent.given_name,
        sent.family_name,
        sent.birth_date,
    )
    assert (await api.party("ocmw-waterhoek").get(f"{here}/toeleiding")).status_code == 404
    accepted = (await ocmw.get(f"/v1/dossiers/{told['dossierId']}/events")).json()["items"][0]
    other = await ocmw.get(f"/v1/dossiers/{told['dossierId']}/events/{accepted['eventId']}/toeleiding")
    assert other.status_code == 400


async def test_a_referral_in_xml_that_does_not_fit_says_why(api: Instance, sender: Vdab) -> None:
    xml = {"datacontenttype": "application/xml; charset=utf-8"}
    entity = "<!DOCTYPE a [<!ENTITY b 'c'>]>" + message().partition("?>")[2]
    for text, said in (
        (message(receiver=Partner(kind="OCMW", enterprise_number="0999999922")), "Naar"),
        (message(sender=Partner(kind="VDAB", enterprise_number=OCMW_NUMBER)), "Van"),
        (message(ssin="80010100108"), "national number"),
        (message(family_name=""), "Personalia"),
        (message(family_name="x" * 201), "Personalia"),
        (message(explanation="x" * 4001), "RedenOmschrijving"),
        (message(birth_date=date(1, 1, 1)), "1900"),
        (message(receiver=Partner(kind="VDAB", enterprise_number=VDAB_NUMBER)), "Naar"),
        (entity, "document type"),
        ("<a/>", "Vraag"),
        ("geen xml", "no XML"),
    ):
        answer = await sender.send(sender.event(f"{FIRST}.requested", "", text, **xml))
        assert answer.status_code == 400, said
        (issue,) = answer.json()["issues"]
        assert said in issue["detail"], issue
        assert number(300) not in answer.text
    assert await api.pool.fetchval("SELECT count(*) FROM dossier") == 0, "nothing half done"
    joined = await api.party("ocmw-lindedal").open(ssin=number(300))
    fits = await sender.send(sender.event(f"{FIRST}.requested", "", message(), **xml))
    assert fits.json()["dossierId"] == joined, "where the OCMW has the client already, VDAB joins"
    wrong = await sender.send(sender.event(f"{FIRST}.requested", "", message(given_name="Ander"), **xml))
    assert wrong.status_code == 409


async def test_a_referral_that_is_refused_leaves_nothing_behind(api: Instance, sender: Vdab) -> None:
    """Neither a dossier of nobody's request, nor a place in one of others."""
    xml = {"datacontenttype": "application/xml"}
    joined = await api.party("ocmw-lindedal").open(ssin=number(300))
    later = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    for text, more in (
        (message(), {"time": later}),
        (message(ssin=number(301)), {"time": later}),
        (message(ssin=number(302), birth_date=date(2199, 1, 1)), {}),
    ):
        answer = await sender.send(sender.event(f"{FIRST}.requested", "", text, **xml, **more))
        assert answer.status_code == 400, answer.text
    assert (await api.party("vdab").get(f"/v1/dossiers/{joined}")).status_code == 404
    assert await api.pool.fetchval("SELECT count(*) FROM dossier") == 1
    fits = await sender.send(sender.event(f"{FIRST}.requested", "", message(), **xml))
    assert fits.status_code == 201
    noted = "SELECT count(*) FROM access_log WHERE organisation_id = 'vdab' AND dossier_id = $1"
    assert await api.pool.fetchval(noted, UUID(joined)) > 0, "whoever joins is noted, by whichever way"


@pytest.mark.parametrize("encoding", ["foo-bar", "rot13", "hex", "idna", "utf-16", "latin-1", "utf-7"])
async def test_xml_that_says_another_encoding_is_read_as_it_came(api: Instance, sender: Vdab, encoding: str) -> None:
    """It came as JSON text: what it says of its bytes is not so any more, and takes no other event with it."""
    dossier_id, _ = await referred(api)
    text = message(family_name="Één").replace("utf-8", encoding)
    assert encoding in text
    events = [
        sender.event(f"{FIRST}.accepted", dossier_id, {"step": ACCEPTED}),
        sender.event(f"{FIRST}.requested", "", text, datacontenttype="application/xml"),
    ]
    taken, read_too = (await sender.send(events)).json()["items"]
    assert (taken["status"], read_too["status"]) == (201, 201), read_too
    client = (await api.party("vdab").get(f"/v1/dossiers/{read_too['dossierId']}")).json()["client"]
    assert client["familyName"] == "Één"


async def test_one_event_that_breaks_takes_no_other_with_it(
    api: Instance, sender: Vdab, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier_id, thread_id = await referred(api)
    events = steps(sender, dossier_id, thread_id)[:2]

    def broken(*_: object) -> bytes:
        raise LookupError("geheim 80010100107")

    with monkeypatch.context() as patch:
        patch.setattr(vdab, "posted", broken)
        answer = await sender.send(events)
    assert answer.status_code == 200
    assert [(item["status"], "geheim" in str(item)) for item in answer.json()["items"]] == [(500, False)] * 2
    assert [item["status"] for item in (await sender.send(events)).json()["items"]] == [201, 201]


async def test_a_database_that_is_away_is_asked_once_for_a_batch(
    api: Instance, sender: Vdab, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier_id, thread_id = await referred(api)
    asked = 0

    async def away(*_: object, **__: object) -> object:
        nonlocal asked
        asked += 1
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(type(api.services.record), "handle", away)
        items = (await sender.send(steps(sender, dossier_id, thread_id)[:3])).json()["items"]
    assert [(item["status"], item["retry"]) for item in items] == [(503, True)] * 3
    assert asked == 1


async def test_the_same_name_with_anything_else_in_it_is_refused(api: Instance, sender: Vdab) -> None:
    dossier_id, thread_id = await referred(api)
    at = datetime.now(UTC)
    data = {"threadId": thread_id, "step": ACCEPTED}
    event = sender.event(f"{FIRST}.accepted", dossier_id, data, time=at.isoformat())
    assert (await sender.send(event)).status_code == 201
    for change in ({"time": (at - timedelta(hours=1)).isoformat()}, {"correlationid": "x"}):
        assert (await sender.send(event | change)).status_code == 422, change
    made = [
        vdab.CloudEvent(specversion="1.0", id=name, source=source, type="t")
        for source, name in (("a\nb", "c"), ("a", "b\nc"))
    ]
    assert made[0].key != made[1].key


async def test_what_no_repeating_mends_is_not_to_be_repeated(api: Instance, sender: Vdab) -> None:
    await api.party("ocmw-lindedal").open(ssin=number(300))
    text = message(given_name="Ander")
    event = sender.event(f"{FIRST}.requested", "", text, datacontenttype="application/xml")
    (item,) = (await sender.send([event])).json()["items"]
    assert (item["status"], item["retry"]) == (409, False)


async def test_two_headers_with_a_signature_are_refused(api: Instance, sender: Vdab) -> None:
    dossier_id, _ = await referred(api)
    raw = json.dumps(sender.event(f"{FIRST}.accepted", dossier_id, {"step": ACCEPTED})).encode()
    sent = str(int(datetime.now(UTC).timestamp()))
    good = sender.signed(f"m.{sent}.".encode() + raw)
    common = [("webhook-id", "m"), ("webhook-timestamp", sent), ("content-type", vdab.SINGLE)]
    for pair in ((good, "v1a,AAAA"), ("v1a,AAAA", good), (good, good)):
        headers = [*common, *(("webhook-signature", one) for one in pair)]
        assert (await api.http.post(PATH, content=raw, headers=headers)).status_code == 401


async def test_who_signs_is_let_in_whatever_others_do_from_the_same_address(api: Instance, sender: Vdab) -> None:
    dossier_id, _ = await referred(api)
    event = sender.event(f"{FIRST}.accepted", dossier_id, {"step": ACCEPTED})
    stranger = Vdab(api.http)
    while api.services.limits.must_wait("127.0.0.1") == 0:
        api.services.limits.refused("127.0.0.1")
    assert (await stranger.send(event)).status_code == 429
    assert (await sender.send(event)).status_code == 201


def test_every_reason_of_ours_has_one_of_vdabs() -> None:
    assert set(MEANS) == set(VdabReason)
    assert sorted(MEANS.values()) == sorted([*AbsenceReason, *NonCooperationAct])
    for theirs, own in MEANS.items():
        name = {kind: field for field, kind in FIELDS.items()}[type(own)]
        assert ours(name, str(theirs)) == str(own)
    assert ours("reason", "A080-20") == "A080-20", "a refusal is no reason to stay away"
    assert ours("subject", "A080-10") == "A080-10"
    assert ours("reason", ["A080-10"]) == ["A080-10"]


async def test_the_reasons_are_published_with_what_they_mean(api: Instance) -> None:
    party = api.party("vdab")
    items = (await party.get("/v1/refData/vdabReasons")).json()["items"]
    assert {item["code"] for item in items} == {str(reason) for reason in VdabReason}
    for item in items:
        address, _, code = item["means"].partition("#")
        listed = (await party.get(address.removeprefix(api.base_url))).json()["items"]
        assert code in {one["code"] for one in listed}


def test_every_type_has_a_name_of_theirs() -> None:
    assert sorted(vdab.TYPES.values()) == sorted(EVENT_TYPES)
    assert vdab.TYPES[f"{FIRST}.accepted"] == "handover.accepted"


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 9))) | st.none(),
        max_size=12,
    )
)
def test_order_keeps_every_event_and_sorts_numbered_dossiers(made: list[tuple[str, int | None] | None]) -> None:
    events = [
        None
        if one is None
        else vdab.CloudEvent(
            specversion="1.0",
            id=str(n),
            source="s",
            type="t",
            subject=one[0],
            sequence="" if one[1] is None else str(one[1]),
        )
        for n, one in enumerate(made)
    ]
    places = vdab.in_order(events)
    assert sorted(places) == list(range(len(events)))
    for subject in "ab":
        of = [(n, one[1]) for n in places if (one := made[n]) and one[0] == subject]
        numbers = [number for _, number in of]
        if None in numbers:
            assert of == sorted(of, key=lambda pair: pair[0]), "as they came"
        else:
            assert numbers == sorted(number for number in numbers if number is not None)
