"""Server-sent events: a line that is kept open, and taken up again where it ended."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import httpx

from handover.client.problems import Problem
from handover.client.sending import Query, Sender, can_pass

_SILENCE_SECONDS = 50.0
"""The service says something every 15 seconds: who hears nothing for this long is not connected any more."""
_PAUSE_SECONDS = 2.0


@dataclass(slots=True)
class Place:
    """Where a reader is in a stream, and how long to wait before coming back, in seconds."""

    last_id: str = ""
    pause: float = _PAUSE_SECONDS


async def follow(sender: Sender, path: str, query: Query, place: Place) -> AsyncGenerator[tuple[str, bytes], None]:
    """Give the name and the data of each event, for ever; (`open`, nothing) whenever the line is open (again).

    Raises Problem, or httpx.TransportError when the service stays away for longer than `Retries` say.
    """
    patience = httpx.Timeout(10.0, read=_SILENCE_SECONDS)
    attempts = sender.retries.begin()
    while True:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": place.last_id} if place.last_id else {})
        try:
            async with sender.opened("GET", path, query=query, headers=headers, patience=patience) as answer:
                attempts = sender.retries.begin()
                yield "open", b""
                async for event in _events(answer.aiter_bytes(), place):
                    yield event
        except (httpx.TransportError, Problem) as trouble:
            if not can_pass(trouble):
                raise
            await attempts.again(trouble)
        else:
            await asyncio.sleep(place.pause)


async def _events(chunks: AsyncIterator[bytes], place: Place) -> AsyncIterator[tuple[str, bytes]]:
    """Read the events of a stream (WHATWG HTML, 9.2.6). An event without data only moves the place."""
    name, last_id, data = b"", place.last_id, list[bytes]()
    async for line in _lines(chunks):
        if not line:
            place.last_id = last_id
            if data:
                yield name.decode() or "message", b"\n".join(data)
            name, data = b"", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field == b"id" and b"\0" not in value:
            last_id = value.decode()
        elif field == b"retry" and value.isdigit():
            place.pause = int(value) / 1000


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Split at line ends and nowhere else: text may hold what Unicode counts as one (U+2028, U+0085)."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
