"""Checkpoints of the log, signed now and then and sent to every organisation that hears of everything.

A checkpoint says all that earlier ones said, so there is no queue: each subscription is sent the latest until it took
it. What a receiver keeps is what shows, later, that nothing was cut off or rewritten.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import asyncpg
import structlog

from handover.delivery import keyring
from handover.delivery.cloud_event import checkpoint_event
from handover.delivery.destinations import WEBHOOKS, Destinations
from handover.delivery.retries import LONGEST, next_attempt
from handover.delivery.sender import UNLISTED, Attempt, Sender
from handover.delivery.worker import WorkerOptions
from handover.domain.parties import Directory
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.record.log import Log
from handover.record.sealing import Sealer

_log = structlog.stdlib.get_logger(__name__)
_LEASE = timedelta(seconds=30)
_AT_ONCE = 50
# Who lists event types wants those alone; whose address is down hears of it when it is up again.
_CLAIM = f"""
WITH latest AS (SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1), claimed AS (
    INSERT INTO checkpoint_delivery AS d (subscription_id, due_at)
    SELECT s.subscription_id, $1::timestamptz + $2::interval
    FROM subscription s CROSS JOIN latest
    LEFT JOIN checkpoint_delivery k USING (subscription_id)
    WHERE s.status = 'active' AND s.{WEBHOOKS} AND s.event_types IS NULL AND s.down_since IS NULL
      AND coalesce(k.size, -1) < latest.size AND coalesce(k.due_at <= $1, true)
    ORDER BY s.subscription_id LIMIT $3
    ON CONFLICT (subscription_id) DO UPDATE SET due_at = excluded.due_at WHERE d.due_at <= $1
    RETURNING d.subscription_id, d.failures
)
SELECT c.subscription_id, c.failures, s.organisation_id, s.url, s.secrets, latest.size, latest.note
FROM claimed c JOIN subscription s USING (subscription_id) CROSS JOIN latest
"""  # noqa: S608 - a constant
_TAKEN = """
UPDATE checkpoint_delivery
SET size = greatest(size, $2), delivered_at = $3, due_at = $3, failures = 0, last_error = ''
WHERE subscription_id = $1
"""
_REFUSED = """
UPDATE checkpoint_delivery SET due_at = $2, failures = least(failures + 1, 1000), last_error = $3
WHERE subscription_id = $1
"""


class Checkpoints:
    """Signs and sends checkpoints every `checkpoint_seconds`; any number of workers may."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        log: Log,
        sealer: Sealer,
        directory: Callable[[], Directory],
        clock: Clock,
        options: WorkerOptions,
    ) -> None:
        self._pool = pool
        self._log = log
        self._sealer = sealer
        self._directory = directory
        self._clock = clock
        self._options = options
        self._destinations = Destinations(demonstration=options.demonstration)

    async def run(self) -> None:
        """Sign and send until cancelled; what fails is tried again the next time."""
        async with Sender(self._destinations, connections=_AT_ONCE) as sender:
            while True:
                try:
                    await self._log.seal(self._clock.now())
                    while await self.send(sender):
                        pass
                except LOST as error:
                    _log.warning("checkpoint_failed", error=type(error).__name__)
                await asyncio.sleep(self._options.checkpoint_seconds)

    async def send(self, sender: Sender) -> int:
        """Send the latest checkpoint to who has not got it and whose turn it is; give how many that were."""
        rows = await self._pool.fetch(_CLAIM, self._clock.now(), _LEASE, _AT_ONCE)
        await asyncio.gather(*(self._one(sender, row) for row in rows))
        return len(rows)

    async def _one(self, sender: Sender, row: asyncpg.Record) -> None:
        attempt = await self._attempt(sender, row)
        at = self._clock.now()
        if attempt.succeeded:
            await self._pool.execute(_TAKEN, row["subscription_id"], row["size"], at)
            return
        again = next_attempt(row["failures"] + 1, at, attempt.retry_after) or at + LONGEST
        await self._pool.execute(_REFUSED, row["subscription_id"], again, attempt.error)

    async def _attempt(self, sender: Sender, row: asyncpg.Record) -> Attempt:
        owner = self._directory().organisations.get(row["organisation_id"])
        if not self._destinations.listed(row["url"], owner.webhook_hosts if owner else ()):
            return UNLISTED
        at, message_id, base = self._clock.now(), f"checkpoint-{row['size']}", self._options.base_url
        ring = keyring.unseal(self._sealer, row["subscription_id"], row["secrets"])
        return await sender.send(
            row["url"],
            message_id=message_id,
            timestamp=int(at.timestamp()),
            keys=keyring.keys_at(ring, at),
            body=checkpoint_event(message_id, note=row["note"], size=row["size"], base_url=base, at=at),
        )
