"""What the page of one dossier shows, in one statement: its state, steps, what was seen, how our own steps arrived.

Behind the wall every statement costs the round trips of a transaction (`platform.walls`), so this is one. Nothing is
opened but the state until the caller says that the policy allows it: `steps` opens the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from handover.domain.dossier import Dossier
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.platform.walls import Database
from handover.record import codec
from handover.record.sealing import KEY_OF, DossierKey, Sealer

LATEST = 2**31 - 1
"""Before this sequence comes the newest step."""
_MOST_CONFIDENTIAL = 60
_CONFIDENTIAL_TYPES = sorted(
    name for name, kind in EVENT_TYPES.items() if Visibility.CONFIDENTIAL in kind.visibility.values()
)
# A dossier has some hundreds of events at most, found by its primary key; the marks ask for our own among those shown.
_LOOK = f"""
WITH shown AS (
    SELECT e.sequence, e.organisation_id, e.body FROM event e
    WHERE e.dossier_id = $3 AND e.sequence < $4 ORDER BY e.sequence DESC LIMIT $5
), apart AS (
    SELECT e.sequence, e.body FROM event e
    WHERE $4 = {LATEST} AND e.dossier_id = $3 AND e.type = ANY ($6::text[])
      AND e.sequence < (SELECT min(sequence) FROM shown)
    ORDER BY e.sequence DESC LIMIT {_MOST_CONFIDENTIAL}
)
SELECT d.state, {KEY_OF.format("d")} AS keys,
       ARRAY(SELECT sequence FROM shown ORDER BY sequence DESC) AS sequences,
       ARRAY(SELECT body FROM shown ORDER BY sequence DESC) AS bodies,
       ARRAY(SELECT sequence FROM apart ORDER BY sequence DESC) AS earlier,
       ARRAY(SELECT body FROM apart ORDER BY sequence DESC) AS earlier_bodies,
       coalesce((
           SELECT s.sequence FROM inbox_seen s
           WHERE s.organisation_id = $1 AND s.counsellor_id = $2 AND s.dossier_id = $3
       ), 0) AS seen,
       marks.*
FROM dossier d
CROSS JOIN LATERAL (
    SELECT array_agg(m.sequence) AS marked, array_agg(m.organisation_id) AS organisation_id,
           array_agg(m.delivered) AS delivered, array_agg(m.delivered_at) AS delivered_at, array_agg(m.failed) AS failed
    FROM delivery_marks($3, ARRAY(SELECT sequence FROM shown WHERE organisation_id = $1), $7) m
) marks
WHERE d.dossier_id = $3
"""  # noqa: S608 - put together from our own texts


@dataclass(frozen=True, slots=True)
class Looked:
    """A dossier as it was found. `seen`: the sequence up to which its reader had looked before."""

    dossier: Dossier
    seen: int
    marks: Sequence[Mapping[str, Any]]
    """How our own steps arrived, as `delivery.marks` reads it."""
    _key: DossierKey
    _sealed: Sequence[tuple[int, bytes]]
    _earlier: Sequence[tuple[int, bytes]]

    def steps(self) -> list[bytes]:
        """Open the steps, newest first; only for who may read them."""
        return self._opened(self._sealed)

    def earlier_confidential(self) -> list[bytes]:
        """Open the steps before those that may hold something confidential, newest first; only for who may read."""
        return self._opened(self._earlier)

    def _opened(self, sealed: Sequence[tuple[int, bytes]]) -> list[bytes]:
        return [] if self.dossier.erased else [self._key.open_event(sequence, body) for sequence, body in sealed]

    @property
    def lowest(self) -> int:
        """The sequence of the oldest step that was read; 0 where none was."""
        return self._sealed[-1][0] if self._sealed else 0


async def look(  # noqa: PLR0913 - who looks, at what, from where
    pool: Database,
    sealer: Sealer,
    dossier_id: UUID,
    *,
    organisation: str,
    counsellor_id: str,
    before: int = LATEST,
    limit: int,
    late: datetime,
) -> Looked | None:
    """Give a dossier with up to `limit` steps before a sequence; None where there is none that may be known.

    `late`: what was to be delivered before this moment and was not counts as not delivered.
    """
    row = await pool.fetchrow(_LOOK, organisation, counsellor_id, dossier_id, before, limit, _CONFIDENTIAL_TYPES, late)
    if row is None:
        return None
    key = sealer.dossier(dossier_id, row["keys"])
    marks = [
        {"sequence": sequence, "organisation_id": name, "delivered": delivered, "delivered_at": at, "failed": failed}
        for sequence, name, delivered, at, failed in zip(
            *(row[name] or () for name in ("marked", "organisation_id", "delivered", "delivered_at", "failed")),
            strict=True,
        )
    ]
    return Looked(
        codec.open_state(key, row["state"]),
        row["seen"],
        marks,
        key,
        list(zip(row["sequences"], row["bodies"], strict=True)),
        list(zip(row["earlier"], row["earlier_bodies"], strict=True)),
    )
