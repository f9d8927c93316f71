"""What one cell means: dates, times, codes, references, national numbers.

`Unreadable` carries a reason without the value, because the value may be personal.
"""

import re
from dataclasses import dataclass, field
from datetime import date, time

from handover.adapters.lino.layout import Row

_DATE = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2})(?::\d{2})?", re.ASCII)
_NATIONAL_ID = re.compile(r"(\d{6}) ?(\d{3})([-=]?)(\d{2})", re.ASCII)
_BORN_SINCE_2000 = 2_000_000_000


class Unreadable(Exception):  # noqa: N818 - becomes a Reject; its message is the reason
    """A cell does not hold what its column promises."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to another row of Lino: its key, and its name in the language of the Lino account."""

    key: int
    label: str = field(repr=False)


def text(row: Row, column: str) -> str:
    """Give the text of a cell with its spaces tidied; empty when there is none."""
    cell = row.cells[column]
    if cell is None:
        return ""
    if not isinstance(cell, str):
        raise Unreadable(f"{column} is not a text")
    return " ".join(cell.split())


def flag(row: Row, column: str) -> bool:
    """Give a yes or no."""
    cell = row.cells[column]
    if not isinstance(cell, bool):
        raise Unreadable(f"{column} is not a yes or no")
    return cell


def number(row: Row, column: str) -> int | None:
    """Give a whole number, or none."""
    cell = row.cells[column]
    if cell is not None and (not isinstance(cell, int) or isinstance(cell, bool)):
        raise Unreadable(f"{column} is not a whole number")
    return cell


def day(row: Row, column: str) -> date | None:
    """Give a date written `dd.mm.yyyy`, or none. Lino's birth dates may be incomplete: unreadable here."""
    written = text(row, column)
    if not written:
        return None
    parts = _DATE.fullmatch(written)
    if parts is None:
        raise Unreadable(f"{column} is not a date")
    try:
        return date(int(parts[3]), int(parts[2]), int(parts[1]))
    except ValueError:
        raise Unreadable(f"{column} is not a complete, existing date") from None


def clock(row: Row, column: str) -> time | None:
    """Give a time of day written `hh:mm`, or none. Lino means local time."""
    written = text(row, column)
    if not written:
        return None
    parts = _TIME.fullmatch(written)
    if parts is None:
        raise Unreadable(f"{column} is not a time")
    try:
        return time(int(parts[1]), int(parts[2]))
    except ValueError:
        raise Unreadable(f"{column} is not an existing time") from None


def code(row: Row, column: str) -> str:
    """Give the code of a choice, the same in every language; empty when nothing is chosen."""
    return text(row, f"{column}Hidden")


def key(row: Row, column: str) -> int | None:
    """Give the key of the row that a foreign key points to, or none."""
    return number(row, f"{column}Hidden")


def ref(row: Row, column: str) -> Ref | None:
    """Give the row that a foreign key points to, or none."""
    found = key(row, column)
    return None if found is None else Ref(key=found, label=text(row, column))


def client(row: Row, column: str = "client") -> int:
    """Give the client a row is about, which it must have."""
    found = key(row, column)
    if found is None:
        raise Unreadable("it names no client")
    return found


def national_id(row: Row, column: str) -> str:
    """Give a national number as 11 digits.

    Lino writes `yymmdd nnn-cc`, and `yymmdd nnn=cc` for births from 2000 on, when the check digits count
    a 2 in front.
    """
    written = text(row, column)
    if not written:
        raise Unreadable("it has no national number")
    parts = _NATIONAL_ID.fullmatch(written)
    if parts is None:
        raise Unreadable("its national number is not written as one")
    first, check = int(parts[1] + parts[2]), int(parts[4])
    if check not in {97 - (base + first) % 97 for base in _CENTURIES[parts[3]]}:
        raise Unreadable("the check digits of its national number are wrong")
    return parts[1] + parts[2] + parts[4]


_CENTURIES = {"-": (0,), "=": (_BORN_SINCE_2000,), "": (0, _BORN_SINCE_2000)}
