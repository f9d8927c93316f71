from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace
from tests.domain.world import (
    AT,
    OCMW_1,
    OCMW_2,
    OTHER_1,
    PARTNER,
    PARTNER_1,
    VDAB_1,
    Case,
    brussels,
    example,
)

from handover.domain import codes_follow_up as codes
from handover.domain.kinds import follow_up_payloads as f
from handover.domain.refusals import WrongParty, WrongState
from handover.domain.threads import Status

LATER = datetime(2026, 12, 11, 10, tzinfo=UTC)


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    return case


def test_an_appointment_that_is_kept() -> None:
    case = _case()
    case.post(VDAB_1, "followUp.appointmentPlanned")
    assert case.thread.turn
    assert case.thread.turn.counsellor == VDAB_1
    assert case.thread.due_at == datetime(2026, 12, 4, 10, tzinfo=UTC)
    case.refused(WrongParty, OCMW_1, "followUp.attended")
    case.post(VDAB_1, "followUp.attended")
    assert case.thread.status is Status.COMPLETED
    assert not case.dossier.open_threads
    case.refused(WrongState, VDAB_1, "followUp.unattended")


def test_an_appointment_that_is_missed_and_planned_anew() -> None:
    case = _case()
    case.post(OCMW_1, "followUp.appointmentPlanned", f.AppointmentPlanned(
        appointment_at=LATER, subject="Opvolggesprek", counsellor=OCMW_2
    ))  # fmt: skip
    case.post(OCMW_1, "followUp.unattended")
    old = case.thread
    assert (old.status, old.outcome, old.due_at) == (Status.FAILED, "noNotice", brussels(date(2026, 11, 30)))
    again = datetime(2026, 12, 18, 10, tzinfo=UTC)
    case.post(OCMW_1, "followUp.retried", f.Replanned(appointment_at=again))
    assert case.dossier.threads[old.thread_id].status is Status.CLOSED
    assert (case.thread.status, case.thread.due_at) == (Status.ACCEPTED, again)
    assert case.thread.correlation_id == old.correlation_id
    assert case.thread.sender.counsellor == OCMW_2


def test_an_appointment_that_is_missed_and_left() -> None:
    case = _case()
    case.post(OCMW_1, "followUp.appointmentPlanned")
    case.post(OCMW_1, "followUp.unattended")
    case.post(OCMW_1, "followUp.concluded")
    assert case.thread.status is Status.CLOSED
    assert case.dossier.open_threads == ()


def test_a_plan_agreed_anew_stays_one_plan() -> None:
    case = _case()
    case.post(OCMW_1, "followUp.planAgreed")
    assert case.thread.due_at == datetime(2027, 6, 30, 21, 59, 59, tzinfo=UTC)
    longer = f.PlanAgreed(title="Actieplan", starts_on=date(2026, 9, 1), ends_on=date(2027, 1, 2))
    case.post(OCMW_1, "followUp.planAgreed", longer, thread=case.thread.thread_id)
    assert case.thread.due_at == brussels(date(2027, 1, 4)), "a Saturday rolls forward"
    open_ended = f.PlanAgreed(title="Actieplan", starts_on=date(2026, 9, 1))
    case.post(OCMW_1, "followUp.planAgreed", open_ended, thread=case.thread.thread_id)
    assert (case.thread.due_at, case.thread.due_rule) == (
        datetime(2027, 5, 24, 21, 59, 59, tzinfo=UTC),
        "180 days",
    ), "without an end somebody looks again in half a year"
    assert len(case.dossier.threads) == 1
    case.post(OCMW_1, "followUp.planEnded")
    assert case.dossier.open_threads == ()


def test_work_starts_and_ends() -> None:
    case = _case()
    case.post(OCMW_1, "followUp.employmentStarted")
    assert case.thread.is_open
    case.post(OCMW_1, "followUp.employmentEnded")
    assert (case.thread.status, case.thread.outcome) == (Status.COMPLETED, "endDate")


@pytest.mark.parametrize("article", ["art60", "art61"])
def test_a_contract_is_due_three_months_before_its_end(article: str) -> None:
    case = _case()
    started = f.ContractStarted(starts_on=date(2026, 9, 1), ends_on=date(2027, 6, 1))
    case.post(OCMW_1, f"followUp.{article}Started", started)
    assert (case.thread.due_at, case.thread.due_rule) == (
        brussels(date(2027, 3, 1)),
        "3 months before ends_on",
    )
    case.post(OCMW_1, f"followUp.{article}Changed", f.ContractChanged(ends_on=date(2027, 4, 15)))
    assert case.thread.due_at == brussels(date(2027, 1, 15)), "a new end moves the due moment"
    case.post(OCMW_1, f"followUp.{article}Changed", f.ContractChanged(function="Magazijnier"))
    assert (case.thread.due_at, case.thread.due_rule) == (
        brussels(date(2027, 1, 15)),
        "3 months before ends_on",
    ), "without an end there is nothing to move"
    held = f.ConsultationHeld(held_on=date(2026, 11, 20), agreed="Begeleiding door VDAB.", ends_on=date(2027, 4, 15))
    case.post(VDAB_1, f"followUp.{article}ConsultationHeld", held)
    assert case.thread.due_at == datetime(2027, 4, 15, 21, 59, 59, tzinfo=UTC), "what is left is the end itself"
    contract = case.thread.thread_id
    case.post(OCMW_1, f"followUp.{article}Ended")
    assert case.dossier.threads[contract].status is Status.COMPLETED
    assert [t.topic for t in case.dossier.threads.values()] == [article, "lead"], "and VDAB is asked to direct"


def test_a_contract_that_ends_soon_is_due_at_once() -> None:
    case = _case()
    case.post(
        OCMW_1, "followUp.art60Started", f.ContractStarted(starts_on=date(2026, 1, 5), ends_on=date(2026, 12, 31))
    )
    assert case.thread.due_at == brussels(AT.date())


def test_only_the_ocmw_is_employer_and_only_of_its_own_contract() -> None:
    case = _case()
    case.open(OTHER_1)
    case.refused(WrongParty, VDAB_1, "followUp.art60Started")
    case.post(OCMW_1, "followUp.art60Started")
    for who in (VDAB_1, OTHER_1):
        case.refused(WrongParty, who, "followUp.art60Changed", thread=case.thread.thread_id)
        case.refused(WrongParty, who, "followUp.art60Ended", thread=case.thread.thread_id)


def test_articles_do_not_mix() -> None:
    case = _case()
    case.post(OCMW_1, "followUp.art60Started")
    case.refused(WrongState, OCMW_1, "followUp.art61Changed", thread=case.thread.thread_id)
    case.refused(WrongState, OCMW_1, "followUp.planEnded", thread=case.thread.thread_id)


def test_an_end_proposes_who_directs_but_changes_nothing_by_itself() -> None:
    case = _case()
    case.post(OCMW_1, "followUp.art60Started")
    before = (case.dossier.target_group, case.dossier.lead)
    event = case.post(OCMW_1, "followUp.art60Ended")
    assert isinstance(event.data, f.ContractEnded)
    assert event.data.proposed_lead
    assert event.data.proposed_target_group
    assert (case.dossier.target_group, case.dossier.lead) == before


def test_aftercare_checks_at_one_three_and_six_months() -> None:
    case = _case()
    case.post(VDAB_1, "followUp.aftercareStarted", f.AftercareStarted(starts_on=date(2026, 11, 23)))
    dues = [case.thread.due_at]
    for month, day in ((12, 23), (2, 23), (5, 24)):
        at = datetime(2026 if month == 12 else 2027, month, day, 10, tzinfo=UTC)
        data = f.AftercareChecked(starts_on=date(2026, 11, 23), checked_on=at.date(), stability=codes.Stability.STABLE)
        case.post(VDAB_1, "followUp.aftercareChecked", data, at=at)
        dues.append(case.thread.due_at)
    assert dues == [
        brussels(date(2026, 12, 23)),
        brussels(date(2027, 2, 23)),
        datetime(2027, 5, 24, 21, 59, 59, tzinfo=UTC),
        datetime(2027, 6, 7, 21, 59, 59, tzinfo=UTC),
    ], "after the last check somebody still has to end it"
    assert case.thread.is_open, "silence ends nothing"
    case.post(VDAB_1, "followUp.aftercareEnded")
    assert case.thread.outcome == "stable"


def test_a_partner_opens_no_follow_up() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=PARTNER))
    case.refused(WrongParty, PARTNER_1, "followUp.appointmentPlanned")
