"""One run of a plan into the record: the organisation's counsellors first, then its clients."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from handover.adapters.kit.contract import Marks, Report, System
from handover.adapters.kit.importer import Importer
from handover.adapters.kit.plan import Plan
from handover.domain.parties import Actor, Counsellor, Directory, Organisation
from handover.exchange.door import HasRecord, KeptMarks, RecordDoor, RehearsalDoor, door_of
from handover.exchange.recorded import RecordedMarks
from handover.platform.clock import Clock
from handover.platform.walls import Database
from handover.record.directory import DIRECTORY, save_counsellor


class HasDirectory(HasRecord, Protocol):
    """What bringing is made of; `wiring.Services` has it."""

    def directory_now(self) -> Directory:
        """Give the directory as last read."""

    async def refresh_directory(self) -> None:
        """Read it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """Brings plans about in the name of organisations."""

    pool: Database
    door: RecordDoor
    directory: Callable[[], Directory]
    refresh: Callable[[], Awaitable[None]]
    """Reads the directory again, which `directory` gives from then on."""
    clock: Clock
    at_once: int = 8
    """How many clients are placed together."""

    async def run(
        self,
        plan: Plan,
        system: System,
        organisation: Organisation,
        legal_basis_id: str,
        *,
        rehearsal: bool = False,
        placed: Callable[[], None] = lambda: None,
        actor: Actor | None = None,
    ) -> Report:
        """Bring the dossiers up to a plan, and give what was done (or, as a rehearsal, what would be).

        `actor`: in whose name, where not in the system's. Raises what the record raises; what was recorded stays then,
        and the next run goes on from there.
        """
        before = self.directory()
        directory = with_counsellors(before, plan)
        if not rehearsal:
            await self._keep(before, directory)
        importer = Importer(
            system=system,
            organisation=organisation,
            legal_basis_id=legal_basis_id,
            door=RehearsalDoor(real=self.door, directory=lambda: directory) if rehearsal else self.door,
            marks=self._memory(plan, system, organisation, rehearsal=rehearsal),
            actor=actor,
            at_once=self.at_once,
        )
        return await importer.run(plan, placed=placed)

    def _memory(self, plan: Plan, system: System, organisation: Organisation, *, rehearsal: bool) -> Marks:
        if system.in_record:
            return RecordedMarks(
                reader=self.door.reader,
                door=self.door,
                organisation_id=organisation.organisation_id,
                system=system,
                plan=plan,
            )
        return KeptMarks(
            pool=self.pool,
            clock=self.clock,
            organisation_id=organisation.organisation_id,
            system=system.name,
            rehearsal=rehearsal,
        )

    async def _keep(self, before: Directory, after: Directory) -> None:
        changed = [one for name, one in after.counsellors.items() if before.counsellors.get(name) != one]
        for counsellor in changed:
            await save_counsellor(self.pool, counsellor)
        if changed:
            await self.pool.execute(f"NOTIFY {DIRECTORY}")
            await self.refresh()


def with_counsellors(directory: Directory, plan: Plan) -> Directory:
    """Give the directory with the plan's counsellors; what handover knows besides (team, phone) stays."""
    merged: dict[str, Counsellor] = dict(directory.counsellors)
    for found in plan.counsellors:
        known = merged.get(found.counsellor_id)
        merged[found.counsellor_id] = (
            replace(known, name=found.name, email=known.email or found.email) if known else found
        )
    return replace(directory, counsellors=merged)


def bringing_of(services: HasDirectory, *, at_once: int = 8) -> Bringing:
    """Give what brings plans about with these services."""
    return Bringing(
        pool=services.pool,
        door=door_of(services),
        directory=services.directory_now,
        refresh=services.refresh_directory,
        clock=services.clock,
        at_once=at_once,
    )
