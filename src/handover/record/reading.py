"""Reading the journal: one statement each. What may be seen is decided by the caller, from the state."""

import re
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from handover.domain.dossier import Dossier
from handover.record import codec
from handover.record.sealing import Sealer

CHANNEL = "handover_journal"
"""Where each commit to the journal is notified, after it: who reads on is woken."""
_CURSOR = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{1,16})")


@dataclass(frozen=True, slots=True)
class Found:
    """A dossier's state with the stored bodies of some of its events, in order."""

    dossier: Dossier
    bodies: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An event that an organisation is entitled to, with its place in the organisation's feed."""

    cursor: str
    dossier_id: UUID
    sequence: int
    body: bytes
    state: bytes


class Reader:
    """The read side of the journal."""

    def __init__(self, pool: asyncpg.Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def dossier(self, dossier_id: UUID) -> tuple[Dossier, str] | None:
        """Give a dossier and its client's SSIN, or None."""
        row = await self._pool.fetchrow("SELECT state, ssin_sealed FROM dossier WHERE dossier_id = $1", dossier_id)
        if row is None:
            return None
        ssin = self._sealer.open("dossier.ssin", dossier_id, row["ssin_sealed"]).decode()
        return codec.decode_state(row["state"]), ssin

    async def find(self, ssin: str) -> tuple[Dossier, str] | None:
        """Give the dossier of an SSIN, and the number under which it is kept now; or None."""
        row = await self._pool.fetchrow(
            """
            SELECT d.dossier_id, d.state, d.ssin_sealed, s.replaced
            FROM ssin_lookup s JOIN dossier d USING (dossier_id) WHERE s.digest = $1
            """,
            self._sealer.digest(ssin),
        )
        if row is None:
            return None
        number = self._sealer.open("dossier.ssin", row["dossier_id"], row["ssin_sealed"]).decode()
        return codec.decode_state(row["state"]), number if row["replaced"] else ssin

    async def timeline(self, dossier_id: UUID, *, after: int = 0, limit: int = 1000) -> Found | None:
        """Give a dossier with its events after a sequence."""
        row = await self._pool.fetchrow(
            """
            SELECT d.state, ARRAY(
                SELECT e.body FROM event e
                WHERE e.dossier_id = d.dossier_id AND e.sequence > $2 ORDER BY e.sequence LIMIT $3
            ) AS bodies
            FROM dossier d WHERE d.dossier_id = $1
            """,
            dossier_id,
            after,
            limit,
        )
        return None if row is None else Found(codec.decode_state(row["state"]), tuple(row["bodies"]))

    async def event(self, dossier_id: UUID, event_id: UUID) -> Found | None:
        """Give a dossier with one of its events (no bodies: it has no such event)."""
        row = await self._pool.fetchrow(
            """
            SELECT d.state, e.body FROM dossier d
            LEFT JOIN event e ON e.dossier_id = d.dossier_id AND e.event_id = $2
            WHERE d.dossier_id = $1
            """,
            dossier_id,
            event_id,
        )
        if row is None:
            return None
        return Found(codec.decode_state(row["state"]), () if row["body"] is None else (row["body"],))

    async def of_organisation(self, organisation: str, *, after: UUID | None, limit: int) -> list[Dossier]:
        """Give the dossiers in which the organisation has an active inscription, by id."""
        rows = await self._pool.fetch(
            """
            SELECT d.state FROM inbox_dossier i JOIN dossier d USING (dossier_id)
            WHERE i.organisation_id = $1 AND ($2::uuid IS NULL OR i.dossier_id > $2)
            ORDER BY i.dossier_id LIMIT $3
            """,
            organisation,
            after,
            limit,
        )
        return [codec.decode_state(row["state"]) for row in rows]

    async def feed(self, organisation: str, *, after: str, limit: int) -> list[FeedItem]:
        """Give what the organisation is entitled to, after a cursor; never a later event before an earlier one.

        Raises ValueError for a cursor that this feed did not give.
        """
        xid, position = parse_cursor(after)
        rows = await self._pool.fetch(
            """
            SELECT f.xid::text AS xid, f.position, f.dossier_id, f.sequence, e.body, d.state
            FROM feed f
            JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
            JOIN dossier d ON d.dossier_id = f.dossier_id
            WHERE f.organisation_id = $1 AND (f.xid, f.position) > ($2::text::xid8, $3::bigint)
              AND f.xid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY f.xid, f.position LIMIT $4
            """,
            organisation,
            str(xid),
            position,
            limit,
        )
        return [
            FeedItem(
                cursor(row["xid"], row["position"]),
                row["dossier_id"],
                row["sequence"],
                row["body"],
                row["state"],
            )
            for row in rows
        ]


def cursor(xid: str | int, position: int) -> str:
    """Write a place in the feed as the text that callers keep."""
    return f"{int(xid):x}-{position:x}"


def parse_cursor(text: str) -> tuple[int, int]:
    """Read a place in the feed; "" is its beginning. Raises ValueError."""
    if not text:
        return 0, 0
    found = _CURSOR.fullmatch(text)
    numbers = (int(found[1], 16), int(found[2], 16)) if found else (1 << 63, 0)
    if max(numbers) >= 1 << 63:
        message = "no cursor of this feed"
        raise ValueError(message)
    return numbers
