"""What lies ahead in a dossier: talks that were planned, days that come, and when each open thread is due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from handover.domain.deadlines import BRUSSELS, local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.kinds.common import EnteredInError
from handover.domain.threads import Status, Thread
from handover.web.ui.dates import is_whole_day
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.header import title_of
from handover.web.ui.pages import Page
from handover.web.ui.values import label_of

_VOID = {Status.CANCELLED, Status.ENTERED_IN_ERROR, Status.REJECTED, Status.FAILED, Status.CLOSED}
"""What such a thread planned will not happen."""
_DAYS = frozenset({"expectedStart", "startsOn", "endsOn", "validUntil", "decisionOn"})
"""Days that a step told of and that are worth seeing come; `reviewOn` and `answerBy` are when a thread is due."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something that comes, or should have come. `moment` orders it."""

    moment: datetime
    lane: str
    kind: str
    title: str
    about: str
    day: str
    time: str
    href: str
    late: str


def ahead(page: Page, dossier: Dossier, events: Sequence[Event]) -> list[Ahead]:
    """Give what is planned or due, the farthest first; `events` are the visible ones, newest first."""
    seen = {thread.thread_id: thread for thread in dossier.threads_seen_by(page.own)}
    planned = {
        (thread.thread_id, local_day(moment)): _planned(page, event, thread, shape, moment)
        for event, thread, shape, moment in _told(page, seen, events)
    }
    # That something is due on the day it was planned for goes without saying.
    due = [
        _due(page, thread)
        for thread in seen.values()
        if thread.is_open and thread.due_at and (thread.thread_id, local_day(thread.due_at)) not in planned
    ]
    return sorted((*planned.values(), *due), key=lambda a: a.moment, reverse=True)


def _told(
    page: Page, seen: dict[UUID, Thread], events: Sequence[Event]
) -> Iterator[tuple[Event, Thread, Shape, datetime]]:
    """Give each moment to come that a step of a living thread told of; a later step's word counts."""
    undone = {e.data.event_id for e in events if isinstance(e.data, EnteredInError)}
    told: set[tuple[UUID, str]] = set()
    for event in events:
        thread = seen.get(event.thread_id) if event.thread_id else None
        if thread is None or thread.status in _VOID or str(event.event_id) in undone:
            continue
        for shape in shapes_of(event.type):
            value = getattr(event.data, shape.attribute)
            if value is None or (thread.thread_id, shape.name) in told:
                continue
            if shape.widget is Widget.MOMENT and thread.is_open:
                moment = value
            elif shape.widget is Widget.DAY and shape.name in _DAYS:
                moment = _end_of(value)
            else:
                continue
            told.add((thread.thread_id, shape.name))
            if moment > page.dates.now:
                yield event, thread, shape, moment


def _planned(page: Page, event: Event, thread: Thread, shape: Shape, moment: datetime) -> Ahead:
    return Ahead(
        moment=moment,
        lane=page.people.kind(event.organisation),
        kind=event.type.partition(".")[0],
        title=label_of(page, shape.name),
        about=title_of(page, thread),
        day=page.dates.day_of(moment),
        time=page.dates.time(moment) if shape.widget is Widget.MOMENT else "",
        href=f"#s-{event.sequence}",
        late="",
    )


def _due(page: Page, thread: Thread) -> Ahead:
    t, dates, turn, due_at = page.t, page.dates, thread.turn, thread.due_at or thread.since
    ours = bool(turn and turn.organisation == page.own)
    if turn is None:
        title = t("ahead.due")
    elif ours:
        title = t("ahead.due_ours")
    else:
        title = t("ahead.due_theirs", organisation=page.people.organisation(turn.organisation))
    return Ahead(
        moment=due_at,
        lane=page.people.kind(turn.organisation if turn else thread.sender.organisation),
        kind=thread.kind,
        title=title,
        about=title_of(page, thread),
        day=dates.day_of(due_at),
        time="" if is_whole_day(due_at) else dates.time(due_at),
        href=f"#t-{thread.thread_id}",
        late=dates.late(due_at) if due_at < dates.now else "",
    )


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), BRUSSELS)
