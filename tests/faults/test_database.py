"""Lines 6 to 10: the database ends, lets go, is set unfit, has no room, or cannot write."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import httpx

from handover.platform.db import LOST, with_login
from handover.platform.embedded import SERVICE, EmbeddedPostgres
from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House, Program, house, prepared, soon
from tests.faults.load import Load
from tests.faults.receiver import Receiver
from tests.faults.scorecard import LONG, Row
from tests.faults.server import (
    again,
    alive,
    directory,
    failing_writes,
    fill,
    gone,
    kill,
    log,
    processes,
    recoveries,
    revive,
    small_disk,
)


@contextlib.asynccontextmanager
async def _steps(load: Load, *, pace: float = 0.15) -> AsyncIterator[None]:
    """Post steps in the background; what goes wrong in it ends the test."""
    over = asyncio.Event()
    running = asyncio.create_task(load.run(20_000, writers=4, pace=pace, until=over.is_set))
    try:
        yield
    finally:
        over.set()
        await running


async def _refused(load: Load, api: Program) -> bool:
    """Tell whether the API soon says 503: the load looks at the documents, and none may be another error."""
    before = load.problems["503"]
    if not await soon(lambda: load.problems["503"] > before + 3, 10):
        return False
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        answer = await http.get(f"{api.url}/health")
    return answer.status_code == 503 and answer.json()["status"] == "DOWN"


def _says(server: EmbeddedPostgres, phrase: str, before: int) -> bool:
    return log(server).count(phrase) > before


async def _well(row: Row, load: Load, since: float) -> None:
    """Wait until a step is acknowledged again, and note how long the worst wait was."""
    await load.must(load.step(load.dossiers[0]))
    row.recovery = max(row.recovery or 0, time.monotonic() - since)


async def test_06_postgres_killed(
    own_home: House, own_postgres: EmbeddedPostgres, receiver: Receiver, scorecard: Scorecard
) -> None:
    row = scorecard(
        6, "PostgreSQL killed", "SIGKILL under load: to the postmaster, to all its processes at once, to one session"
    )
    api, worker = await own_home.api(), await own_home.worker()
    async with loading(own_home, api.url) as load:
        await subscribe(load, receiver)
        await load.open(6)
        await own_home.delivered()
        async with _steps(load):
            for _ in range(10 if LONG else 1):
                for alone in (True, False):
                    victims = processes(own_postgres)
                    row.provoke(partial(kill, victims[:1] if alone else victims))
                    row.happened(await gone(*victims), "the server lives on")
                    row.happened(await _refused(load, api), "the API never missed its database")
                    started = time.monotonic()
                    await again(own_postgres)
                    await _well(row, load, started)
                seen = log(own_postgres).count("terminated by signal 9")
                started = time.monotonic()
                row.provoke(partial(kill, [int(str(await own_home.fetchval("SELECT pg_backend_pid()")))]))
                row.happened(
                    await soon(partial(_says, own_postgres, "terminated by signal 9", seen), 5), "no session died"
                )
                await _well(row, load, started)
        assert set(load.problems) == {"503"}, load.problems
        assert api.running, api.log[-2000:]
        assert worker.running, worker.log[-2000:]
        surplus = await load.settle()
        await own_home.caught_up()
        found = await audit(own_home, load, receiver.of(OCMW, VDAB))
        found.good(duplicates=None)
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{load.problems['503']} requests were answered 503 meanwhile, {surplus} of them had been stored; "
            f"the server recovered {recoveries(own_postgres)} times, API and worker were not restarted"
        )


_SESSIONS = """
SELECT pid, application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'handover-%'
"""
_TERMINATE = f"SELECT pg_terminate_backend(pid) FROM ({_SESSIONS}) s"  # noqa: S608 - a constant
_BACK = f"SELECT $1 <@ array_agg(application_name) FROM ({_SESSIONS}) s"  # noqa: S608 - a constant
_LISTENING = {"handover-listen", "handover-projector-listen", "handover-inbox-listen"}


@contextlib.asynccontextmanager
async def _screen(home: House, api: Program, organisation: str) -> AsyncIterator[list[float]]:
    """Keep an inbox open, and give the moments at which it was told that something changed."""
    told: list[float] = []

    async def look() -> None:
        headers = {"Authorization": f"Bearer {home.token(organisation)}"}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=None) as http,  # noqa: S113 - it stays open as long as the test
            http.stream("GET", f"{api.url}/v1/inbox/stream", headers=headers) as answer,
        ):
            async for line in answer.aiter_lines():
                told.extend([time.monotonic()] if line == "event: inbox" else [])

    looking = asyncio.create_task(look())
    try:
        yield told
        assert not looking.done(), "the screen's line was cut off"
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _wait_of_a_step(load: Load, receiver: Receiver, told: list[float], dossier: str) -> tuple[float, float]:
    """Give how long after its acknowledgement a step reached the receiver, and the open screen."""
    pending = "SELECT NOT EXISTS (SELECT FROM delivery WHERE dossier_id = $1::text::uuid AND state = 'pending')"
    await load.house.until(pending, dossier)
    assert await soon(lambda: bool(told) and time.monotonic() - told[-1] > 0.3, 10)
    [event] = (await load.must(load.step(dossier))).json()["items"]
    started = time.monotonic()
    mine = event["eventId"]
    assert await soon(lambda: any(one.id == mine and one.path == VDAB for one in receiver.taken), 5), "no webhook came"
    webhook = next(one.at for one in receiver.taken if one.id == mine and one.path == VDAB) - started
    assert await soon(lambda: told[-1] > started - 0.1, 5), "the screen was told nothing"
    return webhook, told[-1] - started


async def _within(home: House, query: str, *arguments: object, seconds: float = 3) -> bool:
    with contextlib.suppress(AssertionError):
        await home.until(query, *arguments, seconds=seconds)
        return True
    return False


async def test_07_sessions_terminated(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        7,
        "Sessions terminated",
        "pg_terminate_backend for every session of API and worker, LISTEN included, under load",
    )
    # Neither looks by itself within the hour: what goes out soon after a step was woken by LISTEN.
    api, worker = await home.api(), await home.worker(HANDOVER_WORKER_POLL_SECONDS="3600")
    async with loading(home, api.url) as load, _screen(home, api, VDAB) as woken:
        await subscribe(load, receiver)
        await load.open(6)
        await home.delivered()
        async with _steps(load):
            for _ in range(50 if LONG else 5):
                victims = {one["pid"]: one["application_name"] for one in await home.pool.fetch(_SESSIONS)}
                await row.provoking(partial(home.pool.fetch, _TERMINATE))
                left = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY ($1))"
                row.happened(await _within(home, left, list(victims)), "the sessions live on")
                row.happened(victims.keys() and set(victims.values()) > _LISTENING, f"only {set(victims.values())}")
                assert await _within(home, _BACK, list(_LISTENING), seconds=20), "nobody listens again"
        surplus = await load.settle()
        waits = [await _wait_of_a_step(load, receiver, woken, dossier) for dossier in await load.open(5)]
        row.recovery = max(map(max, waits))
        assert api.running, api.log[-2000:]
        assert worker.running, worker.log[-2000:]
        await home.worker()
        await home.caught_up()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good(duplicates=None)
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{sum(load.problems.values())} requests were answered 503, {surplus} of them had been stored; afterwards "
            f"a step reached the other side within {max(w for w, _ in waits) * 1000:.0f} ms and its open inbox within "
            f"{max(s for _, s in waits) * 1000:.0f} ms, with a worker that looks by itself once an hour"
        )


_OFF = ("fsync", "full_page_writes", "synchronous_commit")


async def _set(dsn: str) -> dict[str, str]:
    """Give the settings as a new session has them."""
    session = await asyncpg.connect(dsn)
    try:
        return {name: await session.fetchval(f"SHOW {name}") for name in _OFF}
    finally:
        await session.close()


async def _refuse(home: House, *off: str) -> None:
    """Start API and worker; both must end by themselves, with a sentence that says how to mend it."""
    for program in (await home.api(ready=False), await home.worker()):
        assert await program.ended(25) == 2, program.log
        assert "Traceback" not in program.log
        for name in _OFF:
            said = f"{name} is off, so what was acknowledged may be lost when the machine stops: set it to on"
            assert (said in program.log) == (name in off), program.log


async def test_08_unfit_settings_refused(
    own_home: House, own_postgres: EmbeddedPostgres, receiver: Receiver, scorecard: Scorecard
) -> None:
    row = scorecard(
        8, "Commits not written through", "synchronous_commit off for the role; then it, fsync and full_page_writes off"
    )
    role = partial("ALTER ROLE {} {} synchronous_commit {}".format, SERVICE)
    await row.provoking(partial(own_home.pool.execute, role("SET", "= off")))
    served = await _set(with_login(own_home.dsn, SERVICE))
    row.happened(served["synchronous_commit"] == "off", "the role commits with care")
    await _refuse(own_home, "synchronous_commit")
    await own_home.pool.execute(role("RESET", ""))

    await own_postgres.stop()
    options: dict[str, str] = {}
    row.provoke(partial(options.update, dict.fromkeys(_OFF, "off")))
    loose = EmbeddedPostgres(directory(own_postgres).parent, options=options)
    async with loose as dsn:
        row.happened(set((await _set(dsn)).values()) == {"off"}, "the server commits with care")
        await _refuse(own_home, *_OFF)

    await own_postgres.start()
    started = time.monotonic()
    api, _ = await own_home.api(), await own_home.worker()
    async with loading(own_home, api.url) as load:
        await subscribe(load, receiver)
        await load.open(2)
        row.recovery = time.monotonic() - started
        await load.settle()
        await own_home.delivered()
        found = await audit(own_home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = 4, found.lost, found.duplicates
        row.note = (
            "API and worker each ended at once with code 2 and named every setting to mend, one of the role too; "
            "set right, they started and worked"
        )


async def _no_room(home: House) -> bool:
    try:
        await home.pool.execute("CREATE TABLE hog AS SELECT repeat('x', 1000) FROM generate_series(1, 9000)")
    except asyncpg.DiskFullError:
        return True
    return False


async def test_09_disk_full(receiver: Receiver, scorecard: Scorecard, tmp_path: Path) -> None:
    row = scorecard(
        9, "Disk full", "the server's file system filled under load, first its tables, then its write-ahead log"
    )
    with small_disk(160) as disk:
        server = EmbeddedPostgres(disk)
        async with server as dsn:
            await prepared(dsn)
            async with house(dsn, tmp_path) as home:
                await _fill_under_load(row, home, server, disk, receiver)


async def _fill_under_load(row: Row, home: House, server: EmbeddedPostgres, disk: Path, receiver: Receiver) -> None:
    api, worker = await home.api(), await home.worker()
    async with loading(home, api.url) as load:
        await subscribe(load, receiver)
        await load.open(6)
        await home.delivered()
        async with _steps(load):
            row.provoke(partial(fill, disk))
            row.happened(await _no_room(home), "there is room")
            row.happened(await soon(lambda: load.problems["503"] > 5, 10), "every step found room")
            tables = load.problems["503"]
            # Segments that were kept for the log are used up first.
            sessions = processes(server)[1:]
            row.provoke(partial(fill, disk))
            for _ in range(20):
                with contextlib.suppress(*LOST):
                    await home.pool.execute("SELECT pg_switch_wal(), pg_logical_emit_message(true, 'fault', 'x')")
                if not alive(sessions[0]):
                    break
            row.happened(await gone(*sessions), "the server lives on without a log")
            row.happened(await soon(lambda: load.problems["503"] > tables + 5, 10), "the API never missed its database")
            (disk / "filler").unlink()
            started = time.monotonic()
            restarted = await revive(server)
            await _well(row, load, started)
        assert set(load.problems) == {"503"}, load.problems
        assert api.running, api.log[-2000:]
        assert worker.running, worker.log[-2000:]
        surplus = await load.settle()
        await home.caught_up()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good(duplicates=None)
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{load.problems['503']} requests were answered 503, {tables} of them while the server still ran, and "
            f"{surplus} had been stored; with room again the server "
            f"{'had to be started' if restarted else 'came back by itself'} and all went on"
        )


async def test_10_fsync_fails(
    own_home: House, own_postgres: EmbeddedPostgres, receiver: Receiver, scorecard: Scorecard, tmp_path: Path
) -> None:
    row = scorecard(10, "fsync fails", "every fsync and fdatasync of the server answered EIO by strace, under load")
    api, worker = await own_home.api(), await own_home.worker()
    trace = tmp_path / "trace"
    async with loading(own_home, api.url) as load, contextlib.AsyncExitStack() as broken:
        await subscribe(load, receiver)
        await load.open(6)
        await own_home.delivered()
        async with _steps(load):
            disk = failing_writes(processes(own_postgres), trace)
            await row.provoking(partial(broken.enter_async_context, disk))
            row.happened(await soon(partial(_says, own_postgres, "PANIC:  could not f", 0), 5), "the server wrote on")
            row.happened(await _refused(load, api), "the API never missed its database")
            await broken.aclose()
            injected = trace.read_text("utf-8").count("(INJECTED)")
            row.happened(injected, "strace answered no call")
            started = time.monotonic()
            restarted = await revive(own_postgres)
            await _well(row, load, started)
        assert set(load.problems) == {"503"}, load.problems
        assert api.running, api.log[-2000:]
        assert worker.running, worker.log[-2000:]
        surplus = await load.settle()
        await own_home.caught_up()
        found = await audit(own_home, load, receiver.of(OCMW, VDAB))
        found.good(duplicates=None)
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{injected} calls failed and the server stopped at once rather than acknowledge; "
            f"{load.problems['503']} requests were answered 503, {surplus} of them had been stored; the server "
            f"{'was started again' if restarted else 'came back by itself'}"
        )
