"""Deliveries drained per second by one worker process, beside pgqueuer and procrastinate carrying the same POST."""

import asyncio
from uuid import UUID

import asyncpg

from benchmarks.figures import Figure, Plan, Side, alternate, median
from benchmarks.filling import OCMW, VDAB, History, histories, record
from benchmarks.peers import pgqueuer_worker, procrastinate_worker
from benchmarks.receiving import Receiver, drained, receiver
from benchmarks.stage import Stage, process
from handover.delivery.cloud_event import read_step, webhook_body
from handover.delivery.subscriptions import Status
from handover.platform.ids import new_id
from handover.record import codec
from handover.wiring import Services

_DOSSIERS = 1000
_STEPS = 3
_SLOWER = 4
"""Procrastinate gets a quarter of the messages, so that its rounds do not take most of the time."""
_OURS, _PGQUEUER, _PROCRASTINATE = "bench_delivery", "bench_pgqueuer", "bench_procrastinate"
_PROJECTED = """
SELECT NOT EXISTS (
    SELECT FROM feed f JOIN projection p ON (f.xid, f.position) > (p.xid, p.position) WHERE p.name = 'inbox'
)
"""


async def measure(stage: Stage, plan: Plan) -> list[Figure]:
    """Measure it: a full outbox on either side, and all of it let go at one moment."""
    dsn = await stage.database(_OURS)
    pgqueuer = await stage.database(_PGQUEUER, empty=True)
    procrastinate = await stage.database(_PROCRASTINATE, empty=True)
    await pgqueuer_worker.install(pgqueuer)
    await procrastinate_worker.install(procrastinate)
    app = procrastinate_worker.application(procrastinate)
    async with (
        stage.services(dsn) as ready,
        receiver() as taking,
        asyncpg.create_pool(pgqueuer, min_size=1) as pool,
        app.open_async(),
        stage.working(dsn),
        process("-m", "benchmarks.peers.pgqueuer_worker", pgqueuer, taking.url("pgqueuer")),
        process("-m", "benchmarks.peers.procrastinate_worker", procrastinate, taking.url("procrastinate")),
    ):
        ours = await Ours.prepared(ready, taking, _DOSSIERS * plan.scale)
        bodies = example_bodies(ours.found[0])
        count = ours.per_round

        async def beside_pgqueuer() -> Side:
            taking.expect(count)
            await pgqueuer_worker.enqueue(pool, messages(bodies, count))
            return drained(await taking.notes())

        async def beside_procrastinate() -> Side:
            taking.expect(count // _SLOWER)
            await procrastinate_worker.enqueue(app, messages(bodies, count // _SLOWER))
            return drained(await taking.notes())

        sides = await alternate(plan.rounds, ours.round, beside_pgqueuer, beside_procrastinate)
    for name in (_OURS, _PGQUEUER, _PROCRASTINATE):
        await stage.drop(name)
    own, queuer, crastinate = (median(side) for side in sides)
    name = "deliveries drained by one worker"
    return [
        Figure(name=name, unit="/s", ours=own, beside="pgqueuer", limit=queuer, target=1.1),
        Figure(name=name, unit="/s", ours=own, beside="procrastinate", limit=crastinate, target=10),
    ]


class Ours:
    """Dossiers whose two organisations are subscribed, while the worker runs."""

    def __init__(
        self, ready: Services, taking: Receiver, found: list[History], subscribed: list[tuple[str, UUID]]
    ) -> None:
        self._ready = ready
        self._taking = taking
        self._subscribed = subscribed
        self.found = found
        self.per_round = len(found) * _STEPS * len(subscribed)

    @classmethod
    async def prepared(cls, ready: Services, taking: Receiver, dossiers: int) -> "Ours":
        """Record dossiers, then subscribe both organisations; nothing goes out yet."""
        found = histories(ready, dossiers)
        await record(ready, found)
        subscribed = []
        for organisation in (OCMW, VDAB):
            made, _ = await ready.subscriptions.create(organisation, taking.url(organisation))
            subscribed.append((organisation, made.subscription_id))
        ours = cls(ready, taking, found, subscribed)
        await ours._turn(Status.PAUSED)
        return ours

    async def round(self) -> Side:
        """Queue steps in every dossier while paused; then let them go and wait until all have arrived."""
        for history in self.found:
            history.follow_up(history.length + _STEPS)
        await record(self._ready, self.found)
        while not await self._ready.pool.fetchval(_PROJECTED):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)
        self._taking.expect(self.per_round)
        await self._turn(Status.ACTIVE)
        notes = await self._taking.notes()
        await self._turn(Status.PAUSED)
        return drained(notes)

    async def _turn(self, status: Status) -> None:
        for organisation, subscription_id in self._subscribed:
            await self._ready.subscriptions.change(organisation, subscription_id, status=status)


def example_bodies(history: History) -> bytes:
    """Give a body such as our worker sends, for the others to carry."""
    before = history.length
    history.follow_up(before + 1)
    step = read_step(codec.encode_event(history.waiting[-1]))
    return webhook_body(step, base_url="http://127.0.0.1:8000", previous=before)


def messages(body: bytes, count: int) -> list[tuple[str, bytes]]:
    """Give that many messages, each with an id of its own."""
    return [(str(new_id()), body) for _ in range(count)]
