"""What people do with deliveries: look at them, send one again, skip one.

Callers have checked that the subscription is theirs.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from handover.delivery.queue import State
from handover.platform.walls import Database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event to one subscription. Times in UTC; `cursor` is its place in the list."""

    dossier_id: UUID
    sequence: int
    event_id: UUID
    type: str
    state: State
    attempts: int
    last_status: int | None
    last_error: str
    enqueued_at: datetime
    settled_at: datetime | None
    delivered_at: datetime | None
    """When it first went through; it stays when the event is sent again."""

    @property
    def cursor(self) -> str:
        """What to ask for the next page with."""
        return f"{(self.enqueued_at - _EPOCH) // _MICROSECOND:x}-{self.dossier_id.hex}-{self.sequence:x}"


_FIELDS = """
    d.dossier_id, d.sequence, e.event_id, e.type, d.state, d.attempts, d.last_status, d.last_error,
    d.enqueued_at, d.settled_at, d.delivered_at
"""
_PAGE_OF = """
    JOIN event e ON e.dossier_id = d.dossier_id AND e.sequence = d.sequence
    WHERE d.subscription_id = $1 AND ($2::text IS NULL OR d.state = $2)
      AND ($3::timestamptz IS NULL OR (d.enqueued_at, d.dossier_id, d.sequence) < ($3, $4::uuid, $5::int))
    ORDER BY d.enqueued_at DESC, d.dossier_id DESC, d.sequence DESC LIMIT $6
"""
_ALL = f"SELECT {_FIELDS} FROM delivery d {_PAGE_OF}"  # noqa: S608 - constants
# The few that wait or died are found through their lanes, not among the millions that arrived.
_UNSETTLED = f"""
    SELECT {_FIELDS} FROM (
        SELECT dossier_id FROM lane WHERE subscription_id = $1 AND due_at IS NOT NULL
        UNION SELECT dossier_id FROM lane WHERE subscription_id = $1 AND dead IS NOT NULL
    ) l JOIN delivery d ON d.dossier_id = l.dossier_id {_PAGE_OF}
"""  # noqa: S608 - constants
_AGAIN = "SELECT queue_again($1, $2, 'all', $3, $4)"


async def deliveries(
    pool: Database, subscription_id: UUID, *, state: State | None, after: str, limit: int
) -> list[Delivery]:
    """Give a page of deliveries, latest first."""
    query = _UNSETTLED if state in {State.PENDING, State.DEAD} else _ALL
    moment, dossier_id, sequence = _parse(after)
    wanted = None if state is None else str(state)
    rows = await pool.fetch(query, subscription_id, wanted, moment, dossier_id, sequence, limit)
    return [Delivery(**{**row, "state": State(row["state"])}) for row in rows]


def _parse(after: str) -> tuple[datetime | None, UUID | None, int | None]:
    if not after:
        return None, None, None
    try:
        moment, dossier_id, sequence = after.split("-")
        # Bounded before they reach the database, whose integers are.
        found = _EPOCH + _MICROSECOND * int(moment, 16), UUID(hex=dossier_id), int(sequence, 16)
    except (ValueError, OverflowError):
        raise ValueError("no cursor of this list") from None
    if not 0 <= found[2] < 1 << 31:
        raise ValueError("no cursor of this list")
    return found


async def resend(
    pool: Database,
    subscription_id: UUID,
    dossier_id: UUID,
    *,
    sequence: int | None,
    event_id: UUID | None,
    at: datetime,
) -> bool:
    """Make a delivery pending again and its lane due; give False when there is none."""
    found = await pool.fetchval(
        """
        SELECT d.sequence FROM delivery d
        JOIN event e ON e.dossier_id = d.dossier_id AND e.sequence = d.sequence
        WHERE d.dossier_id = $1 AND d.subscription_id = $2
          AND (d.sequence = $3 OR $3::int IS NULL) AND (e.event_id = $4 OR $4::uuid IS NULL)
          AND num_nonnulls($3, $4) > 0
        """,
        dossier_id,
        subscription_id,
        sequence,
        event_id,
    )
    if found is None:
        return False
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_AGAIN, at, subscription_id, [dossier_id], [found])
        await connection.execute("SELECT recount_lanes($1, $2, $3)", at, subscription_id, [dossier_id])
    return True


async def skip(
    pool: Database, subscription_id: UUID, dossier_id: UUID, sequence: int, *, reason: str, at: datetime
) -> bool:
    """Record that a pending or dead delivery is left out, and why; give False when there is none."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT 1 FROM lane WHERE dossier_id = $1 AND subscription_id = $2 FOR UPDATE",
            dossier_id,
            subscription_id,
        )
        found = await connection.fetchval(
            """
            UPDATE delivery SET state = 'skipped', settled_at = $4, last_error = 'skipped: ' || $5::text
            WHERE dossier_id = $1 AND subscription_id = $2 AND sequence = $3 AND state IN ('pending', 'dead')
            RETURNING sequence
            """,
            dossier_id,
            subscription_id,
            sequence,
            at,
            reason,
        )
        await connection.execute("SELECT recount_lanes($1, $2, $3)", at, subscription_id, [dossier_id])
    return found is not None


async def skip_all(pool: Database, subscription_id: UUID, at: datetime) -> None:
    """Skip everything that is pending, for a subscription that is no more."""
    async with pool.acquire() as connection, connection.transaction():
        dossiers = await connection.fetchval(
            """
            SELECT array_agg(dossier_id) FROM (
                SELECT dossier_id FROM lane WHERE subscription_id = $1 AND waiting > 0
                ORDER BY dossier_id FOR UPDATE
            ) l
            """,
            subscription_id,
        )
        await connection.execute(
            """
            UPDATE delivery
            SET state = 'skipped', settled_at = $3, last_error = 'skipped: subscription deleted'
            WHERE dossier_id = ANY ($2) AND subscription_id = $1 AND state = 'pending'
            """,
            subscription_id,
            dossiers,
            at,
        )
        await connection.execute("SELECT recount_lanes($1, $2, $3)", at, subscription_id, dossiers)


async def let_rest_end(pool: Database, subscription_id: UUID, at: datetime) -> None:
    """Let lanes that wait out a failure go at once, with their attempts counted anew."""
    await pool.execute(
        """
        UPDATE lane l SET due_at = least(l.due_at, $2), failures = 0, failing_since = NULL
        FROM (
            SELECT dossier_id FROM lane WHERE subscription_id = $1 AND due_at IS NOT NULL AND failures > 0
            ORDER BY dossier_id FOR UPDATE
        ) resting
        WHERE l.subscription_id = $1 AND l.dossier_id = resting.dossier_id
        """,
        subscription_id,
        at,
    )
