"""Keys at work: SSINs are looked up by a keyed hash and stored only sealed.

The lookup is HMAC-SHA256 with a key version: a plain hash of a national number falls in a minute.
Sealing is AES-256-GCM; the associated data binds a value to its place, so that it cannot be moved.
"""

import hashlib
import hmac
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_VERSION = 1
_NONCE_BYTES = 12


class Sealer:
    """Seals small values and makes lookup digests. Keys are 32 bytes each."""

    def __init__(self, *, seal_key: bytes, ssin_key: bytes) -> None:
        self._cipher = AESGCM(seal_key)
        self._ssin_key = ssin_key

    def digest(self, ssin: str) -> bytes:
        """Give the lookup digest of a normalised SSIN (11 digits)."""
        return hmac.digest(self._ssin_key, b"ssin" + ssin.encode(), hashlib.sha256)

    def seal(self, place: str, owner: UUID, plain: bytes) -> bytes:
        """Seal a value for one place (table.column) and owner: version byte, nonce, ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return bytes([KEY_VERSION]) + nonce + self._cipher.encrypt(nonce, plain, _bound(place, owner))

    def open(self, place: str, owner: UUID, sealed: bytes) -> bytes:
        """Open a sealed value; raise cryptography's InvalidTag when it was changed or moved."""
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return self._cipher.decrypt(nonce, ciphertext, _bound(place, owner))


def _bound(place: str, owner: UUID) -> bytes:
    return f"{place}:{KEY_VERSION}:".encode() + owner.bytes
