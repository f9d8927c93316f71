"""Due moments, worked out by hand: weekends, holidays, year ends, summer time, months of different lengths.

The calendar itself is held against a second library: python-dateutil gives Easter and counts working days by its own
recurrence rules; the fixed holidays of Belgium are written out here.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from dateutil.easter import easter
from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, rrule, rruleset

from handover.domain.deadlines import (
    BRUSSELS,
    DueRule,
    add_months,
    after_days,
    after_working_days,
    calendar_days,
    is_working_day,
    months_after,
    months_before,
    on_field,
    working_days,
)


class Said(msgspec.Struct, frozen=True):
    """What an event says that a rule reads."""

    ends_on: date | None = None
    at: datetime | None = None


def _at(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


W, D = working_days, calendar_days
_END = months_before("ends_on", 3)
_AFTER = months_after("ends_on", 1)
_ON = on_field("ends_on", otherwise=W(3))

TABLE: list[tuple[str, DueRule, datetime, date | None, date]] = [
    ("Monday to Tuesday", W(1), _at(2026, 11, 23), None, date(2026, 11, 24)),
    ("Friday over the weekend", W(1), _at(2026, 11, 27), None, date(2026, 11, 30)),
    ("Saturday counts from Monday", W(1), _at(2026, 11, 28), None, date(2026, 11, 30)),
    ("Sunday counts from Monday", W(1), _at(2026, 11, 29), None, date(2026, 11, 30)),
    ("five working days are a week", W(5), _at(2026, 11, 23), None, date(2026, 11, 30)),
    ("Armistice on a Wednesday", W(3), _at(2026, 11, 9), None, date(2026, 11, 13)),
    ("Christmas on a Friday", W(1), _at(2026, 12, 24), None, date(2026, 12, 28)),
    ("over Christmas and New Year", W(5), _at(2026, 12, 24), None, date(2027, 1, 4)),
    ("New Year on a Friday", W(1), _at(2026, 12, 31), None, date(2027, 1, 4)),
    ("fifteen over a year end", W(15), _at(2026, 12, 14), None, date(2027, 1, 6)),
    ("Easter Monday 2027", W(1), _at(2027, 3, 26), None, date(2027, 3, 30)),
    ("Labour Day on a Saturday takes nothing", W(1), _at(2027, 4, 30), None, date(2027, 5, 3)),
    ("Ascension is a Thursday", W(1), _at(2027, 5, 5), None, date(2027, 5, 7)),
    ("Whit Monday", W(1), _at(2027, 5, 14), None, date(2027, 5, 18)),
    ("Ascension and Whit Monday in ten", W(10), _at(2027, 5, 4), None, date(2027, 5, 20)),
    ("the national holiday", W(2), _at(2027, 7, 20), None, date(2027, 7, 23)),
    ("Assumption on a Sunday takes nothing", W(1), _at(2027, 8, 13), None, date(2027, 8, 16)),
    ("All Saints on a Monday", W(1), _at(2027, 10, 29), None, date(2027, 11, 2)),
    ("late evening UTC is the next day in Brussels", W(1), _at(2026, 11, 23, 23, 30), None, date(2026, 11, 25)),
    ("late evening in summer too", W(1), _at(2026, 7, 14, 22, 30), None, date(2026, 7, 16)),
    ("just before midnight in Brussels", W(1), _at(2026, 11, 23, 22, 59), None, date(2026, 11, 24)),
    ("Friday night UTC is Saturday", W(1), _at(2026, 11, 27, 23, 30), None, date(2026, 11, 30)),
    ("seven days", D(7), _at(2026, 11, 23), None, date(2026, 11, 30)),
    ("seven days that end on a Saturday roll to Monday", D(5), _at(2026, 11, 23), None, date(2026, 11, 30)),
    ("day 1 is the next working day", D(1), _at(2026, 11, 27), None, date(2026, 11, 30)),
    ("thirty days into the year's end", D(30), _at(2026, 11, 25), None, date(2026, 12, 28)),
    ("thirty days that end on New Year", D(30), _at(2026, 12, 2), None, date(2027, 1, 4)),
    ("thirty days from Christmas Eve", D(30), _at(2026, 12, 24), None, date(2027, 1, 26)),
    ("thirty days over the end of summer time", D(30), _at(2026, 10, 12), None, date(2026, 11, 12)),
    ("three months before an end", _END, _at(2026, 11, 23), date(2027, 8, 31), date(2027, 5, 31)),
    ("three months before the 31st of May", _END, _at(2026, 11, 23), date(2027, 5, 31), date(2027, 3, 1)),
    ("three months before a leap day's month", _END, _at(2027, 11, 2), date(2028, 5, 31), date(2028, 2, 29)),
    ("less than three months remain: at once", _END, _at(2026, 11, 23), date(2026, 12, 31), date(2026, 11, 23)),
    ("at once on a Saturday is Monday", _END, _at(2026, 11, 28), date(2026, 12, 31), date(2026, 11, 30)),
    ("three months before falls on a Sunday", _END, _at(2026, 11, 2), date(2027, 6, 28), date(2027, 3, 30)),
    ("a month after the 31st of January", _AFTER, _at(2026, 11, 2), date(2027, 1, 31), date(2027, 3, 1)),
    ("a month after the 30th of November", _AFTER, _at(2026, 11, 2), date(2026, 11, 30), date(2026, 12, 30)),
    ("on a day that is a Sunday", _ON, _at(2026, 11, 23), date(2027, 1, 3), date(2027, 1, 4)),
    ("on no day: the rule behind it", _ON, _at(2026, 11, 23), None, date(2026, 11, 26)),
    ("an agreement makes five of three", _ON.agreed(5), _at(2026, 11, 23), None, date(2026, 11, 26)),
    ("an agreement makes two of five", W(5).agreed(2), _at(2026, 12, 24), None, date(2026, 12, 29)),
]


@pytest.mark.parametrize(("why", "rule", "at", "ends_on", "day"), TABLE, ids=[row[0] for row in TABLE])
def test_a_case_by_hand(why: str, rule: DueRule, at: datetime, ends_on: date | None, day: date) -> None:
    moment, name = rule.due(at, Said(ends_on=ends_on))
    assert moment is not None, why
    local = moment.astimezone(BRUSSELS)
    assert (local.date(), local.strftime("%H:%M:%S")) == (day, "23:59:59")
    assert name


def test_the_table_is_long_enough_and_no_case_is_said_twice() -> None:
    assert len(TABLE) >= 40
    assert len({row[0] for row in TABLE}) == len(TABLE)


def test_an_hour_is_kept_as_it_is() -> None:
    sunday = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)
    assert on_field("at").due(_at(2026, 11, 23), Said(at=sunday)) == (sunday, "on at")


# --- the second library ------------------------------------------------------------------------------------------


def _holidays(year: int) -> set[date]:
    """The ten legal holidays of Belgium (law of 4 January 1974, royal decree of 18 April 1974)."""
    sunday = easter(year)
    fixed = {(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}
    moving = {sunday + timedelta(days=n) for n in (1, 39, 50)}
    return {date(year, month, day) for month, day in fixed} | moving


def _working_days(first: date, last: date) -> list[date]:
    days = rruleset()
    days.rrule(rrule(DAILY, byweekday=range(5), dtstart=datetime(first.year, first.month, first.day), until=last))  # noqa: DTZ001 - dateutil counts in plain days
    for year in range(first.year, last.year + 1):
        for day in _holidays(year):
            days.exdate(datetime(day.year, day.month, day.day))  # noqa: DTZ001
    return [found.date() for found in days]


FIRST, LAST = date(2024, 1, 1), date(2036, 12, 31)
OPEN = _working_days(FIRST, LAST)


def test_every_day_of_thirteen_years_is_open_or_closed_as_dateutil_says() -> None:
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    assert [day for day in days if is_working_day(day)] == OPEN


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 15])
def test_working_days_are_counted_as_dateutil_counts_them(count: int) -> None:
    index = {day: n for n, day in enumerate(OPEN)}
    upto, place = date(2035, 12, 31), -1
    day = FIRST
    while day < upto:
        place = index.get(day, place)
        assert after_working_days(day, count) == OPEN[place + count], day
        day += timedelta(days=1)


@pytest.mark.parametrize("count", [1, 7, 30])
def test_days_roll_forward_as_dateutil_rolls_them(count: int) -> None:
    for n in range(0, 4000, 3):
        day = FIRST + timedelta(days=n)
        start = next(found for found in OPEN if found > day)
        end = start + timedelta(days=count - 1)
        assert after_days(day, count) == next(found for found in OPEN if found >= end), day


@pytest.mark.parametrize("months", [-6, -3, -1, 1, 3, 6])
def test_months_are_moved_as_dateutil_moves_them(months: int) -> None:
    for n in range(4000):
        day = FIRST + timedelta(days=n)
        assert add_months(day, months) == day + relativedelta(months=months), day
