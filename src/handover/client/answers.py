"""What the API answers. A field that is added to an answer later is passed over.

Written by `make client` from openapi/handover-v1.json; do not change it by hand.
"""

from datetime import date, datetime
from typing import Any

import msgspec


class AccessCapacity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why someone could look: roles, how they stood to the dossier, their organisation's legal basis."""

    roles: tuple[str, ...]  # codes.Role
    relation: str | None = None  # codes.Relation
    legal_basis_id: str | None = None


class AccessLineView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line: who looked, or was denied, when, and about whom.

    Never a name or a national number.
    """

    entry: int
    reference: str
    at: datetime
    organisation: str
    service: str
    application: str | None = None
    counsellor: str | None = None
    action: str
    outcome: str  # codes.Outcome
    capacity: AccessCapacity
    dossier_id: str | None = None


class AccessLines(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Lines of the access log, latest first."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[AccessLineView, ...]


class ActorView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who did it: a counsellor, or an application for an organisation."""

    name: str
    counsellor_id: str | None = None
    application: str | None = None


class AgreementView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agreement at `version`; `terms` as it is written (schema AgreementProposed)."""

    agreement_id: str
    href: str
    version: int
    ocmw: str
    vdab: str
    valid_from: date
    valid_until: date | None = None
    terms: dict[str, Any]
    changed_by: str
    changed_at: datetime


class Agreements(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organisation's agreements."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[AgreementView, ...]


class AnswerTimeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An answer time that can be agreed otherwise: after which event, and the default."""

    event_type: str
    rule: str
    count: int
    unit: str  # workingDays, days, months
    href: str


class AnswerTimes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer times."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[AnswerTimeView, ...]


class BrokenGlassView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A dossier that was opened with a reason; `reason` is empty once the dossier was erased."""

    break_glass_id: str
    dossier_id: str
    dossier_href: str
    counsellor: str
    reason: str
    opened_at: datetime
    until: datetime


class BrokenGlasses(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was opened so, latest first."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[BrokenGlassView, ...]


class CheckpointView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A signed state of the log: `note` is a signed note (C2SP tlog-checkpoint), which you keep."""

    size: int
    note: str
    signed_at: datetime
    verifier_key: str
    href: str


class ClientView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom the dossier is about; the number is left out of lists."""

    ssin: str | None = None
    given_name: str
    family_name: str
    birth_date: date


class CodeListView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code list."""

    name: str
    href: str


class CodeLists(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Code lists."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[CodeListView, ...]


class Labels(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Words for a code."""

    nl: str
    fr: str
    de: str
    en: str


class CodeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code and its words.

    `means`: the code of ours that one of another system's stands for.
    """

    code: str
    label: Labels
    href: str
    means: str | None = None


class Codes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The codes of a list."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[CodeView, ...]


class ContactView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Someone who works, or worked, with the client."""

    organisation: str
    counsellor: str
    since: datetime
    until: datetime | None = None


class CounsellorView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who works there and how to reach them."""

    counsellor_id: str
    organisation: str
    name: str
    team: str | None = None
    function: str | None = None
    phone: str | None = None
    email: str | None = None
    href: str


class Counsellors(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organisation's counsellors."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[CounsellorView, ...]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event to one subscription."""

    dossier_id: str
    sequence: int
    event_id: str
    type: str
    state: str  # codes.State
    attempts: int
    last_status: int | None = None
    last_error: str | None = None
    enqueued_at: datetime
    settled_at: datetime | None = None
    delivered_at: datetime | None = None
    cursor: str
    href: str


class Deliveries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Deliveries, latest first."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[DeliveryView, ...]


class LeadView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who directs the trajectory."""

    kind: str  # codes.LeadKind
    organisation: str | None = None
    counsellor: str | None = None
    name: str | None = None


class InscriptionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organisation's place in the dossier."""

    organisation: str
    kind: str  # codes.OrganisationKind
    capacity: str  # codes.Capacity
    legal_basis_id: str
    since: datetime
    until: datetime | None = None
    status: str  # active, closed


class FactsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Registered, activated, and each side's word on income, by organisation."""

    registered_at_vdab_since: date | None = None
    trajectory_since: date | None = None
    benefits: dict[str, str] | None = None  # codes.Benefit


class MandateView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the client lets an organisation's worker do; kept after its end."""

    mandate_id: str
    scope: str  # codes.MandateScope
    given_to: str
    shared_with: str | None = None
    given_on: date
    valid_until: date | None = None
    withdrawn_at: datetime | None = None
    active: bool


class DossierView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A dossier at `version`, the sequence of its latest event.

    With `breakGlassNeeded` you are not assigned to this client: the rest is left out until you give a reason.
    """

    dossier_id: str
    href: str
    version: int
    status: str  # open, closed
    client: ClientView
    target_group: str | None = None  # codes.TargetGroup
    lead: LeadView | None = None
    inscriptions: tuple[InscriptionView, ...]
    contacts: tuple[ContactView, ...]
    facts: FactsView | None = None
    mandates: tuple[MandateView, ...] = ()
    priority_line: bool = False
    merged_into: str | None = None
    open_threads: int | None = None
    break_glass_needed: bool = False
    opened_at: datetime
    changed_at: datetime


class Dossiers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Dossiers, by id."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[DossierView, ...]


class EventProblem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why an event was not recorded."""

    type: str
    title: str
    status: int
    detail: str
    issues: tuple[dict[str, Any], ...] = ()


class EventTypeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One row of the tables: an event in these states, by this side, leads there; `example` can be posted.

    `after`: only right after one of these steps. `when`: which of several rows holds. `guards`: what else is checked.
    `everyThread`: every thread of every kind has it.
    """

    type: str
    thread_kind: str
    topic: str | None = None
    opens_with: tuple[str, ...] = ()
    from_: tuple[str, ...]
    to: str
    by: str  # codes.By
    required: tuple[str, ...]
    optional: tuple[str, ...]
    visibility: dict[str, str]  # codes.Visibility
    turn: str  # codes.Turn
    due: str | None = None
    after: tuple[str, ...] = ()
    when: str | None = None
    guards: tuple[str, ...] = ()
    every_thread: bool = False
    example: dict[str, Any]
    posted: bool
    description: str
    href: str


class EventTypes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Event types."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[EventTypeView, ...]


class PartyView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One side of a thread."""

    organisation: str
    counsellor: str | None = None
    team: str | None = None


class ThreadState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A process instance as an event left it: where it is, whose turn it is, until when."""

    thread_id: str
    kind: str
    topic: str | None = None
    status: str  # codes.Status
    sender: PartyView
    receiver: PartyView | None = None
    turn: PartyView | None = None
    due_at: datetime | None = None
    due_rule: str | None = None
    opened_at: datetime
    since: datetime
    last_type: str
    correlation_id: str
    stage: str | None = None
    outcome: str | None = None
    purpose: str | None = None
    route: str | None = None
    review_on: date | None = None
    starts_on: date | None = None
    participants: tuple[PartyView, ...] = ()
    assessor: str | None = None
    about: str | None = None
    escalated: tuple[PartyView, ...] = ()
    revolving_door: bool = False


class EventView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A recorded event; `threads` is what it made of the threads it touched.

    `redacted` names fields of `data` that were recorded and that you may not see (any more).
    """

    event_id: str
    dossier_id: str
    thread_id: str | None = None
    sequence: int
    type: str
    organisation: str
    actor: ActorView
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    redacted: tuple[str, ...] = ()
    threads: tuple[ThreadState, ...] = ()
    facts: FactsView | None = None
    href: str


class Events(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Recorded events, in order."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[EventView, ...]


class FeedEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event with its place in the organisation's feed."""

    event_id: str
    dossier_id: str
    thread_id: str | None = None
    sequence: int
    type: str
    organisation: str
    actor: ActorView
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    redacted: tuple[str, ...] = ()
    threads: tuple[ThreadState, ...] = ()
    facts: FactsView | None = None
    href: str
    cursor: str


class Feed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Events of all dossiers; keep `cursor` and go on from there."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[FeedEvent, ...]
    cursor: str


class GrowthView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """That one checkpoint's tree grew out of another's: hashes in base64 (RFC 9162, 2.1.4.2)."""

    first: CheckpointView
    second: CheckpointView
    path: tuple[str, ...]


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the service does."""

    status: str  # UP, DEGRADED, DOWN
    detail: str | None = None


class Identification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of it.

    `differs`: which fields, never what is known instead.
    """

    result: str  # match, mismatch, unknown
    differs: tuple[str, ...] = ()  # givenName, familyName, birthDate


class InboxClient(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom an item is about."""

    given_name: str
    family_name: str


class InboxItemView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A thread that waits for someone, or a step of the other side to take note of."""

    group: str  # codes.Group
    dossier_id: str
    thread_id: str | None = None
    event_id: str | None = None
    sequence: int | None = None
    client: InboxClient
    kind: str
    topic: str | None = None
    type: str
    status: str | None = None  # codes.Status
    purpose: str | None = None
    outcome: str | None = None
    since: datetime
    opened_at: datetime | None = None
    age_days: int | None = None
    stage: str | None = None
    escalation: str | None = None  # codes.Rung
    revolving_door: bool = False
    due_at: datetime | None = None
    due_rule: str | None = None
    overdue: bool
    turn: PartyView | None = None
    other: PartyView | None = None
    data: dict[str, Any] | None = None
    href: str


class InboxItems(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The inbox, group by group."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[InboxItemView, ...]


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A training instrument explained, by language (nl, en): `what`, `suits`, `endsIn`, `ask`."""

    instrument: str  # codes.Instrument
    label: dict[str, str]
    explained: dict[str, dict[str, str]]
    href: str


class Issue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing wrong with the input."""

    type: str
    title: str
    detail: str
    where: str = msgspec.field(name="in")  # body, path, query, header
    name: str | None = None
    replaced_by: str | None = None


class LegalBasisView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A published protocol or deliberation, with the purposes it allows."""

    legal_basis_id: str
    title: str
    reference: str
    purposes: tuple[str, ...]
    valid_from: date
    valid_until: date | None = None
    href: str


class LegalBases(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Legal bases."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[LegalBasisView, ...]


class OfferView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An offer of an organisation at `version`; `offer` as it is written (schema OfferProposed)."""

    offer_id: str
    href: str
    organisation: str
    version: int
    offer: dict[str, Any]


class Offers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Offers."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[OfferView, ...]


class OrganisationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organisation and whom to call; `coordinator` is a counsellor's id."""

    organisation_id: str
    kind: str  # codes.OrganisationKind
    enterprise_number: str
    name: str
    phone: str | None = None
    email: str | None = None
    coordinator: str | None = None
    href: str
    counsellors: str


class Organisations(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Organisations that take part."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[OrganisationView, ...]


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Problem details (RFC 9457): what happened and what to do next."""

    type: str
    href: str
    title: str
    status: int
    detail: str
    instance: str
    issues: tuple[Issue, ...] = ()
    required_scopes: tuple[str, ...] = ()


class ReceiptView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """That an event is in the log: from the leaf to the checkpoint's root; hashes in base64 (RFC 9162, 2.1.3.2)."""

    dossier_id: str
    event_id: str
    sequence: int
    position: int
    link: str
    path: tuple[str, ...]
    note: str
    verifier_key: str


class ReplayView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A period that is sent again: how many deliveries are pending again, and when all were queued."""

    replay_id: str
    href: str
    subscription_id: str
    which: str  # all, dead, missing
    since: datetime | None = None
    until: datetime | None = None
    queued: int
    created_at: datetime
    finished_at: datetime | None = None


class Replays(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscription's replays, latest first."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[ReplayView, ...]


class Resent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery and how it stands now."""

    dossier_id: str
    sequence: int
    state: str  # codes.State


class SecretView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new secret, shown this once, and the public key that goes with it."""

    subscription_id: str
    secret: str
    public_key: str


class SignalOfDossier(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A dossier that was read often, and where its access log is."""

    dossier_id: str
    reads: int
    href: str


class SignalOfPerson(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How often; without `counsellor`: by software."""

    counsellor: str | None = None
    count: int


class SignalsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What stands out: nobody is accused by it."""

    here: str = msgspec.field(name="self")
    since: datetime
    until: datetime
    out_of_hours: tuple[SignalOfPerson, ...]
    most_read: tuple[SignalOfDossier, ...]
    found_nothing: tuple[SignalOfPerson, ...]
    break_glass: tuple[BrokenGlassView, ...]


class SubscriptionCreated(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new subscription with the secret that signs what it gets, shown this once."""

    subscription_id: str
    href: str
    url: str
    event_types: tuple[str, ...] = ()
    content: str  # codes.Content
    status: str  # active, paused, disabled
    status_reason: str | None = None
    down_since: datetime | None = None
    public_key: str | None = None
    created_at: datetime
    changed_at: datetime
    secret: str


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where events go; `eventTypes` absent: all of them.

    `publicKey` verifies the `v1a` signatures.
    """

    subscription_id: str
    href: str
    url: str
    event_types: tuple[str, ...] = ()
    content: str  # codes.Content
    status: str  # active, paused, disabled
    status_reason: str | None = None
    down_since: datetime | None = None
    public_key: str | None = None
    created_at: datetime
    changed_at: datetime


class Subscriptions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organisation's subscriptions."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[SubscriptionView, ...]


class Taken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one event.

    `status` as HTTP would say it; `retry`: another must come first, send it again.
    """

    id: str
    status: int
    repeated: bool = False
    dossier_id: str | None = None
    event_id: str | None = None
    thread_id: str | None = None
    retry: bool = False
    problem: EventProblem | None = None


class TakenEvents(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of each event of a batch, in the order in which they were sent."""

    items: tuple[Taken, ...]
    here: str = msgspec.field(name="self")


class TestOutcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a test event; `status` is the address's answer, `error` why there was none."""

    delivered: bool
    status: int | None = None
    error: str | None = None
    seconds: float


class ThreadView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A process instance as it stands now.

    `ageDays` counts from the day it was opened.
    """

    thread_id: str
    kind: str
    topic: str | None = None
    status: str  # codes.Status
    sender: PartyView
    receiver: PartyView | None = None
    turn: PartyView | None = None
    due_at: datetime | None = None
    due_rule: str | None = None
    opened_at: datetime
    since: datetime
    last_type: str
    correlation_id: str
    stage: str | None = None
    outcome: str | None = None
    purpose: str | None = None
    route: str | None = None
    review_on: date | None = None
    starts_on: date | None = None
    participants: tuple[PartyView, ...] = ()
    assessor: str | None = None
    about: str | None = None
    escalated: tuple[PartyView, ...] = ()
    revolving_door: bool = False
    overdue: bool
    age_days: int
    escalation: str | None = None  # codes.Rung
    responsible: str
    href: str


class Threads(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A dossier's threads."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[ThreadView, ...]


class TrainingGuide(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The guide to training instruments."""

    here: str = msgspec.field(name="self")
    next: str | None = None
    total: int | None = None
    items: tuple[InstrumentView, ...]
