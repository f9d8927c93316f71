"""Agreements: who takes turns before somebody is named, answer times that replace the defaults, the priority line."""

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from tests.domain.world import (
    AT,
    DIRECTORY,
    OCMW,
    OCMW_1,
    OCMW_2,
    VDAB,
    VDAB_1,
    VDAB_2,
    Case,
    brussels,
    example,
)

from handover.domain.agreements import Absence, Agreement, Desk, PriorityLine, Terms
from handover.domain.kinds import dossier as d
from handover.domain.refusals import NoPriorityLine, WrongState

CHRISTMAS = Absence(first=date(2026, 12, 21), last=date(2027, 1, 3))
DESK = Desk(
    fixed_contact=VDAB_1,
    substitute=VDAB_2,
    absences=(CHRISTMAS,),
    team="Bemiddeling Zuid",
    coordinator=f"{VDAB}.coordinator",
)


def _agreement(**changes: Any) -> Agreement:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "agreement_id": UUID(int=1),
        "ocmw": OCMW,
        "vdab": VDAB,
        "terms": Terms(vdab_desk=DESK),
        "valid_from": date(2026, 1, 1),
    }
    return Agreement(**fields | changes)


def _case(*agreements: Agreement) -> Case:
    case = Case(dataclasses.replace(DIRECTORY, agreements=agreements))
    case.open(OCMW_1)
    return case


def test_a_referral_goes_to_the_fixed_contact() -> None:
    case = _case(_agreement())
    case.post(OCMW_1, "handover.requested")
    assert case.turn.counsellor == VDAB_1


def test_and_to_the_substitute_during_an_absence_both_days_included() -> None:
    for day, who in (
        (datetime(2026, 12, 20, 12, tzinfo=UTC), VDAB_1),
        (datetime(2026, 12, 21, 0, 30, tzinfo=UTC), VDAB_2),
        (datetime(2027, 1, 3, 22, 30, tzinfo=UTC), VDAB_2),
        (datetime(2027, 1, 3, 23, 30, tzinfo=UTC), VDAB_1),
    ):
        case = _case(_agreement())
        case.at = day
        case.post(OCMW_1, "handover.requested")
        assert case.turn.counsellor == who, day


def test_never_to_nobody() -> None:
    """The fixed contact, else the substitute, else the team, else the coordinator."""
    away = replace(DESK, absences=(Absence(first=AT.date(), last=AT.date()),))
    gone = f"{VDAB}.vertrokken"
    for desk, counsellor, team in (
        (replace(away, substitute=None), "", "Bemiddeling Zuid"),
        (replace(away, substitute=gone), "", "Bemiddeling Zuid"),
        (replace(away, substitute=None, team=None), f"{VDAB}.coordinator", ""),
        (Desk(), f"{VDAB}.coordinator", ""),
        (Desk(fixed_contact=gone), f"{VDAB}.coordinator", ""),
    ):
        case = _case(_agreement(terms=Terms(vdab_desk=desk)))
        case.post(OCMW_1, "handover.requested")
        assert (case.turn.counsellor, case.turn.team) == (counsellor, team)


def test_who_works_with_the_client_comes_first() -> None:
    case = _case(_agreement())
    case.open(VDAB_2)
    case.post(OCMW_1, "handover.requested")
    assert case.turn.counsellor == VDAB_2


def test_an_agreed_answer_time_replaces_the_default_and_says_so() -> None:
    terms = Terms(answer_times={"handover.received": 2, "followUp.art60Started": 4})
    case = _case(_agreement(terms=terms))
    case.post(OCMW_1, "handover.requested")
    assert case.thread.due_rule == "1 working days", "what was not agreed stays"
    case.acknowledge(VDAB_1)
    assert (case.thread.due_at, case.thread.due_rule) == (brussels(date(2026, 11, 25)), "2 working days by agreement")
    case.post(OCMW_1, "followUp.art60Started")
    assert case.thread.due_rule == "4 months before ends_on by agreement"


def test_only_while_it_is_valid_and_only_for_deadlines_that_start_after() -> None:
    terms = Terms(answer_times={"handover.requested": 3})
    ended = _agreement(terms=terms, valid_until=date(2026, 11, 22))
    to_come = _agreement(terms=terms, valid_from=date(2026, 11, 24))
    case = _case(ended, to_come)
    case.post(OCMW_1, "handover.requested")
    before = case.thread
    assert before.due_rule == "1 working days"
    case.at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    case.post(OCMW_1, "followUp.employmentStarted")
    assert case.dossier.threads[before.thread_id].due_at == before.due_at, "what runs keeps its date"
    case.post(OCMW_1, "handover.requested")
    assert case.thread.due_rule == "3 working days by agreement"


def test_of_two_that_overlap_the_younger_holds() -> None:
    older = _agreement(terms=Terms(answer_times={"handover.requested": 3}))
    younger = _agreement(terms=Terms(answer_times={"handover.requested": 4}), valid_from=date(2026, 11, 1))
    case = _case(younger, older)
    case.post(OCMW_1, "handover.requested")
    assert case.thread.due_rule == "4 working days by agreement"


def test_an_agreement_of_another_ocmw_does_not_count() -> None:
    case = _case(_agreement(ocmw="ocmw-waterhoek", terms=Terms(vdab_desk=DESK, answer_times={"handover.requested": 9})))
    case.post(OCMW_1, "handover.requested")
    assert (case.turn.counsellor, case.thread.due_rule) == (f"{VDAB}.coordinator", "1 working days")


def test_the_priority_line_has_its_own_contact_and_times() -> None:
    line = PriorityLine(vdab_contact=VDAB_2, answer_times={"handover.requested": 2})
    terms = Terms(vdab_desk=DESK, answer_times={"handover.requested": 4}, priority_line=line)
    case = _case(_agreement(terms=terms))
    entered = d.PriorityLineEntered(since=AT.date())
    case.refused(NoPriorityLine, OCMW_1, "dossier.priorityLineEntered", entered)
    case.open(VDAB)
    case.post(OCMW_1, "dossier.priorityLineEntered", entered)
    case.refused(WrongState, OCMW_1, "dossier.priorityLineEntered", entered)
    case.post(OCMW_1, "handover.requested")
    assert (case.turn.counsellor, case.thread.due_rule) == (VDAB_2, "2 working days by agreement")
    case.post(OCMW_1, "dossier.priorityLineLeft")
    case.post(OCMW_1, "handover.requested")
    assert (case.turn.counsellor, case.thread.due_rule) == (VDAB_1, "4 working days by agreement")


def test_without_an_agreed_line_nobody_is_on_it() -> None:
    case = _case(_agreement())
    case.open(VDAB_1)
    case.refused(NoPriorityLine, OCMW_1, "dossier.priorityLineEntered")


def test_a_replacement_moves_open_turns_and_keeps_the_history() -> None:
    case = _case(_agreement())
    case.post(OCMW_1, "question.asked", replace(example("question.asked"), receiver=VDAB))
    case.post(VDAB_1, "question.answered")
    assert case.turn.counsellor == OCMW_1
    case.post(OCMW_1, "dossier.counsellorReplaced", d.CounsellorReplaced(replaced=OCMW_1, counsellor=OCMW_2))
    assert case.turn.counsellor == OCMW_2
    names = [(c.counsellor, c.until is None) for c in case.dossier.contacts if c.organisation == OCMW]
    assert names == [(OCMW_1, False), (OCMW_2, True)]
