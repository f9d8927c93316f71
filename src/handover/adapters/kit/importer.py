"""Brings the dossiers of one organisation up to what an outside system says; what is so already is left alone.

Repeatable by three means. A mark per thing of it says what was last recorded, so that a second run submits
nothing. The idempotency key holds the content and its revision, so that a run that stopped between record and
mark records nothing twice, while content that went from A to B and back gives a step each time. A thread's id
comes from the row it stands for, so that a step finds its thread even without a mark.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from handover.adapters.kit.contract import Door, Mark, Marks, Reject, Report, System
from handover.adapters.kit.placing import END, place
from handover.adapters.kit.plan import Placement, Plan
from handover.adapters.kit.recording import Run
from handover.domain.parties import Actor, Caller, Organisation

_KEY: Final = re.compile(r"(?P<table>.+?)/(?P<number>[0-9]+)(?:/(?P<rest>.+))?")
_GONE: Final = "it was recorded, but {} no longer has it: end it in the dossier where that is right"
_CALLED_OFF: Final = "it was recorded as planned; now it is an {}: note that in the dossier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Runs plans into the record of `organisation`, in its name, as the application of that system."""

    system: System
    organisation: Organisation
    legal_basis_id: str
    door: Door
    marks: Marks
    actor: Actor | None = None
    """In whose name it is recorded; None: the system's."""
    at_once: int = 8
    """How many clients are placed together: the record commits together what comes together."""

    async def run(self, plan: Plan, *, placed: Callable[[], None] = lambda: None) -> Report:
        """Bring about what the plan says, calling `placed` after each client.

        A refusal of the domain is a reject in the report. Raises what the door raises besides; then what was
        recorded stays, and the next run goes on from there.
        """
        report = Report(clients=plan.clients_read, rejects=list(plan.rejects), not_imported=plan.not_imported.copy())
        marks = await self.marks.load()
        report.rejects += _left_behind(plan, marks, self.system.label)
        run = Run(
            system=self.system,
            caller=Caller(
                organisation=self.organisation,
                actor=self.actor or Actor(name=self.system.label, application=self.system.name),
            ),
            legal_basis_id=self.legal_basis_id,
            door=self.door,
            store=self.marks,
            marks=marks,
            known=await self.door.known([placement.opening.ssin for placement in plan.placements]),
            report=report,
        )

        async def one(placement: Placement) -> None:
            await place(run, placement)
            placed()

        await _each(plan.placements, one, self.at_once)
        report.rejects.sort(key=lambda reject: (reject.source, reject.key))
        return report


async def _each(placements: Iterable[Placement], work: Callable[[Placement], Awaitable[None]], at_once: int) -> None:
    """Do a few clients at once. Raises the first error."""
    waiting = iter(placements)

    async def worker() -> None:
        for placement in waiting:
            await work(placement)

    workers = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _taken_apart(key: str) -> tuple[str, str, str]:
    """Give a mark's table, however many parts its name has, the number of its row, and what follows."""
    found = _KEY.fullmatch(key)
    if found is None:
        message = "a mark's key is a table, a number and perhaps a part, with slashes between"
        raise ValueError(message)
    return found["table"], found["number"], found["rest"] or ""


def _left_behind(plan: Plan, marks: Mapping[str, Mark], label: str) -> Iterator[Reject]:
    """What was recorded once and is no longer wanted: someone must look, nothing is undone by itself."""
    wanted = {process.key for placement in plan.placements for process in placement.processes}
    rejected = {f"{reject.source}/{reject.key}" for reject in plan.rejects}
    for key in marks:
        table, number, rest = _taken_apart(key)
        origin = f"{table}/{number}"
        ending = marks.get(f"{key}{END}")
        is_part = bool(rest) and not rest.rpartition("/")[2].isdecimal()
        if is_part or key in wanted or origin in rejected or (ending and ending.digest):
            continue
        if key in plan.withdrawn:
            yield Reject(table, int(number), _CALLED_OFF.format(plan.withdrawn[key]))
        elif origin not in plan.origins:
            yield Reject(table, int(number), _GONE.format(label))
