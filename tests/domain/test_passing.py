"""The ladder: the counsellor, the team after two working days, both coordinators after five; what else time brings."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace
from tests.domain.world import (
    DIRECTORY,
    OCMW,
    OCMW_1,
    PARTNER,
    PARTNER_1,
    VDAB,
    VDAB_1,
    VDAB_2,
    Case,
    brussels,
    example,
    said_by,
)

from handover.domain.agreements import Absence, Agreement, Desk, Terms
from handover.domain.codes_dossier import Rung
from handover.domain.events import Event, PassTime
from handover.domain.kinds.common import Escalated
from handover.domain.parties import Directory, Party
from handover.domain.passing import next_moment


def _pass(case: Case, at: datetime | None = None) -> tuple[Event, ...]:
    case.at = at or case.at
    return case.run(PassTime(command_id=case.next_id(), dossier_id=case.dossier.dossier_id))


def _rungs(events: tuple[Event, ...]) -> list[Rung]:
    return [e.data.rung for e in events if isinstance(e.data, Escalated)]


def _accepted() -> Case:
    """Contact is due on Monday 14 December, 15 working days after."""
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    assert case.thread.due_at == brussels(date(2026, 12, 14))
    return case


def test_each_rung_comes_in_its_time_and_once() -> None:
    case = _accepted()
    due = case.thread.due_at
    assert due
    assert next_moment(case.dossier) == due
    assert _pass(case, due) == (), "the last second is not over yet"
    assert _rungs(_pass(case, due + timedelta(seconds=1))) == [Rung.COUNSELLOR]
    assert case.thread.escalated == (Party(organisation=VDAB, counsellor=VDAB_1),)
    assert _pass(case, due + timedelta(hours=1)) == (), "once"
    assert next_moment(case.dossier) == brussels(date(2026, 12, 16))
    assert _rungs(_pass(case, brussels(date(2026, 12, 16)) + timedelta(seconds=1))) == [Rung.TEAM]
    assert next_moment(case.dossier) == brussels(date(2026, 12, 21)), "five working days after the due moment"
    last = _pass(case, brussels(date(2026, 12, 21)) + timedelta(seconds=1))
    assert _rungs(last) == [Rung.COORDINATORS]
    assert {p.counsellor for p in case.thread.escalated} >= {f"{OCMW}.coordinator", f"{VDAB}.coordinator"}
    assert last[0].organisation == VDAB, "in the name of whose turn it is"
    assert case.entitled(last[0]) == {OCMW, VDAB}, "and a delivery to both"
    assert case.thread.is_open
    assert next_moment(case.dossier) is None


def test_what_was_missed_is_caught_up_at_once_in_order() -> None:
    case = _accepted()
    assert _rungs(_pass(case, datetime(2027, 3, 1, tzinfo=UTC))) == [Rung.COUNSELLOR, Rung.TEAM, Rung.COORDINATORS]


def test_over_a_year_end_holidays_do_not_count() -> None:
    case = Case()
    case.at = datetime(2026, 12, 23, 9, tzinfo=UTC)
    case.open(OCMW_1)
    case.open(VDAB_1)
    case.post(OCMW_1, "handover.requested")
    assert case.thread.due_at == brussels(date(2026, 12, 24)), "Thursday before Christmas"
    _pass(case, brussels(date(2026, 12, 24)) + timedelta(seconds=1))
    # Friday is Christmas; Monday 28 and Tuesday 29 are the two working days.
    assert next_moment(case.dossier) == brussels(date(2026, 12, 29))
    _pass(case, brussels(date(2026, 12, 29)) + timedelta(seconds=1))
    # 28, 29, 30, 31 December, then New Year and a weekend: Monday 4 January.
    assert next_moment(case.dossier) == brussels(date(2027, 1, 4))


def test_an_answer_takes_everyone_down_the_ladder() -> None:
    case = _accepted()
    _pass(case, datetime(2026, 12, 17, 9, tzinfo=UTC))
    assert case.thread.rung == 2
    case.post(VDAB_1, "handover.contacted")
    assert (case.thread.rung, case.thread.escalated) == (0, ())
    assert next_moment(case.dossier) == case.thread.due_at


def test_whoever_stands_in_is_reminded_as_well() -> None:
    case = _accepted()
    agreement = Agreement(
        agreement_id=UUID(int=1),
        ocmw=OCMW,
        vdab=VDAB,
        valid_from=date(2020, 1, 1),
        terms=Terms(
            vdab_desk=Desk(
                fixed_contact=VDAB_1,
                substitute=VDAB_2,
                absences=(Absence(first=date(2026, 12, 10), last=date(2026, 12, 31)),),
                team="Bemiddeling Zuid",
                coordinator=f"{VDAB}.coordinator",
            )
        ),
    )
    case.directory = _with(agreement)
    _pass(case, datetime(2026, 12, 15, 9, tzinfo=UTC))
    assert [p.counsellor for p in case.thread.escalated] == [VDAB_1, VDAB_2]
    _pass(case, datetime(2026, 12, 17, 9, tzinfo=UTC))
    assert case.thread.escalated[-1] == Party(organisation=VDAB, team="Bemiddeling Zuid")


def _with(agreement: Agreement) -> Directory:
    return dataclasses.replace(DIRECTORY, agreements=(agreement,))


def test_the_team_of_the_counsellor_comes_before_that_of_the_agreement() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "followUp.appointmentPlanned")
    due = case.thread.due_at
    assert due
    _pass(case, due + timedelta(days=10))
    assert Party(organisation=OCMW, team="Traject") in case.thread.escalated


def test_the_consultation_about_art_60_escalates_to_vdab_too() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    case.post(OCMW_1, "followUp.art60Started")
    case.post(OCMW_1, "dossier.counsellorAssigned")
    due = case.thread.due_at
    assert due
    assert _rungs(_pass(case, due + timedelta(days=14))) == [Rung.COUNSELLOR, Rung.TEAM, Rung.COORDINATORS]
    assert {p.organisation for p in case.thread.escalated} == {OCMW, VDAB}


def test_a_partner_leaves_six_months_after_its_last_action() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=PARTNER))
    for kind in ("accepted", "contacted", "completed"):
        case.post(PARTNER_1, f"handover.{kind}", said_by(f"handover.{kind}", PARTNER_1, OCMW))
    version = case.dossier.version
    leaves = datetime(2027, 5, 23, 21, 59, 59, tzinfo=UTC)
    assert next_moment(case.dossier) == leaves
    assert _pass(case, leaves) == ()
    assert [e.type for e in _pass(case, leaves + timedelta(seconds=1))] == ["dossier.inscriptionClosed"]
    assert case.dossier.inscription_of(PARTNER) is None
    assert case.sees(PARTNER, version), "read-only after"


def test_a_closed_dossier_waits_for_nothing() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "dossier.closed")
    assert next_moment(case.dossier) is None
    assert _pass(case, datetime(2030, 1, 1, tzinfo=UTC)) == ()
