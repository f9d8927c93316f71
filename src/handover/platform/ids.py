"""Identifiers that sort by the moment they were made: UUID version 7 (RFC 9562, section 5.7)."""

import secrets
import threading
import time
import uuid

_VERSION_7 = 7 << 76
_RFC_VARIANT = 0b10 << 62
_NS_PER_MS = 1_000_000


class _Sequence:
    """The last stamp given out: 48 bits of milliseconds and 12 bits of their fraction (RFC 9562, method 3).

    A stamp never repeats or goes back inside one process, so ids made in one burst, or after the clock was
    set back, still sort in the order they were made.
    """

    __slots__ = ("_last", "_lock")

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        milliseconds, rest = divmod(time.time_ns(), _NS_PER_MS)
        stamp = milliseconds << 12 | (rest << 12) // _NS_PER_MS
        with self._lock:
            self._last = stamp = max(stamp, self._last + 1)
        return stamp


_sequence = _Sequence()


def new_id() -> uuid.UUID:
    """A fresh UUIDv7: sorts after every earlier one of this process, 62 random bits keep nodes apart."""
    stamp = _sequence.next()
    return uuid.UUID(int=(stamp >> 12) << 80 | _VERSION_7 | (stamp & 0xFFF) << 64 | _RFC_VARIANT | secrets.randbits(62))
