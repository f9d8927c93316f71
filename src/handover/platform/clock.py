"""The only place that reads the time of day; everything else is handed a moment."""

import re
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC, shifted by `offset`.

    The offset is zero, except where a demonstration or a test lives in another hour or week; production
    settings refuse one.
    """

    __slots__ = ("offset",)

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """This moment: timezone-aware, UTC, microseconds."""
        return datetime.now(UTC) + self.offset


_OFFSET = re.compile(
    r"(?P<sign>[+-]?)(?:"
    r"(?P<plain>\d{1,9}(?:\.\d+)?)"
    r"|P(?=.)(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9}(?:\.\d+)?)S)?)?"
    r")",
    re.ASCII,
)


def parse_offset(text: str) -> timedelta:
    """Read an offset: seconds (`3600`, `-90.5`) or a simple ISO 8601 duration (`PT2H`, `-P2D`, `P1DT30M`).

    Raises ValueError with a sentence that gives the two forms.
    """
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no offset: write seconds (3600, -90) or a duration (PT2H, -P2D, P1DT30M)")
    parts = {name: float(value) for name, value in found.groupdict(0).items() if name != "sign"}
    seconds = parts.pop("plain") + parts.pop("seconds")
    total = timedelta(seconds=seconds, **parts)
    return -total if found["sign"] == "-" else total
