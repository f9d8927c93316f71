"""Lines 19, 22 and 23: the other side's software is away, for long, again and again, and comes back."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence
from functools import partial

import pytest
from aiohttp import web

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, at_work, misbehave, subscribe
from tests.faults.house import OCMW, VDAB, House, Program
from tests.faults.load import Load
from tests.faults.receiver import Crowd, Heard, Receiver, accept, receiving
from tests.faults.scorecard import LONG, Row

_PER_SUBSCRIPTION = 32
"""So many webhooks are on their way to one address at most."""
_PACE = 0.005
"""Seconds between two lanes that are let go when an address answers again."""


def _events(receiver: Receiver) -> list[Heard]:
    return [one for one in receiver.taken if one.dossier != "log"]


def _busiest_second(heard: Sequence[Heard]) -> int:
    times, first, most = [one.at for one in heard], 0, 0
    for n, at in enumerate(times):
        while times[first] < at - 1:
            first += 1
        most = max(most, n - first + 1)
    return most


async def _failed(home: House, times: int = 1) -> int:
    """Wait until no lane waits that has not failed so often; give how many have."""
    await home.until("SELECT bool_and(waiting = 0 OR failures >= $1) FROM lane", times)
    return int(str(await home.fetchval("SELECT count(*) FROM lane WHERE failures >= $1", times)))


async def _later(home: House, worker: Program, receiver: Receiver, seconds: float) -> Program:
    """Put another worker in a worker's place, so much later; the receiver's clock goes along."""
    worker.send(signal.SIGTERM)
    receiver.skew = lambda: seconds
    _, following = await asyncio.gather(worker.ended(), home.worker(HANDOVER_CLOCK_OFFSET=str(seconds)))
    return following


async def _good(home: House, row: Row, load: Load, receiver: Receiver, before: int, crowd: Crowd) -> None:
    """Audit what came after an outage, and say how."""
    found = await audit(home, load, receiver.of(OCMW, VDAB))
    found.good()
    assert crowd.most <= _PER_SUBSCRIPTION, f"{crowd.most} at once"
    after = _events(receiver)[before:]
    row.tried, row.lost, row.duplicates = len(after), found.lost, found.duplicates
    row.note = (
        f"{len(after)} webhooks waited, all delivered in order; at most {_busiest_second(after)} in a second and "
        f"{crowd.most} at once to one address"
    )


@pytest.mark.parametrize("seconds", [10, 60, 300] if LONG else [4])
async def test_19_outage_in_real_time(seconds: int, home: House, scorecard: Scorecard) -> None:
    row = scorecard(19, f"Outage of {seconds} s", "the receiver's port is closed while work goes on")
    crowd = Crowd()
    async with contextlib.AsyncExitStack() as up, at_work(home) as (load, _):
        receiver = await up.enter_async_context(receiving())
        await subscribe(load, receiver)
        await load.open(16)
        await home.delivered()
        before = len(_events(receiver))
        await row.provoking(up.aclose)
        started = time.monotonic()
        await load.each(load.dossiers)
        row.happened(await _failed(home) == 2 * len(load.dossiers), "not every delivery failed")
        await load.each(load.dossiers)
        await asyncio.sleep(started + seconds - time.monotonic())
        assert len(_events(receiver)) == before
        receiver.answer = crowd
        async with receiving(of=receiver):
            started = time.monotonic()
            await load.each(load.dossiers)
            await load.settle()
            await home.delivered()
            row.recovery = time.monotonic() - started
        await _good(home, row, load, receiver, before, crowd)


@pytest.mark.parametrize("seconds", [86_400] if LONG else [60, 300, 86_400])
async def test_19_outage_with_a_moved_clock(seconds: int, home: House, scorecard: Scorecard) -> None:
    row = scorecard(19, f"Outage of {seconds} s (clock)", "the port is closed; the clocks of sender and receiver go on")
    looks = [20, 600, 10_000, 20_000, 40_000, 85_000] if LONG else [20, 85_000]
    crowd = Crowd()
    async with contextlib.AsyncExitStack() as up, at_work(home) as (load, first):
        receiver = await up.enter_async_context(receiving())
        await subscribe(load, receiver)
        await load.open(16)
        await home.delivered()
        before = len(_events(receiver))
        await row.provoking(up.aclose)
        await load.each(load.dossiers)
        times, worker = 1, first
        row.happened(await _failed(home) == 2 * len(load.dossiers), "not every delivery failed")
        for look in looks:
            if look < seconds:
                worker = await _later(home, worker, receiver, look)
                times += 1
                row.happened(await _failed(home, times) == 2 * len(load.dossiers), f"no failure after {look} s")
                await load.each(load.dossiers)
        assert len(_events(receiver)) == before
        receiver.answer = crowd
        async with receiving(of=receiver):
            await _later(home, worker, receiver, seconds + 31)
            await load.settle()
            await home.delivered()
        row.recovery = _events(receiver)[-1].at - _events(receiver)[before].at
        await _good(home, row, load, receiver, before, crowd)
        row.note += f"; {times} failures of each before"


async def test_22_flapping(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    # Each moves the clock by a minute, and the receiver refuses what is five minutes off.
    cycles = 4 if LONG else 1
    row = scorecard(
        22, "Flapping, state survives restart", f"down and up {cycles} times, SIGKILL to 3 workers each time"
    )
    state = "SELECT down_since, probe_at FROM subscription WHERE subscription_id = $1"
    lanes = "SELECT dossier_id, failures, due_at FROM lane WHERE subscription_id = $1 ORDER BY dossier_id"
    killed: list[int] = []

    async def unwell(heard: Heard) -> web.StreamResponse:
        if heard.path == VDAB:
            return await accept(heard)
        return web.Response(status=503, headers={"Retry-After": "3600"})

    def calls() -> int:
        return sum(one.path == OCMW and one.dossier != "log" for one in receiver.heard)

    async def restarted(worker: Program, offset: float) -> Program:
        row.provoke(partial(worker.send, signal.SIGKILL))
        killed.append(await worker.ended(5 if row.provoked else 0.5))
        return await home.worker(HANDOVER_CLOCK_OFFSET=str(offset))

    async with at_work(home) as (load, first):
        mine = (await subscribe(load, receiver))[OCMW]
        await load.open(6)
        await home.delivered()
        refused, offset, worker = 0, 0.0, first
        for _ in range(cycles):
            misbehave(row, receiver, unwell)
            await load.each(load.dossiers)
            row.happened(await _failed(home) == len(load.dossiers), "the receiver is not down")
            await home.until("SELECT down_since IS NOT NULL FROM subscription WHERE subscription_id = $1", mine)
            down, resting, before = await home.pool.fetchrow(state, mine), await home.pool.fetch(lanes, mine), calls()
            worker = await restarted(worker, offset)
            # What it delivers to the other side shows that it works: nothing was tried anew meanwhile.
            await load.each(load.dossiers)
            await home.until("SELECT count(*) = 0 FROM lane WHERE waiting > 0 AND subscription_id <> $1", mine)
            assert calls() == before, "a restart forgot that the receiver is down"
            assert (await home.pool.fetchrow(state, mine), await home.pool.fetch(lanes, mine)) == (down, resting)
            offset += 31
            worker = await restarted(worker, offset)
            await home.until(
                "SELECT probe_at > $2 FROM subscription WHERE subscription_id = $1", mine, down["probe_at"]
            )
            await home.until("SELECT bool_and(lease_until IS NULL) FROM lane")
            assert calls() == before + 1, "one probe, whatever waits"
            assert await home.pool.fetch(lanes, mine) == resting, "a probe uses nothing up"
            refused += calls() - before + len(load.dossiers)
            receiver.answer = accept
            offset += 31
            taken = len(receiver.of(OCMW)[OCMW])
            worker = await restarted(worker, offset)
            await home.delivered()
            healed = receiver.of(OCMW)[OCMW][taken:]
            row.recovery = max(row.recovery or 0, healed[-1].at - healed[0].at)
            assert (await home.pool.fetchrow(state, mine))["down_since"] is None
        row.happened(killed == [-signal.SIGKILL] * 3 * cycles, f"the workers ended with {killed}")
        await load.settle()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = refused, found.lost, found.duplicates
        row.note = (
            f"{len(killed)} workers killed, {refused} refusals; down since, next probe and every pause stood after "
            "each restart, and one probe was sent for all that waited"
        )


async def test_23_recovery_is_paced(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    count = 800 if LONG else 100
    row = scorecard(
        23, "Recovery is paced", f"{count} dossiers wait for a receiver that said 503, come back in an hour"
    )
    crowd = Crowd()

    async def away(_heard: Heard) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "3600"})

    async with at_work(home) as (load, worker):
        await subscribe(load, receiver, OCMW)
        misbehave(row, receiver, away)
        dossiers = sorted(await load.open(count, referred=False))
        row.happened(await _failed(home) == count, "the receiver was there")
        # Every lane rests for an hour: only being let go brings it earlier.
        receiver.answer = crowd
        await _later(home, worker, receiver, 31)
        await load.settle()
        await home.delivered()
        row.recovery = _events(receiver)[-1].at - _events(receiver)[0].at
        firsts: dict[str, float] = {}
        for one in _events(receiver):
            firsts.setdefault(one.dossier, one.at)
        probe = min(firsts.values())
        early = [n for n, one in enumerate(dossiers) if 0 < firsts[one] - probe < n * _PACE - 0.001]
        assert not early, f"before their turn: {early}"
        lanes = sum(at - probe <= 1 for at in firsts.values())
        assert lanes <= 1 / _PACE + 1
        found = await audit(home, load, receiver.of(OCMW))
        found.good()
        assert crowd.most <= _PER_SUBSCRIPTION, f"{crowd.most} at once"
        row.tried, row.lost, row.duplicates = len(_events(receiver)), found.lost, found.duplicates
        row.note = (
            f"{lanes} of {count} dossiers in the first second, none before its turn (5 ms apart); at most "
            f"{_busiest_second(_events(receiver))} webhooks in a second and {crowd.most} at once"
        )
