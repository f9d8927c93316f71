"""Events and states to bytes and back.

The bytes of an event are the event as the API answers it: it goes out without being encoded again. What is stored of
them, and hashed, is sealed (`record.sealing`).
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.facts import Facts
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor
from handover.domain.threads import Thread
from handover.record.sealing import DossierKey

GENESIS = bytes(32)
"""What the first link of a chain follows."""
STATE = "dossier.state"


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An event whose data is not looked into yet."""

    event_id: UUID
    dossier_id: UUID
    sequence: int
    type: str
    organisation: str
    actor: Actor
    occurred_at: datetime
    recorded_at: datetime
    data: msgspec.Raw
    thread_id: UUID | None = None
    threads: tuple[Thread, ...] = ()
    facts: Facts | None = None


_encode = msgspec.json.Encoder().encode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_data = {name: msgspec.json.Decoder(kind.payload).decode for name, kind in EVENT_TYPES.items()}
_decode_state = msgspec.json.Decoder(Dossier).decode


def encode_event(event: Event) -> bytes:
    """Give the bytes of an event."""
    return _encode(event)


def decode_event(body: bytes) -> Event:
    """Give the event of its bytes; raise msgspec.DecodeError or KeyError when they are none."""
    envelope = _decode_envelope(body)
    return Event(
        event_id=envelope.event_id,
        dossier_id=envelope.dossier_id,
        sequence=envelope.sequence,
        type=envelope.type,
        organisation=envelope.organisation,
        actor=envelope.actor,
        occurred_at=envelope.occurred_at,
        recorded_at=envelope.recorded_at,
        data=_decode_data[envelope.type](envelope.data),
        thread_id=envelope.thread_id,
        threads=envelope.threads,
        facts=envelope.facts,
    )


def encode_state(state: Dossier) -> bytes:
    """Give the bytes of a state."""
    return _encode(state)


def decode_state(body: bytes) -> Dossier:
    """Give the state of its bytes; raise msgspec.DecodeError when they are none."""
    return _decode_state(body)


def open_state(key: DossierKey, kept: bytes) -> Dossier:
    """Give the state of its stored form; raise Unreadable, or msgspec.DecodeError."""
    return _decode_state(key.open(STATE, kept))


def open_events(key: DossierKey, kept: Iterable[bytes], *, first: int) -> tuple[bytes, ...]:
    """Give the bytes of stored events that follow one another from sequence `first` on. Raises Unreadable."""
    return tuple(key.open_event(sequence, body) for sequence, body in enumerate(kept, first))


def link(previous: bytes, dossier_id: UUID, sequence: int, body: bytes) -> bytes:
    """Chain an event to the one before it: over the stored bytes, so that anyone can check without a key."""
    digest = hashlib.sha256(body).digest()
    return hashlib.sha256(
        b"handover.v1\0" + previous + dossier_id.bytes + sequence.to_bytes(8, "big") + digest
    ).digest()
