"""The revolving door: out of work within six months, or the same process again within six months."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.domain.world import OCMW_1, VDAB_1, Case, example

from handover.domain.codes import Purpose
from handover.domain.kinds import follow_up_payloads as f
from handover.domain.kinds import handover as h


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    return case


@pytest.mark.parametrize(
    ("ended_on", "marked"), [(date(2027, 2, 28), True), (date(2027, 3, 1), False), (date(2027, 6, 1), False)]
)
def test_leaving_work_within_six_months(ended_on: date, marked: bool) -> None:  # noqa: FBT001 - the case itself
    case = _case()
    started = example("followUp.employmentStarted")
    assert isinstance(started, f.EmploymentStarted)
    case.post(OCMW_1, "followUp.employmentStarted", replace(started, starts_on=date(2026, 9, 1)))
    ended = example("followUp.employmentEnded")
    assert isinstance(ended, f.EmploymentEnded)
    case.later(days=200)
    event = case.post(OCMW_1, "followUp.employmentEnded", replace(ended, ended_on=ended_on))
    assert case.thread.revolving_door is marked
    assert event.threads[0].revolving_door is marked, "recorded, so that indicators count it from the events"


def _completed(case: Case) -> None:
    case.post(OCMW_1, "handover.requested")
    for kind in ("accepted", "contacted", "completed"):
        case.post(VDAB_1, f"handover.{kind}")


@pytest.mark.parametrize(("days", "marked"), [(1, True), (170, True), (200, False)])
def test_the_same_referral_again(days: int, marked: bool) -> None:  # noqa: FBT001 - the case itself
    case = _case()
    _completed(case)
    case.later(days=days)
    case.post(OCMW_1, "handover.requested")
    assert case.thread.revolving_door is marked


def test_another_purpose_or_a_retry_is_none() -> None:
    case = _case()
    _completed(case)
    request = example("handover.requested")
    assert isinstance(request, h.Requested)
    case.post(OCMW_1, "handover.requested", replace(request, purpose=Purpose.TRAINING))
    assert not case.thread.revolving_door
    setback = _case()
    setback.post(OCMW_1, "handover.requested")
    setback.post(VDAB_1, "handover.rejected")
    setback.post(OCMW_1, "handover.retried")
    assert not any(t.revolving_door for t in setback.dossier.threads.values())
