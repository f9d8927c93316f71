"""What every mapping of Lino's records needs: the moment, the users as counsellors, days and one-line texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from handover.adapters.lino.records import LinoUser
from handover.domain.deadlines import BRUSSELS
from handover.domain.parties import Counsellor

LONGEST_LINE: Final = 200
_PLAUSIBLE_YEARS: Final = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Frame:
    """What every mapping needs: the moment of the import, and the users of Lino as counsellors."""

    now: datetime
    counsellors: Mapping[int, Counsellor]

    @property
    def today(self) -> date:
        """The day of the import in Brussels."""
        return self.now.astimezone(BRUSSELS).date()

    def past(self, day: date | None, at: time | None = None) -> datetime | None:
        """Give a local moment in UTC, or None when it is not known or still to come."""
        if day is None or not plausible(day):
            return None
        moment = local(day, at)
        return moment if moment <= self.now else None

    def counsellor_id(self, user: int | None) -> str | None:
        """Give the counsellor that a user of Lino is, where that user still exists."""
        found = self.counsellors.get(user) if user is not None else None
        return found.counsellor_id if found else None


def plausible(day: date | None) -> bool:
    """Tell whether a day, where there is one, is no typing error: no period can be reckoned from those."""
    return day is None or day.year in _PLAUSIBLE_YEARS


def local(day: date, at: time | None = None) -> datetime:
    """Give a moment of Brussels in UTC; without a time of day, the beginning of the day."""
    return datetime.combine(day, at or time(0), tzinfo=BRUSSELS).astimezone(UTC)


def counsellors_of(organisation_id: str, users: tuple[LinoUser, ...]) -> dict[int, Counsellor]:
    """Give the counsellor that each user of Lino is, by the user's key."""
    return {
        user.origin.key: Counsellor(
            counsellor_id=counsellor_id_of(organisation_id, user.username, user.origin.key),
            organisation_id=organisation_id,
            name=user.name,
            email=user.email,
        )
        for user in users
    }


def counsellor_id_of(organisation_id: str, username: str, key: int) -> str:
    """Name a user as a counsellor: by the user name where that fits, else by the key, which two users never share."""
    fits = username.isascii() and username.isalnum() and username == username.lower()
    return f"{organisation_id}.{username if fits else f'lino-{key}'}"


def line(text: str) -> str | None:
    """Give a text as one line of at most 200 characters, or None when it is empty."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"{kept[: LONGEST_LINE - 1]}…" if len(kept) > LONGEST_LINE else kept or None
