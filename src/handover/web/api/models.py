"""Request and answer bodies as the API description shows them. Answers are written as bytes, never through these."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from handover.domain.codes import Capacity, LeadKind, TargetGroup

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Ssin = Annotated[str, StringConstraints(pattern=r"^[0-9]{11}$")]


class Body(BaseModel):
    """A body in camelCase that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False, frozen=True)


class DossierOpening(Body):
    """Opens the client's dossier, or joins it when it exists."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "ssin": "80010100107",
                "givenName": "Voorbeeld",
                "familyName": "Een",
                "birthDate": "1980-01-01",
                "targetGroup": "livingWage",
                "capacity": "livingWage",
                "legalBasisId": "demo-protocol",
            }
        }
    )

    ssin: Ssin = Field(description="National number or BIS number, 11 digits")
    given_name: Line
    family_name: Line
    birth_date: date
    target_group: TargetGroup
    capacity: Capacity
    legal_basis_id: Line = Field(description="An entry of /v1/refData/legalBases")
    lead: LeadKind | None = Field(None, description="Only for inactiveWithoutBenefit: who directs, ocmw or vdab")
    lead_name: Line | None = Field(None, description="Only for inactiveWithBenefit: the paying body")


class DossierSearch(Body):
    """Looks a client up. The number travels in the body, never in an address."""

    model_config = ConfigDict(json_schema_extra={"example": {"ssin": "80010100107"}})

    ssin: Ssin


class SubscriptionCreation(Body):
    """Where events go, and which; without `eventTypes` all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"url": "https://casemanagement.example/handover", "eventTypes": ["handover.requested"]}
        }
    )

    url: Annotated[str, StringConstraints(min_length=8, max_length=2000)]
    event_types: list[str] | None = None


class SubscriptionChange(Body):
    """What changes; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "paused"}})

    url: Annotated[str, StringConstraints(min_length=8, max_length=2000)] | None = None
    event_types: list[str] | None = None
    status: Annotated[str, StringConstraints(pattern="^(active|paused)$")] | None = None


class Resend(Body):
    """Which delivery goes out again."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"dossierId": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3", "sequence": 4}}
    )

    dossier_id: str
    sequence: Annotated[int, Field(ge=1)]


class Replay(Body):
    """The period whose events go out again, by when they were recorded."""

    model_config = ConfigDict(json_schema_extra={"example": {"since": "2026-11-01T00:00:00Z"}})

    since: datetime
    until: datetime | None = None


class Seen(Body):
    """Up to which event the counsellor has seen each dossier."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"items": [{"dossierId": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3", "sequence": 7}]}
        }
    )

    class Mark(Body):
        """A dossier and the last sequence seen in it."""

        dossier_id: str
        sequence: Annotated[int, Field(ge=1)]

    items: Annotated[list[Mark], Field(min_length=1, max_length=500)]


class Issue(BaseModel):
    """One thing wrong with the input."""

    type: str
    title: str
    detail: str
    in_: str = Field(alias="in")
    name: str | None = None


class Problem(BaseModel):
    """Problem details (RFC 9457): what happened and what to do next."""

    type: str
    href: str
    title: str
    status: int
    detail: str
    instance: str
    issues: list[Issue] | None = None
    required_scopes: list[str] | None = Field(None, alias="requiredScopes")


class ActorView(BaseModel):
    """Who did it: a counsellor, or an application for an organisation."""

    name: str
    counsellorId: str | None = None  # noqa: N815
    application: str | None = None


class PartyView(BaseModel):
    """One side of a thread."""

    organisation: str
    counsellor: str | None = None


class ThreadView(BaseModel):
    """A process instance: where it is, whose turn it is, until when."""

    model_config = ConfigDict(alias_generator=to_camel)

    thread_id: str
    kind: str
    topic: str | None = None
    status: str
    sender: PartyView
    receiver: PartyView | None = None
    turn: PartyView | None = None
    due_at: datetime | None = None
    due_rule: str | None = None
    opened_at: datetime
    since: datetime
    last_type: str
    correlation_id: str
    outcome: str | None = None
    purpose: str | None = None
    review_on: date | None = None


class EventView(BaseModel):
    """A recorded event; `threads` is what it made of the threads it touched."""

    model_config = ConfigDict(alias_generator=to_camel)

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
    threads: list[ThreadView] | None = None
    href: str


class Collection(BaseModel):
    """Items with the address of this page and, where there is more, of the next."""

    items: list[dict[str, Any]]
    self: str
    next: str | None = None
    total: int | None = None


class Events(Collection):
    """Recorded events, in order."""

    items: list[EventView]  # type: ignore[assignment]


class ClientView(BaseModel):
    """Whom the dossier is about."""

    model_config = ConfigDict(alias_generator=to_camel)

    ssin: str
    given_name: str
    family_name: str
    birth_date: date


class DossierView(BaseModel):
    """A dossier at `version`, the sequence of its latest event."""

    model_config = ConfigDict(alias_generator=to_camel)

    dossier_id: str
    href: str
    version: int
    status: str
    client: ClientView | None = None
    target_group: str
    lead: dict[str, str]
    inscriptions: list[dict[str, Any]]
    contacts: list[dict[str, Any]]
    facts: dict[str, Any]
    opened_at: datetime
    changed_at: datetime
