"""What may go, after its time: idempotency keys, lines of the access log. Events, deliveries and lookups never do."""

import asyncio
from datetime import datetime, time, timedelta

import asyncpg
import structlog

from handover.domain.deadlines import BRUSSELS, add_months, local_day
from handover.platform.clock import Clock
from handover.platform.db import LOST

KEPT = timedelta(days=30)
"""How long an Idempotency-Key is remembered; the API description says the same."""
_EVERY_SECONDS = 3600.0
_AT_ONCE = 5000
_OLD_KEYS = (
    """
    DELETE FROM idempotency WHERE (organisation_id, key) IN (
        SELECT organisation_id, key FROM idempotency WHERE recorded_at < $1 ORDER BY recorded_at LIMIT $2
    )
    """,
    """
    DELETE FROM request_once WHERE (organisation_id, key) IN (
        SELECT organisation_id, key FROM request_once WHERE taken_at < $1 ORDER BY taken_at LIMIT $2
    )
    """,
)
_OLD_LINES = (
    "DELETE FROM access_log WHERE entry IN (SELECT entry FROM access_log WHERE at < $1 ORDER BY at LIMIT $2)",
    """
    DELETE FROM break_glass WHERE break_glass_id IN (
        SELECT break_glass_id FROM break_glass WHERE opened_at < $1 ORDER BY opened_at LIMIT $2
    )
    """,
)
_log = structlog.stdlib.get_logger(__name__)


async def forget_old_keys(pool: asyncpg.Pool, clock: Clock) -> int:
    """Delete keys older than `KEPT`, a few thousand at a time; give how many went."""
    return sum([await _delete(pool, statement, clock.now() - KEPT) for statement in _OLD_KEYS])


async def forget_old_lines(pool: asyncpg.Pool, clock: Clock, *, years: int) -> int:
    """Delete what the access log and break-glass hold beyond so many years; give how many lines went."""
    before = datetime.combine(add_months(local_day(clock.now()), -12 * years), time.min, BRUSSELS)
    return sum([await _delete(pool, statement, before) for statement in _OLD_LINES])


async def _delete(pool: asyncpg.Pool, statement: str, before: datetime) -> int:
    gone = 0
    while True:
        done = int((await pool.execute(statement, before, _AT_ONCE)).rpartition(" ")[2])
        gone += done
        if done < _AT_ONCE:
            return gone


async def keep_house(pool: asyncpg.Pool, clock: Clock, *, log_years: int) -> None:
    """Do so every hour until cancelled; several workers may, each finds less to do."""
    while True:
        try:
            gone = await forget_old_keys(pool, clock)
            lines = await forget_old_lines(pool, clock, years=log_years)
        except LOST as error:
            _log.warning("housekeeping_failed", error=type(error).__name__)
        else:
            if gone:
                _log.info("keys_forgotten", count=gone)
            if lines:
                _log.info("access_lines_forgotten", count=lines)
        await asyncio.sleep(_EVERY_SECONDS)
