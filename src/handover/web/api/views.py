"""Answer bodies as the API description shows them. Answers are written as bytes, never through these.

A field that may be absent has the default None here; the description leaves null out, as answers do.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from handover.delivery.queue import State
from handover.delivery.subscriptions import Content
from handover.domain.codes import Capacity, LeadKind, OrganisationKind, TargetGroup
from handover.domain.codes_dossier import MandateScope, Rung
from handover.domain.codes_follow_up import Benefit
from handover.domain.threads import Status
from handover.inbox.views import Group


class View(BaseModel):
    """Part of an answer, in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class Page(View):
    """Items with the absolute address of this page and, where there is more, of the next."""

    self: str
    next: str | None = None
    total: int | None = None


class ActorView(View):
    """Who did it: a counsellor, or an application for an organisation."""

    name: str
    counsellor_id: str | None = None
    application: str | None = None


class PartyView(View):
    """One side of a thread."""

    organisation: str
    counsellor: str | None = None
    team: str | None = None


class ThreadState(View):
    """A process instance as an event left it: where it is, whose turn it is, until when."""

    thread_id: str
    kind: str
    topic: str | None = None
    status: Status
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
    participants: list[PartyView] | None = None
    assessor: str | None = None
    about: str | None = None
    escalated: list[PartyView] | None = None
    revolving_door: bool | None = None


class ThreadView(ThreadState):
    """A process instance as it stands now. `ageDays` counts from the day it was opened."""

    overdue: bool
    age_days: int
    escalation: Rung | None = None
    responsible: str
    href: str


class Threads(Page):
    """A dossier's threads."""

    items: list[ThreadView]


class FactsView(View):
    """Registered, activated, and each side's word on income, by organisation."""

    registered_at_vdab_since: date | None = None
    trajectory_since: date | None = None
    benefits: dict[str, Benefit] | None = None


class EventView(View):
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
    redacted: list[str] | None = None
    threads: list[ThreadState] | None = None
    facts: FactsView | None = None
    href: str


class Events(Page):
    """Recorded events, in order."""

    items: list[EventView]


class FeedEvent(EventView):
    """An event with its place in the organisation's feed."""

    cursor: str


class Feed(Page):
    """Events of all dossiers; keep `cursor` and go on from there."""

    items: list[FeedEvent]
    cursor: str


class ClientView(View):
    """Whom the dossier is about; the number is left out of lists."""

    ssin: str | None = None
    given_name: str
    family_name: str
    birth_date: date


class LeadView(View):
    """Who directs the trajectory."""

    kind: LeadKind
    organisation: str | None = None
    counsellor: str | None = None
    name: str | None = None


class InscriptionView(View):
    """An organisation's place in the dossier."""

    organisation: str
    kind: OrganisationKind
    capacity: Capacity
    legal_basis_id: str
    since: datetime
    until: datetime | None = None
    status: Literal["active", "closed"]


class ContactView(View):
    """Someone who works, or worked, with the client."""

    organisation: str
    counsellor: str
    since: datetime
    until: datetime | None = None


class MandateView(View):
    """What the client lets an organisation's worker do; kept after its end."""

    mandate_id: str
    scope: MandateScope
    given_to: str
    shared_with: str | None = None
    given_on: date
    valid_until: date | None = None
    withdrawn_at: datetime | None = None
    active: bool


class DossierView(View):
    """A dossier at `version`, the sequence of its latest event.

    With `breakGlassNeeded` you are not assigned to this client: the rest is left out until you give a reason.
    """

    dossier_id: str
    href: str
    version: int
    status: Literal["open", "closed"]
    client: ClientView
    target_group: TargetGroup | None = None
    lead: LeadView | None = None
    inscriptions: list[InscriptionView]
    contacts: list[ContactView]
    facts: FactsView | None = None
    mandates: list[MandateView] | None = None
    priority_line: bool | None = None
    merged_into: str | None = None
    open_threads: int | None = None
    break_glass_needed: bool | None = None
    opened_at: datetime
    changed_at: datetime


class Dossiers(Page):
    """Dossiers, by id."""

    items: list[DossierView]


class InboxClient(View):
    """Whom an item is about."""

    given_name: str
    family_name: str


class InboxItemView(View):
    """A thread that waits for someone, or a step of the other side to take note of."""

    group: Group
    dossier_id: str
    thread_id: str | None = None
    event_id: str | None = None
    sequence: int | None = None
    client: InboxClient
    kind: str
    topic: str | None = None
    type: str
    status: Status | None = None
    purpose: str | None = None
    outcome: str | None = None
    since: datetime
    opened_at: datetime | None = None
    age_days: int | None = None
    stage: str | None = None
    escalation: Rung | None = None
    revolving_door: bool | None = None
    due_at: datetime | None = None
    due_rule: str | None = None
    overdue: bool
    turn: PartyView | None = None
    other: PartyView | None = None
    data: dict[str, Any] | None = None
    href: str


class InboxItems(Page):
    """The inbox, group by group."""

    items: list[InboxItemView]


class SubscriptionView(View):
    """Where events go; `eventTypes` absent: all of them. `publicKey` verifies the `v1a` signatures."""

    subscription_id: str
    href: str
    url: str
    event_types: list[str] | None = None
    content: Content
    status: Literal["active", "paused", "disabled"]
    status_reason: str | None = None
    down_since: datetime | None = None
    public_key: str | None = None
    created_at: datetime
    changed_at: datetime


class SubscriptionCreated(SubscriptionView):
    """A new subscription with the secret that signs what it gets, shown this once."""

    secret: str


class Subscriptions(Page):
    """An organisation's subscriptions."""

    items: list[SubscriptionView]


class SecretView(View):
    """A new secret, shown this once, and the public key that goes with it."""

    subscription_id: str
    secret: str
    public_key: str


class TestOutcome(View):
    """What came of a test event; `status` is the address's answer, `error` why there was none."""

    delivered: bool
    status: int | None = None
    error: str | None = None
    seconds: float


class DeliveryView(View):
    """One event to one subscription."""

    dossier_id: str
    sequence: int
    event_id: str
    type: str
    state: State
    attempts: int
    last_status: int | None = None
    last_error: str | None = None
    enqueued_at: datetime
    settled_at: datetime | None = None
    delivered_at: datetime | None = None
    cursor: str
    href: str


class Deliveries(Page):
    """Deliveries, latest first."""

    items: list[DeliveryView]


class Resent(View):
    """A delivery and how it stands now."""

    dossier_id: str
    sequence: int
    state: State


class ReplayView(View):
    """A period that is sent again: how many deliveries are pending again, and when all were queued."""

    replay_id: str
    href: str
    subscription_id: str
    which: Literal["all", "dead", "missing"]
    since: datetime | None = None
    until: datetime | None = None
    queued: int
    created_at: datetime
    finished_at: datetime | None = None


class Replays(Page):
    """A subscription's replays, latest first."""

    items: list[ReplayView]


class CheckpointView(View):
    """A signed state of the log: `note` is a signed note (C2SP tlog-checkpoint), which you keep."""

    size: int
    note: str
    signed_at: datetime
    verifier_key: str
    href: str


class GrowthView(View):
    """That one checkpoint's tree grew out of another's: hashes in base64 (RFC 9162, 2.1.4.2)."""

    first: CheckpointView
    second: CheckpointView
    path: list[str]


class ReceiptView(View):
    """That an event is in the log: from the leaf to the checkpoint's root; hashes in base64 (RFC 9162, 2.1.3.2)."""

    dossier_id: str
    event_id: str
    sequence: int
    position: int
    link: str
    path: list[str]
    note: str
    verifier_key: str


class Health(View):
    """How the service does."""

    status: Literal["UP", "DEGRADED", "DOWN"]
    detail: str | None = None
