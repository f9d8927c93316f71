"""Server-sent events: whoever waits costs a task and no database connection."""

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

from starlette.responses import Response, StreamingResponse

from handover.inbox.stream import InboxBroadcast
from handover.platform.db import LOST
from handover.record.tail import Tail, Told
from handover.web.answers import feed_item

_HEARTBEAT_SECONDS = 15.0
Look = Callable[[list[Told]], Awaitable[list[Told]]]
"""Narrows a page to what its reader may see, and notes it."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def inbox_stream(broadcast: InboxBroadcast, organisation: str) -> Response:
    """Say `inbox` whenever an organisation's inboxes changed, and a comment every 15 seconds.

    It ends when the reader leaves or the service stops.
    """
    return _stream(_lines(broadcast, organisation))


def feed_stream(
    tail: Tail, organisation: str, after: str, *, base_url: str, welcome: Callable[[], Awaitable[bool]], look: Look
) -> Response:
    """Give an organisation's feed from a cursor on, each event with its cursor as `id`, and then what is new.

    A comment every 15 seconds, when `welcome` is asked again too: it ends when that says no, when the reader leaves, or
    when the service stops. A reader who is slow is waited for: the next page is not read before the last was taken.
    """
    return _stream(_events(tail, organisation, after, base_url, welcome, look))


def _stream(lines: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(lines, 200, _HEADERS, "text/event-stream")


async def _lines(broadcast: InboxBroadcast, organisation: str) -> AsyncIterator[bytes]:
    async with broadcast.subscribe(organisation) as changes:
        yield b"retry: 2000\n: open\n\n"
        while not changes.ended:
            changed = await changes.next(_HEARTBEAT_SECONDS)
            yield b"event: inbox\ndata: {}\n\n" if changed else b": still here\n\n"


async def _events(
    tail: Tail, organisation: str, after: str, base_url: str, welcome: Callable[[], Awaitable[bool]], look: Look
) -> AsyncIterator[bytes]:
    async with tail.follow(organisation, after) as follower:
        yield b"retry: 2000\n: open\n\n"
        asked = monotonic()
        while not tail.ended:
            page = await follower.next(_HEARTBEAT_SECONDS)
            if monotonic() - asked >= _HEARTBEAT_SECONDS:
                if not await welcome():
                    return
                asked = monotonic()
            if not page:
                yield b": still here\n\n"
                continue
            try:
                page = await look(page)
            except LOST:
                return  # nothing is shown that cannot be noted; who comes back goes on from the last id
            shown = [(told.cursor, feed_item(told, base_url)) for told in page]
            lines = [f"id: {place}\ndata: ".encode() + item + b"\n\n" for place, item in shown if item]
            if shown[-1][1] is None:
                # Without data it is no event, and still where a reader that comes back goes on.
                lines.append(f"id: {page[-1].cursor}\n\n".encode())
            yield b"".join(lines)
