"""The access log: who looked at which dossier, in what capacity, and who was denied. Lines are only ever added.

A line is in the database before the answer goes out. Requests that answer at the same moment share one insert, so that
a busy server makes few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from handover.platform.walls import Database
from handover.record.batch import Batcher


class Outcome(StrEnum):
    """What came of it."""

    SEEN = "seen"
    DENIED = "denied"
    BREAK_GLASS = "breakGlass"
    """Seen, or opened, by someone who works with another client and gave a reason."""
    NOT_FOUND = "notFound"
    """A search that found nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `counsellor_id` "" for an application; `dossier_id` None where no dossier is known."""

    reference: UUID
    """The request's trace id: its lines have it in common."""
    at: datetime
    organisation_id: str
    service: str
    """`api` or `screens`."""
    application: str
    counsellor_id: str
    action: str
    outcome: str
    role: str
    relation: str
    legal_basis_id: str
    dossier_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A line with its place in the log."""

    entry: int
    line: Line


_COLUMNS = {
    "reference": "uuid",
    "at": "timestamptz",
    "organisation_id": "text",
    "service": "text",
    "application": "text",
    "counsellor_id": "text",
    "action": "text",
    "outcome": "text",
    "role": "text",
    "relation": "text",
    "legal_basis_id": "text",
    "dossier_id": "uuid",
}
_NAMES = ", ".join(_COLUMNS)
_INSERT = (
    f"INSERT INTO access_log ({_NAMES}) SELECT * FROM unnest("  # noqa: S608 - a constant
    + ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), start=1))
    + ")"
)
_PAGE = f"SELECT entry, {_NAMES} FROM access_log WHERE {{whose}} = $1 AND entry < $2 ORDER BY entry DESC LIMIT $3"  # noqa: S608
# Two texts: one that fits both would use the index of neither.
_OF_DOSSIER, _OF_ORGANISATION = (_PAGE.format(whose=name) for name in ("dossier_id", "organisation_id"))
LATEST = 2**63 - 1
"""Before this comes the newest line."""


class AccessLog:
    """Writes lines, and reads them newest first."""

    def __init__(self, pool: asyncpg.Pool, reads: Database) -> None:
        self._pool, self._reads = pool, reads
        self._writing: Batcher[Sequence[Line], None] = Batcher(self._write)
        self.inserts = 0
        """How many statements were needed so far."""

    async def add(self, lines: Sequence[Line]) -> None:
        """Write lines; they are durable when this returns. Raises asyncpg's errors: then nothing may be shown."""
        if lines:
            await self._writing.submit(lines)

    async def _write(self, batch: Sequence[Sequence[Line]]) -> Sequence[None]:
        rows = [line for lines in batch for line in lines]
        self.inserts += 1
        await self._pool.execute(_INSERT, *([getattr(line, name) for line in rows] for name in _COLUMNS))
        return [None] * len(batch)

    async def of_dossier(self, dossier_id: UUID, *, before: int = LATEST, limit: int) -> list[Kept]:
        """Give the lines about a dossier, of every organisation."""
        return _kept(await self._reads.fetch(_OF_DOSSIER, dossier_id, before, limit))

    async def of_organisation(self, organisation_id: str, *, before: int = LATEST, limit: int) -> list[Kept]:
        """Give the lines of an organisation's people and software."""
        return _kept(await self._reads.fetch(_OF_ORGANISATION, organisation_id, before, limit))


def _kept(rows: Sequence[asyncpg.Record]) -> list[Kept]:
    # asyncpg has a UUID of its own, which is written no faster and compares slower.
    return [Kept(row["entry"], Line(**{name: _plain(row[name]) for name in _COLUMNS})) for row in rows]


def _plain(value: Any) -> Any:  # noqa: ANN401 - a column's value
    return UUID(int=value.int) if isinstance(value, UUID) else value
