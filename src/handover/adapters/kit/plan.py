"""What the records of an outside system become: per client a dossier to open, and the processes that belong in it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from handover.adapters.kit.contract import Reject
from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.domain.fields import Payload
from handover.domain.kinds.dossier import Opened
from handover.domain.parties import Counsellor


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from: a table (of Lino `app/Table`) and the key of the row in it."""

    table: str
    key: int


def key_of(origin: Origin) -> str:
    """Name a row of the outside system in the memory of the import."""
    return f"{origin.table}/{origin.key}"


@dataclass(frozen=True, slots=True)
class Post:
    """A step to record. `occurred_at` is None where it has no moment of its own in the past."""

    type: str
    data: Payload
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One thread of a dossier as the outside system has it now; `key` names it in the memory of the import.

    `first` opens the thread, `again` tells its changed content (None: a dossier cannot change it), `end` is
    there once it is over. A later run compares `content`; None: what is said there later does not matter.
    `reopens`: when the end is taken back there, a new thread goes on with it.
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
    lead_name: str = field(default="", repr=False)

    @property
    def opened(self) -> Opened:
        """The identity as the dossier will hold it; the national number is never part of it."""
        return Opened(
            given_name=self.given_name,
            family_name=self.family_name,
            birth_date=self.birth_date,
            target_group=self.target_group,
            lead=self.lead or LeadKind.OCMW,
            lead_name=self.lead_name or None,
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

    `withdrawn` gives the processes that were called off there: nothing, unless they were recorded before.
    `origins` are the rows that are still there.
    """

    clients_read: int
    placements: tuple[Placement, ...]
    counsellors: tuple[Counsellor, ...]
    rejects: tuple[Reject, ...]
    not_imported: Counter[str]
    withdrawn: Mapping[str, str]
    origins: frozenset[str]
