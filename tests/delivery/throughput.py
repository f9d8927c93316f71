"""How fast one worker is on this machine: `python -m tests.delivery.throughput`. Nothing fails on it.

The receiver and the worker are processes of their own, as in life; all share the machine.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import uvloop
from tests.delivery.support import VDAB, World, world

from handover.platform.db import open_pool
from handover.platform.embedded import EmbeddedPostgres
from handover.record.migrate import upgrade


class _Hook(asyncio.Protocol):
    """Barely an HTTP server: a receiver that costs as little as it can."""

    arrivals: list[tuple[str, float]] = []  # noqa: RUF012 - one per process is the point

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            name = head.partition(b"webhook-id: ")[2].split(b"\r\n", 1)[0].decode()
            self.arrivals.append((name, time.monotonic()))
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def _until_told() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


async def _receive(file: Path) -> None:
    server = await asyncio.get_running_loop().create_server(_Hook, "127.0.0.1", 0)
    _say(server.sockets[0].getsockname()[1])
    await _until_told()
    file.write_text(json.dumps(_Hook.arrivals))


async def _work(dsn: str) -> None:
    pool = await open_pool(dsn, size=4, application_name="throughput-worker")
    async with world(dsn, pool) as made, made.working(poll_seconds=1.0):
        _say("ready")
        await _until_told()
    await pool.close()


@contextlib.asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.delivery.throughput", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def _drained(made: World) -> None:
    while await made.pool.fetchval("SELECT EXISTS (SELECT 1 FROM lane WHERE due_at IS NOT NULL)"):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def _quantiles(values: list[float]) -> str:
    cuts = statistics.quantiles(values, n=100)
    return f"p50 {cuts[49] * 1000:.1f} ms, p95 {cuts[94] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


async def _drain(made: World, dsn: str, directory: Path, dossiers: list[UUID], each: int) -> None:
    async with _process("receive", str(directory / "drain.json")) as port:
        await made.subscriptions.create(VDAB, f"http://127.0.0.1:{port}/hook")
        began = time.monotonic()
        for _ in range(each):
            await asyncio.gather(*(made.post(d, "handover.progressed", VDAB) for d in dossiers))
        count = each * len(dossiers)
        _say(f"recorded {count} events in {len(dossiers)} dossiers: {count / (time.monotonic() - began):.0f}/s")
        async with _process("work", dsn):
            await _drained(made)
    times = [at for _, at in json.loads((directory / "drain.json").read_text())]
    _say(f"drained {len(times)}: {len(times) / (max(times) - min(times)):.0f}/s")


async def _latency(made: World, dsn: str, directory: Path, dossiers: list[UUID], rate: int) -> None:
    file = directory / f"latency{rate}.json"
    async with _process("receive", str(file)) as port:
        subscription = (await made.subscriptions.list(VDAB))[0]
        await made.subscriptions.change(VDAB, subscription.subscription_id, url=f"http://127.0.0.1:{port}/hook")
        committed: dict[str, float] = {}

        async def one(number: int) -> None:
            events = await made.post(dossiers[number % len(dossiers)], "handover.progressed", VDAB)
            committed[str(events[0].event_id)] = time.monotonic()

        async with _process("work", dsn):
            await asyncio.sleep(0.5)
            began, running = time.monotonic(), []
            for number in range(rate * 8):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                running.append(asyncio.create_task(one(number)))
            await asyncio.gather(*running)
            await _drained(made)
    late = [at - committed[name] for name, at in json.loads(file.read_text()) if name in committed]
    _say(f"at {rate}/s: {len(late)} received, commit → received {_quantiles(late)}")


async def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="handover-throughput-") as name:
        directory = Path(name)
        async with EmbeddedPostgres(directory) as dsn:
            await upgrade(dsn)
            pool = await open_pool(dsn, size=8, application_name="throughput")
            async with world(dsn, pool) as made:
                dossiers = [await made.open() for _ in range(200)]
                for dossier_id in dossiers:
                    await made.post(dossier_id, "handover.requested")
                    await made.post(dossier_id, "handover.accepted", VDAB)
                    await made.post(dossier_id, "handover.contacted", VDAB)
                await _drain(made, dsn, directory, dossiers, 100)
                for rate in (20, 200, 500):
                    await _latency(made, dsn, directory, dossiers, rate)
            await pool.close()


def main() -> None:
    """Measure, or be one of the processes that it takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", nargs="?", default="measure", choices=["measure", "receive", "work"])
    parser.add_argument("what", nargs="?", default="")
    chosen = parser.parse_args()
    match chosen.role:
        case "receive":
            uvloop.run(_receive(Path(chosen.what)))
        case "work":
            uvloop.run(_work(chosen.what))
        case _:
            uvloop.run(_measure())


if __name__ == "__main__":
    main()
