"""handover: a referral and its warm handover (design: table *handover*)."""

from datetime import UTC, date, datetime
from typing import Annotated

from msgspec import Meta

from handover.domain import codes
from handover.domain.codes_follow_up import BarrierKind
from handover.domain.deadlines import calendar_days, on_field, working_days
from handover.domain.fields import (
    CONTENT,
    STEP,
    CounsellorId,
    Day,
    Line,
    Moment,
    OrganisationId,
    Payload,
    Reference,
    Text,
)
from handover.domain.guards import BASIS_OF_RETRY
from handover.domain.kinds.common import Cancelled, Concluded, Noted, Received, Retried
from handover.domain.threads import By, Kind, Status, Transition, Turn


class Requested(Payload, frozen=True, kw_only=True):
    """An organisation refers the client and names its own contact."""

    receiver: Annotated[OrganisationId, STEP]
    purpose: Annotated[codes.Purpose, STEP]
    summary: Annotated[Text, CONTENT]
    contact: Annotated[CounsellorId, STEP]
    legal_basis_id: Annotated[Reference, STEP]
    client_wish: Annotated[Text | None, CONTENT] = None
    open_barriers: Annotated[tuple[BarrierKind, ...], Meta(max_length=len(BarrierKind)), CONTENT] = ()
    """What still stands between the client and work; whoever receives it need not look for the intake."""
    joint_talk_proposed_at: Annotated[Moment | None, STEP] = None


class Accepted(Payload, frozen=True, kw_only=True):
    """The receiver takes it up, with a named counsellor and a first step towards the client."""

    counsellor: Annotated[CounsellorId, STEP]
    first_appointment_at: Annotated[Moment | None, STEP] = None
    reached_by: Annotated[codes.ContactMeans | None, STEP] = None
    note: Annotated[Text | None, CONTENT] = None

    def lacks(self) -> tuple[str, str] | None:
        """Without an appointment the sender must know how the client will be reached."""
        if self.first_appointment_at or self.reached_by:
            return None
        return (
            "firstAppointmentAt",
            "Give the first appointment, or say in reachedBy how you reach the client.",
        )


class Rejected(Payload, frozen=True, kw_only=True):
    """The receiver does not take it up, and may know a better place."""

    reason: Annotated[codes.RejectionReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None
    better_place: Annotated[Line | None, STEP] = None


class ContactAttempted(Payload, frozen=True, kw_only=True):
    """The receiver tried to reach the client."""

    attempted_at: Annotated[Moment, STEP]
    means: Annotated[codes.ContactMeans, STEP]
    result: Annotated[codes.ContactResult, STEP]


class Contacted(Payload, frozen=True, kw_only=True):
    """The receiver met or spoke the client: from here on the receiver is responsible."""

    contacted_at: Annotated[Moment, STEP]
    means: Annotated[codes.ContactMeans, STEP]
    present: Annotated[tuple[codes.Present, ...], Meta(min_length=1), STEP]
    note: Annotated[Text | None, CONTENT] = None


class Progressed(Payload, frozen=True, kw_only=True):
    """What happened, and what comes next."""

    what_happened: Annotated[Text, CONTENT]
    next_step: Annotated[Text, CONTENT]


class Held(Payload, frozen=True, kw_only=True):
    """The road waits, until a day on which someone looks again."""

    reason: Annotated[codes.HoldReason, STEP]
    review_on: Annotated[Day, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class Completed(Payload, frozen=True, kw_only=True):
    """The referral reached its end; says what the sender must still do."""

    outcome: Annotated[codes.HandoverOutcome, STEP]
    sender_must_still: Annotated[Text, CONTENT]


class Failed(Payload, frozen=True, kw_only=True):
    """The referral came to nothing after it was accepted."""

    reason: Annotated[codes.FailureReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class CancellationRequested(Payload, frozen=True, kw_only=True):
    """The sender asks to stop a referral that is already under way."""

    reason: Annotated[codes.CancellationReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


_OPEN_REQUEST = (Status.REQUESTED, Status.RECEIVED)
_SETBACK = (Status.REJECTED, Status.FAILED)

HANDOVER = Kind(
    "handover",
    "handovers",
    (
        Transition(
            name="requested",
            payload=Requested,
            to=Status.REQUESTED,
            by=By.SENDER,
            turn=Turn.RECEIVER,
            due=working_days(1),
            addresses="receiver",
            names_sender="contact",
            subject="purpose",
            example=Requested(
                receiver="vdab",
                purpose=codes.Purpose.GUIDANCE_TO_WORK,
                summary="Wil als magazijnier werken, heeft een heftruckattest, zoekt nog kinderopvang.",
                contact="ocmw-lindedal.trajectbegeleider-1",
                legal_basis_id="demo-protocol",
                client_wish="Liefst werk in de buurt, tijdens de schooluren.",
                open_barriers=(BarrierKind.CHILDCARE,),
            ),
        ),
        Transition(
            name="received",
            payload=Received,
            starts=(Status.REQUESTED,),
            to=Status.RECEIVED,
            by=By.SYSTEM,
            turn=Turn.RECEIVER,
            due=working_days(5),
            final=True,
            example=Received(how="delivery acknowledged"),
        ),
        Transition(
            name="accepted",
            payload=Accepted,
            starts=_OPEN_REQUEST,
            to=Status.ACCEPTED,
            by=By.RECEIVER,
            turn=Turn.RECEIVER,
            due=working_days(15),
            names_receiver="counsellor",
            example=Accepted(
                counsellor="vdab.bemiddelaar-1",
                first_appointment_at=datetime(2026, 12, 3, 9, 30, tzinfo=UTC),
                reached_by=codes.ContactMeans.THREE_WAY_TALK,
            ),
        ),
        Transition(
            name="rejected",
            payload=Rejected,
            starts=_OPEN_REQUEST,
            to=Status.REJECTED,
            by=By.RECEIVER,
            turn=Turn.SENDER,
            due=working_days(5),
            outcome="reason",
            example=Rejected(reason=codes.RejectionReason.WRONG_SERVICE, better_place="Dienst arbeidszorg in de regio"),
        ),
        Transition(
            name="contactAttempted",
            payload=ContactAttempted,
            starts=(Status.ACCEPTED,),
            to=Status.ACCEPTED,
            by=By.RECEIVER,
            turn=Turn.UNCHANGED,
            remark=True,
            example=ContactAttempted(
                attempted_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
                means=codes.ContactMeans.PHONE,
                result=codes.ContactResult.NO_ANSWER,
            ),
        ),
        Transition(
            name="contacted",
            payload=Contacted,
            starts=(Status.ACCEPTED,),
            to=Status.IN_PROGRESS,
            by=By.RECEIVER,
            turn=Turn.RECEIVER,
            due=calendar_days(7),
            example=Contacted(
                contacted_at=datetime(2026, 11, 20, 13, 0, tzinfo=UTC),
                means=codes.ContactMeans.THREE_WAY_TALK,
                present=(codes.Present.CLIENT, codes.Present.SENDER, codes.Present.RECEIVER),
            ),
        ),
        Transition(
            name="progressed",
            payload=Progressed,
            starts=(Status.IN_PROGRESS,),
            to=Status.IN_PROGRESS,
            by=By.RECEIVER,
            turn=Turn.RECEIVER,
            due=calendar_days(30),
            example=Progressed(
                what_happened="Sollicitatietraining gevolgd, twee vacatures gekozen.",
                next_step="Samen solliciteren bij een magazijn in de buurt.",
            ),
        ),
        Transition(
            name="held",
            payload=Held,
            starts=(Status.IN_PROGRESS,),
            to=Status.ON_HOLD,
            by=By.RECEIVER,
            turn=Turn.RECEIVER,
            due=on_field("review_on"),
            outcome="reason",
            example=Held(reason=codes.HoldReason.ILLNESS, review_on=date(2027, 1, 11)),
        ),
        Transition(
            name="resumed",
            payload=Noted,
            starts=(Status.ON_HOLD,),
            to=Status.IN_PROGRESS,
            by=By.RECEIVER,
            turn=Turn.RECEIVER,
            due=calendar_days(30),
            example=Noted(note="Weer beschikbaar."),
        ),
        Transition(
            name="completed",
            payload=Completed,
            starts=(Status.IN_PROGRESS,),
            to=Status.COMPLETED,
            by=By.RECEIVER,
            turn=Turn.NOBODY,
            outcome="outcome",
            example=Completed(
                outcome=codes.HandoverOutcome.EMPLOYED,
                sender_must_still="Leefloon stopzetten vanaf de eerste werkdag.",
            ),
        ),
        Transition(
            name="failed",
            payload=Failed,
            starts=(Status.ACCEPTED, Status.IN_PROGRESS),
            to=Status.FAILED,
            by=By.RECEIVER,
            turn=Turn.SENDER,
            due=working_days(5),
            outcome="reason",
            example=Failed(reason=codes.FailureReason.UNREACHABLE, explanation="Drie keer geprobeerd."),
        ),
        Transition(
            name="cancelled",
            payload=Cancelled,
            starts=(*_OPEN_REQUEST, Status.ACCEPTED),
            to=Status.CANCELLED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            outcome="reason",
            example=Cancelled(reason=codes.CancellationReason.FOUND_WORK),
        ),
        *(
            Transition(
                name="cancellationRequested",
                payload=CancellationRequested,
                starts=(status,),
                to=status,
                by=By.SENDER,
                turn=Turn.RECEIVER,
                due=working_days(5),
                example=CancellationRequested(reason=codes.CancellationReason.MOVED),
            )
            for status in (Status.IN_PROGRESS, Status.ON_HOLD)
        ),
        Transition(
            name="retried",
            payload=Retried,
            starts=_SETBACK,
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            guards=(BASIS_OF_RETRY,),
            addresses="receiver",
            reopens=True,
            final=True,
            example=Retried(note="De cliënt heeft een nieuw telefoonnummer."),
        ),
        Transition(
            name="concluded",
            payload=Concluded,
            starts=_SETBACK,
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            example=Concluded(what_now="Het OCMW begeleidt de cliënt zelf verder."),
        ),
    ),
    restarts=((Status.IN_PROGRESS, calendar_days(30)),),
)
