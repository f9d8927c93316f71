"""Reading a timeline of 200 events over HTTP, beside SQLAlchemy Core and pydantic: no token, policy, sealing or log."""

from collections.abc import Sequence
from itertools import cycle
from uuid import UUID

import asyncpg

from benchmarks.figures import Figure, Plan, Side, alternate, median
from benchmarks.filling import OCMW, OCMW_COUNSELLOR, histories, record
from benchmarks.load import Load, get
from benchmarks.stage import HOST, Stage, free_port, process, until_answers
from handover.wiring import Services

_CONNECTIONS = 16
_EVENTS = 200
_DATABASE = "bench_timeline"


async def measure(stage: Stage, plan: Plan) -> list[Figure]:
    """Measure it: both serve the same dossiers from the same database, each in a process of its own."""
    dsn = await stage.database(_DATABASE)
    async with stage.services(dsn) as ready:
        found = histories(ready, 20)
        for history in found:
            history.follow_up(_EVENTS)
        await record(ready, found)
        await _plain_copy(dsn, ready, [history.dossier_id for history in found])
    peer_port = free_port()
    paths = [f"/v1/dossiers/{history.dossier_id}/events" for history in found]
    async with (
        stage.serving(dsn) as port,
        process("-m", "benchmarks.peers.timeline_app", dsn, str(peer_port)) as child,
    ):
        await until_answers(child, peer_port, "/openapi.json")
        requests = [get(path, stage.token(OCMW, OCMW_COUNSELLOR)) for path in paths]
        turn = cycle(requests)

        async def run(at: int, seconds: float) -> Side:
            load = await Load.open(HOST, at, _CONNECTIONS)
            result = await load.flat_out(lambda: next(turn), seconds)
            load.close()
            assert set(result.statuses) == {200}, result.statuses
            return Side(result.per_second, {"p50": result.p50, "p99": result.p99})

        await run(port, 1)
        await run(peer_port, 1)
        ours, theirs = await alternate(
            plan.rounds, lambda: run(port, plan.seconds * 0.75), lambda: run(peer_port, plan.seconds * 0.75)
        )
    await stage.drop(_DATABASE)
    return [
        Figure(
            name=f"timeline of {_EVENTS} events, {_CONNECTIONS} connections",
            unit="/s",
            ours=median(ours),
            beside="SQLAlchemy Core, pydantic, FastAPI",
            limit=median(theirs),
            target=3,
            note=f"p50 {median(ours, 'p50'):.1f} / p99 {median(ours, 'p99'):.1f} ms; "
            f"theirs p50 {median(theirs, 'p50'):.1f} / p99 {median(theirs, 'p99'):.1f} ms",
        )
    ]


async def _plain_copy(dsn: str, ready: Services, dossiers: Sequence[UUID]) -> None:
    """Write the same events for the other side, which seals nothing."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "CREATE TABLE plain_event (dossier_id uuid, sequence integer, body bytea, PRIMARY KEY (dossier_id, sequence))"
    )
    for dossier_id in dossiers:
        found = await ready.reader.timeline(dossier_id)
        assert found is not None
        rows = [(dossier_id, n, body) for n, body in enumerate(found.bodies, start=1)]
        await connection.copy_records_to_table("plain_event", records=rows)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
