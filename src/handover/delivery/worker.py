"""The worker: wakes, claims what is due, sends lanes side by side, settles what finished together."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import structlog

from handover.delivery import metrics, replays
from handover.delivery.acknowledgement import Acknowledgements
from handover.delivery.carrier import Carrier, NoCarrier
from handover.delivery.content import Contents
from handover.delivery.destinations import SCHEME, Destinations
from handover.delivery.lanes import LaneRunner
from handover.delivery.queue import LEASE, Lane, Queue, Settled, Settlement
from handover.delivery.sender import DEADLINE_SECONDS, Sender
from handover.delivery.webhooks import Webhooks
from handover.domain.parties import Directory
from handover.platform.clock import Clock
from handover.platform.db import LOST, Listener
from handover.record.batch import Batcher
from handover.record.handle import Record
from handover.record.reading import CHANNEL
from handover.record.sealing import Sealer

_log = structlog.stdlib.get_logger(__name__)

_BACKLOG_SECONDS = 15.0
_PAGE = 64
_SETTLE_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker works. `lanes` are in hand at most, `per_subscription` of one endpoint, times in seconds.

    An attempt ends within `deadline`, which must stay well under the lease of a claim (30 s).
    """

    base_url: str
    demonstration: bool = False
    poll_seconds: float = 1.0
    lanes: int = 128
    per_subscription: int = 32
    depth: int = 20
    deadline: float = DEADLINE_SECONDS
    drain_seconds: float = 20.0
    checkpoint_seconds: float = 60.0
    carrier: Carrier = field(default_factory=NoCarrier)
    """What brings events to `adapter:` addresses."""


class Worker:
    """Brings recorded events to subscriptions until it is stopped. Any number may run on one database."""

    def __init__(
        self,
        *,
        dsn: str,
        pool: asyncpg.Pool,
        sealer: Sealer,
        record: Record,
        directory: Callable[[], Directory],
        clock: Clock,
        options: WorkerOptions,
    ) -> None:
        self._dsn = dsn
        self._sealer = sealer
        self._clock = clock
        self._options = options
        self._pool = pool
        self._queue = Queue(pool, lease=LEASE, depth=options.depth)
        self._acknowledgements = Acknowledgements(record, directory, clock)
        self._settlements: Batcher[Settlement, Settled] = Batcher(self._settle, most=2 * _PAGE)
        destinations = Destinations(demonstration=options.demonstration)

        def listed(lane: Lane) -> bool:
            owner = directory().organisations.get(lane.organisation)
            return destinations.listed(lane.url, owner.webhook_hosts if owner else ())

        self._sender = Sender(
            destinations,
            deadline=options.deadline,
            connections=options.lanes,
        )
        contents = Contents(pool, sealer, directory, clock, options.base_url)
        webhooks, there = Webhooks(self._sender, contents, listed, sealer, clock), options.carrier
        self._runner = LaneRunner(
            queue=self._queue,
            carrier=lambda url: there if url.startswith(SCHEME) else webhooks,
            sealer=sealer,
            acknowledgements=self._acknowledgements,
            clock=clock,
            deadline=options.deadline,
        )
        self._wake = asyncio.Event()
        self._replaying = asyncio.Event()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()
        self._busy: Counter[UUID] = Counter()
        self._full: set[UUID] = set()
        self._no_room = False

    async def run(self) -> None:
        """Work until `stop`; returns when everything in hand is settled or given back."""
        listener = Listener(self._dsn, [CHANNEL], self._heard)
        await listener.start()
        try:
            async with self._sender:
                beside = [asyncio.create_task(part()) for part in (self._probe, self._count, self._replay)]
                try:
                    await self._claim_until_stopped()
                finally:
                    for task in beside:
                        task.cancel()
                    await asyncio.gather(*beside, return_exceptions=True)
                    await self._drain()
        finally:
            await listener.stop()
            self._stopped.set()

    async def stop(self) -> None:
        """Claim nothing more, finish what is being sent, and wait until `run` has ended."""
        self._stopping.set()
        self._wake.set()
        await self._stopped.wait()

    def _heard(self, _channel: str, _payload: str) -> None:
        self._wake.set()
        self._replaying.set()

    async def _claim_until_stopped(self) -> None:
        while not self._stopping.is_set():
            # Cleared before claiming: a wake that comes meanwhile is for what this claim did not see.
            self._wake.clear()
            if await self._claim():
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.poll_seconds):
                    await self._wake.wait()

    async def _claim(self) -> bool:
        """Claim what there is room for and start on it; tell whether to claim again at once."""
        most, before = self._options.per_subscription, self._busy.copy()
        wanted = min(self._options.lanes - len(self._working), _PAGE)
        self._no_room = wanted <= 0
        if self._no_room:
            return False
        lanes = await self._guarded(
            self._queue.claim(self._clock.now(), lanes=wanted, per_subscription=most, busy=before)
        )
        # Where a subscription had no more room, the claim may have left something: the next lane that is let
        # go must wake us, or has been let go already while we claimed.
        taken = before + Counter(lane.subscription_id for lane in lanes)
        self._full = {subscription for subscription, count in taken.items() if count >= most}
        return len(lanes) == wanted or any(self._busy[subscription] < most for subscription in self._full)

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(self._options.poll_seconds)
            await self._guarded(self._queue.claim_probes(self._clock.now()))

    async def _guarded(self, claim: Coroutine[None, None, list[Lane]]) -> list[Lane]:
        """Start on what a claim gives; a database that is away is tried again at the next poll."""
        claimed = time.monotonic()
        try:
            lanes = await claim
        except LOST as error:
            _log.warning("claim_failed", error=type(error).__name__)
            return []
        for lane in lanes:
            self._busy[lane.subscription_id] += 1
            task = asyncio.create_task(self._work(lane, claimed))
            self._working.add(task)
        return lanes

    async def _work(self, lane: Lane, claimed: float) -> None:
        try:
            if not lane.pending:
                # A claim may see a lane that was added to a moment after it could see deliveries.
                await self._queue.recount(lane, self._clock.now())
                self._wake.set()
                return
            settlement = await self._runner.run(lane, claimed, self._stopping)
            settled = await self._insist(settlement, claimed + self._queue.lease.total_seconds())
            if settled.due:
                self._wake.set()
            if not settled.held:
                metrics.FENCED.inc()
                _log.warning("claim_had_passed", dossier_id=lane.dossier_id, subscription_id=lane.subscription_id)
        except LOST as error:
            # The lease runs out, and what was sent is sent again with the same webhook-id.
            _log.warning("settling_failed", error=type(error).__name__, dossier_id=lane.dossier_id)
        except Exception:  # noqa: BLE001 - one lane must not end the worker; the lease gives it back
            _log.exception("lane_failed", dossier_id=lane.dossier_id, subscription_id=lane.subscription_id)
        finally:
            self._let_go(lane, asyncio.current_task())

    async def _insist(self, settlement: Settlement, until: float) -> Settled:
        """Settle, again and again while the database is away and the lease holds: else it is all sent twice.

        Settling twice changes nothing, so it does not matter whether a lost answer was a commit.
        """
        while True:
            try:
                return await self._settlements.submit(settlement)
            except LOST:
                if time.monotonic() + _SETTLE_PAUSE > until:
                    raise
                await asyncio.sleep(_SETTLE_PAUSE)

    def _let_go(self, lane: Lane, task: asyncio.Task[None] | None) -> None:
        # Not in a done callback: that would run after the claimer, who would find no room yet and sleep.
        if task is not None:
            self._working.discard(task)
        subscription_id = lane.subscription_id
        self._busy[subscription_id] -= 1
        if not self._busy[subscription_id]:
            del self._busy[subscription_id]
        if self._no_room or subscription_id in self._full or lane.url.startswith(SCHEME):
            self._wake.set()

    async def _settle(self, settlements: Sequence[Settlement]) -> Sequence[Settled]:
        return await self._queue.settle(settlements, self._clock.now())

    async def _count(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                waiting, stopped = await self._queue.backlog()
                metrics.WAITING.set(waiting)
                metrics.STOPPED.set(stopped)
            await asyncio.sleep(_BACKLOG_SECONDS)

    async def _replay(self) -> None:
        """Queue pages of replays while there is room for them."""
        while True:
            self._replaying.clear()
            queued = None
            try:
                queued = await replays.advance(self._pool, self._clock.now())
            except LOST as error:
                _log.warning("replay_failed", error=type(error).__name__)
            if queued is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._options.poll_seconds):
                        await self._replaying.wait()
            else:
                self._wake.set()

    async def _drain(self) -> None:
        self._stopping.set()
        if self._working:
            _, left = await asyncio.wait(self._working, timeout=self._options.drain_seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
