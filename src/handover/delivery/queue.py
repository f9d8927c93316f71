"""The outbox as a queue of lanes: claim some, settle many at once, with no transaction open in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from uuid import UUID

import asyncpg

from handover.delivery.destinations import WEBHOOKS
from handover.record.sealing import KEY_OF

LEASE = timedelta(seconds=30)
PROBE_EVERY = timedelta(seconds=30)
RELEASE_PACE = timedelta(milliseconds=5)
CARRIED_AT_ONCE = 2
"""Lanes in hand of a system that we speak with ourselves: it takes one step at a time, and claims must not wait."""

# The second half of every claim: take the picked lanes and give with them what waits, in order.
_TAKE = f"""
claimed AS (
    UPDATE lane l SET lease_until = $1::timestamptz + $2::interval, fence = l.fence + 1
    FROM picked p WHERE l.dossier_id = p.dossier_id AND l.subscription_id = p.subscription_id
    RETURNING l.dossier_id, l.subscription_id, l.fence, l.head, l.sent, l.dead, l.failures, l.due_at
)
SELECT c.dossier_id, c.subscription_id, c.fence, c.head, c.sent, c.failures, c.due_at,
       s.organisation_id, s.url, s.secrets, s.content, s.down_since IS NOT NULL AS down,
       d.sequence, d.attempts, d.previous_sequence, d.enqueued_at, e.body, {KEY_OF.format("c")} AS keys
FROM claimed c
JOIN subscription s ON s.subscription_id = c.subscription_id
LEFT JOIN LATERAL (
    SELECT * FROM delivery d
    WHERE d.dossier_id = c.dossier_id AND d.subscription_id = c.subscription_id AND d.sequence >= c.head
      AND d.state = 'pending' AND (c.dead IS NULL OR d.sequence < c.dead)
    ORDER BY d.sequence LIMIT $3
) d ON true
LEFT JOIN event e ON e.dossier_id = d.dossier_id AND e.sequence = d.sequence
ORDER BY c.dossier_id, c.subscription_id, d.sequence
"""  # noqa: S608 - a constant
# Hopping from subscription to subscription along the index costs as many steps as there are subscriptions
# with something waiting, however long one's queue is: a hung endpoint's long queue does not hide the others.
# Shuffled, because whoever came first every time would be served first when there is not room for all.
_CLAIM = f"""
WITH RECURSIVE hop (subscription_id) AS (
    (SELECT subscription_id FROM lane WHERE due_at IS NOT NULL ORDER BY subscription_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT l.subscription_id FROM lane l
        WHERE l.due_at IS NOT NULL AND l.subscription_id > hop.subscription_id
        ORDER BY l.subscription_id LIMIT 1
    )
    FROM hop WHERE hop.subscription_id IS NOT NULL
), shuffled AS MATERIALIZED (
    SELECT s.subscription_id, CASE WHEN s.{WEBHOOKS} THEN $5 ELSE least($5, {CARRIED_AT_ONCE}) END
           - coalesce(b.lanes, 0) AS room
    FROM hop JOIN subscription s USING (subscription_id)
    LEFT JOIN unnest($6::uuid[], $7::int[]) AS b (subscription_id, lanes) USING (subscription_id)
    WHERE s.status = 'active' ORDER BY random()
), picked AS MATERIALIZED (
    SELECT l.dossier_id, l.subscription_id
    FROM shuffled CROSS JOIN LATERAL (
        SELECT l.dossier_id, l.subscription_id FROM lane l
        WHERE l.subscription_id = shuffled.subscription_id AND l.due_at <= $1
          AND (l.lease_until IS NULL OR l.lease_until < $1)
        ORDER BY l.due_at LIMIT greatest(shuffled.room, 0)
        FOR UPDATE SKIP LOCKED
    ) l
    LIMIT $4
), {_TAKE}
"""  # noqa: S608 - two constants
# One lane of each endpoint that is down and whose turn it is, whatever the lane's own pause says.
_PROBE = f"""
WITH turn AS (
    UPDATE subscription SET probe_at = $1::timestamptz + $4::interval
    WHERE probe_at <= $1 AND status = 'active' RETURNING subscription_id
), picked AS MATERIALIZED (
    SELECT l.dossier_id, l.subscription_id
    FROM turn CROSS JOIN LATERAL (
        SELECT l.dossier_id, l.subscription_id FROM lane l
        WHERE l.subscription_id = turn.subscription_id AND l.due_at > $1
          AND (l.lease_until IS NULL OR l.lease_until < $1)
        ORDER BY l.due_at LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) l
), {_TAKE}
"""  # noqa: S608 - two constants
_SETTLE = f"SELECT number, due FROM settle_lanes({', '.join(f'${n}' for n in range(1, 18))})"  # noqa: S608 - numbers


class State(StrEnum):
    """Where a delivery is; only a person takes it out of `dead`."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery to be made. `previous`: what was sent before it when it was first tried (None: not yet)."""

    sequence: int
    attempts: int
    previous: int | None
    enqueued_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A claimed lane: one dossier to one subscription. `fence` proves the claim when it is settled."""

    dossier_id: UUID
    keys: bytes | None
    """The dossier's keys as they are stored, with which `body` of what is pending opens."""
    subscription_id: UUID
    fence: int
    head: int
    sent: int
    failures: int
    due_at: datetime
    organisation: str
    url: str
    secrets: bytes
    full: bool
    """Whether the events themselves go along, as the receiver may see them."""
    down: bool
    pending: tuple[Pending, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """One delivery after an attempt, as it is to be written."""

    sequence: int
    state: State
    attempts: int
    status: int | None
    error: str
    previous: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of a claimed lane.

    `due_at`: when its head may be tried again (None: at once when something waits). `dead`: the sequence that
    was given up. `gone`: the address wants nothing any more.
    """

    lane: Lane
    tried: tuple[Tried, ...] = ()
    due_at: datetime | None = None
    failures: int = 0
    dead: int | None = None
    gone: bool = False

    @property
    def next_head(self) -> int:
        """No higher than the first sequence that is still pending."""
        if not self.tried:
            return self.lane.head
        last = self.tried[-1]
        return last.sequence + 1 if last.state is State.SUCCEEDED else last.sequence


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether the claim still held, so that the settlement counted, and whether more may go out at once."""

    held: bool
    due: bool


class Queue:
    """The statements of a worker, one round trip each. They raise asyncpg's errors."""

    def __init__(self, pool: asyncpg.Pool, *, lease: timedelta = LEASE, depth: int = 20) -> None:
        self._pool = pool
        self._lease = lease
        self._depth = depth

    @property
    def lease(self) -> timedelta:
        """How long a claim holds."""
        return self._lease

    async def claim(self, at: datetime, *, lanes: int, per_subscription: int, busy: Mapping[UUID, int]) -> list[Lane]:
        """Take up to `lanes` due lanes; `busy` says how many of each subscription's are in hand already."""
        rows = await self._pool.fetch(
            _CLAIM, at, self._lease, self._depth, lanes, per_subscription, list(busy), list(busy.values())
        )
        return _lanes(rows)

    async def claim_probes(self, at: datetime) -> list[Lane]:
        """Take one resting lane of each endpoint that is down and was not tried for PROBE_EVERY."""
        return _lanes(await self._pool.fetch(_PROBE, at, self._lease, self._depth, PROBE_EVERY))

    async def settle(self, settlements: Sequence[Settlement], at: datetime) -> list[Settled]:
        """Record what became of lanes, all in one transaction; an answer each."""
        rows = await self._pool.fetch(_SETTLE, at, *_columns(settlements))
        due = {row["number"]: row["due"] for row in rows}
        return [Settled(n in due, due.get(n, False)) for n in range(1, len(settlements) + 1)]

    async def recount(self, lane: Lane, at: datetime) -> None:
        """Let go of a lane that had nothing to send, after counting it anew."""
        await self._pool.execute(
            "SELECT recount_lanes($1, $2, ARRAY[$3::uuid], $4)",
            at,
            lane.subscription_id,
            lane.dossier_id,
            lane.fence,
        )

    async def mark_down(self, subscription_id: UUID, at: datetime) -> None:
        """Note that an endpoint does not answer at all: it is probed from now on."""
        await self._pool.execute(
            """
            UPDATE subscription SET down_since = $2::timestamptz, probe_at = $2::timestamptz + $3::interval
            WHERE subscription_id = $1 AND down_since IS NULL AND status IN ('active', 'paused')
            """,
            subscription_id,
            at,
            PROBE_EVERY,
        )

    async def release(self, subscription_id: UUID, at: datetime) -> int:
        """Let the resting lanes of an endpoint that answers again go, RELEASE_PACE apart; give how many."""
        return int(await self._pool.fetchval("SELECT release_lanes($1, $2, $3)", at, subscription_id, RELEASE_PACE))

    async def backlog(self) -> tuple[int, int]:
        """Count the deliveries that wait in lanes that may go out, and the lanes that a dead one stops."""
        row = await self._pool.fetchrow(
            """
            SELECT (SELECT coalesce(sum(waiting), 0)::bigint FROM lane WHERE due_at IS NOT NULL) AS waiting,
                   (SELECT count(*) FROM lane WHERE dead IS NOT NULL) AS stopped
            """
        )
        return row["waiting"], row["stopped"]


def _lanes(rows: Sequence[asyncpg.Record]) -> list[Lane]:
    return [_lane(list(group)) for _, group in groupby(rows, lambda row: (row["dossier_id"], row["subscription_id"]))]


def _lane(rows: list[asyncpg.Record]) -> Lane:
    row = rows[0]
    pending = tuple(
        Pending(r["sequence"], r["attempts"], r["previous_sequence"], r["enqueued_at"], r["body"])
        for r in rows
        if r["sequence"] is not None
    )
    return Lane(
        dossier_id=row["dossier_id"],
        keys=row["keys"],
        subscription_id=row["subscription_id"],
        fence=row["fence"],
        head=row["head"],
        sent=row["sent"],
        failures=row["failures"],
        due_at=row["due_at"],
        organisation=row["organisation_id"],
        url=row["url"],
        secrets=row["secrets"],
        full=row["content"] == "full",
        down=row["down"],
        pending=pending,
    )


def _columns(settlements: Sequence[Settlement]) -> list[list[object]]:
    """Lay settlements out as the arrays of `settle_lanes`; numbers in them count from 1."""
    by_lane = [
        (
            s.lane.dossier_id,
            s.lane.subscription_id,
            s.lane.fence,
            s.lane.head,
            s.next_head,
            s.due_at,
            s.failures,
            s.dead,
            s.gone,
        )
        for s in settlements
    ]
    by_delivery = [
        (n, t.sequence, t.state, t.attempts, t.status, t.error, t.previous)
        for n, settlement in enumerate(settlements, start=1)
        for t in settlement.tried
    ]
    lanes = [list(column) for column in zip(*by_lane, strict=True)]
    deliveries = [list(column) for column in zip(*by_delivery, strict=True)] or [[] for _ in range(7)]
    return [*lanes, *deliveries]
