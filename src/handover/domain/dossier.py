"""The state of a dossier, and how each event changes it. `evolve` trusts the event: deciding was done before."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from handover.domain.codes import Capacity, LeadKind, OrganisationKind, TargetGroup
from handover.domain.codes_dossier import MandateScope
from handover.domain.events import Event
from handover.domain.facts import Facts
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES, KIND
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


class Mandate(_State, frozen=True, kw_only=True):
    """What the client lets an organisation's worker do. Kept after its end: what was seen under it stays proven."""

    mandate_id: UUID
    scope: MandateScope
    given_to: str
    """The organisation whose worker holds it, and whose confidential fields it opens."""
    given_on: date
    sequence: int
    shared_with: str = ""
    valid_until: date | None = None
    withdrawn_at: datetime | None = None
    ended_sequence: int | None = None
    """The event that withdrew it, or told that it expired."""

    def active(self, on: date) -> bool:
        """Tell whether it counts on that day."""
        started = self.given_on <= on
        return started and self.withdrawn_at is None and (self.valid_until is None or on <= self.valid_until)

    def opens(self, author: str, reader: str) -> bool:
        """Tell whether it is about showing that author's confidential fields to that reader, in force or not."""
        shares = self.scope is MandateScope.SHARE_CONFIDENTIAL
        return shares and self.given_to == author and self.shared_with == reader


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
    mandates: tuple[Mandate, ...] = ()
    priority_line: bool = False
    """VDAB follows the client with priority (*samenwerkingslijn*)."""
    merged_into: UUID | None = None
    """The dossier in which this one goes on."""
    erased_at: datetime | None = None
    """When the personal data was erased: what is left says that there was a dossier, and nothing about whom."""
    last_by: dict[str, int] = {}
    """The sequence of each organisation's latest event: tells what is new to the others."""
    last_restricted_by: dict[str, int] = {}
    """The same for events that other partners do not see."""

    @property
    def erased(self) -> bool:
        """Tell whether its personal data was erased."""
        return self.erased_at is not None

    @property
    def closed(self) -> bool:
        """Tell whether the dossier is closed."""
        return self.closed_at is not None

    def inscription_of(self, organisation_id: str) -> Inscription | None:
        """Give the organisation's active inscription."""
        return next((i for i in self.inscriptions if i.organisation == organisation_id and i.active), None)

    def place_to_see(
        self, organisation_id: str, sequence: int, event_type: str, thread_id: UUID | None
    ) -> Inscription | None:
        """Give the inscription, open now or then, under which the organisation may see that event."""
        for inscription in self.inscriptions:
            if inscription.organisation == organisation_id and inscription.covers(sequence):
                return None if self.hides(inscription, event_type, thread_id) else inscription
        return None

    def hides(self, inscription: Inscription, event_type: str, thread_id: UUID | None) -> bool:
        """Tell whether an event belongs to a process that other partners do not see (labels, non-cooperation)."""
        if inscription.kind is not OrganisationKind.PARTNER or not is_restricted(event_type):
            return False
        thread = self.threads.get(thread_id) if thread_id else None
        return thread is None or thread.part_of(inscription.organisation) is None

    def threads_seen_by(self, organisation_id: str) -> tuple[Thread, ...]:
        """Give the threads it may see: all with the history, else those it is part of or that moved since it came."""
        own = self.inscription_of(organisation_id)
        if own is None:
            return ()
        seen = tuple(t for t in self.threads.values() if not self.hides(own, t.last_type, t.thread_id))
        if own.sees_from == 1:
            return seen
        return tuple(t for t in seen if t.part_of(organisation_id) or t.since >= own.since)

    def entitled_to(self, event: Event) -> frozenset[str]:
        """Give the organisations that an event goes to by itself."""
        return frozenset(
            i.organisation
            for i in self.inscriptions
            if i.delivers(event.sequence) and not self.hides(i, event.type, event.thread_id)
        )

    def mandates_for(self, organisation_id: str) -> tuple[Mandate, ...]:
        """Give the mandates that let the organisation read, or once let it read, others' confidential fields."""
        return tuple(m for m in self.mandates if m.shared_with == organisation_id)

    @property
    def standing_mandates(self) -> tuple[Mandate, ...]:
        """Mandates that were neither withdrawn nor told to have expired."""
        return tuple(m for m in self.mandates if m.ended_sequence is None)

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
        threads=threads,
        contacts=contacts,
    )
    if is_restricted(event.type):
        state = replace(state, last_restricted_by={**state.last_restricted_by, event.organisation: event.sequence})
    else:
        state = replace(state, last_by={**state.last_by, event.organisation: event.sequence})
    if event.facts is not None:
        state = replace(state, facts=event.facts)
    return _with_fact(state, event) if event.type.startswith("dossier.") else state


def is_restricted(event_type: str) -> bool:
    """Tell whether an event's process is seen by OCMW, VDAB and its participants only."""
    return KIND[event_type.partition(".")[0]].restricted


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
        known = before.parties if before else ()
        for side in thread.parties:
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


def _with_fact(state: Dossier, event: Event) -> Dossier:
    effect = _EFFECTS.get(EVENT_TYPES[event.type].payload)
    return effect(state, event.data, event) if effect else state


def _replaced(state: Dossier, data: d.CounsellorReplaced, event: Event) -> Dossier:
    dismissed = _dismiss(state, data.replaced, event)
    return _assign(dismissed, event.organisation, data.counsellor, event.recorded_at)


def _led_by(state: Dossier, data: d.LeadAccepted, event: Event) -> Dossier:
    kind = _LEAD_KIND[_kind_of(state, event.organisation)]
    lead = Lead(kind=kind, organisation=event.organisation, counsellor=data.counsellor)
    return replace(state, lead=lead, target_group=_proposed_group(state, event))


def _with_benefit(state: Dossier, data: i.BenefitStated, event: Event) -> Dossier:
    benefits = state.facts.benefits | {event.organisation: data.benefit}
    return replace(state, facts=replace(state.facts, benefits=benefits))


def _proposed_group(state: Dossier, event: Event) -> TargetGroup:
    """Whoever takes the lead takes the client as the question about the lead described them."""
    thread = state.threads.get(event.thread_id) if event.thread_id else None
    return TargetGroup.of(thread.purpose) if thread and thread.purpose else state.target_group


def _on_basis(state: Dossier, organisation_id: str, legal_basis_id: str) -> Dossier:
    changed = tuple(
        replace(i, legal_basis_id=legal_basis_id) if i.organisation == organisation_id and i.active else i
        for i in state.inscriptions
    )
    return replace(state, inscriptions=changed)


def _with_mandate(state: Dossier, data: d.MandateGiven, event: Event) -> Dossier:
    mandate = Mandate(
        mandate_id=event.event_id,
        scope=data.scope,
        given_to=event.organisation,
        given_on=data.given_on,
        sequence=event.sequence,
        shared_with=data.shared_with or "",
        valid_until=data.valid_until,
    )
    return replace(state, mandates=(*state.mandates, mandate))


def _without_mandate(state: Dossier, mandate_id: str, event: Event, *, withdrawn: bool) -> Dossier:
    at = event.recorded_at if withdrawn else None
    changed = tuple(
        replace(m, withdrawn_at=at, ended_sequence=event.sequence) if str(m.mandate_id) == mandate_id else m
        for m in state.mandates
    )
    return replace(state, mandates=changed)


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


def _erased(state: Dossier, event: Event) -> Dossier:
    """What is left: which organisations were in it and until when. Their capacities would tell of a benefit."""
    left = tuple(
        replace(i, capacity=Capacity.OTHER_GUIDANCE, by_thread="")
        if i.until
        else replace(
            i, capacity=Capacity.OTHER_GUIDANCE, until=event.recorded_at, sees_until=event.sequence, by_thread=""
        )
        for i in state.inscriptions
    )
    return Dossier(
        dossier_id=state.dossier_id,
        version=state.version,
        given_name="",
        family_name="",
        birth_date=date.min,
        target_group=TargetGroup.JOB_SEEKER,
        lead=Lead(kind=LeadKind.EXTERNAL),
        opened_at=state.opened_at,
        changed_at=event.recorded_at,
        closed_at=state.closed_at,
        inscriptions=left,
        merged_into=state.merged_into,
        erased_at=event.recorded_at,
    )


_EFFECTS: dict[type[Payload], Callable[[Dossier, Any, Event], Dossier]] = {
    d.InscriptionOpened: _inscribe,
    d.InscriptionClosed: lambda state, data, event: _close_inscription(state, data.organisation, event),
    d.CounsellorAssigned: lambda state, data, event: _assign(
        state, event.organisation, data.counsellor, event.recorded_at
    ),
    d.CounsellorReplaced: _replaced,
    d.TargetGroupChanged: lambda state, data, _: replace(state, target_group=data.target_group),
    d.LeadAccepted: _led_by,
    d.LegalBasisStated: lambda state, data, event: _on_basis(state, event.organisation, data.legal_basis_id),
    d.MandateGiven: _with_mandate,
    d.MandateWithdrawn: lambda state, data, event: _without_mandate(state, data.mandate_id, event, withdrawn=True),
    d.MandateExpired: lambda state, data, event: _without_mandate(state, data.mandate_id, event, withdrawn=False),
    d.PriorityLineEntered: lambda state, *_: replace(state, priority_line=True),
    d.PriorityLineLeft: lambda state, *_: replace(state, priority_line=False),
    d.Merged: lambda state, data, event: replace(state, closed_at=event.recorded_at, merged_into=UUID(data.into)),
    d.Closed: lambda state, _, event: replace(state, closed_at=event.recorded_at),
    d.Reopened: lambda state, *_: replace(state, closed_at=None),
    d.PersonalDataErased: lambda state, _, event: _erased(state, event),
    i.RegisteredAtVdab: lambda state, data, _: replace(
        state, facts=replace(state.facts, registered_at_vdab_since=data.since)
    ),
    i.TrajectoryStarted: lambda state, data, _: replace(state, facts=replace(state.facts, trajectory_since=data.since)),
    i.BenefitStated: _with_benefit,
}
"""What an event says about the dossier itself, beside what it made of threads."""
