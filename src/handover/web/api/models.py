"""Request bodies and the problem document. What answers look like is in `views`."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from handover.delivery.subscriptions import Content
from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.web.api.moments import ReachableDay, ReachableMoment

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Ssin = Annotated[str, StringConstraints(pattern=r"^[0-9]{11}$")]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2000)]
EventTypeNames = Annotated[list[str], Field(max_length=200, description="Names from /v1/refData/eventTypes")]
Sequence = Annotated[int, Field(ge=1, le=2**31 - 1, description="Of an event, within its dossier")]
DossierId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"),
    Field(json_schema_extra={"format": "uuid"}),
]


def _no_null(given: Any) -> Any:  # noqa: ANN401 - whatever the body holds
    if given is None:
        raise PydanticCustomError("null", "null")
    return given


_Given = TypeVar("_Given")
OrAbsent = Annotated[_Given | None, BeforeValidator(_no_null)]
"""What may be left out; null is not a way to do so, as answers hold none either."""


class Body(BaseModel):
    """A body in camelCase, read to the letter: no unknown fields, no text for a number or the reverse."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=False, frozen=True, strict=True
    )


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
    birth_date: ReachableDay
    target_group: TargetGroup
    capacity: Capacity
    legal_basis_id: Line = Field(description="An entry of /v1/refData/legalBases")
    lead: OrAbsent[LeadKind] = Field(None, description="Only for inactiveWithoutBenefit: who directs, ocmw or vdab")
    lead_name: OrAbsent[Line] = Field(None, description="Only for inactiveWithBenefit: the paying body")


class DossierSearch(Body):
    """Looks a client up. The number travels in the body, never in an address."""

    model_config = ConfigDict(json_schema_extra={"example": {"ssin": "80010100107"}})

    ssin: Ssin


class SsinReplacement(Body):
    """The client's new national number, and since when it counts."""

    model_config = ConfigDict(json_schema_extra={"example": {"ssin": "80010100206", "replacedOn": "2026-11-02"}})

    ssin: Ssin = Field(description="The new national number or BIS number, 11 digits")
    replaced_on: ReachableDay


class DossierMerge(Body):
    """The dossier in which this one goes on."""

    model_config = ConfigDict(json_schema_extra={"example": {"into": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3"}})

    into: DossierId


class SubscriptionCreation(Body):
    """Where events go, and which; without `eventTypes` all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "url": "https://casemanagement.example/handover",
                "eventTypes": ["handover.requested"],
            }
        }
    )

    url: Url
    event_types: OrAbsent[EventTypeNames] = None
    content: Content = Field(
        Content.THIN, description="full: the event goes along, as you may see it when it is sent", strict=False
    )


class SubscriptionChange(Body):
    """What changes; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "paused"}})

    url: OrAbsent[Url] = None
    event_types: OrAbsent[EventTypeNames] = None
    content: OrAbsent[Content] = Field(None, strict=False)
    status: OrAbsent[Literal["active", "paused"]] = None


class Resend(Body):
    """Which delivery goes out again."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"dossierId": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3", "sequence": 4}}
    )

    dossier_id: DossierId
    sequence: Sequence


class Skip(Resend):
    """Which delivery need not arrive, and why; the reason is shown with the delivery. Name nobody in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "dossierId": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3",
                "sequence": 4,
                "reason": "Taken over by telephone",
            }
        }
    )

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Replay(Body):
    """The period whose events go out again, by when they were recorded; `which`: all of them, or what is dead."""

    model_config = ConfigDict(json_schema_extra={"example": {"since": "2026-11-01T00:00:00Z"}})

    since: ReachableMoment
    until: OrAbsent[ReachableMoment] = None
    which: Literal["all", "dead"] = "all"


class Mark(Body):
    """A dossier and the last sequence seen in it."""

    dossier_id: DossierId
    sequence: Sequence


class Seen(Body):
    """Up to which event the counsellor has seen each dossier."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [{"dossierId": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3", "sequence": 7}]}}
    )

    items: Annotated[list[Mark], Field(min_length=1, max_length=500)]


class Issue(BaseModel):
    """One thing wrong with the input."""

    type: str
    title: str
    detail: str
    in_: Literal["body", "path", "query", "header"] = Field(alias="in")
    name: str | None = None
    replaced_by: Ssin | None = Field(
        None, alias="replacedBy", description="Of type replacedSsin: the number that holds now"
    )


class Problem(BaseModel):
    """Problem details (RFC 9457): what happened and what to do next."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:problem-type:belgif:badRequest",
                "href": "https://www.belgif.be/specification/rest/api-guide/#standardized-problem-types",
                "title": "Bad request",
                "status": 400,
                "detail": "The request holds input that cannot be used; see issues.",
                "instance": "urn:uuid:01a2039f-8f32-7d21-ab59-99e3cbca2aa3",
                "issues": [
                    {
                        "type": "urn:problem-type:belgif:input-validation:invalidInput",
                        "title": "Invalid input",
                        "detail": "Not a valid national number: check the digits on the identity document.",
                        "in": "body",
                        "name": "ssin",
                    }
                ],
            }
        }
    )

    type: str
    href: str
    title: str
    status: int
    detail: str
    instance: str
    issues: list[Issue] | None = None
    required_scopes: list[str] | None = Field(None, alias="requiredScopes")
