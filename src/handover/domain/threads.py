"""What a process is: a kind with one small table of transitions, and a thread as one instance of it.

A row reads: this event leads from these states to that one, this side may post it, it names these people,
then it is that side's turn until then. Nothing else decides about a thread.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from msgspec import Struct

from handover.domain.deadlines import DueRule
from handover.domain.fields import Payload
from handover.domain.parties import Party


class Status(StrEnum):
    """Where a thread is. FHIR Task codes, plus `closed` for a rejected or failed thread that was dealt with."""

    REQUESTED = "requested"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "inProgress"
    ON_HOLD = "onHold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    ENTERED_IN_ERROR = "enteredInError"


ENDED = frozenset({Status.COMPLETED, Status.CANCELLED, Status.CLOSED, Status.ENTERED_IN_ERROR})
"""No turn any more. `rejected` and `failed` are not among them: a person must still retry or conclude."""
_CONTACTED = frozenset({Status.IN_PROGRESS, Status.ON_HOLD, Status.COMPLETED})
NEEDS_REASON = frozenset({Status.REJECTED, Status.ON_HOLD, Status.CANCELLED, Status.FAILED})


class By(StrEnum):
    """Who may post an event."""

    SENDER = "sender"
    RECEIVER = "receiver"
    LEAD = "lead"
    OCMW = "ocmw"
    VDAB = "vdab"
    ANY = "any"
    SYSTEM = "system"


class Turn(StrEnum):
    """Which side must act after an event."""

    SENDER = "sender"
    RECEIVER = "receiver"
    UNCHANGED = "unchanged"
    NOBODY = "nobody"


UNCHANGED = DueRule("unchanged", lambda _at, _data: None)
NO_DUE = DueRule("", lambda _at, _data: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of a kind's table."""

    name: str
    payload: type[Payload]
    example: Payload
    starts: tuple[Status, ...] = ()
    """States it may follow; empty: it opens a thread."""
    to: Status
    by: By
    turn: Turn
    due: DueRule = NO_DUE
    topic: str = ""
    """Which of a kind's processes the row belongs to, where a kind holds several (followUp)."""
    names_sender: str = ""
    names_receiver: str = ""
    """Payload fields that name the counsellor on that side."""
    addresses: str = ""
    """Payload field that names the receiving organisation."""
    outcome: str = ""
    """Payload field that holds the outcome or reason code."""
    moves_due: str = ""
    """Payload field that moves the due moment; where it is not given the thread keeps the one it has."""
    reopens: bool = False
    """The event closes its thread and opens a new one to the same receiver (`retried`)."""
    on_dossier: bool = False
    """The event concerns the dossier itself and touches no thread."""
    on_closed: bool = False
    """Possible on a closed dossier, and only there (`reopened`)."""

    @property
    def opens(self) -> bool:
        """Tell whether the row opens a thread."""
        return not self.starts and not self.on_dossier


@dataclass(frozen=True)
class Kind:
    """A process: its name, the plural that CloudEvents types use, and its table."""

    name: str
    plural: str
    table: tuple[Transition, ...]
    restarts: tuple[tuple[Status, DueRule], ...] = ()
    """In these states any step of the receiver in the dossier restarts the period."""

    @cached_property
    def rows(self) -> dict[str, tuple[Transition, ...]]:
        """The rows of each event type, by its full name (`handover.requested`)."""
        found: dict[str, tuple[Transition, ...]] = {}
        for row in self.table:
            found[f"{self.name}.{row.name}"] = (*found.get(f"{self.name}.{row.name}", ()), row)
        return found


class Thread(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One process instance as an event left it. `due_at` is in UTC, with the rule it came from."""

    thread_id: UUID
    kind: str
    status: Status
    sender: Party
    opened_at: datetime
    since: datetime
    """When the last step of this thread was recorded."""
    last_type: str
    correlation_id: UUID
    topic: str = ""
    receiver: Party | None = None
    turn: Party | None = None
    due_at: datetime | None = None
    due_rule: str = ""
    outcome: str = ""
    purpose: str = ""
    review_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether a person must still do something."""
        return self.status not in ENDED

    def is_overdue(self, at: datetime) -> bool:
        """Overdue is computed, never a status."""
        return self.is_open and self.due_at is not None and self.due_at < at

    @property
    def responsible(self) -> str:
        """Who answers for the client: the sender until `contacted`, not `accepted` (the warm rule)."""
        if self.receiver is None or self.status not in _CONTACTED:
            return self.sender.organisation
        return self.receiver.organisation

    def side_of(self, organisation_id: str) -> Party | None:
        """Give that organisation's side of the thread, or None where it has none."""
        if self.sender.organisation == organisation_id:
            return self.sender
        if self.receiver and self.receiver.organisation == organisation_id:
            return self.receiver
        return None
