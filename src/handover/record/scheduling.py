"""The passing of time: rungs of the ladder, mandates that end, partners whose action is over.

What time will bring next is projected into `wake`; any number of nodes may look. Two that find the same dossier
both decide, and the second finds nothing left to record: the version decides, not a lock.
"""

import asyncio
import random
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from handover.domain.events import PassTime
from handover.domain.refusals import Refusal
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.platform.ids import new_id
from handover.record.handle import Record, Request

_log = structlog.stdlib.get_logger(__name__)
_AT_ONCE = 200
_SIDE_BY_SIDE = 16
_DUE = """
SELECT dossier_id, at FROM wake
WHERE at < $1 AND ($2::timestamptz IS NULL OR (at, dossier_id) > ($2, $3))
ORDER BY at, dossier_id LIMIT $4
"""


class Scheduler:
    """Looks every `poll` seconds for dossiers in which time has brought something."""

    def __init__(self, pool: asyncpg.Pool, record: Record, clock: Clock, *, poll: float = 1.0) -> None:
        self._pool = pool
        self._record = record
        self._clock = clock
        self._poll = poll

    async def run(self) -> None:
        """Look until cancelled; a database that is away is tried again at the next look."""
        while True:
            try:
                await self.pass_time()
            except LOST as error:
                _log.warning("scheduling_failed", error=type(error).__name__)
            # Nodes that look at the same moment find the same dossiers: spread them.
            await asyncio.sleep(self._poll * random.uniform(0.75, 1.25))  # noqa: S311 - no secret depends on it

    async def pass_time(self) -> int:
        """Record what is due by now; give how many events that were."""
        at, recorded = self._clock.now(), 0
        after: tuple[datetime | None, UUID | None] = (None, None)
        while True:
            page = await self._pool.fetch(_DUE, at, *after, _AT_ONCE)
            ids = [UUID(int=row["dossier_id"].int) for row in page]
            for first in range(0, len(ids), _SIDE_BY_SIDE):
                done = await asyncio.gather(*(self._one(i) for i in ids[first : first + _SIDE_BY_SIDE]))
                recorded += sum(done)
            if len(page) < _AT_ONCE:
                return recorded
            after = page[-1]["at"], page[-1]["dossier_id"]

    async def _one(self, dossier_id: UUID) -> int:
        """One dossier that cannot be read must not stop time for the others."""
        try:
            command = PassTime(command_id=new_id(), dossier_id=dossier_id)
            handled = await self._record.handle(command, Request(), at=self._clock.now())
        except LOST:
            raise
        except (Refusal, ValueError, KeyError) as error:
            _log.error("time_did_not_pass", dossier_id=str(dossier_id), error=type(error).__name__)
            return 0
        return len(handled.bodies)
