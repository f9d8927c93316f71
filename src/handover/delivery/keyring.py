"""The secrets of a subscription: kept sealed, and during a rotation two of them sign."""

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec

from handover.delivery import signing
from handover.record.sealing import Sealer

OVERLAP = timedelta(hours=24)
"""How long the old secret keeps signing after a rotation."""
_PLACE = "subscription.secrets"


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shared secret with its private key ("": made before there were), and until when they sign (None: now)."""

    secret: str
    until: datetime | None = None
    private: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Secret, ...]).decode
# Reading a private key takes as long as signing with it.
_key_of = lru_cache(maxsize=4096)(signing.key_of)


def new() -> Secret:
    """Make a secret."""
    return Secret(signing.new_secret(), private=signing.new_private())


def seal(sealer: Sealer, subscription_id: UUID, ring: tuple[Secret, ...]) -> bytes:
    """Seal a subscription's secrets, for its row alone."""
    return sealer.seal(_PLACE, subscription_id, _encode(ring))


def unseal(sealer: Sealer, subscription_id: UUID, sealed: bytes) -> tuple[Secret, ...]:
    """Give the secrets; raise cryptography's InvalidTag when they were changed or moved."""
    return _decode(sealer.open(_PLACE, subscription_id, sealed))


def rotated(ring: tuple[Secret, ...], new: Secret, at: datetime) -> tuple[Secret, ...]:
    """Put a new secret first; the present one goes on signing for OVERLAP, expired ones go."""
    old = (msgspec.structs.replace(s, until=s.until or at + OVERLAP) for s in ring)
    return (new, *(s for s in old if s.until and s.until > at))


def keys_at(ring: tuple[Secret, ...], at: datetime) -> tuple[signing.Key, ...]:
    """Give the keys that sign at that moment, the present one first."""
    return tuple(_key_of(s.secret, s.private) for s in ring if s.until is None or s.until > at)
