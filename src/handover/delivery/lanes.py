"""Working through one claimed lane: its deliveries one after another, until one fails."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta

import msgspec
import structlog
from cryptography.exceptions import InvalidTag

from handover.delivery import metrics
from handover.delivery.acknowledgement import Acknowledgements
from handover.delivery.carrier import Carrier
from handover.delivery.cloud_event import read_step
from handover.delivery.health import Health
from handover.delivery.queue import Lane, Pending, Queue, Settlement, State, Tried
from handover.delivery.retries import next_attempt
from handover.delivery.sender import Attempt
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.record.handle import Contended
from handover.record.sealing import Sealer

_log = structlog.stdlib.get_logger(__name__)

_UNRECORDED_PAUSE = timedelta(seconds=1)
_MOST_ATTEMPTS = 32_767


class LaneRunner:
    """Sends what waits in a lane, in order."""

    def __init__(
        self,
        *,
        queue: Queue,
        carrier: Callable[[str], Carrier],
        sealer: Sealer,
        acknowledgements: Acknowledgements,
        clock: Clock,
        deadline: float,
    ) -> None:
        self._queue = queue
        self._sealer = sealer
        self._acknowledgements = acknowledgements
        self._carrier = carrier
        self._health = Health()
        self._clock = clock
        self._deadline = deadline

    async def run(self, lane: Lane, claimed: float, stopping: asyncio.Event) -> Settlement:
        """Give what became of the lane. `claimed` is `time.monotonic()` from just before it was claimed.

        Nothing is begun that might outlast the lease: what has not been sent then goes back.
        """
        last_start = claimed + self._queue.lease.total_seconds() - self._deadline
        tried: list[Tried] = []
        previous, failures = lane.sent, lane.failures
        for item in lane.pending:
            if stopping.is_set() or time.monotonic() >= last_start:
                break
            before = previous if item.previous is None else item.previous
            attempt, recorded = await self._deliver(lane, item, before)
            if not recorded:
                due = self._clock.now() + _UNRECORDED_PAUSE
                return Settlement(lane=lane, tried=tuple(tried), due_at=due)
            attempts = min(item.attempts + 1, _MOST_ATTEMPTS)
            if not attempt.succeeded:
                failed = Tried(item.sequence, State.PENDING, attempts, attempt.status, attempt.error, before)
                return await self._failed(lane, tried, failed, attempt, failures)
            tried.append(Tried(item.sequence, State.SUCCEEDED, attempts, attempt.status, "", before))
            previous, failures = max(previous, item.sequence), 0
            if attempts == 1:
                metrics.DELIVERED_SECONDS.observe((self._clock.now() - item.enqueued_at).total_seconds())
        if tried:
            await self._answered(lane)
        return Settlement(lane=lane, tried=tuple(tried), failures=failures)

    async def _deliver(self, lane: Lane, item: Pending, before: int) -> tuple[Attempt, bool]:
        """Make one attempt, and tell whether what follows from its success is recorded."""
        try:
            plain = self._sealer.dossier(lane.dossier_id, lane.keys).open_event(item.sequence, item.body)
            step = read_step(plain)
            attempt = await self._carrier(lane.url).carry(lane, step, plain, previous=before)
        except (msgspec.MsgspecError, KeyError, ValueError, InvalidTag) as error:
            # A newer version wrote it, or a key is missing: it waits in its lane, visibly, like any failure.
            _log.exception("delivery_not_prepared", subscription_id=lane.subscription_id, error=type(error).__name__)
            return Attempt(None, "could not be prepared here; see the log", 0.0, ours=True), True
        if attempt.ours:
            return attempt, True
        metrics.attempts(attempt.outcome).inc()
        metrics.ATTEMPT_SECONDS.observe(attempt.seconds)
        if attempt.succeeded:
            try:
                await self._acknowledgements.after(step, lane.organisation)
            except (*LOST, Contended) as error:
                _log.warning("acknowledgement_not_recorded", error=type(error).__name__, dossier_id=step.dossier_id)
                return attempt, False
        return attempt, True

    async def _failed(
        self, lane: Lane, tried: list[Tried], failed: Tried, attempt: Attempt, failures: int
    ) -> Settlement:
        now = self._clock.now()
        if tried:
            await self._answered(lane)
        if attempt.gone:
            return Settlement(lane=lane, tried=(*tried, failed), due_at=now, failures=failures, gone=True)
        if self._health.failed(lane.subscription_id, lane.dossier_id, attempt) and not lane.down:
            await self._note(self._queue.mark_down(lane.subscription_id, now))
        if _was_probe(lane, now) and not tried:
            # A probe comes besides the schedule and must not use it up.
            return Settlement(lane=lane, tried=(failed,), due_at=lane.due_at, failures=failures)
        again = next_attempt(failures + 1, now, attempt.retry_after)
        if again is None:
            given_up = Tried(failed.sequence, State.DEAD, failed.attempts, failed.status, failed.error, failed.previous)
            _log.warning("delivery_given_up", subscription_id=lane.subscription_id, dossier_id=lane.dossier_id)
            return Settlement(lane=lane, tried=(*tried, given_up), failures=failures + 1, dead=failed.sequence)
        return Settlement(lane=lane, tried=(*tried, failed), due_at=again, failures=failures + 1)

    async def _answered(self, lane: Lane) -> None:
        self._health.succeeded(lane.subscription_id)
        if lane.down:
            await self._note(self._queue.release(lane.subscription_id, self._clock.now()))

    @staticmethod
    async def _note(statement: Coroutine[None, None, object]) -> None:
        """Run what only helps: when it fails, schedule and poll do the same later."""
        try:
            await statement
        except LOST as error:
            _log.warning("endpoint_state_not_recorded", error=type(error).__name__)


def _was_probe(lane: Lane, now: datetime) -> bool:
    return lane.due_at > now
