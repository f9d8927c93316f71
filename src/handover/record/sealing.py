"""Keys at work: what is stored of a dossier is sealed with the dossier's own keys; SSINs are looked up by a keyed hash.

Sealing is AES-256-GCM; the associated data binds a value to its place, so that it cannot be moved. Each dossier has two
data keys: one for confidential fields, one for the rest. They are stored wrapped by the key-encryption key, whose
version is the first byte of what it wrapped: changing that key wraps the data keys anew and touches nothing else, and
destroying a dossier's data keys makes all of it unreadable, in every copy.
The lookup is HMAC-SHA256 with a key version: a plain hash of a national number falls in a minute.
"""

import hashlib
import hmac
import os
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.platform.keys import KEY_BYTES, Ring

KEY_VERSION = 1
"""The version of a dossier's data keys: it never changes, because erasure needs that there is one only."""
_NONCE = 12
_MOST_KEYS = 20_000
_CLEAR = (b"{", b"[")
"""What begins so is JSON in clear: events from before there was sealing, and those of erased dossiers."""
_SEALED, _SPLIT = 1, 2
"""The first byte of what is sealed: as one, or an event whose confidential fields are apart."""
_CONFIDENTIAL = {
    name: hidden
    for name, kind in EVENT_TYPES.items()
    if (hidden := frozenset(f for f, level in kind.visibility.items() if level is Visibility.CONFIDENTIAL))
}
KEY_OF = "(SELECT k.content || k.confidential FROM keys.dossier_key k WHERE k.dossier_id = {}.dossier_id)"
"""The column of a query with a dossier's wrapped keys, for `Sealer.dossier`; NULL once they are destroyed."""


class Unreadable(ValueError):  # noqa: N818 - what was found, not a fault
    """Stored bytes that cannot be opened: changed, moved, or their key is gone."""


class DossierKey:
    """Seals and opens what is stored of one dossier."""

    __slots__ = ("_confidential", "_content", "_owner")

    def __init__(self, dossier_id: UUID, content: bytes, confidential: bytes) -> None:
        self._owner = dossier_id.bytes
        self._content, self._confidential = AESGCM(content), AESGCM(confidential)

    def seal(self, place: str, plain: bytes) -> bytes:
        """Seal a value for its place (table.column, and what else tells rows apart)."""
        return bytes((_SEALED,)) + _encrypt(self._content, plain, self._bound(place))

    def open(self, place: str, kept: bytes) -> bytes:
        """Open a value; raise Unreadable when it was changed or moved."""
        return _decrypt(self._content, kept[1:], self._bound(place))

    def seal_event(self, sequence: int, event_type: str, body: bytes) -> bytes:
        """Seal an event's body: without its confidential fields, and where it has some, whole under their own key."""
        bound = self._bound(f"event.body:{sequence}")
        hidden = _CONFIDENTIAL.get(event_type)
        narrowed = _without(body, hidden) if hidden else None
        if narrowed is None:
            return bytes((_SEALED,)) + _encrypt(self._content, body, bound)
        first = _encrypt(self._content, narrowed, bound)
        size = len(first).to_bytes(4, "big")
        return bytes((_SPLIT,)) + size + first + _encrypt(self._confidential, body, bound + b":confidential")

    def open_event(self, sequence: int, kept: bytes) -> bytes:
        """Open an event's body, whole. Raises Unreadable."""
        if kept[:1] in _CLEAR:
            return kept
        bound = self._bound(f"event.body:{sequence}")
        if kept[0] == _SEALED:
            return _decrypt(self._content, kept[1:], bound)
        size = int.from_bytes(kept[1:5], "big")
        return _decrypt(self._confidential, kept[5 + size :], bound + b":confidential")

    def open_content(self, sequence: int, kept: bytes) -> bytes:
        """Open an event's body without its confidential fields: the first key is enough. Raises Unreadable."""
        if kept[:1] in _CLEAR or kept[0] == _SEALED:
            return self.open_event(sequence, kept)
        size = int.from_bytes(kept[1:5], "big")
        return _decrypt(self._content, kept[5 : 5 + size], self._bound(f"event.body:{sequence}"))

    def _bound(self, place: str) -> bytes:
        return f"{place}:{KEY_VERSION}:".encode() + self._owner


class NoKey(DossierKey):
    """Stands for the keys of a dossier that has none: opens what is in clear, and nothing else."""

    def __init__(self) -> None:
        pass

    def open(self, place: str, kept: bytes) -> bytes:
        """Give what is in clear; raise Unreadable."""
        del place
        return _in_clear(kept)

    def open_event(self, sequence: int, kept: bytes) -> bytes:
        """Give what is in clear; raise Unreadable."""
        del sequence
        return _in_clear(kept)

    open_content = open_event


NO_KEY = NoKey()


class Sealer:
    """Makes and opens dossiers' keys, seals small values beside them, and makes lookup digests."""

    def __init__(self, *, seal_key: bytes | Ring, ssin_key: bytes | Ring) -> None:
        self.seal_keys = seal_key if isinstance(seal_key, Ring) else Ring.of(seal_key)
        self.ssin_keys = ssin_key if isinstance(ssin_key, Ring) else Ring.of(ssin_key)
        self._ciphers: dict[int, AESGCM] = {}
        self._known: dict[bytes, DossierKey] = {}

    @property
    def lookup_version(self) -> int:
        """The version of the lookup key under which numbers are kept from now on."""
        return self.ssin_keys.current

    def digest(self, ssin: str, version: int | None = None) -> bytes:
        """Give the lookup digest of a normalised SSIN (11 digits), by the present key or that of a version."""
        key = self.ssin_keys.key(version or self.ssin_keys.current)
        return hmac.digest(key, b"ssin" + ssin.encode(), hashlib.sha256)

    def digests(self, ssin: str) -> list[bytes]:
        """Give the digests of an SSIN under every version of the key: as many for a known number as for another."""
        return [self.digest(ssin, version) for version in self.ssin_keys.versions]

    def make_keys(self, dossier_id: UUID) -> tuple[bytes, bytes]:
        """Make the data keys of a new dossier; give them wrapped (content, confidential), as they are stored."""
        return self._wrap(dossier_id, os.urandom(KEY_BYTES), os.urandom(KEY_BYTES))

    def dossier(self, dossier_id: UUID, wrapped: bytes | None) -> DossierKey:
        """Give a dossier's keys out of their stored form (`KEY_OF`); None: it has none any more. Raises Unreadable."""
        if wrapped is None:
            return NO_KEY
        found = self._known.get(wrapped)
        if found is None:
            if len(self._known) >= _MOST_KEYS:
                self._known.clear()
            found = self._known[wrapped] = DossierKey(dossier_id, *self._unwrap(dossier_id, wrapped))
        return found

    def rewrap(self, dossier_id: UUID, wrapped: bytes) -> tuple[bytes, bytes]:
        """Give a dossier's stored keys wrapped by the present key-encryption key. Raises Unreadable."""
        return self._wrap(dossier_id, *self._unwrap(dossier_id, wrapped))

    def seal(self, place: str, owner: UUID, plain: bytes) -> bytes:
        """Seal a value of no dossier, for one place (table.column) and owner: version, nonce, ciphertext."""
        version = self.seal_keys.current
        return bytes((version,)) + _encrypt(self._cipher(version), plain, _place(place, version, owner))

    def open(self, place: str, owner: UUID, sealed: bytes) -> bytes:
        """Open such a value; raise cryptography's InvalidTag when it was changed or moved."""
        version, nonce, ciphertext = sealed[0], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        return self._cipher(version).decrypt(nonce, ciphertext, _place(place, version, owner))

    def _wrap(self, dossier_id: UUID, content: bytes, confidential: bytes) -> tuple[bytes, bytes]:
        return self.seal("key.content", dossier_id, content), self.seal("key.confidential", dossier_id, confidential)

    def _unwrap(self, dossier_id: UUID, wrapped: bytes) -> tuple[bytes, bytes]:
        half = len(wrapped) // 2
        try:
            content = self.open("key.content", dossier_id, wrapped[:half])
            return content, self.open("key.confidential", dossier_id, wrapped[half:])
        except (InvalidTag, IndexError, KeyError) as error:
            message = f"the keys of dossier {dossier_id} cannot be unwrapped"
            raise Unreadable(message) from error

    def _cipher(self, version: int) -> AESGCM:
        found = self._ciphers.get(version)
        if found is None:
            found = self._ciphers[version] = AESGCM(self.seal_keys.key(version))
        return found


def _encrypt(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _decrypt(cipher: AESGCM, kept: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(kept[:_NONCE], kept[_NONCE:], bound)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("stored bytes were changed or moved") from error


def _in_clear(kept: bytes) -> bytes:
    if kept[:1] in _CLEAR:
        return kept
    raise Unreadable("the key of this dossier was destroyed")


def _without(body: bytes, hidden: frozenset[str]) -> bytes | None:
    """Leave confidential fields out of an event; None where it has none of them."""
    event = msgspec.json.decode(body)
    data = event["data"]
    if hidden.isdisjoint(data):
        return None
    return msgspec.json.encode({**event, "data": {name: value for name, value in data.items() if name not in hidden}})


def _place(place: str, version: int, owner: UUID) -> bytes:
    return f"{place}:{version}:".encode() + owner.bytes
