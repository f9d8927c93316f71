"""label: the ticket for collective or individual *maatwerk* (design: *label*; Pact 4.3).

The survey's pain is months of silence: every state has a turn and a due moment, and the thread's age is shown
everywhere. Two people decide: the assessor (of the OCMW or VDAB) and, at VDAB, somebody else.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from handover.domain import codes_label as codes
from handover.domain.codes import CancellationReason, Purpose
from handover.domain.deadlines import calendar_days, on_field, working_days
from handover.domain.fields import (
    CONFIDENTIAL,
    CONTENT,
    STEP,
    CounsellorId,
    Day,
    Hours,
    Line,
    OrganisationId,
    Payload,
    Reference,
    Text,
)
from handover.domain.guards import AUTOMATIC_RIGHT, BY_INQUIRY, FOUR_EYES, VDAB_ON_ONE_SIDE
from handover.domain.kinds.common import Cancelled, Concluded, Received, Retried
from handover.domain.threads import By, Kind, Status, Transition, Turn


class Requested(Payload, frozen=True, kw_only=True):
    """The OCMW or VDAB asks for a ticket, by automatic right or after an ICF inquiry."""

    receiver: Annotated[OrganisationId, STEP]
    ticket_type: Annotated[codes.TicketType, STEP]
    route: Annotated[codes.LabelRoute, STEP]
    contact: Annotated[CounsellorId, STEP]
    motivation: Annotated[Text, CONTENT]
    preliminary_inquiry: Annotated[Reference | None, STEP] = None
    """The OCMW's own inquiry (*vooronderzoek*); it stays in the system that holds it."""
    functioning: Annotated[Text | None, CONFIDENTIAL] = None
    """What the client can do, after the ICF."""


class InformationRequested(Payload, frozen=True, kw_only=True):
    """Something is missing before it can be assessed."""

    what: Annotated[tuple[codes.InformationNeeded, ...], Meta(min_length=1), STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class InformationProvided(Payload, frozen=True, kw_only=True):
    """What was asked for, by reference or in words."""

    answer: Annotated[Text, CONTENT]
    reference: Annotated[Reference | None, STEP] = None
    functioning: Annotated[Text | None, CONFIDENTIAL] = None


class Assessed(Payload, frozen=True, kw_only=True):
    """The first pair of eyes assessed the request and advises."""

    assessed_by: Annotated[CounsellorId, STEP]
    advice: Annotated[codes.Advice, STEP]
    proposed_measures: Annotated[tuple[codes.SupportMeasure, ...], STEP] = ()
    findings: Annotated[Text | None, CONFIDENTIAL] = None


class Granted(Payload, frozen=True, kw_only=True):
    """A second person grants the ticket, with its support measures and until when it is valid."""

    decided_by: Annotated[CounsellorId, STEP]
    ticket: Annotated[Reference, STEP]
    valid_until: Annotated[Day, STEP]
    support_measures: Annotated[tuple[codes.SupportMeasure, ...], STEP] = ()
    note: Annotated[Text | None, CONTENT] = None


class Refused(Payload, frozen=True, kw_only=True):
    """A second person refuses the ticket."""

    decided_by: Annotated[CounsellorId, STEP]
    reason: Annotated[codes.LabelRefusalReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class ReconsiderationRequested(Payload, frozen=True, kw_only=True):
    """The requester asks to look at the refusal again, and says what is new."""

    grounds: Annotated[Text, CONTENT]
    functioning: Annotated[Text | None, CONFIDENTIAL] = None


class Placed(Payload, frozen=True, kw_only=True):
    """The client starts with the ticket at an employer."""

    employer: Annotated[Line, CONTENT]
    starts_on: Annotated[Day, STEP]
    hours_per_week: Annotated[Hours | None, STEP] = None


_ASSESSED = Assessed(
    assessed_by="vdab.bemiddelaar-1",
    advice=codes.Advice.POSITIVE,
    proposed_measures=(codes.SupportMeasure.COACHING_AT_WORK,),
)
_INFORMATION = InformationRequested(what=(codes.InformationNeeded.WORK_HISTORY,))
_PROVIDED = InformationProvided(answer="Werkte vier jaar in een kringwinkel, tot 2024.")
_RECEIVED = Received(how="delivery acknowledged")


def _examined(name: str, payload: type[Payload], example: Payload, *starts: Status, **row: object) -> list[Transition]:
    """Rows that bring the request (back) to the assessor: 30 days, or 10 working days by automatic right."""
    return [
        Transition(
            name=name,
            payload=payload,
            example=example,
            starts=starts,
            to=Status.RECEIVED,
            turn=Turn.VDAB,
            due=due,
            when=when,
            **row,  # type: ignore[arg-type]
        )
        for when, due in ((BY_INQUIRY, calendar_days(30)), (AUTOMATIC_RIGHT, working_days(10)))
    ]


LABEL = Kind(
    "label",
    "labels",
    (
        Transition(
            name="requested",
            payload=Requested,
            to=Status.REQUESTED,
            by=By.SENDER,
            turn=Turn.VDAB,
            due=working_days(1),
            guards=(VDAB_ON_ONE_SIDE,),
            addresses="receiver",
            names_sender="contact",
            subject="ticket_type",
            route="route",
            example=Requested(
                receiver="vdab",
                ticket_type=codes.TicketType.INDIVIDUAL_ADAPTED_WORK,
                route=codes.LabelRoute.ICF,
                contact="ocmw-lindedal.trajectbegeleider-1",
                motivation="Wil werken, maar houdt het tempo zonder begeleiding niet vol.",
                preliminary_inquiry="ocmw:vooronderzoek:2026-118",
            ),
        ),
        *_examined("received", Received, _RECEIVED, Status.REQUESTED, by=By.SYSTEM, final=True),
        Transition(
            name="informationRequested",
            payload=InformationRequested,
            starts=(Status.REQUESTED, Status.RECEIVED),
            to=Status.RECEIVED,
            by=By.VDAB,
            turn=Turn.OCMW,
            due=working_days(10),
            example=_INFORMATION,
        ),
        *_examined(
            "informationProvided",
            InformationProvided,
            _PROVIDED,
            Status.RECEIVED,
            by=By.OCMW,
            after=("informationRequested",),
        ),
        Transition(
            name="assessed",
            payload=Assessed,
            starts=(Status.REQUESTED, Status.RECEIVED),
            to=Status.IN_PROGRESS,
            by=By.SIDE,
            turn=Turn.VDAB,
            due=working_days(5),
            names_actor="assessed_by",
            first_eyes=True,
            example=_ASSESSED,
        ),
        Transition(
            name="granted",
            payload=Granted,
            starts=(Status.IN_PROGRESS,),
            to=Status.ACCEPTED,
            by=By.VDAB,
            turn=Turn.SENDER,
            due=on_field("valid_until"),
            guards=(FOUR_EYES,),
            names_actor="decided_by",
            example=Granted(
                decided_by="vdab.bemiddelaar-2",
                ticket="vdab:ticket:2026-4711",
                valid_until=date(2027, 11, 30),
                support_measures=(codes.SupportMeasure.WAGE_SUBSIDY, codes.SupportMeasure.COACHING_AT_WORK),
            ),
        ),
        Transition(
            name="refused",
            payload=Refused,
            starts=(Status.IN_PROGRESS,),
            to=Status.REJECTED,
            by=By.VDAB,
            turn=Turn.SENDER,
            due=working_days(5),
            guards=(FOUR_EYES,),
            names_actor="decided_by",
            outcome="reason",
            example=Refused(decided_by="vdab.bemiddelaar-2", reason=codes.LabelRefusalReason.NOT_ENOUGH_INFORMATION),
        ),
        *_examined(
            "reconsiderationRequested",
            ReconsiderationRequested,
            ReconsiderationRequested(grounds="Er is een nieuw verslag van de arbeidsarts."),
            Status.REJECTED,
            by=By.SENDER,
        ),
        Transition(
            name="placed",
            payload=Placed,
            starts=(Status.ACCEPTED,),
            to=Status.COMPLETED,
            by=By.SIDE,
            turn=Turn.NOBODY,
            example=Placed(employer="Maatwerkbedrijf in de regio", starts_on=date(2026, 11, 16)),
        ),
        Transition(
            name="cancelled",
            payload=Cancelled,
            starts=(Status.REQUESTED, Status.RECEIVED, Status.IN_PROGRESS, Status.ACCEPTED),
            to=Status.CANCELLED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            outcome="reason",
            example=Cancelled(reason=CancellationReason.FOUND_WORK),
        ),
        Transition(
            name="retried",
            payload=Retried,
            starts=(Status.REJECTED,),
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            guards=(VDAB_ON_ONE_SIDE,),
            addresses="receiver",
            reopens=True,
            final=True,
            example=Retried(note="De situatie is veranderd: nieuwe aanvraag."),
        ),
        Transition(
            name="concluded",
            payload=Concluded,
            starts=(Status.REJECTED,),
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            example=Concluded(what_now="We zoeken samen een gewone job met begeleiding."),
        ),
    ),
    purpose=Purpose.LABEL_ASSESSMENT,
    restricted=True,
)
