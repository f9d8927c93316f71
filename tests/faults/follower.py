"""A follower of the feed on a bare socket: as many as one likes, as slow as one likes."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it came: the stream's `id`, and where it stands in its dossier."""

    cursor: str
    event_id: str
    dossier: str
    sequence: int


@dataclass
class Follower:
    """A connection to `GET /v1/events/stream`. `told` holds what came, over all its connections."""

    token: str
    buffer: int = 0
    """Bytes of the socket's receive buffer; 0: the system's choice."""
    told: list[Told] = field(default_factory=list)
    last: str = ""
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def connect(self, url: str) -> None:
        """Ask for the stream, from after `last` on, and read the answer's head."""
        parts = urlsplit(url)
        raw = socket.socket()
        raw.setblocking(False)  # noqa: FBT003 - its only argument
        if self.buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
        self.abort()
        try:
            await asyncio.get_running_loop().sock_connect(raw, (parts.hostname, parts.port))
        except OSError:
            raw.close()
            raise
        self._reader, self._writer = await asyncio.open_connection(sock=raw, limit=1 << 16)
        resume = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
        head = (
            f"GET /v1/events/stream HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Accept: text/event-stream\r\n{resume}\r\n"
        )
        self._writer.write(head.encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer

    @property
    def port(self) -> int:
        """The port of its own end."""
        assert self._writer is not None
        return int(self._writer.get_extra_info("sockname")[1])

    async def events(self) -> AsyncIterator[Told]:
        """Give what comes until the connection ends. A chunk is a whole number of events, so lines are whole."""
        assert self._reader is not None
        place = ""
        with contextlib.suppress(ConnectionError):
            while line := await self._reader.readline():
                name, _, value = line.strip().partition(b": ")
                if name == b"id":
                    place = value.decode()
                elif name == b"data":
                    event = json.loads(value)
                    self.last = place
                    self.told.append(Told(place, event["eventId"], event["dossierId"], event["sequence"]))
                    yield self.told[-1]

    async def take(self, until: str, seconds: float = 60) -> None:
        """Read on until the event with that cursor has come."""
        async with asyncio.timeout(seconds):
            async for told in self.events():
                if told.cursor == until:
                    return
        raise AssertionError(f"the line ended after {self.last} and before {until}")

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self._writer is not None:
            self._writer.transport.abort()
