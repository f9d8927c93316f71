"""followUp: appointments, plans, work, art. 60 and 61, aftercare (design: *followUp*).

Each topic is a process of its own within the kind; a row's `topic` keeps them apart.
"""

from datetime import UTC, date, datetime

from handover.domain import codes_follow_up as codes
from handover.domain.codes import LeadKind, TargetGroup
from handover.domain.deadlines import (
    DueRule,
    calendar_days,
    end_of,
    local_day,
    months_after,
    months_before,
    on_field,
    working_days,
)
from handover.domain.fields import Payload
from handover.domain.kinds.common import Concluded
from handover.domain.kinds.follow_up_payloads import (
    AftercareChecked,
    AftercareEnded,
    AftercareStarted,
    AppointmentPlanned,
    Attended,
    ConsultationHeld,
    ContractChanged,
    ContractEnded,
    ContractStarted,
    EmploymentConfirmed,
    EmploymentEnded,
    EmploymentStarted,
    PlanAgreed,
    PlanEnded,
    Replanned,
    Unattended,
)
from handover.domain.threads import By, Kind, Status, Transition, Turn


def _next_check() -> DueRule:
    """Due at the first of the checks at 1, 3 and 6 months that is still to come; none after the last."""
    checks = [months_after("starts_on", months) for months in (1, 3, 6)]

    def compute(at: datetime, data: Payload) -> datetime | None:
        # A check on its own day is that check done; aftercare that starts on such a day still has it to do.
        done = end_of(local_day(at)) if isinstance(data, AftercareChecked) else at
        due = (check.compute(at, data) for check in checks)
        return next((moment for moment in due if moment and moment > done), None)

    name = "aftercare checks at 1, 3 and 6 months"
    # After the last check somebody still has to end it.
    return DueRule(name, compute, otherwise=working_days(10))  # type: ignore[arg-type]


_NEXT_CHECK = _next_check()
_CONSULTATION = months_before("ends_on", 3, otherwise=calendar_days(180))
"""Talk with VDAB about what follows (seed 003); without an end, look twice a year."""
_PLAN_END = on_field("ends_on", otherwise=calendar_days(180))
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
        final=True,
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
        due=_PLAN_END,
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
        due=_PLAN_END,
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
        due=calendar_days(180),
        example=EmploymentStarted(starts_on=_DAY, contract_type=codes.ContractType.FIXED_TERM, hours_per_week=30.0),
    ),
    Transition(
        name="employmentConfirmed",
        payload=EmploymentConfirmed,
        topic="employment",
        starts=_RUNNING,
        to=Status.COMPLETED,
        by=By.SENDER,
        turn=Turn.NOBODY,
        outcome="stability",
        example=EmploymentConfirmed(checked_on=date(2026, 11, 20), stability=codes.Stability.STABLE),
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
            due=_CONSULTATION,
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
            due=_CONSULTATION,
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
            due=on_field("ends_on", otherwise=calendar_days(90)),
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
