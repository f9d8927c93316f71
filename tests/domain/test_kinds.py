"""What must hold for every row of every table, of kinds to come as well."""

from typing import Any, get_type_hints

import msgspec
import pytest

from handover.domain.codes import Coded
from handover.domain.fields import Payload, Visibility, visibility_of
from handover.domain.guards import AUTOMATIC_RIGHT, BY_INQUIRY, OFF_LIVING_WAGE, ON_LIVING_WAGE
from handover.domain.kinds import EVENT_TYPES, KINDS, EventType
from handover.domain.threads import ENDED, NEEDS_REASON, UNCHANGED, By, Kind, Status, Transition, Turn

ROWS = [(f"{kind.name}.{row.name}", row) for kind in KINDS for row in kind.table]
STEPS = [(name, row) for name, row in ROWS if not row.on_dossier]
_ids = [f"{name}-{row.starts[0] if row.starts else 'opens'}" for name, row in ROWS]
_step_ids = [f"{name}-{row.starts[0] if row.starts else 'opens'}" for name, row in STEPS]

REASON_BUT_NO_SETBACK = {
    "nonCooperation.justified": "why the client did not come; the report goes on",
    "handover.cancellationRequested": "asks for the end, which only the receiver brings about",
    "followUp.employmentEnded": "ended well or not, the thread is completed",
    "followUp.art60Ended": "as for other work",
    "followUp.art61Ended": "as for other work",
    "dossier.closed": "concerns the dossier, not a thread",
}


def _fields(row: Transition) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(row.payload)}


@pytest.mark.parametrize(("name", "row"), ROWS, ids=_ids)
def test_a_reason_is_required_exactly_for_setbacks(name: str, row: Transition) -> None:
    codes = {f.name for f in _fields(row).values() if f.name == "reason" and f.required and _is_code(row, f.name)}
    enters = row.to in NEEDS_REASON and row.to not in row.starts and not row.on_dossier
    if enters:
        assert codes == {"reason"}
        assert row.outcome == "reason", "the reason is the thread's outcome"
    else:
        assert bool(codes) == (name in REASON_BUT_NO_SETBACK)


def _is_code(row: Transition, field: str) -> bool:
    hint = get_type_hints(row.payload)[field]
    return isinstance(hint, type) and issubclass(hint, Coded)


@pytest.mark.parametrize(("name", "row"), STEPS, ids=_step_ids)
def test_waiting_needs_a_review_date(name: str, row: Transition) -> None:
    fields = _fields(row)
    if row.to is Status.ON_HOLD and Status.ON_HOLD not in row.starts:
        assert fields["review_on"].required
        assert row.due.name == "on review_on"
    else:
        assert "review_on" not in fields, name


@pytest.mark.parametrize(("name", "row"), STEPS, ids=_step_ids)
def test_whoever_must_act_is_said(name: str, row: Transition) -> None:
    if row.to in ENDED:
        assert row.turn is Turn.NOBODY, f"{name} ends its thread"
        assert row.due.name == ""
    elif row.remark:
        assert (row.turn, row.due.name) in {(Turn.UNCHANGED, ""), (Turn.UNCHANGED, "unchanged")}, "nothing moves"
        assert row.starts == (row.to,)
    else:
        assert row.turn not in {Turn.NOBODY, Turn.UNCHANGED}, f"{name} leaves its thread open"
        assert row.due.name, f"{name} leaves its thread open, so something is due"
    if row.turn is Turn.RECEIVER:
        assert row.addresses or any(r.addresses for r in _roads(name, row)), "there is a receiver"


def _roads(name: str, row: Transition) -> list[Transition]:
    return [r for r in EVENT_TYPES[name].kind.table if r.opens and r.topic == row.topic]


_SETBACKS = [(name, row) for name, row in STEPS if row.to in {Status.REJECTED, Status.FAILED}]


@pytest.mark.parametrize(("name", "row"), _SETBACKS, ids=[name for name, _ in _SETBACKS])
def test_after_a_setback_the_sender_has_five_working_days(name: str, row: Transition) -> None:
    assert (row.turn, row.due.name) == (Turn.SENDER, "5 working days")
    leading_on = [r for r in EVENT_TYPES[name].kind.table if row.to in r.starts and r.topic == row.topic]
    assert {r.to for r in leading_on if r.name != "reconsiderationRequested"} == {Status.CLOSED}
    assert {r.by for r in leading_on} == {By.SENDER}


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_only_an_end_leads_nowhere(kind: Kind) -> None:
    for topic in {row.topic for row in kind.table if not row.on_dossier}:
        rows = [row for row in kind.table if row.topic == topic and not row.on_dossier]
        reached = {row.to for row in rows if row.opens}
        while new := {row.to for row in rows if set(row.starts) & reached} - reached:
            reached |= new
        for status in reached - ENDED:
            on = {row.to for row in rows if status in row.starts and row.by is not By.SYSTEM} - {status}
            assert on, f"{kind.name} {topic}: nothing leads on from {status}"
        starts = {status for row in rows for status in row.starts}
        assert starts <= reached, f"{kind.name} {topic}: no road to {starts - reached}"
        assert reached & ENDED, f"{kind.name} {topic} never ends"


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_no_two_rows_fit_at_once(kind: Kind) -> None:
    for name, rows in kind.rows.items():
        starts = [
            (row.topic, status, stage, row.when)
            for row in rows
            for status in (row.starts or (None,))
            for stage in (row.after or (None,))
        ]
        assert len(starts) == len(set(starts)), name
        if any(row.when for row in rows):
            assert all(row.when for row in rows), "one of its conditions always holds"
            assert {row.when for row in rows} in ({ON_LIVING_WAGE, OFF_LIVING_WAGE}, {AUTOMATIC_RIGHT, BY_INQUIRY})
        assert len({row.payload for row in rows}) == 1, f"{name} has one payload"
        assert len({row.on_dossier for row in rows}) == 1, name


@pytest.mark.parametrize(("name", "row"), ROWS, ids=_ids)
def test_example_is_what_may_be_posted(name: str, row: Transition) -> None:
    assert type(row.example) is row.payload
    wire = msgspec.json.encode(row.example)
    assert msgspec.json.decode(wire, type=row.payload) == row.example
    posted = msgspec.json.decode(wire, type=EVENT_TYPES[name].strict)
    assert msgspec.structs.asdict(posted) == msgspec.structs.asdict(row.example)
    assert row.example.lacks() is None


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda t: t.name)
def test_a_posted_event_is_held_to_the_letter(event_type: EventType) -> None:
    wire: dict[str, Any] = msgspec.to_builtins(event_type.rows[0].example)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(wire | {"somethingElse": 1}, event_type.strict)
    stored = msgspec.convert(wire | {"somethingElse": 1}, event_type.payload)
    assert stored == event_type.rows[0].example, "a stored one may come from a newer version"
    for field in msgspec.structs.fields(event_type.payload):
        if field.required:
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert({k: v for k, v in wire.items() if k != field.encode_name}, event_type.strict)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=_ids)
def test_rows_speak_of_fields_that_exist(name: str, row: Transition) -> None:
    fields = _fields(row)
    for field in (row.names_sender, row.names_receiver, row.addresses, row.outcome, row.moves_due):
        assert not field or field in fields, f"{name}: {field}"
    if row.outcome:
        assert fields[row.outcome].required
    if row.due is UNCHANGED:
        assert row.starts, "there is a due moment to keep"


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda t: t.name)
def test_every_field_has_one_class(event_type: EventType) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(event_type.payload)}
    assert set(event_type.visibility) == fields
    assert set(event_type.visibility.values()) <= set(Visibility)


def test_a_field_without_a_class_is_found() -> None:
    class Bare(Payload, frozen=True, kw_only=True):
        note: str

    with pytest.raises(TypeError, match=r"Bare\.note must state exactly one"):
        visibility_of(Bare)


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda t: t.name)
def test_names_follow_the_grammar(event_type: EventType) -> None:
    prefix, _, event = event_type.cloud_type.rpartition(".")
    assert prefix == f"handover.v1.dossiers.{event_type.kind.plural}.notify"
    assert event.isalnum()
    assert event[0].islower()


def test_event_types_of_the_first_step() -> None:
    """Written from the specification, so that a row that goes missing is missed."""
    expected = {
        "handover": "requested received accepted rejected contactAttempted contacted progressed held resumed "
        "completed failed cancelled cancellationRequested retried concluded",
        "intake": "planned recorded updated",
        "followUp": "appointmentPlanned attended unattended retried concluded planAgreed planEnded "
        "employmentStarted employmentEnded art60Started art60Changed art60ConsultationHeld art60Ended "
        "art61Started art61Changed art61ConsultationHeld art61Ended aftercareStarted aftercareChecked "
        "aftercareEnded",
        "dossier": "opened inscriptionOpened inscriptionClosed counsellorAssigned counsellorReplaced "
        "targetGroupChanged registeredAtVdab trajectoryStarted benefitStated leadChanged leadAccepted "
        "leadRefused leadConcluded closed reopened",
    }
    listed = {f"{kind}.{name}" for kind, names in expected.items() for name in names.split()}
    assert listed - set(EVENT_TYPES) == set()


def test_system_events_cannot_be_posted() -> None:
    assert {name for name, kind in EVENT_TYPES.items() if not kind.is_posted} == {
        "dossier.opened",
        "dossier.inscriptionOpened",
        "dossier.mandateExpired",
        "dossier.personalDataErased",
        "dossier.statusConflictDetected",
        "dossier.ssinReplaced",
        "dossier.merged",
        "dossier.absorbed",
        "handover.received",
        "label.received",
        "training.contractCrossed",
        *(f"{kind.name}.escalated" for kind in KINDS),
    }


@pytest.mark.parametrize(
    "kind",
    sorted(
        {type(v) for _, row in ROWS for v in msgspec.structs.asdict(row.example).values() if isinstance(v, Coded)},
        key=str,
    ),
    ids=lambda k: k.__name__,
)
def test_code_lists_have_words_in_four_languages(kind: type[Coded]) -> None:
    for code in kind:
        assert str(code) == code.value
        assert kind.of(str(code)) is code
        assert all((code.nl, code.fr, code.de, code.en))
    with pytest.raises(KeyError):
        kind.of("noSuchCode")
