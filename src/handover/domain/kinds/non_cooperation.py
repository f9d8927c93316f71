"""nonCooperation: a report and its watertight feedback (design: *nonCooperation*; survey, part 2 point 5).

Only within the regime of rights and duties. VDAB always learns the outcome code; the motivation stays with the OCMW
unless it shares it. It cannot end in silence: only `closed` and `withdrawn` end it, and whoever does not answer is
reminded up the ladder.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from handover.domain import codes_non_cooperation as codes
from handover.domain.codes import ContactMeans, OrganisationKind
from handover.domain.deadlines import calendar_days, on_field, working_days
from handover.domain.fields import (
    CONFIDENTIAL,
    CONTENT,
    STEP,
    CounsellorId,
    Day,
    Moment,
    OrganisationId,
    Payload,
    Reference,
    Text,
)
from handover.domain.guards import IN_REGIME, receiver_is
from handover.domain.threads import By, Kind, Status, Transition, Turn


class Observed(Payload, frozen=True, kw_only=True):
    """VDAB saw something that may be non-cooperation; provisional, the client may have good reasons."""

    receiver: Annotated[OrganisationId, STEP]
    act: Annotated[codes.NonCooperationAct, STEP]
    happened_at: Annotated[Moment, STEP]
    what: Annotated[Text, CONTENT]
    agreement: Annotated[Text, CONTENT]
    """Which agreement with the client it concerns."""
    contact: Annotated[CounsellorId | None, STEP] = None
    thread: Annotated[Reference | None, STEP] = None


class Justified(Payload, frozen=True, kw_only=True):
    """The OCMW asked the client, and records the reasons."""

    reason: Annotated[codes.ClientReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None
    circumstances: Annotated[Text | None, CONFIDENTIAL] = None


class Reported(Payload, frozen=True, kw_only=True):
    """VDAB reports it formally."""

    what: Annotated[Text, CONTENT]


class Acknowledged(Payload, frozen=True, kw_only=True):
    """The OCMW takes it up, with a named counsellor."""

    counsellor: Annotated[CounsellorId, STEP]


class ClientHeard(Payload, frozen=True, kw_only=True):
    """The client was heard."""

    heard_at: Annotated[Moment, STEP]
    means: Annotated[ContactMeans, STEP]
    account: Annotated[Text | None, CONFIDENTIAL] = None
    """What the client said."""


class SanctionUnderReview(Payload, frozen=True, kw_only=True):
    """The OCMW's committee looks at a sanction, and this is when it decides."""

    decision_on: Annotated[Day, STEP]


class OutcomeDecided(Payload, frozen=True, kw_only=True):
    """The OCMW decided. VDAB sees the code; of the motivation only what the OCMW writes in `sharedMotivation`."""

    outcome: Annotated[codes.NonCooperationOutcome, STEP]
    decided_on: Annotated[Day, STEP]
    motivation: Annotated[Text | None, CONFIDENTIAL] = None
    shared_motivation: Annotated[Text | None, CONTENT] = None


class Closed(Payload, frozen=True, kw_only=True):
    """VDAB has the outcome, or the client's reasons suffice."""

    note: Annotated[Text | None, CONTENT] = None


class Contested(Payload, frozen=True, kw_only=True):
    """The client disagrees; the OCMW records it for the client. The process goes on."""

    statement: Annotated[Text, CONTENT]


class Withdrawn(Payload, frozen=True, kw_only=True):
    """VDAB takes the report back."""

    reason: Annotated[codes.ReportWithdrawalReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


_OPEN = (Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS)

NON_COOPERATION = Kind(
    "nonCooperation",
    "nonCooperations",
    (
        Transition(
            name="observed",
            payload=Observed,
            to=Status.REQUESTED,
            by=By.VDAB,
            turn=Turn.RECEIVER,
            due=working_days(3),
            guards=(IN_REGIME, receiver_is(OrganisationKind.OCMW)),
            addresses="receiver",
            names_sender="contact",
            subject="act",
            example=Observed(
                receiver="ocmw-lindedal",
                act=codes.NonCooperationAct.MISSED_APPOINTMENT,
                happened_at=datetime(2026, 11, 19, 9, 0, tzinfo=UTC),
                what="Kwam niet naar het tweede gesprek en belde niet af.",
                agreement="Elke twee weken een gesprek bij VDAB, afgesproken op 5 november.",
            ),
        ),
        Transition(
            name="justified",
            payload=Justified,
            starts=(Status.REQUESTED,),
            after=("observed",),
            to=Status.RECEIVED,
            by=By.OCMW,
            turn=Turn.VDAB,
            due=working_days(5),
            example=Justified(reason=codes.ClientReason.CARE_DUTIES, explanation="Haar kind was ziek."),
        ),
        Transition(
            name="reported",
            payload=Reported,
            starts=(Status.REQUESTED, Status.RECEIVED),
            after=("observed", "justified"),
            to=Status.REQUESTED,
            by=By.VDAB,
            turn=Turn.OCMW,
            due=working_days(3),
            example=Reported(what="Derde gesprek op rij zonder bericht gemist."),
        ),
        Transition(
            name="acknowledged",
            payload=Acknowledged,
            starts=(Status.REQUESTED,),
            after=("reported",),
            to=Status.ACCEPTED,
            by=By.OCMW,
            turn=Turn.OCMW,
            due=working_days(10),
            names_receiver="counsellor",
            example=Acknowledged(counsellor="ocmw-lindedal.trajectbegeleider-1"),
        ),
        Transition(
            name="clientHeard",
            payload=ClientHeard,
            starts=(Status.ACCEPTED,),
            to=Status.IN_PROGRESS,
            by=By.OCMW,
            turn=Turn.OCMW,
            due=calendar_days(30),
            example=ClientHeard(heard_at=datetime(2026, 11, 20, 14, 0, tzinfo=UTC), means=ContactMeans.OFFICE),
        ),
        Transition(
            name="sanctionUnderReview",
            payload=SanctionUnderReview,
            starts=(Status.IN_PROGRESS,),
            after=("clientHeard", "sanctionUnderReview"),
            to=Status.IN_PROGRESS,
            by=By.OCMW,
            turn=Turn.OCMW,
            due=on_field("decision_on"),
            example=SanctionUnderReview(decision_on=date(2026, 12, 15)),
        ),
        Transition(
            name="outcomeDecided",
            payload=OutcomeDecided,
            starts=(Status.IN_PROGRESS,),
            after=("clientHeard", "sanctionUnderReview"),
            to=Status.IN_PROGRESS,
            by=By.OCMW,
            turn=Turn.VDAB,
            due=working_days(5),
            outcome="outcome",
            example=OutcomeDecided(
                outcome=codes.NonCooperationOutcome.AGREEMENTS_RENEWED,
                decided_on=date(2026, 11, 20),
                shared_motivation="Nieuwe afspraak: gesprekken enkel tijdens de schooluren.",
            ),
        ),
        Transition(
            name="closed",
            payload=Closed,
            starts=(Status.RECEIVED, Status.IN_PROGRESS),
            after=("justified", "outcomeDecided"),
            to=Status.COMPLETED,
            by=By.VDAB,
            turn=Turn.NOBODY,
            example=Closed(),
        ),
        *(
            Transition(
                name="contested",
                payload=Contested,
                starts=(status,),
                to=status,
                by=By.OCMW,
                turn=Turn.UNCHANGED,
                remark=True,
                example=Contested(statement="De cliënt zegt dat ze de uitnodiging nooit kreeg."),
            )
            for status in _OPEN
        ),
        Transition(
            name="withdrawn",
            payload=Withdrawn,
            starts=_OPEN,
            to=Status.CANCELLED,
            by=By.VDAB,
            turn=Turn.NOBODY,
            outcome="reason",
            example=Withdrawn(reason=codes.ReportWithdrawalReason.SETTLED_IN_TALK),
        ),
    ),
    restricted=True,
    mandate_opens=False,
)
