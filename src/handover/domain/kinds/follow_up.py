"""followUp: appointments, plans, work, art. 60 and 61, aftercare (design: *followUp*).

Each topic is a process of its own within the kind; a row's `topic` keeps them apart.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from handover.domain import codes_follow_up as codes
from handover.domain.codes import LeadKind, TargetGroup
from handover.domain.deadlines import (
    DueRule,
    end_of,
    local_day,
    months_after,
    months_before,
    on_field,
    working_days,
)
from handover.domain.fields import (
    CONFIDENTIAL,
    CONTENT,
    STEP,
    CounsellorId,
    Day,
    Hours,
    Line,
    Moment,
    Payload,
    Text,
)
from handover.domain.threads import By, Kind, Status, Transition, Turn


class AppointmentPlanned(Payload, frozen=True, kw_only=True):
    """The client is expected at an appointment."""

    appointment_at: Annotated[Moment, STEP]
    subject: Annotated[Line, CONTENT]
    counsellor: Annotated[CounsellorId | None, STEP] = None
    where: Annotated[Line | None, STEP] = None


class Attended(Payload, frozen=True, kw_only=True):
    """The client came."""

    note: Annotated[Text | None, CONTENT] = None


class Unattended(Payload, frozen=True, kw_only=True):
    """The client did not come."""

    reason: Annotated[codes.AbsenceReason, STEP]
    explanation: Annotated[Text | None, CONFIDENTIAL] = None


class Concluded(Payload, frozen=True, kw_only=True):
    """What happens now, after a missed appointment."""

    what_now: Annotated[Text, CONTENT]


class Replanned(Payload, frozen=True, kw_only=True):
    """The missed appointment is planned anew."""

    appointment_at: Annotated[Moment, STEP]


class PlanAgreed(Payload, frozen=True, kw_only=True):
    """A plan agreed with the client (GPMI, action plan), or agreed anew."""

    title: Annotated[Line, STEP]
    starts_on: Annotated[Day, STEP]
    ends_on: Annotated[Day | None, STEP] = None
    goals: Annotated[Text | None, CONTENT] = None
    counsellor: Annotated[CounsellorId | None, STEP] = None


class PlanEnded(Payload, frozen=True, kw_only=True):
    """The plan ran to its end, or was broken off."""

    ended_on: Annotated[Day, STEP]
    note: Annotated[Text | None, CONTENT] = None


class EmploymentStarted(Payload, frozen=True, kw_only=True):
    """The client works."""

    starts_on: Annotated[Day, STEP]
    contract_type: Annotated[codes.ContractType, STEP]
    hours_per_week: Annotated[Hours, STEP]
    employer: Annotated[Line | None, CONTENT] = None


class EmploymentEnded(Payload, frozen=True, kw_only=True):
    """The work ended."""

    ended_on: Annotated[Day, STEP]
    reason: Annotated[codes.EndReason, STEP]


class ContractStarted(Payload, frozen=True, kw_only=True):
    """A contract through the OCMW (art. 60 or art. 61) started."""

    starts_on: Annotated[Day, STEP]
    ends_on: Annotated[Day | None, STEP] = None
    workplace: Annotated[Line | None, STEP] = None
    function: Annotated[Line | None, STEP] = None
    hours_per_week: Annotated[Hours | None, STEP] = None
    counsellor: Annotated[CounsellorId | None, STEP] = None


class ContractChanged(Payload, frozen=True, kw_only=True):
    """The contract's data as they are now; a new end moves the due moment."""

    ends_on: Annotated[Day | None, STEP] = None
    starts_on: Annotated[Day | None, STEP] = None
    workplace: Annotated[Line | None, STEP] = None
    function: Annotated[Line | None, STEP] = None
    hours_per_week: Annotated[Hours | None, STEP] = None


class ConsultationHeld(Payload, frozen=True, kw_only=True):
    """OCMW and VDAB talked about what follows the contract."""

    held_on: Annotated[Day, STEP]
    agreed: Annotated[Text, CONTENT]
    ends_on: Annotated[Day | None, STEP] = None


class ContractEnded(Payload, frozen=True, kw_only=True):
    """The contract ended; proposes who the client is and who directs from now on."""

    ended_on: Annotated[Day, STEP]
    reason: Annotated[codes.EndReason, STEP]
    proposed_target_group: Annotated[TargetGroup | None, STEP] = None
    proposed_lead: Annotated[LeadKind | None, STEP] = None


class AftercareStarted(Payload, frozen=True, kw_only=True):
    """Follow-up after work started or a road ended: checks at 1, 3 and 6 months."""

    starts_on: Annotated[Day, STEP]
    counsellor: Annotated[CounsellorId | None, STEP] = None


class AftercareChecked(Payload, frozen=True, kw_only=True):
    """How the client is doing; `starts_on` repeats the start that the checks count from."""

    starts_on: Annotated[Day, STEP]
    checked_on: Annotated[Day, STEP]
    stability: Annotated[codes.Stability, STEP]
    note: Annotated[Text | None, CONTENT] = None


class AftercareEnded(Payload, frozen=True, kw_only=True):
    """The follow-up ended."""

    ended_on: Annotated[Day, STEP]
    stability: Annotated[codes.Stability, STEP]


def _next_check() -> DueRule:
    """Due at the first of the checks at 1, 3 and 6 months that is still to come; none after the last."""
    checks = [months_after("starts_on", months) for months in (1, 3, 6)]

    def compute(at: datetime, data: Payload) -> datetime | None:
        # A check on its own day is that check done; aftercare that starts on such a day still has it to do.
        done = end_of(local_day(at)) if isinstance(data, AftercareChecked) else at
        due = (check.compute(at, data) for check in checks)
        return next((moment for moment in due if moment and moment > done), None)

    return DueRule("aftercare checks at 1, 3 and 6 months", compute)  # type: ignore[arg-type]


_NEXT_CHECK = _next_check()
_RUNNING = (Status.IN_PROGRESS,)
_DAY = date(2026, 9, 1)

_APPOINTMENT = (
    Transition(
        name="appointmentPlanned",
        payload=AppointmentPlanned,
        topic="appointment",
        to=Status.ACCEPTED,
        by=By.SENDER,
        turn=Turn.SENDER,
        due=on_field("appointment_at"),
        names_sender="counsellor",
        example=AppointmentPlanned(
            appointment_at=datetime(2026, 12, 4, 10, 0, tzinfo=UTC),
            subject="Opvolggesprek",
            where="Sociaal huis",
        ),
    ),
    Transition(
        name="attended",
        payload=Attended,
        topic="appointment",
        starts=(Status.ACCEPTED,),
        to=Status.COMPLETED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        example=Attended(note="Was op tijd."),
    ),
    Transition(
        name="unattended",
        payload=Unattended,
        topic="appointment",
        starts=(Status.ACCEPTED,),
        to=Status.FAILED,
        by=By.SENDER,
        turn=Turn.SENDER,
        due=working_days(5),
        outcome="reason",
        example=Unattended(reason=codes.AbsenceReason.NO_NOTICE),
    ),
    Transition(
        name="retried",
        payload=Replanned,
        topic="appointment",
        starts=(Status.FAILED,),
        to=Status.CLOSED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        reopens=True,
        example=Replanned(appointment_at=datetime(2026, 12, 11, 10, 0, tzinfo=UTC)),
    ),
    Transition(
        name="concluded",
        payload=Concluded,
        topic="appointment",
        starts=(Status.FAILED,),
        to=Status.CLOSED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        example=Concluded(what_now="Brief gestuurd, nieuwe afspraak volgt op vraag van de cliënt."),
    ),
)

_PLAN_EXAMPLE = PlanAgreed(title="Actieplan naar werk", starts_on=_DAY, ends_on=date(2027, 6, 30))
_PLAN = (
    Transition(
        name="planAgreed",
        payload=PlanAgreed,
        topic="plan",
        to=Status.IN_PROGRESS,
        by=By.SENDER,
        turn=Turn.SENDER,
        due=on_field("ends_on"),
        names_sender="counsellor",
        example=_PLAN_EXAMPLE,
    ),
    Transition(
        name="planAgreed",
        payload=PlanAgreed,
        topic="plan",
        starts=_RUNNING,
        to=Status.IN_PROGRESS,
        by=By.SENDER,
        turn=Turn.SENDER,
        due=on_field("ends_on"),
        names_sender="counsellor",
        example=_PLAN_EXAMPLE,
    ),
    Transition(
        name="planEnded",
        payload=PlanEnded,
        topic="plan",
        starts=_RUNNING,
        to=Status.COMPLETED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        example=PlanEnded(ended_on=date(2026, 11, 20)),
    ),
)

_EMPLOYMENT = (
    Transition(
        name="employmentStarted",
        payload=EmploymentStarted,
        topic="employment",
        to=Status.IN_PROGRESS,
        by=By.SENDER,
        turn=Turn.SENDER,
        example=EmploymentStarted(starts_on=_DAY, contract_type=codes.ContractType.FIXED_TERM, hours_per_week=30.0),
    ),
    Transition(
        name="employmentEnded",
        payload=EmploymentEnded,
        topic="employment",
        starts=_RUNNING,
        to=Status.COMPLETED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        outcome="reason",
        example=EmploymentEnded(ended_on=date(2026, 11, 20), reason=codes.EndReason.END_DATE),
    ),
)


def _contract(article: str) -> tuple[Transition, ...]:
    """Art. 60 and art. 61 follow the same road; only the OCMW, as employer, can post it."""
    return (
        Transition(
            name=f"{article}Started",
            payload=ContractStarted,
            topic=article,
            to=Status.IN_PROGRESS,
            by=By.OCMW,
            turn=Turn.SENDER,
            due=months_before("ends_on", 3),
            names_sender="counsellor",
            example=ContractStarted(
                starts_on=_DAY,
                ends_on=date(2027, 8, 31),
                workplace="Kringwinkel",
                function="Medewerker magazijn",
            ),
        ),
        Transition(
            name=f"{article}Changed",
            payload=ContractChanged,
            topic=article,
            starts=_RUNNING,
            to=Status.IN_PROGRESS,
            by=By.OCMW,
            turn=Turn.SENDER,
            due=months_before("ends_on", 3),
            moves_due="ends_on",
            example=ContractChanged(ends_on=date(2027, 12, 31)),
        ),
        Transition(
            name=f"{article}ConsultationHeld",
            payload=ConsultationHeld,
            topic=article,
            starts=_RUNNING,
            to=Status.IN_PROGRESS,
            by=By.ANY,
            turn=Turn.SENDER,
            due=on_field("ends_on"),
            example=ConsultationHeld(
                held_on=date(2026, 11, 18),
                agreed="Na het contract volgt begeleiding door VDAB.",
                ends_on=date(2027, 8, 31),
            ),
        ),
        Transition(
            name=f"{article}Ended",
            payload=ContractEnded,
            topic=article,
            starts=_RUNNING,
            to=Status.COMPLETED,
            by=By.OCMW,
            turn=Turn.NOBODY,
            outcome="reason",
            example=ContractEnded(
                ended_on=date(2026, 11, 20),
                reason=codes.EndReason.END_DATE,
                proposed_target_group=TargetGroup.JOB_SEEKER,
                proposed_lead=LeadKind.VDAB,
            ),
        ),
    )


_AFTERCARE = (
    Transition(
        name="aftercareStarted",
        payload=AftercareStarted,
        topic="aftercare",
        to=Status.IN_PROGRESS,
        by=By.SENDER,
        turn=Turn.SENDER,
        due=_NEXT_CHECK,
        names_sender="counsellor",
        example=AftercareStarted(starts_on=date(2026, 11, 16)),
    ),
    Transition(
        name="aftercareChecked",
        payload=AftercareChecked,
        topic="aftercare",
        starts=_RUNNING,
        to=Status.IN_PROGRESS,
        by=By.SENDER,
        turn=Turn.SENDER,
        due=_NEXT_CHECK,
        example=AftercareChecked(
            starts_on=date(2026, 11, 16), checked_on=date(2026, 12, 16), stability=codes.Stability.STABLE
        ),
    ),
    Transition(
        name="aftercareEnded",
        payload=AftercareEnded,
        topic="aftercare",
        starts=_RUNNING,
        to=Status.COMPLETED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        outcome="stability",
        example=AftercareEnded(ended_on=date(2027, 5, 17), stability=codes.Stability.STABLE),
    ),
)

FOLLOW_UP = Kind(
    "followUp",
    "followUps",
    (*_APPOINTMENT, *_PLAN, *_EMPLOYMENT, *_contract("art60"), *_contract("art61"), *_AFTERCARE),
)
