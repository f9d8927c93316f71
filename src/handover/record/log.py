"""The log: all dossiers' events as one growing tree, whose root is signed now and then and handed to both sides.

A dossier's chain cannot show that its last events were cut off; a signed root that the other side keeps can.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from handover.platform.walls import Database
from handover.record import merkle
from handover.record.notes import Checkpoint, Signer

PAGE = 2000
"""Events per transaction of sealing."""
_PLACE = "SELECT xid::text AS xid, position FROM projection WHERE name = 'log' FOR UPDATE SKIP LOCKED"
_UNSEALED = """
SELECT f.xid::text AS xid, f.position, f.dossier_id, f.sequence, e.link, l.position IS NOT NULL AS sealed
FROM feed f
JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
LEFT JOIN log_leaf l ON l.dossier_id = f.dossier_id AND l.sequence = f.sequence
WHERE (f.xid, f.position) > ($1::text::xid8, $2::bigint) AND f.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY f.xid, f.position LIMIT $3
"""
_ADD = """
INSERT INTO log_leaf (position, dossier_id, sequence, nodes)
SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::int[], $4::bytea[])
"""
_KEEP = "UPDATE projection SET xid = $1::text::xid8, position = $2 WHERE name = 'log'"
_LATEST = "SELECT size, note, signed_at FROM checkpoint ORDER BY size DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed."""

    size: int
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an event is in the log: its place, its link, and the hashes that lead from it to a signed root."""

    note: str
    position: int
    dossier_id: UUID
    sequence: int
    link: bytes
    path: tuple[bytes, ...]


def leaf(dossier_id: UUID, sequence: int, link: bytes) -> bytes:
    """Give the hash of an event's leaf. The link stands for the event and all before it in its dossier."""
    return merkle.leaf_hash(b"handover.v1\0" + dossier_id.bytes + sequence.to_bytes(8, "big") + link)


class Log:
    """The log of one instance, signed in `origin`."""

    def __init__(self, pool: Database, signer: Signer) -> None:
        self._pool = pool
        self._signer = signer

    @property
    def verifier_key(self) -> str:
        """What others verify its checkpoints with."""
        return self._signer.verifier_key

    async def seal(self, at: datetime) -> Signed | None:
        """Add what was recorded to the tree and sign its root; None when there was nothing new, or others do it."""
        grown = False
        while (added := await self._add()) is not None:
            grown = grown or added > 0
            if added < PAGE:
                break
        return await self._sign(at) if grown or await self._unsigned() else None

    async def _add(self) -> int | None:
        """Add a page of leaves; give how many feed entries it was (None: another process does it)."""
        async with self._pool.acquire() as connection, connection.transaction():
            place = await connection.fetchrow(_PLACE)
            if place is None:
                return None
            rows = await connection.fetch(_UNSEALED, place["xid"], place["position"], PAGE)
            if not rows:
                return 0
            frontier = await _frontier(connection)
            seen: set[tuple[UUID, int]] = set()
            leaves: list[tuple[int, UUID, int, bytes]] = []
            for row in rows:
                key = row["dossier_id"], row["sequence"]
                if row["sealed"] or key in seen:
                    continue
                seen.add(key)
                # The driver's own UUID has the same bytes.
                nodes = frontier.append(leaf(UUID(int=key[0].int), key[1], row["link"]))
                leaves.append((frontier.size - 1, *key, nodes))
            if leaves:
                await connection.execute(_ADD, *(list(column) for column in zip(*leaves, strict=True)))
            await connection.execute(_KEEP, rows[-1]["xid"], rows[-1]["position"])
            return len(rows)

    async def _unsigned(self) -> bool:
        found: bool = await self._pool.fetchval(
            "SELECT coalesce(max(position), -1) >= coalesce((SELECT max(size) FROM checkpoint), 0) FROM log_leaf"
        )
        return found

    async def _sign(self, at: datetime) -> Signed | None:
        frontier = await _frontier(self._pool)
        note = self._signer.sign(Checkpoint(self._signer.name, frontier.size, frontier.root))
        await self._pool.execute(
            "INSERT INTO checkpoint (size, note, signed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            frontier.size,
            note,
            at,
        )
        return Signed(frontier.size, note, at)

    async def latest(self) -> Signed | None:
        """Give the latest checkpoint, or None before the first."""
        row = await self._pool.fetchrow(_LATEST)
        return None if row is None else Signed(**row)

    async def at(self, size: int) -> Signed | None:
        """Give the checkpoint of that size."""
        row = await self._pool.fetchrow("SELECT size, note, signed_at FROM checkpoint WHERE size = $1", size)
        return None if row is None else Signed(**row)

    async def growth(self, first: int, size: int) -> list[bytes]:
        """Give the hashes that prove that the tree of `size` grew out of that of `first` (`merkle.grew`).

        Raises ValueError for sizes that do not fit, KeyError for more than there is.
        """
        return await self._proof(merkle.consistency(first, size))

    async def receipt(self, dossier_id: UUID, event_id: UUID) -> Receipt | None:
        """Give the receipt of an event against the latest checkpoint; None while it is not sealed."""
        row = await self._pool.fetchrow(
            """
            SELECT l.position, l.sequence, e.link, c.size, c.note
            FROM event e
            JOIN log_leaf l ON l.dossier_id = e.dossier_id AND l.sequence = e.sequence
            JOIN LATERAL (SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1) c ON c.size > l.position
            WHERE e.dossier_id = $1 AND e.event_id = $2
            """,
            dossier_id,
            event_id,
        )
        if row is None:
            return None
        path = await self._proof(merkle.inclusion(row["position"], row["size"]))
        return Receipt(row["note"], row["position"], dossier_id, row["sequence"], row["link"], tuple(path))

    async def _proof(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        wanted = {last for subtrees in merkle.lookups(ranges) for _, last in subtrees}
        return merkle.proof(ranges, await _nodes(self._pool, wanted))


async def _frontier(connection: asyncpg.Connection | asyncpg.Pool) -> merkle.Frontier:
    size = await connection.fetchval("SELECT coalesce(max(position) + 1, 0) FROM log_leaf")
    nodes = await _nodes(connection, {last for _, last in merkle.edge(size)})
    return merkle.Frontier(size, [_node(nodes[last], level) for level, last in merkle.edge(size)])


async def _nodes(connection: asyncpg.Connection | asyncpg.Pool, positions: set[int]) -> dict[int, bytes]:
    rows = await connection.fetch("SELECT position, nodes FROM log_leaf WHERE position = ANY ($1)", list(positions))
    return {row["position"]: row["nodes"] for row in rows}


def _node(nodes: bytes, level: int) -> bytes:
    return nodes[level * merkle.HASH_BYTES : (level + 1) * merkle.HASH_BYTES]
