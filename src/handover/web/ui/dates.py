"""Moments as people write them, in Brussels time; how long ago, how long still."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from babel.dates import format_date

from handover.domain.deadlines import BRUSSELS, local_day
from handover.web.ui.words import Language, Words

_END_OF_DAY = time(23, 59, 59)


@lru_cache(maxsize=8192)
def _written(day: date, pattern: str, language: Language) -> str:
    """The same days stand on every page, and writing one takes as long as the rest of its line."""
    return format_date(day, pattern, locale=language.locale)


class Dates:
    """Writes dates in one language, seen from `now`."""

    def __init__(self, words: Words, now: datetime) -> None:
        self._t = words
        self.now = now
        self.today = local_day(now)

    def day(self, day: date) -> str:
        """Give "vrijdag 27 november", with the year when it is another one."""
        pattern = "EEEE, d. MMMM" if self._t.language is Language.DE else "EEEE d MMMM"
        return _written(day, pattern if day.year == self.today.year else f"{pattern} y", self._t.language)

    def plain(self, day: date) -> str:
        """Give "1 januari 1980"."""
        return _written(day, "long", self._t.language)

    def short(self, day: date) -> str:
        """Give "7 dec", with the year when it is another one."""
        return _written(day, "d MMM" if day.year == self.today.year else "d MMM y", self._t.language)

    def day_of(self, moment: datetime) -> str:
        """Give the day of a moment."""
        return self.day(local_day(moment))

    def time(self, moment: datetime) -> str:
        """Give "10:32"."""
        return f"{moment.astimezone(BRUSSELS):%H:%M}"

    def moment(self, moment: datetime) -> str:
        """Give "vrijdag 27 november, 10:32"."""
        return f"{self.day_of(moment)}, {self.time(moment)}"

    def near(self, moment: datetime) -> str:
        """Give "vandaag", "morgen", "over 3 dagen", "2 dagen geleden"."""
        days = (local_day(moment) - self.today).days
        word = {0: "due.today", 1: "due.tomorrow", -1: "due.yesterday"}.get(days)
        if word:
            return self._t(word)
        return self._t("due.in_days", n=days) if days > 0 else self._t("due.days_ago", n=-days)

    def age(self, since: datetime) -> str:
        """Give how long something waits: "sinds vandaag", "3 dagen"."""
        days = (self.today - local_day(since)).days
        return self._t.count("due.age", days) if days > 0 else self._t("due.age_today")

    def due(self, due_at: datetime | None) -> str:
        """Give until when, as a phrase."""
        if due_at is None:
            return self._t("due.none")
        late = due_at < self.now
        if is_whole_day(due_at):
            return self._t("due.late_since" if late else "due.by", day=self.day_of(due_at))
        return self._t("due.late_at" if late else "due.at", moment=self.moment(due_at))

    def late(self, due_at: datetime) -> str:
        """Give how much too late: "3 dagen te laat"."""
        days = (self.today - local_day(due_at)).days
        return self._t.count("due.late", days) if days > 0 else self._t("due.late_now")


def is_whole_day(due_at: datetime) -> bool:
    """Tell whether a due moment stands for a day rather than for an hour."""
    return due_at.astimezone(BRUSSELS).time() == _END_OF_DAY


def for_input(moment: datetime) -> str:
    """Give a moment as `<input type="datetime-local">` holds it, on the minute."""
    return moment.astimezone(BRUSSELS).strftime("%Y-%m-%dT%H:%M")


def from_input(text: str) -> datetime:
    """Read what `<input type="datetime-local">` sends, in UTC. Raises ValueError."""
    local = datetime.fromisoformat(text)
    if local.tzinfo is not None or len(text) < len("2026-11-02T09:00"):
        message = "no local moment"
        raise ValueError(message)
    return local.replace(tzinfo=BRUSSELS).astimezone(UTC)


def rounded(moment: datetime) -> datetime:
    """Give the last full five minutes: nobody notes a talk to the second."""
    return moment - timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
