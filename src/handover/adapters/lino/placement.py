"""What Lino's records become: per client a dossier to open, and the processes that belong in it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final

from handover.adapters.kit import Reject
from handover.adapters.lino.records import LinoUser, Origin
from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.domain.deadlines import BRUSSELS
from handover.domain.fields import Payload
from handover.domain.kinds.dossier import Opened
from handover.domain.parties import Counsellor

LONGEST_LINE: Final = 200
_PLAUSIBLE_YEARS: Final = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Post:
    """A step to record. `occurred_at` is None where it has no moment of its own in the past."""

    type: str
    data: Payload
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One thread of a dossier as Lino has it now; `key` names it in the memory of the import.

    `first` opens the thread, `again` tells its changed content (None: a dossier cannot change it), `end` is
    there once it is over. A later run compares `content`; None: what Lino says later does not matter.
    `reopens`: when Lino takes the end back, a new thread goes on with it.
    """

    origin: Origin
    key: str
    content: Payload | None
    first: Post
    again: Post | None = None
    end: Post | None = None
    reopens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """With what a client's dossier is opened, or joined when VDAB opened it first."""

    ssin: str = field(repr=False)
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    birth_date: date = field(repr=False)
    target_group: TargetGroup
    capacity: Capacity
    lead: LeadKind | None

    @property
    def opened(self) -> Opened:
        """The identity as the dossier will hold it; the national number is never part of it."""
        return Opened(
            given_name=self.given_name,
            family_name=self.family_name,
            birth_date=self.birth_date,
            target_group=self.target_group,
            lead=self.lead or LeadKind.OCMW,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coach:
    """Who accompanies the client now."""

    origin: Origin
    counsellor_id: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Everything of one client, in the order in which it happened."""

    origin: Origin
    opening: Opening
    coach: Coach | None
    processes: tuple[Process, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import wants to be so, before it looks at what is so already.

    `withdrawn` gives the processes that Lino called off: nothing, unless they were recorded before.
    `origins` are the rows that Lino still has.
    """

    clients_read: int
    placements: tuple[Placement, ...]
    counsellors: tuple[Counsellor, ...]
    rejects: tuple[Reject, ...]
    not_imported: Counter[str]
    withdrawn: Mapping[str, str]
    origins: frozenset[str]


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
            counsellor_id=f"{organisation_id}.{_word(user)}",
            organisation_id=organisation_id,
            name=user.name,
            email=user.email,
        )
        for user in users
    }


def _word(user: LinoUser) -> str:
    """The user name where it can be an identifier as it is; else the key, which two users never share."""
    plain = user.username
    fits = plain.isascii() and plain.isalnum() and plain == plain.lower()
    return plain if fits else f"lino-{user.origin.key}"


def line(text: str) -> str | None:
    """Give a text as one line of at most 200 characters, or None when it is empty."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"{kept[: LONGEST_LINE - 1]}…" if len(kept) > LONGEST_LINE else kept or None
