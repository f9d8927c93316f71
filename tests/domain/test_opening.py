from datetime import date
from typing import Any

import pytest
from tests.domain.world import (
    AT,
    DIRECTORY,
    OCMW,
    OCMW_1,
    OTHER,
    OTHER_1,
    PARTNER_1,
    VDAB,
    VDAB_1,
    Case,
    either,
    external,
    opening,
)

from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.domain.decide import decide
from handover.domain.kinds.dossier import InscriptionClosed
from handover.domain.refusals import (
    IdentityMismatch,
    InvalidField,
    InvitationNeeded,
    PurposeNotAllowed,
    Refusal,
)

# Pact, chapter 3, as in the table "Who directs".
LEADS = {
    "livingWage": LeadKind.OCMW,
    "equivalentLivingWage": LeadKind.OCMW,
    "employedThroughOcmw": LeadKind.OCMW,
    "jobSeekerMultipleProblems": LeadKind.VDAB,
    "jobSeeker": LeadKind.VDAB,
}


def test_opened() -> None:
    case = Case()
    opened, inscribed, assigned = case.open(OCMW_1)
    assert case.types == ["dossier.opened", "dossier.inscriptionOpened", "dossier.counsellorAssigned"]
    assert [opened.sequence, inscribed.sequence, assigned.sequence] == [1, 2, 3]
    assert {e.event_id for e in case.events} != {opened.event_id}
    assert case.dossier.version == 3
    assert case.dossier.counsellor_of(OCMW) == OCMW_1
    assert all(case.sees(OCMW, n) for n in (1, 2, 3))
    inscription = case.dossier.inscription_of(OCMW)
    assert inscription
    assert (inscription.capacity, inscription.since, inscription.until) == (Capacity.LIVING_WAGE, AT, None)


def test_opened_by_an_application_names_nobody() -> None:
    case = Case()
    case.open(OCMW)
    assert case.types == ["dossier.opened", "dossier.inscriptionOpened"]
    assert case.dossier.counsellor_of(OCMW) == ""
    assert case.dossier.lead.counsellor == ""


@pytest.mark.parametrize("group", LEADS)
@pytest.mark.parametrize("who", [OCMW_1, VDAB_1])
def test_who_directs_follows_from_the_target_group(group: str, who: str) -> None:
    case = Case()
    case.open(who, target_group=TargetGroup.of(group))
    lead = case.dossier.lead
    assert lead.kind is LEADS[group]
    directs = who.startswith(str(lead.kind))
    assert (lead.organisation, lead.counsellor) == ((who.partition(".")[0], who) if directs else ("", ""))


def test_the_lead_that_comes_later_is_filled_in_once() -> None:
    case = Case()
    case.open(VDAB_1)
    assert (case.dossier.lead.kind, case.dossier.lead.organisation) == (LeadKind.OCMW, "")
    case.open(OCMW_1)
    assert (case.dossier.lead.organisation, case.dossier.lead.counsellor) == (OCMW, OCMW_1)
    case.open(OTHER_1)
    assert case.dossier.lead.organisation == OCMW


@pytest.mark.parametrize("lead", [LeadKind.OCMW, LeadKind.VDAB])
def test_either_side_when_chosen(lead: LeadKind) -> None:
    case = Case()
    case.open(OCMW_1, **either(lead))
    assert case.dossier.lead.kind is lead


def test_a_paying_body_directs_and_is_named() -> None:
    case = Case()
    case.open(OCMW_1, **external())
    assert (case.dossier.lead.kind, case.dossier.lead.name) == (LeadKind.EXTERNAL, "Ziekenfonds")
    assert case.dossier.lead.organisation == ""
    case.open(VDAB_1)
    assert case.dossier.lead.organisation == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (either(None), "lead"),
        (either(LeadKind.EXTERNAL), "lead"),
        ({"lead": LeadKind.VDAB}, "lead"),
        ({"lead_name": "Ziekenfonds"}, "leadName"),
        (external() | {"lead_name": ""}, "leadName"),
        ({"capacity": Capacity.JOB_SEEKER}, "capacity"),
        ({"capacity": Capacity.ACTION_PARTNER}, "capacity"),
        ({"legal_basis_id": "none-such"}, "legalBasisId"),
    ],
)
def test_opened_in_vain(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        decide(None, opening(OCMW_1, **changes), DIRECTORY, at=AT)
    assert refusal.value.field == field


@pytest.mark.parametrize("capacity", [c for c in Capacity if c is not Capacity.JOB_SEEKER])
def test_vdab_knows_job_seekers_only(capacity: Capacity) -> None:
    with pytest.raises(InvalidField, match="jobSeeker"):
        decide(None, opening(VDAB_1, capacity=capacity), DIRECTORY, at=AT)


@pytest.mark.parametrize("basis", ["until-yesterday", "from-tomorrow"])
def test_a_basis_must_be_in_force(basis: str) -> None:
    with pytest.raises(PurposeNotAllowed):
        decide(None, opening(OCMW_1, legal_basis_id=basis), DIRECTORY, at=AT)


def test_a_partner_comes_by_invitation() -> None:
    case = Case()
    with pytest.raises(InvitationNeeded):
        case.open(PARTNER_1)
    case.open(OCMW_1)
    with pytest.raises(InvitationNeeded):
        case.open(PARTNER_1)


def test_joining_delivers_what_follows_and_everyone_is_told() -> None:
    case = Case()
    case.open(OCMW_1)
    joined, _ = case.open(VDAB_1)
    assert case.types[3:] == ["dossier.inscriptionOpened", "dossier.counsellorAssigned"]
    assert case.entitled(joined) == {OCMW, VDAB}
    assert case.entitled(3) == {OCMW}
    assert case.sees(VDAB, 1), "history is read"


def test_what_a_closed_inscription_still_shows() -> None:
    """Only what had gone out: the link of a delivered event must not turn into nothing."""
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "intake.recorded")
    case.post(OCMW_1, "handover.requested")
    assert all(case.sees(VDAB, event.sequence) for event in case.events)
    case.post(VDAB_1, "handover.rejected")
    assert [e.sequence for e in case.events if case.sees(VDAB, e.sequence)] == [5, 6, 7, 8]
    assert case.dossier.threads_seen_by(VDAB) == ()


def test_threads_of_a_second_ocmw() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "intake.recorded")
    case.later(minutes=1)
    case.open(OTHER_1)
    case.open(VDAB_1)
    assert case.dossier.threads_seen_by(OTHER) == ()
    case.later(minutes=1)
    case.post(OCMW_1, "followUp.planAgreed")
    assert [t.kind for t in case.dossier.threads_seen_by(OTHER)] == ["followUp"]
    for organisation in (OCMW, VDAB):
        assert [t.kind for t in case.dossier.threads_seen_by(organisation)] == ["intake", "followUp"]


def test_a_second_ocmw_sees_the_dossier_from_its_join_onwards() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "intake.recorded")
    before = case.dossier.version
    case.open(OTHER_1)
    assert [case.sees(OTHER, n) for n in range(1, case.dossier.version + 1)] == [
        n > before for n in range(1, case.dossier.version + 1)
    ]


def test_joining_twice_changes_nothing() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    before = case.dossier
    assert case.open(VDAB_1) == ()
    assert case.open(OCMW_1) == ()
    assert case.dossier == before


@pytest.mark.parametrize(
    "changes",
    [{"birth_date": date(1980, 1, 2)}, {"family_name": "Twee"}, {"given_name": "Iemand"}],
    ids=lambda c: next(iter(c)),
)
@pytest.mark.parametrize("who", [VDAB_1, OCMW_1])
def test_identity_must_match(changes: dict[str, Any], who: str) -> None:
    case = Case()
    case.open(OCMW_1)
    with pytest.raises(IdentityMismatch) as refusal:
        case.open(who, **changes)
    assert len(case.events) == 3
    for value in ("Voorbeeld", "Een", "Twee", "1980"):
        assert value not in refusal.value.detail


def test_names_match_as_people_write_them() -> None:
    case = Case()
    case.open(OCMW_1, family_name="Eén-Twee")
    case.open(VDAB_1, family_name="EEN TWEE", given_name="voorbeeld")
    assert case.dossier.inscription_of(VDAB)
    assert case.dossier.family_name == "Eén-Twee"


def test_a_closed_dossier_is_joined_so_that_it_can_be_reopened() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "dossier.closed")
    case.open(OTHER_1)
    assert case.dossier.closed
    case.post(OTHER_1, "dossier.reopened")
    assert not case.dossier.closed


def test_who_left_may_come_back() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    left = case.post(VDAB_1, "dossier.inscriptionClosed", InscriptionClosed(organisation=VDAB, why="Afgerond"))
    missed = case.post(OCMW_1, "dossier.benefitStated")
    back, _ = case.open(VDAB_1)
    assert [VDAB in case.entitled(e) for e in (left, missed, back)] == [True, False, True]
    assert case.sees(VDAB, missed.sequence), "what it missed is read, not delivered"


def test_the_first_ocmw_comes_back_to_the_whole_history() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    case.post(OCMW_1, "dossier.inscriptionClosed", InscriptionClosed(organisation=OCMW, why="Verhuisd"))
    missed = case.post(VDAB_1, "dossier.benefitStated")
    assert not case.sees(OCMW, missed.sequence)
    case.open(OCMW_1)
    assert case.sees(OCMW, missed.sequence)


@pytest.mark.parametrize("refusal", Refusal.__subclasses__(), ids=lambda r: r.__name__)
def test_a_refusal_says_what_happened_and_what_to_do(refusal: type[Refusal]) -> None:
    assert refusal.name
    assert refusal.title
    assert len((refusal.__doc__ or "").split()) > 4
