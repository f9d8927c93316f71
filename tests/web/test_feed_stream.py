"""The feed as a stream: nothing skipped, nothing twice, resumed from the last id."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.instance import Instance, Party, number
from tests.web.support import BELGIF, problem, until

from handover.access.denials import Denial
from handover.record import tail

Lines = AsyncIterator[tuple[str, dict[str, Any] | None]]


@asynccontextmanager
async def following(party: Party, last: str = "", **query: str) -> AsyncIterator[Lines]:
    """Follow a feed; gives each (id, event)."""
    headers = {"Authorization": f"Bearer {party.token}", "Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    async with party.http.stream("GET", "/v1/events/stream", params=query, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield _told(answer)


async def _told(answer: httpx.Response) -> Lines:
    place, event = "", None
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            place = value
        elif name == "data":
            event = json.loads(value)
        elif not line and place:
            yield place, event
            place, event = "", None


async def take(lines: Lines, count: int) -> list[tuple[str, dict[str, Any] | None]]:
    async with asyncio.timeout(20):
        return [await anext(lines) for _ in range(count)]


async def test_it_gives_the_feed_and_then_what_is_new(api: Instance) -> None:
    ocmw = api.party("ocmw-lindedal")
    for n in range(3):
        await ocmw.open(ssin=number(n))
    feed = (await ocmw.get("/v1/events")).json()
    assert len(feed["items"]) == 6
    async with following(ocmw) as lines:
        told = await take(lines, 6)
        assert [event for _, event in told] == feed["items"], "as the feed, to the letter"
        assert [place for place, _ in told] == [item["cursor"] for item in feed["items"]]
        await ocmw.open(ssin=number(4))
        news = await take(lines, 2)
    now = (await ocmw.get("/v1/events", after=feed["cursor"])).json()
    assert [event for _, event in news] == now["items"]


async def test_it_goes_on_after_the_last_id(api: Instance) -> None:
    ocmw = api.party("ocmw-lindedal")
    for n in range(3):
        await ocmw.open(ssin=number(n))
    places = [item["cursor"] for item in (await ocmw.get("/v1/events")).json()["items"]]
    async with following(ocmw, last=places[1], after=places[4]) as lines:
        assert [place for place, _ in await take(lines, 4)] == places[2:], "Last-Event-ID goes before after"
    async with following(ocmw, after=places[4]) as lines:
        assert [place for place, _ in await take(lines, 1)] == places[5:]


async def test_pages_follow_each_other(api: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is far behind reads page by page and then goes over to what is new, whatever is written meanwhile."""
    monkeypatch.setattr(tail, "PAGE", 3)
    monkeypatch.setattr(tail, "KEPT", 4)
    ocmw = api.party("ocmw-lindedal")
    for n in range(10):
        await ocmw.open(ssin=number(n))
    async with following(ocmw) as lines:
        first = await take(lines, 5)
        writing = [asyncio.create_task(ocmw.open(ssin=number(20 + n))) for n in range(30)]
        rest = await take(lines, 2 * 40 - 5)
        await asyncio.gather(*writing)
    feed = (await ocmw.get("/v1/events", pageSize=1000)).json()["items"]
    assert [event for _, event in first + rest] == feed


async def test_nobody_hears_of_what_is_not_theirs(api: Instance) -> None:
    ocmw, vdab = api.party("ocmw-lindedal"), api.party("vdab")
    async with following(vdab) as lines, following(ocmw) as own:
        await ocmw.open(ssin=number(1))
        assert len(await take(own, 2)) == 2
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await anext(lines)


async def test_followers_share_one_question(api: Instance) -> None:
    """However many follow, what is new is asked for once; nobody holds a connection while waiting."""
    ocmw = api.party("ocmw-lindedal")
    await ocmw.open(ssin=number(1))
    end = (await ocmw.get("/v1/events")).json()["cursor"]
    told: list[list[tuple[str, Any]]] = []
    ready = asyncio.Barrier(41)

    async def follow() -> None:
        async with following(ocmw, last=end) as lines:
            await ready.wait()
            told.append(await take(lines, 2))

    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(follow())
        await ready.wait()
        assert api.services.tail.followers == 40
        await until(lambda: api.pool.get_idle_size() == api.pool.get_size())
        before = api.services.tail.queries
        await ocmw.open(ssin=number(2))
    assert len(told) == 40
    assert all(one == told[0] for one in told)
    assert api.services.tail.queries - before < 15
    await until(lambda: api.services.tail.followers == 0)


async def test_it_ends_with_the_token(api: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handover.web.sse._HEARTBEAT_SECONDS", 0.2)
    ocmw = api.party("ocmw-lindedal")
    async with following(ocmw) as lines:
        await asyncio.sleep(0.5)
        monkeypatch.setattr("handover.access.tokens.Tokens.caller", _refused)
        async with asyncio.timeout(5):
            assert [one async for one in lines] == []


async def _refused(*_: object) -> None:
    raise Denial


async def test_what_is_no_cursor(shared: Instance) -> None:
    ocmw = shared.party("ocmw-lindedal")
    ocmw.headers["Accept"] = "text/event-stream"
    problem(await ocmw.get("/v1/events/stream", after="zz"), 400, f"{BELGIF}badRequest")
    ocmw.headers["Last-Event-ID"] = "zz"
    found = problem(await ocmw.get("/v1/events/stream"), 400, f"{BELGIF}badRequest")
    assert [(issue["in"], issue["name"]) for issue in found["issues"]] == [("header", "Last-Event-ID")]
