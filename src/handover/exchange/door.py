"""The record as an adapter sees it: one organisation's door and memory, for real or as a rehearsal."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from handover.adapters.kit.contract import Answer, Mark
from handover.domain.decide import decide
from handover.domain.dossier import Dossier
from handover.domain.events import Command, OpenDossier
from handover.domain.parties import Directory
from handover.platform.clock import Clock
from handover.platform.walls import Database
from handover.record import codec
from handover.record.handle import Record, Request
from handover.record.lookups import SsinReplaced
from handover.record.marks import InboundMark, find_dossiers, load_marks, save_marks
from handover.record.reading import Reader
from handover.record.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDoor:
    """Writes through `record.handle`."""

    pool: Database
    record: Record
    reader: Reader
    sealer: Sealer
    clock: Clock

    async def submit(self, command: Command, *, key: str, ssin: str | None = None) -> Answer:
        """Record a command once per key; for one that opens a dossier, once per key and national number."""
        if ssin:
            # By its keyed digest: the same row under another number asks for another dossier.
            key = f"{key}:{self.sealer.digest(ssin).hex()}"
        # The key names the content, so it stands for the whole request.
        request = Request(key=key, fingerprint=hashlib.sha256(key.encode()).digest(), ssin=ssin)
        handled = await self.record.handle(command, request, at=self.clock.now())
        recorded = () if handled.repeated else handled.bodies
        return Answer(handled.dossier, tuple(codec.decode_event(body).type for body in recorded))

    async def dossier(self, dossier_id: UUID) -> Dossier | None:
        """Give a dossier as it stands now."""
        found = await self.reader.dossier(dossier_id)
        return found[0] if found else None

    async def known(self, ssins: Sequence[str]) -> Mapping[str, UUID]:
        """Give the dossiers of those SSINs that have one."""
        digests = {digest: ssin for ssin in ssins for digest in self.sealer.digests(ssin)}
        found = await find_dossiers(self.pool, list(digests))
        return {digests[digest]: dossier_id for digest, dossier_id in found.items()}


class HasRecord(Protocol):
    """What a door is made of; `wiring.Services` has it."""

    @property
    def pool(self) -> Database:
        """Connections."""

    @property
    def record(self) -> Record:
        """The one door to write."""

    @property
    def reader(self) -> Reader:
        """The journal, read."""

    @property
    def sealer(self) -> Sealer:
        """The keys."""

    @property
    def clock(self) -> Clock:
        """What time it is."""


def door_of(services: HasRecord) -> RecordDoor:
    """Give the door of these services."""
    return RecordDoor(
        pool=services.pool,
        record=services.record,
        reader=services.reader,
        sealer=services.sealer,
        clock=services.clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalDoor:
    """Decides as the record would, on dossiers as they stand, and keeps the outcome to itself."""

    real: RecordDoor
    directory: Callable[[], Directory]
    _dossiers: dict[UUID, Dossier] = field(default_factory=dict)
    _by_ssin: dict[str, UUID] = field(default_factory=dict)

    async def submit(self, command: Command, *, key: str, ssin: str | None = None) -> Answer:
        """Say what recording the command would give."""
        del key
        replaced_by = ""
        if ssin and isinstance(command, OpenDossier):
            known, replaced_by = await self._by_number(ssin)
            command = replace(command, dossier_id=known or command.dossier_id)
        before = await self.dossier(command.dossier_id)
        events, after = decide(before, command, self.directory(), at=self.real.clock.now())
        if replaced_by:
            raise SsinReplaced(replaced_by)
        if ssin:
            self._by_ssin[ssin] = command.dossier_id
        self._dossiers[after.dossier_id] = after
        return Answer(after, tuple(event.type for event in events))

    async def _by_number(self, ssin: str) -> tuple[UUID | None, str]:
        """Give the dossier of a number, whoever is in it, as the record would find it; and what replaced the number."""
        if ssin in self._by_ssin:
            return self._by_ssin[ssin], ""
        found = await self.real.reader.find(ssin)
        if found is None:
            return None, ""
        dossier, number = found
        self._dossiers.setdefault(dossier.dossier_id, dossier)
        return dossier.dossier_id, number if number != ssin else ""

    async def dossier(self, dossier_id: UUID) -> Dossier | None:
        """Give a dossier as it would stand."""
        return self._dossiers.get(dossier_id) or await self.real.dossier(dossier_id)

    async def known(self, ssins: Sequence[str]) -> Mapping[str, UUID]:
        """Give the dossiers of those SSINs that have one."""
        return await self.real.known(ssins)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMarks:
    """The memory of one organisation's import, in the database; a rehearsal reads it and keeps nothing."""

    pool: asyncpg.Pool
    clock: Clock
    organisation_id: str
    system: str
    rehearsal: bool = False

    async def load(self) -> Mapping[str, Mark]:
        """Give all marks by their key."""
        return {
            found.key: Mark(
                key=found.key,
                digest=found.digest,
                revision=found.revision,
                dossier_id=found.dossier_id,
                thread_id=found.thread_id,
            )
            for found in await load_marks(self.pool, self.organisation_id, self.system)
        }

    async def write(self, marks: Sequence[Mark]) -> None:
        """Keep these marks, all of them or none."""
        if self.rehearsal:
            return
        kept = [
            InboundMark(
                key=mark.key,
                digest=mark.digest,
                revision=mark.revision,
                dossier_id=mark.dossier_id,
                thread_id=mark.thread_id,
            )
            for mark in marks
        ]
        await save_marks(self.pool, self.organisation_id, self.system, kept, at=self.clock.now())
