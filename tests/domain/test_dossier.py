"""Steps that concern the dossier itself: counsellors, lead, leaving, closing; and what `evolve` refuses."""

from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace
from tests.domain.world import (
    AT,
    OCMW,
    OCMW_1,
    OCMW_2,
    OTHER,
    OTHER_1,
    PARTNER,
    PARTNER_1,
    VDAB,
    VDAB_1,
    VDAB_2,
    Case,
    example,
    external,
)

from handover.domain.codes import LeadKind, TargetGroup
from handover.domain.dossier import Dossier, evolve, fold
from handover.domain.kinds import dossier as d
from handover.domain.parties import Party
from handover.domain.refusals import DossierBusy, DossierClosed, InvalidField, WrongParty, WrongState
from handover.domain.threads import Status


def _case(*others: str) -> Case:
    case = Case()
    for who in (OCMW_1, *others):
        case.open(who)
    return case


# --- counsellors ------------------------------------------------------------------------------------------------


def test_assigned() -> None:
    case = _case(VDAB)
    case.post(VDAB, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=VDAB_2))
    assert case.dossier.counsellor_of(VDAB) == VDAB_2
    case.refused(InvalidField, VDAB, "dossier.counsellorAssigned", d.CounsellorAssigned(counsellor=OCMW_1))


def _replaced(old: str, new: str) -> d.CounsellorReplaced:
    return d.CounsellorReplaced(replaced=old, counsellor=new)


def test_replaced_takes_over_turns_and_keeps_history() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    mine = case.post(OCMW_1, "followUp.appointmentPlanned").event_id
    case.later(days=1)
    event = case.post(OCMW_2, "dossier.counsellorReplaced", _replaced(OCMW_1, OCMW_2))
    dossier = case.dossier
    assert {t.thread_id for t in event.threads} == set(dossier.threads)
    assert dossier.threads[mine].turn == Party(organisation=OCMW, counsellor=OCMW_2)
    assert all(t.sender.counsellor == OCMW_2 for t in dossier.threads.values())
    referral = next(t for t in dossier.threads.values() if t.kind == "handover")
    assert referral.turn == Party(organisation=VDAB, counsellor=VDAB_1), "the other side keeps its turn"
    assert dossier.counsellor_of(OCMW) == OCMW_2
    assert dossier.lead.counsellor == OCMW_2
    assert [(c.counsellor, c.until) for c in dossier.contacts if c.organisation == OCMW] == [
        (OCMW_1, case.at),
        (OCMW_2, None),
    ]


def test_the_receivers_side_is_taken_over_as_well() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    case.post(VDAB_2, "dossier.counsellorReplaced", _replaced(VDAB_1, VDAB_2))
    assert case.thread.receiver == case.thread.turn == Party(organisation=VDAB, counsellor=VDAB_2)
    assert case.dossier.lead.counsellor == OCMW_1


def test_a_counsellor_of_another_organisation_is_not_replaced() -> None:
    case = _case(VDAB_1)
    for pair in ((OCMW_1, VDAB_2), (VDAB_1, OCMW_2), (VDAB_1, f"{VDAB}.niemand")):
        case.refused(InvalidField, VDAB_1, "dossier.counsellorReplaced", _replaced(*pair))


def test_a_word_in_an_ended_thread_brings_nobody_back() -> None:
    case = _case()
    case.post(OCMW_1, "intake.recorded")
    case.post(OCMW_2, "dossier.counsellorReplaced", _replaced(OCMW_1, OCMW_2))
    assert case.thread.sender.counsellor == OCMW_1, "who held the intake stays known"
    case.post(OCMW_2, "intake.updated")
    assert case.dossier.counsellor_of(OCMW) == OCMW_2
    assert [c.counsellor for c in case.dossier.contacts if c.until is None] == [OCMW_2]


def test_whoever_a_thread_names_works_with_the_client() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    assert case.dossier.counsellor_of(VDAB) == VDAB_1
    case.post(VDAB_1, "handover.failed")
    assert case.dossier.counsellor_of(VDAB) == VDAB_1, "contact history stays"


# --- lead -------------------------------------------------------------------------------------------------------


def test_lead_changes_on_acceptance_only() -> None:
    case = _case(VDAB_1)
    case.post(OCMW_1, "dossier.leadChanged")
    assert (case.dossier.lead.organisation, case.thread.status) == (OCMW, Status.REQUESTED)
    assert case.thread.turn
    assert case.thread.turn.organisation == VDAB
    case.refused(WrongParty, OCMW_1, "dossier.leadAccepted", d.LeadAccepted(counsellor=OCMW_1))
    case.post(VDAB_1, "dossier.leadAccepted", d.LeadAccepted(counsellor=VDAB_2))
    lead = case.dossier.lead
    assert (lead.kind, lead.organisation, lead.counsellor) == (LeadKind.VDAB, VDAB, VDAB_2)
    assert case.thread.status is Status.COMPLETED
    case.refused(WrongParty, OCMW_1, "dossier.leadChanged")
    case.refused(WrongParty, OCMW_1, "dossier.closed")


def test_lead_refused_stays_where_it_was() -> None:
    case = _case(VDAB_1)
    case.post(OCMW_1, "dossier.leadChanged")
    case.post(VDAB_1, "dossier.leadRefused")
    assert case.dossier.lead.organisation == OCMW
    assert (case.thread.status, case.thread.outcome) == (Status.REJECTED, "notEligible")
    case.post(OCMW_1, "dossier.leadConcluded")
    assert case.dossier.open_threads == ()


def test_the_new_lead_is_inscribed_when_it_was_not() -> None:
    case = _case()
    case.post(OCMW_1, "dossier.leadChanged", d.LeadChanged(lead=OTHER, why="De cliënt is verhuisd."))
    assert case.dossier.inscription_of(OTHER)
    case.post(OTHER_1, "dossier.leadRefused")
    assert case.dossier.inscription_of(OTHER) is None, "what was opened by asking closes with the refusal"


def test_only_the_lead_changes_the_lead_and_never_to_a_partner() -> None:
    case = _case(VDAB_1)
    case.refused(WrongParty, VDAB_1, "dossier.leadChanged")
    for lead, refusal in ((PARTNER, InvalidField), ("nergens", InvalidField), (OCMW, WrongParty)):
        case.refused(refusal, OCMW_1, "dossier.leadChanged", d.LeadChanged(lead=lead, why="Omdat."))


def test_one_change_of_lead_at_a_time() -> None:
    case = _case(VDAB_1)
    case.post(OCMW_1, "dossier.leadChanged")
    refusal = case.refused(
        WrongState, OCMW_1, "dossier.leadChanged", d.LeadChanged(lead=OTHER, why="De cliënt is verhuisd.")
    )
    assert "has not answered yet" in refusal.detail
    case.post(VDAB_1, "dossier.leadRefused")
    case.post(OCMW_1, "dossier.leadChanged", d.LeadChanged(lead=OTHER, why="De cliënt is verhuisd."))


def test_an_absent_lead_is_stood_in_for_by_those_who_are_there() -> None:
    case = Case()
    case.open(OCMW_1, **external())
    case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=PARTNER))
    case.refused(WrongParty, PARTNER_1, "dossier.targetGroupChanged")
    case.post(OCMW_1, "dossier.targetGroupChanged")
    assert case.dossier.target_group is TargetGroup.JOB_SEEKER
    case.post(OCMW_1, "dossier.leadChanged", d.LeadChanged(lead=OCMW, why="Geen uitkering meer."))
    case.post(OCMW_1, "dossier.leadAccepted", d.LeadAccepted(counsellor=OCMW_2))
    lead = case.dossier.lead
    assert (lead.kind, lead.organisation, lead.counsellor, lead.name) == (LeadKind.OCMW, OCMW, OCMW_2, "")


def test_target_group_is_the_leads_to_change() -> None:
    case = _case(VDAB_1)
    case.refused(WrongParty, VDAB_1, "dossier.targetGroupChanged")
    case.post(OCMW_1, "dossier.targetGroupChanged")
    assert case.dossier.target_group is TargetGroup.JOB_SEEKER
    assert case.dossier.lead.organisation == OCMW, "the lead changes when the new one accepts"


# --- leaving ----------------------------------------------------------------------------------------------------


def _leaves(organisation: str) -> d.InscriptionClosed:
    return d.InscriptionClosed(organisation=organisation, why="Afgerond")


def test_the_organisation_itself_or_the_lead_closes_an_inscription() -> None:
    case = _case(VDAB_1, OTHER_1)
    case.refused(WrongParty, VDAB_1, "dossier.inscriptionClosed", _leaves(OTHER))
    case.post(OCMW_1, "dossier.inscriptionClosed", _leaves(OTHER))
    case.refused(WrongState, OCMW_1, "dossier.inscriptionClosed", _leaves(OTHER))
    case.post(VDAB_1, "dossier.inscriptionClosed", _leaves(VDAB))
    assert [i.organisation for i in case.dossier.inscriptions if i.active] == [OCMW]


@pytest.mark.parametrize(("who", "leaving"), [(OCMW_1, OCMW), (OCMW_1, VDAB), (VDAB_1, VDAB)])
def test_nobody_leaves_a_client_waiting(who: str, leaving: str) -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    refusal = case.refused(DossierBusy, who, "dossier.inscriptionClosed", _leaves(leaving))
    assert "open threads" in refusal.detail


def test_who_rejected_may_leave() -> None:
    case = _case(VDAB_1)
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.rejected")
    case.refused(DossierBusy, OCMW_1, "dossier.inscriptionClosed", _leaves(OCMW))
    case.post(VDAB_1, "dossier.inscriptionClosed", _leaves(VDAB))
    case.post(OCMW_1, "handover.retried")
    assert case.dossier.inscription_of(VDAB), "asked again, it is in again"


# --- closing ----------------------------------------------------------------------------------------------------


def test_closing_waits_for_open_threads() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.refused(DossierBusy, OCMW_1, "dossier.closed")
    case.post(VDAB_1, "handover.rejected")
    case.refused(DossierBusy, OCMW_1, "dossier.closed")
    case.post(OCMW_1, "handover.concluded")
    case.post(OCMW_1, "dossier.closed")
    assert (case.dossier.closed, case.dossier.closed_at) == (True, AT)


@pytest.mark.parametrize("kind", ["intake.recorded", "dossier.benefitStated", "handover.requested", "dossier.closed"])
def test_closed_is_only_reopened(kind: str) -> None:
    case = _case(VDAB_1)
    case.refused(WrongState, OCMW_1, "dossier.reopened")
    case.post(OCMW_1, "dossier.closed")
    case.refused(DossierClosed, OCMW_1, kind)
    case.post(VDAB_1, "dossier.reopened")
    case.post(OCMW_1, kind)
    assert "dossier.closed" in case.types, "what happened stays"


def test_a_late_acknowledgement_does_not_wake_a_closed_dossier() -> None:
    case = _case(VDAB_1)
    referral = case.post(OCMW_1, "handover.requested").event_id
    case.post(OCMW_1, "handover.cancelled")
    case.post(OCMW_1, "dossier.closed")
    assert case.acknowledge(VDAB, referral) == ()


# --- fold -------------------------------------------------------------------------------------------------------


def test_a_gap_or_a_false_start_is_refused() -> None:
    case = _case()
    first, second, third = case.events
    state = fold([first])
    with pytest.raises(ValueError, match="3 does not follow 1"):
        evolve(state, third)
    with pytest.raises(ValueError, match="1 does not follow 1"):
        evolve(state, first)
    with pytest.raises(ValueError, match=r"starts with dossier\.opened"):
        evolve(None, second)
    with pytest.raises(ValueError, match=r"starts with dossier\.opened"):
        evolve(None, msgspec.structs.replace(first, sequence=2))
    assert fold([]) is None
    assert fold([second, third], state) == case.dossier


def test_state_survives_its_encoding() -> None:
    case = _case(VDAB_1)
    case.post(OCMW_1, "handover.requested")
    case.post(OCMW_1, "dossier.benefitStated")
    assert msgspec.json.decode(msgspec.json.encode(case.dossier), type=Dossier) == case.dossier


def test_ids_count_up_within_a_command() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    requested, inscribed = case.events[-2:]
    assert inscribed.event_id == UUID(int=requested.event_id.int + 1)
    assert case.dossier.last_by == {OCMW: inscribed.sequence}
