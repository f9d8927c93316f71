"""When an answer is due (design: "Deadlines and escalation").

Working days skip weekends and Belgian public holidays. Periods count from the recording moment in
Europe/Brussels; day 1 is the next working day; due at 23:59:59; an end on a non-working day rolls forward.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from msgspec import Struct

BRUSSELS = ZoneInfo("Europe/Brussels")
BY_AGREEMENT = " by agreement"
"""Ends the name of a rule whose number an agreement sets."""
_LAST_SECOND = time(23, 59, 59, tzinfo=BRUSSELS)


@dataclass(frozen=True, slots=True)
class DueRule:
    """A named rule: from the recording moment and what the event says, to the due moment in UTC."""

    name: str
    compute: Callable[[datetime, Struct], datetime | None]
    with_count: Callable[[int], "DueRule"] | None = None
    """The same rule with another number, where it has one that an agreement may set."""
    otherwise: "DueRule | None" = None
    """What holds where the event does not say what this rule needs."""

    def due(self, at: datetime, data: Struct) -> tuple[datetime | None, str]:
        """Give the due moment and the name of the rule that it came from."""
        moment = self.compute(at, data)
        if moment is None and self.otherwise:
            return self.otherwise.due(at, data)
        return moment, self.name

    def agreed(self, count: int | None) -> "DueRule":
        """Give the rule with the number that an agreement sets instead; its name says so."""
        if count is None or self.with_count is None:
            return self
        rule = self.with_count(count)
        return replace(rule, name=rule.name + BY_AGREEMENT, otherwise=self.otherwise)


def working_days(count: int) -> DueRule:
    """Due after `count` working days."""
    name = f"{count} working days"
    return DueRule(name, lambda at, _: end_of(after_working_days(local_day(at), count)), working_days)


def calendar_days(count: int) -> DueRule:
    """Due after `count` days, rolled forward to a working day."""
    return DueRule(f"{count} days", lambda at, _: end_of(after_days(local_day(at), count)), calendar_days)


def on_field(name: str, otherwise: DueRule | None = None) -> DueRule:
    """Due on the day (or moment) that the event's field `name` holds, `otherwise` where it is not given."""

    def compute(at: datetime, data: Struct) -> datetime | None:
        del at
        value = getattr(data, name)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return None if value is None else end_of(roll_forward(value))

    return DueRule(f"on {name}", compute, otherwise=otherwise)


def months_before(name: str, months: int, otherwise: DueRule | None = None) -> DueRule:
    """Due `months` before the day in field `name`, at once when less remains; source: seed 003, art. 60."""

    def compute(at: datetime, data: Struct) -> datetime | None:
        day = getattr(data, name)
        if day is None:
            return None
        return end_of(roll_forward(max(local_day(at), add_months(day, -months))))

    return DueRule(
        f"{months} months before {name}", compute, lambda count: months_before(name, count, otherwise), otherwise
    )


def months_after(name: str, months: int) -> DueRule:
    """Due `months` after the day in field `name`, rolled forward to a working day."""
    return DueRule(
        f"{months} months after {name}",
        lambda _, data: end_of(roll_forward(add_months(getattr(data, name), months))),
    )


@lru_cache(maxsize=256)
def local_day(at: datetime) -> date:
    """Give the calendar day of a moment in Brussels."""
    return at.astimezone(BRUSSELS).date()


@lru_cache(maxsize=4096)
def end_of(day: date) -> datetime:
    """Give the last second of a Brussels day, in UTC."""
    return datetime.combine(day, _LAST_SECOND).astimezone(UTC)


@lru_cache(maxsize=4096)
def after_working_days(day: date, count: int) -> date:
    """Give the working day that is `count` working days after `day`."""
    for _ in range(count):
        day = roll_forward(day + timedelta(days=1))
    return day


@lru_cache(maxsize=4096)
def after_days(day: date, count: int) -> date:
    """Give the end of a period of `count` days whose first day is the next working day."""
    return roll_forward(after_working_days(day, 1) + timedelta(days=count - 1))


def roll_forward(day: date) -> date:
    """Give `day` itself when it is a working day, else the next one."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """Tell whether offices are open: no weekend, no Belgian public holiday."""
    saturday = 5
    return day.weekday() < saturday and day not in _holidays(day.year)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("BE", years=year))


def add_months(day: date, months: int) -> date:
    """Move a day by whole months; the 31st becomes the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (following - first).days) - 1)
