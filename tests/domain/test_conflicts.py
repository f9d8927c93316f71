"""Status conflicts: found when they arise, told to both, open until a person resolves them."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.domain.world import (
    OCMW,
    OCMW_1,
    PARTNER,
    PARTNER_1,
    VDAB,
    VDAB_1,
    Case,
    caller,
    either,
    example,
    opening,
)

from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.domain.codes_follow_up import Benefit
from handover.domain.events import ReplaceSsin
from handover.domain.kinds.intake import BenefitStated
from handover.domain.refusals import WrongParty
from handover.domain.threads import Status, Thread

SINCE = date(2026, 11, 2)


def _conflicts(case: Case) -> list[Thread]:
    return [t for t in case.dossier.threads.values() if t.topic == "statusConflict"]


def _states(case: Case, who: str, benefit: Benefit) -> None:
    case.post(who, "dossier.benefitStated", BenefitStated(benefit=benefit, since=SINCE))


def test_a_leefloon_client_registered_at_vdab_is_the_normal_case() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    case.post(VDAB_1, "dossier.registeredAtVdab")
    case.post(VDAB_1, "dossier.trajectoryStarted")
    _states(case, OCMW_1, Benefit.LIVING_WAGE)
    assert _conflicts(case) == []
    facts = case.dossier.facts
    assert facts.registered_at_vdab_since
    assert facts.trajectory_since
    assert case.dossier.target_group is TargetGroup.LIVING_WAGE, "three facts, kept apart"


def test_an_unemployment_benefit_beside_an_active_leefloon() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    _states(case, VDAB_1, Benefit.UNEMPLOYMENT)
    found = _conflicts(case)[0]
    assert (found.purpose, found.status) == ("benefits", Status.REQUESTED)
    assert found.turn
    assert found.turn.organisation == OCMW, "the side that did not state it looks first"
    assert case.entitled(case.events[-1]) == {OCMW, VDAB}
    _states(case, VDAB_1, Benefit.UNEMPLOYMENT)
    assert len(_conflicts(case)) == 1, "told once"
    case.post(VDAB_1, "dossier.statusConflictResolved", thread=found.thread_id)
    assert _conflicts(case)[0].status is Status.COMPLETED


def test_the_other_way_round_as_well() -> None:
    case = Case()
    case.open(OCMW_1, target_group=TargetGroup.JOB_SEEKER, capacity=Capacity.OTHER_AID)
    case.open(VDAB_1, target_group=TargetGroup.JOB_SEEKER)
    _states(case, VDAB_1, Benefit.UNEMPLOYMENT)
    assert _conflicts(case) == []
    _states(case, OCMW_1, Benefit.LIVING_WAGE)
    assert [t.purpose for t in _conflicts(case)] == ["benefits"]


def test_two_leads_claimed() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1, target_group=TargetGroup.JOB_SEEKER)
    assert [t.purpose for t in _conflicts(case)] == ["leads"]
    assert case.dossier.lead.kind is LeadKind.OCMW, "nothing changes by itself"
    agreeing = Case()
    agreeing.open(OCMW_1, **either(LeadKind.OCMW))
    agreeing.open(VDAB_1, **either(LeadKind.OCMW))
    assert _conflicts(agreeing) == []


def test_a_birth_date_against_the_number() -> None:
    case = Case()
    case.run(opening(OCMW_1, command_id=case.next_id(), ssin_birth_date=date(1981, 1, 1)))
    assert [t.purpose for t in _conflicts(case)] == ["identity"]
    assert case.turn.organisation == OCMW, "alone in it, so it looks itself"
    right = Case()
    right.run(opening(OCMW_1, command_id=right.next_id(), ssin_birth_date=date(1980, 1, 1)))
    assert _conflicts(right) == []


def test_a_replaced_number_is_held_against_the_birth_date() -> None:
    case = Case()
    case.open(OCMW_1)
    replaced = ReplaceSsin(
        command_id=case.next_id(),
        dossier_id=case.dossier.dossier_id,
        caller=caller(OCMW_1),
        replaced_on=SINCE,
        ssin_birth_date=date(1981, 1, 1),
    )
    assert [e.type for e in case.run(replaced)] == ["dossier.ssinReplaced", "dossier.statusConflictDetected"]
    case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=PARTNER))
    with pytest.raises(WrongParty):
        case.run(replace(replaced, command_id=case.next_id(), caller=caller(PARTNER_1)))
