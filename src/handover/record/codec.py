"""Events and states to stored bytes and back. Every byte of a dossier that is stored passes here.

The stored event is the event as the API answers it: it is hashed and answered without encoding it again.
Encryption of whole payloads belongs in `stored` and `opened`, and nowhere else.
"""

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec

from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.facts import Facts
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor
from handover.domain.threads import Thread

GENESIS = bytes(32)
"""What the first link of a chain follows."""


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


def stored(plain: bytes) -> bytes:
    """Give the bytes as they are stored."""
    return plain


def opened(kept: bytes) -> bytes:
    """Give stored bytes as they were."""
    return kept


def encode_event(event: Event) -> bytes:
    """Give the stored form of an event."""
    return stored(_encode(event))


def decode_event(kept: bytes) -> Event:
    """Give the event of its stored form; raise msgspec.DecodeError or KeyError when it is not one."""
    envelope = _decode_envelope(opened(kept))
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
    """Give the stored form of a state."""
    return stored(_encode(state))


def decode_state(kept: bytes) -> Dossier:
    """Give the state of its stored form."""
    return _decode_state(opened(kept))


def link(previous: bytes, dossier_id: UUID, sequence: int, body: bytes) -> bytes:
    """Chain an event to the one before it: over the stored bytes, so that anyone can check without a key."""
    digest = hashlib.sha256(body).digest()
    return hashlib.sha256(
        b"handover.v1\0" + previous + dossier_id.bytes + sequence.to_bytes(8, "big") + digest
    ).digest()
