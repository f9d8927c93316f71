"""A colleague gets the dossiers: sides and turns follow, nothing is late any less, and nothing is taken twice."""

from dataclasses import replace as changed

import pytest
from msgspec.structs import replace
from tests.domain.referral import S, at, referral
from tests.domain.world import DIRECTORY, OCMW, OCMW_1, OCMW_2, OTHER, VDAB, VDAB_1, VDAB_2, Case, example

from handover.domain.codes_dossier import QuestionRole
from handover.domain.codes_follow_up import ClosingReason
from handover.domain.handing_over import Kept, step_of
from handover.domain.kinds import dossier as d
from handover.domain.parties import Directory, Party
from handover.domain.refusals import InvalidField

VDAB_C = f"{VDAB}.coordinator"


def _without(*left: str) -> Directory:
    """The directory once these have left."""
    return changed(DIRECTORY, counsellors={k: c for k, c in DIRECTORY.counsellors.items() if k not in left})


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    return case


def _take(case: Case, own: str, leaving: str, taking: str) -> d.CounsellorAssigned | d.CounsellorReplaced | Kept:
    return step_of(case.dossier, own, case.directory, leaving=leaving, taking=taking)


# --- turns follow -----------------------------------------------------------------------------------------------


def test_the_first_who_is_named_takes_the_turns_that_waited_with_the_coordinator() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    assert case.turn == Party(organisation=VDAB, counsellor=VDAB_C)
    event = case.post(VDAB, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=VDAB_2))
    assert case.turn == Party(organisation=VDAB, counsellor=VDAB_2)
    assert [thread.thread_id for thread in event.threads] == [case.thread.thread_id]
    assert case.thread.receiver == Party(organisation=VDAB), "who takes it up is still to be said: by accepting it"
    # A second colleague on the dossier takes nothing from the first.
    case.post(VDAB, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=VDAB_1))
    assert case.turn.counsellor == VDAB_2


def test_who_is_named_on_the_other_side_takes_nothing() -> None:
    case = Case()
    case.open(OCMW)
    case.post(OCMW, "handover.requested", replace(example("handover.requested"), contact=OCMW_1))
    assert case.turn.organisation == VDAB
    before = case.thread
    case.post(OCMW, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=OCMW_2))
    assert case.thread == before


def test_a_turn_of_somebody_by_name_is_not_taken_by_who_is_assigned() -> None:
    case = Case()
    case.open(OCMW)
    case.post(OCMW, "followUp.appointmentPlanned", replace(example("followUp.appointmentPlanned"), counsellor=OCMW_2))
    case.post(OCMW, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=OCMW_1))
    assert case.turn.counsellor == OCMW_2


@pytest.mark.parametrize("role", [None, QuestionRole.COORDINATOR])
def test_a_question_stays_with_whom_it_was_put_to(role: QuestionRole | None) -> None:
    case = _case()
    case.post(OCMW_1, "question.asked", replace(example("question.asked"), receiver=VDAB, role=role))
    case.post(VDAB, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=VDAB_2))
    assert case.turn == Party(organisation=VDAB, counsellor=VDAB_C)


def test_naming_another_counsellor_makes_nothing_less_late() -> None:
    case = at(S.IN_PROGRESS)
    due = referral(case).due_at
    case.later(days=40)
    case.post(VDAB_1, "dossier.counsellorReplaced", d.CounsellorReplaced(replaced=VDAB_1, counsellor=VDAB_2))
    case.post(VDAB_2, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=VDAB_1))
    assert referral(case).due_at == due
    assert referral(case).is_overdue(case.at)
    assert referral(case).turn == Party(organisation=VDAB, counsellor=VDAB_2)


def test_who_has_left_the_organisation_can_be_replaced_and_not_named() -> None:
    case = at(S.IN_PROGRESS)
    case.directory = _without(VDAB_1)
    for replaced, counsellor in ((OCMW_1, VDAB_2), (VDAB_1, OCMW_1), ("vdab.nobody", VDAB_2)):
        data = d.CounsellorReplaced(replaced=replaced, counsellor=counsellor)
        case.refused(InvalidField, VDAB, "dossier.counsellorReplaced", data)
    case.post(VDAB, "dossier.counsellorReplaced", d.CounsellorReplaced(replaced=VDAB_1, counsellor=VDAB_2))
    assert referral(case).turn == referral(case).receiver == Party(organisation=VDAB, counsellor=VDAB_2)
    case.refused(InvalidField, VDAB, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=VDAB_1))


# --- which step it takes ----------------------------------------------------------------------------------------


def test_who_works_with_the_client_is_replaced_once() -> None:
    case = _case()
    step = _take(case, OCMW, OCMW_1, OCMW_2)
    assert step == d.CounsellorReplaced(replaced=OCMW_1, counsellor=OCMW_2)
    case.post(OCMW, "dossier.counsellorReplaced", step)
    assert _take(case, OCMW, OCMW_1, OCMW_2) is Kept.ALREADY
    assert _take(case, OCMW, OCMW_1, f"{OCMW}.coordinator") is Kept.ELSEWHERE


def test_who_only_has_a_side_of_a_thread_is_replaced() -> None:
    case = Case()
    case.open(OCMW)
    case.post(OCMW, "followUp.appointmentPlanned", replace(example("followUp.appointmentPlanned"), counsellor=OCMW_2))
    assert _take(case, OCMW, OCMW_2, OCMW_1) == d.CounsellorReplaced(replaced=OCMW_2, counsellor=OCMW_1)


@pytest.mark.parametrize("leaving", ["", VDAB_C])
def test_where_nobody_is_assigned_somebody_is(leaving: str) -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    step = _take(case, VDAB, leaving, VDAB_2)
    assert step == d.CounsellorAssigned(counsellor=VDAB_2)
    case.post(VDAB, "dossier.counsellorAssigned", step)
    assert case.turn.counsellor == VDAB_2
    assert _take(case, VDAB, leaving, VDAB_2) is Kept.ALREADY
    assert _take(case, VDAB, leaving, VDAB_1) is Kept.ELSEWHERE


def test_whoever_left_is_replaced_though_nobody_seems_assigned() -> None:
    case = at(S.ACCEPTED)
    case.directory = _without(VDAB_1)
    assert _take(case, VDAB, "", VDAB_2) == d.CounsellorReplaced(replaced=VDAB_1, counsellor=VDAB_2)


def test_a_question_to_the_coordinator_goes_over_and_the_colleague_stays() -> None:
    case = at(S.ACCEPTED)
    asked = replace(example("question.asked"), receiver=VDAB, role=QuestionRole.COORDINATOR)
    case.post(OCMW_1, "question.asked", asked)
    assert case.turn.counsellor == VDAB_C
    step = _take(case, VDAB, VDAB_C, VDAB_2)
    assert step == d.CounsellorReplaced(replaced=VDAB_C, counsellor=VDAB_2)
    case.post(VDAB, "dossier.counsellorReplaced", step)
    assert case.turn.counsellor == VDAB_2
    assert referral(case).receiver == Party(organisation=VDAB, counsellor=VDAB_1)


def test_a_closed_dossier_and_one_of_others_are_left() -> None:
    case = _case()
    assert step_of(None, OCMW, case.directory, leaving=OCMW_1, taking=OCMW_2) is Kept.UNSEEN
    assert _take(case, OTHER, OCMW_1, OCMW_2) is Kept.UNSEEN
    case.post(OCMW_1, "dossier.closed", d.Closed(reason=ClosingReason.GOAL_REACHED))
    assert _take(case, OCMW, OCMW_1, OCMW_2) is Kept.CLOSED
