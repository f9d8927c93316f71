"""Checkpoints as signed notes: a short text that anyone can check and keep, with the log's size and root.

Sources: C2SP signed-note and tlog-checkpoint, with ed25519 signatures (type 1).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from handover.record.merkle import HASH_BYTES

_ED25519 = b"\x01"
_ID_BYTES = 4
_MARK = "\u2014 "


class NoteError(ValueError):
    """This is no signed note, or its signature does not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: whose (`origin`), how many leaves, and the root of their tree."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


class Signer:
    """Signs in a name. The key is the 32 bytes of an ed25519 private key."""

    def __init__(self, name: str, key: bytes) -> None:
        if not name or any(character.isspace() or character == "+" for character in name):
            raise ValueError("a signer's name holds no space and no +")
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self._public = self._key.public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """What others verify with, `name+id+key`."""
        return f"{self.name}+{_key_id(self.name, self._public).hex()}+{_base64(_ED25519 + self._public)}"

    def sign(self, checkpoint: Checkpoint) -> str:
        """Give the signed note."""
        signature = _key_id(self.name, self._public) + self._key.sign(checkpoint.text.encode())
        return f"{checkpoint.text}\n{_MARK}{self.name} {_base64(signature)}\n"


class Verifier:
    """Checks what a signer signed. Raises NoteError for a text that is no verifier key."""

    def __init__(self, verifier_key: str) -> None:
        try:
            self.name, identity, encoded = verifier_key.strip().split("+", 2)
            kept = base64.b64decode(encoded, validate=True)
            self._id = bytes.fromhex(identity)
            self._public = Ed25519PublicKey.from_public_bytes(kept[1:])
        except ValueError:
            raise NoteError("this is no verifier key: it looks like name+id+key") from None
        if kept[:1] != _ED25519 or _key_id(self.name, kept[1:]) != self._id:
            raise NoteError("this verifier key is damaged")

    def opened(self, note: str) -> Checkpoint:
        """Give the checkpoint of a note that this key signed. Raises NoteError."""
        checkpoint = read(note)
        for name, signature in _signatures(note):
            if name == self.name and signature[:_ID_BYTES] == self._id:
                try:
                    self._public.verify(signature[_ID_BYTES:], checkpoint.text.encode())
                except InvalidSignature:
                    raise NoteError("the signature does not fit the text: one of them was changed") from None
                return checkpoint
        raise NoteError(f"it is not signed by {self.name}")


def read(note: str) -> Checkpoint:
    """Give the checkpoint that a note claims, without checking who signed it. Raises NoteError."""
    text, found, _ = note.partition("\n\n")
    lines = text.split("\n")
    try:
        origin, size, root = lines
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except (ValueError, binascii.Error):
        raise NoteError("this is no checkpoint") from None
    fits = checkpoint.text == f"{text}\n" and len(checkpoint.root) == HASH_BYTES
    if not (found and origin and fits) or checkpoint.size < 0:
        raise NoteError("this is no checkpoint")
    return checkpoint


def _signatures(note: str) -> list[tuple[str, bytes]]:
    found = []
    for line in note.partition("\n\n")[2].splitlines():
        name, _, encoded = line.removeprefix(_MARK).partition(" ")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise NoteError("a signature of it is no base64") from None
        if line.startswith(_MARK):
            found.append((name, signature))
    return found


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_ID_BYTES]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
