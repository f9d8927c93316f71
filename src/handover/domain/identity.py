"""National numbers (SSIN) and enterprise numbers: what is valid. Source: interop.md; python-stdnum for check digits."""

import re
import unicodedata
from datetime import date

from stdnum.be import ssn, vat
from stdnum.exceptions import ValidationError

_ELEVEN_DIGITS = re.compile(r"[0-9]{11}")
_TEST_MONTHS = range(61, 73)
_JULIAN_CENTURY = 2_000_000_000


def is_ssin(number: str, *, today: date, allow_test_range: bool) -> bool:
    """Tell whether `number` is an SSIN: 11 digits, check digits, a date that exists and is not in the future.

    `allow_test_range` admits MAGDA's test numbers (month 61-72), for demonstrations only.
    """
    if not _ELEVEN_DIGITS.fullmatch(number):
        return False
    if int(number[2:4]) in _TEST_MONTHS:
        return allow_test_range and _test_number(number)
    try:
        ssn.validate(number)
    except ValidationError:
        return False
    return _date_exists(number, today)


def _test_number(number: str) -> bool:
    first, check = int(number[:9]), int(number[9:])
    return check in {97 - first % 97, 97 - (_JULIAN_CENTURY + first) % 97}


def _date_exists(number: str, today: date) -> bool:
    """Check the calendar, which stdnum does not; day and month 00 mean unknown."""
    first, check = int(number[:9]), int(number[9:])
    centuries = [c for c, base in ((1900, 0), (2000, _JULIAN_CENTURY)) if 97 - (base + first) % 97 == check]
    month, day = int(number[2:4]) % 20, int(number[4:6])
    for century in centuries:
        year = century + int(number[:2])
        if month == 0 or day == 0:
            if year <= today.year:
                return True
            continue
        try:
            born = date(year, month, day)
        except ValueError:
            continue
        if born <= today:
            return True
    return False


def birth_date_of(number: str) -> date | None:
    """Give the birth date that a valid SSIN holds, or None where it holds none (unknown day or month, interim number).

    The month of a BIS number is 20 or 40 higher, of a test number 60.
    """
    first, check = int(number[:9]), int(number[9:])
    month, day = int(number[2:4]) % 20, int(number[4:6])
    found = []
    for century, base in ((1900, 0), (2000, _JULIAN_CENTURY)):
        try:
            born = date(century + int(number[:2]), month, day)
        except ValueError:
            continue
        if 97 - (base + first) % 97 == check:
            found.append(born)
    return found[0] if len(found) == 1 else None


def is_enterprise_number(number: str) -> bool:
    """Tell whether `number` is a KBO number: 10 digits, starting with 0 or 1, check digits."""
    return bool(re.fullmatch(r"[01][0-9]{9}", number)) and vat.is_valid(number)


def same_name(one: str, other: str) -> bool:
    """Compare names as people write them: case, accents, spaces and hyphens do not count."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in decomposed if c.isalnum())
