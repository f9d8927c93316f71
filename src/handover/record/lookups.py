"""Which dossier a national number leads to: kept by keyed digest only, and changed when numbers or dossiers join.

A replaced number still finds its dossier, so that whoever uses it can be told which number holds now.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from handover.domain.refusals import Refusal, SsinTaken
from handover.platform.walls import Database
from handover.record.sealing import KEY_OF, Sealer

SSIN = "dossier.ssin"
"""The place that a number is sealed for."""
FIND = "SELECT * FROM find_number($1)"
"""The dossier of a number, whoever asks: what of it may be shown is for the policy."""
_KEYS = f"SELECT {KEY_OF.format('d')} FROM dossier d WHERE dossier_id = $1"  # noqa: S608 - a constant
_NUMBERS = f"""
SELECT s.digest, s.sealed, {KEY_OF.format("s")}, {KEY_OF.format("i")}
FROM ssin_lookup s, (SELECT $2::uuid AS dossier_id) i WHERE s.dossier_id = $1
"""  # noqa: S608 - a constant


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
    number: str
    """The number under which it is kept now."""


class Lookups:
    """Finds dossiers by number."""

    def __init__(self, pool: Database, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def find(self, ssin: str) -> Known | None:
        """Give the dossier of a number, or None."""
        row = await self._pool.fetchrow(FIND, self._sealer.digests(ssin))
        if row is None:
            return None
        dossier_id = UUID(int=row["dossier_id"].int)
        number = self._sealer.dossier(dossier_id, row["keys"]).open(SSIN, row["ssin_sealed"]).decode()
        return Known(dossier_id, row["replaced"], number)

    async def replace(self, connection: asyncpg.Connection, dossier_id: UUID, ssin: str) -> None:
        """Put a dossier under another number, in the caller's transaction. Raises SsinTaken."""
        await connection.execute("UPDATE ssin_lookup SET replaced = true WHERE dossier_id = $1", dossier_id)
        keys = await connection.fetchval(_KEYS, dossier_id)
        sealed = self._sealer.dossier(dossier_id, keys).seal(SSIN, ssin.encode())
        others = await connection.fetchval(
            "SELECT count(*) FROM find_number($1) WHERE dossier_id <> $2",
            self._sealer.digests(ssin),
            dossier_id,
        )
        taken = others or not await connection.fetchval(
            """
            INSERT INTO ssin_lookup AS s (digest, key_version, dossier_id, sealed) VALUES ($1, $2, $3, $4)
            ON CONFLICT (digest, key_version) DO UPDATE SET replaced = false WHERE s.dossier_id = excluded.dossier_id
            RETURNING true
            """,
            self._sealer.digest(ssin),
            self._sealer.lookup_version,
            dossier_id,
            sealed,
        )
        if taken:
            raise SsinTaken
        await connection.execute("UPDATE dossier SET ssin_sealed = $2 WHERE dossier_id = $1", dossier_id, sealed)

    async def lead_on(self, connection: asyncpg.Connection, merged: UUID, into: UUID) -> None:
        """Let the numbers of a merged dossier lead to the one that goes on, in the caller's transaction."""
        rows = await connection.fetch(_NUMBERS, merged, into)
        for digest, sealed, of_merged, of_survivor in rows:
            number = self._sealer.dossier(merged, of_merged).open(SSIN, sealed) if sealed else None
            moved = self._sealer.dossier(into, of_survivor).seal(SSIN, number) if number else None
            await connection.execute(
                """
                UPDATE ssin_lookup SET dossier_id = $3, sealed = $4, replaced = true
                WHERE digest = $1 AND dossier_id = $2
                """,
                digest,
                merged,
                into,
                moved,
            )
