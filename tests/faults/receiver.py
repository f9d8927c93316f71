"""The other side's software: verifies every webhook, keeps what it heard, and misbehaves when told to."""

import asyncio
import contextlib
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True, slots=True)
class Heard:
    """One webhook that was taken: where, which, when (time.monotonic), and the wall clock it was signed with."""

    path: str
    id: str
    dossier: str
    sequence: int
    at: float
    signed_at: int
    type: str = ""
    transport: asyncio.Transport | None = field(default=None, compare=False, repr=False)

    @property
    def connection(self) -> asyncio.Transport:
        """What it came on, for answers that no HTTP library would give."""
        assert self.transport is not None
        return self.transport


Answer = Callable[[Heard], Awaitable[web.StreamResponse]]


async def accept(_heard: Heard) -> web.StreamResponse:
    """Take it."""
    return web.Response(status=204)


class Crowd:
    """Takes everything after a little while, and counts how much is on its way at once to each address."""

    def __init__(self) -> None:
        self.most = 0
        self.inside: Counter[str] = Counter()

    async def __call__(self, heard: Heard) -> web.StreamResponse:
        self.inside[heard.path] += 1
        self.most = max(self.most, self.inside[heard.path])
        await asyncio.sleep(0.01)
        self.inside[heard.path] -= 1
        return await accept(heard)


@dataclass
class Receiver:
    """Listens on loopback. `answer` decides what it says after it has verified a webhook and written it down.

    `taken` holds what it said yes to, `refused` counts signatures that did not hold.
    """

    secrets: dict[str, list[str]] = field(default_factory=dict)
    answer: Answer = accept
    heard: list[Heard] = field(default_factory=list)
    taken: list[Heard] = field(default_factory=list)
    refused: int = 0
    port: int = 0
    skew: Callable[[], float] = lambda: 0.0
    """Seconds that the receiver's own clock is ahead of this machine's."""

    def url(self, name: str) -> str:
        """Give the address for one subscriber."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def of(self, *names: str) -> dict[str, list[Heard]]:
        """Give the events that each subscriber took; a checkpoint of the log is none and concerns no dossier."""
        return {name: [one for one in self.taken if one.path == name and one.dossier != "log"] for name in names}

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Verify, write down, answer."""
        raw, path = await request.read(), request.path.strip("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not self._verified(path, raw, headers):
            self.refused += 1
            return web.Response(status=401)
        event = json.loads(raw)
        heard = Heard(
            path,
            headers["webhook-id"],
            event["subject"],
            int(event.get("sequence") or 0),
            monotonic(),
            int(headers["webhook-timestamp"]),
            event["type"],
            request.transport,
        )
        self.heard.append(heard)
        answer = await self.answer(heard)
        if answer.status < 300:
            self.taken.append(heard)
        return answer

    def _verified(self, path: str, raw: bytes, headers: dict[str, str]) -> bool:
        # The package reads the machine's clock; where the world's clock is moved, the stamp is moved back first.
        skew = self.skew()
        if skew:
            now = datetime.now(UTC).timestamp() + skew
            if abs(now - int(headers["webhook-timestamp"])) > 300:
                return False
        for secret in self.secrets.get(path, ()):
            with contextlib.suppress(WebhookVerificationError):
                _verify(Webhook(secret), raw, headers, moved=bool(skew))
                return True
        return False


def _verify(webhook: Webhook, raw: bytes, headers: dict[str, str], *, moved: bool) -> None:
    if not moved:
        webhook.verify(raw, headers)
        return
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    if webhook.sign(headers["webhook-id"], at, raw.decode()) not in headers["webhook-signature"].split(" "):
        raise WebhookVerificationError("no signature fits")


@contextlib.asynccontextmanager
async def receiving(port: int = 0, *, of: Receiver | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver; with `of`, one that was down comes back with all it remembers."""
    receiver = of or Receiver()
    application = web.Application(client_max_size=1 << 20)
    application.router.add_post("/{path}", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port or receiver.port, reuse_address=True).start()
        receiver.port = runner.addresses[0][1]
        yield receiver
    finally:
        await runner.cleanup()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def raw_server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Listen on loopback and speak bytes, for answers that no HTTP library would give; gives the port."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await talk(reader, writer)
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one HTTP request with its body, as bytes."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)
