"""The secrets of a subscription: kept sealed, and during a rotation two of them sign."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from handover.delivery import signing
from handover.record.sealing import Sealer

OVERLAP = timedelta(hours=24)
"""How long the old secret keeps signing after a rotation."""
_PLACE = "subscription.secrets"


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A secret, and until when it signs (None: it is the present one)."""

    secret: str
    until: datetime | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Secret, ...]).decode


def seal(sealer: Sealer, subscription_id: UUID, ring: tuple[Secret, ...]) -> bytes:
    """Seal a subscription's secrets, for its row alone."""
    return sealer.seal(_PLACE, subscription_id, _encode(ring))


def unseal(sealer: Sealer, subscription_id: UUID, sealed: bytes) -> tuple[Secret, ...]:
    """Give the secrets; raise cryptography's InvalidTag when they were changed or moved."""
    return _decode(sealer.open(_PLACE, subscription_id, sealed))


def rotated(ring: tuple[Secret, ...], secret: str, at: datetime) -> tuple[Secret, ...]:
    """Put a new secret first; the present one goes on signing for OVERLAP, expired ones go."""
    old = (msgspec.structs.replace(s, until=s.until or at + OVERLAP) for s in ring)
    return (Secret(secret), *(s for s in old if s.until and s.until > at))


def keys_at(ring: tuple[Secret, ...], at: datetime) -> tuple[bytes, ...]:
    """Give the keys that sign at that moment, the present one first."""
    return tuple(signing.key_of(s.secret) for s in ring if s.until is None or s.until > at)
