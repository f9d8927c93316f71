"""Every expected day here was counted by hand on a calendar, not by the code under test."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from handover.domain.codes_follow_up import Stability
from handover.domain.deadlines import (
    DueRule,
    add_months,
    calendar_days,
    is_working_day,
    months_after,
    months_before,
    on_field,
    roll_forward,
    working_days,
)
from handover.domain.kinds.follow_up import FOLLOW_UP
from handover.domain.kinds.follow_up_payloads import AftercareChecked, AftercareStarted

BRUSSELS = ZoneInfo("Europe/Brussels")


class _Data(msgspec.Struct):
    day: date | None = None
    moment: datetime | None = None


def _at(text: str) -> datetime:
    """A moment on the Brussels clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS).astimezone(UTC)


def _due(rule: DueRule, at: datetime, data: msgspec.Struct | None = None) -> datetime:
    due = rule.compute(at, data or _Data())
    assert due is not None
    assert due.tzinfo is UTC
    return due


def _day(due: datetime) -> str:
    local = due.astimezone(BRUSSELS)
    assert (local.hour, local.minute, local.second) == (23, 59, 59)
    return f"{local:%a %Y-%m-%d}"


WORKING = [
    ("2026-11-23 10:00", 1, "Tue 2026-11-24", "day 1 is the next working day"),
    ("2026-11-23 00:00", 1, "Tue 2026-11-24", "first second of the day"),
    ("2026-11-23 23:59", 1, "Tue 2026-11-24", "last minute of the day"),
    ("2026-11-23 10:00", 5, "Mon 2026-11-30", "over a weekend"),
    ("2026-11-20 16:00", 1, "Mon 2026-11-23", "Friday"),
    ("2026-11-21 09:00", 1, "Mon 2026-11-23", "Saturday"),
    ("2026-11-22 09:00", 1, "Mon 2026-11-23", "Sunday"),
    ("2026-11-20 16:00", 5, "Fri 2026-11-27", "Friday, five days"),
    ("2026-11-22 09:00", 5, "Fri 2026-11-27", "Sunday, five days"),
    ("2026-11-23 10:00", 15, "Mon 2026-12-14", "three weeks"),
    ("2026-04-02 10:00", 1, "Fri 2026-04-03", "Good Friday is a working day"),
    ("2026-04-03 10:00", 1, "Tue 2026-04-07", "Easter Monday 2026"),
    ("2026-04-02 10:00", 2, "Tue 2026-04-07", "across Easter"),
    ("2027-03-26 10:00", 1, "Tue 2027-03-30", "Easter Monday 2027"),
    ("2026-04-30 10:00", 1, "Mon 2026-05-04", "1 May on a Friday"),
    ("2026-05-13 10:00", 1, "Fri 2026-05-15", "Ascension 2026; the bridge day counts"),
    ("2027-05-05 10:00", 1, "Fri 2027-05-07", "Ascension 2027"),
    ("2026-05-22 10:00", 1, "Tue 2026-05-26", "Whit Monday 2026"),
    ("2026-07-20 10:00", 1, "Wed 2026-07-22", "21 July"),
    ("2026-07-17 10:00", 3, "Thu 2026-07-23", "across 21 July"),
    ("2026-08-14 10:00", 1, "Mon 2026-08-17", "15 August on a Saturday moves nothing"),
    ("2025-08-14 10:00", 1, "Mon 2025-08-18", "15 August on a Friday"),
    ("2026-10-30 10:00", 1, "Mon 2026-11-02", "1 November on a Sunday; 2 November is a working day"),
    ("2027-10-29 10:00", 1, "Tue 2027-11-02", "1 November on a Monday"),
    ("2026-11-10 10:00", 1, "Thu 2026-11-12", "11 November"),
    ("2026-11-11 10:00", 1, "Thu 2026-11-12", "recorded on 11 November"),
    ("2026-11-10 10:00", 5, "Wed 2026-11-18", "across 11 November"),
    ("2026-12-24 10:00", 1, "Mon 2026-12-28", "Christmas on a Friday"),
    ("2025-12-24 10:00", 1, "Fri 2025-12-26", "26 December is a working day"),
    ("2026-12-24 10:00", 5, "Mon 2027-01-04", "over the year's end"),
    ("2026-12-31 10:00", 1, "Mon 2027-01-04", "New Year on a Friday"),
    ("2026-12-14 10:00", 15, "Wed 2027-01-06", "three weeks over Christmas and New Year"),
]
CALENDAR = [
    ("2026-11-23 10:00", 7, "Mon 2026-11-30", "seven days"),
    ("2026-11-19 10:00", 7, "Thu 2026-11-26", "over a weekend, which counts"),
    ("2026-11-20 10:00", 7, "Mon 2026-11-30", "ends on a Sunday, rolls forward"),
    ("2026-11-21 10:00", 30, "Tue 2026-12-22", "begins on the Monday after"),
    ("2026-11-23 10:00", 30, "Wed 2026-12-23", "thirty days"),
    ("2026-11-25 10:00", 30, "Mon 2026-12-28", "ends on Christmas, rolls over the weekend"),
    ("2026-12-01 10:00", 30, "Thu 2026-12-31", "ends on the year's last day"),
    ("2026-12-02 10:00", 30, "Mon 2027-01-04", "ends on New Year, rolls forward"),
    ("2026-11-10 10:00", 7, "Wed 2026-11-18", "begins after 11 November"),
    ("2026-10-16 10:00", 7, "Mon 2026-10-26", "ends on the Sunday on which the clock changes"),
]


@pytest.mark.parametrize(("at", "count", "expected", "why"), WORKING, ids=[c[3] for c in WORKING])
def test_working_days(at: str, count: int, expected: str, why: str) -> None:
    assert _day(_due(working_days(count), _at(at))) == expected, why


@pytest.mark.parametrize(("at", "count", "expected", "why"), CALENDAR, ids=[c[3] for c in CALENDAR])
def test_calendar_days(at: str, count: int, expected: str, why: str) -> None:
    assert _day(_due(calendar_days(count), _at(at))) == expected, why


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T22:59:59+00:00", "Tue 2026-11-24"),
        ("2026-11-23T23:00:00+00:00", "Wed 2026-11-25"),
        ("2026-07-06T21:59:59+00:00", "Tue 2026-07-07"),
        ("2026-07-06T22:00:00+00:00", "Wed 2026-07-08"),
    ],
)
def test_the_day_is_that_of_brussels(at: str, expected: str) -> None:
    assert _day(_due(working_days(1), datetime.fromisoformat(at))) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-22 10:00", "2026-10-23T21:59:59+00:00"),
        ("2026-10-23 10:00", "2026-10-26T22:59:59+00:00"),
        ("2026-03-26 10:00", "2026-03-27T22:59:59+00:00"),
        ("2026-03-27 10:00", "2026-03-30T21:59:59+00:00"),
    ],
)
def test_summer_and_winter_time(at: str, expected: str) -> None:
    """The clock goes back on 25 October 2026 and forward on 29 March 2026."""
    assert _due(working_days(1), _at(at)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("at", "end", "expected"),
    [
        ("2026-09-01 10:00", "2027-08-31", "Mon 2027-05-31"),
        ("2026-09-01 10:00", "2027-05-31", "Mon 2027-03-01"),  # 28 February is a Sunday
        ("2027-09-01 10:00", "2028-05-31", "Tue 2028-02-29"),
        ("2026-09-01 10:00", "2027-03-25", "Mon 2026-12-28"),  # Christmas, then a weekend
        ("2026-09-01 10:00", "2027-04-01", "Mon 2027-01-04"),  # New Year, then a weekend
        ("2026-11-23 10:00", "2027-02-23", "Mon 2026-11-23"),
        ("2026-11-23 10:00", "2027-02-22", "Mon 2026-11-23"),  # less remains: at once
        ("2026-11-23 10:00", "2026-12-31", "Mon 2026-11-23"),
        ("2026-11-23 10:00", "2026-10-31", "Mon 2026-11-23"),  # ended already
        ("2026-11-21 10:00", "2026-12-31", "Mon 2026-11-23"),  # at once, but not on a Saturday
    ],
)
def test_three_months_before_an_end(at: str, end: str, expected: str) -> None:
    rule = months_before("day", 3)
    assert _day(_due(rule, _at(at), _Data(day=date.fromisoformat(end)))) == expected


def test_no_end_no_due_moment() -> None:
    assert months_before("day", 3).compute(_at("2026-11-23 10:00"), _Data()) is None
    assert on_field("day").compute(_at("2026-11-23 10:00"), _Data()) is None


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-11-16", 1, "Wed 2026-12-16"),
        ("2026-11-16", 3, "Tue 2027-02-16"),
        ("2026-11-16", 6, "Tue 2027-05-18"),  # 16 May is Whit Sunday, 17 May Whit Monday
        ("2026-11-25", 1, "Mon 2026-12-28"),
        ("2027-01-31", 1, "Mon 2027-03-01"),
        ("2026-08-31", 6, "Mon 2027-03-01"),
    ],
)
def test_months_after_a_start(start: str, months: int, expected: str) -> None:
    rule = months_after("day", months)
    assert _day(_due(rule, _at("2026-09-01 10:00"), _Data(day=date.fromisoformat(start)))) == expected


def test_on_a_day_rolls_forward_and_a_moment_stays() -> None:
    at = _at("2026-11-23 10:00")
    assert _day(_due(on_field("day"), at, _Data(day=date(2026, 12, 26)))) == "Mon 2026-12-28"
    moment = datetime(2026, 12, 26, 11, 30, tzinfo=BRUSSELS)
    assert _due(on_field("moment"), at, _Data(moment=moment)) == datetime(2026, 12, 26, 10, 30, tzinfo=UTC)


_NEXT_CHECK = FOLLOW_UP.rows["followUp.aftercareStarted"][0].due
_START = date(2026, 11, 16)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-16 10:00", "Wed 2026-12-16"),
        ("2026-12-16 10:00", "Wed 2026-12-16"),
        ("2026-12-17 10:00", "Tue 2027-02-16"),
        ("2027-02-17 10:00", "Tue 2027-05-18"),
    ],
)
def test_aftercare_that_starts_has_the_next_check_to_do(at: str, expected: str) -> None:
    assert _day(_due(_NEXT_CHECK, _at(at), AftercareStarted(starts_on=_START))) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-16 10:00", "Tue 2027-02-16"),  # on its own day: done
        ("2026-12-20 10:00", "Tue 2027-02-16"),
        ("2027-02-16 10:00", "Tue 2027-05-18"),
    ],
)
def test_a_check_leads_to_the_next(at: str, expected: str) -> None:
    assert _day(_due(_NEXT_CHECK, _at(at), _checked())) == expected


def test_no_check_after_the_last() -> None:
    assert _NEXT_CHECK.compute(_at("2027-05-18 10:00"), _checked()) is None


def _checked() -> AftercareChecked:
    return AftercareChecked(starts_on=_START, checked_on=_START, stability=Stability.STABLE)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -3, date(2025, 10, 15)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)
def test_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_the_ten_public_holidays_of_2026() -> None:
    """Source: Royal Decree of 18 April 1974, article 1."""
    holidays = {
        date(2026, 1, 1),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 7, 21),
        date(2026, 11, 11),
        date(2026, 12, 25),
    }
    year = [date.fromordinal(n) for n in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())]
    closed = {day for day in year if day.weekday() < 5 and not is_working_day(day)}
    assert closed == holidays, "15 August and 1 November fall in a weekend"
    assert not any(is_working_day(day) for day in year if day.weekday() >= 5)
    assert roll_forward(date(2026, 12, 25)) == date(2026, 12, 28)
