"""Sending a period again: a job that a worker works off, page by page, as fast as the receiver takes it.

Each page is queued in the transaction that also writes down how far the job came: whoever is killed in between
leaves a job that the next one goes on with, and nothing is queued twice or left out.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from handover.platform.ids import new_id
from handover.platform.walls import Database

PAGE = 500
"""Events per transaction: its locks keep writers of those dossiers waiting for a moment only."""
ROOM = 2000
"""While so many wait at a subscription, its jobs rest: a replay must not bury what happens now."""


class Which(StrEnum):
    """What of a period goes out again."""

    ALL = "all"
    DEAD = "dead"
    """What was given up."""
    MISSING = "missing"
    """What was never queued, because the subscription was disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A job. `queued` counts deliveries that are pending again; `finished_at` is None while it goes on."""

    job_id: UUID
    subscription_id: UUID
    which: Which
    since: datetime | None
    until: datetime | None
    queued: int
    created_at: datetime
    finished_at: datetime | None


_COLUMNS = "job_id, subscription_id, which, since, until, queued, created_at, finished_at"
_BEGIN = f"""
INSERT INTO replay_job (job_id, subscription_id, which, since, until, xid, position, horizon, created_at)
VALUES ($1, $2, $3, $4, $5, $6::text::xid8, 0, pg_snapshot_xmax(pg_current_snapshot()), $7)
RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant
_NEXT = """
SELECT j.job_id, j.subscription_id, j.which, j.since, j.until, j.xid::text AS xid, j.position,
       j.horizon::text AS horizon, s.status = 'deleted' AS deleted
FROM replay_job j JOIN subscription s USING (subscription_id)
WHERE j.finished_at IS NULL AND ($1::uuid IS NULL OR j.job_id = $1)
  AND $2 > (
      SELECT coalesce(sum(l.waiting), 0) FROM lane l
      WHERE l.subscription_id = j.subscription_id AND l.due_at IS NOT NULL
  )
ORDER BY j.created_at LIMIT 1 FOR UPDATE OF j SKIP LOCKED
"""
_PAGE_OF_FEED = """
SELECT f.xid::text AS xid, f.position, f.dossier_id, f.sequence
FROM feed f
JOIN subscription s ON s.subscription_id = $1 AND s.organisation_id = f.organisation_id
JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
WHERE (f.xid, f.position) > ($2::text::xid8, $3::bigint) AND f.xid < $6::text::xid8
  AND f.xid < pg_snapshot_xmin(pg_current_snapshot())
  AND ($4::timestamptz IS NULL OR e.recorded_at >= $4) AND ($5::timestamptz IS NULL OR e.recorded_at < $5)
  AND (s.event_types IS NULL OR e.type = ANY (s.event_types))
ORDER BY f.xid, f.position LIMIT $7
"""
_KEEP = """
UPDATE replay_job SET xid = $2::text::xid8, position = $3, queued = queued + $4, finished_at = $5 WHERE job_id = $1
"""


async def begin(
    pool: Database,
    subscription_id: UUID,
    *,
    at: datetime,
    which: Which = Which.ALL,
    since: datetime | None = None,
    until: datetime | None = None,
    missed_from: int = 0,
) -> Replay:
    """Make a job for what was recorded before this moment (`missed_from`: and since that transaction)."""
    row = await pool.fetchrow(_BEGIN, new_id(), subscription_id, str(which), since, until, str(missed_from), at)
    return _replay(row)


async def of_subscription(pool: Database, subscription_id: UUID, *, limit: int = 100) -> list[Replay]:
    """Give a subscription's jobs, latest first."""
    rows = await pool.fetch(
        f"SELECT {_COLUMNS} FROM replay_job WHERE subscription_id = $1 "  # noqa: S608 - a constant
        "ORDER BY created_at DESC, job_id DESC LIMIT $2",
        subscription_id,
        limit,
    )
    return [_replay(row) for row in rows]


async def find(pool: Database, subscription_id: UUID, job_id: UUID) -> Replay | None:
    """Give one job of a subscription."""
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM replay_job WHERE subscription_id = $1 AND job_id = $2",  # noqa: S608 - a constant
        subscription_id,
        job_id,
    )
    return None if row is None else _replay(row)


async def advance(pool: Database, at: datetime, *, job_id: UUID | None = None, room: int = ROOM) -> int | None:
    """Queue the next page of the oldest job that has room (of `job_id` only); give how many are pending again.

    None: there was nothing to do, because there is no job, others have it in hand, or its subscription has `room`
    or more waiting.
    """
    async with pool.acquire() as connection, connection.transaction():
        job = await connection.fetchrow(_NEXT, job_id, room)
        if job is None:
            return None
        if job["deleted"]:
            await connection.execute(_KEEP, job["job_id"], job["xid"], job["position"], 0, at)
            return 0
        # The feed shows only what lies before the oldest running transaction: asked first, so that it cannot be
        # past the horizon without the page having seen all of it.
        settled = await connection.fetchval(
            "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8", job["horizon"]
        )
        rows = await connection.fetch(
            _PAGE_OF_FEED,
            job["subscription_id"],
            job["xid"],
            job["position"],
            job["since"],
            job["until"],
            job["horizon"],
            PAGE,
        )
        finished = settled and len(rows) < PAGE
        if not rows and not finished:
            return None
        queued = await connection.fetchval(
            "SELECT queue_again($1, $2, $3, $4, $5)",
            at,
            job["subscription_id"],
            job["which"],
            [row["dossier_id"] for row in rows],
            [row["sequence"] for row in rows],
        )
        place = (rows[-1]["xid"], rows[-1]["position"]) if rows else (job["xid"], job["position"])
        await connection.execute(_KEEP, job["job_id"], *place, queued, at if finished else None)
        return int(queued)


def _replay(row: asyncpg.Record) -> Replay:
    return Replay(**{**row, "which": Which(row["which"])})
