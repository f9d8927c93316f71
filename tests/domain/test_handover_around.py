"""What goes on around a referral: periods, retries, inscriptions, and which thread is meant."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from tests.domain.referral import S, at, referral
from tests.domain.world import (
    AT,
    OCMW,
    OCMW_1,
    OCMW_2,
    OTHER,
    OTHER_1,
    PARTNER,
    VDAB,
    VDAB_1,
    Case,
    brussels,
)

from handover.domain.kinds.common import Retried
from handover.domain.refusals import (
    InvalidField,
    UnknownThread,
    Unseen,
    WrongParty,
    WrongState,
)
from handover.domain.threads import Status

# --- any step of the receiver restarts the 30 days -------------------------------------------------------------

NEW_YEAR = datetime(2026, 12, 7, 9, tzinfo=UTC)
THIRTY_DAYS = brussels(date(2027, 1, 6))
"""From Monday 7 December: day 1 is the 8th, day 30 is 6 January."""


@pytest.mark.parametrize(
    "kind", ["dossier.trajectoryStarted", "dossier.benefitStated", "intake.recorded", "followUp.employmentStarted"]
)
def test_a_step_of_the_receiver_elsewhere_restarts_the_period(kind: str) -> None:
    case = at(S.IN_PROGRESS)
    referral = case.thread.thread_id
    event = case.post(VDAB_1, kind, at=NEW_YEAR)
    assert referral in {thread.thread_id for thread in event.threads}
    thread = case.dossier.threads[referral]
    assert (thread.due_at, thread.due_rule) == (THIRTY_DAYS, "30 days")
    assert (thread.since, thread.last_type) == (AT, "handover.contacted"), "it is no step of the referral itself"


@pytest.mark.parametrize("who", [OCMW_1, OTHER_1])
def test_a_step_of_somebody_else_does_not(who: str) -> None:
    case = at(S.IN_PROGRESS)
    case.open(OTHER_1)
    before = referral(case)
    event = case.post(who, "dossier.benefitStated", at=NEW_YEAR)
    assert event.threads == ()
    assert referral(case) == before


@pytest.mark.parametrize("status", [S.REQUESTED, S.ACCEPTED, S.ON_HOLD, S.COMPLETED])
def test_other_periods_run_on(status: Status) -> None:
    case = at(status)
    before = referral(case)
    case.post(VDAB_1, "dossier.benefitStated", at=NEW_YEAR)
    assert referral(case).due_at == before.due_at


def test_an_asked_cancellation_waits_for_its_own_answer() -> None:
    case = at(S.IN_PROGRESS)
    case.post(OCMW_1, "handover.cancellationRequested")
    case.post(VDAB_1, "dossier.benefitStated", at=NEW_YEAR)
    assert case.thread.due_at == brussels(date(2026, 11, 30))
    case.post(VDAB_1, "handover.progressed")
    assert case.thread.due_at == THIRTY_DAYS


def test_asking_to_cancel_keeps_why_it_waits_and_until_when() -> None:
    case = at(S.ON_HOLD)
    case.post(OCMW_1, "handover.cancellationRequested")
    assert (case.thread.status, case.thread.outcome) == (S.ON_HOLD, "illness")
    assert case.thread.review_on == date(2027, 1, 11)
    case.post(VDAB_1, "handover.resumed")
    assert case.thread == replace(case.thread, outcome="", review_on=None)


# --- retried ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [S.REJECTED, S.FAILED])
def test_retried_opens_a_new_thread_on_the_same_road(status: Status) -> None:
    case = at(status)
    old = case.thread
    event = case.post(OCMW_2, "handover.retried", thread=old.thread_id)
    new = case.thread
    assert event.thread_id == old.thread_id, "it is noted in the old one"
    assert case.dossier.threads[old.thread_id].status is S.CLOSED
    assert new.thread_id != old.thread_id
    assert new.correlation_id == old.correlation_id
    assert (new.status, new.purpose, new.opened_at) == (S.REQUESTED, "guidanceToWork", AT)
    assert new.due_at == brussels(date(2026, 11, 24))
    assert new.sender.counsellor == OCMW_1
    assert new.turn
    assert new.turn.organisation == VDAB
    assert case.dossier.inscription_of(VDAB)
    case.acknowledge(VDAB)
    case.post(VDAB_1, "handover.accepted")


def test_retried_with_another() -> None:
    case = at(S.REJECTED)
    case.post(OCMW_1, "handover.retried", Retried(receiver=PARTNER), thread=case.thread.thread_id)
    assert case.thread.receiver
    assert case.thread.receiver.organisation == PARTNER
    assert case.dossier.inscription_of(PARTNER)
    again = at(S.REJECTED)
    again.refused(WrongParty, OCMW_1, "handover.retried", Retried(receiver=OCMW), thread=again.thread.thread_id)
    again.refused(InvalidField, OCMW_1, "handover.retried", Retried(receiver="nergens"), thread=again.thread.thread_id)


def test_a_retry_of_a_retry_keeps_the_correlation() -> None:
    case = at(S.FAILED)
    first = case.thread
    for _ in range(2):
        case.post(OCMW_1, "handover.retried", thread=case.thread.thread_id)
        case.post(VDAB_1, "handover.rejected", thread=case.thread.thread_id)
    assert case.thread.correlation_id == first.thread_id
    assert len(case.dossier.threads) == 3
    assert [t.status for t in case.dossier.threads.values()] == [S.CLOSED, S.CLOSED, S.REJECTED]


# --- the inscription that a referral opened ---------------------------------------------------------------------


@pytest.mark.parametrize(("who", "kind"), [(VDAB_1, "handover.rejected"), (OCMW_1, "handover.cancelled")])
def test_what_came_to_nothing_closes_the_inscription_it_opened(who: str, kind: str) -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "handover.requested")
    event = case.post(who, kind)
    assert case.types[-1] == "dossier.inscriptionClosed"
    assert case.dossier.inscription_of(VDAB) is None
    assert VDAB in case.entitled(event), "it is still told"
    assert VDAB in case.entitled(case.dossier.version)
    case.post(OCMW_1, "dossier.benefitStated")
    assert VDAB not in case.entitled(case.dossier.version)
    case.refused(Unseen, VDAB_1, "handover.accepted", thread=case.thread.thread_id)


def test_but_not_one_that_was_there_before() -> None:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.rejected")
    assert case.dossier.inscription_of(VDAB)


def _two_referrals() -> tuple[Case, UUID, UUID]:
    case = Case()
    case.open(OCMW_1)
    first = case.post(OCMW_1, "handover.requested").event_id
    second = case.post(OCMW_1, "handover.requested").event_id
    return case, first, second


def test_nor_one_that_another_open_thread_needs() -> None:
    case, first, second = _two_referrals()
    case.post(VDAB_1, "handover.rejected", thread=first)
    assert case.dossier.inscription_of(VDAB)
    case.post(VDAB_1, "handover.accepted", thread=second)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("concludes", [False, True])
def test_the_last_of_several_closes_it(order: tuple[int, int], concludes: bool) -> None:  # noqa: FBT001
    case, *both = _two_referrals()
    case.post(VDAB_1, "handover.rejected", thread=both[order[0]])
    if concludes:
        case.post(OCMW_1, "handover.concluded", thread=both[order[0]])
    assert case.dossier.inscription_of(VDAB)
    case.post(VDAB_1, "handover.rejected", thread=both[order[1]])
    assert case.dossier.inscription_of(VDAB) is None, "nobody waits for it any more"


def test_who_worked_with_the_client_stays() -> None:
    case, first, second = _two_referrals()
    case.post(VDAB_1, "handover.accepted", thread=first)
    case.post(VDAB_1, "handover.failed", thread=first)
    case.post(OCMW_1, "handover.concluded", thread=first)
    case.post(VDAB_1, "handover.rejected", thread=second)
    assert case.dossier.inscription_of(VDAB)


# --- which thread -----------------------------------------------------------------------------------------------


def test_without_a_thread_id_it_is_the_only_one_that_fits() -> None:
    case, first, second = _two_referrals()
    refusal = case.refused(InvalidField, VDAB_1, "handover.accepted")
    assert isinstance(refusal, InvalidField)
    assert refusal.field == "threadId"
    case.post(VDAB_1, "handover.accepted", thread=first)
    assert case.post(VDAB_1, "handover.contacted").thread_id == first
    assert case.post(VDAB_1, "handover.accepted").thread_id == second


def test_a_thread_that_is_not_there() -> None:
    case = at(S.REQUESTED)
    case.refused(UnknownThread, VDAB_1, "handover.accepted", thread=UUID(int=1))
    planned = case.post(OCMW_1, "intake.planned").event_id
    case.refused(UnknownThread, VDAB_1, "handover.accepted", thread=planned)
    case.refused(WrongState, OCMW_1, "handover.requested", thread=referral(case).thread_id)
    fresh = Case()
    fresh.open(OCMW_1)
    fresh.refused(WrongState, OCMW_1, "handover.cancelled")


def test_who_is_not_in_the_dossier_sees_nothing() -> None:
    case = at(S.REQUESTED)
    for kind in ("handover.accepted", "handover.requested", "dossier.benefitStated", "dossier.closed"):
        case.refused(Unseen, OTHER_1, kind)
    with pytest.raises(Unseen):
        case.acknowledge(OTHER)


# --- when it happened and when we knew --------------------------------------------------------------------------


def test_periods_count_from_when_we_knew() -> None:
    case = at(S.REQUESTED)
    happened = AT - timedelta(days=40)
    event = case.post(VDAB_1, "handover.accepted", occurred_at=happened)
    assert (event.occurred_at, event.recorded_at) == (happened, AT)
    assert case.thread.due_at == brussels(date(2026, 12, 14))


def test_nothing_happened_in_the_future() -> None:
    case = at(S.REQUESTED)
    refusal = case.refused(InvalidField, VDAB_1, "handover.accepted", occurred_at=AT + timedelta(seconds=1))
    assert isinstance(refusal, InvalidField)
    assert refusal.field == "occurredAt"


def test_overdue_is_computed() -> None:
    case = at(S.REQUESTED)
    due = case.thread.due_at
    assert due
    assert not case.thread.is_overdue(due)
    assert case.thread.is_overdue(due + timedelta(microseconds=1))
    case.post(VDAB_1, "handover.accepted", at=due + timedelta(days=30))
    assert case.thread.status is S.ACCEPTED, "late, but silence closed nothing"
    assert not referral(at(S.COMPLETED)).is_overdue(AT + timedelta(days=9999))
