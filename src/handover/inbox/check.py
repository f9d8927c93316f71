"""Compare a fresh fold of every dossier with what is live: the inbox rows and the stored state."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import asyncpg
import msgspec

from handover.domain.dossier import fold
from handover.domain.events import Event
from handover.inbox.cards import WAKE, DossierRow, Key, Row, rows
from handover.inbox.live import live_rows
from handover.inbox.rebuild import FOLDED_PAGE
from handover.record import codec
from handover.record.sealing import DossierKey, Sealer

_DOSSIERS_AT_ONCE = 200

# The view of one moment lasts as long as the whole check; the settings exist from PostgreSQL 17 and 9.6 on.
_TAKE_TIME = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('transaction_timeout', 'idle_in_transaction_session_timeout')
"""
_PENDING = """
SELECT f.dossier_id, min(f.sequence) AS sequence
FROM projection p JOIN feed f ON (f.xid, f.position) > (p.xid, p.position)
WHERE p.name = 'inbox' GROUP BY 1
"""
_ORPHANS = """
SELECT 'inbox_dossier' AS name, organisation_id, dossier_id, NULL::uuid AS thread_id
FROM inbox_dossier i WHERE NOT EXISTS (SELECT FROM dossier d WHERE d.dossier_id = i.dossier_id)
UNION ALL
SELECT 'inbox_thread', organisation_id, dossier_id, thread_id
FROM inbox_thread t WHERE NOT EXISTS (SELECT FROM dossier d WHERE d.dossier_id = t.dossier_id)
UNION ALL
SELECT 'wake', '', dossier_id, NULL
FROM wake w WHERE NOT EXISTS (SELECT FROM dossier d WHERE d.dossier_id = w.dossier_id)
"""


class How(StrEnum):
    """In what way something live differs from what the events say."""

    CHANGED = "changed"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row that is not what the events say. Names where and which fields, never their values."""

    table: str
    dossier_id: UUID
    how: How
    organisation: str = ""
    thread_id: UUID | None = None
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = [self.table, self.organisation, f"dossier {self.dossier_id}"]
        if self.thread_id:
            where.append(f"thread {self.thread_id}")
        return f"{' '.join(filter(None, where))}: {self.how} {', '.join(self.fields)}".rstrip()


async def check(
    pool: asyncpg.Pool, sealer: Sealer, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> list[Difference]:
    """Give every difference, in the view of one moment, while the service runs; a true inbox gives none.

    A dossier with steps that the projector has not come to yet is compared as of the version that its rows
    state. `progress(done, total)` is called after each page, in dossiers.
    """
    found: list[Difference] = []
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute(_TAKE_TIME)
        pending = {row["dossier_id"]: row["sequence"] for row in await connection.fetch(_PENDING)}
        total, done, after = await connection.fetchval("SELECT count(*) FROM dossier"), 0, None
        progress(done, total)
        while page := await connection.fetch(FOLDED_PAGE, after, _DOSSIERS_AT_ONCE):
            for record in page:
                found += _differences(
                    record, sealer.dossier(record["dossier_id"], record["keys"]), pending.get(record["dossier_id"])
                )
            done, after = done + len(page), page[-1]["dossier_id"]
            progress(done, total)
        for row in await connection.fetch(_ORPHANS):
            found.append(
                Difference(
                    table=row["name"],
                    dossier_id=row["dossier_id"],
                    how=How.UNEXPECTED,
                    organisation=row["organisation_id"],
                    thread_id=row["thread_id"],
                )
            )
    return found


def _differences(record: asyncpg.Record, key: DossierKey, first_pending: int | None) -> Iterator[Difference]:
    dossier_id = record["dossier_id"]
    if record["erased_at"]:
        # Nothing can be folded any more; nothing may be left of it either.
        yield from _row_differences(dossier_id, {}, live_rows(record, key))
        return
    try:
        events = [codec.decode_event(body) for body in codec.open_events(key, record["bodies"], first=1)]
        wanted = fold(events)
    except (ValueError, KeyError):
        wanted, events = None, []
    if wanted is None or wanted.dossier_id != dossier_id:
        yield Difference(table="event", dossier_id=dossier_id, how=How.UNREADABLE, fields=("body",))
        return
    try:
        stored = codec.open_state(key, record["state"])
    except ValueError:
        yield Difference(table="dossier", dossier_id=dossier_id, how=How.UNREADABLE, fields=("state",))
    else:
        fields = [f"state.{name}" for name in _fields(wanted, stored)]
        fields += ["version"] if record["version"] != wanted.version else []
        if fields:
            yield Difference(table="dossier", dossier_id=dossier_id, how=How.CHANGED, fields=tuple(fields))
    live = live_rows(record, key)
    versions = _possible(live, first_pending, wanted.version)
    yield from min((_row_differences(dossier_id, _rows_at(events, version), live) for version in versions), key=len)


def _possible(live: dict[Key, Row], first_pending: int | None, latest: int) -> Sequence[int]:
    """Say of which versions the live rows may be.

    The projector takes the state as it finds it: at least up to the steps it has come to, perhaps further.
    """
    if first_pending is None:
        return [latest]
    between = range(first_pending - 1, latest + 1)
    stated = {row.version for row in live.values() if isinstance(row, DossierRow)} & set(between)
    return sorted(stated) if live and stated else between


def _rows_at(events: list[Event], version: int) -> dict[Key, Row]:
    dossier = fold(events[:version])
    return rows(dossier) if dossier else {}


def _row_differences(dossier_id: UUID, wanted: dict[Key, Row], live: dict[Key, Row]) -> list[Difference]:
    found = []
    for key in sorted(wanted.keys() | live.keys(), key=str):
        wants, has = wanted.get(key), live.get(key)
        if wants == has:
            continue
        how = How.MISSING if has is None else How.UNEXPECTED if wants is None else How.CHANGED
        found.append(
            Difference(
                table=_table(key),
                dossier_id=dossier_id,
                how=how,
                organisation=key[0],
                thread_id=key[1],
                fields=tuple(_fields(wants, has)) if wants and has else (),
            )
        )
    return found


def _table(key: Key) -> str:
    if key == WAKE:
        return "wake"
    return "inbox_dossier" if key[1] is None else "inbox_thread"


def _fields(one: msgspec.Struct, other: msgspec.Struct) -> Iterator[str]:
    """Name the fields in which two structures differ, inside cards too."""
    for name, wire in zip(one.__struct_fields__, one.__struct_encode_fields__, strict=True):
        left, right = getattr(one, name), getattr(other, name)
        if left == right:
            continue
        if name == "card" and left is not None and right is not None:
            yield from (f"card.{inner}" for inner in _fields(left, right))
        else:
            yield wire
