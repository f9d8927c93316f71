"""label: information loop, four eyes, reconsideration, ticket, placement, and who sees it."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.domain.world import (
    OCMW,
    OCMW_1,
    OTHER_1,
    PARTNER,
    PARTNER_1,
    VDAB,
    VDAB_1,
    VDAB_1_AGAIN,
    VDAB_2,
    Case,
    brussels,
    example,
)

from handover.domain.codes_label import LabelRoute
from handover.domain.kinds import label as la
from handover.domain.kinds.common import ParticipantInvited, Retried
from handover.domain.refusals import FourEyes, InvalidField, PurposeNotAllowed, UnknownThread, WrongParty, WrongState
from handover.domain.threads import Status


def _case(route: LabelRoute = LabelRoute.ICF, **opening: object) -> Case:
    case = Case()
    case.open(OCMW_1, **opening)
    case.open(VDAB_1)
    case.post(OCMW_1, "label.requested", replace(example("label.requested"), route=route))
    return case


def _assessed(case: Case, who: str = VDAB_1) -> None:
    case.post(who, "label.assessed", replace(example("label.assessed"), assessed_by=who))


def _decided(who: str) -> la.Granted:
    found = example("label.granted")
    assert isinstance(found, la.Granted)
    return replace(found, decided_by=who)


@pytest.mark.parametrize(
    ("route", "day", "rule"),
    [
        (LabelRoute.ICF, date(2026, 12, 23), "30 days"),
        (LabelRoute.AUTOMATIC_RIGHT, date(2026, 12, 7), "10 working days"),
    ],
)
def test_the_road_decides_how_long_the_assessment_may_take(route: LabelRoute, day: date, rule: str) -> None:
    case = _case(route)
    assert (case.turn.organisation, case.thread.due_rule) == (VDAB, "1 working days")
    case.acknowledge(VDAB_1)
    assert (case.thread.status, case.thread.due_at, case.thread.due_rule) == (Status.RECEIVED, brussels(day), rule)


def test_what_is_missing_goes_back_and_forth_with_a_date_each_time() -> None:
    case = _case()
    case.refused(WrongState, OCMW_1, "label.informationProvided")
    case.post(VDAB_1, "label.informationRequested")
    assert (case.turn.organisation, case.thread.due_at) == (OCMW, brussels(date(2026, 12, 7)))
    case.refused(WrongParty, VDAB_1, "label.informationProvided")
    case.post(OCMW_1, "label.informationProvided")
    assert (case.turn.organisation, case.thread.due_rule) == (VDAB, "30 days")
    case.refused(WrongState, OCMW_1, "label.informationProvided")


def test_the_second_pair_of_eyes_is_another_person() -> None:
    case = _case()
    _assessed(case)
    assert case.thread.assessor == VDAB_1
    case.refused(FourEyes, VDAB_1, "label.granted", _decided(VDAB_1))
    case.refused(FourEyes, VDAB_1_AGAIN, "label.granted", _decided(VDAB_1_AGAIN))
    case.refused(FourEyes, VDAB, "label.refused", replace(example("label.refused"), decided_by=VDAB_1))
    case.refused(InvalidField, VDAB_1, "label.granted", _decided(VDAB_2))
    case.refused(WrongParty, OCMW_1, "label.granted", _decided(OCMW_1))
    case.post(VDAB_2, "label.granted", _decided(VDAB_2))
    assert (case.thread.status, case.turn.organisation) == (Status.ACCEPTED, OCMW)


def test_an_assessor_of_the_ocmw_and_a_decision_by_an_application_are_two_people_as_well() -> None:
    case = _case()
    _assessed(case, OCMW_1)
    case.post(VDAB, "label.granted", _decided(VDAB_1))
    assert case.thread.status is Status.ACCEPTED


def test_a_ticket_waits_for_a_place_until_it_ends() -> None:
    case = _case()
    _assessed(case)
    case.post(VDAB_2, "label.granted", _decided(VDAB_2))
    assert case.thread.due_at == brussels(date(2027, 11, 30))
    case.post(OCMW_1, "label.placed")
    assert (case.thread.status, case.thread.turn) == (Status.COMPLETED, None)


def test_after_a_refusal_the_requester_asks_again_and_the_four_eyes_start_anew() -> None:
    case = _case()
    _assessed(case)
    case.post(VDAB_2, "label.refused")
    assert (case.thread.status, case.thread.outcome) == (Status.REJECTED, "notEnoughInformation")
    case.refused(WrongParty, VDAB_1, "label.reconsiderationRequested")
    case.post(OCMW_1, "label.reconsiderationRequested")
    assert (case.thread.status, case.thread.outcome, case.thread.due_rule) == (Status.RECEIVED, "", "30 days")
    _assessed(case, VDAB_2)
    case.refused(FourEyes, VDAB_2, "label.granted", _decided(VDAB_2))
    case.post(VDAB_1, "label.granted", _decided(VDAB_1))
    assert len(case.dossier.threads) == 1


def test_a_refusal_can_also_lead_to_a_new_request_or_rest() -> None:
    case = _case()
    _assessed(case)
    case.post(VDAB_2, "label.refused")
    case.post(OCMW_1, "label.retried", Retried())
    old, new = case.dossier.threads.values()
    assert (old.status, new.status, new.correlation_id) == (Status.CLOSED, Status.REQUESTED, old.thread_id)
    assert (new.purpose, new.route) == (old.purpose, old.route)


def test_only_between_an_ocmw_and_vdab_and_on_a_basis_that_allows_it() -> None:
    case = _case()
    case.open(OTHER_1)
    case.refused(
        InvalidField, OCMW_1, "label.requested", replace(example("label.requested"), receiver="ocmw-waterhoek")
    )
    elsewhere = Case()
    elsewhere.open(OCMW_1, legal_basis_id="training-only")
    elsewhere.refused(PurposeNotAllowed, OCMW_1, "label.requested")


def test_another_partner_sees_nothing_of_it_until_it_takes_part() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=PARTNER))
    requested = next(e for e in case.events if e.type == "label.requested")
    label = requested.thread_id
    assert not case.sees(PARTNER, requested.sequence)
    assert label not in {t.thread_id for t in case.dossier.threads_seen_by(PARTNER)}
    case.refused(UnknownThread, PARTNER_1, "label.assessed", thread=label)
    later = case.post(VDAB_1, "label.informationRequested", thread=label)
    assert case.entitled(later) == {OCMW, VDAB}
    invited = ParticipantInvited(organisation=PARTNER, why="Begeleidt op de werkvloer.")
    case.post(OCMW_1, "label.participantInvited", invited, thread=label)
    assert case.sees(PARTNER, later.sequence)
    assert PARTNER in case.entitled(case.events[-1])
