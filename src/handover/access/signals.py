"""Misuse signals for a data protection officer: what stands out in the own organisation's access log.

Figures under five are left out, so that nobody is suspected for a number that says nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from handover.domain.deadlines import is_working_day
from handover.platform.walls import Database

LEAST = 5
"""Smaller figures are suppressed."""
_MOST = 20
_FIRST_HOUR, _LAST_HOUR = 7, 19
_READS = f"""
SELECT counsellor_id, (at AT TIME ZONE 'Europe/Brussels')::date AS day, count(*) AS lines,
       count(*) FILTER (
           WHERE extract(hour FROM at AT TIME ZONE 'Europe/Brussels') NOT BETWEEN {_FIRST_HOUR} AND {_LAST_HOUR - 1}
       ) AS early_or_late
FROM access_log
WHERE organisation_id = $1 AND at >= $2 AND at < $3 AND outcome IN ('seen', 'breakGlass') AND counsellor_id <> ''
GROUP BY 1, 2
"""  # noqa: S608 - a constant
_DOSSIERS = f"""
SELECT dossier_id, count(*) AS lines FROM access_log
WHERE organisation_id = $1 AND at >= $2 AND at < $3 AND outcome IN ('seen', 'breakGlass') AND counsellor_id <> ''
      AND dossier_id IS NOT NULL AND action IN ('readDossier', 'readTimeline', 'readEvent')
GROUP BY 1 HAVING count(*) >= {LEAST} ORDER BY 2 DESC, 1 LIMIT {_MOST}
"""  # noqa: S608 - a constant
_SEARCHES = f"""
SELECT counsellor_id, count(*) AS lines FROM access_log
WHERE organisation_id = $1 AND at >= $2 AND at < $3 AND outcome = 'notFound'
GROUP BY 1 HAVING count(*) >= {LEAST} ORDER BY 2 DESC, 1
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Signals:
    """Each with its figure, the largest first; people by counsellor id ("": software)."""

    out_of_hours: tuple[tuple[str, int], ...]
    most_read: tuple[tuple[UUID, int], ...]
    found_nothing: tuple[tuple[str, int], ...]


async def signals(pool: Database, organisation_id: str, *, since: datetime, until: datetime) -> Signals:
    """Give what stands out of a period."""
    period = (organisation_id, since, until)
    late = Counter[str]()
    for row in await pool.fetch(_READS, *period):
        late[row["counsellor_id"]] += row["early_or_late"] if is_working_day(row["day"]) else row["lines"]
    dossiers = await pool.fetch(_DOSSIERS, *period)
    searches = await pool.fetch(_SEARCHES, *period)
    return Signals(
        tuple((who, n) for who, n in late.most_common() if n >= LEAST),
        tuple((UUID(int=row["dossier_id"].int), row["lines"]) for row in dossiers),
        tuple((row["counsellor_id"], row["lines"]) for row in searches),
    )
