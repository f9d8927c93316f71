"""HTTP itself: sizes, media types, methods and addresses, down to the bytes on the socket."""

import json
from itertools import count

import pytest
from tests.instance import OPENING, Instance, number
from tests.web.support import BELGIF, NOBODY, OWN, issues, over_the_wire, problem, send, stored

MOST = 262_144
_clients = count(1)


def head(instance: Instance, path: str, *lines: str, method: str = "POST") -> bytes:
    token = instance.party("ocmw-lindedal").token
    standard = ("Host: handover.test", f"Authorization: Bearer {token}", "Content-Type: application/json")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *standard, *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "path", ["/v1/dossiers", f"/v1/dossiers/{NOBODY}/events", "/v1/dossiers/search", "/v1/inbox/seen"]
)
@pytest.mark.parametrize("size", [MOST + 1, 10**9, 10**18])
async def test_a_body_that_says_it_is_too_large(shared: Instance, path: str, size: int) -> None:
    """The answer comes before the body does."""
    before = await stored(shared)
    lines = (f"Content-Length: {size}", "Idempotency-Key: large")
    answer = await over_the_wire(shared, head(shared, path, *lines))
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == f"{BELGIF}payloadTooLarge"
    assert str(MOST) in answer.json["detail"]
    assert await stored(shared) == before


@pytest.mark.parametrize("path", ["/v1/dossiers", f"/v1/dossiers/{NOBODY}/events"])
async def test_a_body_in_chunks_without_end(shared: Instance, path: str) -> None:
    before = await stored(shared)
    lines = ("Transfer-Encoding: chunked", "Idempotency-Key: endless")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = await over_the_wire(shared, head(shared, path, *lines), slowly=chunk)
    assert answer.status == 413
    assert answer.json["type"] == f"{BELGIF}payloadTooLarge"
    assert await stored(shared) == before


async def test_a_body_of_just_the_largest_size(shared: Instance) -> None:
    body = json.dumps(OPENING | {"ssin": number(next(_clients))}).encode().ljust(MOST)
    assert len(body) == MOST
    party = shared.party("ocmw-lindedal")
    assert (await send(party, "/v1/dossiers", body)).status_code == 201
    problem(await send(party, "/v1/dossiers", body + b" "), 413, f"{BELGIF}payloadTooLarge")


async def test_the_same_in_small_chunks(shared: Instance) -> None:
    body = json.dumps(OPENING | {"ssin": number(next(_clients))}).encode()
    chunks = b"".join(b"1\r\n" + bytes((byte,)) + b"\r\n" for byte in body) + b"0\r\n\r\n"
    lines = ("Transfer-Encoding: chunked", "Idempotency-Key: small")
    answer = await over_the_wire(shared, head(shared, "/v1/dossiers", *lines) + chunks)
    assert answer.status == 201


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "application/jsonp",
    ],
)
@pytest.mark.parametrize("path", ["/v1/dossiers", f"/v1/dossiers/{NOBODY}/events", "/v1/subscriptions"])
async def test_another_content_type(shared: Instance, kind: str, path: str) -> None:
    before = await stored(shared)
    answer = await send(shared.party("ocmw-lindedal"), path, json.dumps(OPENING).encode(), Content_Type=kind)
    found = problem(answer, 415, f"{OWN}unsupportedMediaType")
    assert "application/json" in found["detail"]
    assert await stored(shared) == before


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"])
async def test_content_types_that_are_json(shared: Instance, kind: str) -> None:
    body = json.dumps({"ssin": number(999)}).encode()
    answer = await send(shared.party("ocmw-lindedal"), "/v1/dossiers/search", body, Content_Type=kind)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "text/html",
        "image/*",
        "application/json;q=0",
        "*/*, application/json;q=0.0",
        "json",
    ],
)
@pytest.mark.parametrize("path", ["/v1/dossiers", "/v1/organisations", f"/v1/dossiers/{NOBODY}/events"])
async def test_an_accept_that_no_answer_fits(shared: Instance, accept: str, path: str) -> None:
    party = shared.party("ocmw-lindedal")
    party.headers["Accept"] = accept
    found = problem(await party.get(path), 406, f"{OWN}notAcceptable")
    assert "application/json" in found["detail"]


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*",
        "text/html, application/json;q=0.5",
        "text/html,*/*;q=0.8",
        "Application/JSON; Q=1",
    ],
)
async def test_an_accept_that_fits(shared: Instance, accept: str) -> None:
    party = shared.party("ocmw-lindedal")
    party.headers["Accept"] = accept
    assert (await party.get("/v1/dossiers")).status_code == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/dossiers", "GET, POST"),
        ("/v1/dossiers/search", "GET, POST"),
        (f"/v1/dossiers/{NOBODY}", "GET"),
        (f"/v1/dossiers/{NOBODY}/events", "GET, POST"),
        ("/v1/events", "GET"),
        ("/v1/inbox/seen", "POST"),
        (f"/v1/subscriptions/{NOBODY}", "GET, PATCH, DELETE"),
        ("/v1/refData/eventTypes", "GET"),
        ("/health", "GET"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PROPFIND"])
async def test_another_method(shared: Instance, path: str, allowed: str, method: str) -> None:
    answer = await shared.http.request(method, path)
    problem(answer, 405, f"{OWN}methodNotAllowed")
    assert answer.headers["allow"] == allowed


async def test_head_gets_no_body(shared: Instance) -> None:
    answer = await over_the_wire(shared, head(shared, "/health", "Connection: close", method="HEAD")[:-2] + b"\r\n")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v2/dossiers",
        "/V1/dossiers",
        "/v1/dossiers/",
        "/v1/Dossiers",
        "/v1/dossiers.json",
        "/v1/./dossiers",
        "/v1/../v1/dossiers",
        "/v1/%2e%2e/health",
        "/v1/dossiers;a=b",
        "/v1/dossiers%2f",
        "/v1/dossiers%00",
        "/v1//dossiers",
        "/static/../v1/dossiers",
        "/static/%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/v1/refData/../../etc/passwd",
        "/v1/refData/%00",
        "/v1/refData/__class__",
        "/v1/organisations/80010100107",
        "/v1/organisations/vdab/counsellors/80010100107",
        "/v1/organisations/vdab/counsellors/ocmw-lindedal.coordinator",
        "/v1/80010100107",
        f"/v1/dossiers/{'a' * 5000}",
        "/v1/dossiers/%ff%fe",
        f"/v1/dossiers/{NOBODY.upper()}",
        f"/v1/dossiers/urn:uuid:{NOBODY}",
        f"/v1/dossiers/{NOBODY} ",
    ],
)
async def test_addresses_where_nothing_is(shared: Instance, path: str) -> None:
    request = head(shared, path.replace(" ", "%20"), method="GET")
    answer = await over_the_wire(shared, request)
    assert answer.status == 404, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == f"{BELGIF}resourceNotFound"
    assert b"80010100107" not in answer.body
    assert "location" not in answer.headers


async def test_a_known_address_in_capitals_is_the_same_dossier(shared: Instance) -> None:
    party = shared.party("ocmw-lindedal")
    dossier_id = await party.open(ssin=number(next(_clients)))
    assert (await party.get(f"/v1/dossiers/{dossier_id.upper()}")).json()["dossierId"] == dossier_id
    problem(await party.get(f"/v1/dossiers/{dossier_id.replace('-', '')}"), 404, f"{BELGIF}resourceNotFound")


@pytest.mark.parametrize(
    "name", ["X-Long", "Idempotency-Key", "If-Match", "Authorization", "BelGov-Trace-Id", "Accept"]
)
async def test_a_very_long_header(shared: Instance, name: str) -> None:
    """Refused or passed over, never a fault; the next request is served."""
    party = shared.party("ocmw-lindedal")
    body = json.dumps({"ssin": number(999)}).encode()
    answer = await send(party, "/v1/dossiers/search", body, **{name.replace("-", "_"): "a" * 60_000})
    assert answer.status_code in {200, 400, 401, 406, 431}, answer.text
    assert len(answer.headers.get("belgov-related-trace-id", "")) <= 64
    assert (await send(party, "/v1/dossiers/search", body)).status_code == 200


@pytest.mark.parametrize(
    "request_line",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /v1/dossiers HTTP/9.9\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\x00B: c\r\n\r\n",
    ],
)
async def test_what_is_no_http(shared: Instance, request_line: bytes) -> None:
    answer = await over_the_wire(shared, request_line)
    assert answer.status == 400
    assert (await shared.http.get("/health")).status_code == 200


async def test_contradicting_lengths_are_refused(shared: Instance) -> None:
    """Request smuggling: length and chunks together, or two lengths."""
    for lines in (
        ("Content-Length: 3", "Transfer-Encoding: chunked"),
        ("Content-Length: 3", "Content-Length: 5"),
    ):
        answer = await over_the_wire(shared, head(shared, "/v1/dossiers/search", *lines) + b"0\r\n\r\n")
        assert answer.status == 400


async def test_the_stream_is_told_apart_by_accept(shared: Instance) -> None:
    party = shared.party("ocmw-lindedal")
    party.headers["Accept"] = "application/json"
    problem(await party.get("/v1/inbox/stream"), 406, f"{OWN}notAcceptable")
    party.headers["Accept"] = "*/*"
    assert issues(await party.get("/v1/inbox/stream", since="x")) == {("unknownInput", "since")}
