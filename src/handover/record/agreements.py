"""Cooperation agreements as they are kept: read by the directory, changed here, every version on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from handover.domain.agreeing import Proposed, check
from handover.domain.agreements import Agreement, Terms
from handover.domain.parties import Directory
from handover.domain.refusals import StaleVersion
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.platform.walls import Database

_COLUMNS = "agreement_id, ocmw, vdab, terms, valid_from, valid_until, version, changed_by, changed_at"
# Changes of one OCMW's agreements wait for each other, so that two cannot come to overlap at the same moment.
_IN_TURN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_KEEP = f"""
WITH kept AS (
    INSERT INTO agreement ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (agreement_id) DO UPDATE SET
        terms = excluded.terms, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
        version = excluded.version, changed_by = excluded.changed_by, changed_at = excluded.changed_at
    RETURNING {_COLUMNS}
)
INSERT INTO agreement_history ({_COLUMNS}) SELECT {_COLUMNS} FROM kept
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Kept:
    """An agreement with its version, which is its ETag, and who wrote it."""

    agreement: Agreement
    version: int
    changed_by: str
    changed_at: datetime


class Agreements:
    """The agreements of an organisation; those of others are as if they did not exist (None)."""

    def __init__(self, pool: Database, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def list(self, organisation: str) -> Sequence[Kept]:
        """Give an organisation's agreements, latest first."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM agreement WHERE ocmw = $1 OR vdab = $1 "  # noqa: S608 - a constant
            "ORDER BY valid_from DESC, agreement_id",
            organisation,
        )
        return [_kept(row) for row in rows]

    async def get(self, organisation: str, agreement_id: UUID) -> Kept | None:
        """Give one of them."""
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM agreement WHERE agreement_id = $2 AND $1 IN (ocmw, vdab)",  # noqa: S608
            organisation,
            agreement_id,
        )
        return _kept(row) if row else None

    async def add(self, proposed: Proposed, directory: Directory, *, by: str) -> Kept:
        """Keep a new agreement. Raises InvalidField or AgreementOverlaps."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._keep(connection, proposed, directory, new_id(), version=1, by=by)

    async def change(
        self,
        organisation: str,
        agreement_id: UUID,
        proposed: Proposed,
        directory: Directory,
        *,
        by: str,
        expected: int | None = None,
    ) -> Kept | None:
        """Write an agreement anew; deadlines that run keep theirs. `expected` is the version that was read.

        Raises StaleVersion, InvalidField or AgreementOverlaps.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT version, ocmw, vdab FROM agreement WHERE agreement_id = $2 AND $1 IN (ocmw, vdab) FOR UPDATE",
                organisation,
                agreement_id,
            )
            if row is None:
                return None
            if expected is not None and row["version"] != expected:
                raise StaleVersion("The agreement changed since you read it. Read it again and decide anew.")
            # Between whom it is cannot change: that would be another agreement.
            same = msgspec.structs.replace(proposed, ocmw=row["ocmw"], vdab=row["vdab"])
            return await self._keep(connection, same, directory, agreement_id, version=row["version"] + 1, by=by)

    async def _keep(
        self,
        connection: asyncpg.Connection,
        proposed: Proposed,
        directory: Directory,
        agreement_id: UUID,
        *,
        version: int,
        by: str,
    ) -> Kept:
        await connection.execute(_IN_TURN, proposed.ocmw)
        rows = await connection.fetch(
            f"SELECT {_COLUMNS} FROM agreement WHERE ocmw = $1 AND vdab = $2",  # noqa: S608 - a constant
            proposed.ocmw,
            proposed.vdab,
        )
        check(proposed, directory, (_kept(row).agreement for row in rows), agreement_id)
        at = self._clock.now()
        agreement = Agreement(
            agreement_id=agreement_id,
            ocmw=proposed.ocmw,
            vdab=proposed.vdab,
            terms=proposed.terms,
            valid_from=proposed.valid_from,
            valid_until=proposed.valid_until,
        )
        await connection.execute(
            _KEEP,
            agreement_id,
            agreement.ocmw,
            agreement.vdab,
            msgspec.json.encode(agreement.terms).decode(),
            agreement.valid_from,
            agreement.valid_until,
            version,
            by,
            at,
        )
        # Every process reads the directory anew when this commits.
        await connection.execute("NOTIFY handover_directory")
        return Kept(agreement, version, by, at)


def _kept(row: asyncpg.Record) -> Kept:
    agreement = Agreement(
        agreement_id=UUID(int=row["agreement_id"].int),
        ocmw=row["ocmw"],
        vdab=row["vdab"],
        terms=msgspec.json.decode(row["terms"], type=Terms),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )
    return Kept(agreement, row["version"], row["changed_by"], row["changed_at"])
