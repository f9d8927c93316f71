"""Server-sent events as a plain ASGI answer: an open screen costs a task and no database connection."""

from starlette.types import Receive, Scope, Send

from handover.inbox.stream import InboxBroadcast

_HEARTBEAT_SECONDS = 15.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class InboxStream:
    """Says `inbox` whenever an organisation's inboxes changed, and a comment every 15 seconds."""

    def __init__(self, broadcast: InboxBroadcast, organisation: str) -> None:
        self._broadcast = broadcast
        self._organisation = organisation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the reader leaves or the service stops."""
        del scope, receive
        async with self._broadcast.subscribe(self._organisation) as changes:
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            await _say(send, b"retry: 2000\n: open\n\n")
            while not changes.ended:
                changed = await changes.next(_HEARTBEAT_SECONDS)
                await _say(send, b"event: inbox\ndata: {}\n\n" if changed else b": still here\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
