"""Input that cannot be used: a 400 that names every fault, repeats no value, and nothing is stored."""

import json
from itertools import count

import pytest
from tests.instance import OPENING, Instance, number
from tests.web.support import BELGIF, CANARY, INPUT, NOBODY, OWN, issues, problem, send, stored

_clients = count(1)
DEEP = 100_000
UNREADABLE = {("schemaViolation", "")}
REFERRAL = {
    "receiver": "vdab",
    "purpose": "guidanceToWork",
    "summary": "Samen gesproken.",
    "contact": "ocmw-lindedal.trajectbegeleider-1",
    "legalBasisId": "demo-protocol",
}


def opening(**changes: object) -> bytes:
    return json.dumps(OPENING | CANARY | changes).encode()


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in OPENING.items() if k != name}).encode()


OPENINGS: dict[str, tuple[bytes, set[tuple[str, str]]]] = {
    "unknown field": (opening(colour="red"), {("unknownInput", "colour")}),
    "unknown field named by a number": (opening(**{"80010100107": 1}), {("unknownInput", "?")}),
    "every fault at once": (
        opening(colour="red", ssin=1, birthDate="soon"),
        {("unknownInput", "colour"), ("schemaViolation", "ssin"), ("schemaViolation", "birthDate")},
    ),
    **{f"without {name}": (without(name), {("schemaViolation", name)}) for name in OPENING},
    "empty object": (b"{}", {("schemaViolation", name) for name in OPENING}),
    "number for text": (opening(givenName=5), {("schemaViolation", "givenName")}),
    "list for text": (opening(familyName=["x"]), {("schemaViolation", "familyName")}),
    "null for text": (opening(familyName=None), {("schemaViolation", "familyName")}),
    "null for what may be left out": (opening(leadName=None), {("schemaViolation", "leadName")}),
    "blank name": (opening(givenName=" \t"), {("schemaViolation", "givenName")}),
    "name too long": (opening(givenName="a" * 201), {("schemaViolation", "givenName")}),
    "NUL in a name": (opening(givenName="a\x00b"), {("schemaViolation", "givenName")}),
    "number for ssin": (opening(ssin=80010100107), {("schemaViolation", "ssin")}),
    "ssin with dots": (opening(ssin="80.01.01-001.07"), {("schemaViolation", "ssin")}),
    "ssin in other digits": (opening(ssin="٨٠٠١٠١٠٠١٠٧"), {("schemaViolation", "ssin")}),
    "birth date as number": (opening(birthDate=315532800), {("schemaViolation", "birthDate")}),
    "birth date as number in text": (opening(birthDate="315532800"), {("schemaViolation", "birthDate")}),
    "birth date as moment": (opening(birthDate="1980-01-01T00:00:00Z"), {("schemaViolation", "birthDate")}),
    "birth date that does not exist": (opening(birthDate="1980-02-30"), {("schemaViolation", "birthDate")}),
    "birth date in the future": (opening(birthDate="2180-01-01"), {("invalidInput", "birthDate")}),
    "birth date before anyone": (opening(birthDate="0001-01-01"), {("schemaViolation", "birthDate")}),
    "unknown code": (opening(targetGroup="rich"), {("schemaViolation", "targetGroup")}),
    "code in another case": (opening(capacity="LivingWage"), {("schemaViolation", "capacity")}),
    "unknown legal basis": (opening(legalBasisId="none"), {("referencedResourceNotFound", "legalBasisId")}),
    "capacity of another side": (opening(capacity="jobSeeker"), {("invalidInput", "capacity")}),
    "not a number": (opening(lead=float("nan")), {("schemaViolation", "lead")}),
    "huge number": (opening()[:-1] + b',"lead":' + b"9" * 10_000 + b"}", UNREADABLE),
    "empty": (b"", UNREADABLE),
    "null": (b"null", UNREADABLE),
    "list": (b"[]", UNREADABLE),
    "cut off": (opening()[:-1], UNREADABLE),
    "something after it": (opening() + b"x", UNREADABLE),
    "byte order mark": (b"\xef\xbb\xbf" + opening(), UNREADABLE),
    "UTF-16": (opening().decode().encode("utf-16"), UNREADABLE),
    "invalid UTF-8": (opening(givenName="X").replace(b"X", b"\xff\xfe"), UNREADABLE),
    "overlong UTF-8": (opening(givenName="X").replace(b"X", b"\xc0\x80"), UNREADABLE),
    "lone surrogate": (opening(givenName="\ud800"), UNREADABLE),
    "nested lists": (b"[" * DEEP + b"]" * DEEP, UNREADABLE),
    "nested objects": (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, UNREADABLE),
}
SSINS = {
    "wrong check digits": "80010100108",
    "day and month swapped": "80100100107",
    "month 13": "80130100191",
    "31 April": "80043100101",
    "29 February of no leap year": "81022900168",
    "born in the future": "99010100147",
    "any eleven digits": "12345678901",
}
ENVELOPES: dict[str, tuple[object, set[tuple[str, str]]]] = {
    "nothing": ({}, {("schemaViolation", "type"), ("schemaViolation", "data")}),
    "unknown fields": (
        {"type": "handover.requested", "data": REFERRAL, "foo": 1, "80010100107": 2},
        {("unknownInput", "foo"), ("unknownInput", "?")},
    ),
    "wrong types": (
        {"type": 1, "data": [], "threadId": 5, "occurredAt": "yesterday"},
        {("schemaViolation", n) for n in ("type", "data", "threadId", "occurredAt")},
    ),
    "unknown type": ({"type": "handover.flew", "data": {}}, {("invalidInput", "type")}),
    "moment without offset": (
        {"type": "handover.requested", "data": REFERRAL, "occurredAt": "2026-01-01T00:00:00"},
        {("schemaViolation", "occurredAt")},
    ),
    "moment in the future": (
        {"type": "handover.requested", "data": REFERRAL, "occurredAt": "2190-01-01T00:00:00Z"},
        {("invalidInput", "occurredAt")},
    ),
    "moment before time": (
        {"type": "handover.requested", "data": REFERRAL, "occurredAt": "0001-01-01T00:00:00+14:00"},
        {("invalidInput", "occurredAt")},
    ),
}
DATA: dict[str, tuple[str, object, set[tuple[str, str]]]] = {
    "nothing": ("handover.requested", {}, {("schemaViolation", f"data.{name}") for name in REFERRAL}),
    "unknown fields": (
        "handover.requested",
        REFERRAL | {"colour": 1, "80010100107": 2},
        {("unknownInput", "data.colour"), ("unknownInput", "data.?")},
    ),
    "wrong types": (
        "handover.requested",
        REFERRAL | {"summary": 1, "purpose": "fun", "receiver": "VDAB Brussel", "jointTalkProposedAt": 5},
        {("schemaViolation", f"data.{n}") for n in ("summary", "purpose", "receiver", "jointTalkProposedAt")},
    ),
    "NUL": ("handover.requested", REFERRAL | {"summary": "a\x00"}, {("schemaViolation", "data.summary")}),
    "too long": (
        "handover.requested",
        REFERRAL | {"summary": "a" * 4001},
        {("schemaViolation", "data.summary")},
    ),
    "unknown organisation": (
        "handover.requested",
        REFERRAL | {"receiver": "ocmw-nergens"},
        {("referencedResourceNotFound", "data.receiver")},
    ),
    "unknown counsellor": (
        "dossier.counsellorAssigned",
        {"counsellor": "vdab.bemiddelaar-1"},
        {("referencedResourceNotFound", "data.counsellor")},
    ),
    "date beyond reach": (
        "handover.requested",
        REFERRAL | {"jointTalkProposedAt": "9999-12-31T23:59:59-14:00"},
        {("invalidInput", "data.jointTalkProposedAt")},
    ),
    "deep inside": (
        "intake.recorded",
        {
            "targetGroup": "livingWage",
            "workWish": "partTime",
            "situation": "x",
            "languages": [{"language": "nl", "level": "c1", "colour": 1}],
        },
        {("unknownInput", "data.languages[0].colour")},
    ),
}


@pytest.mark.parametrize("name", OPENINGS)
async def test_an_opening_that_cannot_be_used(shared: Instance, name: str) -> None:
    body, expected = OPENINGS[name]
    before = await stored(shared)
    assert issues(await send(shared.party("ocmw-lindedal"), "/v1/dossiers", body)) == expected
    assert await stored(shared) == before


@pytest.mark.parametrize("name", SSINS)
@pytest.mark.parametrize("path", ["/v1/dossiers", "/v1/dossiers/search"])
async def test_a_number_that_is_no_ssin(shared: Instance, name: str, path: str) -> None:
    ssin = SSINS[name]
    body = opening(ssin=ssin) if path == "/v1/dossiers" else json.dumps({"ssin": ssin}).encode()
    before = await stored(shared)
    answer = await send(shared.party("ocmw-lindedal"), path, body)
    assert issues(answer) == {("invalidInput", "ssin")}
    assert ssin not in answer.text
    assert await stored(shared) == before


@pytest.fixture(scope="module")
async def dossier(shared: Instance) -> str:
    return await shared.party("ocmw-lindedal").open(ssin=number(900))


@pytest.mark.parametrize("name", ENVELOPES)
async def test_an_envelope_that_cannot_be_used(shared: Instance, dossier: str, name: str) -> None:
    body, expected = ENVELOPES[name]
    before = await stored(shared)
    answer = await shared.party("ocmw-lindedal").post(f"/v1/dossiers/{dossier}/events", body)
    assert issues(answer) == expected
    assert await stored(shared) == before


@pytest.mark.parametrize("name", DATA)
async def test_data_that_cannot_be_used(shared: Instance, dossier: str, name: str) -> None:
    kind, data, expected = DATA[name]
    before = await stored(shared)
    answer = await shared.party("ocmw-lindedal").try_step(dossier, kind, data)
    assert issues(answer) == expected
    assert await stored(shared) == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"handover.requested","data":{"summary":"\\ud800"}}',
        b'{"type":"handover.requested","data":{"summary":"\xff"}}',
        b'{"type":"handover.req\xff","data":{}}',
        b'{"type":"handover.requested","data":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"type":"handover.requested","data":{},"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"type":"handover.requested","data":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
        b'{"type":"handover.requested","data":{"summary":' + b"9" * 100_000 + b"}}",
        b'{"type":"handover.requested","data":{"summary":1e999}}',
        b'{"type":"handover.requested","data":{"summary":NaN}}',
        b'{"type":"handover.requested","data":{"summary":"x",}}',
        b"\x00",
        b"[]",
        b'"text"',
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
async def test_an_event_that_cannot_be_read(shared: Instance, dossier: str, body: bytes) -> None:
    before = await stored(shared)
    answer = await send(shared.party("ocmw-lindedal"), f"/v1/dossiers/{dossier}/events", body)
    assert issues(answer)
    assert await stored(shared) == before


async def test_of_a_key_given_twice_the_last_counts_for_all(shared: Instance) -> None:
    party, ssin = shared.party("ocmw-lindedal"), number(next(_clients))
    body = b'{"ssin":"00000000000","givenName":"Iemand anders",' + opening(ssin=ssin)[1:]
    answer = await send(party, "/v1/dossiers", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["client"]["ssin"] == ssin
    assert answer.json()["client"]["givenName"] == CANARY["givenName"]


@pytest.mark.parametrize("tag", ["7", '"x"', '"2", "3"', '"', '"-1"', '"99999999999"', "80010100107"])
async def test_a_malformed_if_match(shared: Instance, dossier: str, tag: str) -> None:
    party = shared.party("ocmw-lindedal")
    body = json.dumps({"type": "handover.requested", "data": REFERRAL}).encode()
    answer = await send(party, f"/v1/dossiers/{dossier}/events", body, If_Match=tag)
    assert issues(answer) == {("schemaViolation", "If-Match")}
    assert tag not in answer.text.replace('\\"', '"') or tag in {"7", '"'}


async def test_a_stale_version(shared: Instance) -> None:
    party = shared.party("ocmw-lindedal")
    dossier_id = await party.open(ssin=number(next(_clients)))
    tag = (await party.get(f"/v1/dossiers/{dossier_id}")).headers["etag"]
    step = {"type": "handover.requested", "data": REFERRAL}
    assert (await party.post(f"/v1/dossiers/{dossier_id}/events", step, If_Match=tag)).status_code == 201
    before = await stored(shared)
    problem(await party.post(f"/v1/dossiers/{dossier_id}/events", step, If_Match=tag), 412, f"{OWN}staleVersion")
    assert await stored(shared) == before
    fresh = (await party.get(f"/v1/dossiers/{dossier_id}")).headers["etag"]
    assert fresh != tag
    for good in (fresh, "*"):
        answer = await party.post(f"/v1/dossiers/{dossier_id}/events", step, If_Match=good)
        assert answer.status_code == 201, answer.text


async def test_what_this_state_and_this_party_do_not_allow(shared: Instance) -> None:
    ocmw, vdab = shared.party("ocmw-lindedal"), shared.party("vdab")
    dossier_id = await ocmw.open(ssin=number(next(_clients)))
    thread = (await ocmw.step(dossier_id, "handover.requested", REFERRAL))["threadId"]
    before = await stored(shared)
    done = {"outcome": "employed", "senderMustStill": "Niets."}
    problem(await vdab.try_step(dossier_id, "handover.completed", done, thread), 409, f"{OWN}wrongState")
    problem(
        await ocmw.try_step(dossier_id, "handover.rejected", {"reason": "noCapacity"}, thread),
        403,
        f"{BELGIF}missingPermission",
    )
    problem(await vdab.try_step(dossier_id, "handover.received", {"how": "x"}), 403, f"{BELGIF}missingPermission")
    problem(await ocmw.try_step(dossier_id, "dossier.closed", {"reason": "goalReached"}), 409, f"{OWN}dossierBusy")
    missing = await ocmw.try_step(dossier_id, "handover.cancelled", {"reason": "clientWithdrew"}, NOBODY)
    problem(missing, 404, f"{BELGIF}resourceNotFound")
    problem(await ocmw.try_step(dossier_id, "dossier.reopened", {"why": "x"}), 409, f"{OWN}wrongState")
    assert await stored(shared) == before


async def test_who_may_not_open(shared: Instance) -> None:
    ssin = number(next(_clients))
    await shared.party("ocmw-lindedal").open(ssin=ssin)
    before = await stored(shared)
    other = OPENING | {"ssin": ssin, "birthDate": "1981-01-01", "capacity": "jobSeeker"}
    problem(await shared.party("vdab").post("/v1/dossiers", other), 409, f"{OWN}identityMismatch")
    partner = OPENING | {"ssin": ssin, "capacity": "actionPartner"}
    problem(await shared.party("partner-igo").post("/v1/dossiers", partner), 403, f"{BELGIF}missingPermission")
    assert await stored(shared) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/dossiers/{}"),
        ("GET", "/v1/dossiers/{}/events"),
        ("GET", "/v1/dossiers/{}/threads"),
        ("GET", f"/v1/dossiers/{{}}/events/{NOBODY}"),
        ("POST", "/v1/dossiers/{}/events"),
    ],
)
@pytest.mark.parametrize("tag", ["", '"1"', '"2"', '"3"', "*"])
async def test_an_unseen_dossier_looks_like_none(shared: Instance, method: str, path: str, tag: str) -> None:
    """Whatever an outsider sends, a dossier that exists answers as one that does not: byte for byte but two ids."""
    dossier_id = await shared.party("ocmw-lindedal").open(ssin=number(next(_clients)))
    outsider = shared.party("ocmw-waterhoek")
    step = json.dumps({"type": "handover.requested", "data": REFERRAL}).encode() if method == "POST" else b""
    answers = [
        await send(outsider, path.format(one), step, method, **({"If_Match": tag} if tag else {}))
        for one in (dossier_id, NOBODY, "80010100107", NOBODY.replace("-", ""), f"{{{NOBODY[1:-1]}}}")
    ]
    shapes = set()
    for answer in answers:
        found = problem(answer, 404, f"{BELGIF}resourceNotFound")
        shape = answer.text.replace(found["instance"], "").encode()
        kept = {k: v for k, v in answer.headers.items() if k not in {"date", "belgov-trace-id"}}
        shapes.add((shape, tuple(kept.items())))
    assert len(shapes) == 1


async def test_issue_types_are_belgifs() -> None:
    kinds = {kind for _, expected in OPENINGS.values() for kind, _ in expected}
    assert kinds == {"schemaViolation", "unknownInput", "invalidInput", "referencedResourceNotFound"}
    assert f"{BELGIF}input-validation:" == INPUT
