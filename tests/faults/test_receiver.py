"""Lines 14 to 18: the other side's software answers badly, slowly, or without an end."""

import asyncio
import gzip
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

from aiohttp import web
from multidict import CIMultiDict

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, at_work, misbehave, subscribe
from tests.faults.house import OCMW, VDAB, House, Program, soon
from tests.faults.load import Load
from tests.faults.receiver import Heard, Receiver, accept, raw_server, read_request
from tests.faults.scorecard import LONG

_ALL_TRIED = "SELECT NOT EXISTS (SELECT FROM delivery WHERE state = 'pending' AND attempts = 0)"


async def _audit_each(home: House, load: Load, receiver: Receiver, paths: Iterable[str]) -> tuple[int, int]:
    """Audit every subscription of one organisation by itself; give what was lost and heard twice, which is nothing."""
    found = [await audit(home, load, {OCMW: heard}) for heard in receiver.of(*paths).values()]
    for one in found:
        one.good()
    return sum(one.lost for one in found), sum(one.duplicates for one in found)


async def test_14_reset_after_the_request(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        14, "Reset after the request", "each webhook is read whole and answered by RST; half are kept anyway"
    )
    reset: list[str] = []

    async def break_off(heard: Heard) -> web.StreamResponse:
        if heard.id in reset:
            return await accept(heard)
        reset.append(heard.id)
        connection = heard.connection.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        heard.connection.abort()
        return web.Response(status=204 if len(reset) % 2 else 503)

    async with at_work(home) as (load, _):
        await subscribe(load, receiver, OCMW)
        await load.open(10, referred=False)
        await home.delivered()
        misbehave(row, receiver, break_off)
        events = await load.each(load.dossiers)
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
        started, count, connection = time.monotonic(), 0, heard.connection
        for byte in b"HTTP/1.1 200 OK\r\nX-Reason: %s" % (b"." * 60):
            connection.write(bytes([byte]))
            count += 1
            if await soon(connection.is_closing, 1):
                break
        dripped.append((count, time.monotonic() - started))
        receiver.answer = accept
        return web.Response(status=503)

    async with at_work(home, argv=(sys.executable, "-c", shortened)) as (load, _):
        await subscribe(load, receiver)
        slow, *others = await load.open(8)
        await home.delivered()
        misbehave(row, receiver, drip)
        before, (event,) = len(receiver.heard), await load.each([slow])
        assert await soon(lambda: any(one.id == event for one in receiver.heard[before:]))
        started = time.monotonic()
        quick = set(await load.each(others))
        assert await soon(lambda: sum(one.id in quick for one in receiver.taken) == 2 * len(quick)), "others wait"
        others_took = time.monotonic() - started
        assert not dripped, "the others were there while it dripped"
        await home.until(_ALL_TRIED)
        row.happened(await soon(lambda: bool(dripped), 1), "no answer dripped")
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


_FIRST_TRIES = """
SELECT split_part(s.url, '/s', 2), d.state, d.last_status, d.last_error
FROM delivery d JOIN event e USING (dossier_id, sequence) JOIN subscription s USING (subscription_id)
WHERE d.attempts = 1 AND e.event_id = ANY ($1)
  AND (s.url, d.dossier_id) IN (SELECT * FROM unnest($2::text[], $3::uuid[]))
"""


async def test_16_gzip_bomb_and_endless_body(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(16, "Gzip bomb, endless body", "answers of 32 MiB in 32 KiB, and bodies and headers without an end")
    expanded = 32 << 20
    bomb = gzip.compress(bytes(expanded))
    # Of two dossiers only where the attempt fails: three would count as an endpoint that is down.
    kinds: dict[str, tuple[int, bytes]] = {
        "bomb": (6, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb),
        "endless200": (6, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
        "endless500": (2, b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n"),
        "endlessHeader": (2, b"HTTP/1.1 200 OK\r\nX-Long: "),
    }
    flooding: set[tuple[str, str]] = set()
    cut: Counter[str] = Counter()

    async def flood(heard: Heard) -> web.StreamResponse:
        if (heard.path, heard.dossier) not in flooding:
            return await accept(heard)
        flooding.discard((heard.path, heard.dossier))
        kind, connection, done = heard.path[1:], heard.connection, 0
        connection.write(kinds[kind][1])
        while kind != "bomb" and done < 256 << 20 and not connection.is_closing():
            # Never more in our own memory than a little, however slowly it is read.
            if connection.get_write_buffer_size() < 1 << 18:
                connection.write(b"A" * (1 << 16))
                done += 1 << 16
            await asyncio.sleep(0.001)
        if kind == "bomb" and not await soon(connection.is_closing, 2.0):
            connection.close()
        cut[kind] += connection.is_closing()
        return web.Response(status=503 if kind in {"endless500", "endlessHeader"} else 200)

    async with at_work(home) as (load, worker):
        for kind in kinds:
            await subscribe(load, receiver, OCMW, path=f"s{kind}")
        dossiers = await load.open(6, referred=False)
        await home.delivered()
        flooding |= {(f"s{kind}", one) for kind, (count, _) in kinds.items() for one in dossiers[:count]}
        aimed = sorted(flooding)
        _forget_peak(worker)
        calm = _peak(worker)
        misbehave(row, receiver, flood)
        events = await load.each(dossiers)
        started = time.monotonic()
        urls, ids = [receiver.url(path) for path, _ in aimed], [UUID(dossier) for _, dossier in aimed]
        # A failed attempt is repeated after some seconds: what it was settled by is looked at until all have been seen.
        came: set[tuple[object, ...]] = set()
        wanted = {
            ("bomb", "succeeded", 200, ""),
            ("endless200", "succeeded", 200, ""),
            ("endless500", "pending", 500, "HTTP 500"),
            ("endlessHeader", "pending", None, "no HTTP answer"),
        }
        while time.monotonic() < started + (20 if row.provoked else 1) and not (came >= wanted and not flooding):
            came |= set(map(tuple, await home.pool.fetch(_FIRST_TRIES, events, urls, ids)))
            await asyncio.sleep(0.02)
        row.happened(not flooding, f"{len(flooding)} were not answered so")
        assert came == wanted
        await load.settle()
        await home.delivered()
        everything = {kind: count for kind, (count, _) in kinds.items()}
        assert await soon(lambda: cut == everything, 10), f"these were cut off: {cut}"
        row.recovery = time.monotonic() - started
        grown = _peak(worker) - calm
        assert grown < expanded, f"the worker grew by {grown >> 20} MiB"
        row.tried = len(events)
        row.lost, row.duplicates = await _audit_each(home, load, receiver, [f"s{kind}" for kind in kinds])
        row.note = (
            f"the worker grew by {grown / (1 << 20):.1f} MiB at most, with 6 bombs of {expanded >> 20} MiB and "
            "10 answers without an end at once; each was settled by its status"
        )


_SUCCESS = (200, 201, 202, 204)
_REDIRECT = (300, 301, 302, 303, 304, 307, 308)
_REFUSAL = (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503, 504)
_GONE = 410
_STOOD = """
SELECT split_part(s.url, '/s', 2)::int, d.state, d.attempts, d.last_status, s.status
FROM delivery d JOIN subscription s USING (subscription_id) JOIN event e USING (dossier_id, sequence)
WHERE e.event_id = ANY ($1)
"""


async def test_17_status_matrix(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        17, "Status matrix", "25 subscriptions, each answered with a status of its own, all with a Location"
    )
    followed: list[bytes] = []
    answered: set[str] = set()

    async def elsewhere(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        followed.append(await read_request(reader))

    async with at_work(home) as (load, _), raw_server(elsewhere) as port:

        async def first_the_status(heard: Heard) -> web.StreamResponse:
            if heard.path in answered:
                return await accept(heard)
            answered.add(heard.path)
            return web.Response(status=int(heard.path[1:]), headers={"Location": f"http://127.0.0.1:{port}/"})

        paths = {f"s{status}": status for status in (*_SUCCESS, *_REDIRECT, *_REFUSAL, _GONE)}
        made = await asyncio.gather(*(subscribe(load, receiver, OCMW, path=path) for path in paths))
        gone = made[list(paths).index(f"s{_GONE}")][OCMW]
        await load.open(1, referred=False)
        await home.delivered()
        misbehave(row, receiver, first_the_status)
        events = await load.each(load.dossiers)
        started = time.monotonic()
        await home.until(_ALL_TRIED)
        stood = set(map(tuple, await home.pool.fetch(_STOOD, events)))
        row.happened(answered == set(paths), f"answered with {answered}")
        assert stood == {
            *((status, "succeeded", 1, status, "active") for status in _SUCCESS),
            *((status, "pending", 1, status, "active") for status in (*_REDIRECT, *_REFUSAL)),
            (_GONE, "pending", 1, _GONE, "disabled"),
        }
        await load.settle()
        await home.until("SELECT count(*) = 1 FROM delivery WHERE state = 'pending'")
        row.recovery = time.monotonic() - started
        stood = set(map(tuple, await home.pool.fetch(_STOOD, events)))
        assert {(status, attempts) for status, _, attempts, _, _ in stood} == {
            (status, 1 if status in {*_SUCCESS, _GONE} else 2) for status in paths.values()
        }
        assert not followed, "a redirect was followed"
        answer = await load.call("PATCH", f"/v1/subscriptions/{gone}", {"status": "active"})
        assert answer.is_success, answer.text
        await home.delivered()
        row.tried = len(paths)
        row.lost, row.duplicates = await _audit_each(home, load, receiver, paths)
        row.note = (
            f"{len(_SUCCESS)} statuses took it, {len(_REDIRECT) + len(_REFUSAL)} were tried again, no Location was "
            "called, 410 disabled its subscription until it was made active"
        )


_DAY = 86_400.0
_PLAIN = (4.5, 5.5)
"""The pause after a first failure, in seconds, when nothing else is asked."""


async def test_18_silly_retry_after(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        18, "Silly Retry-After", "503 with a Retry-After that is negative, huge, garbage, long past or far off"
    )
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    asked: list[tuple[tuple[str, ...], tuple[float, float]]] = [
        (("120",), (120, 120)),
        ((in_an_hour,), (3500, 3601)),
        (("-5",), _PLAIN),
        (("0",), _PLAIN),
        (("",), _PLAIN),
        (("soon, please",), _PLAIN),
        (("x" * 7000,), _PLAIN),
        (("9" * 7000,), (_DAY, _DAY)),
        (("86401",), (_DAY, _DAY)),
        (("1e309",), _PLAIN),
        (("inf",), _PLAIN),
        (("Fri, 31 Dec 1999 23:59:59 GMT",), _PLAIN),
        (("Fri, 31 Dec 9999 23:59:59 GMT",), (_DAY, _DAY)),
        (("Fri, 31 Dec 9999 23:59:59 -2359",), (_DAY, _DAY)),
        (("5", "7200", "-1"), (4.5, 7200)),
    ]
    refused: Counter[str] = Counter()

    async def ask(heard: Heard) -> web.StreamResponse:
        refused[heard.path] += 1
        values = asked[int(heard.path[1:])][0]
        return web.Response(status=503, headers=CIMultiDict([("Retry-After", value) for value in values]))

    async with at_work(home) as (load, _):
        paths = [f"a{n}" for n in range(len(asked))]
        made = await asyncio.gather(*(subscribe(load, receiver, OCMW, path=path) for path in paths))
        await load.open(1, referred=False)
        await home.delivered()
        misbehave(row, receiver, ask)
        await load.each(load.dossiers)
        await home.until(_ALL_TRIED)
        row.happened(refused == dict.fromkeys(paths, 1), f"so many were refused: {dict(refused)}")
        pauses = {
            int(number): (due - since).total_seconds()
            for number, due, since in await home.pool.fetch(
                "SELECT split_part(s.url, '/a', 2), l.due_at, l.failing_since "
                "FROM lane l JOIN subscription s USING (subscription_id) WHERE l.failures = 1"
            )
        }
        for n, (values, (least, most)) in enumerate(asked):
            # From the settlement, which is a little after the failure that the pause counts from.
            assert least - 2 < pauses[n] <= most, f"{pauses[n]} s for {values}"
        await load.settle()
        receiver.answer = accept
        started = time.monotonic()
        for one in made:
            await load.call("PATCH", f"/v1/subscriptions/{one[OCMW]}", {"status": "active"})
        await home.delivered()
        row.recovery = time.monotonic() - started
        row.tried = len(asked)
        row.lost, row.duplicates = await _audit_each(home, load, receiver, paths)
        row.note = (
            f"pauses from {min(pauses.values()):.1f} s to {max(pauses.values()) / 3600:.1f} h, nonsense counts as none"
        )
