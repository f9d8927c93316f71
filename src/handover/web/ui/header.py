"""The top of a dossier: who the client is, who directs, who works with them, what is known, what runs now."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from handover.domain.allowed import Step as Possible
from handover.domain.codes import LeadKind
from handover.domain.deadlines import BY_AGREEMENT, local_day
from handover.domain.dossier import Dossier, Inscription
from handover.domain.parties import Party
from handover.domain.passing import LADDER
from handover.domain.threads import Status, Thread
from handover.web.ui.fields import subject_of
from handover.web.ui.inbox import process_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach

_ROAD = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED)
"""The stations of a referral that goes well."""


@dataclass(frozen=True, slots=True)
class Team:
    """An organisation in the dossier, with who works with the client there."""

    name: str
    kind: str
    is_own: bool
    capacity: str
    people: tuple[Reach, ...]
    desk: Reach
    earlier: str


@dataclass(frozen=True, slots=True)
class Action:
    """A step that may be taken now."""

    event_type: str
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An open thread: where it stands, whose turn, until when, and what we may do."""

    key: str
    title: str
    between: str
    status: str
    status_code: str
    turn: str
    is_ours: bool
    due: str
    near: str
    late: str
    rule: str
    responsible: str
    position: int
    stations: tuple[str, ...]
    actions: tuple[Action, ...]
    beside: tuple[Action, ...]
    """Steps that are seldom taken: shown small, so that the usual ones stand out."""
    age: str
    notes: tuple[str, ...]
    """What else there is to know: whom the ladder told, who else takes part, that the client came back."""


def client_name(dossier: Dossier) -> str:
    """Give the client's name."""
    return f"{dossier.given_name} {dossier.family_name}"


def lead_of(page: Page, dossier: Dossier) -> tuple[str, Reach | None]:
    """Give who directs: the organisation in words, and the named counsellor."""
    lead = dossier.lead
    if lead.kind is LeadKind.EXTERNAL:
        return lead.name or page.t.code(lead.kind), None
    if not lead.organisation:
        return page.t("dossier.lead_waits", organisation=page.t.code(lead.kind)), None
    name = page.people.organisation(lead.organisation)
    if not lead.counsellor:
        return name, None
    return name, page.people.reach(Party(organisation=lead.organisation, counsellor=lead.counsellor))


def teams(page: Page, dossier: Dossier) -> list[Team]:
    """Give the organisations in the dossier, our own first."""
    active = [i for i in dossier.inscriptions if i.active]
    return [_team(page, dossier, i) for i in sorted(active, key=lambda i: i.organisation != page.own)]


def _team(page: Page, dossier: Dossier, inscription: Inscription) -> Team:
    own = inscription.organisation
    contacts = [c for c in dossier.contacts if c.organisation == own]
    now = dict.fromkeys(c.counsellor for c in contacts if c.until is None)
    earlier = dict.fromkeys(c.counsellor for c in contacts if c.until is not None and c.counsellor not in now)
    organisation = page.people.directory.organisations.get(own)
    return Team(
        name=page.people.organisation(own),
        kind=page.people.kind(own),
        is_own=own == page.own,
        capacity=page.t.code(inscription.capacity),
        people=tuple(page.people.reach(Party(organisation=own, counsellor=c)) for c in now),
        desk=Reach(
            page.people.organisation(own),
            organisation.phone if organisation else "",
            organisation.email if organisation else "",
        ),
        earlier=", ".join(page.people.counsellor(c) for c in earlier),
    )


def facts(page: Page, dossier: Dossier) -> list[tuple[str, str]]:
    """Give the three separate facts, and each side's word on income."""
    t, known = page.t, dossier.facts

    def since(day: object) -> str:
        return t("dossier.since", day=page.dates.plain(day)) if day else t("dossier.not_known")  # type: ignore[arg-type]

    found = [
        (t("dossier.registered"), since(known.registered_at_vdab_since)),
        (t("dossier.known"), t.code(dossier.target_group)),
        (t("dossier.active"), since(known.trajectory_since)),
    ]
    found += [
        (t("dossier.benefit", organisation=page.people.organisation(o)), t.code(b))
        for o, b in sorted(known.benefits.items())
    ]
    return [(str(label), str(value)) for label, value in found]


def mandates(page: Page, dossier: Dossier) -> list[str]:
    """Give what the client agreed to, as sentences; what has ended as well."""
    t, found = page.t, []
    for mandate in dossier.mandates:
        scope = t.code(mandate.scope)
        if mandate.shared_with:
            scope += (
                f" ({page.people.organisation(mandate.given_to)} → {page.people.organisation(mandate.shared_with)})"
            )
        key = "dossier.mandate_active" if mandate.active(page.dates.today) else "dossier.mandate_ended"
        found.append(str(t(key, scope=scope, day=page.dates.plain(mandate.given_on))))
    return found


def shown_threads(page: Page, dossier: Dossier) -> list[Thread]:
    """Give the threads that our organisation may see."""
    return list(dossier.threads_seen_by(page.own))


def cards(page: Page, dossier: Dossier, possible: Sequence[Possible]) -> list[Card]:
    """Give the open threads: our turn first, then soonest due."""
    found = sorted(
        (thread for thread in shown_threads(page, dossier) if thread.is_open),
        key=lambda th: (
            not (th.turn and th.turn.organisation == page.own),
            th.due_at is None,
            th.due_at or th.since,
        ),
    )
    return [_card(page, dossier, thread, possible) for thread in found]


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread that is over, with what may still be added to it."""

    key: str
    title: str
    status: str
    day: str
    actions: tuple[Action, ...]


def ended(page: Page, dossier: Dossier, possible: Sequence[Possible]) -> list[Ended]:
    """Give the threads that are over, latest first."""
    over = [thread for thread in shown_threads(page, dossier) if not thread.is_open]
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
    query = f"?thread={thread_id}" if thread_id else ""
    return tuple(
        Action(name, page.t.event(name, "do"), f"/dossiers/{dossier.dossier_id}/steps/{name}{query}") for name in found
    )


def _card(page: Page, dossier: Dossier, thread: Thread, possible: Sequence[Possible]) -> Card:
    t, dates = page.t, page.dates
    here = actions(page, dossier, possible, thread.thread_id)
    late = thread.is_overdue(page.dates.now)
    on_road = thread.kind == "handover" and thread.status in {*_ROAD, Status.ON_HOLD}
    status = Status.IN_PROGRESS if thread.status is Status.ON_HOLD else thread.status
    return Card(
        key=f"t-{thread.thread_id}",
        title=title_of(page, thread),
        between=_between(page, thread),
        status=status_of(page, thread),
        status_code=str(thread.status),
        turn=_turn(page, thread),
        is_ours=bool(thread.turn and thread.turn.organisation == page.own),
        due=dates.due(thread.due_at),
        near=dates.near(thread.due_at) if thread.due_at and not late else "",
        late=dates.late(thread.due_at) if thread.due_at and late else "",
        rule=rule_text(page, thread.due_rule),
        responsible=t("dossier.responsible", organisation=page.people.organisation(thread.responsible))
        if thread.kind == "handover"
        else "",
        position=_ROAD.index(status) if on_road else -1,
        stations=tuple(t(f"status.{'contact' if s is Status.IN_PROGRESS else s}") for s in _ROAD) if on_road else (),
        actions=tuple(a for a in here if not _is_seldom(a)),
        beside=tuple(a for a in here if _is_seldom(a)),
        age=_age(page, thread),
        notes=tuple(_notes(page, thread)),
    )


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


def title_of(page: Page, thread: Thread) -> str:
    """Give the name of a thread, with the purpose of a referral."""
    title = page.t(f"process.{process_of(thread.kind, thread.topic)}")
    subject = subject_of(thread.kind, thread.topic, thread.purpose)
    return f"{title}: {page.t.code(subject)}" if subject else title


def status_of(page: Page, thread: Thread) -> str:
    """Give the word for where a thread is."""
    process = process_of(thread.kind, thread.topic)
    return page.t.first(f"status.{process}.{thread.status}", f"status.{thread.status}")


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


def rule_text(page: Page, rule: str) -> str:
    """Give the rule behind a due moment, in words; rules come from the tables, whose names are English."""
    plain = rule.removesuffix(BY_AGREEMENT)
    if plain != rule:
        return page.t("due.rule_agreed", rule=rule_text(page, plain))
    for pattern, words in _RULES:
        if found := re.fullmatch(pattern, rule):
            return words(page, *found.groups())
    return ""


_RULES: tuple[tuple[str, Callable[..., str]], ...] = (
    (r"(\d+) working days", lambda page, n: page.t.count("due.rule_working", int(n))),
    (r"(\d+) days", lambda page, n: page.t("due.rule_days", n=n)),
    (r"on (\w+)", lambda page, field: page.t("due.rule_on", field=_label(page, field))),
    (
        r"(\d+) months before (\w+)",
        lambda page, n, field: page.t("due.rule_months_before", n=n, field=_label(page, field)),
    ),
    (
        r"(\d+) months after (\w+)",
        lambda page, n, field: page.t("due.rule_months_after", n=n, field=_label(page, field)),
    ),
    (r"aftercare.*", lambda page: page.t("due.rule_aftercare")),
)


def _label(page: Page, attribute: str) -> str:
    first, *rest = attribute.split("_")
    name = first + "".join(word.title() for word in rest)
    return page.t.first(f"field.shown.{name}", f"field.{name}").rstrip("?")
