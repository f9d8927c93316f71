"""The threads of a dossier: what runs now, where on its road, whose turn, until when, and what may be done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from handover.domain.allowed import Step as Possible
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.passing import LADDER
from handover.domain.threads import Thread
from handover.web.ui import roads
from handover.web.ui.header import rule_text, status_of, title_of
from handover.web.ui.inbox import Action, process_of
from handover.web.ui.pages import Page
from handover.web.ui.words import Words


@dataclass(frozen=True, slots=True)
class Road:
    """A thread's road in words; `position` -1: it left the usual road."""

    stations: tuple[str, ...]
    position: int
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An open thread: where it stands, whose turn, until when, and what we may do."""

    key: str
    process: str
    title: str
    between: str
    status: str
    status_code: str
    turn: str
    side: str
    """Whose turn in one or two words, for where there is little room."""
    side_kind: str
    """The lane of who must act; "" where nobody must."""
    is_ours: bool
    until: str
    """The due moment as short as it can be said."""
    due: str
    near: str
    late: str
    rule: str
    responsible: str
    road: Road
    actions: tuple[Action, ...]
    beside: tuple[Action, ...]
    """Steps that are seldom taken: shown small, so that the usual ones stand out."""
    age: str
    notes: tuple[str, ...]
    """What else there is to know: whom the ladder told, who else takes part, that the client came back."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread that is over, with what may still be added to it."""

    key: str
    title: str
    status: str
    day: str
    actions: tuple[Action, ...]


def cards(page: Page, dossier: Dossier, possible: Sequence[Possible]) -> list[Card]:
    """Give the open threads: our turn first, then soonest due."""
    found = sorted(
        (thread for thread in dossier.threads_seen_by(page.own) if thread.is_open),
        key=lambda th: (
            not (th.turn and th.turn.organisation == page.own),
            th.due_at is None,
            th.due_at or th.since,
        ),
    )
    return [_card(page, dossier, thread, possible) for thread in found]


def ended(page: Page, dossier: Dossier, possible: Sequence[Possible]) -> list[Ended]:
    """Give the threads that are over, latest first."""
    over = [thread for thread in dossier.threads_seen_by(page.own) if not thread.is_open]
    over.sort(key=lambda thread: thread.since, reverse=True)
    return [
        Ended(
            f"t-{t.thread_id}",
            title_of(page, t),
            status_of(page, t),
            page.dates.day_of(t.since),
            actions(page, dossier, possible, t.thread_id),
        )
        for t in over
    ]


def actions(page: Page, dossier: Dossier, possible: Sequence[Possible], thread_id: UUID | None) -> tuple[Action, ...]:
    """Give the steps that may be taken in a thread, or without one."""
    found = dict.fromkeys(name for name, of in possible if of == thread_id)
    return tuple(Action(name, page.t.event(name, "do"), _form_of(dossier, name, thread_id)) for name in found)


def _form_of(dossier: Dossier, event_type: str, thread_id: UUID | None) -> str:
    """Give where a step is taken: a referral has a page of its own that leads through it."""
    if event_type == "handover.requested" and thread_id is None:
        return f"/dossiers/{dossier.dossier_id}/warm-handover"
    query = f"?thread={thread_id}" if thread_id else ""
    return f"/dossiers/{dossier.dossier_id}/steps/{event_type}{query}"


def road_of(page: Page, thread: Thread) -> Road:
    """Give a thread's road in words."""
    process, place = process_of(thread.kind, thread.topic), roads.place_of(thread)
    if place is None:
        return Road((), -1, waits=False)
    return Road(
        tuple(station_name(page.t, process, station.name) for station in place.stations),
        place.position,
        place.waits,
    )


def station_name(t: Words, process: str, name: str) -> str:
    """Give the word for a station: of its own where the status has another meaning on this road."""
    keys = (f"road.{process}.{name}", f"road.{name}", f"status.{process}.{name}", f"status.{name}")
    return t.first(*keys)


def _card(page: Page, dossier: Dossier, thread: Thread, possible: Sequence[Possible]) -> Card:
    t, dates, turn = page.t, page.dates, thread.turn
    here = actions(page, dossier, possible, thread.thread_id)
    late = thread.is_overdue(page.dates.now)
    is_ours = bool(turn and turn.organisation == page.own)
    side = t("dossier.side_ours") if is_ours else page.people.organisation(turn.organisation) if turn else ""
    return Card(
        key=f"t-{thread.thread_id}",
        process=t(f"process.{process_of(thread.kind, thread.topic)}"),
        title=title_of(page, thread),
        between=_between(page, thread),
        status=status_of(page, thread),
        status_code=str(thread.status),
        turn=_turn(page, thread),
        side=side or t("dossier.side_nobody"),
        side_kind=page.people.kind(turn.organisation) if turn else "",
        is_ours=is_ours,
        until=_until(page, thread),
        due=dates.due(thread.due_at),
        near=dates.near(thread.due_at) if thread.due_at and not late else "",
        late=dates.late(thread.due_at) if thread.due_at and late else "",
        rule=rule_text(page, thread.due_rule),
        responsible=t("dossier.responsible", organisation=page.people.organisation(thread.responsible))
        if thread.kind == "handover"
        else "",
        road=road_of(page, thread),
        actions=tuple(a for a in here if not _is_seldom(a)),
        beside=tuple(a for a in here if _is_seldom(a)),
        age=_age(page, thread),
        notes=tuple(_notes(page, thread)),
    )


def _until(page: Page, thread: Thread) -> str:
    dates, due_at = page.dates, thread.due_at
    if due_at is None:
        return page.t("due.none")
    day = dates.short(local_day(due_at))
    return f"{day} · {dates.late(due_at) if thread.is_overdue(dates.now) else dates.near(due_at)}"


def _is_seldom(action: Action) -> bool:
    return action.event_type.endswith(".participantInvited")


def _age(page: Page, thread: Thread) -> str:
    """Months of silence must show: every thread says how long it runs."""
    if local_day(thread.opened_at) == page.dates.today:
        return page.t("dossier.age_today")
    return page.t("dossier.age", day=page.dates.day_of(thread.opened_at), age=page.dates.age(thread.opened_at))


def _notes(page: Page, thread: Thread) -> Iterator[str]:
    t = page.t
    if thread.rung:
        yield t(f"dossier.escalated_{LADDER[thread.rung - 1][0]}")
    if thread.revolving_door:
        yield t("dossier.revolving_door")
    if thread.participants:
        names = ", ".join(page.people.organisation(p.organisation) for p in thread.participants)
        yield t("dossier.participants", names=names)
    if thread.assessor:
        yield t("dossier.assessed_by", counsellor=page.people.counsellor(thread.assessor))


def _between(page: Page, thread: Thread) -> str:
    sender = page.people.organisation(thread.sender.organisation)
    if thread.receiver is None:
        return page.t("dossier.by_sender", sender=sender)
    receiver = page.people.organisation(thread.receiver.organisation)
    return page.t("dossier.between", sender=sender, receiver=receiver)


def _turn(page: Page, thread: Thread) -> str:
    t, turn = page.t, thread.turn
    if turn is None:
        return t("dossier.turn_nobody")
    side = "yours" if turn.organisation == page.own else "theirs"
    organisation = page.people.organisation(turn.organisation)
    if not turn.counsellor and not turn.team:
        return t(f"dossier.turn_{side}", organisation=organisation)
    counsellor = page.people.counsellor(turn.counsellor) if turn.counsellor else turn.team
    return t(f"dossier.turn_{side}_named", organisation=organisation, counsellor=counsellor)
