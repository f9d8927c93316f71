"""The journal's two hot statements: load what a decision needs, append what was decided."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.record import codec
from handover.record.batch import Batcher
from handover.record.sealing import KEY_VERSION

_LOAD = "SELECT * FROM load_dossiers($1, $2, $3)"
_APPEND = f"""
SELECT * FROM append_events({", ".join(f"${n}" for n in range(1, 23))}) ORDER BY command
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
    """One decided command, to be appended after version `expected` (0: the dossier opens)."""

    dossier: Dossier
    events: tuple[Event, ...]
    expected: int
    head: bytes
    organisation: str
    at: datetime
    key: str | None = None
    fingerprint: bytes = b""
    digest: bytes | None = None
    ssin_sealed: bytes | None = None


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


class Journal:
    """Loads and appends in groups: what waits in the process shares one round trip and one commit."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._loads: Batcher[Ask, asyncpg.Record] = Batcher(self._load_all)
        self._appends = Batcher(self._append_all)

    async def load(self, ask: Ask) -> Loaded:
        """Give what a decision about one dossier needs."""
        # Read here and not with the group: a state that cannot be read is its own dossier's trouble only.
        return _loaded(await self._loads.submit(ask))

    async def append(self, entry: Entry) -> Appended:
        """Append one decided command, or say why not. Raises asyncpg's errors when the database fails."""
        return await self._appends.submit(entry)

    async def append_together(
        self, entries: Sequence[Entry], beside: Callable[[asyncpg.Connection], Awaitable[None]]
    ) -> Sequence[Appended]:
        """Append to several dossiers, and change what is `beside` them, in one transaction: all of it or nothing.

        Nothing was recorded when any of the answers is other than RECORDED. What `beside` raises undoes it too.
        """
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                ordered = sorted(entries, key=lambda entry: entry.dossier.dossier_id)
                bodies = [tuple(codec.encode_event(event) for event in entry.events) for entry in ordered]
                rows = await connection.fetch(_APPEND, *_arguments(ordered, bodies))
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
        rows = await self._pool.fetch(
            "SELECT body FROM event WHERE dossier_id = $1 AND sequence <= $2 ORDER BY sequence", dossier_id, until
        )
        return tuple(codec.decode_event(row["body"]) for row in rows)

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
        rows = await self._pool.fetch(_APPEND, *_arguments(chosen, bodies))
        for n, row, written in zip(numbers, rows, bodies, strict=True):
            outcome = Outcome(row["outcome"])
            answers[n] = Appended(
                outcome, _used(row, row["dossier_id"]), written if outcome is Outcome.RECORDED else ()
            )
        return [answer for answer in answers if answer is not None]


def _loaded(row: asyncpg.Record) -> Loaded:
    state = row["state"]
    used = _used(row, row["used_dossier"])
    return Loaded(None if state is None else codec.decode_state(state), row["head"] or codec.GENESIS, used)


def _used(row: asyncpg.Record, dossier_id: UUID) -> Used | None:
    if row["fingerprint"] is None:
        return None
    return Used(row["fingerprint"], dossier_id, row["first_sequence"], row["last_sequence"])


def _arguments(entries: Sequence[Entry], bodies: Sequence[tuple[bytes, ...]]) -> list[object]:
    """Lay the entries out as the arrays of `append_events`; numbers in them count from 1."""
    heads, e_command, e_bodies, e_links = [], [], [], []
    events: list[Event] = []
    f_event, f_organisation = [], []
    for number, (entry, written) in enumerate(zip(entries, bodies, strict=True), start=1):
        head = entry.head
        for event, body in zip(entry.events, written, strict=True):
            head = codec.link(head, event.dossier_id, event.sequence, body)
            events.append(event)
            e_command.append(number)
            e_bodies.append(body)
            e_links.append(head)
            for organisation in entry.dossier.entitled_to(event):
                f_event.append(len(events))
                f_organisation.append(organisation)
        heads.append(head)
    opening = any(entry.digest for entry in entries)
    return [
        max(entry.at for entry in entries),
        [entry.dossier.dossier_id for entry in entries],
        [entry.expected for entry in entries],
        [entry.dossier.version for entry in entries],
        heads,
        [codec.encode_state(entry.dossier) for entry in entries],
        [entry.organisation for entry in entries],
        [entry.key for entry in entries],
        [entry.fingerprint for entry in entries],
        [entry.digest for entry in entries] if opening else None,
        [KEY_VERSION for entry in entries] if opening else None,
        [entry.ssin_sealed for entry in entries] if opening else None,
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
    ]
