"""The subscriptions through which an organisation's own system gets notes; for the worker's role and operators."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from handover.delivery import outbox, replays
from handover.delivery.destinations import SCHEME
from handover.delivery.replays import Which
from handover.platform.ids import new_id

_JOIN = """
INSERT INTO subscription (subscription_id, organisation_id, url, secrets, created_at, changed_at, content)
SELECT $3, $1, $2, '', $4, $4, 'full'
WHERE NOT EXISTS (
    SELECT FROM subscription WHERE organisation_id = $1 AND url = $2 AND status <> 'deleted'
)
"""
_FIND = """
SELECT subscription_id FROM subscription WHERE organisation_id = $1 AND url = $2 AND status <> 'deleted'
"""
_STATUS = """
UPDATE subscription SET status = $2, changed_at = $3, down_since = NULL, probe_at = NULL WHERE subscription_id = $1
"""
_STUCK = """
SELECT d.dossier_id, d.sequence, e.type, d.state = 'dead' AS given_up, d.attempts, d.last_error, d.enqueued_at
FROM lane l
JOIN delivery d ON d.dossier_id = l.dossier_id AND d.subscription_id = l.subscription_id AND d.sequence >= l.head
JOIN event e ON e.dossier_id = d.dossier_id AND e.sequence = d.sequence
WHERE l.subscription_id = $1 AND (l.due_at IS NOT NULL OR l.dead IS NOT NULL)
  AND (d.state = 'dead' OR d.state = 'pending' AND d.attempts > 0)
ORDER BY d.enqueued_at, d.dossier_id, d.sequence
"""
_COUNT = """
SELECT coalesce(sum(waiting), 0)::bigint AS waiting, count(*) FILTER (WHERE dead IS NOT NULL) AS stopped
FROM lane WHERE subscription_id = $1
"""
_OF_DOSSIER = """
SELECT sequence FROM delivery
WHERE subscription_id = $1 AND dossier_id = $2 AND state IN ('pending', 'dead') ORDER BY sequence
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A step that does not stand in that system yet, and why. `given_up`: it is tried no more by itself."""

    dossier_id: UUID
    sequence: int
    type: str
    given_up: bool
    attempts: int
    last_error: str
    enqueued_at: datetime


async def join(pool: asyncpg.Pool, organisation: str, system: str, at: datetime) -> None:
    """Bring there what happens from now on; where that is so already, go on with what waits."""
    url = f"{SCHEME}{system}"
    await pool.execute(_JOIN, organisation, url, new_id(), at)
    await resume(pool, organisation, system, at)


async def pause(pool: asyncpg.Pool, organisation: str, system: str, at: datetime) -> None:
    """Bring nothing there until `resume`; it waits."""
    for subscription_id in await _of(pool, organisation, system):
        await pool.execute(_STATUS, subscription_id, "paused", at)


async def resume(pool: asyncpg.Pool, organisation: str, system: str, at: datetime) -> None:
    """Bring there what waits, at once, and what was given up."""
    for subscription_id in await _of(pool, organisation, system):
        await pool.execute(_STATUS, subscription_id, "active", at)
        await outbox.let_rest_end(pool, subscription_id, at)
        await replays.begin(pool, subscription_id, at=at, which=Which.DEAD)


async def leave(pool: asyncpg.Pool, organisation: str, system: str, at: datetime) -> None:
    """Bring nothing there any more; what waits is skipped."""
    for subscription_id in await _of(pool, organisation, system):
        await pool.execute(_STATUS, subscription_id, "deleted", at)
        await outbox.skip_all(pool, subscription_id, at)


async def skip(
    pool: asyncpg.Pool, organisation: str, system: str, dossier_id: UUID, *, reason: str, at: datetime
) -> int:
    """Record that what waits of a dossier need not stand there, and why; give how many steps that were."""
    skipped = 0
    for subscription_id in await _of(pool, organisation, system):
        for row in await pool.fetch(_OF_DOSSIER, subscription_id, dossier_id):
            skipped += await outbox.skip(pool, subscription_id, dossier_id, row["sequence"], reason=reason, at=at)
    return skipped


async def stuck(pool: asyncpg.Pool, organisation: str, system: str) -> list[Stuck]:
    """Give the steps that were tried and do not stand there, oldest first."""
    return [
        Stuck(**row)
        for subscription_id in await _of(pool, organisation, system)
        for row in await pool.fetch(_STUCK, subscription_id)
    ]


async def count(pool: asyncpg.Pool, organisation: str, system: str) -> tuple[int, int] | None:
    """Count the steps that wait to be brought there, and the dossiers that one given up stops; None: nothing is."""
    for subscription_id in await _of(pool, organisation, system):
        row = await pool.fetchrow(_COUNT, subscription_id)
        return row["waiting"], row["stopped"]
    return None


async def _of(pool: asyncpg.Pool, organisation: str, system: str) -> list[UUID]:
    return [row["subscription_id"] for row in await pool.fetch(_FIND, organisation, f"{SCHEME}{system}")]
