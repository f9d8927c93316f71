"""What the receiver of a referral will read, before it is sent: decided by the same rules, told by the same words."""

from collections.abc import Sequence
from dataclasses import dataclass

from handover.domain.agreeing import adjustable
from handover.domain.decide import decide
from handover.domain.dossier import Dossier
from handover.domain.events import Event, PostEvent
from handover.domain.parties import Party
from handover.domain.visibility import Reader
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach
from handover.web.ui.values import Said, about, said

_ANSWERS = ("handover.requested", "handover.received")
"""After these the receiver has to confirm, and to say yes or no."""


@dataclass(frozen=True, slots=True)
class Told:
    """One step as the receiver reads it."""

    title: str
    day: str
    organisation: str
    lines: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the receiver reads: the referral itself, and the earlier steps that come with it."""

    receiver: str
    referral: Told
    earlier: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Who takes a referral up at the receiver's side today, and when there is to be an answer."""

    organisation: str
    reach: Reach | None
    team: str
    away: str
    """The fixed contact, where somebody stands in for that person today."""
    confirms: str
    answers: str


def preview(page: Page, dossier: Dossier, command: PostEvent, receiver: str, before: Sequence[Event]) -> Preview | None:
    """Give what the receiver would read after the command; nothing is recorded. Raises the same refusals as sending.

    `before` are the dossier's events so far. None where the receiver would not see the referral at all.
    """
    events, after = decide(dossier, command, page.people.directory, at=page.dates.now)
    told = [(event.type, _told(page, after, event, receiver)) for event in (*before, *events)]
    referral = next((one for kind, one in reversed(told) if kind == command.type), None)
    if referral is None:
        return None
    earlier = [one for (_, one), _event in zip(told, before, strict=False) if one and one.lines]
    return Preview(page.people.organisation(receiver), referral, tuple(reversed(earlier)))


def _told(page: Page, after: Dossier, event: Event, receiver: str) -> Told | None:
    place = after.place_to_see(receiver, event.sequence, event.type, event.thread_id)
    if place is None:
        return None
    reader = Reader.of(after, place, page.people.directory, on=page.dates.today)
    return Told(
        title=str(page.t.event(event.type, "title", about=about(page, event))),
        day=page.dates.day_of(event.recorded_at),
        organisation=page.people.organisation(event.organisation),
        lines=said(page, event, reader),
    )


def desk_of(page: Page, dossier: Dossier, receiver: str) -> Desk | None:
    """Give who takes it up there today; None for an organisation that nobody knows."""
    directory, today = page.people.directory, page.dates.today
    if receiver not in directory.organisations:
        return None
    agreement = directory.agreement_of((page.own, receiver), today)
    party = directory.contact(receiver, agreement, today, priority=dossier.priority_line)
    fixed = agreement.desk_of(receiver).fixed_contact if agreement else None
    is_away = bool(agreement and fixed and fixed != party.counsellor and agreement.desk_of(receiver).away(today))
    confirms, answers = (_time(page, dossier, receiver, event_type) for event_type in _ANSWERS)
    return Desk(
        organisation=page.people.organisation(receiver),
        reach=page.people.reach(party) if party.counsellor else page.people.reach(Party(organisation=receiver)),
        team=party.team,
        away=page.people.counsellor(fixed) if is_away and fixed else "",
        confirms=confirms,
        answers=answers,
    )


def _time(page: Page, dossier: Dossier, receiver: str, event_type: str) -> str:
    agreement = page.people.directory.agreement_of((page.own, receiver), page.dates.today)
    agreed = agreement.answer_time(event_type, priority=dossier.priority_line) if agreement else None
    usual = adjustable()[event_type]
    return str(page.t.count(f"agreement.{usual.unit}", agreed or usual.count))
