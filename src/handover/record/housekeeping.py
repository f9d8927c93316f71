"""What may go: idempotency keys after their time. Events, deliveries and lookups never do."""

import asyncio
from datetime import timedelta

import asyncpg
import structlog

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
_log = structlog.stdlib.get_logger(__name__)


async def forget_old_keys(pool: asyncpg.Pool, clock: Clock) -> int:
    """Delete keys older than `KEPT`, a few thousand at a time; give how many went."""
    gone = 0
    for statement in _OLD_KEYS:
        while True:
            done = int((await pool.execute(statement, clock.now() - KEPT, _AT_ONCE)).rpartition(" ")[2])
            gone += done
            if done < _AT_ONCE:
                break
    return gone


async def keep_house(pool: asyncpg.Pool, clock: Clock) -> None:
    """Do so every hour until cancelled; several workers may, each finds less to do."""
    while True:
        try:
            gone = await forget_old_keys(pool, clock)
        except LOST as error:
            _log.warning("housekeeping_failed", error=type(error).__name__)
        else:
            if gone:
                _log.info("keys_forgotten", count=gone)
        await asyncio.sleep(_EVERY_SECONDS)
