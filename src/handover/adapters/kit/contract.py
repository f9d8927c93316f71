"""What the inbound side of an adapter and the record say to each other; neither knows how the other works."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from handover.domain.dossier import Dossier
from handover.domain.events import Command
from handover.domain.fields import Payload

UNCERTAIN: Final = ""
"""Digest of a mark whose content was being recorded when the import was last seen."""


@dataclass(frozen=True, slots=True)
class System:
    """An outside system: its `name` is an identifier that stays, `label` is what people call it.

    `in_record`: what was imported from it is not remembered beside the record but read from it, because what is
    brought in is never all that there is, and who brings it in sees no more of the database than their organisation.
    """

    name: str
    label: str
    in_record: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The dossier after a command, and the event types that were recorded (none: it was so already)."""

    dossier: Dossier
    recorded: tuple[str, ...]


class Door(Protocol):
    """The way into the record, in the name of one organisation."""

    async def submit(self, command: Command, *, key: str, ssin: str | None = None) -> Answer:
        """Record a command, once per `key`: the second time it gives the dossier and records nothing.

        `ssin` (11 digits) only to open a dossier. Raises a domain Refusal when it is not to be.
        """
        ...

    async def dossier(self, dossier_id: UUID) -> Dossier | None:
        """Give a dossier as it stands now."""
        ...

    async def known(self, ssins: Sequence[str]) -> Mapping[str, UUID]:
        """Give the dossiers of those SSINs that have one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What was last recorded for one thing of the outside system, found by its `key` there.

    `digest` is that of the mapped content (see `digest_of`), `revision` counts its changes from 1.
    """

    key: str
    digest: str
    revision: int
    dossier_id: UUID
    thread_id: UUID | None = None


class Marks(Protocol):
    """The memory of one organisation's import from one outside system."""

    async def load(self) -> Mapping[str, Mark]:
        """Give all marks by their key."""
        ...

    async def write(self, marks: Sequence[Mark]) -> None:
        """Keep these marks, all of them or none."""
        ...


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that could not be read or placed, and why, in words without personal values.

    `source` and `key` say where it is in the outside system. `code` and `column` say the same as `reason` to who tells
    it in another language: a word for why, and for which field.
    """

    source: str
    key: int
    reason: str
    code: str = field(default="", compare=False)
    column: str = field(default="", compare=False)


@dataclass(slots=True)
class Report:
    """What an import did. `known` counts dossiers that this import opened or joined in an earlier run."""

    clients: int = 0
    opened: int = 0
    joined: int = 0
    known: int = 0
    unchanged: int = 0
    events: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    not_imported: Counter[str] = field(default_factory=Counter)
    steps: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    """Row by row (source, key) the event types that were recorded for it; what is not here and not rejected was so."""
    dossiers: dict[tuple[str, int], UUID] = field(default_factory=dict)
    """The dossier of each client's row."""

    @property
    def recorded(self) -> int:
        """The number of events recorded."""
        return self.events.total()

    def rejects_by_reason(self) -> dict[str, dict[str, list[int]]]:
        """Group the rejects: reason, then source, then keys; most frequent reason first."""
        found: dict[str, dict[str, list[int]]] = {}
        for reason, _ in Counter(reject.reason for reject in self.rejects).most_common():
            for reject in self.rejects:
                if reject.reason == reason:
                    found.setdefault(reason, {}).setdefault(reject.source, []).append(reject.key)
        return found


def digest_of(data: Struct) -> str:
    """Give the fingerprint by which a later run knows that content is the same."""
    return hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:32]


def unfit_fields(data: Payload) -> Iterable[str]:
    """Give a field that does not keep to its limits (length, form), by its name on the wire, or nothing.

    A payload that is built here and not read from a request has not been checked by anyone.
    """
    try:
        msgspec.json.decode(msgspec.json.encode(data), type=type(data))
    except msgspec.ValidationError as error:
        # Only the place is kept: the rest of the sentence may repeat a value.
        yield str(error).rpartition("`$.")[2].rstrip("`") or "data"
    except UnicodeEncodeError:
        yield "data"
