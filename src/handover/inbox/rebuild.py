"""Rebuild the inbox from the events alone, while the service runs on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from handover.domain.dossier import Dossier, fold
from handover.inbox.cards import rows
from handover.inbox.live import ROWS_OF_DOSSIER, Changes, live_rows
from handover.inbox.projector import LOCK_TO_WRITE, tell
from handover.record import codec
from handover.record.sealing import DossierKey, Sealer

_log = structlog.stdlib.get_logger(__name__)

_DOSSIERS_AT_ONCE = 200
FOLDED_PAGE = f"""
SELECT d.dossier_id, d.version, d.state, d.erased_at,
    ARRAY(SELECT e.body FROM event e WHERE e.dossier_id = d.dossier_id ORDER BY e.sequence) AS bodies,
    {ROWS_OF_DOSSIER}
FROM dossier d WHERE $1::uuid IS NULL OR d.dossier_id > $1
ORDER BY d.dossier_id LIMIT $2
"""  # noqa: S608 - put together from our own texts
"""The next dossiers after an id, each with all its events and its live rows, in one moment's view."""

_RESUME = """
INSERT INTO replay_progress (job, xid, position, changed_at)
SELECT 'inbox', coalesce(f.xid, '0'), coalesce(f.position, 0), now()
FROM (VALUES (1)) AS one LEFT JOIN LATERAL (
    SELECT xid, position FROM feed WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid DESC, position DESC LIMIT 1
) f ON true
ON CONFLICT (job) DO UPDATE SET changed_at = now()
RETURNING dossier_id
"""
_REACHED = "UPDATE replay_progress SET dossier_id = $1, changed_at = now() WHERE job = 'inbox'"
_COUNT = "SELECT count(*) FILTER (WHERE dossier_id <= $1::uuid) AS done, count(*) AS total FROM dossier"
# Everything settled before the work began has been read since: the projector need not do it once more.
_FINISH = """
WITH done AS (DELETE FROM replay_progress WHERE job = 'inbox' RETURNING xid, position),
orphan_dossiers AS (
    DELETE FROM inbox_dossier i WHERE NOT EXISTS (SELECT FROM dossier d WHERE d.dossier_id = i.dossier_id)
), orphan_threads AS (
    DELETE FROM inbox_thread t WHERE NOT EXISTS (SELECT FROM dossier d WHERE d.dossier_id = t.dossier_id)
), orphan_wakes AS (
    DELETE FROM wake w WHERE NOT EXISTS (SELECT FROM dossier d WHERE d.dossier_id = w.dossier_id)
)
UPDATE projection p SET xid = done.xid, position = done.position
FROM done WHERE p.name = 'inbox' AND (p.xid, p.position) < (done.xid, done.position)
"""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What this run did: dossiers and events read, rows that were wrong, dossiers it could not read."""

    dossiers: int
    events: int
    corrected: int
    unreadable: tuple[UUID, ...]


async def rebuild(
    pool: asyncpg.Pool,
    sealer: Sealer,
    progress: Callable[[int, int], None],
    *,
    dossiers_at_once: int = _DOSSIERS_AT_ONCE,
) -> Rebuilt:
    """Fold every dossier afresh and correct the inbox where it differs; readers never see it empty.

    `progress(done, total)` is called after each page, in dossiers. A killed rebuild goes on where it stopped.
    """
    after: UUID | None = await pool.fetchval(_RESUME)
    done, total = await pool.fetchrow(_COUNT, after)
    dossiers = events = corrected = 0
    unreadable: list[UUID] = []
    progress(done, total)
    while True:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK_TO_WRITE)
            page = await connection.fetch(FOLDED_PAGE, after, dossiers_at_once)
            if not page:
                await connection.execute(_FINISH)
                break
            changes, failed = _corrections(page, sealer)
            await changes.write(connection)
            after = page[-1]["dossier_id"]
            await connection.execute(_REACHED, after)
        unreadable += failed
        dossiers, corrected = dossiers + len(page), corrected + len(changes)
        events += sum(len(record["bodies"]) for record in page)
        done += len(page)
        progress(done, max(done, total))
    await tell(pool, ())
    return Rebuilt(dossiers, events, corrected, tuple(unreadable))


def _folded(record: asyncpg.Record, key: DossierKey) -> Dossier:
    if record["erased_at"]:
        return codec.open_state(key, record["state"])
    dossier = fold(map(codec.decode_event, codec.open_events(key, record["bodies"], first=1)))
    if dossier is None or dossier.dossier_id != record["dossier_id"]:
        raise ValueError("these events are not those of this dossier")
    return dossier


def _corrections(page: Sequence[asyncpg.Record], sealer: Sealer) -> tuple[Changes, list[UUID]]:
    changes, failed = Changes(), []
    for record in page:
        try:
            key = sealer.dossier(record["dossier_id"], record["keys"])
            dossier = _folded(record, key)
        except (ValueError, KeyError):
            # The rest is rebuilt all the same; the caller hears which dossiers were not.
            _log.exception("rebuild_unreadable", dossier_id=str(record["dossier_id"]))
            failed.append(record["dossier_id"])
        else:
            changes.add(dossier.dossier_id, key, rows(dossier), live_rows(record, key))
    return changes, failed
