"""The periods that organisations keep dossiers: stated by an operator, carried out by the workers."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from handover.domain.codes_dossier import ErasureReason
from handover.domain.deadlines import add_months, local_day
from handover.domain.events import CloseUnused, Erase
from handover.domain.refusals import Refusal
from handover.domain.retention import Due, Periods, close_unused, due
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.erasing import erase_dossier
from handover.record.handle import Record, Request
from handover.record.sealing import KEY_OF, Sealer

_log = structlog.stdlib.get_logger(__name__)
_EVERY_SECONDS = 3600.0
_AT_ONCE = 200
# Those whose latest step is older than the shortest period: all others cannot be due.
_OLD = f"""
SELECT d.dossier_id, d.state, {KEY_OF.format("d")} AS keys
FROM dossier d JOIN event e ON e.dossier_id = d.dossier_id AND e.sequence = d.version
WHERE d.erased_at IS NULL AND e.recorded_at < $1 AND ($2::uuid IS NULL OR d.dossier_id > $2)
ORDER BY d.dossier_id LIMIT $3
"""  # noqa: S608 - a constant
_STATE = """
INSERT INTO retention (organisation_id, close_after_months, erase_after_months) VALUES ($1, $2, $3)
ON CONFLICT (organisation_id) DO UPDATE SET
    close_after_months = excluded.close_after_months, erase_after_months = excluded.erase_after_months
"""


async def state_periods(pool: asyncpg.Pool, organisation: str, periods: Periods | None) -> None:
    """State how long an organisation keeps dossiers; None: until a person erases them."""
    if periods is None:
        await pool.execute("DELETE FROM retention WHERE organisation_id = $1", organisation)
    else:
        await pool.execute(_STATE, organisation, periods.close_after, periods.erase_after)


async def periods_now(pool: asyncpg.Pool) -> dict[str, Periods]:
    """Give the periods of every organisation that states some."""
    rows = await pool.fetch("SELECT * FROM retention")
    return {r["organisation_id"]: Periods(r["close_after_months"], r["erase_after_months"]) for r in rows}


async def carry_out(pool: asyncpg.Pool, record: Record, sealer: Sealer, at: datetime) -> tuple[int, int]:
    """Close and erase what is due now; give how many of each. A dossier that cannot be read is left and logged."""
    periods = await periods_now(pool)
    if not periods:
        return 0, 0
    shortest = min(min(one.close_after, one.erase_after) for one in periods.values())
    before = add_months(local_day(at), -shortest)
    counts, after = {Due.CLOSING: 0, Due.ERASURE: 0}, None
    while page := await pool.fetch(_OLD, datetime.combine(before, at.timetz()), after, _AT_ONCE):
        for row in page:
            dossier_id = UUID(int=row["dossier_id"].int)
            try:
                dossier = codec.open_state(sealer.dossier(dossier_id, row["keys"]), row["state"])
                found = due(dossier, periods, on=local_day(at))
                if found is not None:
                    await _do(record, dossier_id, found, at)
                    counts[found] += 1
            except (ValueError, Refusal) as error:
                _log.error("retention_failed", dossier_id=str(dossier_id), error=type(error).__name__)
        after = page[-1]["dossier_id"]
    return counts[Due.CLOSING], counts[Due.ERASURE]


async def _do(record: Record, dossier_id: UUID, what: Due, at: datetime) -> None:
    if what is Due.ERASURE:
        command = Erase(command_id=new_id(), dossier_id=dossier_id, reason=ErasureReason.RETENTION_ENDED)
        await erase_dossier(record, command, at=at)
    else:
        closing = CloseUnused(command_id=new_id(), dossier_id=dossier_id)
        await record.handle_beside(closing, Request(), close_unused, _nothing, at=at)


async def _nothing(_connection: asyncpg.Connection, _dossier_id: UUID, _sequence: int) -> None:
    return None


async def keep_periods(pool: asyncpg.Pool, record: Record, sealer: Sealer, clock: Clock) -> None:
    """Carry the periods out every hour until cancelled; several workers may, each finds less to do."""
    while True:
        try:
            closed, erased = await carry_out(pool, record, sealer, clock.now())
        except LOST as error:
            _log.warning("retention_interrupted", error=type(error).__name__)
        else:
            if closed or erased:
                _log.info("retention_carried_out", closed=closed, erased=erased)
        await asyncio.sleep(_EVERY_SECONDS)
