"""Lines 14 to 18, 20 and 21: the other side's software answers badly, slowly, or not at all."""

import asyncio
import contextlib
import gzip
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from aiohttp import web

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House, Program
from tests.faults.load import Load
from tests.faults.receiver import Answer, Heard, Receiver, accept
from tests.faults.scorecard import LONG, Row

_ALL_TRIED = "SELECT NOT EXISTS (SELECT FROM delivery WHERE state = 'pending' AND attempts = 0)"
_CAME = """
SELECT d.dossier_id, d.attempts, d.state, d.last_status, d.last_error
FROM delivery d JOIN event USING (dossier_id, sequence) WHERE event_id = ANY ($1)
"""


@contextlib.asynccontextmanager
async def _at_work(home: House, *, argv: tuple[str, ...] = ()) -> AsyncIterator[tuple[Load, Program]]:
    """Start an API and a worker, and give a load with the worker."""
    api, worker = await asyncio.gather(home.api(), home.worker(argv=argv) if argv else home.worker())
    async with loading(home, api.url) as load:
        yield load, worker


def _turn(row: Row, receiver: Receiver, answer: Answer) -> None:
    row.provoke(lambda: setattr(receiver, "answer", answer))


async def _step_each(load: Load, dossiers: Iterable[str]) -> list[str]:
    """Post a step in each; give the event ids."""
    answers = await asyncio.gather(*(load.must(load.step(dossier_id)) for dossier_id in dossiers))
    return [answer.json()["items"][0]["eventId"] for answer in answers]


def _transport(heard: Heard) -> asyncio.Transport:
    assert heard.transport is not None
    return heard.transport


async def _soon(what: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait so long at most for something of this process to become true; tell whether it did."""
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:  # noqa: ASYNC110 - filled by the receiver's server
        await asyncio.sleep(0.02)
    return what()


async def test_14_reset_after_the_request(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        14, "Reset after the request", "each webhook is read whole and answered by RST; half are kept anyway"
    )
    reset: list[str] = []

    async def break_off(heard: Heard) -> web.StreamResponse:
        if heard.id in reset:
            return await accept(heard)
        reset.append(heard.id)
        connection = _transport(heard).get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        _transport(heard).abort()
        return web.Response(status=204 if len(reset) % 2 else 503)

    async with _at_work(home) as (load, _):
        await subscribe(load, receiver, OCMW)
        await load.open(10, referred=False)
        await home.delivered()
        _turn(row, receiver, break_off)
        events = await _step_each(load, load.dossiers)
        started = time.monotonic()
        await home.until(_ALL_TRIED)
        lost = await home.fetchval(
            "SELECT count(*) FROM delivery WHERE last_error = 'connection lost' AND attempts = 1"
        )
        row.happened(lost == len(events), f"{lost} connections were reset")
        await load.settle()
        await home.delivered()
        row.recovery = time.monotonic() - started
        found = await audit(home, load, receiver.of(OCMW))
        found.good(duplicates=len(events) // 2)
        assert found.duplicates == len(events) // 2, "what it kept before the reset it hears twice, the rest once"
        times = Counter(one.id for one in receiver.heard if one.id in events)
        assert times == dict.fromkeys(events, 2), "each was tried again once, under the same id"
        row.tried, row.lost, row.duplicates = len(events), found.lost, found.duplicates
        row.note = f"{lost} connections reset; all tried again under the same id, {found.duplicates} had been kept"


async def test_15_slow_drip(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    deadline = 15.0 if LONG else 3.0
    row = scorecard(15, "Slow drip", f"one byte of the answer a second, against a deadline of {deadline:g} s")
    shortened = (
        "import functools; from handover import wiring; from handover.cli.main import app;"
        f"wiring.WorkerOptions = functools.partial(wiring.WorkerOptions, deadline={deadline}); app()"
    )
    dripped: list[tuple[int, float]] = []

    async def drip(heard: Heard) -> web.StreamResponse:
        if heard.dossier != slow:
            return await accept(heard)
        started, count, connection = time.monotonic(), 0, _transport(heard)
        for byte in b"HTTP/1.1 200 OK\r\nX-Reason: %s" % (b"." * 60):
            connection.write(bytes([byte]))
            count += 1
            if await _soon(connection.is_closing, 1):
                break
        dripped.append((count, time.monotonic() - started))
        receiver.answer = accept
        return web.Response(status=503)

    async with _at_work(home, argv=(sys.executable, "-c", shortened)) as (load, _):
        await subscribe(load, receiver)
        slow, *others = await load.open(8)
        await home.delivered()
        _turn(row, receiver, drip)
        before, (event,) = len(receiver.heard), await _step_each(load, [slow])
        assert await _soon(lambda: any(one.id == event for one in receiver.heard[before:]))
        started = time.monotonic()
        quick = set(await _step_each(load, others))
        assert await _soon(lambda: sum(one.id in quick for one in receiver.taken) == 2 * len(quick)), "others wait"
        others_took = time.monotonic() - started
        assert not dripped, "the others were there while it dripped"
        await home.until(_ALL_TRIED)
        row.happened(await _soon(lambda: bool(dripped), 1), "no answer dripped")
        said = await home.fetchval("SELECT max(last_error) FROM delivery WHERE state = 'pending'")
        assert said == f"no complete answer within {deadline:g} s"
        assert all(deadline - 0.2 < seconds < deadline + 2 and count > 1 for count, seconds in dripped), dripped
        await load.settle()
        await home.delivered()
        row.recovery = time.monotonic() - started - deadline
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = len(quick) + 1, found.lost, found.duplicates
        row.note = (
            f"cut after {max(seconds for _, seconds in dripped):.1f} s and {max(count for count, _ in dripped)} bytes; "
            f"{2 * len(quick)} webhooks of other dossiers went through within {others_took:.2f} s meanwhile"
        )


def _peak(program: Program) -> int:
    """Give the most memory that a process had in use since `_forget_peak`, in bytes."""
    lines = Path(f"/proc/{program.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _forget_peak(program: Program) -> None:
    Path(f"/proc/{program.pid}/clear_refs").write_text("5", "ascii")


async def test_16_gzip_bomb_and_endless_body(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(16, "Gzip bomb, endless body", "answers of 32 MiB in 32 KiB, and bodies and headers without an end")
    expanded = 32 << 20
    bomb = gzip.compress(bytes(expanded))
    kinds: dict[str, bytes] = {
        "bomb": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb,
        "endless 200": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "endless 500": b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n",
        "endless header": b"HTTP/1.1 200 OK\r\nX-Long: ",
    }
    flooded: dict[str, str] = {}
    cut: list[bool] = []

    async def flood(heard: Heard) -> web.StreamResponse:
        if heard.id in flooded:
            return await accept(heard)
        kind, connection, done = kind_of[heard.dossier], _transport(heard), 0
        flooded[heard.id] = kind
        connection.write(kinds[kind])
        while kind != "bomb" and done < 256 << 20 and not connection.is_closing():
            # Never more in our own memory than a little, however slowly it is read.
            if connection.get_write_buffer_size() < 1 << 18:
                connection.write(b"A" * (1 << 16))
                done += 1 << 16
            await asyncio.sleep(0.001)
        if kind != "bomb":
            cut.append(connection.is_closing())
        elif not await _soon(connection.is_closing, 0.2):
            connection.close()
        return web.Response(status=503 if kind in {"endless 500", "endless header"} else 200)

    async with _at_work(home) as (load, worker):
        await subscribe(load, receiver, OCMW)
        dossiers = await load.open(20, referred=False)
        kind_of = {dossier: list(kinds)[n % len(kinds)] for n, dossier in enumerate(dossiers)}
        await home.delivered()
        _forget_peak(worker)
        calm = _peak(worker)
        _turn(row, receiver, flood)
        events = await _step_each(load, dossiers)
        started = time.monotonic()
        await home.until(_ALL_TRIED)
        row.happened(await _soon(lambda: cut == [True] * 15, 2 if flooded else 0), f"{cut} answers were cut off")
        row.happened(Counter(flooded.values()) == dict.fromkeys(kinds, 5), f"so many floods: {flooded}")
        came = set(map(tuple, await home.pool.fetch(_CAME, events)))
        grown = _peak(worker) - calm
        assert grown < expanded, f"the worker grew by {grown >> 20} MiB"
        assert {(kind_of[str(dossier)], *rest) for dossier, *rest in came if rest[0] == 1} == {
            ("bomb", 1, "succeeded", 200, ""),
            ("endless 200", 1, "succeeded", 200, ""),
            ("endless 500", 1, "pending", 500, "HTTP 500"),
            ("endless header", 1, "pending", None, "no HTTP answer"),
        }
        await load.settle()
        await home.delivered()
        row.recovery = time.monotonic() - started
        found = await audit(home, load, receiver.of(OCMW))
        found.good()
        row.tried, row.lost, row.duplicates = len(events), found.lost, found.duplicates
        row.note = (
            f"the worker grew by {grown / (1 << 20):.1f} MiB at most, with 5 bombs of {expanded >> 20} MiB and "
            "15 answers without an end at once; each was settled by its status"
        )
