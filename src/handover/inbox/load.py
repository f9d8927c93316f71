"""How the work is divided in an organisation: how much each counsellor has, and which dossiers.

The figures need no card opened; a list opens those of its page only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from handover.inbox.cards import DossierCard, ThreadCard
from handover.inbox.live import dossier_card, thread_card
from handover.platform.walls import Database
from handover.record.sealing import KEY_OF, Sealer

NOBODY = ""
"""Who has what nobody has."""


class Turns(StrEnum):
    """Which threads are asked for."""

    ALL = "all"
    YOURS = "yours"
    THEIRS = "theirs"
    LATE_YOURS = "lateYours"
    LATE_THEIRS = "lateTheirs"


# One reading of each table, through its index alone. What is unnested is no condition, so the wall lets it pass.
_OVERVIEW = """
WITH dossiers AS (
    SELECT u.who, count(*) AS dossiers
    FROM (
        SELECT unnest(CASE WHEN counsellors = '{}' THEN ARRAY[''] ELSE counsellors END) AS who
        FROM inbox_dossier WHERE organisation_id = $1 AND NOT closed
    ) u
    GROUP BY u.who
), threads AS (
    SELECT counsellor_id AS who,
           count(*) FILTER (WHERE your_turn) AS yours,
           count(*) FILTER (WHERE NOT your_turn) AS theirs,
           count(*) FILTER (WHERE your_turn AND due_at < $2) AS late_yours,
           count(*) FILTER (WHERE NOT your_turn AND due_at < $2) AS late_theirs,
           min(due_at) FILTER (WHERE due_at < $2) AS oldest
    FROM inbox_thread WHERE organisation_id = $1
    GROUP BY counsellor_id
)
SELECT who, coalesce(d.dossiers, 0) AS dossiers, coalesce(t.yours, 0) AS yours, coalesce(t.theirs, 0) AS theirs,
       coalesce(t.late_yours, 0) AS late_yours, coalesce(t.late_theirs, 0) AS late_theirs, t.oldest
FROM dossiers d FULL JOIN threads t USING (who)
"""
# What is told of a thread, and of whom: the same condition where it is counted and where it is listed.
_TURNS = {
    Turns.ALL: "true",
    Turns.YOURS: "t.your_turn",
    Turns.THEIRS: "NOT t.your_turn",
    Turns.LATE_YOURS: "t.your_turn AND t.due_at < $5",
    Turns.LATE_THEIRS: "NOT t.your_turn AND t.due_at < $5",
}
# Beside their threads, the dossiers in which somebody (or nobody) works, which may have no thread at all. Those of a
# counsellor are found by the counsellor alone (see `queries`), and checked afterwards. A team has turns only.
_DOSSIERS = "UNION ALL SELECT dossier_id, NULL, NULL FROM {which}"
_OF_COUNSELLOR = _DOSSIERS.format(which="inbox_dossiers_of($2) WHERE organisation_id = $1 AND NOT closed")
_OF_NOBODY = _DOSSIERS.format(which="inbox_dossier WHERE organisation_id = $1 AND counsellors = '{}' AND NOT closed")
# Put together without a join, and each dossier looks up its own threads (OFFSET 0): whatever number of rows the planner
# expects of a name, no plan of it is slow.
_PAGE = f"""
SELECT p.dossier_id, p.total, i.card, i.counsellors, {KEY_OF.format("p")} AS keys, ARRAY(
    SELECT ROW(t.thread_id, t.your_turn, t.due_at, t.since, t.card)
    FROM (SELECT * FROM inbox_thread t WHERE t.dossier_id = p.dossier_id AND t.organisation_id = $1 OFFSET 0) t
    WHERE t.counsellor_id = $2 AND {{turns}}
    ORDER BY t.your_turn DESC, t.due_at, t.thread_id
) AS threads
FROM (
    SELECT m.dossier_id, count(*) OVER () AS total, min(m.due_at) FILTER (WHERE m.your_turn) AS first_due,
           min(m.due_at) AS due
    FROM (
        SELECT t.dossier_id, t.your_turn, t.due_at FROM inbox_thread t
        WHERE t.organisation_id = $1 AND t.counsellor_id = $2 AND {{turns}} AND $5::timestamptz IS NOT NULL
        {{dossiers}}
    ) m
    GROUP BY m.dossier_id
    ORDER BY first_due, due, m.dossier_id LIMIT $3 OFFSET $4
) p
JOIN inbox_dossier i ON i.dossier_id = p.dossier_id AND i.organisation_id = $1
ORDER BY p.first_due, p.due, p.dossier_id
"""  # noqa: S608 - put together from our own texts
_SEEN_BEFORE = """
INSERT INTO inbox_seen AS s (organisation_id, counsellor_id, dossier_id, sequence)
SELECT o.organisation_id, $3, o.dossier_id, o.sequence
FROM inbox_seen o
WHERE o.organisation_id = $1 AND o.counsellor_id = $2 AND o.dossier_id = ANY ($4::uuid[])
ON CONFLICT (organisation_id, counsellor_id, dossier_id) DO UPDATE SET sequence = excluded.sequence
WHERE s.sequence < excluded.sequence
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one counsellor has, or a team (`who` is its token), or nobody: dossiers, turns, and which are late."""

    who: str
    dossiers: int = 0
    yours: int = 0
    """Open threads in which their organisation must act."""
    theirs: int = 0
    """Open threads in which they wait for the other side."""
    late_yours: int = 0
    late_theirs: int = 0
    oldest: datetime | None = None
    """Since when the oldest of what is late is late."""

    @property
    def late(self) -> int:
        """How many threads are late, whoever must act."""
        return self.late_yours + self.late_theirs

    def __add__(self, other: "Load") -> "Load":
        """Give both together, as of the first."""
        moments = [moment for moment in (self.oldest, other.oldest) if moment]
        return Load(
            who=self.who,
            dossiers=self.dossiers + other.dossiers,
            yours=self.yours + other.yours,
            theirs=self.theirs + other.theirs,
            late_yours=self.late_yours + other.late_yours,
            late_theirs=self.late_theirs + other.late_theirs,
            oldest=min(moments, default=None),
        )


@dataclass(frozen=True, slots=True)
class Held:
    """An open thread as its counsellor has it."""

    thread_id: UUID
    your_turn: bool
    due_at: datetime | None
    since: datetime
    card: ThreadCard


@dataclass(frozen=True, slots=True)
class HeldDossier:
    """A dossier with the threads in it that one counsellor has (or nobody, or a team)."""

    dossier_id: UUID
    card: DossierCard
    counsellors: tuple[str, ...]
    threads: tuple[Held, ...]


async def overview(pool: Database, organisation: str, *, at: datetime) -> dict[str, Load]:
    """Give what everyone in the organisation has, by counsellor, NOBODY or team token; who has nothing is left out.

    One statement, whatever the size of the organisation.
    """
    rows = await pool.fetch(_OVERVIEW, organisation, at)
    return {row["who"]: Load(**row) for row in rows}


async def held(  # noqa: PLR0913 - each names a part of the question
    pool: Database,
    sealer: Sealer,
    organisation: str,
    who: str,
    *,
    at: datetime,
    turns: Turns = Turns.ALL,
    limit: int,
    offset: int = 0,
) -> tuple[list[HeldDossier], int]:
    """Give a page of what `who` has (a counsellor, NOBODY or a team token), soonest due first, and how many in all.

    With `turns` only the dossiers with such threads, and of their threads only those.
    """
    # No counsellor's id has a slash.
    is_team, with_all = "/" in who, turns is Turns.ALL
    dossiers = "" if is_team or not with_all else _OF_COUNSELLOR if who else _OF_NOBODY
    query = _PAGE.format(turns=_TURNS[turns], dossiers=dossiers)
    rows = await pool.fetch(query, organisation, who, limit, offset, at)
    found = []
    for row in rows:
        key = sealer.dossier(row["dossier_id"], row["keys"])
        dossier_id = UUID(int=row["dossier_id"].int)
        threads = tuple(
            Held(thread_id, your_turn, due_at, since, thread_card(key, organisation, thread_id, card))
            for thread_id, your_turn, due_at, since, card in row["threads"]
        )
        card = dossier_card(key, organisation, row["card"])
        found.append(HeldDossier(dossier_id, card, tuple(row["counsellors"]), threads))
    return found, rows[0]["total"] if rows else 0


async def pass_seen_on(pool: Database, organisation: str, leaving: str, taking: str, given: Sequence[UUID]) -> None:
    """Let who takes dossiers over begin where who leaves stopped reading: what they had seen is no news once more."""
    await pool.execute(_SEEN_BEFORE, organisation, leaving, taking, list(given))
