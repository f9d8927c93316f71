"""Each row of the table *handover* in the specification, posted by every side in every state."""

from datetime import UTC, date, datetime, timedelta
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
    brussels,
    example,
)

from handover.domain import codes
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds import handover as h
from handover.domain.refusals import (
    InvalidField,
    PurposeNotAllowed,
    UnknownThread,
    Unseen,
    WrongParty,
    WrongState,
)
from handover.domain.threads import Status, Thread

S = Status
ROADS = {
    S.REQUESTED: (),
    S.RECEIVED: ("received",),
    S.ACCEPTED: ("accepted",),
    S.REJECTED: ("rejected",),
    S.IN_PROGRESS: ("accepted", "contacted"),
    S.ON_HOLD: ("accepted", "contacted", "held"),
    S.COMPLETED: ("accepted", "contacted", "completed"),
    S.FAILED: ("accepted", "failed"),
    S.CANCELLED: ("cancelled",),
    S.CLOSED: ("rejected", "concluded"),
}
BY_SENDER = {"cancelled", "cancellationRequested", "retried", "concluded"}

# Event, from, to, who, required fields, whose turn next, due day for a step recorded on Monday 23 November 2026.
TABLE = [
    ("accepted", (S.REQUESTED, S.RECEIVED), S.ACCEPTED, VDAB, "counsellor", VDAB, date(2026, 12, 14)),
    ("rejected", (S.REQUESTED, S.RECEIVED), S.REJECTED, VDAB, "reason", OCMW, date(2026, 11, 30)),
    ("contactAttempted", (S.ACCEPTED,), S.ACCEPTED, VDAB, "attemptedAt means result", VDAB, date(2026, 12, 14)),
    ("contacted", (S.ACCEPTED,), S.IN_PROGRESS, VDAB, "contactedAt means present", VDAB, date(2026, 11, 30)),
    ("progressed", (S.IN_PROGRESS,), S.IN_PROGRESS, VDAB, "whatHappened nextStep", VDAB, date(2026, 12, 23)),
    ("held", (S.IN_PROGRESS,), S.ON_HOLD, VDAB, "reason reviewOn", VDAB, date(2027, 1, 11)),
    ("resumed", (S.ON_HOLD,), S.IN_PROGRESS, VDAB, "", VDAB, date(2026, 12, 23)),
    ("completed", (S.IN_PROGRESS,), S.COMPLETED, VDAB, "outcome senderMustStill", None, None),
    ("failed", (S.ACCEPTED, S.IN_PROGRESS), S.FAILED, VDAB, "reason", OCMW, date(2026, 11, 30)),
    ("cancelled", (S.REQUESTED, S.RECEIVED, S.ACCEPTED), S.CANCELLED, OCMW, "reason", None, None),
    ("cancellationRequested", (S.IN_PROGRESS,), S.IN_PROGRESS, OCMW, "reason", VDAB, date(2026, 11, 30)),
    ("cancellationRequested", (S.ON_HOLD,), S.ON_HOLD, OCMW, "reason", VDAB, date(2026, 11, 30)),
    ("retried", (S.REJECTED, S.FAILED), S.CLOSED, OCMW, "", None, None),
    ("concluded", (S.REJECTED, S.FAILED), S.CLOSED, OCMW, "whatNow", None, None),
]
CASES = [(row, start) for row in TABLE for start in row[1]]
_ids = [f"{row[0]}-{start}" for row, start in CASES]


def at(status: Status) -> Case:
    """A referral of the OCMW to VDAB in that state."""
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "handover.requested")
    for name in ROADS[status]:
        if name == "received":
            case.acknowledge(VDAB)
        else:
            case.post(OCMW_1 if name in BY_SENDER else VDAB_1, f"handover.{name}", thread=case.thread.thread_id)
    if status is S.CLOSED or status in {S.REJECTED, S.CANCELLED}:
        # Who lost access is told nothing; here it comes back, so that only the table can refuse it.
        case.open(VDAB_1)
    assert _thread(case).status is status
    return case


def _thread(case: Case) -> Thread:
    return next(iter(case.dossier.threads.values()))


@pytest.mark.parametrize(("row", "start"), CASES, ids=_ids)
def test_row(row: tuple[str, tuple[Status, ...], Status, str, str, str | None, date | None], start: Status) -> None:
    name, _, to, who, required, turn, due = row
    case = at(start)
    before = _thread(case)
    event = case.post(OCMW_1 if who == OCMW else VDAB_1, f"handover.{name}", thread=before.thread_id)
    thread = _thread(case)
    assert event.thread_id == thread.thread_id == before.thread_id
    assert event.threads[0] == thread
    assert (thread.status, thread.last_type, thread.since) == (to, f"handover.{name}", AT)
    assert (thread.turn.organisation if thread.turn else None) == turn
    assert thread.due_at == (brussels(due) if due else None)
    assert thread.opened_at == before.opened_at
    assert thread.correlation_id == before.correlation_id
    assert thread.purpose == "guidanceToWork"
    fields = msgspec.structs.fields(EVENT_TYPES[f"handover.{name}"].payload)
    assert {f.encode_name for f in fields if f.required} == set(required.split())


@pytest.mark.parametrize(("row", "start"), CASES, ids=_ids)
def test_the_other_side_is_refused(
    row: tuple[str, tuple[Status, ...], Status, str, str, str | None, date | None], start: Status
) -> None:
    name, who = row[0], row[3]
    case = at(start)
    case.refused(WrongParty, VDAB_1 if who == OCMW else OCMW_1, f"handover.{name}", thread=_thread(case).thread_id)
    case.open(OTHER_1)
    case.refused(WrongParty, OTHER_1, f"handover.{name}", thread=_thread(case).thread_id)


_FITTING = {(row[0], start) for row, start in CASES}
_OTHERS = [(n, s) for n in sorted({row[0] for row in TABLE}) for s in ROADS if (n, s) not in _FITTING]


@pytest.mark.parametrize(("name", "status"), _OTHERS)
def test_every_other_state_refuses(name: str, status: Status) -> None:
    who = OCMW_1 if name in BY_SENDER else VDAB_1
    case = at(status)
    case.refused(WrongState, who, f"handover.{name}", thread=_thread(case).thread_id)


def test_requested() -> None:
    case = Case()
    case.open(OCMW_2)
    event = case.post(OCMW_2, "handover.requested")
    thread = case.thread
    assert thread.thread_id == event.event_id == event.thread_id == thread.correlation_id
    assert thread.status is S.REQUESTED
    assert (thread.sender.organisation, thread.sender.counsellor) == (OCMW, OCMW_1), "the contact it names"
    assert thread.receiver
    assert (thread.receiver.organisation, thread.receiver.counsellor) == (VDAB, "")
    assert thread.turn
    assert (thread.turn.organisation, thread.turn.counsellor) == (VDAB, f"{VDAB}.coordinator"), "never to nobody"
    assert thread.due_at == brussels(date(2026, 11, 24))
    required = {f.encode_name for f in msgspec.structs.fields(h.Requested) if f.required}
    assert required == {"receiver", "purpose", "summary", "contact", "legalBasisId"}


def test_requested_inscribes_the_receiver() -> None:
    case = at(S.REQUESTED)
    inscription = case.dossier.inscription_of(VDAB)
    assert inscription
    assert inscription.by_thread == str(case.thread.thread_id)
    assert inscription.capacity is codes.Capacity.JOB_SEEKER
    assert inscription.legal_basis_id == "demo-protocol"
    requested = next(e for e in case.events if e.type == "handover.requested")
    assert case.types[-1] == "dossier.inscriptionOpened"
    assert case.dossier.sees(VDAB, requested.sequence), "it sees what it is asked"
    assert VDAB in case.dossier.entitled_to(requested.sequence)
    assert case.dossier.sees(VDAB, 1), "a warm handover brings the history along"
    assert VDAB not in case.dossier.entitled_to(1), "but delivers none of it"


def test_a_second_request_inscribes_nobody_twice() -> None:
    case = at(S.REQUESTED)
    case.post(OCMW_1, "handover.requested")
    assert case.types.count("dossier.inscriptionOpened") == 2
    assert len(case.dossier.open_threads) == 2


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"receiver": "ocmw-nergens"}, InvalidField),
        ({"receiver": OCMW}, WrongParty),
        ({"contact": VDAB_1}, InvalidField),
        ({"contact": f"{OCMW}.niemand"}, InvalidField),
        ({"legal_basis_id": "none-such"}, InvalidField),
        ({"legal_basis_id": "training-only"}, PurposeNotAllowed),
        ({"legal_basis_id": "until-yesterday"}, PurposeNotAllowed),
        ({"legal_basis_id": "from-tomorrow"}, PurposeNotAllowed),
    ],
)
def test_requested_in_vain(change: dict[str, str], refusal: type[InvalidField]) -> None:
    case = Case()
    case.open(OCMW_1)
    data = msgspec.structs.replace(example("handover.requested"), **change)
    case.refused(refusal, OCMW_1, "handover.requested", data)


def test_a_basis_for_one_purpose_allows_that_one() -> None:
    case = Case()
    case.open(OCMW_1)
    data = msgspec.structs.replace(
        example("handover.requested"), legal_basis_id="training-only", purpose=codes.Purpose.TRAINING
    )
    case.post(OCMW_1, "handover.requested", data)
    inscription = case.dossier.inscription_of(VDAB)
    assert inscription
    assert inscription.legal_basis_id == "training-only"


def test_a_partner_receives_but_does_not_refer() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "handover.requested", msgspec.structs.replace(example("handover.requested"), receiver=PARTNER))
    accepted = h.Accepted(counsellor=PARTNER_1, reached_by=codes.ContactMeans.VISIT)
    case.post(PARTNER_1, "handover.accepted", accepted)
    case.refused(WrongParty, PARTNER_1, "handover.requested", msgspec.structs.replace(
        example("handover.requested"), contact=PARTNER_1
    ))  # fmt: skip


def test_received_comes_from_the_receivers_system_only() -> None:
    case = at(S.REQUESTED)
    case.refused(WrongParty, VDAB_1, "handover.received", thread=case.thread.thread_id)
    with pytest.raises(WrongParty):
        case.acknowledge(OCMW)
    with pytest.raises(UnknownThread):
        case.acknowledge(VDAB, UUID(int=7))
    (event,) = case.acknowledge(VDAB)
    assert (event.type, event.organisation, event.actor.name) == ("handover.received", VDAB, "handover")
    assert case.thread.status is S.RECEIVED
    assert case.thread.due_at == brussels(date(2026, 11, 30))
    assert case.acknowledge(VDAB) == (), "the second time there is nothing to say"


def test_acknowledgement_after_the_answer_says_nothing() -> None:
    case = at(S.ACCEPTED)
    assert case.acknowledge(VDAB) == ()
    assert case.thread.status is S.ACCEPTED


def test_only_a_referral_is_acknowledged() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "dossier.leadChanged")
    with pytest.raises(UnknownThread):
        case.acknowledge(VDAB)
    case.post(VDAB_1, "dossier.leadAccepted")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (h.Accepted(counsellor=VDAB_1), "firstAppointmentAt"),
        (h.Accepted(counsellor=OCMW_1, reached_by=codes.ContactMeans.PHONE), "counsellor"),
        (h.Accepted(counsellor=f"{VDAB}.niemand", reached_by=codes.ContactMeans.PHONE), "counsellor"),
    ],
)
def test_accepted_names_someone_and_a_first_step(data: h.Accepted, field: str) -> None:
    refusal = at(S.REQUESTED).refused(InvalidField, VDAB_1, "handover.accepted", data)
    assert isinstance(refusal, InvalidField)
    assert refusal.field == field


@pytest.mark.parametrize(
    "data",
    [
        h.Accepted(counsellor=VDAB_2, first_appointment_at=AT + timedelta(days=3)),
        h.Accepted(counsellor=VDAB_2, reached_by=codes.ContactMeans.PHONE),
    ],
)
def test_accepted_with_either(data: h.Accepted) -> None:
    case = at(S.RECEIVED)
    case.post(VDAB_1, "handover.accepted", data)
    assert case.thread.receiver
    assert case.thread.receiver.counsellor == VDAB_2
    assert case.thread.turn == case.thread.receiver


def test_somebody_was_present() -> None:
    wire = msgspec.to_builtins(example("handover.contacted")) | {"present": []}
    with pytest.raises(msgspec.ValidationError, match="length"):
        msgspec.convert(wire, EVENT_TYPES["handover.contacted"].strict)


def test_reasons_of_the_specification() -> None:
    assert {str(r) for r in codes.RejectionReason} == {
        "noCapacity",
        "notEligible",
        "wrongService",
        "cannotContact",
        "duplicate",
    }
    assert {str(r) for r in codes.FailureReason} == {"unattended", "unreachable", "refused", "ineligible"}


@pytest.mark.parametrize("status", ROADS, ids=str)
def test_warm_rule(status: Status) -> None:
    """The sender stays responsible until `contacted`, not `accepted`, and when it comes to nothing."""
    receiver_answers = {S.IN_PROGRESS, S.ON_HOLD, S.COMPLETED}
    assert _thread(at(status)).responsible == (VDAB if status in receiver_answers else OCMW)


def test_the_sender_keeps_seeing_every_step() -> None:
    case = at(S.IN_PROGRESS)
    case.post(VDAB_1, "handover.progressed")
    case.post(VDAB_1, "followUp.appointmentPlanned", msgspec.structs.replace(
        example("followUp.appointmentPlanned"), counsellor=VDAB_1
    ))  # fmt: skip
    case.post(VDAB_1, "handover.completed")
    assert all(case.dossier.sees(OCMW, event.sequence) for event in case.events)


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
    before = _thread(case)
    event = case.post(who, "dossier.benefitStated", at=NEW_YEAR)
    assert event.threads == ()
    assert _thread(case) == before


@pytest.mark.parametrize("status", [S.REQUESTED, S.ACCEPTED, S.ON_HOLD, S.COMPLETED])
def test_other_periods_run_on(status: Status) -> None:
    case = at(status)
    before = _thread(case)
    case.post(VDAB_1, "dossier.benefitStated", at=NEW_YEAR)
    assert _thread(case).due_at == before.due_at


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
    case.post(OCMW_1, "handover.retried", h.Retried(receiver=PARTNER), thread=case.thread.thread_id)
    assert case.thread.receiver
    assert case.thread.receiver.organisation == PARTNER
    assert case.dossier.inscription_of(PARTNER)
    again = at(S.REJECTED)
    again.refused(WrongParty, OCMW_1, "handover.retried", h.Retried(receiver=OCMW), thread=again.thread.thread_id)
    again.refused(
        InvalidField, OCMW_1, "handover.retried", h.Retried(receiver="nergens"), thread=again.thread.thread_id
    )


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
    assert VDAB in case.dossier.entitled_to(event.sequence), "it is still told"
    assert VDAB in case.dossier.entitled_to(case.dossier.version)
    case.post(OCMW_1, "dossier.benefitStated")
    assert VDAB not in case.dossier.entitled_to(case.dossier.version)
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
    case.refused(WrongState, OCMW_1, "handover.requested", thread=_thread(case).thread_id)
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
    assert not _thread(at(S.COMPLETED)).is_overdue(AT + timedelta(days=9999))
