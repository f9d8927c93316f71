"""training: a course, a workplace instrument or Dutch lessons (design: *training*; Pact 4.1, 4.3).

Where the client is on leefloon the OCMW's committee (BCSD) approves first. A waiting list has an expected start that
must be refreshed: nobody waits without knowing for how long.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from handover.domain import codes_training as codes
from handover.domain.codes import CancellationReason, HoldReason, Purpose
from handover.domain.codes_follow_up import AbsenceReason
from handover.domain.deadlines import calendar_days, on_field, working_days
from handover.domain.fields import (
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
from handover.domain.guards import OCMW_ON_ONE_SIDE, OFF_LIVING_WAGE, ON_LIVING_WAGE
from handover.domain.kinds.common import Cancelled, Concluded, Noted, Retried
from handover.domain.threads import By, Kind, Status, Transition, Turn

HoursInPeriod = Annotated[float, Meta(ge=0, le=800)]


class Proposed(Payload, frozen=True, kw_only=True):
    """A training is proposed to the other side: which instrument, why, where, and how the client gets there."""

    receiver: Annotated[OrganisationId, STEP]
    instrument: Annotated[codes.Instrument, STEP]
    title: Annotated[Line, STEP]
    why: Annotated[Text, CONTENT]
    where: Annotated[Line, STEP]
    reachable_by: Annotated[Line, CONTENT]
    hours_per_week: Annotated[Hours | None, STEP] = None
    contact: Annotated[CounsellorId | None, STEP] = None


class Approved(Payload, frozen=True, kw_only=True):
    """The OCMW's committee approves."""

    decided_on: Annotated[Day, STEP]
    note: Annotated[Text | None, CONTENT] = None


class Refused(Payload, frozen=True, kw_only=True):
    """The OCMW's committee does not approve."""

    reason: Annotated[codes.TrainingRefusalReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class Waitlisted(Payload, frozen=True, kw_only=True):
    """The client waits for a place, and this is when it is expected; to be said again every 30 days."""

    expected_start: Annotated[Day, STEP]
    note: Annotated[Text | None, CONTENT] = None


class Started(Payload, frozen=True, kw_only=True):
    """The training started."""

    starts_on: Annotated[Day, STEP]
    ends_on: Annotated[Day | None, STEP] = None
    hours_per_week: Annotated[Hours | None, STEP] = None
    counsellor: Annotated[CounsellorId | None, STEP] = None


class AttendanceRecorded(Payload, frozen=True, kw_only=True):
    """How many hours were planned in a period, and missed with or without a valid reason."""

    first_day: Annotated[Day, STEP]
    last_day: Annotated[Day, STEP]
    hours_planned: Annotated[HoursInPeriod, STEP]
    hours_missed_with_reason: Annotated[HoursInPeriod | None, STEP] = None
    hours_missed_without_reason: Annotated[HoursInPeriod | None, STEP] = None
    reason: Annotated[AbsenceReason | None, STEP] = None
    note: Annotated[Text | None, CONTENT] = None

    def lacks(self) -> tuple[str, str] | None:
        """A period runs forward, and nobody misses more than was planned."""
        if self.last_day < self.first_day:
            return "lastDay", "The period ends before it begins."
        missed = (self.hours_missed_with_reason or 0.0) + (self.hours_missed_without_reason or 0.0)
        if missed > self.hours_planned:
            return "hoursPlanned", "More hours were missed than planned."
        return None


class Interrupted(Payload, frozen=True, kw_only=True):
    """The training waits, until a day on which someone looks again."""

    reason: Annotated[HoldReason, STEP]
    review_on: Annotated[Day, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class Completed(Payload, frozen=True, kw_only=True):
    """The training reached its end."""

    result: Annotated[codes.TrainingResult, STEP]
    ended_on: Annotated[Day, STEP]
    certificate: Annotated[Reference | None, STEP] = None
    note: Annotated[Text | None, CONTENT] = None


class Stopped(Payload, frozen=True, kw_only=True):
    """The training was broken off, or never began."""

    reason: Annotated[codes.TrainingStopReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class ContractCrossed(Payload, frozen=True, kw_only=True):
    """A warning: a contract art. 60 was started across this training. Talk about which of the two goes on."""

    contract: Annotated[Reference, STEP]
    """The thread of the contract."""


_PROPOSED = Proposed(
    receiver="vdab",
    instrument=codes.Instrument.IBO,
    title="Magazijnmedewerker",
    why="Heeft ervaring in een magazijn, mist het heftruckattest.",
    where="Opleidingscentrum in de regio",
    reachable_by="Met de fiets, 20 minuten.",
    hours_per_week=38.0,
)
_RUNNING = (Status.IN_PROGRESS,)


def _proposed(**row: object) -> Transition:
    return Transition(
        name="proposed",
        payload=Proposed,
        example=_PROPOSED,
        by=By.SENDER,
        guards=(OCMW_ON_ONE_SIDE,),
        addresses="receiver",
        names_sender="contact",
        subject="instrument",
        **row,  # type: ignore[arg-type]
    )


TRAINING = Kind(
    "training",
    "trainings",
    (
        _proposed(when=ON_LIVING_WAGE, to=Status.REQUESTED, turn=Turn.OCMW, due=calendar_days(30)),
        _proposed(when=OFF_LIVING_WAGE, to=Status.ACCEPTED, turn=Turn.ORGANISER, due=working_days(10)),
        Transition(
            name="approved",
            payload=Approved,
            starts=(Status.REQUESTED,),
            to=Status.ACCEPTED,
            by=By.OCMW,
            turn=Turn.ORGANISER,
            due=working_days(10),
            example=Approved(decided_on=date(2026, 11, 20)),
        ),
        Transition(
            name="refused",
            payload=Refused,
            starts=(Status.REQUESTED,),
            to=Status.REJECTED,
            by=By.OCMW,
            turn=Turn.SENDER,
            due=working_days(5),
            outcome="reason",
            example=Refused(reason=codes.TrainingRefusalReason.TOO_LONG),
        ),
        Transition(
            name="waitlisted",
            payload=Waitlisted,
            starts=(Status.ACCEPTED,),
            to=Status.ACCEPTED,
            by=By.ORGANISER,
            turn=Turn.ORGANISER,
            due=calendar_days(30),
            example=Waitlisted(expected_start=date(2027, 2, 1)),
        ),
        Transition(
            name="started",
            payload=Started,
            starts=(Status.ACCEPTED,),
            to=Status.IN_PROGRESS,
            by=By.ORGANISER,
            turn=Turn.ORGANISER,
            due=calendar_days(30),
            example=Started(starts_on=date(2026, 11, 23), ends_on=date(2027, 5, 28)),
        ),
        Transition(
            name="attendanceRecorded",
            payload=AttendanceRecorded,
            starts=_RUNNING,
            to=Status.IN_PROGRESS,
            by=By.ORGANISER,
            turn=Turn.ORGANISER,
            due=calendar_days(30),
            example=AttendanceRecorded(
                first_day=date(2026, 11, 2),
                last_day=date(2026, 11, 20),
                hours_planned=114.0,
                hours_missed_with_reason=8.0,
                reason=AbsenceReason.ILLNESS,
            ),
        ),
        Transition(
            name="interrupted",
            payload=Interrupted,
            starts=_RUNNING,
            to=Status.ON_HOLD,
            by=By.ORGANISER,
            turn=Turn.ORGANISER,
            due=on_field("review_on"),
            outcome="reason",
            example=Interrupted(reason=HoldReason.ILLNESS, review_on=date(2027, 1, 11)),
        ),
        Transition(
            name="resumed",
            payload=Noted,
            starts=(Status.ON_HOLD,),
            to=Status.IN_PROGRESS,
            by=By.ORGANISER,
            turn=Turn.ORGANISER,
            due=calendar_days(30),
            example=Noted(note="Weer gezond en terug in de les."),
        ),
        Transition(
            name="completed",
            payload=Completed,
            starts=_RUNNING,
            to=Status.COMPLETED,
            by=By.ORGANISER,
            turn=Turn.NOBODY,
            outcome="result",
            example=Completed(result=codes.TrainingResult.PASSED, ended_on=date(2026, 11, 20)),
        ),
        Transition(
            name="stopped",
            payload=Stopped,
            starts=(Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD),
            to=Status.FAILED,
            by=By.ORGANISER,
            turn=Turn.SENDER,
            due=working_days(5),
            outcome="reason",
            example=Stopped(reason=codes.TrainingStopReason.TOO_HARD, explanation="De theorie gaat te snel."),
        ),
        *(
            Transition(
                name="contractCrossed",
                payload=ContractCrossed,
                starts=(status,),
                to=status,
                by=By.SYSTEM,
                turn=Turn.UNCHANGED,
                remark=True,
                example=ContractCrossed(contract="01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10"),
            )
            for status in (Status.IN_PROGRESS, Status.ON_HOLD)
        ),
        Transition(
            name="cancelled",
            payload=Cancelled,
            starts=(Status.REQUESTED, Status.ACCEPTED),
            to=Status.CANCELLED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            outcome="reason",
            example=Cancelled(reason=CancellationReason.CLIENT_WITHDREW),
        ),
        Transition(
            name="retried",
            payload=Retried,
            starts=(Status.REJECTED, Status.FAILED),
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            guards=(OCMW_ON_ONE_SIDE,),
            addresses="receiver",
            reopens=True,
            final=True,
            example=Retried(note="Nu een kortere opleiding, in de buurt."),
        ),
        Transition(
            name="concluded",
            payload=Concluded,
            starts=(Status.REJECTED, Status.FAILED),
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            example=Concluded(what_now="De cliënt zoekt eerst werk zonder opleiding."),
        ),
    ),
    purpose=Purpose.TRAINING,
)
