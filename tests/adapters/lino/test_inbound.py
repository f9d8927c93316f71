"""What Lino holds becomes what should be in the dossiers; everything else is told with its reason."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from tests.adapters.lino.centre import (
    BARE,
    CENTRE,
    HELPER,
    NOW,
    OTHER_HELPER,
    TODAY,
    appointment,
    art60,
    client,
    coaching,
    granting,
    isip,
    ssin,
    with_art60,
)

from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Origin, Plan, Process
from handover.adapters.lino.appointments import Outcome
from handover.adapters.lino.cells import Ref
from handover.adapters.lino.inbound import SITUATION, plan_of
from handover.adapters.lino.reader import LinoSnapshot
from handover.adapters.lino.records import Art61Contract
from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.domain.codes_follow_up import AbsenceReason, EndReason
from handover.domain.kinds.follow_up_payloads import (
    AppointmentPlanned,
    ContractChanged,
    ContractEnded,
    ContractStarted,
    PlanAgreed,
    Unattended,
)
from handover.domain.kinds.intake import Recorded

OCMW = "ocmw-lindedal"
KOK = "ocmw-lindedal.hulp1"


def planned(snapshot: LinoSnapshot) -> Plan:
    return plan_of(snapshot, OCMW, now=NOW)


def process(snapshot: LinoSnapshot, key: str) -> Process:
    (placement,) = planned(snapshot).placements
    return next(found for found in placement.processes if found.key == key)


def test_a_client_who_is_followed_becomes_one_placement_in_the_order_of_what_happened() -> None:
    plan = planned(CENTRE)
    (placement,) = plan.placements
    assert [p.first.type for p in placement.processes] == [
        "intake.recorded",
        "followUp.planAgreed",
        "followUp.art60Started",
        "followUp.appointmentPlanned",
        "followUp.appointmentPlanned",
    ]
    assert placement.opening.ssin == ssin(17)
    assert ssin(17) not in repr(placement)
    assert (plan.clients_read, plan.rejects, plan.not_imported.total()) == (1, (), 0)
    assert [c.counsellor_id for c in plan.counsellors] == [KOK]
    assert placement.coach
    assert (placement.coach.counsellor_id, placement.coach.since) == (
        KOK,
        datetime(2026, 3, 1, 23, tzinfo=UTC),
    )


def test_the_intake_says_where_it_comes_from_and_nothing_it_does_not_know() -> None:
    found = process(CENTRE, "pcsw/AllClients/17/intake")
    assert isinstance(found.first.data, Recorded)
    assert found.first.data.situation == SITUATION
    assert (found.first.data.languages, found.first.data.barriers) == ((), ())
    assert found.first.occurred_at == datetime(2026, 3, 1, 23, tzinfo=UTC)
    future = replace(CENTRE, coachings=(replace(coaching(1, 17), since=date(2027, 1, 1)),))
    assert process(future, "pcsw/AllClients/17/intake").first.occurred_at is None


@pytest.mark.parametrize(
    ("contracts", "aid", "standing"),
    [
        (1, ["Leefloon"], (TargetGroup.EMPLOYED_THROUGH_OCMW, Capacity.EMPLOYED_THROUGH_OCMW, None)),
        (0, ["Eingliederungseinkommen"], (TargetGroup.LIVING_WAGE, Capacity.LIVING_WAGE, None)),
        (0, ["Revenu d\u2019intégration"], (TargetGroup.LIVING_WAGE, Capacity.LIVING_WAGE, None)),
        (
            0,
            ["Equivalent leefloon"],
            (TargetGroup.EQUIVALENT_LIVING_WAGE, Capacity.EQUIVALENT_LIVING_WAGE, None),
        ),
        (
            0,
            ["Ausländerbeihilfe"],
            (TargetGroup.EQUIVALENT_LIVING_WAGE, Capacity.EQUIVALENT_LIVING_WAGE, None),
        ),
        (0, ["Ausländerbeihilfe", "Leefloon"], (TargetGroup.LIVING_WAGE, Capacity.LIVING_WAGE, None)),
        (
            0,
            ["Voedselbank"],
            (TargetGroup.INACTIVE_WITHOUT_BENEFIT, Capacity.OTHER_AID, LeadKind.OCMW),
        ),
        (0, [], (TargetGroup.INACTIVE_WITHOUT_BENEFIT, Capacity.OTHER_GUIDANCE, LeadKind.OCMW)),
    ],
)
def test_the_target_group_follows_contracts_then_aid(
    contracts: int,
    aid: list[str],
    standing: tuple[TargetGroup, Capacity, LeadKind | None],
) -> None:
    snapshot = replace(
        CENTRE,
        art60=CENTRE.art60[:contracts],
        grantings=tuple(granting(17, label) for label in aid),
    )
    (placement,) = planned(snapshot).placements
    opening = placement.opening
    assert (opening.target_group, opening.capacity, opening.lead) == standing


def test_aid_and_contracts_that_are_over_do_not_count() -> None:
    snapshot = replace(
        with_art60(ended=date(2026, 9, 1)), grantings=(granting(17, "Leefloon", until=date(2026, 9, 1)),)
    )
    (placement,) = planned(snapshot).placements
    assert placement.opening.target_group is TargetGroup.INACTIVE_WITHOUT_BENEFIT


def test_contracts_carry_what_the_other_side_needs() -> None:
    plan = process(CENTRE, "isip/Contracts/3")
    assert plan.first.data == plan.again.data if plan.again else False
    assert plan.first.data == PlanAgreed(
        title="GPMI opleiding", starts_on=date(2026, 4, 1), ends_on=date(2027, 3, 31), counsellor=KOK
    )
    work = process(CENTRE, "jobs/Contracts/5")
    assert work.first.data == ContractStarted(
        starts_on=date(2026, 5, 4),
        ends_on=date(2027, 5, 3),
        workplace="Kringwinkel",
        function="Kok",
        counsellor=KOK,
    )
    assert work.first.occurred_at == datetime(2026, 5, 3, 22, tzinfo=UTC)
    assert work.again
    assert work.again.data == ContractChanged(
        starts_on=date(2026, 5, 4), ends_on=date(2027, 5, 3), workplace="Kringwinkel", function="Kok"
    )
    assert work.end is None


@pytest.mark.parametrize(
    ("until", "ended", "ending", "reason"),
    [
        (date(2026, 10, 1), date(2026, 10, 1), None, EndReason.END_DATE),
        (date(2026, 10, 1), None, None, EndReason.END_DATE),
        (TODAY, TODAY, Ref(1, "Normaal"), EndReason.END_DATE),
        (date(2027, 5, 3), date(2026, 10, 1), None, EndReason.OTHER),
        (date(2027, 5, 3), date(2026, 10, 1), Ref(3, "Gezondheid"), EndReason.OTHER),
        (date(2026, 10, 1), date(2026, 10, 1), Ref(2, "Alcohol"), EndReason.OTHER),
    ],
)
def test_how_a_contract_ended_is_told_without_lino_s_words(
    until: date, ended: date | None, ending: Ref | None, reason: EndReason
) -> None:
    found = process(with_art60(until=until, ended=ended, ending=ending), "jobs/Contracts/5")
    assert found.end
    assert found.end.type == "followUp.art60Ended"
    assert found.end.data == ContractEnded(ended_on=ended or until, reason=reason)


def test_an_art61_contract_is_told_as_one() -> None:
    contract = art60(5, 17)
    names = (name for name in Art61Contract.__dataclass_fields__ if name != "origin")
    same = Art61Contract(origin=Origin("art61/Contracts", 6), **{name: getattr(contract, name) for name in names})
    found = process(replace(CENTRE, art60=(), art61=(same,)), "art61/Contracts/6")
    assert found.first.type == "followUp.art61Started"


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (Outcome.PLANNED, None),
        (Outcome.ATTENDED, "followUp.attended"),
        (Outcome.MISSED, AbsenceReason.NO_NOTICE),
        (Outcome.EXCUSED, AbsenceReason.OTHER),
    ],
)
def test_an_appointment_says_what_became_of_it(outcome: Outcome, end: str | AbsenceReason | None) -> None:
    found = process(replace(CENTRE, appointments=(appointment(7, 17, outcome),)), "cal/Events/7/17")
    if isinstance(end, AbsenceReason):
        assert found.end
        assert found.end.data == Unattended(reason=end)
    else:
        assert (found.end.type if found.end else None) == end


def test_an_appointment_is_in_local_time_and_without_its_free_text() -> None:
    winter = process(CENTRE, "cal/Events/7/17").first.data
    assert winter == AppointmentPlanned(
        appointment_at=datetime(2026, 11, 30, 8, 30, tzinfo=UTC), subject="Gesprek", counsellor=KOK
    )
    bare = replace(appointment(7, 17), day=date(2026, 7, 1), at=None, kind=None, user=None)
    summer = process(replace(CENTRE, appointments=(bare,)), "cal/Events/7/17").first.data
    assert summer == AppointmentPlanned(appointment_at=datetime(2026, 6, 30, 22, 0, tzinfo=UTC), subject="Afspraak")


def test_what_stays_in_lino_is_counted_with_its_reason() -> None:
    snapshot = replace(
        CENTRE,
        clients=(client(17), client(18)),
        coachings=(coaching(1, 17), replace(coaching(2, 17), primary=False)),
        appointments=(
            appointment(7, 17, Outcome.SUGGESTED),
            appointment(8, 17, Outcome.CANCELLED),
            appointment(9, 18, Outcome.ATTENDED),
        ),
        grantings=(granting(17, "Leefloon"),),
        entries_without_client=4,
    )
    plan = planned(snapshot)
    assert dict(plan.not_imported) == {
        "appointment that is only suggested or a draft": 1,
        "appointment that was cancelled": 1,
        "appointment of a client without coaching or contract yet": 1,
        "client without coaching or contract yet": 1,
        "coaching that is over, still to come or not the primary one": 1,
        "calendar entry about no client": 4,
        "granted aid: read only to tell the target group": 1,
    }
    assert set(plan.withdrawn) == {"cal/Events/7/17", "cal/Events/8/17"}
    assert plan.rejects == ()


def test_a_client_who_is_not_known_for_sure_takes_the_rest_along() -> None:
    nobody = Reject("pcsw/AllClients", 17, "it has no national number")
    snapshot = replace(CENTRE, clients=(replace(client(17), national_id=None),), rejects=(nobody,))
    plan = planned(snapshot)
    assert plan.placements == ()
    assert plan.rejects[0] == nobody
    assert {(r.source, r.key) for r in plan.rejects[1:]} == {
        ("coachings/Coachings", 1),
        ("isip/Contracts", 3),
        ("jobs/Contracts", 5),
        ("cal/Events", 7),
        ("cal/Events", 8),
    }
    assert {r.reason for r in plan.rejects[1:]} == {"its client could not be placed"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"birth_date": None}, "it has no complete birth date"),
        ({"last_name": " "}, "it has no first name or no last name"),
        ({"first_name": "\x00"}, "it has no first name or no last name"),
        ({"national_id": "80023000182"}, "its national number holds no date that exists"),
    ],
)
def test_an_identity_that_cannot_be_is_rejected(changes: dict[str, object], reason: str) -> None:
    snapshot = replace(CENTRE, clients=(replace(client(17), **changes),))  # type: ignore[arg-type]
    plan = planned(snapshot)
    assert plan.placements == ()
    assert [r.reason.startswith(reason) for r in plan.rejects if r.source == "pcsw/AllClients"] == [True]


def test_a_row_that_cannot_be_placed_leaves_the_others() -> None:
    snapshot = replace(
        CENTRE,
        isip=(replace(isip(3, 17), since=None), replace(isip(4, 17), since=date(1, 1, 1)), isip(6, 17)),
        art60=(replace(art60(5, 17), ended=date(2026, 1, 1)),),
        appointments=(replace(appointment(7, 17), day=date(9999, 12, 31)),),
        coachings=(replace(coaching(1, 17), coach=Ref(99, "weg")),),
    )
    plan = planned(snapshot)
    assert [p.key for p in plan.placements[0].processes] == ["pcsw/AllClients/17/intake", "isip/Contracts/6"]
    assert {(r.key, r.reason) for r in plan.rejects} == {
        (3, "it has no start date"),
        (4, "its year is a typing error"),
        (5, "it ends before it starts"),
        (7, "its year is a typing error"),
        (1, "its coach is not among the users of Lino"),
    }


def test_long_texts_are_cut_and_odd_characters_left_out() -> None:
    found = process(with_art60(function="Kok\x00\n" + "x" * 300, employer=Ref(9, "")), "jobs/Contracts/5")
    assert isinstance(found.first.data, ContractStarted)
    assert found.first.data.function
    assert (len(found.first.data.function), found.first.data.function[:5]) == (200, "Kok x")
    assert found.first.data.workplace is None


def test_the_latest_running_primary_coaching_names_the_counsellor() -> None:
    coachings = (
        replace(coaching(1, 17), coach=HELPER),
        replace(coaching(2, 17), coach=OTHER_HELPER, since=date(2026, 8, 1)),
        replace(coaching(3, 17), coach=HELPER, since=date(2026, 9, 1), until=date(2026, 10, 1)),
        replace(coaching(4, 17), coach=HELPER, since=date(2027, 9, 1)),
    )
    plan = planned(replace(CENTRE, coachings=coachings))
    assert plan.placements[0].coach
    assert plan.placements[0].coach.counsellor_id == "ocmw-lindedal.lino-2"
    assert {c.counsellor_id for c in plan.counsellors} == {KOK, "ocmw-lindedal.lino-2"}


def test_an_empty_lino_gives_an_empty_plan() -> None:
    plan = planned(BARE)
    assert (plan.placements, plan.rejects, plan.counsellors, plan.not_imported.total()) == ((), (), (), 0)
