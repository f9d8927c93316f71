from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from tests.domain.world import AT, OCMW, OCMW_1, VDAB_1, Case, example

from handover.domain.events import Event
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor
from handover.record import codec


def _event(kind: str) -> Event:
    return Event(
        event_id=UUID(int=1),
        dossier_id=UUID(int=2),
        sequence=3,
        type=kind,
        organisation=OCMW,
        actor=Actor(name="Trajectbegeleider 1", counsellor_id=OCMW_1),
        occurred_at=AT,
        recorded_at=datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC),
        data=example(kind),
    )


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_event_type_survives(kind: str) -> None:
    event = _event(kind)
    kept = codec.encode_event(event)
    assert codec.decode_event(kept) == event
    assert type(codec.decode_event(kept).data) is EVENT_TYPES[kind].payload
    assert codec.encode_event(codec.decode_event(kept)) == kept, "the same bytes again"


def test_stored_as_the_api_answers_it() -> None:
    wire = msgspec.json.decode(codec.encode_event(_event("handover.concluded")))
    assert wire == {
        "eventId": str(UUID(int=1)),
        "dossierId": str(UUID(int=2)),
        "sequence": 3,
        "type": "handover.concluded",
        "organisation": OCMW,
        "actor": {"name": "Trajectbegeleider 1", "counsellorId": OCMW_1},
        "occurredAt": "2026-11-23T09:00:00Z",
        "recordedAt": "2026-11-23T09:00:00.123456Z",
        "data": {"whatNow": "Het OCMW begeleidt de cliënt zelf verder."},
    }


def test_threads_and_state_survive() -> None:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    for event in case.events:
        assert codec.decode_event(codec.encode_event(event)) == event
    assert codec.decode_state(codec.encode_state(case.dossier)) == case.dossier


def test_an_event_of_a_newer_version_is_read() -> None:
    wire = msgspec.json.decode(codec.encode_event(_event("handover.concluded")))
    wire["data"]["unheardOf"] = {"more": [1, 2]}
    wire["traceOfTomorrow"] = "x"
    assert codec.decode_event(msgspec.json.encode(wire)) == _event("handover.concluded")


@pytest.mark.parametrize(
    ("kept", "error"),
    [
        (b"", msgspec.DecodeError),
        (b"{}", msgspec.DecodeError),
        (b"\xff\xfe", msgspec.DecodeError),
        (
            codec.encode_event(_event("handover.concluded")).replace(b"handover.concluded", b"handover.unheardOf"),
            KeyError,
        ),
        (codec.encode_event(_event("handover.concluded")).replace(b"whatNow", b"whatElse"), msgspec.DecodeError),
    ],
)
def test_what_is_no_event_is_refused(kept: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        codec.decode_event(kept)
