"""A dossier's steps in lanes, newest first, with honest delivery marks on our own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from handover.delivery.marks import Mark, MarkState
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.parties import Party
from handover.domain.taking_back import seems_latest
from handover.domain.visibility import Reader
from handover.record import codec
from handover.web.ui.inbox import process_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach
from handover.web.ui.values import Said, about, said

_SAME_MOMENT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one of our steps came to another organisation; `reach` where someone should phone."""

    state: str
    text: str
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step as it is shown."""

    event_id: UUID
    sequence: int
    lane: str
    title: str
    process: str
    who: str
    organisation: str
    day: str
    day_key: str
    time: str
    moment: str
    happened: str
    lines: tuple[Said, ...]
    arrivals: tuple[Arrival, ...]
    is_new: bool
    is_quiet: bool
    mistake: str
    """Where to mark it as a mistake; "" where that cannot be done."""


def steps(
    page: Page,
    dossier: Dossier,
    bodies: Sequence[bytes],
    marks: Mapping[int, Mapping[str, Mark]],
    *,
    unseen: int,
) -> list[Step]:
    """Give the steps that the organisation may see, newest first; `unseen` of others' are new."""
    found: list[Step] = []
    for body in reversed(bodies):
        event = codec.decode_event(body)
        place = dossier.place_to_see(page.own, event.sequence, event.type, event.thread_id)
        if place is None:
            continue
        reader = Reader.of(dossier, place, page.people.directory, on=page.dates.today, granted=page.granted)
        is_new = unseen > 0 and event.organisation != page.own
        unseen -= is_new
        lines = said(page, event, reader)
        found.append(_step(page, dossier, event, lines, marks.get(event.sequence, {}), is_new=is_new))
    return found


def own_sequences(page: Page, bodies: Sequence[bytes]) -> list[int]:
    """Give the sequences of our own steps, whose delivery is to be looked up."""
    events = [codec.decode_event(body) for body in bodies]
    return [event.sequence for event in events if event.organisation == page.own]


def _step(
    page: Page,
    dossier: Dossier,
    event: Event,
    lines: tuple[Said, ...],
    marks: Mapping[str, Mark],
    *,
    is_new: bool,
) -> Step:
    t, dates = page.t, page.dates
    thread = next((thread for thread in event.threads if thread.thread_id == event.thread_id), None)
    own = event.organisation == page.own
    apart = abs(event.recorded_at - event.occurred_at) > _SAME_MOMENT
    return Step(
        event_id=event.event_id,
        sequence=event.sequence,
        lane=page.people.kind(event.organisation),
        title=t.event(event.type, "title", about=about(page, event)),
        process=t(f"process.{process_of(thread.kind, thread.topic)}") if thread else "",
        who=event.actor.name if event.actor.counsellor_id else "",
        organisation=page.people.organisation(event.organisation),
        day=dates.day(local_day(event.recorded_at)),
        day_key=local_day(event.recorded_at).isoformat(),
        time=dates.time(event.recorded_at),
        moment=event.recorded_at.isoformat(),
        happened=t("dossier.happened", moment=dates.moment(event.occurred_at)) if apart else "",
        lines=lines,
        arrivals=_arrivals(page, dossier, event, marks) if own and not _is_quiet(event.type) else (),
        is_new=is_new,
        is_quiet=_is_quiet(event.type),
        mistake=mistake_address(dossier, event) if seems_latest(dossier, page.own, event) else "",
    )


def mistake_address(dossier: Dossier, event: Event) -> str:
    """Give the address of the form that marks a step as a mistake."""
    kind = event.type.partition(".")[0]
    query = f"?thread={event.thread_id}&event={event.event_id}"
    return f"/dossiers/{dossier.dossier_id}/steps/{kind}.enteredInError{query}"


_PASSIVE = {"received", "escalated"}
_QUIET = {
    "dossier.opened",
    "dossier.inscriptionOpened",
    "dossier.inscriptionClosed",
    "dossier.counsellorAssigned",
}


def _is_quiet(event_type: str) -> bool:
    """Tell whether nobody took the step on purpose: then it is shown small."""
    return event_type in _QUIET or event_type.partition(".")[2] in _PASSIVE


def _arrivals(page: Page, dossier: Dossier, event: Event, marks: Mapping[str, Mark]) -> tuple[Arrival, ...]:
    others = sorted(dossier.entitled_to(event) - {page.own})
    return tuple(_arrival(page, dossier, event, organisation, marks.get(organisation)) for organisation in others)


def _arrival(page: Page, dossier: Dossier, event: Event, organisation: str, mark: Mark | None) -> Arrival:
    t, dates = page.t, page.dates
    name = page.people.organisation(organisation)
    if mark is None:
        return Arrival("recorded", t("delivery.recorded", organisation=name))
    if mark.state is MarkState.NOT_DELIVERED:
        party = Party(organisation=organisation, counsellor=dossier.counsellor_of(organisation))
        return Arrival("failed", t("delivery.failed", organisation=name), page.people.reach(party))
    if mark.delivered_at is None:
        return Arrival("waiting", t("delivery.waiting", organisation=name))
    if local_day(mark.delivered_at) == local_day(event.recorded_at):
        return Arrival("delivered", t("delivery.delivered", organisation=name, time=dates.time(mark.delivered_at)))
    moment = dates.moment(mark.delivered_at)
    return Arrival("delivered", t("delivery.delivered_on", organisation=name, moment=moment))
