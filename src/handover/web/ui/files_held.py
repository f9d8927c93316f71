"""What a form about a file carries: the file itself, sealed, so that nothing of it is kept here between two steps.

It is bound to who brought it and to a few hours; the browser can hold it, hand it back, and make nothing of it.
"""

import base64
import binascii
import zlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag

from handover.adapters.files.reading import Limits
from handover.record.sealing import Sealer

LASTS: Final = timedelta(hours=4)
MOST_UPLOAD: Final = 1_040_000
"""Bytes of a form with a file: the file and little else. A form parser keeps a file of up to 1 MiB in memory."""
MOST_HELD: Final = 3_000_000
"""Bytes of a form with a sealed file, and why some of its rows failed."""
LARGER: Final = {"/files": MOST_UPLOAD, "/files/bring": MOST_HELD, "/files/errors": MOST_HELD}
"""How much the forms of this screen may send, by their path."""
_NOBODY: Final = UUID(int=0)
_MOST_UNPACKED: Final = 2 * Limits().bytes


class Held(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A file between two steps, its legal basis, and which of its rows failed and why (sheet, row, sentence)."""

    content: bytes
    legal_basis_id: str
    at: datetime
    wrong: tuple[tuple[int, int, str], ...] = ()


class LostError(Exception):
    """It is of somebody else or too old, or was changed: the file must be chosen again."""


def hold(sealer: Sealer, owner: str, held: Held) -> str:
    """Give what the form carries; `owner` is who may hand it back."""
    packed = zlib.compress(msgspec.msgpack.encode(held), 6)
    return base64.urlsafe_b64encode(sealer.seal(_place(owner), _NOBODY, packed)).decode()


def take_back(sealer: Sealer, owner: str, carried: str, *, now: datetime) -> Held:
    """Open it. Raises LostError."""
    try:
        packed = sealer.open(_place(owner), _NOBODY, base64.urlsafe_b64decode(carried.encode("ascii")))
        plain = zlib.decompressobj().decompress(packed, _MOST_UNPACKED)
        held = msgspec.msgpack.decode(plain, type=Held)
    except (InvalidTag, IndexError, KeyError, ValueError, binascii.Error, zlib.error, msgspec.DecodeError) as error:
        raise LostError from error
    if not held.at <= now < held.at + LASTS:
        raise LostError
    return held


def _place(owner: str) -> str:
    return f"files.held:{owner}"
