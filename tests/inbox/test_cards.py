"""Rows from a state alone: pure, so that a replay gives the same."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from handover.domain.codes import Capacity, LeadKind, OrganisationKind, TargetGroup
from handover.domain.dossier import Contact, Dossier, Inscription, Lead
from handover.domain.parties import Party
from handover.domain.threads import Status, Thread
from handover.inbox.cards import DossierRow, ThreadRow, rows

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
A, B, C = "ocmw-lindedal", "vdab", "ocmw-waterhoek"


def _inscription(organisation: str, entered: int = 1) -> Inscription:
    return Inscription(
        organisation=organisation,
        kind=OrganisationKind.OCMW,
        capacity=Capacity.LIVING_WAGE,
        legal_basis_id="demo-protocol",
        since=AT,
        entered=entered,
        sees_from=1,
    )


def _thread(**changes: object) -> Thread:
    fields: dict[str, object] = {
        "thread_id": UUID(int=7),
        "kind": "handover",
        "status": Status.REQUESTED,
        "sender": Party(organisation=A, counsellor="a.1"),
        "receiver": Party(organisation=B),
        "turn": Party(organisation=B, counsellor="b.coordinator"),
        "opened_at": AT,
        "since": AT,
        "last_type": "handover.requested",
        "correlation_id": UUID(int=7),
    }
    return Thread(**{**fields, **changes})  # type: ignore[arg-type]


def _dossier(*threads: Thread, **changes: object) -> Dossier:
    fields: dict[str, object] = {
        "dossier_id": UUID(int=1),
        "version": 20,
        "given_name": "Voorbeeld",
        "family_name": "Een",
        "birth_date": date(1980, 1, 1),
        "target_group": TargetGroup.LIVING_WAGE,
        "lead": Lead(kind=LeadKind.OCMW, organisation=A),
        "opened_at": AT,
        "changed_at": AT,
        "inscriptions": (_inscription(A), _inscription(B, 4), _inscription(C, 15)),
        "threads": {thread.thread_id: thread for thread in threads},
        "last_by": {A: 20, B: 12},
    }
    return Dossier(**{**fields, **changes})  # type: ignore[arg-type]


def _dossier_row(dossier: Dossier, organisation: str) -> DossierRow:
    row = rows(dossier)[organisation, None]
    assert isinstance(row, DossierRow)
    return row


def _thread_row(dossier: Dossier, organisation: str) -> ThreadRow:
    row = rows(dossier)[organisation, UUID(int=7)]
    assert isinstance(row, ThreadRow)
    return row


def test_what_is_new_is_the_latest_step_of_another_that_one_sees() -> None:
    dossier = _dossier()
    assert [_dossier_row(dossier, one).foreign_sequence for one in (A, B, C)] == [12, 20, 20]
    quiet = replace(dossier, last_by={A: 14, C: 15})
    assert [_dossier_row(quiet, one).foreign_sequence for one in (A, B, C)] == [15, 15, 0]


def test_a_closed_inscription_has_no_rows() -> None:
    gone = replace(_inscription(B), until=AT, sees_until=9)
    found = rows(_dossier(_thread(), inscriptions=(_inscription(A), gone)))
    assert {organisation for organisation, _ in found} == {A}


def test_a_thread_stands_with_its_sides_only_and_while_it_is_open() -> None:
    assert set(rows(_dossier(_thread()))) == {
        (A, None),
        (B, None),
        (C, None),
        (A, UUID(int=7)),
        (B, UUID(int=7)),
    }
    assert (A, UUID(int=7)) not in rows(_dossier(_thread(status=Status.COMPLETED, turn=None)))
    by_turn = _thread(turn=Party(organisation=C, counsellor="c.1"))
    assert _thread_row(_dossier(by_turn), C).your_turn


def test_it_belongs_with_who_is_named_then_who_has_the_turn_then_who_works_with_the_client() -> None:
    contacts = (
        Contact(organisation=A, counsellor="a.0", since=AT, until=AT),
        Contact(organisation=A, counsellor="a.2", since=AT),
        Contact(organisation=B, counsellor="b.2", since=AT),
    )
    dossier = _dossier(_thread(), contacts=contacts)
    assert _thread_row(dossier, A).counsellor_id == "a.1"
    assert _thread_row(dossier, B).counsellor_id == "b.coordinator"
    unnamed = _dossier(_thread(sender=Party(organisation=A), turn=Party(organisation=B)), contacts=contacts)
    assert _thread_row(unnamed, A).counsellor_id == "a.2"
    assert _thread_row(unnamed, B).counsellor_id == "b.2"
    assert _thread_row(replace(unnamed, contacts=()), B).counsellor_id == ""
    assert _dossier_row(dossier, A).counsellors == ("a.2",)


def test_the_dossier_s_card_counts_its_turns() -> None:
    card = _dossier_row(_dossier(_thread()), A).card
    assert card is not None
    assert (card.your_turn, card.their_turn) == (0, 1)
    card = _dossier_row(_dossier(_thread()), B).card
    assert card is not None
    assert (card.your_turn, card.their_turn) == (1, 0)
    assert card.inscription == _inscription(B, 4)


def test_rows_are_the_same_from_a_state_that_was_stored() -> None:
    dossier = _dossier(_thread())
    assert rows(msgspec.json.decode(msgspec.json.encode(dossier), type=Dossier)) == rows(dossier)


def test_the_card_of_who_is_in_turn_says_how_the_thread_moves_on() -> None:
    def steps(organisation: str, **changes: object) -> tuple[str, ...]:
        card = _thread_row(_dossier(_thread(**changes)), organisation).card
        assert card
        return card.steps

    assert steps(B) == ("handover.accepted", "handover.rejected")
    assert steps(A) == (), "it is not their turn"
    accepted = {"status": Status.ACCEPTED, "stage": "accepted"}
    assert steps(B, **accepted) == ("handover.contacted", "handover.failed"), "a remark moves nothing on"
    back = {"status": Status.REJECTED, "stage": "rejected", "turn": Party(organisation=A)}
    assert steps(A, **back) == ("handover.retried", "handover.concluded")
    assert steps(B, **back) == ()


def test_who_has_a_dossier_and_whom_a_thread_is_told_are_concerned() -> None:
    thread = _thread(escalated=(Party(organisation=B, team="Noord"),))
    assert _thread_row(_dossier(thread), B).concerns == ("b.coordinator", f"{B}/Noord")
    mine = Contact(organisation=A, counsellor="a.1", since=AT)
    assert _dossier_row(_dossier(contacts=(mine,)), A).concerns == ("a.1",)
    assert _dossier_row(_dossier(), A).concerns == ("",), "where nobody works with the client, everybody is"
