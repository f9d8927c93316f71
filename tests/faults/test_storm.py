"""No single line: everything is killed at random, again and again, while two organisations work."""

import asyncio
import contextlib
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from handover.platform.embedded import EmbeddedPostgres
from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House, Program, free_port, soon
from tests.faults.load import Load
from tests.faults.receiver import Receiver
from tests.faults.scorecard import LONG, Row
from tests.faults.server import again, gone, kill, processes, recoveries

DOSSIERS, STEPS, PACE = (500, 9000, 0.25) if LONG else (40, 520, 0.15)
SECONDS, STRIKES = (180, 10_000) if LONG else (60, 6)
LULL = (1.0, 3.0) if LONG else (0.4, 1.2)
SEED = 6


@dataclass
class Kept:
    """A program that is started again whenever it ends, as whatever runs it in earnest would."""

    start: Callable[[], Awaitable[Program]]
    ends: Counter[int] = field(default_factory=Counter)
    program: Program | None = None

    async def keep(self) -> None:
        """Start it for ever; one that ends by itself (no database yet) is given a moment."""
        while True:
            self.program = await self.start()
            code = await self.program.process.wait()
            self.ends[code] += 1
            if code != -signal.SIGKILL:
                await asyncio.sleep(0.3)

    @property
    def running(self) -> bool:
        """Whether it runs just now."""
        return self.program is not None and self.program.running

    async def started(self) -> Program:
        """Wait until it has been started."""
        assert await soon(lambda: self.running, 20)
        assert self.program is not None
        return self.program

    def strike(self) -> None:
        """Kill it."""
        assert self.program is not None
        self.program.send(signal.SIGKILL)


@contextlib.asynccontextmanager
async def keeping(*kept: Kept) -> AsyncIterator[None]:
    """Keep programs running."""
    tasks = [asyncio.create_task(one.keep()) for one in kept]
    try:
        yield
        for task in tasks:
            assert not task.done(), task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Storm:
    """Kills programs and the whole database: of every three strikes one each, in an order drawn from the seed."""

    row: Row
    server: EmbeddedPostgres
    kinds: dict[str, list[Kept]]
    rng: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    async def rage(self, load: Load, over: Callable[[], bool]) -> None:
        """Strike until it is over; each strike must be seen to have hit, and work must go on before the next."""
        end = time.monotonic() + SECONDS
        for kind in itertools.islice(self._turns(), STRIKES):
            await asyncio.sleep(self.rng.uniform(*LULL))
            if over() or time.monotonic() > end:
                return
            struck, acknowledged = time.monotonic(), len(load.acknowledged)
            await (self._database() if kind == "postgres" else self._program(self.kinds[kind]))
            self.kills[kind] += 1
            assert await soon(partial(_goes_on, load, acknowledged, over), 60), "nothing goes on"
            self.row.recovery = max(self.row.recovery or 0, time.monotonic() - struck)

    def _turns(self) -> Iterator[str]:
        while True:
            yield from self.rng.sample(["postgres", *self.kinds], 3)

    async def _program(self, kept: list[Kept]) -> None:
        assert await soon(lambda: any(one.running for one in kept), 20), "none comes back"
        one = self.rng.choice([one for one in kept if one.running])
        before = one.ends[-signal.SIGKILL]
        self.row.provoke(one.strike)
        self.row.happened(await soon(lambda: one.ends[-signal.SIGKILL] > before, 3), "nothing ended with -9")

    async def _database(self) -> None:
        victims = processes(self.server)
        before = recoveries(self.server)
        self.row.provoke(partial(kill, victims if self.rng.random() < 0.5 else victims[:1]))
        self.row.happened(await gone(*victims), "the server lives on")
        await asyncio.sleep(self.rng.uniform(0, 1))
        await again(self.server)
        self.row.happened(recoveries(self.server) == before + 1, "there was nothing to recover")


def _goes_on(load: Load, before: int, over: Callable[[], bool]) -> bool:
    return over() or len(load.acknowledged) > before


async def test_storm(own_home: House, own_postgres: EmbeddedPostgres, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(0, "Storm", f"two APIs, two workers and PostgreSQL killed at random (seed {SEED}) under load")
    ports = [free_port(), free_port()]
    apis = [Kept(partial(own_home.api, port=port, ready=False)) for port in ports]
    workers = [Kept(own_home.worker), Kept(own_home.worker)]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    async with keeping(*apis, *workers), loading(own_home, *urls, seed=SEED) as load:
        for api in apis:
            await own_home.answers(await api.started())
        await subscribe(load, receiver)
        await load.open(DOSSIERS)
        storm = Storm(row, own_postgres, {"api": apis, "worker": workers}, random.Random(SEED))  # noqa: S311
        running = asyncio.create_task(load.run(STEPS, writers=16, pace=PACE, tries=20))
        try:
            began, before = time.monotonic(), len(load.acknowledged)
            await storm.rage(load, running.done)
            raged, meanwhile = time.monotonic() - began, len(load.acknowledged) - before
        except BaseException:
            running.cancel()
            raise
        await running
        least = 3 if LONG else 1
        row.happened(all(storm.kills[kind] >= least for kind in ("api", "worker", "postgres")), str(storm.kills))
        await load.settle(120)
        await own_home.caught_up(300)
        resolved = await load.resolved()
        found = await audit(own_home, load, receiver.of(OCMW, VDAB))
        found.good(duplicates=None)
        assert len(load.acknowledged) >= STEPS + DOSSIERS
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"In {raged:.0f} s {storm.kills['api']} times an API, {storm.kills['worker']} times a worker and "
            f"{storm.kills['postgres']} times PostgreSQL, {meanwhile} steps acknowledged meanwhile; "
            f"{found.stored} events stored over {DOSSIERS} dossiers, "
            f"{sum(load.problems.values())} requests refused or cut off, {resolved} of them stored and found by key; "
            f"{found.entitled} deliveries owed, all made, in order, {found.duplicates} of them more than once"
        )
