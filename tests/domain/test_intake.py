from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace
from tests.domain.world import OCMW, OCMW_1, OCMW_2, OTHER_1, PARTNER, PARTNER_1, VDAB, VDAB_1, Case

from handover.domain.codes_follow_up import Benefit, IntakeForm, TrajectoryKind
from handover.domain.kinds import intake as i
from handover.domain.refusals import InvalidField, WrongParty, WrongState
from handover.domain.threads import Status

WHEN = datetime(2026, 12, 1, 9, tzinfo=UTC)


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    return case


def _joint(other_organisation: str | None = VDAB, other_counsellor: str | None = VDAB_1) -> i.Planned:
    return i.Planned(
        form=IntakeForm.JOINT,
        planned_at=WHEN,
        counsellor=OCMW_2,
        other_organisation=other_organisation,
        other_counsellor=other_counsellor,
    )


def test_planned_then_recorded_then_updated() -> None:
    case = _case()
    planned = case.post(OCMW_1, "intake.planned")
    thread = case.thread
    assert thread.thread_id == planned.event_id
    assert (thread.status, thread.turn, thread.due_at) == (Status.ACCEPTED, thread.sender, WHEN)
    case.post(OCMW_1, "intake.recorded", thread=thread.thread_id)
    assert (case.thread.status, case.thread.turn, case.thread.due_at) == (Status.COMPLETED, None, None)
    case.post(OCMW_1, "intake.updated")
    assert case.thread.status is Status.COMPLETED
    case.refused(WrongState, OCMW_1, "intake.recorded", thread=thread.thread_id)
    assert len(case.dossier.threads) == 1


def test_recorded_without_a_plan() -> None:
    case = _case()
    case.post(OCMW_1, "intake.recorded")
    assert case.thread.status is Status.COMPLETED
    case.post(OCMW_1, "intake.recorded")
    assert len(case.dossier.threads) == 2


def test_a_joint_intake_names_both_counsellors_and_invites_the_other() -> None:
    case = _case()
    case.post(OCMW_1, "intake.planned", _joint())
    assert (case.thread.sender.organisation, case.thread.sender.counsellor) == (OCMW, OCMW_2)
    assert case.thread.receiver
    assert (case.thread.receiver.organisation, case.thread.receiver.counsellor) == (VDAB, VDAB_1)
    assert case.dossier.inscription_of(VDAB)
    assert case.dossier.counsellor_of(VDAB) == VDAB_1
    case.post(VDAB_1, "intake.recorded", thread=case.thread.thread_id)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (_joint(other_counsellor=None), "otherCounsellor"),
        (_joint(other_organisation=None), "otherOrganisation"),
        (_joint(other_organisation=None, other_counsellor=None), "otherOrganisation"),
        (_joint(other_counsellor=OCMW_1), "otherCounsellor"),
        (_joint(other_organisation="nergens"), "otherOrganisation"),
        (
            i.Planned(form=IntakeForm.SINGLE, planned_at=WHEN, counsellor=OCMW_1, other_counsellor=VDAB_1),
            "otherCounsellor",
        ),
        (i.Planned(form=IntakeForm.SINGLE, planned_at=WHEN, counsellor=VDAB_1), "counsellor"),
    ],
)
def test_who_is_named_must_be_there(data: i.Planned, field: str) -> None:
    refusal = _case().refused(InvalidField, OCMW_1, "intake.planned", data)
    assert isinstance(refusal, InvalidField)
    assert refusal.field == field


def test_a_partner_plans_no_intake_but_may_add_to_one() -> None:
    case = _case()
    case.post(OCMW_1, "intake.planned", _joint(other_organisation="partner-igo", other_counsellor=PARTNER_1))
    case.refused(WrongParty, PARTNER_1, "intake.planned")
    case.post(PARTNER_1, "intake.recorded", thread=case.thread.thread_id)
    case.post(PARTNER_1, "intake.updated")


def test_three_separate_facts() -> None:
    """Registered at VDAB, known target group and in an active trajectory are not derived from one another."""
    case = _case()
    group = case.dossier.target_group
    case.post(OCMW_1, "dossier.registeredAtVdab", i.RegisteredAtVdab(since=date(2026, 11, 2)))
    facts = case.dossier.facts
    assert (facts.registered_at_vdab_since, facts.trajectory_since) == (date(2026, 11, 2), None)
    started = i.TrajectoryStarted(since=date(2026, 11, 9), kind=TrajectoryKind.GUIDANCE)
    case.post(OCMW_1, "dossier.trajectoryStarted", started)
    facts = case.dossier.facts
    assert (facts.registered_at_vdab_since, facts.trajectory_since) == (date(2026, 11, 2), date(2026, 11, 9))
    assert case.dossier.target_group is group


def test_each_side_has_its_word_on_income() -> None:
    case = _case()
    case.open(VDAB_1)
    since = date(2026, 11, 2)
    case.post(OCMW_1, "dossier.benefitStated", i.BenefitStated(benefit=Benefit.LIVING_WAGE, since=since))
    case.post(VDAB_1, "dossier.benefitStated", i.BenefitStated(benefit=Benefit.SICKNESS, since=since))
    case.post(OCMW_1, "dossier.benefitStated", i.BenefitStated(benefit=Benefit.NONE, since=since))
    assert case.dossier.facts.benefits == {OCMW: Benefit.NONE, VDAB: Benefit.SICKNESS}
    case.open(OTHER_1)
    assert case.dossier.threads == {}, "a fact is no process"


def test_a_start_meeting_brings_a_partner_in_with_an_inscription_of_its_own() -> None:
    case = _case()
    meeting = replace(_joint(), form=IntakeForm.START_MEETING, participants=(PARTNER, OCMW))
    case.post(OCMW_1, "intake.planned", meeting)
    assert [p.organisation for p in case.thread.participants] == [PARTNER], "the organiser is there anyway"
    inscription = case.dossier.inscription_of(PARTNER)
    assert inscription
    assert inscription.by_thread == str(case.thread.thread_id)
    assert case.dossier.inscription_of(VDAB)
    case.post(PARTNER_1, "intake.recorded", thread=case.thread.thread_id)
    unknown = replace(_joint(), form=IntakeForm.START_MEETING, participants=("nergens",))
    case.refused(InvalidField, OCMW_1, "intake.planned", unknown)
