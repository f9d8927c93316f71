"""The state of a dossier, and how each event changes it. `evolve` trusts the event: deciding was done before."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from handover.domain.codes import Capacity, LeadKind, OrganisationKind, TargetGroup
from handover.domain.codes_follow_up import Benefit
from handover.domain.events import Event
from handover.domain.kinds import dossier as d
from handover.domain.kinds import intake as i
from handover.domain.parties import Party
from handover.domain.threads import Thread


class _State(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


class Lead(_State, frozen=True, kw_only=True):
    """Who directs the trajectory: the side, and once known the organisation and the named counsellor."""

    kind: LeadKind
    organisation: str = ""
    counsellor: str = ""
    name: str = ""
    """The paying body, where the lead is external."""


class Inscription(_State, frozen=True, kw_only=True):
    """An organisation's place in the dossier; without an active one there is no access (KSZ repertory)."""

    organisation: str
    kind: OrganisationKind
    capacity: Capacity
    legal_basis_id: str
    since: datetime
    entered: int
    """First sequence that went to the organisation by itself: joining delivers nothing older."""
    sees_from: int
    """First sequence it may read while the inscription is open: history is read, not delivered."""
    by_thread: str = ""
    until: datetime | None = None
    sees_until: int | None = None

    @property
    def active(self) -> bool:
        """Tell whether it is open."""
        return self.until is None

    def delivers(self, sequence: int) -> bool:
        """Tell whether that event goes, or went, to the organisation by itself."""
        return self.entered <= sequence and (self.sees_until is None or sequence <= self.sees_until)

    def covers(self, sequence: int) -> bool:
        """Tell whether that event may be seen: the history too while it is open, then only what had gone out."""
        return self.delivers(sequence) or (self.active and self.sees_from <= sequence)


class Contact(_State, frozen=True, kw_only=True):
    """Someone who works, or worked, with the client. Kept after a takeover."""

    organisation: str
    counsellor: str
    since: datetime
    until: datetime | None = None


class Facts(_State, frozen=True, kw_only=True):
    """Three separate facts: registered, known (the target group), activated; and each side's word on income."""

    registered_at_vdab_since: date | None = None
    trajectory_since: date | None = None
    benefits: dict[str, Benefit] = {}


class Dossier(_State, frozen=True, kw_only=True):
    """The shared file of one client at `version`, the sequence of its latest event."""

    dossier_id: UUID
    version: int
    given_name: str
    family_name: str
    birth_date: date
    target_group: TargetGroup
    lead: Lead
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None = None
    inscriptions: tuple[Inscription, ...] = ()
    contacts: tuple[Contact, ...] = ()
    threads: dict[UUID, Thread] = {}
    facts: Facts = Facts()
    last_by: dict[str, int] = {}
    """The sequence of each organisation's latest event: tells what is new to the others."""

    @property
    def closed(self) -> bool:
        """Tell whether the dossier is closed."""
        return self.closed_at is not None

    def inscription_of(self, organisation_id: str) -> Inscription | None:
        """Give the organisation's active inscription."""
        return next((i for i in self.inscriptions if i.organisation == organisation_id and i.active), None)

    def sees(self, organisation_id: str, sequence: int) -> bool:
        """Tell whether the organisation may see that event, under an inscription open now or then."""
        return any(i.organisation == organisation_id and i.covers(sequence) for i in self.inscriptions)

    def threads_seen_by(self, organisation_id: str) -> tuple[Thread, ...]:
        """Give the threads it may see: all with the history, else those it is part of or that moved since it came."""
        own = self.inscription_of(organisation_id)
        if own is None:
            return ()
        if own.sees_from == 1:
            return tuple(self.threads.values())
        return tuple(t for t in self.threads.values() if t.side_of(organisation_id) or t.since >= own.since)

    def entitled_to(self, sequence: int) -> frozenset[str]:
        """Give the organisations that an event goes to by itself."""
        return frozenset(i.organisation for i in self.inscriptions if i.delivers(sequence))

    def counsellor_of(self, organisation_id: str) -> str:
        """Give the organisation's present counsellor for this client, or ""."""
        now = [c.counsellor for c in self.contacts if c.organisation == organisation_id and c.until is None]
        return now[-1] if now else ""

    @property
    def open_threads(self) -> tuple[Thread, ...]:
        """Threads in which someone must still do something."""
        return tuple(t for t in self.threads.values() if t.is_open)


def fold(events: Iterable[Event], state: Dossier | None = None) -> Dossier | None:
    """Give the state after the events, which come in order."""
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Dossier | None, event: Event) -> Dossier:
    """Give the state after one event. Raise ValueError for a first event other than `opened`, or a gap."""
    if state is None:
        return _open(event)
    if event.sequence != state.version + 1:
        message = f"sequence {event.sequence} does not follow {state.version}"
        raise ValueError(message)
    threads, contacts = _after_threads(state, event) if event.threads else (state.threads, state.contacts)
    # One copy for every event; only what concerns the dossier itself makes another.
    state = replace(
        state,
        version=event.sequence,
        changed_at=event.recorded_at,
        last_by={**state.last_by, event.organisation: event.sequence},
        threads=threads,
        contacts=contacts,
    )
    return _with_fact(state, event) if event.type.startswith("dossier.") else state


def _open(event: Event) -> Dossier:
    data = event.data
    if not isinstance(data, d.Opened) or event.sequence != 1:
        message = f"a dossier starts with dossier.opened, not {event.type} at {event.sequence}"
        raise ValueError(message)
    return Dossier(
        dossier_id=event.dossier_id,
        version=1,
        given_name=data.given_name,
        family_name=data.family_name,
        birth_date=data.birth_date,
        target_group=data.target_group,
        lead=Lead(kind=data.lead, name=data.lead_name or ""),
        opened_at=event.recorded_at,
        changed_at=event.recorded_at,
        last_by={event.organisation: 1},
    )


def _after_threads(state: Dossier, event: Event) -> tuple[dict[UUID, Thread], tuple[Contact, ...]]:
    threads, contacts = dict(state.threads), state.contacts
    for thread in event.threads:
        before = threads.get(thread.thread_id)
        threads[thread.thread_id] = thread
        # An ended thread keeps who worked in it; a later word in it does not bring that person back.
        known = (before.sender, before.receiver) if before else ()
        for side in (thread.sender, thread.receiver):
            if side not in known:
                contacts = _with_contact(contacts, side, event.recorded_at)
    return threads, contacts


def _with_contact(contacts: tuple[Contact, ...], side: Party | None, at: datetime) -> tuple[Contact, ...]:
    """Whoever a thread names works with the client; taking over never hides who came before."""
    if side is None or not side.counsellor:
        return contacts
    if any(c.counsellor == side.counsellor and c.until is None for c in contacts):
        return contacts
    return (*contacts, Contact(organisation=side.organisation, counsellor=side.counsellor, since=at))


def _with_fact(state: Dossier, event: Event) -> Dossier:  # noqa: C901, PLR0911 - one case per event
    data, facts = event.data, state.facts
    match data:
        case d.InscriptionOpened():
            return _inscribe(state, data, event)
        case d.InscriptionClosed():
            return _close_inscription(state, data.organisation, event)
        case d.CounsellorAssigned():
            return _assign(state, event.organisation, data.counsellor, event.recorded_at)
        case d.CounsellorReplaced():
            return _assign(
                _dismiss(state, data.replaced, event), event.organisation, data.counsellor, event.recorded_at
            )
        case d.TargetGroupChanged():
            return replace(state, target_group=data.target_group)
        case d.LeadAccepted():
            kind = _LEAD_KIND[_kind_of(state, event.organisation)]
            return replace(state, lead=Lead(kind=kind, organisation=event.organisation, counsellor=data.counsellor))
        case d.Closed():
            return replace(state, closed_at=event.recorded_at)
        case d.Reopened():
            return replace(state, closed_at=None)
        case i.RegisteredAtVdab():
            return replace(state, facts=replace(facts, registered_at_vdab_since=data.since))
        case i.TrajectoryStarted():
            return replace(state, facts=replace(facts, trajectory_since=data.since))
        case i.BenefitStated():
            benefits = facts.benefits | {event.organisation: data.benefit}
            return replace(state, facts=replace(facts, benefits=benefits))
        case _:
            return state


_LEAD_KIND = {OrganisationKind.OCMW: LeadKind.OCMW, OrganisationKind.VDAB: LeadKind.VDAB}
"""A partner never directs: `leadChanged` is refused for it."""


def _kind_of(state: Dossier, organisation_id: str) -> OrganisationKind:
    return next(i.kind for i in state.inscriptions if i.organisation == organisation_id)


def _inscribe(state: Dossier, data: d.InscriptionOpened, event: Event) -> Dossier:
    present = state.inscription_of(data.organisation)
    if present:
        wider = replace(present, sees_from=data.sees_from)
        return replace(state, inscriptions=tuple(wider if i is present else i for i in state.inscriptions))
    inscription = Inscription(
        organisation=data.organisation,
        kind=data.organisation_kind,
        capacity=data.capacity,
        legal_basis_id=data.legal_basis_id,
        since=event.recorded_at,
        # What an inscription follows from (the opening, the referral) stands right before it and goes out as well.
        entered=event.sequence - 1 if data.by_thread or not state.inscriptions else event.sequence,
        sees_from=data.sees_from,
        by_thread=data.by_thread or "",
    )
    lead = state.lead
    if not lead.organisation and str(lead.kind) == str(data.organisation_kind):
        lead = replace(lead, organisation=data.organisation)
    return replace(state, inscriptions=(*state.inscriptions, inscription), lead=lead)


def _close_inscription(state: Dossier, organisation_id: str, event: Event) -> Dossier:
    closed = tuple(
        replace(i, until=event.recorded_at, sees_until=event.sequence)
        if i.organisation == organisation_id and i.active
        else i
        for i in state.inscriptions
    )
    return replace(state, inscriptions=closed)


def _assign(state: Dossier, organisation_id: str, counsellor: str, at: datetime) -> Dossier:
    contacts = _with_contact(state.contacts, Party(organisation=organisation_id, counsellor=counsellor), at)
    lead = state.lead
    if lead.organisation == organisation_id and not lead.counsellor:
        lead = replace(lead, counsellor=counsellor)
    return replace(state, contacts=contacts, lead=lead)


def _dismiss(state: Dossier, counsellor: str, event: Event) -> Dossier:
    contacts = tuple(
        replace(c, until=event.recorded_at)
        if c.counsellor == counsellor and c.organisation == event.organisation and c.until is None
        else c
        for c in state.contacts
    )
    lead = replace(state.lead, counsellor="") if state.lead.counsellor == counsellor else state.lead
    return replace(state, contacts=contacts, lead=lead)
