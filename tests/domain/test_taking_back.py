"""Marking a step as a mistake: the thread is again where it was, nothing is deleted, receivers are told."""

from datetime import date

from msgspec.structs import replace
from tests.domain.world import OCMW, OCMW_1, OCMW_2, PARTNER, VDAB, VDAB_1, Case, example

from handover.domain.codes_dossier import ErrorReason
from handover.domain.codes_follow_up import Benefit
from handover.domain.events import Event
from handover.domain.kinds import dossier as d
from handover.domain.kinds.common import EnteredInError
from handover.domain.kinds.intake import BenefitStated
from handover.domain.refusals import InvalidField, NotTakenBack, WrongParty
from handover.domain.taking_back import seems_latest
from handover.domain.threads import Status


def _mistake(event: Event) -> EnteredInError:
    return EnteredInError(event_id=str(event.event_id), reason=ErrorReason.WRONG_DATA)


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    return case


def _take_back(case: Case, who: str, event: Event) -> Event:
    kind = event.type.partition(".")[0]
    return case.post(who, f"{kind}.enteredInError", _mistake(event))


def test_status_turn_and_due_are_restored() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.acknowledge(VDAB_1)
    before = case.thread
    accepted = case.post(VDAB_1, "handover.accepted")
    assert seems_latest(case.dossier, VDAB, accepted)
    case.later(days=1)
    event = _take_back(case, VDAB_1, accepted)
    after = case.thread
    assert (after.status, after.turn, after.due_at, after.due_rule) == (
        before.status,
        before.turn,
        before.due_at,
        before.due_rule,
    )
    assert event.threads == (after,), "receivers need not work it out"
    assert case.entitled(event) == {OCMW, VDAB}
    assert [e.type for e in case.events].count("handover.accepted") == 1, "nothing is deleted"
    case.post(VDAB_1, "handover.rejected")


def test_an_opening_step_ends_its_thread_as_a_mistake() -> None:
    case = Case()
    case.open(OCMW_1)
    requested = case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=PARTNER))
    assert case.dossier.inscription_of(PARTNER)
    _take_back(case, OCMW_1, requested)
    assert (case.thread.status, case.thread.turn) == (Status.ENTERED_IN_ERROR, None)
    assert case.dossier.inscription_of(PARTNER) is None, "the inscription it opened closes"


def test_only_the_latest_and_only_once() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    accepted = case.post(VDAB_1, "handover.accepted")
    contacted = case.post(VDAB_1, "handover.contacted")
    case.refused(NotTakenBack, VDAB_1, "handover.enteredInError", _mistake(accepted))
    assert not seems_latest(case.dossier, VDAB, accepted)
    case.later(minutes=5)
    _take_back(case, VDAB_1, contacted)
    assert not seems_latest(case.dossier, VDAB, accepted)
    case.refused(NotTakenBack, VDAB_1, "handover.enteredInError", _mistake(contacted))
    case.refused(NotTakenBack, VDAB_1, "handover.enteredInError", _mistake(accepted))


def test_only_by_its_author_and_by_its_own_kind() -> None:
    case = _case()
    requested = case.post(OCMW_1, "handover.requested")
    case.refused(WrongParty, VDAB_1, "handover.enteredInError", _mistake(requested))
    case.refused(InvalidField, OCMW_1, "label.enteredInError", _mistake(requested))
    unknown = EnteredInError(event_id="nowhere", reason=ErrorReason.OTHER)
    case.refused(InvalidField, OCMW_1, "handover.enteredInError", unknown)


def test_a_colleague_who_took_over_meanwhile_stays() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    contacted = case.post(VDAB_1, "handover.contacted")
    case.post(OCMW_1, "dossier.counsellorReplaced", d.CounsellorReplaced(replaced=OCMW_1, counsellor=OCMW_2))
    _take_back(case, VDAB_1, contacted)
    assert case.thread.sender.counsellor == OCMW_2


def test_what_changed_more_than_its_thread_stays() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.rejected")
    retried = case.post(OCMW_1, "handover.retried")
    case.refused(NotTakenBack, OCMW_1, "handover.enteredInError", _mistake(retried))
    assert not seems_latest(case.dossier, OCMW, retried)


def test_the_latest_word_on_a_fact_is_taken_back() -> None:
    case = _case()
    first = BenefitStated(benefit=Benefit.SICKNESS, since=date(2026, 11, 2))
    case.post(OCMW_1, "dossier.benefitStated", first)
    wrong = case.post(OCMW_1, "dossier.benefitStated", replace(first, benefit=Benefit.NONE))
    case.post(OCMW_1, "dossier.enteredInError", _mistake(wrong))
    assert case.dossier.facts.benefits == {OCMW: Benefit.SICKNESS}
    case.refused(NotTakenBack, OCMW_1, "dossier.enteredInError", _mistake(wrong))
