import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web

from handover.client import Client, Retries, Token

Say = Callable[[web.Request], Awaitable[web.StreamResponse]]
QUICK = Retries(tries=5, seconds=5, first=0.01, longest=0.05)


@dataclass
class Asked:
    """What a request was when it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Scripted:
    """A server on a real port that answers what it was told to, one after the other, and keeps what it was asked."""

    url: str = ""
    script: list[Say] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def says(self, *script: Say) -> None:
        self.script.extend(script)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        at = asyncio.get_running_loop().time()
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, dict(request.query), headers, body, at))
        return await self.script.pop(0)(request)

    @contextlib.asynccontextmanager
    async def client(self, token: Token = "", retries: Retries = QUICK) -> AsyncIterator[Client]:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            yield Client(self.url, token or "token", retries=retries, http=http)


def answer(content: object, status: int = 200, kind: str = "application/json", **headers: str) -> Say:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def say(_: web.Request) -> web.StreamResponse:
        return web.Response(body=json.dumps(content).encode(), status=status, headers=named, content_type=kind)

    return say


def refusal(status: int, kind: str = "urn:problem-type:belgif:serviceUnavailable", **headers: str) -> Say:
    document = {
        "type": kind,
        "href": "https://www.belgif.be/",
        "title": "No",
        "status": status,
        "detail": "Try again.",
        "instance": "urn:uuid:01a2039f-8f32-7d21-ab59-99e3cbca2aa3",
    }
    return answer(document, status, "application/problem+json", **headers)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()
