"""question: to a person, with an answer time, from any thread."""

from datetime import date

from msgspec.structs import replace
from tests.domain.world import OCMW_1, PARTNER, PARTNER_1, VDAB, VDAB_1, VDAB_2, Case, brussels, example

from handover.domain.codes_dossier import QuestionRole
from handover.domain.kinds import question as q
from handover.domain.refusals import InvalidField, WrongParty, WrongState
from handover.domain.threads import Status


def _asked(**changes: object) -> q.Asked:
    found = example("question.asked")
    assert isinstance(found, q.Asked)
    return replace(found, **changes)


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    return case


def test_it_goes_to_whoever_works_with_the_client_there() -> None:
    case = _case()
    case.post(OCMW_1, "question.asked")
    assert (case.turn.counsellor, case.thread.due_at) == (VDAB_1, brussels(date(2026, 11, 26)))


def test_or_to_the_person_or_role_that_is_named() -> None:
    case = _case()
    case.post(OCMW_1, "question.asked", _asked(counsellor=VDAB_2))
    assert case.turn.counsellor == VDAB_2
    case.post(OCMW_1, "question.asked", _asked(role=QuestionRole.COORDINATOR))
    assert case.turn.counsellor == f"{VDAB}.coordinator"
    case.refused(InvalidField, OCMW_1, "question.asked", _asked(counsellor=OCMW_1))


def test_about_a_thread_with_its_own_answer_time() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    about = case.thread.thread_id
    case.post(OCMW_1, "question.asked", _asked(thread=str(about), answer_by=date(2026, 11, 24)))
    assert (case.thread.about, case.thread.due_at) == (about, brussels(date(2026, 11, 24)))
    case.refused(InvalidField, OCMW_1, "question.asked", _asked(thread="nowhere"))
    case.refused(InvalidField, OCMW_1, "question.asked", _asked(answer_by=date(2026, 11, 22)))


def test_answered_asked_again_passed_on_closed() -> None:
    case = _case()
    case.post(OCMW_1, "question.asked")
    case.refused(WrongState, OCMW_1, "question.closed")
    case.post(VDAB_1, "question.answered")
    assert case.turn.counsellor == OCMW_1
    case.post(OCMW_1, "question.askedAgain")
    due = case.thread.due_at
    case.post(VDAB_1, "question.passedOn", q.PassedOn(counsellor=VDAB_2))
    assert (case.turn.counsellor, case.thread.due_at) == (VDAB_2, due)
    case.post(VDAB_2, "question.answered")
    case.refused(WrongParty, VDAB_1, "question.closed")
    case.post(OCMW_1, "question.closed")
    assert case.thread.status is Status.COMPLETED


def test_a_question_to_a_partner_brings_it_in_and_it_can_answer_and_ask() -> None:
    case = _case()
    case.post(OCMW_1, "question.asked", _asked(receiver=PARTNER))
    assert case.dossier.inscription_of(PARTNER)
    case.post(PARTNER_1, "question.answered")
    case.post(PARTNER_1, "question.asked", _asked(receiver=VDAB))
    assert case.thread.receiver
    assert case.thread.receiver.organisation == VDAB
