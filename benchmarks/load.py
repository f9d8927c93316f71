"""A load generator that costs little: raw HTTP/1.1 over asyncio, prepared requests, one in flight per connection."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave: answers per second, times in milliseconds, and the answers by status."""

    per_second: float
    p50: float
    p95: float
    p99: float
    statuses: dict[int, int]


class _Connection(asyncio.Protocol):
    """Sends the next request when the last answer is whole."""

    def __init__(self, take: Callable[[], bytes | None], times: list[float], statuses: dict[int, int]) -> None:
        self._take = take
        self._times = times
        self._statuses = statuses
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Take an answer in; its length is in its head."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length: ")
        stop = head.find(b"\r\n", at)
        length = int(head[at + 16 : stop if stop > 0 else None]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        self._times.append(time.perf_counter() - self._sent)
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a connection that broke before its time is an error."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        request = self._take()
        assert self._transport  # noqa: S101 - connected before any data
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


async def load(host: str, port: int, take: Callable[[], bytes | None], *, connections: int = 32) -> Result:
    """Send what `take` gives (None: no more) over some connections and say how it went."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    statuses: dict[int, int] = {}
    started = time.perf_counter()
    opened = [
        (await loop.create_connection(lambda: _Connection(take, times, statuses), host, port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for connection in opened))
    lasted = time.perf_counter() - started
    times.sort()
    return Result(
        per_second=len(times) / lasted,
        p50=times[len(times) // 2] * 1000,
        p95=times[int(len(times) * 0.95)] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        statuses=statuses,
    )


def post(host: str, path: str, token: str, key: str, body: bytes) -> bytes:
    """Prepare a POST with its Idempotency-Key."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(host: str, path: str, token: str) -> bytes:
    """Prepare a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
