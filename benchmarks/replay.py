"""Replay: select, decode and fold all events, beside PyPI `eventsourcing`; and `handover replay --check` whole."""

import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import msgspec

from benchmarks.figures import Figure, Plan, Side, alternate, median
from benchmarks.filling import History, histories, record
from benchmarks.peers import eventsourcing_dossier as peer
from benchmarks.stage import Stage
from handover.domain.dossier import fold
from handover.inbox.check import check
from handover.inbox.rebuild import FOLDED_PAGE, rebuild
from handover.record import codec
from handover.record.sealing import Sealer

_LENGTH = 50
_DOSSIERS = 1000
_AT_ONCE = 200
_OURS, _PEER = "bench_replay", "bench_eventsourcing"


@dataclass(frozen=True, slots=True)
class Peer:
    """The peer with the same dossiers in it."""

    app: peer.Dossiers
    ids: list[UUID]


async def measure(stage: Stage, plan: Plan) -> list[Figure]:
    """Measure it: the same events in both databases of one server, read by this one process in turn."""
    dossiers, events = _DOSSIERS * plan.scale, _DOSSIERS * plan.scale * _LENGTH
    dsn = await stage.database(_OURS)
    theirs = Peer(peer.application(await stage.database(_PEER, empty=True)), [])
    async with stage.services(dsn) as ready:
        found = histories(ready, dossiers)
        for start in range(0, dossiers, _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            for history in some:
                history.follow_up(_LENGTH)
            _copy(theirs, some)
            await record(ready, some)
        found.clear()
        await rebuild(ready.pool, ready.sealer, lambda _done, _total: None)
        for database in (dsn, stage.server.dsn(_PEER)):
            await _vacuum(database)

        async def checked() -> int:
            assert not await check(ready.pool, ready.sealer)
            return events

        async def by_log() -> int:
            return peer.replay_by_log(theirs.app)

        async def by_aggregate() -> int:
            return peer.replay_by_aggregate(theirs.app, theirs.ids)

        own, log, aggregate, whole = await alternate(
            plan.rounds,
            lambda: _timed(lambda: _folded(ready.pool, ready.sealer), events),
            lambda: _timed(by_log, events),
            lambda: _timed(by_aggregate, events),
            lambda: _timed(checked, events),
        )
    theirs.app.close()
    await stage.drop(_OURS)
    await stage.drop(_PEER)
    name = f"replay of {events:,} events in {dossiers:,} dossiers"
    unit = "events/s"
    return [
        Figure(
            name=name,
            unit=unit,
            ours=median(own),
            beside="`eventsourcing`, its repository",
            limit=median(aggregate),
            target=3,
        ),
        Figure(
            name=name,
            unit=unit,
            ours=median(own),
            beside="`eventsourcing`, its log in pages of 5,000 by hand",
            limit=median(log),
            target=3,
        ),
        Figure(
            name="`handover replay --check` of the same",
            unit=unit,
            ours=median(whole),
            beside="`eventsourcing`, its repository",
            limit=median(aggregate),
            note="folds, then compares state and inbox rows; 0 differences",
        ),
    ]


async def _folded(pool: asyncpg.Pool, sealer: Sealer) -> int:
    """Read page by page as --check does, and fold; give how many events it was."""
    count, after = 0, None
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        while page := await connection.fetch(FOLDED_PAGE, after, _AT_ONCE):
            for row in page:
                key = sealer.dossier(row["dossier_id"], row["keys"])
                dossier = fold(map(codec.decode_event, codec.open_events(key, row["bodies"], first=1)))
                assert dossier
                count += dossier.version
            after = page[-1]["dossier_id"]
    return count


async def _timed(read: Callable[[], Awaitable[int]], events: int) -> Side:
    """Time one pass. What this process holds from before is kept out of the collector's way, for either side."""
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    count = await read()
    lasted = time.perf_counter() - started
    gc.unfreeze()
    assert count == events, (count, events)
    return Side(events / lasted)


def _copy(theirs: Peer, found: list[History]) -> None:
    """Give the peer the same events, with the same content."""
    made = [
        peer.same([(event, msgspec.json.decode(codec.encode_event(event))) for event in history.waiting])
        for history in found
    ]
    for aggregate in made:
        # One at a time: it pipelines its inserts, and psycopg's pipeline stalls on ten thousand at once.
        theirs.app.save(aggregate)
    theirs.ids.extend(aggregate.id for aggregate in made)


async def _vacuum(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
