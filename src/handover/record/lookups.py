"""Which dossier a national number leads to: kept by keyed digest only, and changed when numbers or dossiers join.

A replaced number still finds its dossier, so that whoever uses it can be told which number holds now.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from handover.domain.refusals import Refusal, SsinTaken
from handover.record.sealing import KEY_VERSION, Sealer


class SsinReplaced(Refusal):
    """This national number was replaced. Use the number that replaced it, and correct it in your own system."""

    name = "ssinReplaced"
    title = "National number was replaced"

    def __init__(self, replaced_by: str) -> None:
        super().__init__()
        self.replaced_by = replaced_by
        """The number that holds now; for an organisation that is in the dossier or proved to know the client."""


@dataclass(frozen=True, slots=True)
class Known:
    """The dossier that a number leads to; `replaced`: under a number that holds no more."""

    dossier_id: UUID
    replaced: bool
    ssin_sealed: bytes


class Lookups:
    """Finds dossiers by number."""

    def __init__(self, pool: asyncpg.Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def find(self, ssin: str) -> Known | None:
        """Give the dossier of a number, or None."""
        row = await self._pool.fetchrow(
            """
            SELECT s.dossier_id, s.replaced, d.ssin_sealed
            FROM ssin_lookup s JOIN dossier d USING (dossier_id) WHERE s.digest = $1
            """,
            self._sealer.digest(ssin),
        )
        return Known(UUID(int=row["dossier_id"].int), row["replaced"], row["ssin_sealed"]) if row else None

    def number_of(self, known: Known) -> str:
        """Give the number under which a dossier is kept now."""
        return self._sealer.open("dossier.ssin", known.dossier_id, known.ssin_sealed).decode()

    async def replace(self, connection: asyncpg.Connection, dossier_id: UUID, ssin: str) -> None:
        """Put a dossier under another number, in the caller's transaction. Raises SsinTaken."""
        await connection.execute("UPDATE ssin_lookup SET replaced = true WHERE dossier_id = $1", dossier_id)
        taken = await connection.fetchval(
            """
            INSERT INTO ssin_lookup AS s (digest, key_version, dossier_id) VALUES ($1, $2, $3)
            ON CONFLICT (digest, key_version) DO UPDATE SET replaced = false WHERE s.dossier_id = excluded.dossier_id
            RETURNING s.dossier_id
            """,
            self._sealer.digest(ssin),
            KEY_VERSION,
            dossier_id,
        )
        if taken is None:
            raise SsinTaken
        sealed = self._sealer.seal("dossier.ssin", dossier_id, ssin.encode())
        await connection.execute("UPDATE dossier SET ssin_sealed = $2 WHERE dossier_id = $1", dossier_id, sealed)

    async def lead_on(self, connection: asyncpg.Connection, merged: UUID, into: UUID) -> None:
        """Let the numbers of a merged dossier lead to the one that goes on, in the caller's transaction."""
        await connection.execute(
            "UPDATE ssin_lookup SET dossier_id = $2, replaced = true WHERE dossier_id = $1", merged, into
        )
