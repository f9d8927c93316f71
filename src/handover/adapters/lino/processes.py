"""Contracts and appointments of Lino as threads of a dossier.

Raises `Unreadable` with the reason when one cannot be.
"""

from datetime import date
from typing import Final

from handover.adapters.kit.plan import Post, Process, key_of
from handover.adapters.lino.appointments import Appointment, Outcome
from handover.adapters.lino.cells import Unreadable
from handover.adapters.lino.frame import Frame, line, local, plausible
from handover.adapters.lino.records import Art60Contract, Art61Contract, Contract, IsipContract
from handover.adapters.lino.standing import is_over, last_day
from handover.domain.codes_follow_up import AbsenceReason, EndReason
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

_NORMAL_ENDING: Final = 1
"""Key of the ending "normal" in Lino's own list of endings, which also holds health and alcohol."""
_NO_TITLE: Final = "GPMI"
_NO_SUBJECT: Final = "Afspraak"
_IMPLAUSIBLE: Final = "its year is a typing error"


def plan(contract: IsipContract, frame: Frame) -> Process:
    """Make an ISIP contract (GPMI) a plan agreed with the client."""
    agreed = PlanAgreed(
        title=(line(contract.kind.label) if contract.kind else None) or _NO_TITLE,
        starts_on=_start(contract),
        ends_on=last_day(contract),
        counsellor=frame.counsellor_id(contract.user.key if contract.user else None),
    )
    end = last_day(contract)
    return Process(
        origin=contract.origin,
        key=key_of(contract.origin),
        content=agreed,
        first=Post("followUp.planAgreed", agreed, frame.past(contract.since)),
        again=Post("followUp.planAgreed", agreed),
        end=Post("followUp.planEnded", PlanEnded(ended_on=end), frame.past(end))
        if end and is_over(contract, frame.today)
        else None,
        reopens=True,
    )


def employment(contract: Art60Contract | Art61Contract, frame: Frame) -> Process:
    """Make an art. 60 or art. 61 contract a contract through the OCMW."""
    article = "art60" if isinstance(contract, Art60Contract) else "art61"
    workplace = line(contract.employer.label) if contract.employer else None
    function = line(contract.function)
    starts_on, end = _start(contract), last_day(contract)
    started = ContractStarted(
        starts_on=starts_on,
        ends_on=end,
        workplace=workplace,
        function=function,
        counsellor=frame.counsellor_id(contract.user.key if contract.user else None),
    )
    changed = ContractChanged(starts_on=starts_on, ends_on=end, workplace=workplace, function=function)
    over = end is not None and is_over(contract, frame.today)
    return Process(
        origin=contract.origin,
        key=key_of(contract.origin),
        content=changed,
        first=Post(f"followUp.{article}Started", started, frame.past(starts_on)),
        again=Post(f"followUp.{article}Changed", changed),
        end=Post(
            f"followUp.{article}Ended",
            ContractEnded(ended_on=end, reason=_end_reason(contract)),
            frame.past(end),
        )
        if end and over
        else None,
        reopens=True,
    )


def appointment(found: Appointment, frame: Frame) -> Process:
    """Make a calendar entry an appointment of one client, with what became of it."""
    if not plausible(found.day):
        raise Unreadable(_IMPLAUSIBLE)
    moment = local(found.day, found.at)
    happened = frame.past(found.day, found.at)
    return Process(
        origin=found.origin,
        key=appointment_key(found),
        content=Replanned(appointment_at=moment),
        first=Post(
            "followUp.appointmentPlanned",
            AppointmentPlanned(
                appointment_at=moment,
                subject=(line(found.kind.label) if found.kind else None) or _NO_SUBJECT,
                counsellor=frame.counsellor_id(found.user.key if found.user else None),
            ),
            happened,
        ),
        end=_outcome(found, frame),
    )


def appointment_key(found: Appointment) -> str:
    """Name an entry as it concerns one client: with two clients it is two appointments."""
    return f"{key_of(found.origin)}/{found.client_id}"


def _outcome(found: Appointment, frame: Frame) -> Post | None:
    happened = frame.past(found.day, found.at)
    if found.outcome is Outcome.ATTENDED:
        return Post("followUp.attended", Attended(), happened)
    if found.outcome is Outcome.MISSED:
        return Post("followUp.unattended", Unattended(reason=AbsenceReason.NO_NOTICE), happened)
    if found.outcome is Outcome.EXCUSED:
        return Post("followUp.unattended", Unattended(reason=AbsenceReason.OTHER), happened)
    return None


def _start(contract: Contract) -> date:
    if contract.since is None:
        raise Unreadable("it has no start date")
    end = last_day(contract)
    if not (plausible(contract.since) and plausible(end)):
        raise Unreadable(_IMPLAUSIBLE)
    if end is not None and end < contract.since:
        raise Unreadable("it ends before it starts")
    return contract.since


def _end_reason(contract: Contract) -> EndReason:
    """Only whether it ran its course: Lino's other endings name health and alcohol, which stay there."""
    if contract.ending is not None:
        return EndReason.END_DATE if contract.ending.key == _NORMAL_ENDING else EndReason.OTHER
    early = contract.ended is not None and contract.until is not None and contract.ended < contract.until
    return EndReason.OTHER if early else EndReason.END_DATE
