"""A model history with another client in it: the same bytes, in which ids and names are those of this copy.

What is encoded once is never decoded again: its bytes are cut where a stand-in or an id stands, and joined with what
belongs there now. So a copy costs a hundredth of playing the history anew, and is what the domain would have said.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from benchmarks.population.models import STAND_INS, Model
from handover.record import codec

_ID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAMES = b"|".join(re.escape(name.encode()) for name in sorted(STAND_INS, key=len, reverse=True))
_SLOTS = re.compile(_NAMES + b"|" + _ID)
_NUMBERS = {name.encode(): number for number, name in enumerate(STAND_INS)}
MASK_BITS = 60
"""Of an id's 62 random bits, how many make a copy's ids its own."""
_BORN_FROM, _BIRTH_DAYS = date(1962, 1, 1), 15_000
_TEST_MONTHS = 60
_WORDS = (
    *("Appel", "Peer", "Kers", "Pruim", "Vijg", "Druif", "Braam", "Bes", "Hop", "Gerst", "Rogge", "Haver", "Tarwe"),
    *("Vlas", "Koren", "Klaver", "Brem", "Heide", "Varen", "Mos", "Riet", "Lis", "Munt", "Tijm", "Salie", "Dille"),
    *("Kervel", "Look", "Prei", "Ui", "Raap", "Biet", "Kool", "Sla", "Spinazie", "Boon", "Erwt", "Linze", "Pompoen"),
    *("Radijs", "Eik", "Beuk", "Berk", "Linde", "Els", "Es", "Iep", "Olm", "Wilg", "Populier", "Spar", "Den", "Lork"),
    *("Taxus", "Hulst", "Klimop", "Roos", "Tulp", "Lelie", "Iris"),
)


class Cut:
    """Bytes cut at their slots."""

    __slots__ = ("_pieces", "_slots")

    def __init__(self, text: bytes, ids: dict[bytes, int]) -> None:
        found = [match.group() for match in _SLOTS.finditer(text)]
        self._pieces: list[bytes] = []
        for between in _SLOTS.split(text):
            self._pieces += (between, b"")
        self._pieces.pop()
        self._slots = [_NUMBERS[name] if name in _NUMBERS else _id_slot(ids, name) for name in found]

    def filled(self, values: list[bytes]) -> bytes:
        """Give the bytes with these values in the slots."""
        pieces = self._pieces.copy()
        pieces[1::2] = [values[slot] for slot in self._slots]
        return b"".join(pieces)


def _id_slot(ids: dict[bytes, int], name: bytes) -> int:
    return ids.setdefault(name, len(STAND_INS) + len(ids))


@dataclass(frozen=True, slots=True)
class CutEvent:
    """An event of a model, with what its row needs beside the bytes. Numbers are slots; -1: no thread."""

    sequence: int
    type: str
    event_id: int
    thread_id: int
    organisation: str
    recorded_at: datetime
    entitled: tuple[str, ...]
    body: Cut


class Pattern:
    """A model, cut."""

    def __init__(self, model: Model) -> None:
        ids: dict[bytes, int] = {}
        self.dossier_id = _id_slot(ids, str(model.state.dossier_id).encode())
        self.events = tuple(
            CutEvent(
                sequence=event.sequence,
                type=event.type,
                event_id=_id_slot(ids, str(event.event_id).encode()),
                thread_id=_id_slot(ids, str(event.thread_id).encode()) if event.thread_id else -1,
                organisation=event.organisation,
                recorded_at=event.recorded_at,
                entitled=tuple(sorted(entitled)),
                body=Cut(codec.encode_event(event), ids),
            )
            for event, entitled in zip(model.events, model.entitled, strict=True)
        )
        self.state = Cut(codec.encode_state(model.state), ids)
        self.opened_at = model.state.opened_at
        self.active = not model.state.closed
        self._ids = [UUID(name.decode()).int for name in ids]

    def ids(self, mask: int) -> list[UUID]:
        """Give a copy's ids, in the order of the slots behind the stand-ins; they keep their moment."""
        return [UUID(int=number ^ mask) for number in self._ids]


def values(stand_ins: dict[str, str], ids: list[UUID]) -> list[bytes]:
    """Give what goes into the slots of a copy. Raises KeyError where somebody has no name."""
    return [stand_ins[name].encode() for name in STAND_INS] + [str(made).encode() for made in ids]


def client(number: int) -> tuple[str, date, str]:
    """Give a client's family name, birth date and test number: another one for each number."""
    named = number * 37 % len(_WORDS) ** 2 if number < len(_WORDS) ** 2 else number
    words = [_WORDS[named // len(_WORDS) ** place % len(_WORDS)] for place in (2, 1, 0)]
    first, *rest = words[0 if number >= len(_WORDS) ** 2 else 1 :]
    born = _BORN_FROM + timedelta(days=number * 7919 % _BIRTH_DAYS)
    digits = int(f"{born:%y}{born.month + _TEST_MONTHS}{born:%d}{1 + number // _BIRTH_DAYS:03}")
    check = 97 - (digits if born.year < 2000 else 2_000_000_000 + digits) % 97
    return f"{first}-{'-'.join(word.lower() for word in rest)}", born, f"{digits:09}{check:02}"
