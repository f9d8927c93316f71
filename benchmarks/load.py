"""A load generator that costs little: raw HTTP/1.1 over asyncio, prepared requests, one in flight per connection."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

Take = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave: answers per second, times in milliseconds, and the answers by status."""

    per_second: float
    p50: float
    p99: float
    statuses: dict[int, int]


class _Connection(asyncio.Protocol):
    """Sends a request when asked, and says when the last answer is whole."""

    def __init__(self, answered: Callable[["_Connection", float, int], None]) -> None:
        self._answered = answered
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.busy = False
        self.open = True
        self.broken: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes) -> None:
        """Send a request; the one before must have been answered."""
        assert self._transport
        self.busy = True
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take an answer in; its length is in its head."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < end + 4 + _length(self._buffer[:end]):
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        self.busy = False
        self._answered(self, time.perf_counter() - self._sent, status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note a connection that broke before its time; an idle one that the server closed is just not used again."""
        self.open = False
        if self.busy:
            self.broken = exc or ConnectionError("the server closed the connection")
            self._answered(self, 0.0, 0)

    def close(self) -> None:
        """End it."""
        if self._transport:
            self._transport.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length: ")
    stop = lower.find(b"\r\n", at)
    return int(lower[at + 16 : stop if stop > 0 else None]) if at >= 0 else 0


class Load:
    """Some open connections to a server, used for run after run."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._connections: list[_Connection] = []
        self._times: list[float] = []
        self._statuses: dict[int, int] = {}
        self._next: Callable[[], bytes | None] = lambda: None
        self._idle = asyncio.Event()

    @classmethod
    async def open(cls, host: str, port: int, connections: int) -> "Load":
        """Connect."""
        load = cls(host, port)
        for _ in range(connections):
            await load._another()
        return load

    def close(self) -> None:
        """Disconnect."""
        for connection in self._connections:
            connection.close()

    async def flat_out(self, take: Take, seconds: float) -> Result:
        """Keep every connection busy for some seconds; each sends its next request when it has its answer."""
        started = time.perf_counter()
        until = started + seconds
        self._begin(lambda: take() if time.perf_counter() < until else None)
        for connection in self._connections:
            connection.send(take())
        await self._settled()
        return self._result(time.perf_counter() - started)

    async def paced(self, take: Take, per_second: float, seconds: float) -> Result:
        """Send at fixed moments whatever the server does; where all connections wait for an answer, open another."""
        self._begin(lambda: None)
        started = time.perf_counter()
        for number in range(int(per_second * seconds)):
            ahead = started + number / per_second - time.perf_counter()
            await asyncio.sleep(max(ahead, 0))
            free = next((c for c in self._connections if c.open and not c.busy), None)
            (free or await self._another()).send(take())
        await self._settled()
        return self._result(time.perf_counter() - started)

    async def _another(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(lambda: _Connection(self._answered), self._host, self._port)
        self._connections.append(made)
        return made

    def _begin(self, following: Callable[[], bytes | None]) -> None:
        self._times, self._statuses, self._next = [], {}, following
        self._idle.clear()

    def _answered(self, connection: _Connection, took: float, status: int) -> None:
        self._times.append(took)
        self._statuses[status] = self._statuses.get(status, 0) + 1
        request = self._next() if connection.broken is None else None
        if request is not None:
            connection.send(request)
        elif not any(c.busy for c in self._connections):
            self._idle.set()

    async def _settled(self) -> None:
        while any(c.busy for c in self._connections):
            self._idle.clear()
            await self._idle.wait()

    def _result(self, lasted: float) -> Result:
        for connection in self._connections:
            if connection.broken:
                raise connection.broken
        times = sorted(self._times)
        return Result(len(times) / lasted, quantile(times, 0.5) * 1000, quantile(times, 0.99) * 1000, self._statuses)


def quantile(ordered: list[float], share: float) -> float:
    """Give the value below which that share of an ordered list lies."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def post(path: str, token: str, key: str, body: bytes) -> bytes:
    """Prepare a POST with its Idempotency-Key."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, token: str) -> bytes:
    """Prepare a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
