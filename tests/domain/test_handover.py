"""Each row of the table *handover* in the specification, posted by every side in every state."""

from datetime import date, timedelta
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace
from tests.domain.referral import BY_SENDER, ROADS, S, at, referral
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
    WrongParty,
    WrongState,
)
from handover.domain.threads import Status

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


@pytest.mark.parametrize(("row", "start"), CASES, ids=_ids)
def test_row(row: tuple[str, tuple[Status, ...], Status, str, str, str | None, date | None], start: Status) -> None:
    name, _, to, who, required, turn, due = row
    case = at(start)
    before = referral(case)
    event = case.post(OCMW_1 if who == OCMW else VDAB_1, f"handover.{name}", thread=before.thread_id)
    thread = referral(case)
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
    case.refused(WrongParty, VDAB_1 if who == OCMW else OCMW_1, f"handover.{name}", thread=referral(case).thread_id)
    case.open(OTHER_1)
    case.refused(WrongParty, OTHER_1, f"handover.{name}", thread=referral(case).thread_id)


_FITTING = {(row[0], start) for row, start in CASES}
_OTHERS = [(n, s) for n in sorted({row[0] for row in TABLE}) for s in ROADS if (n, s) not in _FITTING]


@pytest.mark.parametrize(("name", "status"), _OTHERS)
def test_every_other_state_refuses(name: str, status: Status) -> None:
    who = OCMW_1 if name in BY_SENDER else VDAB_1
    case = at(status)
    case.refused(WrongState, who, f"handover.{name}", thread=referral(case).thread_id)


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
    assert case.sees(VDAB, requested.sequence), "it sees what it is asked"
    assert VDAB in case.entitled(requested)
    assert case.sees(VDAB, 1), "a warm handover brings the history along"
    assert VDAB not in case.entitled(1), "but delivers none of it"


def test_a_second_ocmw_gets_the_history_by_a_referral_to_it() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "intake.recorded")
    joined, _ = case.open(OTHER_1)
    before = case.dossier.inscription_of(OTHER)
    assert before
    assert not case.sees(OTHER, joined.sequence - 1)
    asked = case.post(OCMW_1, "handover.requested", replace(example("handover.requested"), receiver=OTHER))
    assert case.types[-2:] == ["handover.requested", "dossier.inscriptionOpened"]
    assert all(case.sees(OTHER, event.sequence) for event in case.events)
    assert case.dossier.inscription_of(OTHER) == replace(before, sees_from=1), "it is the same inscription"
    assert [i.organisation for i in case.dossier.inscriptions] == [OCMW, OTHER]
    assert OTHER not in case.entitled(joined.sequence - 1)
    case.post(OTHER_1, "handover.rejected", thread=asked.event_id)
    assert case.dossier.inscription_of(OTHER), "which the referral did not open"
    case.post(OCMW_1, "handover.retried", thread=asked.event_id)
    assert case.types[-1] == "handover.retried", "there is nothing left to open"


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
    assert referral(at(status)).responsible == (VDAB if status in receiver_answers else OCMW)


def test_the_sender_keeps_seeing_every_step() -> None:
    case = at(S.IN_PROGRESS)
    case.post(VDAB_1, "handover.progressed")
    case.post(VDAB_1, "followUp.appointmentPlanned", msgspec.structs.replace(
        example("followUp.appointmentPlanned"), counsellor=VDAB_1
    ))  # fmt: skip
    case.post(VDAB_1, "handover.completed")
    assert all(case.sees(OCMW, event.sequence) for event in case.events)
