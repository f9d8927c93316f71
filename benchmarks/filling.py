"""Dossiers to measure with: decided by the domain, appended through the journal, as real ones are."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from handover.domain import codes
from handover.domain.decide import decide
from handover.domain.dossier import Dossier
from handover.domain.events import Command, Event, OpenDossier, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import handover as h
from handover.domain.kinds.follow_up_payloads import AppointmentPlanned, Attended, PlanAgreed
from handover.domain.kinds.intake import INTAKE
from handover.domain.parties import Actor, Caller, Directory
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.journal import Entry, Journal, Outcome
from handover.record.sealing import KEY_OF
from handover.wiring import Services

OCMW, VDAB = "ocmw-lindedal", "vdab"
OCMW_COUNSELLOR, VDAB_COUNSELLOR = f"{OCMW}.trajectbegeleider-1", f"{VDAB}.bemiddelaar-1"
PLAN = PlanAgreed(
    title="Actieplan naar werk",
    starts_on=date(2026, 9, 1),
    ends_on=date(2027, 6, 30),
    goals="Nederlands verbeteren, een opleiding magazijn volgen en solliciteren.",
)
_APPOINTMENT = AppointmentPlanned(
    appointment_at=datetime(2026, 12, 4, 10, 0, tzinfo=UTC), subject="Opvolggesprek", where="Werkwinkel"
)
_AT_ONCE = 64
_clock = Clock()
Item = TypeVar("Item")
_ENDS = f"SELECT dossier_id, head, {KEY_OF.format('d')} AS keys FROM dossier d WHERE dossier_id = ANY ($1)"  # noqa: S608


@dataclass(slots=True)
class History:
    """A dossier in the making: what happened to it in memory, and how much of that the journal holds."""

    number: int
    dossier_id: UUID
    directory: Directory
    counsellor: str = OCMW_COUNSELLOR
    state: Dossier | None = None
    head: bytes = codec.GENESIS
    keys: bytes | None = None
    recorded: int = 0
    plan: UUID | None = None
    waiting: list[Event] = field(default_factory=list)

    def step(self, who: str, data: Payload, kind: str, thread_id: UUID | None = None) -> UUID:
        """Let a counsellor post a step; give the thread it belongs to."""
        command = PostEvent(
            command_id=new_id(),
            dossier_id=self.dossier_id,
            caller=self._caller(who),
            type=kind,
            data=data,
            thread_id=thread_id,
        )
        return self._decide(command)[0].thread_id or self.dossier_id

    def open(self, who: str, capacity: codes.Capacity) -> None:
        """Let a counsellor open the dossier, or join it, for a client known as that."""
        self._decide(
            OpenDossier(
                command_id=new_id(),
                dossier_id=self.dossier_id,
                caller=self._caller(who),
                given_name="Voorbeeld",
                family_name="Een",
                birth_date=self._birth_date,
                target_group=codes.TargetGroup.LIVING_WAGE,
                capacity=capacity,
                legal_basis_id="demo-protocol",
            )
        )

    def begin(self) -> None:
        """Both organisations inscribed, an intake, and a running plan."""
        self.open(self.counsellor, codes.Capacity.LIVING_WAGE)
        self.open(VDAB_COUNSELLOR, codes.Capacity.JOB_SEEKER)
        self.step(self.counsellor, INTAKE.table[1].example, "intake.recorded")
        self.plan = self.step(self.counsellor, PLAN, "followUp.planAgreed")

    def refer(self) -> None:
        """Ask VDAB to take over: its turn."""
        example = h.HANDOVER.table[0].example
        assert isinstance(example, h.Requested)
        self.step(self.counsellor, replace(example, contact=self.counsellor), "handover.requested")

    def follow_up(self, length: int) -> None:
        """Go on to `length` events: VDAB plans an appointment and notes it, the OCMW agrees the plan anew."""
        while self.length < length:
            appointment = self.step(VDAB_COUNSELLOR, _APPOINTMENT, "followUp.appointmentPlanned")
            if self.length < length:
                self.step(VDAB_COUNSELLOR, Attended(note="Was op tijd."), "followUp.attended", appointment)
            if self.length < length:
                self.step(self.counsellor, PLAN, "followUp.planAgreed", self.plan)

    @property
    def length(self) -> int:
        """How many events there are."""
        return self.state.version if self.state else 0

    def entry(self) -> Entry:
        """Give what the journal does not hold yet."""
        assert self.state
        return Entry(
            dossier=self.state,
            keys=self.keys,
            events=tuple(self.waiting),
            expected=self.recorded,
            head=self.head,
            organisation=OCMW,
            at=self.waiting[-1].recorded_at,
            ssin=None if self.recorded else _ssin(self.number),
        )

    def written(self, head: bytes, keys: bytes) -> None:
        """Note that the journal holds everything up to here, ending in that link and sealed with those keys."""
        self.head, self.keys = head, keys
        self.recorded, self.waiting = self.length, []

    def _decide(self, command: Command) -> tuple[Event, ...]:
        events, self.state = decide(self.state, command, self.directory, at=_clock.now())
        self.waiting += events
        return events

    def _caller(self, counsellor_id: str) -> Caller:
        counsellor = self.directory.counsellors[counsellor_id]
        return Caller(
            organisation=self.directory.organisations[counsellor.organisation_id],
            actor=Actor(name=counsellor.name, counsellor_id=counsellor_id),
        )

    @property
    def _birth_date(self) -> date:
        return date(1950, 1, 1) + timedelta(days=self.number // 900)


def histories(ready: Services, count: int, *, counsellor: str = OCMW_COUNSELLOR, first: int = 0) -> list[History]:
    """Give new dossiers of an OCMW's counsellor, begun but not recorded; each number is another client."""
    directory = ready.directory_now()
    found = [History(number, new_id(), directory, counsellor) for number in range(first, first + count)]
    for history in found:
        history.begin()
    return found


async def record(ready: Services, found: Iterable[History]) -> None:
    """Append what is new in them, many dossiers to a statement."""
    journal = Journal(ready.pool, ready.pool, ready.sealer)
    for batch in _batches(found, _AT_ONCE):
        answers = await asyncio.gather(*(journal.append(history.entry()) for history in batch))
        assert all(answer.outcome is Outcome.RECORDED for answer in answers)
        ends = {row["dossier_id"]: row for row in await ready.pool.fetch(_ENDS, [h.dossier_id for h in batch])}
        for history in batch:
            end = ends[history.dossier_id]
            history.written(end["head"], end["keys"])


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _ssin(number: int) -> str:
    """A valid national number, another one for each number: 900 of each day of birth."""
    born = date(1950, 1, 1) + timedelta(days=number // 900)
    first = int(born.strftime("%y%m%d")) * 1000 + 1 + number % 900
    return f"{first:09}{97 - first % 97:02}"
