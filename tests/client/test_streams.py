"""Lines that are kept open: read to the letter, taken up again where they ended."""

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web

from handover.client import Problem, Retries
from tests.client.conftest import Say, Scripted, answer, refusal
from tests.client.described import SCHEMAS, full

EVENT = full(SCHEMAS["FeedEvent"], SCHEMAS)


def event(cursor: str, **changes: Any) -> bytes:  # noqa: ANN401 - JSON
    text = json.dumps(EVENT | {"cursor": cursor} | changes, ensure_ascii=False)
    return f"id: {cursor}\ndata: {text}\n\n".encode()


def line(*chunks: bytes, breaks: bool = False) -> Say:
    """Send pieces, each by itself; `breaks`: then hang up in the middle."""

    async def say(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        if breaks and request.transport:
            request.transport.abort()
        return response

    return say


async def told(server: Scripted, count: int, after: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    async with server.client() as client, aclosing(client.stream_feed(after)) as events, asyncio.timeout(10):
        async for one in events:
            found.append((one.cursor, one.data))
            if len(found) == count:
                break
    return found


async def test_it_comes_back_where_the_line_ended(server: Scripted) -> None:
    server.says(
        line(b"retry: 10\n: open\n\n", event("1-1"), event("1-2")),
        line(event("1-3"), event("1-4")[:40], breaks=True),
        refusal(503),
        line(event("1-4")),
    )
    assert [cursor for cursor, _ in await told(server, 4, after="1-0")] == ["1-1", "1-2", "1-3", "1-4"]
    assert [asked.headers.get("last-event-id") for asked in server.asked] == ["1-0", "1-2", "1-3", "1-3"]
    assert {asked.headers["accept"] for asked in server.asked} == {"text/event-stream"}


async def test_from_the_beginning_no_place_is_named(server: Scripted) -> None:
    server.says(line(event("1-1")))
    await told(server, 1)
    assert "last-event-id" not in server.asked[0].headers


async def test_a_place_without_data_is_no_event_and_still_a_place(server: Scripted) -> None:
    server.says(line(b"retry: 10\n\n", event("1-1"), b"id: 1-9\n\n", b": still here\n\n"), line(event("2-1")))
    assert [cursor for cursor, _ in await told(server, 2)] == ["1-1", "2-1"]
    assert server.asked[1].headers["last-event-id"] == "1-9"


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_pieces_of_any_size_and_any_text(server: Scripted, size: int) -> None:
    """What Unicode counts as the end of a line is none here; the service sends such texts as they were written."""
    text = "één\u2028twee\u0085drie\u2029\x0b\x0c vier \U0001f600"
    whole = event("1-1", data={"text": text}) + event("1-2", data={"text": "x"}).replace(b"\n", b"\r\n")
    server.says(line(*(whole[at : at + size] for at in range(0, len(whole), size))))
    assert await told(server, 2) == [("1-1", {"text": text}), ("1-2", {"text": "x"})]


async def test_data_on_several_lines_is_one_event(server: Scripted) -> None:
    body = json.dumps(EVENT, indent=1)
    server.says(line("".join(f"data:{one}\n" for one in body.split("\n")).encode() + b"\n"))
    assert (await told(server, 1))[0][0] == EVENT["cursor"]


async def test_a_refusal_is_raised(server: Scripted) -> None:
    server.says(refusal(400))
    async with server.client() as client:
        with pytest.raises(Problem):
            await anext(client.stream_feed("zz"))


async def test_it_gives_up_on_a_service_that_stays_away_and_not_before(server: Scripted) -> None:
    """Each line that was open counts as a success: only what fails in a row is counted."""
    three = Retries(tries=3, seconds=5, first=0.01, longest=0.02)
    server.says(
        *[refusal(503), refusal(503), line(b"retry: 10\n\n", event("1-1"))] * 2,
        refusal(503),
        refusal(503),
        refusal(503),
        line(event("9-9")),
    )
    async with server.client(retries=three) as client, asyncio.timeout(10):
        events = client.stream_feed()
        assert [(await anext(events)).cursor for _ in range(2)] == ["1-1", "1-1"]
        with pytest.raises(Problem):
            await anext(events)
    assert len(server.asked) == 9


async def test_silence_is_no_connection(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handover.client.streams._SILENCE_SECONDS", 0.3)

    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(event("1-1"))
        await asyncio.sleep(60)
        return response

    server.says(silent, line(event("1-2")))
    assert [cursor for cursor, _ in await told(server, 2)] == ["1-1", "1-2"]


async def test_the_inbox_says_when_to_look_also_after_a_line_that_broke(server: Scripted) -> None:
    server.says(line(b"retry: 10\n: open\n\n", b"event: inbox\ndata: {}\n\n"), line(b": open\n\n"), answer({}))
    looks = 0
    async with server.client() as client, aclosing(client.stream_inbox()) as changes, asyncio.timeout(10):
        async for _ in changes:
            looks += 1
            if looks == 3:
                break
    assert [asked.path for asked in server.asked] == ["/v1/inbox/stream"] * 2
