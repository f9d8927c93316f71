"""Subscriptions that cannot be, queries and keys that cannot be used: a 400 that says where and what."""

import json
from typing import Any

import pytest
from tests.instance import OPENING, Instance
from tests.web.support import NOBODY, issues, stored
from tests.web.test_belgif import REFERRAL


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("resend", {"dossierId": NOBODY, "sequence": 10**30}, {("schemaViolation", "sequence")}),
        ("skip", {"dossierId": NOBODY, "sequence": 1, "reason": ""}, {("schemaViolation", "reason")}),
        (
            "resend",
            {"dossierId": "x", "sequence": "1"},
            {("schemaViolation", "dossierId"), ("schemaViolation", "sequence")},
        ),
        ("replay", {"since": "9999-12-31T23:59:59-14:00"}, {("schemaViolation", "since")}),
        ("replay", {"since": 0}, {("schemaViolation", "since")}),
        ("replay", {"since": "1700000000"}, {("schemaViolation", "since")}),
        ("replay", {"since": "2026-01-01T00:00:00"}, {("schemaViolation", "since")}),
        (
            "replay",
            {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00"},
            {("schemaViolation", "until")},
        ),
    ],
)
async def test_a_subscription_asked_for_the_impossible(
    shared: Instance, path: str, body: object, expected: set[tuple[str, str]]
) -> None:
    party = shared.party("ocmw-lindedal")
    made = (await party.post("/v1/subscriptions", {"url": "http://127.0.0.1:9/"})).json()
    assert issues(await party.post(f"/v1/subscriptions/{made['subscriptionId']}/{path}", body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("schemaViolation", "url")}),
        ({"url": 5}, {("schemaViolation", "url")}),
        ({"url": "ftp://elsewhere.example/"}, {("invalidInput", "url")}),
        ({"url": "https://elsewhere.example/\x00"}, {("invalidInput", "url")}),
        ({"url": "https://10.0.0.1/"}, {("invalidInput", "url")}),
        ({"url": "https://elsewhere.example/", "eventTypes": []}, {("invalidInput", "eventTypes")}),
        (
            {"url": "https://elsewhere.example/", "eventTypes": ["handover.flew"]},
            {("referencedResourceNotFound", "eventTypes")},
        ),
        ({"url": "https://elsewhere.example/", "secret": "x"}, {("unknownInput", "secret")}),
    ],
)
async def test_a_subscription_that_cannot_be(shared: Instance, body: object, expected: set[tuple[str, str]]) -> None:
    before = await stored(shared)
    assert issues(await shared.party("vdab").post("/v1/subscriptions", body)) == expected
    assert await stored(shared) == before


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/v1/dossiers?ssin=80010100107", "ssin", "unknownInput"),
        ("/v1/dossiers?80010100107", "?", "unknownInput"),
        ("/v1/dossiers?pageSize=many", "pageSize", "schemaViolation"),
        ("/v1/dossiers?pageSize=0", "pageSize", "schemaViolation"),
        ("/v1/dossiers?pageSize=99999999999999999999", "pageSize", "schemaViolation"),
        ("/v1/dossiers?after=80010100107", "after", "schemaViolation"),
        ("/v1/events?after=zz", "after", "invalidInput"),
        ("/v1/events?after=ffffffffffffffffff-1", "after", "invalidInput"),
        ("/v1/inbox?team=perhaps", "team", "schemaViolation"),
        (f"/v1/dossiers/{NOBODY}/events?after=-1", "after", "schemaViolation"),
        (f"/v1/dossiers/{NOBODY}/events?threadId=x", "threadId", "schemaViolation"),
        (f"/v1/subscriptions/{NOBODY}/deliveries?state=lost", "state", "schemaViolation"),
    ],
)
async def test_a_query_that_cannot_be_used(shared: Instance, path: str, name: str, kind: str) -> None:
    answer = await shared.http.get(path, headers={"Authorization": f"Bearer {shared.party('vdab').token}"})
    assert issues(answer) == {(kind, name)}
    assert answer.json()["issues"][0]["in"] == "query"
    assert "80010100107" not in answer.text


@pytest.mark.parametrize("key", ["", "a b", "é", "a" * 101])
@pytest.mark.parametrize("path", ["/v1/dossiers", f"/v1/dossiers/{NOBODY}/events"])
async def test_an_idempotency_key_that_is_missing_or_unfit(shared: Instance, key: str, path: str) -> None:
    body = (
        json.dumps(OPENING).encode()
        if path == "/v1/dossiers"
        else json.dumps({"type": "handover.requested", "data": REFERRAL}).encode()
    )
    before = await stored(shared)
    headers: dict[Any, Any] = {
        b"Authorization": f"Bearer {shared.party('ocmw-lindedal').token}",
        b"Content-Type": "application/json",
    } | ({b"Idempotency-Key": key.encode("latin-1")} if key else {})
    answer = await shared.http.post(path, content=body, headers=headers)
    assert issues(answer) == {("schemaViolation", "Idempotency-Key")}
    assert answer.json()["issues"][0]["in"] == "header"
    assert await stored(shared) == before
