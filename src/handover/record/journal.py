"""The journal's two hot statements: load what a decision needs, append what was decided."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.platform.walls import Database
from handover.record import codec
from handover.record.batch import Batcher
from handover.record.lookups import SSIN
from handover.record.sealing import KEY_OF, DossierKey, Sealer

_LOAD = "SELECT * FROM load_sealed($1, $2, $3)"
_APPEND = f"""
SELECT * FROM append_sealed({", ".join(f"${n}" for n in range(1, 25))}) ORDER BY command
"""  # noqa: S608 - only placeholders


@dataclass(frozen=True, slots=True)
class Used:
    """An idempotency key that was used before: for which request, and what was recorded then."""

    fingerprint: bytes
    dossier_id: UUID
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a decision needs: the dossier (None: there is none) with the head of its chain, and the key's history."""

    dossier: Dossier | None
    keys: bytes | None
    """The dossier's data keys as they are stored."""
    head: bytes
    used: Used | None


@dataclass(frozen=True, slots=True)
class Ask:
    """What to load."""

    dossier_id: UUID
    organisation: str
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One decided command, to be appended after version `expected` (0: the dossier opens, with new keys)."""

    dossier: Dossier
    keys: bytes | None
    events: tuple[Event, ...]
    expected: int
    head: bytes
    organisation: str
    at: datetime
    key: str | None = None
    fingerprint: bytes = b""
    ssin: str | None = None
    """The number that the dossier opens under."""


class Outcome(StrEnum):
    """What became of an entry."""

    RECORDED = "recorded"
    CONFLICT = "conflict"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Appended:
    """The answer to one entry; `used` where the key had been used, `bodies` where it was recorded."""

    outcome: Outcome
    used: Used | None
    bodies: tuple[bytes, ...]


IN_CLEAR = frozenset({"dossier.personalDataErased"})
"""Event types that are stored in clear: they tell that the key is gone, and hold nothing personal."""


class Journal:
    """Loads and appends in groups: what waits in the process shares one round trip and one commit.

    Loading and appending are functions that pass the wall, by `pool`; all else is asked by `reads`.
    """

    def __init__(self, pool: asyncpg.Pool, reads: Database, sealer: Sealer) -> None:
        self._pool = pool
        self._reads = reads
        self._sealer = sealer
        self._loads: Batcher[Ask, asyncpg.Record] = Batcher(self._load_all)
        self._appends = Batcher(self._append_all)

    async def load(self, ask: Ask) -> Loaded:
        """Give what a decision about one dossier needs."""
        # Read here and not with the group: a state that cannot be read is its own dossier's trouble only.
        return self._loaded(ask, await self._loads.submit(ask))

    async def append(self, entry: Entry) -> Appended:
        """Append one decided command, or say why not. Raises asyncpg's errors when the database fails."""
        return await self._appends.submit(entry)

    async def append_together(
        self, entries: Sequence[Entry], beside: Callable[[asyncpg.Connection], Awaitable[None]]
    ) -> Sequence[Appended]:
        """Append to several dossiers, and change what is `beside` them, in one transaction: all of it or nothing.

        Nothing was recorded when any of the answers is other than RECORDED. What `beside` raises undoes it too.
        """
        async with self._reads.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                ordered = sorted(entries, key=lambda entry: entry.dossier.dossier_id)
                bodies = [tuple(codec.encode_event(event) for event in entry.events) for entry in ordered]
                rows = await connection.fetch(_APPEND, *self._arguments(ordered, bodies))
                found = {
                    entry.dossier.dossier_id: Appended(Outcome(row["outcome"]), _used(row, row["dossier_id"]), written)
                    for entry, row, written in zip(ordered, rows, bodies, strict=True)
                }
                complete = all(appended.outcome is Outcome.RECORDED for appended in found.values())
                if complete:
                    await beside(connection)
            except BaseException:
                await transaction.rollback()
                raise
            await (transaction.commit() if complete else transaction.rollback())
        return [found[entry.dossier.dossier_id] for entry in entries]

    async def history(self, dossier_id: UUID, until: int) -> tuple[Event, ...]:
        """Give a dossier's events up to a sequence, for a decision that looks at the steps themselves."""
        row = await self._reads.fetchrow(
            f"""
            SELECT {KEY_OF.format("d")} AS keys,
                ARRAY(
                    SELECT e.body FROM event e WHERE e.dossier_id = $1 AND e.sequence <= $2 ORDER BY e.sequence
                ) AS bodies
            FROM (SELECT $1::uuid AS dossier_id) d
            """,  # noqa: S608 - a constant
            dossier_id,
            until,
        )
        key = self._sealer.dossier(dossier_id, row["keys"])
        return tuple(codec.decode_event(body) for body in codec.open_events(key, row["bodies"], first=1))

    async def _load_all(self, asks: Sequence[Ask]) -> Sequence[asyncpg.Record]:
        rows: Sequence[asyncpg.Record] = await self._pool.fetch(
            _LOAD, [a.dossier_id for a in asks], [a.organisation for a in asks], [a.key for a in asks]
        )
        return rows

    async def _append_all(self, entries: Sequence[Entry]) -> Sequence[Appended]:
        answers: list[Appended | None] = [None] * len(entries)
        first_of: dict[UUID, int] = {}
        for n, entry in enumerate(entries):
            # Two decisions on the same version: only one can stand, the other decides again.
            if first_of.setdefault(entry.dossier.dossier_id, n) != n:
                answers[n] = Appended(Outcome.CONFLICT, None, ())
        numbers = sorted(first_of.values(), key=lambda n: entries[n].dossier.dossier_id)
        chosen = [entries[n] for n in numbers]
        bodies = [tuple(codec.encode_event(event) for event in entry.events) for entry in chosen]
        rows = await self._pool.fetch(_APPEND, *self._arguments(chosen, bodies))
        for n, row, written in zip(numbers, rows, bodies, strict=True):
            outcome = Outcome(row["outcome"])
            answers[n] = Appended(
                outcome, _used(row, row["dossier_id"]), written if outcome is Outcome.RECORDED else ()
            )
        return [answer for answer in answers if answer is not None]

    def _loaded(self, ask: Ask, row: asyncpg.Record) -> Loaded:
        state, keys = row["state"], row["keys"]
        used = _used(row, row["used_dossier"])
        if state is None:
            return Loaded(None, None, codec.GENESIS, used)
        dossier = codec.open_state(self._sealer.dossier(ask.dossier_id, keys), state)
        return Loaded(dossier, keys, row["head"], used)

    def _arguments(self, entries: Sequence[Entry], bodies: Sequence[tuple[bytes, ...]]) -> list[object]:
        """Lay the entries out as the arrays of `append_sealed`; numbers in them count from 1."""
        heads, states, numbers, e_command, e_bodies, e_links = [], [], [], [], [], []
        events: list[Event] = []
        f_event, f_organisation = [], []
        made: list[tuple[bytes | None, bytes | None]] = []
        for number, (entry, written) in enumerate(zip(entries, bodies, strict=True), start=1):
            head, key, new = entry.head, *self._keys(entry)
            made.append(new)
            for event, body in zip(entry.events, written, strict=True):
                sealed = body if event.type in IN_CLEAR else key.seal_event(event.sequence, event.type, body)
                head = codec.link(head, event.dossier_id, event.sequence, sealed)
                events.append(event)
                e_command.append(number)
                e_bodies.append(sealed)
                e_links.append(head)
                for organisation in entry.dossier.entitled_to(event):
                    f_event.append(len(events))
                    f_organisation.append(organisation)
            heads.append(head)
            state = codec.encode_state(entry.dossier)
            states.append(state if entry.dossier.erased else key.seal(codec.STATE, state))
            numbers.append(key.seal(SSIN, entry.ssin.encode()) if entry.ssin else None)
        opening = any(entry.ssin for entry in entries)
        return [
            max(entry.at for entry in entries),
            [entry.dossier.dossier_id for entry in entries],
            [entry.expected for entry in entries],
            [entry.dossier.version for entry in entries],
            heads,
            states,
            [entry.organisation for entry in entries],
            [entry.key for entry in entries],
            [entry.fingerprint for entry in entries],
            [self._sealer.digest(entry.ssin) if entry.ssin else None for entry in entries] if opening else None,
            [self._sealer.lookup_version for _ in entries] if opening else None,
            numbers if opening else None,
            e_command,
            [event.sequence for event in events],
            [event.event_id for event in events],
            [event.type for event in events],
            [event.thread_id for event in events],
            [event.organisation for event in events],
            e_bodies,
            e_links,
            f_event,
            f_organisation,
            [content for content, _ in made] if opening else None,
            [confidential for _, confidential in made] if opening else None,
        ]

    def _keys(self, entry: Entry) -> tuple[DossierKey, tuple[bytes | None, bytes | None]]:
        """Give the keys that seal an entry, and as they are to be stored where they are new."""
        if not entry.ssin:
            return self._sealer.dossier(entry.dossier.dossier_id, entry.keys), (None, None)
        new = self._sealer.make_keys(entry.dossier.dossier_id)
        return self._sealer.dossier(entry.dossier.dossier_id, new[0] + new[1]), new


def _used(row: asyncpg.Record, dossier_id: UUID) -> Used | None:
    if row["fingerprint"] is None:
        return None
    return Used(row["fingerprint"], dossier_id, row["first_sequence"], row["last_sequence"])
