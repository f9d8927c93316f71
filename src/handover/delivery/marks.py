"""What a screen may honestly say about a step: recorded, delivered, or not delivered (please phone)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from handover.platform.walls import Database

PATIENCE = timedelta(minutes=15)
"""How long an undelivered step is merely under way."""


class MarkState(StrEnum):
    """How far a step came with another organisation's software."""

    RECORDED = "recorded"
    DELIVERED = "delivered"
    NOT_DELIVERED = "notDelivered"


@dataclass(frozen=True, slots=True)
class Mark:
    """The state, with when its last subscription had it (only where delivered)."""

    state: MarkState
    delivered_at: datetime | None = None


async def status_of(
    pool: Database, dossier_id: UUID, sequences: Sequence[int], *, at: datetime
) -> dict[int, dict[str, Mark]]:
    """Give per sequence and organisation how delivery stands; one query.

    An organisation without a subscription for the event has no mark: it reads in the inbox or from the feed,
    and the step is recorded. With several, all of them must have had it.
    """
    rows = await pool.fetch("SELECT * FROM delivery_marks($1, $2, $3)", dossier_id, list(sequences), at - PATIENCE)
    return marks_of(rows)


def marks_of(rows: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Mark]]:
    """Give the marks of rows of `delivery_marks`, by sequence and organisation."""
    marks: dict[int, dict[str, Mark]] = {}
    for row in rows:
        marks.setdefault(row["sequence"], {})[row["organisation_id"]] = _mark(row)
    return marks


def _mark(row: Mapping[str, Any]) -> Mark:
    if row["delivered"]:
        return Mark(MarkState.DELIVERED, row["delivered_at"])
    return Mark(MarkState.NOT_DELIVERED if row["failed"] else MarkState.RECORDED)
