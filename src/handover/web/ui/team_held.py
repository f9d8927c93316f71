"""What one counsellor has, in words: the dossiers to choose from, and the colleagues to give them to."""

from dataclasses import dataclass
from uuid import UUID

from handover.domain.parties import Counsellor, Party
from handover.inbox.cards import team_token
from handover.inbox.load import NOBODY, Held, HeldDossier, overview
from handover.web.ui.inbox import name_of, process_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach
from handover.web.ui.team_load import MANY, UNNAMED, address_of, own_team, teams_of


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose dossiers a page is about: `who` as `inbox.load` calls them."""

    who: str
    name: str
    address: str
    reach: Reach | None
    team: str = ""
    """Named where the whole of a team has them."""

    @property
    def leaving(self) -> str:
        """Give the counsellor who would be replaced: none, where nobody or a team has them."""
        return "" if "/" in self.who else self.who


@dataclass(frozen=True, slots=True)
class Line:
    """A dossier to choose, with its open threads in words."""

    dossier_id: UUID
    client: str
    about: str
    closed: bool
    threads: tuple[tuple[str, str, str, bool], ...]
    """Title, whose turn until when, how late, and whether it is our turn."""


def holder_of(page: Page, who: str) -> Holder:
    """Give whose dossiers are asked for; who works here no more may have left some behind."""
    directory, own = page.people.directory, page.own
    if who == UNNAMED:
        team = page.request.query_params.get("team", "")
        if not team:
            return Holder(NOBODY, page.t("team.unassigned"), address_of(NOBODY, own), None)
        token = team_token(own, team)
        return Holder(token, page.t("team.together_of", team=team), address_of(token, own), None, team)
    works_here = directory.counsellor_of(own, who) is not None
    reach = page.people.reach(Party(organisation=own, counsellor=who)) if works_here else None
    return Holder(who, page.people.counsellor(who), address_of(who, own), reach)


def form_of(holder: Holder, then: str = "") -> str:
    """Give where the holder's form goes."""
    path, _, query = holder.address.partition("?")
    return f"{path}/{then}".rstrip("/") + (f"?{query}" if query else "")


async def colleagues_of(page: Page, holder: Holder) -> list[tuple[str, list[tuple[Counsellor, str]]]]:
    """Give whom dossiers can be given to, by team: everyone, or of many people two teams, and the one asked for."""
    teams = teams_of(page)
    many = sum(len(people) for people in teams.values()) > MANY
    of_holder = page.people.directory.counsellors.get(holder.leaving)
    wanted = {own_team(page), of_holder.team if of_holder else "", page.request.query_params.get("colleagues", "")}
    loads = {} if many else await overview(page.services.pool, page.own, at=page.dates.now)

    def named(counsellor: Counsellor) -> tuple[Counsellor, str]:
        load = loads.get(counsellor.counsellor_id)
        count = load.dossiers if load else 0
        return counsellor, counsellor.name if many else page.t.count("team.option", count, name=counsellor.name)

    return [
        (name or page.t("team.none"), [named(c) for c in people if c.counsellor_id != holder.leaving])
        for name, people in teams.items()
        if not many or name in wanted
    ]


def line_of(page: Page, dossier: HeldDossier) -> Line:
    """Give a dossier as it is chosen."""
    others = [page.people.counsellor(c) for c in dossier.counsellors]
    return Line(
        dossier.dossier_id,
        name_of(dossier.card.client),
        page.t("team.works", names=page.t.listed(others)) if others else page.t("team.works_nobody"),
        dossier.card.closed,
        tuple(_thread(page, thread) for thread in dossier.threads),
    )


def _thread(page: Page, thread: Held) -> tuple[str, str, str, bool]:
    title = page.t(f"process.{process_of(thread.card.kind, thread.card.topic)}")
    whose = page.t("team.turn_yours" if thread.your_turn else "team.turn_theirs")
    late = thread.due_at is not None and thread.due_at < page.dates.now
    return (
        title,
        f"{whose}. {page.dates.due(thread.due_at)}.",
        page.dates.late(thread.due_at) if late and thread.due_at else "",
        thread.your_turn,
    )
