"""What Belgian integrators expect of every answer: problem documents, traces, links, no nulls, no caching."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.instance import Instance, Party, eventually, number
from tests.web.support import BELGIF, CANARY, NOBODY, OWN, problem, until

from handover.domain import refusals
from handover.record import handle, lookups, once
from handover.web.problems import STATUS_OF_REFUSAL

_clients = count(1)
REFERRAL = {
    "receiver": "vdab",
    "purpose": "guidanceToWork",
    "summary": "Samen gesproken.",
    "contact": "ocmw-lindedal.trajectbegeleider-1",
    "legalBasisId": "demo-protocol",
}
COLLECTIONS = (
    "/v1/dossiers",
    "/v1/dossiers/{}/events",
    "/v1/dossiers/{}/threads",
    "/v1/events",
    "/v1/inbox",
    "/v1/subscriptions",
    "/v1/subscriptions/{}/deliveries",
    "/v1/organisations",
    "/v1/organisations/vdab/counsellors",
    "/v1/refData",
    "/v1/refData/eventTypes",
    "/v1/refData/legalBases",
    "/v1/refData/rejectionReasons",
)
PERSONAL = ("/v1/dossiers", "/v1/events", "/v1/inbox", "/v1/organisations")


@pytest.fixture(scope="module")
async def place(working: Instance) -> tuple[Party, str, str]:
    """A counsellor with a dossier that holds a referral, and a subscription."""
    party = working.party("ocmw-lindedal")
    dossier_id = await party.open(ssin=number(next(_clients)), **CANARY)
    subscription = (await party.post("/v1/subscriptions", {"url": "http://127.0.0.1:9/"})).json()
    await party.step(dossier_id, "handover.requested", REFERRAL)

    async def projected() -> bool:
        return bool((await party.get("/v1/inbox")).json()["items"])

    await eventually(projected)
    return party, dossier_id, subscription["subscriptionId"]


def addresses(place: tuple[Party, str, str]) -> Iterator[str]:
    for path in COLLECTIONS:
        yield path.format(place[2] if "subscriptions" in path else place[1])


def everything(document: Any, key: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Give each value of a JSON document with the key it stands under."""
    yield key, document
    if isinstance(document, dict):
        for name, value in document.items():
            yield from everything(value, name)
    elif isinstance(document, list):
        for value in document:
            yield from everything(value, key)


async def test_collections_say_where_they_are(working: Instance, place: tuple[Party, str, str]) -> None:
    for address in addresses(place):
        answer = await place[0].get(address)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        body = answer.json()
        assert body["self"].startswith(f"{working.base_url}{address}")
        assert isinstance(body["items"], list)
        if "deliveries" not in address:
            assert body["items"], address
        for item in body["items"]:
            assert item["href"].startswith(f"{working.base_url}/v1/")
        again = await working.http.get(body["self"], headers={"Authorization": f"Bearer {place[0].token}"})
        assert again.json()["items"] == body["items"], "self leads to the same page"


async def test_every_link_leads_somewhere(working: Instance, place: tuple[Party, str, str]) -> None:
    links = set()
    for address in addresses(place):
        for key, value in everything((await place[0].get(address)).json()):
            if key in {"href", "self", "next", "counsellors"} and isinstance(value, str):
                links.add(value)
    assert len(links) > 40
    for link in links:
        answer = await working.http.get(link, headers={"Authorization": f"Bearer {place[0].token}"})
        assert answer.status_code == 200, link


async def test_no_answer_holds_null(place: tuple[Party, str, str]) -> None:
    for address in (*addresses(place), f"/v1/dossiers/{place[1]}", f"/v1/subscriptions/{place[2]}"):
        for key, value in everything((await place[0].get(address)).json()):
            assert value is not None, (address, key)


async def test_no_address_holds_a_number_of_a_person(working: Instance, place: tuple[Party, str, str]) -> None:
    for address in (*addresses(place), f"/v1/dossiers/{place[1]}"):
        for key, value in everything((await place[0].get(address)).json()):
            if key in {"href", "self", "next"}:
                parts = urlsplit(value)
                assert not re.search(r"(?<![0-9a-f-])\d{11}(?![0-9a-f-])", parts.path + parts.query), value
    description = (await working.http.get("/doc/openapi.json")).json()
    for path, operations in description["paths"].items():
        assert "ssin" not in path.lower()
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                assert "ssin" not in parameter["name"].lower()
                assert parameter["name"] not in {"id", "code"}


async def test_personal_data_is_never_cached(place: tuple[Party, str, str]) -> None:
    for address in (*addresses(place), f"/v1/dossiers/{place[1]}"):
        kept = (await place[0].get(address)).headers["cache-control"]
        if address.startswith(PERSONAL):
            assert kept == "no-store, max-age=0", address
        else:
            assert kept in {"no-store, max-age=0", "private, max-age=300"}, address
    found = await place[0].post("/v1/dossiers/search", {"ssin": number(1)})
    assert found.headers["cache-control"] == "no-store, max-age=0"
    assert found.json()["total"] == 1


async def test_paging_leads_through_everything_once(working: Instance, place: tuple[Party, str, str]) -> None:
    party = place[0]
    opened = {place[1]} | {await party.open(ssin=number(next(_clients))) for _ in range(4)}

    async def whole() -> bool:
        return {item["dossierId"] for item in (await party.get("/v1/dossiers")).json()["items"]} == opened

    await eventually(whole)
    events = {(d, s) for d in opened for s in range(1, (4 if d == place[1] else 3))}
    for first, expected in (
        ("/v1/dossiers?pageSize=2", {(d, None) for d in opened}),
        (f"/v1/dossiers/{place[1]}/events?pageSize=1", {pair for pair in events if pair[0] == place[1]}),
        ("/v1/events?pageSize=3", events),
    ):
        seen: list[tuple[str, int | None]] = []
        link = f"{working.base_url}{first}"
        while link:
            body = (await working.http.get(link, headers={"Authorization": f"Bearer {party.token}"})).json()
            seen += [(item["dossierId"], item.get("sequence")) for item in body["items"]]
            link = body.get("next", "")
        assert len(seen) == len(set(seen))
        assert set(seen) >= expected


async def test_each_answer_has_a_trace_of_its_own(place: tuple[Party, str, str]) -> None:
    own = [(await place[0].get(path)).headers["belgov-trace-id"] for path in ("/v1/dossiers", "/v1/nothing") * 5]
    assert len(set(own)) == 10
    place[0].headers["BelGov-Trace-Id"] = NOBODY
    try:
        for path, status in (("/v1/dossiers", 200), ("/v1/nothing", 404), (f"/v1/dossiers/{NOBODY}", 404)):
            answer = await place[0].get(path)
            assert answer.status_code == status
            assert answer.headers["belgov-related-trace-id"] == NOBODY
            assert answer.headers["belgov-trace-id"] != NOBODY
    finally:
        del place[0].headers["BelGov-Trace-Id"]


@pytest.mark.parametrize("given", ["80010100107", "80-01-01-001-07", "a" * 65, "a b", "<b>", ""])
async def test_what_is_no_trace_is_not_repeated(working: Instance, given: str) -> None:
    answer = await working.http.get("/health", headers={"BelGov-Trace-Id": given})
    assert answer.status_code == 200
    assert "belgov-related-trace-id" not in answer.headers


async def test_problems_of_those_who_may_not(working: Instance) -> None:
    nobody = await working.http.get("/v1/dossiers")
    problem(nobody, 401, f"{BELGIF}noAccessToken")
    assert nobody.headers["www-authenticate"] == "Bearer"
    wrong = await working.http.get("/v1/dossiers", headers={"Authorization": "Bearer x.y.z"})
    problem(wrong, 401, f"{BELGIF}invalidAccessToken")
    assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_problems_of_addresses_methods_and_queries(working: Instance) -> None:
    problem(await working.http.get("/v1/nothing"), 404, f"{BELGIF}resourceNotFound")
    problem(await working.http.delete("/v1/dossiers"), 405, f"{OWN}methodNotAllowed")
    instances = {(await working.http.get("/v1/nothing")).json()["instance"] for _ in range(5)}
    assert len(instances) == 5


def test_every_refusal_has_a_status_and_a_type() -> None:
    """Belgif's own names only where Belgif has one; 409, 412 and 422 are ours."""
    kinds = set(refusals.Refusal.__subclasses__()) - {refusals.InvalidField}
    # What holds a number of its own, or names a field, is written as an issue of a 400.
    kinds -= {lookups.SsinReplaced}
    assert kinds == set(STATUS_OF_REFUSAL), {k.__name__ for k in kinds ^ set(STATUS_OF_REFUSAL)}
    assert {handle.KeyReused, handle.Contended, once.InFlight} <= kinds
    for status, kind in STATUS_OF_REFUSAL.values():
        assert kind.startswith(OWN if status in {409, 412, 422} else (BELGIF, OWN))
    belgif = {kind.removeprefix(BELGIF) for _, kind in STATUS_OF_REFUSAL.values() if kind.startswith(BELGIF)}
    assert belgif <= {"resourceNotFound", "missingPermission", "serviceUnavailable"}


async def test_health_and_figures(working: Instance) -> None:
    health = await working.http.get("/health")
    assert (health.status_code, health.json()) == (200, {"status": "UP"})
    await working.http.get("/v1/nothing")
    figures = (await working.http.get("/metrics")).text
    assert re.search(r'handover_http_requests_total\{route="/health",status="200"\} [1-9]', figures)
    assert 'route="other",status="404"' in figures


async def test_security_headers(working: Instance) -> None:
    for path in ("/v1/dossiers", "/health", "/v1/nothing"):
        answer: httpx.Response = await working.http.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"


async def test_the_stream_ends_when_its_reader_leaves(working: Instance) -> None:
    """A reader who is gone must not be kept: each would cost memory for as long as the process lives."""
    token = working.party("ocmw-lindedal").token
    screens = working.services.broadcast._screens  # noqa: SLF001 - the only place where a leak shows
    for _ in range(3):
        async with working.http.stream(
            "GET", "/v1/inbox/stream", headers={"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        ) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            async for text in answer.aiter_text():
                assert text.startswith("retry:")
                break
            assert screens["ocmw-lindedal"]
        await until(lambda: not screens.get("ocmw-lindedal"))
