"""Rows of steps as threads of a dossier. Raises `Unreadable` with the reason when one cannot be."""

from dataclasses import dataclass
from datetime import date, datetime, time

from handover.adapters.files.cells import Unreadable, local
from handover.adapters.files.columns import Came, StepKind
from handover.adapters.kit.plan import Origin, Post, Process, key_of
from handover.domain.codes import Coded
from handover.domain.codes_follow_up import AbsenceReason, EndReason
from handover.domain.deadlines import BRUSSELS
from handover.domain.kinds.follow_up_payloads import (
    AppointmentPlanned,
    Attended,
    ContractChanged,
    ContractEnded,
    ContractStarted,
    PlanAgreed,
    PlanEnded,
    Replanned,
    Unattended,
)

_NO_TITLE = "GPMI"
_NO_SUBJECT = "Afspraak"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One row of steps, read. Texts are lines."""

    origin: Origin
    kind: StepKind
    begin: date
    time: time | None
    end: date | None
    title: str | None
    place: str | None
    function: str | None
    hours_per_week: float | None
    outcome: Coded | None
    counsellor: str | None


def process_of(row: StepRow, now: datetime) -> Process:
    """Give the thread that a row is about."""
    if row.end is not None and row.end < row.begin:
        raise Unreadable("endsBefore", "end")
    match row.kind:
        case StepKind.PLAN:
            return _plan(row, now)
        case StepKind.APPOINTMENT:
            return _appointment(row, now)
        case _:
            return _contract(row, now)


def _plan(row: StepRow, now: datetime) -> Process:
    if row.outcome is not None and (not isinstance(row.outcome, EndReason) or row.end is None):
        raise Unreadable("outcomeNotHere", "outcome")
    agreed = PlanAgreed(title=row.title or _NO_TITLE, starts_on=row.begin, ends_on=row.end, counsellor=row.counsellor)
    ended = PlanEnded(ended_on=row.end) if row.end and _is_over(row, now) else None
    return Process(
        origin=row.origin,
        key=key_of(row.origin),
        content=agreed,
        first=Post("followUp.planAgreed", agreed, _past(now, row.begin)),
        again=Post("followUp.planAgreed", agreed),
        end=Post("followUp.planEnded", ended, _past(now, row.end)) if ended else None,
        reopens=True,
    )


def _contract(row: StepRow, now: datetime) -> Process:
    if row.outcome is not None and (not isinstance(row.outcome, EndReason) or row.end is None):
        raise Unreadable("outcomeNotHere", "outcome")
    started = ContractStarted(
        starts_on=row.begin,
        ends_on=row.end,
        workplace=row.place,
        function=row.function,
        hours_per_week=row.hours_per_week,
        counsellor=row.counsellor,
    )
    changed = ContractChanged(
        starts_on=row.begin,
        ends_on=row.end,
        workplace=row.place,
        function=row.function,
        hours_per_week=row.hours_per_week,
    )
    reason = row.outcome if isinstance(row.outcome, EndReason) else EndReason.END_DATE
    ended = ContractEnded(ended_on=row.end, reason=reason) if row.end and _is_over(row, now) else None
    return Process(
        origin=row.origin,
        key=key_of(row.origin),
        content=changed,
        first=Post(f"followUp.{row.kind}Started", started, _past(now, row.begin)),
        again=Post(f"followUp.{row.kind}Changed", changed),
        end=Post(f"followUp.{row.kind}Ended", ended, _past(now, row.end)) if ended else None,
        reopens=True,
    )


def _appointment(row: StepRow, now: datetime) -> Process:
    moment = local(row.begin, row.time)
    happened = _past(now, row.begin, row.time)
    end: Post | None = None
    if row.outcome is not None:
        if happened is None:
            raise Unreadable("notYet", "outcome")
        if isinstance(row.outcome, Came):
            end = Post("followUp.attended", Attended(), happened)
        elif isinstance(row.outcome, AbsenceReason):
            end = Post("followUp.unattended", Unattended(reason=row.outcome), happened)
        else:
            raise Unreadable("outcomeNotHere", "outcome")
    return Process(
        origin=row.origin,
        key=key_of(row.origin),
        content=Replanned(appointment_at=moment),
        first=Post(
            "followUp.appointmentPlanned",
            AppointmentPlanned(
                appointment_at=moment,
                subject=row.title or _NO_SUBJECT,
                counsellor=row.counsellor,
                where=row.place,
            ),
            happened,
        ),
        end=end,
    )


def _is_over(row: StepRow, now: datetime) -> bool:
    """Over is what ended before today, and what ends today or ended for a reason that stands there."""
    today = now.astimezone(BRUSSELS).date()
    return row.end is not None and (row.end < today or (row.end == today and row.outcome is not None))


def _past(now: datetime, day: date | None, at: time | None = None) -> datetime | None:
    """Give a local moment in UTC, or None when it is not known or still to come."""
    if day is None:
        return None
    moment = local(day, at)
    return moment if moment <= now else None
