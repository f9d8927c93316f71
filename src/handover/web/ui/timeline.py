"""A dossier's steps in lanes, newest first: what they say, who reads ours, and how ours arrived."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from handover.delivery.marks import Mark, MarkState
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier, Inscription
from handover.domain.events import Event
from handover.domain.parties import Party
from handover.domain.quiet import is_quiet
from handover.domain.taking_back import seems_latest
from handover.domain.visibility import Reader
from handover.record import codec
from handover.web.ui.choice import Choice
from handover.web.ui.inbox import process_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach
from handover.web.ui.readers import Readers, Reads
from handover.web.ui.values import Said, about, said

_SAME_MOMENT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one of our steps came to another organisation; `reach` where someone should phone."""

    state: str
    text: str
    organisation: str
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step as it is shown."""

    event: Event
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
    has_confidential: bool
    reads: Reads | None
    """Who reads it, where it is ours."""
    arrivals: tuple[Arrival, ...]
    is_new: bool
    is_quiet: bool
    mistake: str
    """Where to mark it as a mistake; "" where that cannot be done."""


@dataclass(frozen=True, slots=True)
class Visible:
    """An event that the organisation may see, with what it says to its reader."""

    event: Event
    lines: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the timeline. `hidden`: how many steps were passed over; `older`: before which sequence it goes on."""

    steps: tuple[Step, ...]
    visible: tuple[Visible, ...]
    """Every visible step that was looked at, also those that were not chosen."""
    hidden: int
    older: int


def visible(page: Page, dossier: Dossier, bodies: Sequence[bytes]) -> Iterator[Visible]:
    """Give the steps that the organisation may see, in the order of the bodies."""
    readers: dict[int, Reader] = {}
    for body in bodies:
        event = codec.decode_event(body)
        place = dossier.place_to_see(page.own, event.sequence, event.type, event.thread_id)
        if place is None:
            continue
        reader = readers.get(place.entered)
        if reader is None:
            reader = readers[place.entered] = Reader.of(
                dossier, place, page.people.directory, on=page.dates.today, granted=page.granted
            )
        yield Visible(event, said(page, event, reader))


def shown(  # noqa: PLR0913 - what a page of it depends on
    page: Page,
    dossier: Dossier,
    found: Sequence[Visible],
    marks: Mapping[int, Mapping[str, Mark]],
    *,
    choice: Choice,
    seen: int,
    most: int,
    lowest: int,
) -> Shown:
    """Give what is chosen of the visible steps (newest first), `most` of them; `lowest`: the oldest that was read."""
    written, readers = [], Readers(page, dossier)
    last, hidden = lowest, 0
    for one in found:
        event = one.event
        kind = event.type.partition(".")[0]
        if not choice.wants(page.people.kind(event.organisation), kind, has_text=any(line.long for line in one.lines)):
            hidden += 1
            continue
        is_new = event.sequence > seen and event.organisation != page.own
        written.append(_step(page, dossier, one, marks.get(event.sequence, {}), readers, is_new=is_new))
        if len(written) == most:
            last = event.sequence
            break
    looked_at = [one for one in found if one.event.sequence >= last]
    return Shown(tuple(written), tuple(looked_at), hidden, last if last > _first_visible(page, dossier) else 0)


def _first_visible(page: Page, dossier: Dossier) -> int:
    places = [i for i in dossier.inscriptions if i.organisation == page.own]
    return min((_first_of(i) for i in places), default=1)


def _first_of(inscription: Inscription) -> int:
    return min(inscription.entered, inscription.sees_from) if inscription.active else inscription.entered


def last_seen(page: Page, dossier: Dossier, seen: int) -> int:
    """Give the sequence after which steps of others are new: what was there before we came is none."""
    place = dossier.inscription_of(page.own)
    return max(seen, place.entered - 1) if place else seen


def _step(
    page: Page,
    dossier: Dossier,
    one: Visible,
    marks: Mapping[str, Mark],
    readers: Readers,
    *,
    is_new: bool,
) -> Step:
    t, dates, event = page.t, page.dates, one.event
    thread = next((thread for thread in event.threads if thread.thread_id == event.thread_id), None)
    own = event.organisation == page.own
    quiet = is_quiet(event.type)
    apart = abs(event.recorded_at - event.occurred_at) > _SAME_MOMENT
    day = local_day(event.recorded_at)
    return Step(
        event=event,
        sequence=event.sequence,
        lane=page.people.kind(event.organisation),
        title=t.event(event.type, "title", about=about(page, event)),
        process=t(f"process.{process_of(thread.kind, thread.topic)}") if thread else "",
        who=event.actor.name if event.actor.counsellor_id else "",
        organisation=page.people.organisation(event.organisation),
        day=dates.day(day),
        day_key=day.isoformat(),
        time=dates.time(event.recorded_at),
        moment=event.recorded_at.isoformat(),
        happened=t("dossier.happened", moment=dates.moment(event.occurred_at)) if apart else "",
        lines=tuple(line for line in one.lines if not line.confidential),
        has_confidential=any(line.confidential for line in one.lines),
        reads=readers.of(event, one.lines) if own and not quiet else None,
        arrivals=arrivals(page, dossier, event, marks) if own and not quiet else (),
        is_new=is_new,
        is_quiet=quiet,
        mistake=mistake_address(dossier, event) if seems_latest(dossier, page.own, event) else "",
    )


def mistake_address(dossier: Dossier, event: Event) -> str:
    """Give the address of the form that marks a step as a mistake."""
    kind = event.type.partition(".")[0]
    query = f"?thread={event.thread_id}&event={event.event_id}"
    return f"/dossiers/{dossier.dossier_id}/steps/{kind}.enteredInError{query}"


def arrivals(page: Page, dossier: Dossier, event: Event, marks: Mapping[str, Mark]) -> tuple[Arrival, ...]:
    """Give how one of our steps came to each organisation that it goes to."""
    others = sorted(dossier.entitled_to(event) - {page.own})
    return tuple(_arrival(page, dossier, event, organisation, marks.get(organisation)) for organisation in others)


def _arrival(page: Page, dossier: Dossier, event: Event, organisation: str, mark: Mark | None) -> Arrival:
    t, dates = page.t, page.dates
    name = page.people.organisation(organisation)
    if mark is None:
        return Arrival("recorded", t("delivery.recorded", organisation=name), name)
    if mark.state is MarkState.NOT_DELIVERED:
        party = Party(organisation=organisation, counsellor=dossier.counsellor_of(organisation))
        return Arrival("failed", t("delivery.failed", organisation=name), name, page.people.reach(party))
    if mark.delivered_at is None:
        return Arrival("waiting", t("delivery.waiting", organisation=name), name)
    if local_day(mark.delivered_at) == local_day(event.recorded_at):
        time = dates.time(mark.delivered_at)
        return Arrival("delivered", t("delivery.delivered", organisation=name, time=time), name)
    moment = dates.moment(mark.delivered_at)
    return Arrival("delivered", t("delivery.delivered_on", organisation=name, moment=moment), name)
