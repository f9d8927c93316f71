"""Trying again when it helps, always as the same request, and never for longer than was said."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from aiohttp import web

from handover.client import Client, Problem, Retries, bodies
from tests.client.conftest import QUICK, Scripted, answer, hang_up, refusal
from tests.client.described import SCHEMAS, full

DOSSIER = full(SCHEMAS["DossierView"], SCHEMAS)
ID = DOSSIER["dossierId"]
SUBSCRIPTION = full(SCHEMAS["SubscriptionCreated"], SCHEMAS)
CREATION = bodies.SubscriptionCreation(url="https://casemanagement.example/")


@pytest.mark.parametrize(
    "trouble",
    [
        refusal(503),
        refusal(429),
        refusal(502),
        refusal(504),
        refusal(409, "urn:problem-type:handover:requestInFlight"),
        hang_up,
    ],
    ids=["503", "429", "502", "504", "inFlight", "hangUp"],
)
async def test_a_write_is_repeated_as_it_was(server: Scripted, trouble: object) -> None:
    server.says(trouble, trouble, answer(SUBSCRIPTION, 201))  # type: ignore[arg-type]
    async with server.client() as client:
        made = await client.create_subscription(CREATION)
    assert made.secret == SUBSCRIPTION["secret"]
    assert len(server.asked) == 3
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1
    assert len({(asked.method, asked.path, asked.body) for asked in server.asked}) == 1


async def test_each_call_has_a_key_of_its_own_unless_it_is_given_one(server: Scripted) -> None:
    server.says(*[answer(SUBSCRIPTION, 201)] * 3)
    async with server.client() as client:
        await client.create_subscription(CREATION)
        await client.create_subscription(CREATION)
        await client.create_subscription(CREATION, key="kept-since-yesterday")
    first, second, third = (asked.headers["idempotency-key"] for asked in server.asked)
    assert first != second
    assert third == "kept-since-yesterday"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 500])
async def test_what_trying_again_cannot_help_is_raised_at_once(server: Scripted, status: int) -> None:
    server.says(refusal(status, "urn:problem-type:handover:wrongState"))
    async with server.client() as client:
        with pytest.raises(Problem) as raised:
            await client.read_dossier(ID)
    assert (raised.value.status, raised.value.name) == (status, "wrongState")
    assert len(server.asked) == 1


async def test_retry_after_is_waited_for(server: Scripted) -> None:
    server.says(refusal(503, Retry_After="1"), answer(DOSSIER))
    async with server.client() as client:
        await client.read_dossier(ID)
    assert 1.0 <= server.asked[1].at - server.asked[0].at < 5


async def test_retry_after_can_be_a_moment(server: Scripted) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    server.says(refusal(429, Retry_After=moment), answer(DOSSIER))
    async with server.client() as client:
        await client.read_dossier(ID)
    assert 0.8 <= server.asked[1].at - server.asked[0].at < 5


async def test_a_retry_after_that_is_too_long_is_the_callers_to_decide(server: Scripted) -> None:
    server.says(refusal(429, Retry_After="3600"))
    began = time.monotonic()
    async with server.client() as client:
        with pytest.raises(Problem) as raised:
            await client.read_dossier(ID)
    assert raised.value.retry_after == 3600
    assert time.monotonic() - began < 10


async def test_tries_are_bounded_and_waiting_grows(server: Scripted) -> None:
    server.says(*[refusal(503)] * 9)
    async with server.client(retries=Retries(tries=6, seconds=20, first=0.2, longest=0.4)) as client:
        with pytest.raises(Problem):
            await client.read_dossier(ID)
    waits = [later.at - earlier.at for earlier, later in zip(server.asked, server.asked[1:], strict=False)]
    assert len(server.asked) == 6
    assert all(wait >= least for wait, least in zip(waits, (0.1, 0.2, 0.2, 0.2, 0.2), strict=True))
    assert sum(waits) < 2.9, "doubled without end it would be 3.1 at least"


async def test_the_time_for_all_tries_is_bounded(server: Scripted) -> None:
    server.says(*[refusal(503)] * 99)
    began = time.monotonic()
    async with server.client(retries=Retries(tries=99, seconds=0.5, first=0.1, longest=0.1)) as client:
        with pytest.raises(Problem):
            await client.read_dossier(ID)
    assert time.monotonic() - began < 3, "99 tries would take 5 at least"
    assert 2 < len(server.asked) < 12


async def test_who_cannot_be_reached_is_said_as_httpx_says_it() -> None:
    async with Client("http://127.0.0.1:9", "token", retries=QUICK) as client:
        with pytest.raises(httpx.ConnectError):
            await client.read_dossier(ID)
    async with Client("ftp://127.0.0.1", "token", retries=Retries(first=60)) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            async with asyncio.timeout(5):
                await client.read_dossier(ID)


async def test_a_newer_token_is_tried_once(server: Scripted) -> None:
    tokens = iter(["old", "new", "new", "new"])

    async def token() -> str:
        return next(tokens)

    server.says(refusal(401), answer(DOSSIER), refusal(401))
    async with server.client(token) as client:
        await client.read_dossier(ID)
        with pytest.raises(Problem) as raised:
            await client.read_dossier(ID)
    assert raised.value.status == 401
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer old", "Bearer new", "Bearer new"]


async def test_an_answer_of_something_on_the_way_is_a_problem_too(server: Scripted) -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="<h1>Blocked</h1>", content_type="text/html")

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "https://login.example/"})

    server.says(page, elsewhere)
    async with server.client() as client:
        for status in (403, 302):
            with pytest.raises(Problem) as raised:
                await client.read_dossier(ID)
            assert (raised.value.status, raised.value.type) == (status, "about:blank")


async def test_health_is_told_also_when_it_is_bad(server: Scripted) -> None:
    server.says(answer({"status": "DOWN", "detail": "The database does not answer."}, 503))
    async with server.client() as client:
        assert (await client.read_health()).status == "DOWN"
    assert "authorization" not in server.asked[0].headers


async def test_a_collection_is_gone_through_and_the_token_stays_here(server: Scripted) -> None:
    """`next` names the address that the service has for itself, or that somebody put there: only its query is used."""
    pages = [
        {"self": "x", "items": [DOSSIER, DOSSIER], "next": "https://elsewhere.example/v1/dossiers?pageSize=2&after=b"},
        {"self": "x", "items": [DOSSIER]},
    ]
    server.says(*(answer(page) for page in pages * 2))
    async with server.client() as client:
        assert len(await client.list_dossiers(page_size=2)) == 3
        assert [dossier.dossier_id async for dossier in client.list_dossiers(page_size=2)] == [ID] * 3
    assert [asked.query for asked in server.asked] == [{"pageSize": "2"}, {"pageSize": "2", "after": "b"}] * 2
    assert {asked.path for asked in server.asked} == {"/v1/dossiers"}


async def test_an_id_cannot_lead_elsewhere(server: Scripted) -> None:
    server.says(answer(DOSSIER))
    async with server.client() as client:
        await client.read_dossier("a/../../metrics?x=1")
        for nothing in ("", ".", ".."):
            with pytest.raises(ValueError, match="id"):
                await client.read_dossier(nothing)
    assert server.asked[0].path == "/v1/dossiers/a/../../metrics?x=1"
    assert server.asked[0].query == {}


async def test_waiting_can_be_given_up(server: Scripted) -> None:
    server.says(refusal(503, Retry_After="4"))
    async with server.client() as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.read_dossier(ID)
