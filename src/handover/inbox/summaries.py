"""How much waits for somebody, as three figures: what the daily mail and a push may say, and nothing of whom.

Counted in dossiers, because that is what people have: 3 wait for you, 1 of them is late, and there is news in 5 others.
The conditions are those of the inbox (`queries`): own turns, the team's, nobody's, what the ladder told; a test holds
the two against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg

from handover.inbox.cards import team_token
from handover.inbox.queries import NO_TEAM
from handover.inbox.views import SOON
from handover.platform.walls import Database

LEASE = timedelta(minutes=5)
"""How long a worker has for what it claimed; what is unsettled then is another's."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many dossiers wait for somebody, how many of those are late, and in how many others there is news."""

    waiting: int
    late: int
    news: int

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to say."""
        return not (self.waiting or self.news)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A daily summary that this worker has in hand."""

    organisation: str
    counsellor_id: str
    email: str
    language: str
    day: date
    fence: int
    failures: int
    summary: Summary


_SOON = f"interval '{SOON.days} days'"
"""What can wait longer is in no figure, as it is in none of the inbox."""
# {who}: a row with organisation_id, counsellor_id and their team's token. {also}, {dossiers}: where threads that one is
# told of and one's dossiers are looked up; behind the wall only functions can use those indexes (migration 0011).
# By the person alone, the organisation afterwards (OFFSET 0, as in `queries`): it may have a hundred thousand of them.
_FIGURES = """
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT t.dossier_id), '{{}}') AS dossiers,
           count(DISTINCT t.dossier_id) AS waiting,
           count(DISTINCT t.dossier_id) FILTER (WHERE t.due_at < $1) AS late
    FROM (
        SELECT t.dossier_id, t.due_at FROM inbox_thread t
        WHERE t.organisation_id = {who}.organisation_id AND t.your_turn
          AND t.counsellor_id = ANY (ARRAY[{who}.counsellor_id, {who}.team, ''])
        UNION ALL
        SELECT t.dossier_id, t.due_at FROM (
            SELECT * FROM {also} t WHERE t.also && ARRAY[{who}.counsellor_id, {who}.team] OFFSET 0
        ) t
        WHERE t.organisation_id = {who}.organisation_id AND t.your_turn
    ) t
    WHERE t.due_at IS NULL OR t.due_at <= $1::timestamptz + {soon}
) y
CROSS JOIN LATERAL (
    SELECT count(*) AS news
    FROM (
        SELECT i.dossier_id, i.hidden, i.shown, greatest(i.entered - 1, coalesce((
            SELECT s.sequence FROM inbox_seen s
            WHERE s.organisation_id = {who}.organisation_id AND s.counsellor_id = {who}.counsellor_id
              AND s.dossier_id = i.dossier_id
        ), 0)) AS seen, i.foreign_sequence
        FROM (SELECT * FROM {dossiers} i WHERE i.counsellors @> ARRAY[{who}.counsellor_id] OFFSET 0) i
        WHERE i.organisation_id = {who}.organisation_id
        OFFSET 0
    ) i
    WHERE i.foreign_sequence > i.seen AND i.dossier_id <> ALL (y.dossiers) AND EXISTS (
        SELECT FROM event e
        WHERE e.dossier_id = i.dossier_id AND e.sequence > i.seen AND e.organisation_id <> {who}.organisation_id
          AND (split_part(e.type, '.', 1) <> ALL (i.hidden) OR e.thread_id = ANY (i.shown))
    )
) n
"""
_ONE = f"""
SELECT y.waiting, y.late, n.news
FROM (SELECT $2::text AS organisation_id, $3::text AS counsellor_id, $4::text AS team) w
{
    _FIGURES.format(
        who="w",
        also="inbox_threads_also(ARRAY[w.counsellor_id, w.team])",
        dossiers="inbox_dossiers_of(w.counsellor_id)",
        soon=_SOON,
    )
}
"""  # noqa: S608 - put together from our own texts
_OPEN = "(d.day IS NULL OR d.day < $2 OR (d.day = $2 AND d.settled_at IS NULL AND d.due_at <= $1))"
_CLAIM = f"""
WITH wanted AS (
    SELECT p.organisation_id, p.counsellor_id, p.language, c.email,
           CASE c.team WHEN '' THEN '{NO_TEAM}' ELSE c.organisation_id || '/' || c.team END AS team
    FROM notice_preference p
    JOIN counsellor c ON c.counsellor_id = p.counsellor_id AND c.organisation_id = p.organisation_id
    LEFT JOIN daily_summary d ON d.organisation_id = p.organisation_id AND d.counsellor_id = p.counsellor_id
    WHERE p.daily_mail AND p.mail_hour <= $3 AND p.mail_from <= $2 AND {_OPEN}
    ORDER BY p.mail_hour, p.organisation_id, p.counsellor_id LIMIT $5
    FOR UPDATE OF p SKIP LOCKED
), claimed AS (
    INSERT INTO daily_summary AS d (organisation_id, counsellor_id, day, started_at, due_at)
    SELECT organisation_id, counsellor_id, $2::date, $1::timestamptz, $1::timestamptz + $4::interval FROM wanted
    ON CONFLICT (organisation_id, counsellor_id) DO UPDATE SET
        day = excluded.day, due_at = excluded.due_at, fence = d.fence + 1, outcome = '', settled_at = NULL,
        started_at = CASE WHEN d.day = excluded.day THEN d.started_at ELSE excluded.started_at END,
        failures = CASE WHEN d.day = excluded.day THEN d.failures ELSE 0 END
    -- Said again: whoever else claimed it between our look and our hand has it.
    WHERE {_OPEN}
    RETURNING d.organisation_id, d.counsellor_id, d.fence, d.failures
)
SELECT w.organisation_id, w.counsellor_id, w.language, w.email, c.fence, c.failures, y.waiting, y.late, n.news
FROM claimed c JOIN wanted w USING (organisation_id, counsellor_id)
{_FIGURES.format(who="w", also="inbox_thread", dossiers="inbox_dossier", soon=_SOON)}
"""  # noqa: S608 - put together from our own texts
_SETTLE = """
UPDATE daily_summary d SET settled_at = $4, outcome = $5
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS s (organisation_id, counsellor_id, fence)
WHERE d.organisation_id = s.organisation_id AND d.counsellor_id = s.counsellor_id AND d.fence = s.fence
"""
_RELEASE = """
UPDATE daily_summary d SET due_at = $4, failures = least(d.failures + 1, 1000)
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS s (organisation_id, counsellor_id, fence)
WHERE d.organisation_id = s.organisation_id AND d.counsellor_id = s.counsellor_id AND d.fence = s.fence
"""


async def summary_of(pool: Database, organisation: str, counsellor_id: str, *, works_in: str, at: datetime) -> Summary:
    """Give the figures of one counsellor, who asks for them."""
    team = team_token(organisation, works_in) if works_in else NO_TEAM
    row = await pool.fetchrow(_ONE, at, organisation, counsellor_id, team)
    return Summary(**row)


class DailySummaries:
    """The summaries of a day: who has one coming, each claimed by one worker at a time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def claim(self, day: date, hour: int, *, at: datetime, most: int) -> list[Claimed]:
        """Claim what is due by that hour of the day, with the figures of each: one statement for all of them."""
        rows = await self._pool.fetch(_CLAIM, at, day, hour, LEASE, most)
        return [
            Claimed(
                organisation=row["organisation_id"],
                counsellor_id=row["counsellor_id"],
                email=row["email"],
                language=row["language"],
                day=day,
                fence=row["fence"],
                failures=row["failures"],
                summary=Summary(row["waiting"], row["late"], row["news"]),
            )
            for row in rows
        ]

    async def settle(self, claimed: Sequence[Claimed], outcome: str, *, at: datetime) -> None:
        """Note that these are over for the day: `sent`, `nothing` to say, or `refused`."""
        if claimed:
            await self._pool.execute(_SETTLE, *_keys(claimed), at, outcome)

    async def release(self, claimed: Sequence[Claimed], *, until: datetime) -> None:
        """Let these be claimed again from a moment on."""
        if claimed:
            await self._pool.execute(_RELEASE, *_keys(claimed), until)


def _keys(claimed: Sequence[Claimed]) -> tuple[list[str], list[str], list[int]]:
    return [c.organisation for c in claimed], [c.counsellor_id for c in claimed], [c.fence for c in claimed]
