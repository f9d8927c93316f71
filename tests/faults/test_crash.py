"""Lines 1 to 13: processes, the database and the disk fail."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from tests.faults import exiting
from tests.faults.audit import audit, log_report
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House, Program, free_port, soon
from tests.faults.receiver import Answer, Heard, Receiver, accept
from tests.faults.scorecard import DISARMED, LONG, Row


async def test_01_api_killed_under_load(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(1, "API killed under load", "SIGKILL to the API with 16 writers at work, three times")
    first, second = await home.api(), await home.api()
    await home.worker()
    async with loading(home, first.url, second.url) as load:
        await subscribe(load, receiver)
        await load.open(20)
        codes = []
        for _ in range(3):
            running = asyncio.create_task(load.run(150, writers=16))
            await asyncio.sleep(0.4)
            row.provoke(partial(first.send, signal.SIGKILL))
            codes.append(await _exit_code(first, seconds=5))
            await running
            row.happened(codes[-1] == -signal.SIGKILL, f"the API ended with {codes}")
            started = time.monotonic()
            port = int(first.url.rpartition(":")[2])
            first = await home.api(port=port)
            row.recovery = max(row.recovery or 0, time.monotonic() - started)
        row.happened(load.problems, "no request was cut off")
        surplus = await load.settle()
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{sum(load.problems.values())} requests cut off; {surplus} of them had been stored, found by their key"
        )


_DONE = """
SELECT NOT EXISTS (SELECT FROM delivery WHERE state = 'pending')
   AND NOT EXISTS (SELECT FROM replay_job WHERE finished_at IS NULL)
   AND ($1 OR (SELECT count(*) FROM event) = (SELECT max(size) FROM checkpoint))
"""


def _ending(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.faults.exiting", name)


_PATIENCE = 1 if DISARMED else 15


async def _exit_code(program: Program, *unless: asyncio.Task[float], seconds: float = _PATIENCE) -> int | None:
    """Give the exit code; None when it runs on so long, after `unless` is done where that is given."""
    ending = asyncio.create_task(program.process.wait())
    if unless:
        await asyncio.wait((ending, *unless), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait((ending,), timeout=seconds)
    for task in (ending, *unless):
        task.cancel()
    return program.process.returncode


@pytest.mark.parametrize("name", [name for name, step in exiting.STEPS.items() if step.command == "serve"])
async def test_02_api_exits_at_a_step(name: str, home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(2, f"API exits at {name}", "os._exit in the middle of 150 steps by 8 writers")
    port = free_port()
    starts = partial(home.api, port=port, argv=_ending(name))
    made, _ = await asyncio.gather(row.provoking(starts), home.worker())
    first = made if isinstance(made, Program) else await home.api(port=port)
    async with loading(home, first.url) as load:
        await subscribe(load, receiver)
        await load.open(4)
        await load.run(150, until=lambda: not first.running)
        row.happened(await _exit_code(first) == exiting.CODE, "the API did not exit there")
        started = time.monotonic()
        await home.api(port=port)
        surplus = await load.settle()
        row.recovery = time.monotonic() - started
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        assert surplus or name == "append.before", "what was committed last had no answer yet"
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = f"{surplus} steps were stored and not answered; their key found them"


@pytest.mark.parametrize("name", [name for name, step in exiting.STEPS.items() if step.command == "work"])
async def test_02_worker_exits_at_a_step(name: str, home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    step, sealing, replaying = exiting.STEPS[name], name.startswith("sealing"), name.startswith("replay")
    row = scorecard(2, f"worker exits at {name}", "os._exit while it delivers the steps of one dossier")
    often = "0.3" if sealing else "60"
    # One dossier and one subscription: nothing else is on its way, so the count of duplicates is exact.
    starts = partial(home.worker, argv=_ending(name), HANDOVER_CHECKPOINT_SECONDS=often)
    api, made = await asyncio.gather(home.api(), row.provoking(starts))
    first = made if isinstance(made, Program) else await home.worker(HANDOVER_CHECKPOINT_SECONDS=often)
    async with loading(home, api.url) as load:
        subscriptions = await subscribe(load, receiver, VDAB)
        await load.open(1)
        await load.run(12, writers=1, pace=0.1)
        if replaying:
            await home.delivered()
            replay = load.wish(
                f"/v1/subscriptions/{subscriptions[VDAB]}/replay", {"since": "2020-01-01T00:00:00Z"}, VDAB
            )
            assert (await load.send(replay)).status_code == 202
        code = await _exit_code(first, asyncio.create_task(home.until(_DONE, not sealing)))
        row.happened(code == exiting.CODE, f"the worker did not exit there: {code}, {first.log[-500:]}")
        started = time.monotonic()
        await home.successor(HANDOVER_CHECKPOINT_SECONDS=often)
        await home.until(_DONE, not sealing)
        row.recovery = time.monotonic() - started
        found = await audit(home, load, receiver.of(VDAB))
        found.good(duplicates=found.entitled if replaying else 0 if step.again is False else 20)
        assert found.duplicates == found.entitled or not replaying, "a replay sends each once more"
        assert found.duplicates or not step.again, "what was answered and not settled goes out again"
        if sealing:
            report = await log_report(home)
            assert (report.word, report.sealed) == ("ok", found.stored), report.findings
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = _said(row, sealing=sealing, replaying=replaying)


def _said(row: Row, *, sealing: bool, replaying: bool) -> str:
    if replaying:
        return "the replay went on where it was, and sent each once"
    if sealing:
        return "every event is in the log once, and the log verifies"
    return f"{row.duplicates} sent again, with the same id" if row.duplicates else "nothing was sent twice"


async def test_03_worker_killed_before_post(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(3, "worker killed before POST", "SIGKILL while it holds claims and nobody has been contacted")
    api = await home.api()
    async with loading(home, api.url) as load, home.pool.acquire() as beside:
        await subscribe(load, receiver, content="full")
        await load.open(3)
        await home.pool.execute("UPDATE subscription SET status = 'paused'")
        worker = await home.worker()
        # The last that it starts: what it asks of the database before that must not meet the lock.
        await home.until(
            "SELECT count(*) = 1 FROM pg_stat_activity "
            "WHERE application_name = 'handover-projector-listen' AND datname = current_database()"
        )
        # To write a full delivery, a worker reads the dossier after it committed its claim: there it stands.
        async with beside.transaction():
            await beside.execute("LOCK TABLE dossier IN ACCESS EXCLUSIVE MODE")
            await home.pool.execute("UPDATE subscription SET status = 'active'")
            await home.until("SELECT count(*) = 6 FROM lane WHERE lease_until IS NOT NULL", seconds=20)
            row.provoke(partial(worker.send, signal.SIGKILL))
            row.happened(await _exit_code(worker) == -signal.SIGKILL, "the worker still runs")
        row.happened(not _events(receiver.heard), "the receiver was contacted before")
        claimed = await home.fetchval("SELECT count(*) FROM lane WHERE fence = 1 AND lease_until IS NOT NULL")
        row.happened(claimed == 6, f"{claimed} claims were left behind")
        started = time.monotonic()
        await home.successor()
        await home.delivered()
        row.recovery = time.monotonic() - started
        await load.settle()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = found.entitled, found.lost, found.duplicates
        row.note = f"{claimed} claims were left behind; after their lease the next worker sent each once"


async def test_04_worker_killed_after_answer(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    rounds = 5 if LONG else 2
    row = scorecard(4, "worker killed after the receiver's 200", f"SIGKILL before it can settle, {rounds} times")
    api, worker = await asyncio.gather(home.api(), home.worker())
    async with loading(home, api.url) as load:
        await subscribe(load, receiver, VDAB)
        (dossier,) = await load.open(1)
        await home.delivered()

        async def answer_and_stop(heard: Heard) -> web.StreamResponse:
            if not _events([heard]):
                return await accept(heard)
            receiver.answer = accept
            row.provoke(partial(worker.send, signal.SIGSTOP))
            await soon(partial(_stopped, worker), _PATIENCE)
            answered.set()
            return web.Response(status=200)

        for n in range(rounds):
            answered, already = asyncio.Event(), len(_events(receiver.taken))
            receiver.answer = answer_and_stop
            await load.must(load.step(dossier))
            await asyncio.wait_for(answered.wait(), 20)
            # The answer has left the receiver; stopped, the worker cannot have seen it.
            row.provoke(partial(worker.send, signal.SIGKILL))
            row.happened(await _exit_code(worker) == -signal.SIGKILL, "the worker still runs")
            unsettled = await home.fetchval("SELECT count(*) FROM delivery WHERE state = 'pending' AND attempts = 0")
            row.happened(unsettled == 1, "the delivery had been settled")
            started = time.monotonic()
            worker = await home.successor(n + 1)
            await home.delivered()
            row.recovery = max(row.recovery or 0, time.monotonic() - started)
            first, again = _events(receiver.taken)[already:]
            assert first.id == again.id
        await load.settle()
        found = await audit(home, load, receiver.of(VDAB))
        found.good(duplicates=rounds)
        assert found.duplicates == rounds
        row.tried, row.lost, row.duplicates = found.entitled, found.lost, found.duplicates
        row.note = "each time exactly the one that was answered came again, with the same id"


async def test_05_worker_stopped_past_its_lease(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        5, "worker stopped past its lease", "SIGSTOP while it waits for 6 answers, SIGCONT when others took over"
    )
    api, first = await asyncio.gather(home.api(), home.worker())
    async with loading(home, api.url) as load:
        await subscribe(load, receiver, VDAB)
        await load.open(6)
        await home.delivered()
        go = asyncio.Event()

        receiver.answer, already = _holding(go), len(_events(receiver.heard))
        await asyncio.gather(*(load.must(load.step(dossier)) for dossier in load.dossiers))
        assert await soon(lambda: len(_events(receiver.heard)) == already + 6, 15), "the worker does not send"
        row.provoke(partial(first.send, signal.SIGSTOP))
        row.happened(await soon(partial(_stopped, first), _PATIENCE), "the worker runs on")
        receiver.answer = accept
        go.set()
        started = time.monotonic()
        second = await home.successor()
        await home.delivered()
        row.recovery = time.monotonic() - started
        row.happened(_stopped(first), "the worker ran on meanwhile")
        settled = await home.pool.fetch(_SETTLED)
        first.send(signal.SIGCONT)
        assert await soon(lambda: first.log.count("claim_had_passed") == 6, 20), first.log[-1000:]
        assert await home.pool.fetch(_SETTLED) == settled, "what came too late changed something"
        assert "claim_had_passed" not in second.log
        # It is fit to go on.
        await second.kill()
        await load.must(load.step(load.dossiers[0]))
        await home.delivered()
        await load.settle()
        found = await audit(home, load, receiver.of(VDAB))
        found.good(duplicates=6)
        assert found.duplicates == 6
        row.tried, row.lost, row.duplicates = found.entitled, found.lost, found.duplicates
        row.note = "6 late settlements were fenced off and changed nothing; the stopped worker went on with other work"


def _events(heard: Sequence[Heard]) -> list[Heard]:
    """Leave out the checkpoints of the log, which come when they come."""
    return [one for one in heard if one.dossier != "log"]


def _holding(go: asyncio.Event) -> Answer:
    """Answer events only when told to."""

    async def hold(heard: Heard) -> web.StreamResponse:
        if _events([heard]):
            await go.wait()
        return await accept(heard)

    return hold


_SETTLED = "SELECT * FROM delivery ORDER BY dossier_id, sequence"


def _stopped(program: Program) -> bool:
    return Path(f"/proc/{program.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"


async def test_11_api_drains(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(11, "SIGTERM to the API", "with 12 requests in flight, held up in the database")
    api, _ = await asyncio.gather(home.api(), home.worker())
    async with loading(home, api.url) as load, home.pool.acquire() as beside:
        await subscribe(load, receiver)
        await load.open(12)
        async with beside.transaction():
            await beside.execute("LOCK TABLE event IN EXCLUSIVE MODE")
            posting = asyncio.gather(*(load.post(load.step(dossier)) for dossier in load.dossiers))
            await home.until(_HELD_UP, seconds=10)
            # What it answers after the twelve, it read after them.
            await home.answers(api)
            row.provoke(partial(api.send, signal.SIGTERM))
            closed = await soon(partial(_refuses, api), _PATIENCE)
            waiting = api.running and not posting.done()
        answers = await posting
        row.happened(closed and waiting, "the API still takes connections")
        started = time.monotonic()
        assert await api.ended(20) == 0, api.log[-1000:]
        row.recovery = time.monotonic() - started
        assert [answer and answer.status_code for answer in answers] == [201] * 12
        load.urls[:] = [(await home.api()).url]
        await load.settle()
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = "new connections were refused, all 12 requests were answered with 201, and it ended with 0"


async def test_11_worker_drains(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(11, "SIGTERM to the worker", "while it waits for answers in 4 lanes of 4 deliveries each")
    api, worker = await asyncio.gather(home.api(), home.worker())
    async with loading(home, api.url) as load:
        await subscribe(load, receiver, VDAB)
        await load.open(4)
        await home.delivered()
        go = asyncio.Event()

        receiver.answer, already = _holding(go), len(_events(receiver.heard))
        for _ in range(4):
            await asyncio.gather(*(load.must(load.step(dossier)) for dossier in load.dossiers))
        assert await soon(lambda: len(_events(receiver.heard)) == already + 4, 15), "the worker does not send"
        row.provoke(partial(worker.send, signal.SIGTERM))
        assert await _exit_code(worker, seconds=0.5) is None, "it did not wait for what it had begun"
        go.set()
        row.happened(await _exit_code(worker) == 0, f"the worker runs on, or ended otherwise: {worker.log[-1000:]}")
        started = time.monotonic()
        held = await home.fetchval(
            "SELECT count(*) FROM lane WHERE lease_until IS NOT NULL OR (waiting > 0 AND due_at > now())"
        )
        left = await home.fetchval("SELECT count(*) FROM delivery WHERE state = 'pending'")
        assert (held, left) == (0, 12), "what was begun is settled, the rest handed back: nothing waits for a lease"
        await home.worker()
        await home.delivered()
        row.recovery = time.monotonic() - started
        await load.settle()
        found = await audit(home, load, receiver.of(VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = found.entitled, found.lost, found.duplicates
        row.note = "4 deliveries were finished, 12 handed back; the next worker sent those at once"


_HELD_UP = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%append_sealed%' AND wait_event_type = 'Lock')"
)


def _refuses(api: Program) -> bool:
    try:
        httpx.get(f"{api.url}/health", trust_env=False, timeout=1)
    except httpx.ConnectError:
        return True
    except httpx.HTTPError:
        pass
    return False
