"""The records of Lino as this adapter understands them. No `repr` shows a name, number, address or text."""

from dataclasses import dataclass, field
from datetime import date, time
from enum import Enum

from handover.adapters.kit.plan import Origin
from handover.adapters.lino.cells import Ref


class ClientState(Enum):
    """`clients.ClientStates` of Lino."""

    NEWCOMER = "10"
    REFUSED = "20"
    COACHED = "30"
    FORMER = "50"


class EntryState(Enum):
    """`cal.EntryStates`: how far a calendar entry is. Lino suggests by itself; only a person publishes."""

    SUGGESTED = "10"
    DRAFT = "20"
    PUBLISHED = "40"
    TOOK_PLACE = "50"
    CANCELLED = "70"


class GuestState(Enum):
    """`cal.GuestStates`, those of the reception desk included: whether a guest came."""

    INVITED = "10"
    ACCEPTED = "20"
    REJECTED = "30"
    PRESENT = "40"
    WAITING = "44"
    BUSY = "45"
    GONE = "46"
    MISSING = "50"
    EXCUSED = "60"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinoUser:
    """Someone who works with this Lino; `username` is what they sign in with."""

    origin: Origin
    username: str
    name: str = field(repr=False)
    email: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinoClientRow:
    """A client file. `birth_date` and `national_id` (11 digits) are None when absent or unreadable."""

    origin: Origin
    client_id: int
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    national_id: str | None = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    mobile: str = field(repr=False)
    language: str
    """ISO 639-1 code, empty when unknown."""
    state: ClientState
    archived: bool
    """Hidden in Lino's lists: the file is no longer worked in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coaching:
    """Who accompanies a client, for which service, in which period."""

    origin: Origin
    client_id: int
    coach: Ref | None
    service: Ref | None
    since: date | None
    until: date | None
    primary: bool
    ending: Ref | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the three kinds of contract share. Lino sets `ended` to `until` until someone ends it earlier."""

    origin: Origin
    client_id: int
    since: date | None
    until: date | None
    ended: date | None
    kind: Ref | None
    user: Ref | None
    decided: date | None
    ending: Ref | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IsipContract(Contract):
    """An individualised project for social integration (GPMI)."""

    study: Ref | None
    evaluated: Ref | None
    """How often it is evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Art60Contract(Contract):
    """Employment by the OCMW itself (article 60 §7), at an employer. `days` is its length as Lino has it."""

    employer: Ref | None
    function: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Art61Contract(Contract):
    """Employment by another employer, supported by the OCMW (article 61)."""

    employer: Ref | None
    function: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granting:
    """Aid granted to a client, such as the living wage."""

    origin: Origin
    client_id: int
    aid: Ref | None
    since: date | None
    until: date | None
    decided: date | None
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A calendar entry. `client_id` is None for the many that are about no client; the time is local."""

    origin: Origin
    client_id: int | None
    day: date | None
    at: time | None
    summary: str = field(repr=False)
    kind: Ref | None
    user: Ref | None
    state: EntryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Someone invited to a calendar entry; a client is invited under the key of the client file."""

    origin: Origin
    entry_id: int
    partner_id: int | None
    state: GuestState
