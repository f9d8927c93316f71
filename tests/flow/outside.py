"""What scripts share that look at an instance from outside: find or start one, tokens, a receiver process."""

import asyncio
import contextlib
import json
import os
import random
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

PROGRAM = Path(sys.executable).with_name("handover")
_CHECK = 97


@dataclass
class Outside:
    """A running instance as its users see it: an address, and tokens for its organisations."""

    base_url: str
    env: dict[str, str]
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def command(self, *arguments: str, check: bool = True) -> tuple[int, str, str]:
        """Run `handover` with the instance's settings; give exit code, output and errors."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *arguments, env=self.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        if check and process.returncode:
            message = f"handover {arguments[0]} ended with {process.returncode}: {err.decode()[-2000:]}"
            raise RuntimeError(message)
        return process.returncode or 0, out.decode(), err.decode()

    async def token(self, organisation: str) -> str:
        """Give a token of an organisation's software."""
        if organisation not in self.tokens:
            _, out, _ = await self.command("token", "--organisation", organisation)
            self.tokens[organisation] = out.strip()
        return self.tokens[organisation]

    async def get(self, organisation: str, path: str) -> Any:  # noqa: ANN401 - a JSON document
        """GET, which must succeed."""
        headers = {"Authorization": f"Bearer {await self.token(organisation)}"}
        answer = await self.http.get(path, headers=headers)
        answer.raise_for_status()
        return answer.json()

    async def post(self, organisation: str, path: str, body: object) -> Any:  # noqa: ANN401 - a JSON document
        """POST with a fresh Idempotency-Key, which must succeed."""
        headers = {
            "Authorization": f"Bearer {await self.token(organisation)}",
            "Idempotency-Key": secrets.token_hex(12),
        }
        answer = await self.http.post(path, json=body, headers=headers)
        if answer.is_error:
            message = f"POST {path}: {answer.status_code} {answer.text}"
            raise RuntimeError(message)
        return answer.json() if answer.content else None

    async def pages(self, organisation: str, path: str) -> list[Any]:
        """Give all items of a collection, page after page."""
        items: list[Any] = []
        following: str | None = path
        while following:
            page = await self.get(organisation, following)
            items += page["items"]
            following = page.get("next")
        return items


@contextlib.asynccontextmanager
async def instance() -> AsyncIterator[Outside]:
    """Give the instance at HANDOVER_PORT when one answers there, else start one of our own in a new directory."""
    port = os.environ.get("HANDOVER_PORT", "8000")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
        with contextlib.suppress(httpx.HTTPError):
            if (await http.get("/health")).is_success:
                print(f"Using the instance that runs at {http.base_url}")  # noqa: T201
                yield Outside(str(http.base_url).rstrip("/"), dict(os.environ), http)
                return
    async with started() as outside:
        yield outside


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Outside]:
    """Start an instance with `handover up` in a directory of its own, and stop it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="handover-") as directory:
        env = {
            **os.environ,
            "HANDOVER_PORT": str(port),
            "HANDOVER_DATA_DIR": directory,
            "HANDOVER_DATABASE_URL": "",
            "HANDOVER_LOG_LEVEL": "warning",
        }
        process = await asyncio.create_subprocess_exec(PROGRAM, "up", env=env, stdout=asyncio.subprocess.DEVNULL)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
                await _until_up(http, process)
                print(f"Started an instance of our own at {http.base_url}")  # noqa: T201
                yield Outside(str(http.base_url).rstrip("/"), env, http)
        finally:
            if process.returncode is None:
                process.terminate()
                await asyncio.wait_for(process.wait(), 40)


async def _until_up(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if (await http.get("/health")).is_success:
                return
        if process.returncode is not None:
            message = f"handover up ended with {process.returncode}"
            raise RuntimeError(message)
        await asyncio.sleep(0.1)
    message = "handover up did not answer within a minute"
    raise RuntimeError(message)


class ReceiverProcess:
    """The receiver, and what it told so far."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port
        self.received: list[dict[str, Any]] = []
        self.refused = 0
        self._news = asyncio.Event()
        self._listening = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls) -> Self:
        """Start it and learn its port."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("receiver.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        assert process.stdout is not None
        return cls(process, json.loads(await process.stdout.readline())["port"])

    async def listen(self, path: str, secret: str) -> None:
        """Let it check what comes in under a path with a secret."""
        assert self._process.stdin is not None
        self._listening.clear()
        self._process.stdin.write(f"{path} {secret}\n".encode())
        await self._listening.wait()

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def of(self, path: str) -> list[dict[str, Any]]:
        """Give what came in under a path, in order."""
        return [line for line in self.received if line["path"] == f"/{path}"]

    async def wait_for(self, path: str, event_id: str, *, seconds: float = 30) -> dict[str, Any]:
        """Wait for an event under a path."""
        async with asyncio.timeout(seconds):
            while True:
                for line in reversed(self.received):
                    if line["path"] == f"/{path}" and line["event"]["id"] == event_id:
                        found: dict[str, Any] = line
                        return found
                self._news.clear()
                await self._news.wait()

    async def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), 10)
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "listening" in told:
                self._listening.set()
            elif told["verified"]:
                self.received.append(told)
            else:
                self.refused += 1
            self._news.set()


def synthetic_ssin(rng: random.Random) -> tuple[str, str]:
    """Give a made-up national number with valid check digits, and its birth date."""
    year, month, day = rng.randrange(40, 100), rng.randrange(1, 13), rng.randrange(1, 29)
    first = ((year * 100 + month) * 100 + day) * 1000 + rng.randrange(1, 998)
    return f"{first:09}{_CHECK - first % _CHECK:02}", f"19{year}-{month:02}-{day:02}"
