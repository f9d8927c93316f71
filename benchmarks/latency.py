"""From taking in a step until its webhook is received, at a steady rate, beside pgqueuer and procrastinate."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg

from benchmarks.append import steps
from benchmarks.delivery import example_bodies, messages
from benchmarks.figures import Figure, Plan, Side, alternate, median
from benchmarks.filling import OCMW, OCMW_COUNSELLOR, VDAB, histories, record
from benchmarks.load import Load
from benchmarks.peers import pgqueuer_worker, procrastinate_worker
from benchmarks.receiving import delays, receiver
from benchmarks.stage import HOST, Stage, process

_DOSSIERS = 256
_RATE = 200
_RATES_OF_LONG = (200, 500)
_CONNECTIONS = 32
_OURS, _PGQUEUER, _PROCRASTINATE = "bench_latency", "bench_pgqueuer_latency", "bench_procrastinate_latency"
Send = Callable[[float], Awaitable[None]]


async def measure(stage: Stage, plan: Plan) -> list[Figure]:
    """Measure it: the whole program on our side, enqueue and worker on theirs, one receiver for all."""
    dsn = await stage.database(_OURS)
    pgqueuer = await stage.database(_PGQUEUER, empty=True)
    procrastinate = await stage.database(_PROCRASTINATE, empty=True)
    await pgqueuer_worker.install(pgqueuer)
    await procrastinate_worker.install(procrastinate)
    app = procrastinate_worker.application(procrastinate)
    figures: list[Figure] = []
    async with (
        receiver() as taking,
        asyncpg.create_pool(pgqueuer, min_size=12, max_size=12) as pool,
        app.open_async(),
        stage.serving(dsn) as port,
        stage.working(dsn),
        process("-m", "benchmarks.peers.pgqueuer_worker", pgqueuer, taking.url("pgqueuer")),
        process("-m", "benchmarks.peers.procrastinate_worker", procrastinate, taking.url("procrastinate")),
    ):
        async with stage.services(dsn) as ready:
            found = histories(ready, _DOSSIERS)
            await record(ready, found)
            await ready.subscriptions.create(VDAB, taking.url("vdab"))
        take = steps(found, stage.token(OCMW, OCMW_COUNSELLOR))
        body = example_bodies(found[0])

        async def run(send: Callable[[], Awaitable[None]], rate: float, seconds: float) -> Side:
            taking.expect(int(rate * seconds))
            await send()
            return delays(await taking.notes())

        async def ours(rate: float, seconds: float) -> None:
            load = await Load.open(HOST, port, _CONNECTIONS)
            result = await load.paced(take, rate, seconds)
            load.close()
            assert set(result.statuses) == {201}, result.statuses

        async def to_pgqueuer() -> None:
            await pgqueuer_worker.enqueue(pool, messages(body, 1))

        async def to_procrastinate() -> None:
            await procrastinate_worker.enqueue(app, messages(body, 1))

        async def in_turn(rate: float, seconds: float, rounds: int) -> list[list[Side]]:
            return await alternate(
                rounds,
                lambda: run(lambda: ours(rate, seconds), rate, seconds),
                lambda: run(lambda: paced(to_pgqueuer, rate, seconds), rate, seconds),
                lambda: run(lambda: paced(to_procrastinate, rate, seconds), rate, seconds),
            )

        await in_turn(_RATE, 1, 1)
        for rate in _RATES_OF_LONG if plan.scale > 1 else (_RATE,):
            figures += _figures(rate, await in_turn(rate, plan.seconds, plan.rounds))
    for name in (_OURS, _PGQUEUER, _PROCRASTINATE):
        await stage.drop(name)
    return figures


async def paced(enqueue: Callable[[], Awaitable[None]], rate: float, seconds: float) -> None:
    """Enqueue at fixed moments, however long each takes."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(started + number / rate - time.perf_counter(), 0))
            group.create_task(_one(enqueue))


async def _one(enqueue: Callable[[], Awaitable[None]]) -> None:
    await enqueue()


def _figures(rate: int, sides: list[list[Side]]) -> list[Figure]:
    own = sides[0]
    return [
        Figure(
            name=f"step to webhook received at {rate}/s, p99",
            unit="ms",
            ours=median(own),
            beside=f"{name} carrying the same POST",
            limit=median(theirs),
            better="lower",
            note=f"p50 {median(own, 'p50'):.2f} ms; theirs {median(theirs, 'p50'):.2f} ms",
        )
        for name, theirs in zip(("pgqueuer", "procrastinate"), sides[1:], strict=True)
    ]
