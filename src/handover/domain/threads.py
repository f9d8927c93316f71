"""What a process is: a kind with one small table of transitions, and a thread as one instance of it.

A row reads: this event leads from these states to that one, this side may post it, these guards must agree, it
names these people, then it is that side's turn until then. Nothing else decides about a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from handover.domain.codes import Purpose
from handover.domain.deadlines import DueRule
from handover.domain.fields import Payload
from handover.domain.parties import Caller, Directory, Party

if TYPE_CHECKING:
    from handover.domain.dossier import Dossier


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
    SIDE = "side"
    """Either side of the thread."""
    LEAD = "lead"
    OCMW = "ocmw"
    """The OCMW that is a side of the thread; any OCMW to open one."""
    VDAB = "vdab"
    """The same for VDAB."""
    ORGANISER = "organiser"
    """The side that gives a training: who is not the OCMW, else the receiver."""
    OCMW_OR_VDAB = "ocmwOrVdab"
    """Any OCMW or VDAB in the dossier, no partner."""
    ANY = "any"
    SYSTEM = "system"


class Turn(StrEnum):
    """Which side must act after an event."""

    SENDER = "sender"
    RECEIVER = "receiver"
    OCMW = "ocmw"
    VDAB = "vdab"
    ORGANISER = "organiser"
    OTHER = "other"
    """The side that did not act; the one that did where there is no other."""
    UNCHANGED = "unchanged"
    NOBODY = "nobody"


UNCHANGED = DueRule("unchanged", lambda _at, _data: None)
NO_DUE = DueRule("", lambda _at, _data: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a guard looks at. `data` is None when a screen asks beforehand what could be posted."""

    dossier: "Dossier"
    thread: "Thread | None"
    caller: Caller
    directory: Directory
    at: datetime
    data: Payload | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that parties and states do not express; `check` raises the refusal. See `guards`."""

    name: str
    check: Callable[[Asked], None]


@dataclass(frozen=True, slots=True)
class Condition:
    """Which of several rows of one event holds, where the dossier or the thread decides about that."""

    name: str
    holds: Callable[["Dossier", "Thread | None"], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of a kind's table."""

    name: str
    payload: type[Payload]
    example: Payload
    starts: tuple[Status, ...] = ()
    """States it may follow; empty: it opens a thread."""
    after: tuple[str, ...] = ()
    """Steps (by their short names) that it may follow; empty: any that leads to `starts`."""
    when: Condition | None = None
    guards: tuple[Guard, ...] = ()
    to: Status
    to_alone: Status | None = None
    """Where it leads instead when nobody is there to answer."""
    by: By
    turn: Turn
    due: DueRule = NO_DUE
    topic: str = ""
    """Which of a kind's processes the row belongs to, where a kind holds several (followUp)."""
    names_sender: str = ""
    names_receiver: str = ""
    """Payload fields that name the counsellor on that side."""
    names_actor: str = ""
    """Payload field that names who of the acting side did it; a counsellor can only name themselves."""
    addresses: str = ""
    """Payload field that names the receiving organisation."""
    invites: str = ""
    """Payload field with further organisations that take part."""
    outcome: str = ""
    """Payload field that holds the outcome or reason code."""
    subject: str = ""
    """Payload field whose code says what the thread is about."""
    route: str = ""
    """Payload field whose code says along which of several roads it goes."""
    moves_due: str = ""
    """Payload field that moves the due moment; where it is not given the thread keeps the one it has."""
    reopens: bool = False
    """The event closes its thread and opens a new one to the same receiver (`retried`)."""
    remark: bool = False
    """Told to all, but the thread stays where it is: state, step, turn and due moment."""
    first_eyes: bool = False
    """Whoever does this is the first of the two pairs of eyes."""
    final: bool = False
    """It changed more than its thread, so it cannot be taken back as a mistake; a further step corrects it."""
    everywhere: bool = False
    """Every thread has it, whatever its topic and state; `posting` and `passing` say what it does."""
    on_dossier: bool = False
    """The event concerns the dossier itself and touches no thread."""
    on_closed: bool = False
    """Possible on a closed dossier, and only there (`reopened`)."""

    @property
    def opens(self) -> bool:
        """Tell whether the row opens a thread."""
        return not self.starts and not self.on_dossier

    def fits(self, dossier: "Dossier", thread: "Thread | None") -> bool:
        """Tell whether the thread (None: a new one) is where this row begins."""
        if self.when and not self.when.holds(dossier, thread):
            return False
        if self.on_dossier:
            return True
        if self.everywhere:
            return thread is not None
        if thread is None or self.opens:
            return thread is None and self.opens
        in_place = self.topic == thread.topic and thread.status in self.starts
        return in_place and (not self.after or thread.stage in self.after)


@dataclass(frozen=True)
class Kind:
    """A process: its name, the plural that CloudEvents types use, and its table."""

    name: str
    plural: str
    table: tuple[Transition, ...]
    restarts: tuple[tuple[Status, DueRule], ...] = ()
    """In these states any step of the receiver in the dossier restarts the period."""
    purpose: Purpose | None = None
    """What a legal basis must allow before such a thread opens or its texts are read."""
    restricted: bool = False
    """Seen by OCMW, VDAB and the thread's participants only, not by other partners."""
    mandate_opens: bool = True
    """A client's mandate opens the confidential fields to the organisation that it names."""

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
    stage: str = ""
    """The short name of the last step that was more than a remark."""
    topic: str = ""
    receiver: Party | None = None
    participants: tuple[Party, ...] = ()
    """Who else takes part, besides the two sides."""
    turn: Party | None = None
    due_at: datetime | None = None
    due_rule: str = ""
    outcome: str = ""
    purpose: str = ""
    """What it is about: the code of the opening step's subject."""
    route: str = ""
    review_on: date | None = None
    starts_on: date | None = None
    """The day that what the thread follows began (work, a contract), as its first step told."""
    assessor: str = ""
    """The counsellor who was the first pair of eyes."""
    about: UUID | None = None
    """Another thread that this one is about (a question)."""
    rung: int = 0
    """How far up the ladder an overdue turn is: 1 the counsellor, 2 the team, 3 both coordinators."""
    escalated: tuple[Party, ...] = ()
    """Whom the ladder told so far."""
    revolving_door: bool = False
    """The client came back within six months (design: followUp)."""

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

    @property
    def parties(self) -> tuple[Party, ...]:
        """Everyone who takes part: the two sides, then further participants."""
        sides = (self.sender, self.receiver) if self.receiver else (self.sender,)
        return (*sides, *self.participants)

    def side_of(self, organisation_id: str) -> Party | None:
        """Give that organisation's side of the thread, or None where it has none."""
        if self.sender.organisation == organisation_id:
            return self.sender
        if self.receiver and self.receiver.organisation == organisation_id:
            return self.receiver
        return None

    def part_of(self, organisation_id: str) -> Party | None:
        """Give that organisation's part in the thread: a side, or a further participant."""
        return next((p for p in self.parties if p.organisation == organisation_id), None)
