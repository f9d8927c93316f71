"""Break-glass: a counsellor opens a dossier that colleagues work on, with a reason, for four hours.

The reason is sealed with the dossier's own key: it may name the client, and goes when the dossier is erased.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from handover.domain.parties import Caller
from handover.domain.refusals import Unseen
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.platform.walls import Database
from handover.record.sealing import KEY_OF, Sealer, Unreadable

LASTS = timedelta(hours=4)
_OPEN = "SELECT dossier_id FROM break_glass WHERE counsellor_id = $1 AND dossier_id = ANY ($2) AND until > $3"
_ADD = """
INSERT INTO break_glass (break_glass_id, dossier_id, organisation_id, counsellor_id, reason, opened_at, until)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_KEYS = f"SELECT {KEY_OF.format('d')} FROM dossier d WHERE d.dossier_id = $1"  # noqa: S608 - a constant
_LIST = f"""
SELECT b.*, {KEY_OF.format("b")} AS keys FROM break_glass b
WHERE b.organisation_id = $1 AND ($2::timestamptz IS NULL OR (b.opened_at, b.break_glass_id) < ($2, $3::uuid))
ORDER BY b.opened_at DESC, b.break_glass_id DESC LIMIT $4
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenGlass:
    """One time that a dossier was opened so; `reason` is "" once the dossier was erased."""

    break_glass_id: UUID
    dossier_id: UUID
    organisation_id: str
    counsellor_id: str
    reason: str
    opened_at: datetime
    until: datetime


class BreakGlass:
    """Opens, and tells what is open."""

    def __init__(self, pool: Database, sealer: Sealer, clock: Clock) -> None:
        self._pool, self._sealer, self._clock = pool, sealer, clock

    async def open_for(self, counsellor_id: str, dossier_ids: Collection[UUID]) -> frozenset[UUID]:
        """Give those of the dossiers that the counsellor has opened and may still read."""
        rows = await self._pool.fetch(_OPEN, counsellor_id, list(dossier_ids), self._clock.now())
        return frozenset(UUID(int=row["dossier_id"].int) for row in rows)

    async def add(self, caller: Caller, dossier_id: UUID, reason: str) -> BrokenGlass:
        """Open a dossier for the calling counsellor, who may: `guard` knows. Raises Unseen for one that was erased."""
        now, new = self._clock.now(), new_id()
        keys = await self._pool.fetchval(_KEYS, dossier_id)
        if keys is None:
            raise Unseen  # erased meanwhile
        key = self._sealer.dossier(dossier_id, keys)
        made = BrokenGlass(
            break_glass_id=new,
            dossier_id=dossier_id,
            organisation_id=caller.organisation.organisation_id,
            counsellor_id=caller.counsellor_id,
            reason=reason,
            opened_at=now,
            until=now + LASTS,
        )
        await self._pool.execute(
            _ADD,
            new,
            dossier_id,
            made.organisation_id,
            made.counsellor_id,
            key.seal(_place(new), reason.encode()),
            now,
            made.until,
        )
        return made

    async def of_organisation(
        self, organisation_id: str, *, before: BrokenGlass | None = None, limit: int
    ) -> list[BrokenGlass]:
        """Give what an organisation's people opened, latest first, with their reasons."""
        after = (before.opened_at, before.break_glass_id) if before else (None, None)
        rows = await self._pool.fetch(_LIST, organisation_id, *after, limit)
        return [self._opened(row) for row in rows]

    async def get(self, organisation_id: str, break_glass_id: UUID) -> BrokenGlass | None:
        """Give one, where that organisation's people did it."""
        row = await self._pool.fetchrow(
            f"SELECT b.*, {KEY_OF.format('b')} AS keys FROM break_glass b "  # noqa: S608 - a constant
            "WHERE b.organisation_id = $1 AND b.break_glass_id = $2",
            organisation_id,
            break_glass_id,
        )
        return self._opened(row) if row else None

    def _opened(self, row: asyncpg.Record) -> BrokenGlass:
        key = self._sealer.dossier(row["dossier_id"], row["keys"])
        try:
            reason = key.open(_place(row["break_glass_id"]), row["reason"]).decode()
        except Unreadable:
            reason = ""
        return BrokenGlass(
            break_glass_id=UUID(int=row["break_glass_id"].int),
            dossier_id=UUID(int=row["dossier_id"].int),
            organisation_id=row["organisation_id"],
            counsellor_id=row["counsellor_id"],
            reason=reason,
            opened_at=row["opened_at"],
            until=row["until"],
        )


def _place(break_glass_id: UUID) -> str:
    return f"break_glass.reason:{break_glass_id}"
