"""The one door to write: load, decide, append; decide again when the dossier moved on meanwhile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from handover.domain.decide import Decision, decide, needs_history
from handover.domain.dossier import Dossier
from handover.domain.events import CloseUnused, Command, Erase, Event, Merge, OpenDossier, ReplaceSsin
from handover.domain.merging import merge
from handover.domain.parties import Directory
from handover.domain.refusals import Refusal, StaleVersion, Unseen
from handover.platform.ids import new_id
from handover.platform.walls import Database
from handover.record import codec
from handover.record.journal import Appended, Ask, Entry, Journal, Loaded, Outcome, Used
from handover.record.lookups import Lookups, SsinReplaced
from handover.record.sealing import KEY_OF, Sealer

_TRIES = 60
"""A dossier with fifty writers at once still gives everyone their turn; beyond that something is wrong."""


class KeyReused(Refusal):
    """This Idempotency-Key was used for another request. Send a new key with a new request."""

    name = "idempotencyKeyReused"
    title = "Idempotency-Key was used for something else"


class Contended(Refusal):
    """Too many others write to this dossier at the same moment. Try again, with the same Idempotency-Key."""

    name = "contended"
    title = "Too many writers at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller asked for beside the command. `fingerprint` is a hash of the whole request."""

    key: str | None = None
    fingerprint: bytes = b""
    if_match: int | None = None
    ssin: str | None = None
    """To open a dossier: its number. To replace a number: the new one."""
    check: Callable[[Dossier | None], Awaitable[None]] | None = None
    """Asked with each dossier as it is loaded, before anything is decided or told; refuses by raising."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What was recorded: the events' bytes in order (none when all was so already) and the dossier."""

    dossier: Dossier
    bodies: tuple[bytes, ...]
    repeated: bool = False
    """The same request was handled before; this is what was recorded then."""

    @property
    def opened(self) -> bool:
        """Tell whether the dossier did not exist before."""
        return bool(self.bodies) and codec.decode_event(self.bodies[0]).sequence == 1


class Record:
    """The write side. `wake` is called after each commit, so that delivery and inbox look at once."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        reads: Database,
        sealer: Sealer,
        directory: Callable[[], Directory],
        wake: Callable[[], None],
    ) -> None:
        self._reads = reads
        self._journal = Journal(pool, reads, sealer)
        self._sealer = sealer
        self._lookups = Lookups(reads, sealer)
        self._directory = directory
        self._wake = wake

    async def handle(self, command: Command, request: Request, *, at: datetime) -> Handled:
        """Record what the command leads to.

        Raises a Refusal when it is not to be, asyncpg's errors when the database fails; then nothing was
        recorded, or (connection lost during commit) the same Idempotency-Key tells.
        """
        organisation = command.caller.organisation.organisation_id
        for _ in range(_TRIES):
            known = None
            if request.ssin and isinstance(command, OpenDossier):
                known = await self._lookups.find(request.ssin)
                command = replace(command, dossier_id=known.dossier_id) if known else command
            loaded = await self._load(Ask(command.dossier_id, organisation, request.key), request)
            if loaded.used:
                return await self._repeated(loaded.used, request)
            dossier = loaded.dossier
            if request.if_match is not None and (dossier is None or dossier.version != request.if_match):
                raise StaleVersion
            history = await self._history(command, dossier)
            events, after = decide(dossier, command, self._directory(), at=at, history=history)
            if known and known.replaced:
                # Only whoever knows the client by name and birth date came this far.
                raise SsinReplaced(known.number)
            if not events and (request.key is None or dossier is None):
                return Handled(after, ())
            appended = await self._append(
                command, self._entry(loaded, (events, after), request, organisation, at), request
            )
            if appended.outcome is Outcome.RECORDED:
                if appended.bodies:
                    self._wake()
                return Handled(after, appended.bodies)
            if appended.used:
                return await self._repeated(appended.used, request)
        raise Contended

    async def repeated(self, organisation: str, request: Request) -> Handled | None:
        """Give what was recorded for this request before, or None. Raises KeyReused, and asyncpg's errors."""
        loaded = await self._journal.load(Ask(new_id(), organisation, request.key))
        return await self._repeated(loaded.used, request) if loaded.used else None

    async def merge(self, command: Merge, request: Request, *, at: datetime) -> Handled:
        """Merge two dossiers of one client: both are changed, or none. Gives the one that goes on.

        Raises as `handle` does.
        """
        organisation = command.caller.organisation.organisation_id
        for _ in range(_TRIES):
            merged = await self._load(Ask(command.dossier_id, organisation, request.key), request)
            survivor = await self._load(Ask(command.into, organisation, None), request)
            if merged.used:
                return await self._repeated(merged.used, request)
            if request.if_match is not None and (merged.dossier is None or merged.dossier.version != request.if_match):
                raise StaleVersion
            closed, taken_in = merge(merged.dossier, survivor.dossier, command, at=at)
            entries = (
                self._entry(survivor, taken_in, request, organisation, at),
                self._entry(merged, closed, Request(), organisation, at),
            )

            async def beside(connection: asyncpg.Connection) -> None:
                await self._lookups.lead_on(connection, command.dossier_id, command.into)

            appended, other = await self._journal.append_together(entries, beside)
            if appended.outcome is other.outcome is Outcome.RECORDED:
                self._wake()
                return Handled(taken_in[1], appended.bodies)
            if appended.used:
                return await self._repeated(appended.used, request)
        raise Contended

    async def handle_beside(
        self,
        command: Erase | CloseUnused,
        request: Request,
        decide_it: Callable[..., Decision],
        beside: Callable[[asyncpg.Connection, UUID, int], Awaitable[None]],
        *,
        at: datetime,
    ) -> Handled:
        """Record what `decide_it` says, and change what is `beside` it in the same transaction, or neither.

        `beside` gets the dossier and the sequence of the last event. Raises as `handle` does.
        """
        organisation = command.caller.organisation.organisation_id
        for _ in range(_TRIES):
            loaded = await self._journal.load(Ask(command.dossier_id, organisation, request.key))
            events, after = decide_it(loaded.dossier, command, at=at)
            if not events:
                return Handled(after, ())

            async def change(
                connection: asyncpg.Connection, dossier_id: UUID = after.dossier_id, version: int = after.version
            ) -> None:
                await beside(connection, dossier_id, version)

            entry = self._entry(loaded, (events, after), request, organisation, at)
            (appended,) = await self._journal.append_together((entry,), change)
            if appended.outcome is Outcome.RECORDED:
                self._wake()
                return Handled(after, appended.bodies)
        raise Contended

    async def _load(self, ask: Ask, request: Request) -> Loaded:
        loaded = await self._journal.load(ask)
        if request.check is not None:
            await request.check(loaded.dossier)
        return loaded

    async def _history(self, command: Command, dossier: Dossier | None) -> tuple[Event, ...]:
        if dossier is None or not needs_history(command):
            return ()
        return await self._journal.history(dossier.dossier_id, dossier.version)

    def _entry(self, loaded: Loaded, decision: Decision, request: Request, organisation: str, at: datetime) -> Entry:
        events, after = decision
        opens = loaded.dossier is None
        return Entry(
            dossier=after,
            keys=loaded.keys,
            events=events,
            expected=loaded.dossier.version if loaded.dossier else 0,
            head=loaded.head,
            organisation=organisation,
            at=at,
            key=request.key,
            fingerprint=request.fingerprint,
            ssin=request.ssin if opens else None,
        )

    async def _append(self, command: Command, entry: Entry, request: Request) -> Appended:
        if not isinstance(command, ReplaceSsin):
            return await self._journal.append(entry)
        number = request.ssin
        if number is None:
            message = "a national number is replaced by another: give it in the request"
            raise ValueError(message)

        async def beside(connection: asyncpg.Connection) -> None:
            await self._lookups.replace(connection, command.dossier_id, number)

        (appended,) = await self._journal.append_together((entry,), beside)
        return appended

    async def _repeated(self, used: Used, request: Request) -> Handled:
        if used.fingerprint != request.fingerprint:
            raise KeyReused
        row = await self._reads.fetchrow(
            f"""
            SELECT d.state, {KEY_OF.format("d")} AS keys, ARRAY(
                SELECT e.body FROM event e
                WHERE e.dossier_id = d.dossier_id AND e.sequence BETWEEN $2 AND $3 ORDER BY e.sequence
            ) AS bodies
            FROM dossier d WHERE d.dossier_id = $1
            """,  # noqa: S608 - a constant
            used.dossier_id,
            used.first_sequence,
            used.last_sequence,
        )
        key = self._sealer.dossier(used.dossier_id, row["keys"])
        state = codec.open_state(key, row["state"])
        if state.erased:
            raise Unseen
        return Handled(state, codec.open_events(key, row["bodies"], first=used.first_sequence), repeated=True)
