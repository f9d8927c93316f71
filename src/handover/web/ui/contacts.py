"""Whom to turn to today at each organisation, who stands in, and how fast they answer."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from handover.domain.agreeing import adjustable
from handover.domain.agreements import Agreement, Desk
from handover.domain.codes import OrganisationKind
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Organisation, Party
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach

PAGE = 25
_TOLD = {
    "handover": {
        "received": "handover.requested",
        "answered": "handover.received",
        "contacted": "handover.accepted",
    },
    "label": {"received": "label.requested", "assessed": "label.received"},
}
"""What is said in one sentence, and the event after which each of its answer times counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An organisation in the list: whom to call, and what was agreed where something was."""

    name: str
    kind: str
    key: str
    today: Reach | None
    """Who takes questions today; None: nobody by name, call the desk."""
    team: str
    away: str
    coordinator: Reach | None
    desk: Reach
    times: tuple[str, ...]
    line: Reach | None
    """Who takes the clients on the priority line."""
    line_times: tuple[str, ...]
    line_ours: str
    agreement: Agreement | None
    """The one in force, else the next."""
    begins: str
    """Says from when it holds, where it does not yet."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, and how many there are in all that fit what was looked for."""

    entries: tuple[Entry, ...]
    total: int
    number: int
    pages: int


def listed(page: Page, wanted: str, number: int) -> Listed:
    """Give a page: those with which there is an agreement, the other side of most referrals, the others; by name."""
    standing = _standing(page)
    words = _plain(wanted).split()
    found = [o for o in page.people.others(page.own) if all(word in _plain(o.name) for word in words)]
    found.sort(key=lambda o: (o.organisation_id not in standing, not _is_other_side(page, o), o.name.casefold()))
    pages = max(-(-len(found) // PAGE), 1)
    at = min(max(number, 1), pages)
    shown = found[(at - 1) * PAGE : at * PAGE]
    return Listed(
        tuple(_entry(page, o, standing.get(o.organisation_id)) for o in shown), total=len(found), number=at, pages=pages
    )


def _is_other_side(page: Page, organisation: Organisation) -> bool:
    """Tell whether it is VDAB for an OCMW, or an OCMW for VDAB: the answer times hold between these two."""
    sides = {OrganisationKind.OCMW, OrganisationKind.VDAB}
    return {page.caller.organisation.kind, organisation.kind} == sides


def _standing(page: Page) -> dict[str, Agreement]:
    """Give the agreement with each organisation: the one in force, else the next to come, else the last."""
    today = page.dates.today

    def rank(one: Agreement) -> tuple[bool, bool, int]:
        begun = one.valid_from <= today
        return one.in_force(today), not begun, one.valid_from.toordinal() * (1 if begun else -1)

    found: dict[str, Agreement] = {}
    for one in page.people.directory.agreements:
        if page.own not in {one.ocmw, one.vdab}:
            continue
        other = one.vdab if one.ocmw == page.own else one.ocmw
        if other not in found or rank(one) > rank(found[other]):
            found[other] = one
    return found


def _plain(text: str) -> str:
    """Without capitals and accents, as people type."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _entry(page: Page, organisation: Organisation, agreement: Agreement | None) -> Entry:
    own, today = organisation.organisation_id, page.dates.today
    in_force = agreement if agreement and agreement.in_force(today) else None
    desk = in_force.desk_of(own) if in_force else Desk()
    directory = page.people.directory
    party = directory.contact(own, in_force, today)
    named = party.counsellor and (in_force or party.counsellor != organisation.coordinator)
    coordinator = desk.coordinator or organisation.coordinator
    known = directory.counsellor_of(own, coordinator)
    has_line = in_force is not None and in_force.terms.priority_line is not None
    line = directory.contact(own, in_force, today, priority=True) if has_line else None
    ours = directory.contact(page.own, in_force, today, priority=True) if has_line else None
    return Entry(
        name=organisation.name,
        kind=str(organisation.kind),
        key=own.replace(".", "-"),
        today=page.people.reach(party) if named else None,
        team=party.team,
        away=away(page, desk, party) if in_force else "",
        coordinator=page.people.reach(Party(organisation=own, counsellor=coordinator)) if known else None,
        desk=Reach(organisation.name, organisation.phone, organisation.email),
        times=tuple(_times(page, in_force)) if in_force or _is_other_side(page, organisation) else (),
        line=page.people.reach(line) if line else None,
        line_times=tuple(_line_times(page, in_force)) if in_force else (),
        line_ours=page.people.reach(ours).name if ours else "",
        agreement=agreement,
        begins=_begins(page, agreement) if agreement else "",
    )


def _begins(page: Page, agreement: Agreement) -> str:
    if agreement.in_force(page.dates.today):
        return ""
    if agreement.valid_from > page.dates.today:
        return str(page.t("contacts.from", day=page.dates.plain(agreement.valid_from)))
    return str(page.t("contacts.ended", day=page.dates.plain(agreement.valid_until or agreement.valid_from)))


def away(page: Page, desk: Desk, standing_in: Party) -> str:
    """Say that the fixed contact is away, until when, and who replaces them; "" where they are there."""
    today = page.dates.today
    if not desk.fixed_contact or not desk.away(today):
        return ""
    name, day = page.people.counsellor(desk.fixed_contact), page.dates.plain(_until(desk, today))
    if standing_in.team:
        return str(page.t("contacts.away_team", name=name, day=day, team=standing_in.team))
    other = page.people.counsellor(standing_in.counsellor)
    return str(page.t("contacts.away", name=name, day=day, other=other))


def _until(desk: Desk, today: date) -> date:
    """Give the last day: one absence may follow another without a day between."""
    day = today
    while desk.away(day + timedelta(days=1)):
        day += timedelta(days=1)
    return day


def _times(page: Page, agreement: Agreement | None) -> Iterator[str]:
    """Say how fast they answer; what was agreed differently is marked, also where no sentence here names it."""
    agreed = agreement.terms.answer_times if agreement else {}
    for name, events in _TOLD.items():
        yield str(
            page.t(f"contacts.time_{name}", **{part: _time(page, e, agreed.get(e)) for part, e in events.items()})
        )
    otherwise = EVENT_TYPES["question.asked"].rows[0].due.otherwise
    if otherwise:
        days = page.t.count("agreement.workingDays", int(otherwise.name.split()[0]))
        yield str(page.t("contacts.time_question", answered=days))
    told = {e for events in _TOLD.values() for e in events.values()}
    yield from (_after(page, e, n) for e, n in agreed.items() if e not in told and e in adjustable())


def _line_times(page: Page, agreement: Agreement) -> Iterator[str]:
    line = agreement.terms.priority_line
    times = line.answer_times if line else {}
    yield from (_after(page, event, count) for event, count in times.items() if event in adjustable())


def _after(page: Page, event: str, count: int) -> str:
    title = page.t.event(event, "title", about="")
    return str(page.t("contacts.time_after", title=title, time=_time(page, event, count)))


def _time(page: Page, event: str, agreed: int | None) -> str:
    default = adjustable()[event]
    if agreed is None or agreed == default.count:
        return str(page.t.count(f"agreement.{default.unit}", default.count))
    return str(page.t("contacts.agreed", time=page.t.count(f"agreement.{default.unit}", agreed)))
