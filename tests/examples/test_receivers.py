"""The receivers that others copy: they run as they stand, on webhooks that a real worker sends them."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from tests.instance import Instance, becomes, eventually
from tests.web.ui.conftest import REQUEST

EXAMPLES = Path(__file__).parents[2] / "examples" / "receivers"
PROGRAMS = {"python": [sys.executable, str(EXAMPLES / "receiver.py")], "node": ["node", str(EXAMPLES / "receiver.mjs")]}
MOST_LINES = 100
Sent = tuple[dict[str, str], bytes]


@dataclass
class Program:
    """A receiver as a process of its own, and the lines that it printed."""

    command: list[str]
    secrets: dict[str, str]
    port: int
    lines: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self.command, env={**os.environ, **self.secrets}, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert (await self.process.stdout.readline()).decode().startswith("listening on ")
        self.reading = asyncio.create_task(self._read(self.process.stdout))

    async def _read(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            self.lines.append(line.decode().strip())

    async def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        assert self.reading is not None
        self.process.kill()
        await self.process.wait()
        await self.reading


@dataclass
class Between:
    """What stands between the worker and the receiver, and kept every webhook that passed."""

    http: ClientSession
    target: str
    passed: list[Sent] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        sent = ({name.lower(): value for name, value in request.headers.items()}, await request.read())
        self.passed.append(sent)
        return web.Response(status=await self.send(*sent))

    async def send(self, headers: Mapping[str, str], body: bytes) -> int:
        """Send what was sent, or something like it; give the status."""
        kept = {name: headers[name] for name in headers if name.startswith("webhook-") or name == "content-type"}
        async with self.http.post(self.target, headers=kept, data=BytesIO(body)) as answer:
            await answer.read()
            return answer.status


@dataclass
class Ground:
    """A receiver that listens to VDAB's webhooks."""

    instance: Instance
    program: Program
    between: Between

    async def refer(self) -> list[str]:
        """Refer a client; give the ids of the events that VDAB hears of, in order."""
        ocmw = self.instance.party("ocmw-lindedal", "trajectbegeleider-1")
        dossier_id = await ocmw.open()
        event = await ocmw.step(dossier_id, "handover.requested", REQUEST)
        vdab = self.instance.party("vdab", "bemiddelaar-1")
        accepted = {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}
        await vdab.step(dossier_id, "handover.accepted", accepted, event["threadId"])
        await eventually(lambda: self._is_all_told(dossier_id))
        answer = await vdab.get(f"/v1/dossiers/{dossier_id}/events")
        return [item["eventId"] for item in answer.json()["items"] if item["sequence"] >= event["sequence"]]

    async def _is_all_told(self, dossier_id: str) -> bool:
        waits = "SELECT count(*) FROM delivery WHERE dossier_id = $1 AND state = 'pending'"
        told = "SELECT count(*) FROM delivery WHERE dossier_id = $1"
        least = 3  # the request, that it was received, and that it was accepted
        pool = self.instance.pool
        return await pool.fetchval(told, dossier_id) >= least and not await pool.fetchval(waits, dossier_id)

    def told(self, word: str) -> list[str]:
        """Give the ids that the program printed after a word."""
        return [line.split()[2] for line in self.program.lines if line.split()[0] == word]


@pytest.fixture(params=sorted(PROGRAMS))
async def ground(request: pytest.FixtureRequest, instance: Instance, tmp_path: Path) -> AsyncIterator[Ground]:
    port = _free_port()
    # A connection for each: one that was hung up on must not be what the next is sent over.
    async with ClientSession(connector=TCPConnector(force_close=True), timeout=ClientTimeout(10)) as http:
        between = Between(http, f"http://127.0.0.1:{port}/")
        async with _listening(between.handle) as address:
            made = await instance.party("vdab").post("/v1/subscriptions", {"url": address})
            subscription = made.json()
            program = Program(
                [*PROGRAMS[request.param], str(port), str(tmp_path / "received")],
                {"WEBHOOK_SECRET": subscription["secret"], "WEBHOOK_PUBLIC_KEY": subscription["publicKey"]},
                port,
            )
            await program.start()
            yield Ground(instance, program, between)
            await program.kill()


async def test_each_event_is_kept_once_and_in_order(ground: Ground) -> None:
    expected = await ground.refer()
    await becomes(lambda: len(ground.told("new")) >= len(expected))
    assert [one for one in ground.told("new") if one in expected] == expected
    assert not any("MISSING" in line for line in ground.program.lines)
    before = len(ground.told("new"))
    for headers, body in ground.between.passed:
        assert await ground.between.send(headers, body) == 204
    await becomes(lambda: len(ground.told("again")) == len(ground.between.passed))
    assert len(ground.told("new")) == before


async def test_it_knows_after_a_crash_what_it_kept_before(ground: Ground) -> None:
    await ground.refer()
    await ground.program.kill()
    kept = ground.told("new")
    assert kept
    await ground.program.start()
    for headers, body in ground.between.passed:
        assert await ground.between.send(headers, body) == 204
    await becomes(lambda: len(ground.told("again")) == len(kept))
    assert ground.told("new") == kept


async def test_what_is_not_ours_is_refused_and_not_kept(ground: Ground) -> None:
    await ground.refer()
    headers, body = ground.between.passed[-1]
    kept = ground.told("new")
    later = str(int(time.time()) + 10)
    for changed, content in (
        (headers, body.replace(b'"specversion":"1.0"', b'"specversion":"1.1"')),
        (headers, body + b" "),
        (headers | {"webhook-id": "another"}, body),
        (headers | {"webhook-timestamp": later}, body),
        (headers | {"webhook-timestamp": "yesterday"}, body),
        (headers | {"webhook-signature": "v1,AAAA v1a,AAAA"}, body),
        ({name: value for name, value in headers.items() if name != "webhook-signature"}, body),
    ):
        assert (changed, content) != (headers, body)
        assert await ground.between.send(changed, content) == 401
    # Told that it is too long, or hung up on: who listens does not read on to the end.
    with contextlib.suppress(ClientError):
        assert await ground.between.send(headers, b"x" * (1024 * 1024 + 1)) == 413
    assert await ground.between.send(headers, body) == 204, "it still takes what is ours"
    assert ground.told("new") == kept


async def test_it_notices_that_one_is_missing(ground: Ground) -> None:
    await ground.refer()
    await ground.program.kill()
    store = Path(ground.program.command[-1])
    store.unlink()
    ground.program.lines.clear()
    await ground.program.start()
    assert await ground.between.send(*ground.between.passed[-1]) == 204
    await becomes(lambda: bool(ground.program.lines))
    assert "MISSING" in ground.program.lines[-1]


async def test_a_line_that_was_cut_off_is_no_event(instance: Instance, tmp_path: Path) -> None:
    """Only for the one that keeps lines: a database looks after its own."""
    made = await instance.party("vdab").post("/v1/subscriptions", {"url": "http://127.0.0.1:9/"})
    store = tmp_path / "received"
    store.write_text('{"id": "whole", "subject": "d", "sequence": "1"}\n{"id": "cut o', "utf-8")
    secrets = {"WEBHOOK_PUBLIC_KEY": made.json()["publicKey"]}
    program = Program([*PROGRAMS["node"], "0", str(store)], secrets, 0)
    await program.start()
    await program.kill()
    await program.start()
    await program.kill()
    assert store.read_text("utf-8").endswith('{"id": "cut o\n')


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_it_is_short_enough_to_be_read(program: str) -> None:
    assert len(Path(PROGRAMS[program][-1]).read_text("utf-8").splitlines()) < MOST_LINES


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


@contextlib.asynccontextmanager
async def _listening(handler: Any) -> AsyncIterator[str]:  # noqa: ANN401 - aiohttp's handlers
    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
