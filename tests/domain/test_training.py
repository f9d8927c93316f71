"""training: the committee's approval, the waiting list, absences, and a contract across it."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.domain.world import OCMW, OCMW_1, OTHER_1, PARTNER, PARTNER_1, VDAB, VDAB_1, Case, brussels, example

from handover.domain.codes import TargetGroup
from handover.domain.kinds import training as tr
from handover.domain.refusals import InvalidField, WrongParty, WrongState
from handover.domain.threads import Status


def _case(group: TargetGroup = TargetGroup.LIVING_WAGE) -> Case:
    case = Case()
    case.open(OCMW_1, target_group=group)
    case.open(VDAB_1)
    return case


def _proposed(receiver: str = VDAB) -> tr.Proposed:
    found = example("training.proposed")
    assert isinstance(found, tr.Proposed)
    return replace(found, receiver=receiver)


def test_a_client_on_leefloon_needs_the_committee() -> None:
    case = _case()
    case.post(VDAB_1, "training.proposed", _proposed(OCMW))
    assert (case.thread.status, case.turn.organisation) == (Status.REQUESTED, OCMW)
    case.refused(WrongState, VDAB_1, "training.started")
    case.refused(WrongParty, VDAB_1, "training.approved")
    case.post(OCMW_1, "training.approved")
    assert (case.thread.status, case.turn.organisation) == (Status.ACCEPTED, VDAB)


def test_who_proposes_for_leefloon_must_have_the_ocmw_in_it() -> None:
    case = _case()
    refusal = case.refused(InvalidField, VDAB_1, "training.proposed", _proposed(PARTNER))
    assert isinstance(refusal, InvalidField)
    assert refusal.field == "receiver"


def test_for_others_no_committee_is_asked() -> None:
    case = _case(TargetGroup.JOB_SEEKER)
    case.post(OCMW_1, "training.proposed", _proposed())
    assert (case.thread.status, case.turn.organisation) == (Status.ACCEPTED, VDAB)
    case.refused(WrongState, OCMW_1, "training.approved")


def test_the_committee_refuses_and_the_proposer_decides_what_now() -> None:
    case = _case()
    case.post(VDAB_1, "training.proposed", _proposed(OCMW))
    case.post(OCMW_1, "training.refused")
    assert (case.thread.status, case.thread.outcome, case.thread.due_rule) == (
        Status.REJECTED,
        "tooLong",
        "5 working days",
    )
    case.refused(WrongParty, OCMW_1, "training.concluded")
    case.post(VDAB_1, "training.concluded")
    assert case.thread.status is Status.CLOSED


def test_a_waiting_list_has_an_expected_start_that_must_be_said_again() -> None:
    case = _case(TargetGroup.JOB_SEEKER)
    case.post(OCMW_1, "training.proposed", _proposed())
    for _ in range(3):
        case.post(VDAB_1, "training.waitlisted")
        assert (case.turn.organisation, case.thread.due_rule) == (VDAB, "30 days")
        case.later(days=30)
    case.refused(WrongParty, OCMW_1, "training.waitlisted")
    case.post(VDAB_1, "training.started")
    assert case.thread.status is Status.IN_PROGRESS


def test_absences_interruption_and_result() -> None:
    case = _case(TargetGroup.JOB_SEEKER)
    case.post(OCMW_1, "training.proposed", _proposed())
    case.post(VDAB_1, "training.started")
    too_many = replace(example("training.attendanceRecorded"), hours_planned=4.0)
    assert isinstance(too_many, tr.AttendanceRecorded)
    case.refused(InvalidField, VDAB_1, "training.attendanceRecorded", too_many)
    backwards = replace(too_many, hours_planned=40.0, last_day=date(2026, 11, 1))
    case.refused(InvalidField, VDAB_1, "training.attendanceRecorded", backwards)
    case.post(VDAB_1, "training.attendanceRecorded")
    case.post(VDAB_1, "training.interrupted")
    assert (case.thread.status, case.thread.due_at) == (Status.ON_HOLD, brussels(date(2027, 1, 11)))
    case.post(VDAB_1, "training.resumed")
    case.post(VDAB_1, "training.completed")
    assert (case.thread.status, case.thread.outcome) == (Status.COMPLETED, "passed")


def test_a_partner_that_gives_the_training_records_it() -> None:
    case = _case(TargetGroup.JOB_SEEKER)
    case.post(OCMW_1, "training.proposed", _proposed(PARTNER))
    assert case.dossier.inscription_of(PARTNER)
    case.refused(WrongParty, VDAB_1, "training.started", thread=case.thread.thread_id)
    case.post(PARTNER_1, "training.started")
    case.post(PARTNER_1, "training.stopped")
    assert (case.thread.status, case.turn.organisation) == (Status.FAILED, OCMW)


@pytest.mark.parametrize("running", [True, False])
def test_art_60_across_a_running_training_warns_both(running: bool) -> None:  # noqa: FBT001 - the case itself
    case = _case(TargetGroup.JOB_SEEKER)
    case.post(OCMW_1, "training.proposed", _proposed())
    if running:
        case.post(VDAB_1, "training.started")
    training = case.thread
    started = case.post(OCMW_1, "followUp.art60Started")
    warnings = [e for e in case.events if e.type == "training.contractCrossed"]
    assert len(warnings) == running
    if running:
        data = warnings[0].data
        assert isinstance(data, tr.ContractCrossed)
        assert data.contract == str(started.thread_id)
        assert case.entitled(warnings[0]) == {OCMW, VDAB}
        after = case.dossier.threads[training.thread_id]
        assert (after.status, after.due_at, after.turn) == (training.status, training.due_at, training.turn)


def test_an_outsider_has_no_part_in_it() -> None:
    case = _case(TargetGroup.JOB_SEEKER)
    case.open(OTHER_1)
    case.post(OCMW_1, "training.proposed", _proposed())
    case.refused(WrongParty, OTHER_1, "training.cancelled", thread=case.thread.thread_id)
