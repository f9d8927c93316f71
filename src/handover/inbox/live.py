"""The inbox rows as they stand in the database: read, compared with what they must be, corrected.

Cards are sealed with the keys of their dossier, so rows are compared opened: sealing the same card twice does not give
the same bytes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from handover.inbox.cards import WAKE, DossierCard, DossierRow, Key, Row, ThreadCard, ThreadRow, WakeRow
from handover.record.sealing import KEY_OF, DossierKey

ROWS_OF_DOSSIER = f"""
    {KEY_OF.format("d")} AS keys,
    ARRAY(
        SELECT ROW(
            i.dossier_id, i.organisation_id, i.counsellors, i.entered, i.version, i.foreign_sequence, i.card,
            i.hidden, i.shown::text[], i.closed
        )
        FROM inbox_dossier i WHERE i.dossier_id = d.dossier_id
    ) AS inbox_dossiers,
    ARRAY(
        SELECT ROW(
            t.dossier_id, t.organisation_id, t.thread_id, t.your_turn, t.counsellor_id, t.due_at, t.since,
            t.card, t.also
        )
        FROM inbox_thread t WHERE t.dossier_id = d.dossier_id
    ) AS inbox_threads,
    (SELECT w.at FROM wake w WHERE w.dossier_id = d.dossier_id) AS wake_at
"""  # noqa: S608 - a constant
"""Columns with a dossier's keys and live rows, for a query over `dossier d`; read them with `live_rows`."""

_WRITE = """
WITH gone_dossiers AS (
    DELETE FROM inbox_dossier i USING unnest($1::uuid[], $2::text[]) AS g (dossier_id, organisation_id)
    WHERE i.dossier_id = g.dossier_id AND i.organisation_id = g.organisation_id
), gone_threads AS (
    DELETE FROM inbox_thread t
    USING unnest($3::uuid[], $4::text[], $5::uuid[]) AS g (dossier_id, organisation_id, thread_id)
    WHERE t.dossier_id = g.dossier_id AND t.organisation_id = g.organisation_id AND t.thread_id = g.thread_id
), gone_wakes AS (
    DELETE FROM wake w USING unnest($6::uuid[]) AS g (dossier_id) WHERE w.dossier_id = g.dossier_id
), dossiers AS (
    INSERT INTO inbox_dossier AS i (
        dossier_id, organisation_id, counsellors, entered, version, foreign_sequence, card, hidden, shown, closed
    )
    SELECT n.dossier_id, n.organisation_id, string_to_array(n.counsellors, ' '), n.entered, n.version,
           n.foreign_sequence, n.card, string_to_array(n.hidden, ' '), string_to_array(n.shown, ' ')::uuid[], n.closed
    FROM unnest(
        $7::uuid[], $8::text[], $9::text[], $10::integer[], $11::integer[], $12::integer[], $13::bytea[],
        $14::text[], $15::text[], $16::boolean[]
    ) AS n (dossier_id, organisation_id, counsellors, entered, version, foreign_sequence, card, hidden, shown, closed)
    ON CONFLICT (dossier_id, organisation_id) DO UPDATE SET
        counsellors = excluded.counsellors, entered = excluded.entered, version = excluded.version,
        foreign_sequence = excluded.foreign_sequence, card = excluded.card, hidden = excluded.hidden,
        shown = excluded.shown, closed = excluded.closed
), wakes AS (
    INSERT INTO wake AS w (dossier_id, at)
    SELECT * FROM unnest($26::uuid[], $27::timestamptz[])
    ON CONFLICT (dossier_id) DO UPDATE SET at = excluded.at
)
INSERT INTO inbox_thread AS t (
    dossier_id, organisation_id, thread_id, your_turn, counsellor_id, due_at, since, card, also
)
SELECT n.dossier_id, n.organisation_id, n.thread_id, n.your_turn, n.counsellor_id, n.due_at, n.since, n.card,
       string_to_array(n.also, E'\\x1f')
FROM unnest(
    $17::uuid[], $18::text[], $19::uuid[], $20::boolean[], $21::text[], $22::timestamptz[],
    $23::timestamptz[], $24::bytea[], $25::text[]
) AS n (dossier_id, organisation_id, thread_id, your_turn, counsellor_id, due_at, since, card, also)
ON CONFLICT (dossier_id, organisation_id, thread_id) DO UPDATE SET
    your_turn = excluded.your_turn, counsellor_id = excluded.counsellor_id, due_at = excluded.due_at,
    since = excluded.since, card = excluded.card, also = excluded.also
"""

_SEPARATOR = "\x1f"
"""Between the names in `also`: a team's may hold spaces."""
_encode = msgspec.json.Encoder().encode
_dossier_card = msgspec.json.Decoder(DossierCard)
_thread_card = msgspec.json.Decoder(ThreadCard)
Card = TypeVar("Card")
Inbox = tuple[str, str]
"""An organisation, and whose inbox there: a counsellor's, a team's (`team_token`), or "" for everybody's."""


class Changes:
    """Rows to write and rows to remove, of one page of dossiers."""

    def __init__(self) -> None:
        self._keys: dict[UUID, DossierKey] = {}
        self.written: list[Row] = []
        self.removed: list[Row] = []
        self.touched: set[Inbox] = set()
        """Whose inboxes change: those of before as well."""

    def add(self, dossier_id: UUID, key: DossierKey, wanted: dict[Key, Row], live: dict[Key, Row]) -> None:
        """Add what makes the live rows of one dossier the wanted ones, which `key` seals."""
        self._keys[dossier_id] = key
        written = [row for at, row in wanted.items() if live.get(at) != row]
        removed = [row for at, row in live.items() if at not in wanted]
        before = [live[at] for at, row in wanted.items() if at in live and live[at] != row]
        self.written += written
        self.removed += removed
        self.touched.update((row.organisation, name) for row in (*written, *removed, *before) for name in row.concerns)

    def __len__(self) -> int:
        return len(self.written) + len(self.removed)

    async def write(self, connection: asyncpg.Connection) -> None:
        """Write all of it in one statement."""
        if self:
            written = self.written
            await connection.execute(
                _WRITE,
                *_gone(self.removed),
                *_dossiers(written, self._keys),
                *_threads(written, self._keys),
                *_wakes(written),
            )


def live_rows(record: asyncpg.Record, key: DossierKey) -> dict[Key, Row]:
    """Give a dossier's live rows, from a record with the columns of ROWS_OF_DOSSIER; `key` opens their cards."""
    found: dict[Key, Row] = {}
    for (
        dossier_id,
        organisation,
        counsellors,
        entered,
        version,
        foreign_sequence,
        card,
        hidden,
        shown,
        closed,
    ) in record["inbox_dossiers"]:
        found[organisation, None] = DossierRow(
            dossier_id=dossier_id,
            organisation=organisation,
            counsellors=tuple(counsellors),
            entered=entered,
            version=version,
            foreign_sequence=foreign_sequence,
            card=_readable(card, key, _card_place(organisation), _dossier_card),
            hidden=tuple(hidden),
            shown=tuple(UUID(thread_id) for thread_id in shown),
            closed=closed,
        )
    for (
        dossier_id,
        organisation,
        thread_id,
        your_turn,
        counsellor_id,
        due_at,
        since,
        card,
        also,
    ) in record["inbox_threads"]:
        found[organisation, thread_id] = ThreadRow(
            dossier_id=dossier_id,
            organisation=organisation,
            thread_id=thread_id,
            your_turn=your_turn,
            counsellor_id=counsellor_id,
            due_at=due_at,
            since=since,
            card=_readable(card, key, _card_place(organisation, thread_id), _thread_card),
            also=tuple(also),
        )
    if record["wake_at"]:
        found[WAKE] = WakeRow(dossier_id=record["dossier_id"], at=record["wake_at"])
    return found


def dossier_card(key: DossierKey, organisation: str, kept: bytes) -> DossierCard:
    """Give the card of its stored form; raise Unreadable, or msgspec.DecodeError when it is not one."""
    return _dossier_card.decode(key.open(_card_place(organisation), kept))


def thread_card(key: DossierKey, organisation: str, thread_id: UUID, kept: bytes) -> ThreadCard:
    """Give the card of its stored form; raise Unreadable, or msgspec.DecodeError when it is not one."""
    return _thread_card.decode(key.open(_card_place(organisation, thread_id), kept))


def _card_place(organisation: str, thread_id: UUID | None = None) -> str:
    return f"inbox_thread.card:{organisation}:{thread_id}" if thread_id else f"inbox_dossier.card:{organisation}"


def _readable(kept: bytes, key: DossierKey, place: str, decoder: msgspec.json.Decoder[Card]) -> Card | None:
    """An unreadable card differs from every card, so it is written anew."""
    try:
        return decoder.decode(key.open(place, kept))
    except ValueError:
        return None


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as the arrays that `unnest` takes."""
    turned = [list(column) for column in zip(*rows, strict=True)]
    return turned or [[] for _ in range(width)]


def _gone(rows: list[Row]) -> list[list[Any]]:
    dossiers = [(r.dossier_id, r.organisation) for r in rows if isinstance(r, DossierRow)]
    threads = [(r.dossier_id, r.organisation, r.thread_id) for r in rows if isinstance(r, ThreadRow)]
    wakes = [(r.dossier_id,) for r in rows if isinstance(r, WakeRow)]
    return [*_columns(dossiers, 2), *_columns(threads, 3), *_columns(wakes, 1)]


def _wakes(rows: list[Row]) -> list[list[Any]]:
    return _columns([(row.dossier_id, row.at) for row in rows if isinstance(row, WakeRow)], 2)


def _dossiers(rows: list[Row], keys: Mapping[UUID, DossierKey]) -> list[list[Any]]:
    found = [
        (
            row.dossier_id,
            row.organisation,
            " ".join(row.counsellors),  # an array of arrays must be rectangular; an id has no space
            row.entered,
            row.version,
            row.foreign_sequence,
            keys[row.dossier_id].seal(_card_place(row.organisation), _encode(row.card)),
            " ".join(row.hidden),
            " ".join(map(str, row.shown)),
            row.closed,
        )
        for row in rows
        if isinstance(row, DossierRow)
    ]
    return _columns(found, 10)


def _threads(rows: list[Row], keys: Mapping[UUID, DossierKey]) -> list[list[Any]]:
    found = [
        (
            row.dossier_id,
            row.organisation,
            row.thread_id,
            row.your_turn,
            row.counsellor_id,
            row.due_at,
            row.since,
            keys[row.dossier_id].seal(_card_place(row.organisation, row.thread_id), _encode(row.card)),
            _SEPARATOR.join(row.also),
        )
        for row in rows
        if isinstance(row, ThreadRow)
    ]
    return _columns(found, 9)
