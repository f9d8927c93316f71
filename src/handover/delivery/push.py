"""Web push: an empty message to the browsers of someone on whose turn another organisation put something.

It says only that there is something (RFC 8030); what, the browser asks for itself, with the session of who sits there.
Claimed, sent and settled like webhooks: with a lease and a fence, so that any number of workers may. Best effort: what
is not taken is tried later, and after ten times the browser is taken off the list.
"""

import asyncio
import random
from datetime import datetime, time, timedelta

import asyncpg
import structlog
from prometheus_client import Counter

from handover.delivery import vapid
from handover.delivery.push_subscriptions import PushHosts
from handover.delivery.retries import next_attempt
from handover.delivery.sender import UNLISTED, Attempt, Sender
from handover.domain.deadlines import BRUSSELS, is_working_day
from handover.platform.clock import Clock
from handover.platform.db import LOST

PUSHES = Counter("handover_push_attempts", "Web pushes by outcome", ["outcome"])
PAUSE = timedelta(minutes=30)
"""The least time between two pushes to one browser."""
FIRST, LAST = time(8), time(18)
"""Within working hours only: a telephone lies beside the bed."""
KEPT = timedelta(hours=4)
"""How long a push service keeps it for a browser that is off."""
_LEASE = timedelta(seconds=60)
_EVERY_SECONDS = 15.0
_AT_ONCE = 50
_NOT_FOUND = 404
_log = structlog.stdlib.get_logger(__name__)
# Only what others did to a turn that is theirs by name: what is everybody's would call all of them, and nobody needs to
# hear of their own step. `since` is when a thread last moved, so few events are looked at.
_UNTOLD = """
    SELECT {what} FROM inbox_thread t
    CROSS JOIN LATERAL (
        SELECT max(e.recorded_at) AS recorded_at FROM event e
        WHERE e.dossier_id = t.dossier_id AND e.thread_id = t.thread_id AND e.recorded_at > s.told_at
          AND e.organisation_id <> t.organisation_id
        OFFSET 0
    ) e
    WHERE t.organisation_id = s.organisation_id AND t.counsellor_id = s.counsellor_id AND t.your_turn
      AND t.since > s.told_at AND e.recorded_at IS NOT NULL
"""
# Each browser looks up its own, in the order of their turn until there are enough (OFFSET 0): joined, the inbox of
# everybody would be read first, for a batch of fifty.
_CLAIM = f"""
WITH due AS (
    SELECT s.organisation_id, s.counsellor_id, s.digest FROM push_subscription s
    WHERE s.due_at <= $1 AND EXISTS ({_UNTOLD.format(what="")} OFFSET 0) AND EXISTS (
        SELECT FROM counsellor c
        WHERE c.counsellor_id = s.counsellor_id AND c.organisation_id = s.organisation_id OFFSET 0
    )
    ORDER BY s.due_at LIMIT $3
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE push_subscription s SET due_at = $1::timestamptz + $2::interval, fence = s.fence + 1
FROM due
WHERE s.organisation_id = due.organisation_id AND s.counsellor_id = due.counsellor_id AND s.digest = due.digest
  AND s.due_at <= $1
RETURNING s.organisation_id, s.counsellor_id, s.digest, s.endpoint, s.fence, s.failures,
          ({_UNTOLD.format(what="max(e.recorded_at)")}) AS latest
"""  # noqa: S608 - put together from our own texts
_WHICH = "organisation_id = $1 AND counsellor_id = $2 AND digest = $3 AND fence = $4"
_TAKEN = f"""
UPDATE push_subscription SET told_at = greatest(told_at, $5), pushed_at = $6, due_at = $7, failures = 0
WHERE {_WHICH}
"""  # noqa: S608 - a constant
_REFUSED = f"UPDATE push_subscription SET due_at = $5, failures = failures + 1 WHERE {_WHICH}"  # noqa: S608 - the same
_GONE = f"DELETE FROM push_subscription WHERE {_WHICH}"  # noqa: S608 - the same


class Pushes:
    """Sends what is due. `contact`: whom a push service may turn to (`mailto:` or https), or ""."""

    def __init__(self, pool: asyncpg.Pool, hosts: PushHosts, clock: Clock, *, key: bytes, contact: str) -> None:
        self._pool = pool
        self._hosts = hosts
        self._clock = clock
        self._key = key
        self._contact = contact

    async def run(self) -> None:
        """Send until cancelled. Nothing that goes wrong here ends it, or touches what else a worker does."""
        async with Sender(self._hosts.destinations, connections=_AT_ONCE) as sender:
            while True:
                try:
                    while await self.send_due(sender):
                        pass
                except LOST as error:
                    _log.warning("push_failed", error=type(error).__name__)
                except Exception:  # noqa: BLE001 - whatever it is, the next round may do better
                    _log.exception("push_failed")
                await asyncio.sleep(_EVERY_SECONDS * random.uniform(0.75, 1.25))  # noqa: S311 - no secret

    async def send_due(self, sender: Sender) -> int:
        """Send what is due now; give how many that were. Outside working hours it waits."""
        now = self._clock.now()
        here = now.astimezone(BRUSSELS)
        if not (is_working_day(here.date()) and FIRST <= here.time() < LAST):
            return 0
        rows = await self._pool.fetch(_CLAIM, now, _LEASE, _AT_ONCE)
        await asyncio.gather(*(self._one(sender, row, now) for row in rows))
        return len(rows)

    async def _one(self, sender: Sender, row: asyncpg.Record, now: datetime) -> None:
        which = (row["organisation_id"], row["counsellor_id"], row["digest"], row["fence"])
        attempt = await self._attempt(sender, row["endpoint"], now)
        PUSHES.labels(attempt.outcome).inc()
        at = self._clock.now()
        if attempt.succeeded:
            await self._pool.execute(_TAKEN, *which, row["latest"], at, at + PAUSE)
            return
        again = next_attempt(row["failures"] + 1, at, attempt.retry_after)
        if attempt.gone or attempt.status == _NOT_FOUND or again is None:
            await self._pool.execute(_GONE, *which)
        else:
            await self._pool.execute(_REFUSED, *which, max(again, at + _LEASE))

    async def _attempt(self, sender: Sender, endpoint: str, now: datetime) -> Attempt:
        if self._hosts.refuses(endpoint):
            return UNLISTED
        headers = {
            "Authorization": vapid.authorization(self._key, endpoint, contact=self._contact, at=now),
            "Content-Type": "application/octet-stream",
            "TTL": str(int(KEPT.total_seconds())),
            "Urgency": "normal",
            # A browser that was off gets the latest one, not all of them.
            "Topic": "inbox",
        }
        return await sender.post(endpoint, headers, b"")
