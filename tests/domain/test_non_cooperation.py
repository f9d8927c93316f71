"""nonCooperation: only within the regime, answered step by step, never ended by silence."""

from datetime import UTC, date, datetime

from msgspec.structs import replace
from tests.domain.world import OCMW, OCMW_1, OTHER_1, PARTNER, VDAB, VDAB_1, Case, brussels, example

from handover.domain.codes import Capacity, TargetGroup
from handover.domain.codes_non_cooperation import NonCooperationOutcome
from handover.domain.events import PassTime
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds import non_cooperation as nc
from handover.domain.refusals import InvalidField, OutsideRegime, WrongParty, WrongState
from handover.domain.threads import Status
from handover.domain.visibility import Reader, visible_data


def _case(group: TargetGroup = TargetGroup.LIVING_WAGE, *, registered: bool = True) -> Case:
    case = Case()
    case.open(OCMW_1, target_group=group)
    case.open(VDAB_1)
    if registered:
        case.post(VDAB_1, "dossier.registeredAtVdab")
    return case


def test_only_for_leefloon_and_registered_at_vdab() -> None:
    _case().post(VDAB_1, "nonCooperation.observed")
    _case(TargetGroup.EQUIVALENT_LIVING_WAGE).post(VDAB_1, "nonCooperation.observed")
    _case(registered=False).refused(OutsideRegime, VDAB_1, "nonCooperation.observed")
    _case(TargetGroup.JOB_SEEKER).refused(OutsideRegime, VDAB_1, "nonCooperation.observed")
    _case().refused(WrongParty, OCMW_1, "nonCooperation.observed")
    _case().refused(
        InvalidField, VDAB_1, "nonCooperation.observed", replace(example("nonCooperation.observed"), receiver=PARTNER)
    )


def test_people_outside_the_regime_never_get_it() -> None:
    case = Case()
    case.open(OCMW_1, target_group=TargetGroup.INACTIVE_WITHOUT_BENEFIT, capacity=Capacity.OTHER_AID, lead="ocmw")
    case.open(VDAB_1, target_group=TargetGroup.INACTIVE_WITHOUT_BENEFIT, lead="ocmw")
    case.post(VDAB_1, "dossier.registeredAtVdab")
    case.refused(OutsideRegime, VDAB_1, "nonCooperation.observed")


def test_good_reasons_end_it_when_vdab_says_so() -> None:
    case = _case()
    case.post(VDAB_1, "nonCooperation.observed")
    assert case.thread.due_at == brussels(date(2026, 11, 26)), "three working days"
    case.post(OCMW_1, "nonCooperation.justified")
    assert (case.turn.organisation, case.thread.is_open) == (VDAB, True)
    case.refused(WrongParty, OCMW_1, "nonCooperation.closed")
    case.post(VDAB_1, "nonCooperation.closed")
    assert not case.thread.is_open


def test_a_report_is_acknowledged_heard_reviewed_decided_closed() -> None:
    case = _case()
    for who, kind, due in (
        (VDAB_1, "observed", date(2026, 11, 26)),
        (VDAB_1, "reported", date(2026, 11, 26)),
        (OCMW_1, "acknowledged", date(2026, 12, 7)),
        (OCMW_1, "clientHeard", date(2026, 12, 23)),
        (OCMW_1, "sanctionUnderReview", None),
        (OCMW_1, "outcomeDecided", date(2026, 11, 30)),
    ):
        case.post(who, f"nonCooperation.{kind}")
        if due:
            assert case.thread.due_at == brussels(due), kind
        else:
            review = example("nonCooperation.sanctionUnderReview")
            assert isinstance(review, nc.SanctionUnderReview)
            assert case.thread.due_at == brussels(review.decision_on)
    assert case.turn.organisation == VDAB
    case.post(VDAB_1, "nonCooperation.closed")
    assert case.thread.status is Status.COMPLETED


def test_no_step_is_skipped() -> None:
    case = _case()
    case.post(VDAB_1, "nonCooperation.observed")
    for kind in ("acknowledged", "clientHeard", "outcomeDecided", "closed", "sanctionUnderReview"):
        who = VDAB_1 if kind == "closed" else OCMW_1
        case.refused(WrongState, who, f"nonCooperation.{kind}")


def test_contested_and_withdrawn_are_possible_at_any_time() -> None:
    for steps in ((), ("reported",), ("reported", "acknowledged"), ("reported", "acknowledged", "clientHeard")):
        case = _case()
        case.post(VDAB_1, "nonCooperation.observed")
        for kind in steps:
            case.post(VDAB_1 if kind == "reported" else OCMW_1, f"nonCooperation.{kind}")
        before = case.thread
        case.refused(WrongParty, VDAB_1, "nonCooperation.contested")
        case.post(OCMW_1, "nonCooperation.contested")
        assert (case.thread.status, case.thread.turn, case.thread.due_at) == (
            before.status,
            before.turn,
            before.due_at,
        ), "the process goes on"
        case.post(VDAB_1, "nonCooperation.withdrawn")
        assert (case.thread.status, case.thread.outcome) == (Status.CANCELLED, "settledInTalk")


def test_silence_climbs_the_ladder_and_ends_nothing() -> None:
    case = _case()
    case.post(VDAB_1, "nonCooperation.observed")
    case.post(VDAB_1, "nonCooperation.reported")
    case.at = datetime(2027, 11, 23, 9, tzinfo=UTC)
    case.run(PassTime(command_id=case.next_id(), dossier_id=case.dossier.dossier_id))
    assert case.thread.is_open
    assert case.thread.rung == 3
    assert {p.organisation for p in case.thread.escalated} == {OCMW, VDAB}


def test_vdab_learns_the_code_and_of_the_motivation_only_what_is_shared() -> None:
    case = _case()
    case.post(VDAB_1, "nonCooperation.observed")
    for who, kind in ((VDAB_1, "reported"), (OCMW_1, "acknowledged"), (OCMW_1, "clientHeard")):
        case.post(who, f"nonCooperation.{kind}")
    data = nc.OutcomeDecided(
        outcome=NonCooperationOutcome.WARNING,
        decided_on=date(2026, 11, 23),
        motivation="Gevoelig",
        shared_motivation="Afspraken zijn hernieuwd.",
    )
    case.post(OCMW_1, "nonCooperation.outcomeDecided", data)
    # Not even a mandate to share opens it.
    case.post(OCMW_1, "dossier.mandateGiven")
    place = case.dossier.inscription_of(VDAB)
    assert place
    reader = Reader.of(case.dossier, place, case.directory, on=case.at.date())
    classes = reader.classes("nonCooperation.outcomeDecided", OCMW)
    assert Visibility.CONFIDENTIAL not in classes
    wire = {"outcome": "warning", "decidedOn": "2026-11-23", "motivation": "x", "sharedMotivation": "y"}
    assert set(visible_data("nonCooperation.outcomeDecided", wire, classes)) == set(wire) - {"motivation"}
    assert reader.redacted("nonCooperation.outcomeDecided", OCMW, wire) == ()
    assert EVENT_TYPES["nonCooperation.outcomeDecided"].visibility["outcome"] is Visibility.STEP


def test_another_ocmw_has_no_say() -> None:
    case = _case()
    case.open(OTHER_1)
    case.post(VDAB_1, "nonCooperation.observed")
    case.refused(WrongParty, OTHER_1, "nonCooperation.justified", thread=case.thread.thread_id)
