"""What one cell means: text, days, times, codes, national numbers, as people and Excel write them.

`Unreadable` carries a word for why and no value, because the value may be personal.
"""

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

from handover.adapters.files.columns import LANGUAGES, StepKind, folded
from handover.domain.codes import Coded
from handover.domain.codes_follow_up import AbsenceReason
from handover.domain.deadlines import BRUSSELS

Cell = str | int | float | bool | date | time | datetime | timedelta | None
_Code = TypeVar("_Code", bound=Coded)
_SPOKEN: Final[dict[str, Coded]] = {
    "gpmi": StepKind.PLAN,
    "piis": StepKind.PLAN,
    "ziek": AbsenceReason.ILLNESS,
    "malade": AbsenceReason.ILLNESS,
    "krank": AbsenceReason.ILLNESS,
    "niet verwittigd": AbsenceReason.NO_NOTICE,
}
"""What people write where a list has another word for it."""
LONGEST_LINE: Final = 200
LONGEST_REFERENCE: Final = 100
SSIN_DIGITS: Final = 11
_YEARS: Final = range(1900, 2200)
_DAY = re.compile(r"(\d{1,2})[./\- ](\d{1,2})[./\- ](\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(r"([01]?\d|2[0-3])[:.uUhH]([0-5]\d)?(?::[0-5]\d)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"\d+\.0+", re.ASCII)


class Unreadable(Exception):  # noqa: N818 - becomes a Reject; its code says why
    """A cell does not hold what its column promises."""

    def __init__(self, code: str, column: str = "") -> None:
        super().__init__(code)
        self.code, self.column = code, column


def text(cell: Cell) -> str:  # noqa: PLR0911 - one return per type
    """Give a cell as one line of text; "" when there is nothing."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 10**15:
            return str(int(cell))
        case datetime():
            return cell.strftime("%d/%m/%Y %H:%M") if cell.time() != time(0) else cell.strftime("%d/%m/%Y")
        case date():
            return cell.strftime("%d/%m/%Y")
        case time():
            return cell.strftime("%H:%M")
        case _:
            return " ".join("".join(c if c.isprintable() else " " for c in str(cell)).split())


def line(cell: Cell) -> str | None:
    """Give a text of at most 200 characters, or None."""
    found = text(cell)
    return f"{found[: LONGEST_LINE - 1]}…" if len(found) > LONGEST_LINE else found or None


def reference(cell: Cell) -> str:
    """Give what the organisation calls a case or a step; Excel's numbers without their decimals."""
    found = text(cell)
    if _WHOLE.fullmatch(found):
        found = found.partition(".")[0]
    if not found:
        raise Unreadable("missing")
    if len(found) > LONGEST_REFERENCE:
        raise Unreadable("tooLong")
    return found


def day(cell: Cell) -> date | None:
    """Give a day: 31/12/2026, 31-12-2026, 31.12.2026, 2026-12-31 or Excel's own; None when there is none."""
    if isinstance(cell, datetime):
        return _plausible(cell.date())
    if isinstance(cell, date):
        return _plausible(cell)
    if isinstance(cell, int | float) or (isinstance(cell, str) and cell.strip().isdecimal()):
        raise Unreadable("notADay")
    written = text(cell)
    if not written:
        return None
    if found := _ISO.match(written):
        numbers = (int(found[1]), int(found[2]), int(found[3]))
    elif found := _DAY.match(written):
        numbers = (int(found[3]), int(found[2]), int(found[1]))
    else:
        raise Unreadable("notADay")
    rest = written[found.end() :].strip(" T")
    if rest and not _TIME.fullmatch(rest):
        raise Unreadable("notADay")
    try:
        return _plausible(date(*numbers))
    except ValueError:
        raise Unreadable("noSuchDay") from None


def clock(cell: Cell) -> time | None:
    """Give a time of day: 14:30, 14u30, 14h, Excel's own, or what stands behind a day; None when there is none."""
    if isinstance(cell, datetime):
        return cell.time().replace(second=0, microsecond=0) if cell.time() != time(0) else None
    if isinstance(cell, time):
        return cell.replace(second=0, microsecond=0)
    if isinstance(cell, date):
        return None
    if isinstance(cell, float) and 0 < cell < 1:
        minutes = round(cell * 24 * 60)
        return time(minutes // 60 % 24, minutes % 60)
    written = text(cell)
    for form in (_ISO, _DAY):
        if found := form.match(written):
            written = written[found.end() :].strip(" T")
            break
    if not written:
        return None
    parts = _TIME.fullmatch(written)
    if parts is None:
        raise Unreadable("notATime")
    return time(int(parts[1]), int(parts[2] or 0))


def number(cell: Cell) -> float | None:
    """Give a number such as 19 or 19,5; None when there is none."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not math.isfinite(cell):
            raise Unreadable("notANumber")
        return float(cell)
    written = text(cell)
    if not written:
        return None
    if not _NUMBER.fullmatch(written):
        raise Unreadable("notANumber")
    return float(written.replace(",", "."))


def ssin(cell: Cell) -> str:
    """Give the digits of a national number, with the zeros in front that Excel took from it; "" when there is none."""
    digits = re.sub(r"[\s.\-/]", "", text(cell))
    if not digits:
        return ""
    if not digits.isascii() or not digits.isdecimal() or len(digits) > SSIN_DIGITS:
        raise Unreadable("notASsin")
    is_number = isinstance(cell, int | float) or digits == text(cell)
    if len(digits) < SSIN_DIGITS and not (is_number and len(digits) >= SSIN_DIGITS - 3):
        raise Unreadable("notASsin")
    return digits.zfill(SSIN_DIGITS)


def code(cell: Cell, *lists: type[_Code]) -> _Code | None:
    """Give the code that a cell names, by itself or by its word in any language; None when it is empty."""
    found = folded(text(cell))
    if not found:
        return None
    for codes in lists:
        for member in codes:
            words = (str(member), *(str(getattr(member, language)) for language in LANGUAGES))
            if found in {folded(word) for word in words}:
                return member
    meant = _SPOKEN.get(found)
    for codes in lists:
        if isinstance(meant, codes):
            return meant
    raise Unreadable("notACode")


def local(found: date, at: time | None = None) -> datetime:
    """Give a moment of Brussels in UTC; without a time of day, the beginning of the day."""
    return datetime.combine(found, at or time(0), tzinfo=BRUSSELS).astimezone(UTC)


def _plausible(found: date) -> date:
    if found.year not in _YEARS:
        raise Unreadable("noSuchDay")
    return found
