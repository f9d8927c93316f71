"""The memory of an import that is the record itself: what was brought in before is read from the dossiers' own steps.

For a system whose rows never all come at once, such as a file that somebody brings in from a screen. There is no list
beside the record that could say something else than it, and reading takes no more rights than the organisation has.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from handover.adapters.kit.contract import UNCERTAIN, Door, Mark, System, digest_of
from handover.adapters.kit.placing import END
from handover.adapters.kit.plan import Placement, Plan, Process, key_of
from handover.adapters.kit.recording import thread_name
from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.fields import Payload
from handover.domain.identity import same_name
from handover.domain.kinds.dossier import CounsellorAssigned, CounsellorReplaced
from handover.record import codec
from handover.record.reading import Reader

_AT_ONCE: Final = 4
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMarks:
    """Gives the marks that one organisation's import of a plan would have left; keeps none."""

    reader: Reader
    door: Door
    organisation_id: str
    system: System
    plan: Plan

    async def load(self) -> Mapping[str, Mark]:
        """Give the marks of what the plan speaks of, by their key."""
        known = await self.door.known([placement.opening.ssin for placement in self.plan.placements])
        room, found = asyncio.Semaphore(_AT_ONCE), dict[str, Mark]()

        async def look(placement: Placement, dossier_id: UUID) -> None:
            async with room:
                found.update((mark.key, mark) for mark in await self._of(placement, dossier_id))

        async with asyncio.TaskGroup() as looking:
            for placement in self.plan.placements:
                if dossier_id := known.get(placement.opening.ssin):
                    looking.create_task(look(placement, dossier_id))
        return found

    async def write(self, marks: Sequence[Mark]) -> None:
        """Do nothing: what was recorded tells itself."""

    async def _of(self, placement: Placement, dossier_id: UUID) -> list[Mark]:
        dossier, bodies = None, list[bytes]()
        while page := await self.reader.timeline(dossier_id, after=len(bodies), limit=_PAGE):
            dossier = page.dossier
            bodies += page.bodies
            if len(page.bodies) < _PAGE:
                break
        if dossier is None or all(i.organisation != self.organisation_id for i in dossier.inscriptions):
            return []
        return list(self._marks(placement, dossier, [codec.decode_event(body) for body in bodies]))

    def _marks(self, placement: Placement, dossier: Dossier, events: Sequence[Event]) -> Iterator[Mark]:
        own = [e for e in events if e.organisation == self.organisation_id and e.actor.application == self.system.name]
        key = key_of(placement.origin)
        opening = placement.opening
        is_same = (
            same_name(dossier.given_name, opening.given_name)
            and same_name(dossier.family_name, opening.family_name)
            and dossier.birth_date == opening.birth_date
        )
        # Somebody else under that number is told each time; the target group is the dossier's from when it is open.
        digest = digest_of(opening.opened) if is_same else UNCERTAIN
        yield Mark(key=key, digest=digest, revision=1, dossier_id=dossier.dossier_id)
        named = [e.data for e in own if isinstance(e.data, CounsellorAssigned | CounsellorReplaced)]
        if named:
            last = CounsellorAssigned(counsellor=named[-1].counsellor)
            yield Mark(
                key=f"{key}/counsellor", digest=digest_of(last), revision=len(named), dossier_id=dossier.dossier_id
            )
        by_thread = defaultdict[UUID, list[Event]](list)
        for event in own:
            if event.thread_id:
                by_thread[event.thread_id].append(event)
        for process in placement.processes:
            yield from self._of_process(process, dossier, by_thread)

    def _of_process(self, process: Process, dossier: Dossier, by_thread: Mapping[UUID, list[Event]]) -> Iterator[Mark]:
        """Give the marks of a process: of its latest thread, where it was ended and began anew."""
        threads: list[UUID] = []
        while (name := self._thread(process, dossier.dossier_id, len(threads))) in dossier.threads:
            threads.append(name)
        if not threads:
            return
        says = {process.first.type, *([process.again.type] if process.again else [])}
        told = {thread: [e for e in by_thread.get(thread, ()) if e.type in says] for thread in threads}
        ends = {thread: [e for e in by_thread.get(thread, ()) if e.type not in says] for thread in threads}
        last = threads[-1]
        if told[last]:
            yield Mark(
                key=process.key,
                digest=_digest(process.content, told[last][-1].data),
                revision=sum(map(len, told.values())),
                dossier_id=dossier.dossier_id,
                thread_id=last,
            )
        if any(ends.values()):
            yield Mark(
                key=f"{process.key}{END}",
                digest=digest_of(ends[last][-1].data) if ends[last] else UNCERTAIN,
                revision=sum(map(len, ends.values())),
                dossier_id=dossier.dossier_id,
                thread_id=last,
            )

    def _thread(self, process: Process, dossier_id: UUID, number: int) -> UUID:
        return thread_name(self.organisation_id, self.system, dossier_id, process.key, number)


def _digest(content: Payload | None, recorded: Payload) -> str:
    """Give the fingerprint of what was recorded last, in the terms in which a later reading compares it."""
    if content is None:
        return "once"
    kind = type(content)
    shared = {name: getattr(recorded, name) for name in kind.__struct_fields__ if hasattr(recorded, name)}
    return digest_of(kind(**shared))
