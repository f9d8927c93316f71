"""Reading the journal: one statement each. What may be seen is decided by the caller, from the state."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from handover.domain.dossier import Dossier
from handover.platform.walls import Database
from handover.record import codec
from handover.record.lookups import FIND, SSIN
from handover.record.sealing import KEY_OF, Sealer, Unreadable

CHANNEL = "handover_journal"
"""Where each commit to the journal is notified, after it: who reads on is woken."""
_DOSSIER = f"SELECT state, ssin_sealed, {KEY_OF.format('d')} AS keys FROM dossier d WHERE dossier_id = $1"  # noqa: S608
_FIND_OWN = f"SELECT f.* FROM ({FIND}) f JOIN dossier d ON d.dossier_id = f.dossier_id"  # noqa: S608 - a constant
_BACKWARDS = 500
"""Rows of a feed that are read at once from its newest end."""
_CURSOR = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{1,16})")


@dataclass(frozen=True, slots=True)
class Found:
    """A dossier's state with the bytes of some of its events, in order."""

    dossier: Dossier
    bodies: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An event that an organisation is entitled to, with its place in the organisation's feed."""

    cursor: str
    dossier_id: UUID
    sequence: int
    body: bytes
    dossier: Dossier


class Reader:
    """The read side of the journal."""

    def __init__(self, pool: Database, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def dossier(self, dossier_id: UUID) -> tuple[Dossier, str] | None:
        """Give a dossier and its client's SSIN, or None."""
        row = await self._pool.fetchrow(_DOSSIER, dossier_id)
        if row is None:
            return None
        key = self._sealer.dossier(dossier_id, row["keys"])
        state = codec.open_state(key, row["state"])
        return state, "" if state.erased else key.open(SSIN, row["ssin_sealed"]).decode()

    async def several(self, dossier_ids: Sequence[UUID]) -> dict[UUID, Dossier]:
        """Give these dossiers as they stand; those that there are not, or in which who asks never was, are left out."""
        rows = await self._pool.fetch(
            f"SELECT d.dossier_id, d.state, {KEY_OF.format('d')} AS keys FROM dossier d "  # noqa: S608 - a constant
            "WHERE d.dossier_id = ANY ($1::uuid[])",
            list(dossier_ids),
        )
        found = (codec.open_state(self._sealer.dossier(row["dossier_id"], row["keys"]), row["state"]) for row in rows)
        return {dossier.dossier_id: dossier for dossier in found}

    def mark_of(self, ssin: str) -> str:
        """Give what tells numbers apart and tells nothing about them: to count by, in memory."""
        return self._sealer.digest(ssin).hex()

    async def find(self, ssin: str) -> tuple[Dossier, str] | None:
        """Give the dossier of an SSIN, whoever is in it, and the number under which it is kept now; or None."""
        return await self._found(FIND, ssin)

    async def find_own(self, ssin: str) -> tuple[Dossier, str] | None:
        """Give the same where who asks is or was in the dossier.

        One of others is not even opened: that would take longer than when there is none, and tell that there is one.
        """
        return await self._found(_FIND_OWN, ssin)

    async def _found(self, query: str, ssin: str) -> tuple[Dossier, str] | None:
        row = await self._pool.fetchrow(query, self._sealer.digests(ssin))
        if row is None:
            return None
        key = self._sealer.dossier(row["dossier_id"], row["keys"])
        number = key.open(SSIN, row["ssin_sealed"]).decode()
        return codec.open_state(key, row["state"]), number if row["replaced"] else ssin

    async def timeline(self, dossier_id: UUID, *, after: int = 0, limit: int = 1000) -> Found | None:
        """Give a dossier with its events after a sequence."""
        row = await self._pool.fetchrow(
            f"""
            SELECT d.state, {KEY_OF.format("d")} AS keys, ARRAY(
                SELECT e.body FROM event e
                WHERE e.dossier_id = d.dossier_id AND e.sequence > $2 ORDER BY e.sequence LIMIT $3
            ) AS bodies
            FROM dossier d WHERE d.dossier_id = $1
            """,  # noqa: S608 - a constant
            dossier_id,
            after,
            limit,
        )
        if row is None:
            return None
        key = self._sealer.dossier(dossier_id, row["keys"])
        state = codec.open_state(key, row["state"])
        # A sequence has no gaps, so each event's place is known.
        return Found(state, () if state.erased else codec.open_events(key, row["bodies"], first=after + 1))

    async def event(self, dossier_id: UUID, event_id: UUID) -> Found | None:
        """Give a dossier with one of its events (no bodies: it has no such event)."""
        row = await self._pool.fetchrow(
            f"""
            SELECT d.state, {KEY_OF.format("d")} AS keys, e.sequence, e.body FROM dossier d
            LEFT JOIN event e ON e.dossier_id = d.dossier_id AND e.event_id = $2
            WHERE d.dossier_id = $1
            """,  # noqa: S608 - a constant
            dossier_id,
            event_id,
        )
        if row is None:
            return None
        key = self._sealer.dossier(dossier_id, row["keys"])
        state = codec.open_state(key, row["state"])
        if row["body"] is None:
            return Found(state)
        try:
            return Found(state, (key.open_event(row["sequence"], row["body"]),))
        except Unreadable:
            if state.erased:
                return Found(state)
            raise

    async def of_organisation(self, organisation: str, *, after: UUID | None, limit: int) -> list[Dossier]:
        """Give the dossiers in which the organisation has an active inscription, by id."""
        rows = await self._pool.fetch(
            f"""
            SELECT d.dossier_id, d.state, {KEY_OF.format("d")} AS keys
            FROM inbox_dossier i JOIN dossier d USING (dossier_id)
            WHERE i.organisation_id = $1 AND ($2::uuid IS NULL OR i.dossier_id > $2)
            ORDER BY i.dossier_id LIMIT $3
            """,  # noqa: S608 - a constant
            organisation,
            after,
            limit,
        )
        return [codec.open_state(self._sealer.dossier(row["dossier_id"], row["keys"]), row["state"]) for row in rows]

    async def feed(self, organisation: str, *, after: str, limit: int) -> list[FeedItem]:
        """Give what the organisation is entitled to, after a cursor; never a later event before an earlier one.

        Raises ValueError for a cursor that this feed did not give.
        """
        xid, position = parse_cursor(after)
        rows = await self._pool.fetch(
            f"""
            SELECT f.xid::text AS xid, f.position, f.dossier_id, f.sequence, e.body, d.state,
                   {KEY_OF.format("f")} AS keys
            FROM feed f
            JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
            JOIN dossier d ON d.dossier_id = f.dossier_id
            WHERE f.organisation_id = $1 AND (f.xid, f.position) > ($2::text::xid8, $3::bigint)
              AND f.xid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY f.xid, f.position LIMIT $4
            """,  # noqa: S608 - a constant
            organisation,
            str(xid),
            position,
            limit,
        )
        return self.opened(tuple(row) for row in rows)

    async def recent(self, organisation: str, *, since: datetime) -> AsyncIterator[list[FeedItem]]:
        """Give what other organisations did since a moment and this one is entitled to, newest first, page by page."""
        before = ("9223372036854775807", 0)
        while True:
            rows = await self._pool.fetch(
                f"""
                SELECT f.xid::text AS xid, f.position, f.dossier_id, f.sequence, e.body, d.state,
                       {KEY_OF.format("f")} AS keys,
                       e.recorded_at >= $4 AS is_recent, e.organisation_id <> $1 AS is_others
                FROM feed f
                JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
                JOIN dossier d ON d.dossier_id = f.dossier_id
                WHERE f.organisation_id = $1 AND (f.xid, f.position) < ($2::text::xid8, $3::bigint)
                ORDER BY f.xid DESC, f.position DESC LIMIT $5
                """,  # noqa: S608 - a constant
                organisation,
                *before,
                since,
                _BACKWARDS,
            )
            yield self.opened(tuple(row)[:7] for row in rows if row["is_recent"] and row["is_others"])
            # The feed is nearly in the order of time: a page without anything recent is the end.
            if len(rows) < _BACKWARDS or not any(row["is_recent"] for row in rows):
                return
            before = (rows[-1]["xid"], rows[-1]["position"])

    def opened(self, rows: Iterable[tuple[str, int, UUID, int, bytes, bytes, bytes | None]]) -> list[FeedItem]:
        """Give the items of feed rows (xid, position, dossier, sequence, body, state, keys), opened.

        What was erased since keeps its place and holds nothing.
        """
        states: dict[UUID, Dossier] = {}
        found = []
        for xid, position, dossier_id, sequence, body, kept, keys in rows:
            key = self._sealer.dossier(dossier_id, keys)
            state = states.get(dossier_id)
            if state is None:
                state = states[dossier_id] = codec.open_state(key, kept)
            try:
                plain = key.open_event(sequence, body)
            except Unreadable:
                if not state.erased:
                    raise
                plain = b""
            found.append(FeedItem(cursor(xid, position), dossier_id, sequence, plain, state))
        return found


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
