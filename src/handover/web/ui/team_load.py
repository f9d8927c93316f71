"""The team page in words: who has how much, team by team, and how much of it is late."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from handover.domain.parties import Counsellor
from handover.inbox.cards import team_token
from handover.inbox.load import NOBODY, Load, Turns
from handover.web.ui.pages import Page

MANY = 60
"""With more people than that only one team is shown in full: nobody reads thousands of lines."""
_BAR = 100
UNNAMED = "-"
"""Stands in an address where a counsellor's id could: no id begins with it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of the load, as parts of 100: late, our turn, waiting for the other side."""

    late: float
    yours: float
    theirs: float


@dataclass(frozen=True, slots=True)
class Row:
    """What one counsellor has, or nobody, or a whole team."""

    name: str
    note: str
    address: str
    load: Load
    bar: Bar
    oldest: str


@dataclass(frozen=True, slots=True)
class Team:
    """A team with its people; without them where it is only named (`href` shows them)."""

    name: str
    is_own: bool
    count: str
    total: Load
    rows: tuple[Row, ...]
    href: str


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it; `unassigned` is what nobody has, `left` who has something and works here no more."""

    total: Load
    unassigned: Row | None
    left: tuple[Row, ...]
    teams: tuple[Team, ...]


def address_of(who: str, organisation: str) -> str:
    """Give the page of what `who` has: a counsellor, NOBODY, or a team's token."""
    if "/" in who:
        return f"/team/{UNNAMED}?team={quote(who.removeprefix(team_token(organisation, '')), safe='')}"
    return f"/team/{who or UNNAMED}"


def to_turns(address: str, turns: Turns) -> str:
    """Give that page with only what one figure counts."""
    return f"{address}{'&' if '?' in address else '?'}turns={turns}"


def teams_of(page: Page) -> dict[str, list[Counsellor]]:
    """Give the organisation's people by team, the own team first, who is in none last."""
    found: dict[str, list[Counsellor]] = {}
    for counsellor in page.people.of(page.own):
        found.setdefault(counsellor.team, []).append(counsellor)
    own = own_team(page)
    return dict(sorted(found.items(), key=lambda item: (item[0] != own, not item[0], item[0].casefold())))


def own_team(page: Page) -> str:
    """Give the team of who looks."""
    counsellor = page.people.directory.counsellors.get(page.caller.counsellor_id)
    return counsellor.team if counsellor else ""


def overview_of(page: Page, loads: Mapping[str, Load], chosen: str) -> Overview:
    """Give the page; `chosen` is the team to show in full where there are many people."""
    longest = max((load.yours + load.theirs for load in loads.values()), default=0)
    teams = teams_of(page)
    everyone = sum(len(people) for people in teams.values())
    shown = set(teams) if everyone <= MANY else {chosen if chosen in teams else next(iter(teams))}
    here = {c.counsellor_id for people in teams.values() for c in people}
    rows = _Rows(page, longest)
    unassigned = rows.of(page.t("team.unassigned"), loads[NOBODY]) if NOBODY in loads else None
    left = [
        rows.of(page.people.counsellor(who), load)
        for who, load in loads.items()
        if who and "/" not in who and who not in here
    ]
    return Overview(
        total=sum(loads.values(), Load(who=NOBODY)),
        unassigned=unassigned,
        left=tuple(sorted(left, key=_late_first)),
        teams=tuple(_teams(page, loads, teams, shown, rows)),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    page: Page
    longest: int

    def of(self, name: str, load: Load, note: str = "") -> Row:
        """Give a row; its bar is measured by the longest of all."""
        page, unit = self.page, _BAR / max(self.longest, 1)
        bar = Bar(
            round(load.late_yours * unit, 1),
            round((load.yours - load.late_yours) * unit, 1),
            round(load.theirs * unit, 1),
        )
        oldest = page.t("team.oldest", late=page.dates.late(load.oldest)) if load.oldest else ""
        return Row(name, note, address_of(load.who, page.own), load, bar, oldest)


def _teams(
    page: Page,
    loads: Mapping[str, Load],
    teams: Mapping[str, Sequence[Counsellor]],
    shown: set[str],
    rows: _Rows,
) -> Iterator[Team]:
    for name, people in teams.items():
        have = [loads[c.counsellor_id] for c in people if c.counsellor_id in loads]
        token = team_token(page.own, name)
        together = loads.get(token) if name else None
        found: list[Row] = []
        if name in shown:
            people_rows = (
                rows.of(c.name, loads.get(c.counsellor_id, Load(who=c.counsellor_id)), c.function) for c in people
            )
            found = sorted(people_rows, key=_late_first)
            if together:
                found.insert(0, rows.of(page.t("team.together"), together, page.t("team.together_help")))
        yield Team(
            name=name or page.t("team.none"),
            is_own=bool(name) and name == own_team(page),
            count=page.t.count("team.people", len(people)),
            total=sum([*have, *([together] if together else [])], Load(who=token)),
            rows=tuple(found),
            href="" if name in shown else f"/team?team={quote(name, safe='')}",
        )


def _late_first(row: Row) -> tuple[int, int, int, str]:
    load = row.load
    return -load.late, -load.late_yours, -(load.yours + load.theirs), row.name.casefold()
