"""The one door to write: load, decide, append; decide again when the dossier moved on meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from handover.domain.decide import decide
from handover.domain.dossier import Dossier
from handover.domain.events import Command, OpenDossier
from handover.domain.parties import Directory
from handover.domain.refusals import Refusal, StaleVersion
from handover.record import codec
from handover.record.journal import Ask, Entry, Journal, Outcome, Used
from handover.record.sealing import Sealer

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
    """Only to open a dossier."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What was recorded: stored event bodies in order (none when all was so already) and the dossier."""

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
        self, pool: asyncpg.Pool, sealer: Sealer, directory: Callable[[], Directory], wake: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._journal = Journal(pool)
        self._sealer = sealer
        self._directory = directory
        self._wake = wake

    async def handle(self, command: Command, request: Request, *, at: datetime) -> Handled:
        """Record what the command leads to.

        Raises a Refusal when it is not to be, asyncpg's errors when the database fails; then nothing was
        recorded, or (connection lost during commit) the same Idempotency-Key tells.
        """
        organisation = command.caller.organisation.organisation_id
        digest = self._sealer.digest(request.ssin) if request.ssin else None
        for _ in range(_TRIES):
            if digest and isinstance(command, OpenDossier):
                command = await self._addressed(command, digest)
            loaded = await self._journal.load(Ask(command.dossier_id, organisation, request.key))
            if loaded.used:
                return await self._repeated(loaded.used, request)
            dossier = loaded.dossier
            if request.if_match is not None and (dossier is None or dossier.version != request.if_match):
                raise StaleVersion
            events, after = decide(dossier, command, self._directory(), at=at)
            if not events and (request.key is None or dossier is None):
                return Handled(after, ())
            entry = Entry(
                dossier=after,
                events=events,
                expected=dossier.version if dossier else 0,
                head=loaded.head,
                organisation=organisation,
                at=at,
                key=request.key,
                fingerprint=request.fingerprint,
                digest=None if dossier else digest,
                ssin_sealed=self._sealed(command.dossier_id, request.ssin) if dossier is None else None,
            )
            appended = await self._journal.append(entry)
            if appended.outcome is Outcome.RECORDED:
                if appended.bodies:
                    self._wake()
                return Handled(after, appended.bodies)
            if appended.used:
                return await self._repeated(appended.used, request)
        raise Contended

    async def _addressed(self, command: OpenDossier, digest: bytes) -> OpenDossier:
        """Aim an opening at the client's dossier where there is one."""
        known = await self._pool.fetchval("SELECT dossier_id FROM ssin_lookup WHERE digest = $1", digest)
        if known is None:
            return command
        return replace(command, dossier_id=UUID(int=known.int))

    def _sealed(self, dossier_id: UUID, ssin: str | None) -> bytes | None:
        return self._sealer.seal("dossier.ssin", dossier_id, ssin.encode()) if ssin else None

    async def _repeated(self, used: Used, request: Request) -> Handled:
        if used.fingerprint != request.fingerprint:
            raise KeyReused
        row = await self._pool.fetchrow(
            """
            SELECT d.state, ARRAY(
                SELECT e.body FROM event e
                WHERE e.dossier_id = d.dossier_id AND e.sequence BETWEEN $2 AND $3 ORDER BY e.sequence
            ) AS bodies
            FROM dossier d WHERE d.dossier_id = $1
            """,
            used.dossier_id,
            used.first_sequence,
            used.last_sequence,
        )
        return Handled(codec.decode_state(row["state"]), tuple(row["bodies"]), repeated=True)
