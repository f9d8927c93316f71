"""What the API is sent, beside steps.

Written by `make client` from openapi/handover-v1.json; do not change it by hand.
"""

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from handover.client import codes


class Absence(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Days on which the fixed contact is away, both ends included."""

    first: date
    last: date


class Desk(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Whom to turn to at one side before somebody is named for a client."""

    fixed_contact: str | None = None
    substitute: str | None = None
    absences: list[Absence] = []
    team: str | None = None
    coordinator: str | None = None


class PriorityLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Clients whom VDAB follows with priority (*samenwerkingslijn*): own contacts, own answer times."""

    ocmw_contact: str | None = None
    vdab_contact: str | None = None
    answer_times: dict[str, int] | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was agreed.

    `answer_times` is by event type: the answer that is due after that event.
    """

    ocmw_desk: Desk | None = None
    vdab_desk: Desk | None = None
    answer_times: dict[str, int] | None = None
    priority_line: PriorityLine | None = None


class AgreementProposed(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An agreement as somebody writes it down; `ocmw` and `vdab` are its two parties."""

    ocmw: str
    vdab: str
    terms: Terms
    valid_from: date
    valid_until: date | None = None


class BreakGlassOpening(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why you need to read a dossier that colleagues work on.

    No national number in it.
    """

    reason: str


class DossierMerge(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The dossier in which this one goes on."""

    into: str


class DossierOpening(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Opens the client's dossier, or joins it when it exists."""

    ssin: str
    given_name: str
    family_name: str
    birth_date: date
    target_group: codes.TargetGroup
    capacity: codes.Capacity
    legal_basis_id: str
    lead: codes.LeadKind | None = None
    lead_name: str | None = None


class DossierSearch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Looks a client up.

    The number travels in the body, never in an address.
    """

    ssin: str


class Mark(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A dossier and the last sequence seen in it."""

    dossier_id: str
    sequence: int


class Municipality(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A municipality: its code, and its name as people say it."""

    nis_code: str
    name: str


class OfferProposed(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An offer as an organisation writes it.

    No municipality, target group or barrier named: for all of them.
    """

    kind: codes.OfferKind
    title: str
    description: str
    instrument: codes.Instrument | None = None
    municipalities: list[Municipality] = []
    target_groups: list[codes.TargetGroup] = []
    barriers: list[codes.BarrierKind] = []
    how_to_apply: str | None = None
    where: str | None = None
    contact: str | None = None
    link: str | None = None
    valid_from: date
    valid_until: date | None = None


class PersonToIdentify(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What you know of a person.

    Nothing of it travels in an address, and nothing of it is kept.
    """

    ssin: str
    given_name: str
    family_name: str
    birth_date: date
    legal_basis_id: str


class Replay(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The period whose events go out again, by when they were recorded; `which`: all of them, or what is dead."""

    since: datetime
    until: datetime | None = None
    which: Literal["all", "dead"] | None = None


class Resend(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which delivery goes out again."""

    dossier_id: str
    sequence: int


class Seen(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Up to which event the counsellor has seen each dossier."""

    items: list[Mark]


class Skip(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which delivery need not arrive, and why; the reason is shown with the delivery.

    Name nobody in it.
    """

    dossier_id: str
    sequence: int
    reason: str


class SsinReplacement(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The client's new national number, and since when it counts."""

    ssin: str
    replaced_on: date


class SubscriptionChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What changes; what is left out stays."""

    url: str | None = None
    event_types: list[str] | None = None
    content: codes.Content | None = None
    status: Literal["active", "paused"] | None = None


class SubscriptionCreation(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Where events go, and which; without `eventTypes` all of them."""

    url: str
    event_types: list[str] | None = None
    content: codes.Content | None = None


class VdabEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A CloudEvent: who sent it, what happened, in which dossier.

    Other attributes are left alone.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: datetime | None = None
    datacontenttype: str | None = None
    sequence: str | None = None
    correlationid: str | None = None
    data: dict[str, Any] | str | None = None
