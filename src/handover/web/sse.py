"""Server-sent events: an open screen costs a task and no database connection."""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from handover.inbox.stream import InboxBroadcast

_HEARTBEAT_SECONDS = 15.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def inbox_stream(broadcast: InboxBroadcast, organisation: str) -> Response:
    """Say `inbox` whenever an organisation's inboxes changed, and a comment every 15 seconds.

    It ends when the reader leaves or the service stops.
    """
    return StreamingResponse(_lines(broadcast, organisation), 200, _HEADERS, "text/event-stream")


async def _lines(broadcast: InboxBroadcast, organisation: str) -> AsyncIterator[bytes]:
    async with broadcast.subscribe(organisation) as changes:
        yield b"retry: 2000\n: open\n\n"
        while not changes.ended:
            changed = await changes.next(_HEARTBEAT_SECONDS)
            yield b"event: inbox\ndata: {}\n\n" if changed else b": still here\n\n"
