"""Lino's calendar, kept between readings: it is most of what a Lino holds, and slow to give."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from handover.adapters.kit.contract import Reject
from handover.adapters.lino.records import CalendarEntry, Presence

SHARE: Final = 0.1
"""How much of its time a Lino may spend on giving us its calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The entries, who was invited, what of them could not be read, and how many rows each table gave."""

    entries: tuple[CalendarEntry, ...]
    presences: tuple[Presence, ...]
    rejects: tuple[Reject, ...]
    rows_read: Mapping[str, int]


class KeptCalendar:
    """Reads the calendar as often as leaves the Lino free for those who work in it; between two times, the last one.

    A small one is read every time; one that takes 20 seconds, each three minutes. `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, share: float = SHARE) -> None:
        self._clock = clock
        self._share = share
        self._kept: Calendar | None = None
        self._again_at = 0.0

    async def get(self, read: Callable[[], Awaitable[Calendar]]) -> Calendar:
        """Give the last one, or read it. Raises what `read` does; then the next call reads."""
        began = self._clock()
        if self._kept is not None and began < self._again_at:
            return self._kept
        self._kept = None
        found = await read()
        self._again_at = began + (self._clock() - began) / self._share
        self._kept = found
        return found
