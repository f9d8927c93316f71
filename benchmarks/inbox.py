"""The inbox of a counsellor with 60 dossiers: time in the server, beside its one statement alone."""

import time

import asyncpg
import httpx

from benchmarks.figures import Figure, Plan, Side, alternate, median
from benchmarks.filling import OCMW, OCMW_COUNSELLOR, histories, record
from benchmarks.load import quantile
from benchmarks.stage import HOST, Stage
from handover.inbox import queries
from handover.inbox.rebuild import rebuild

_DOSSIERS = 60
_OTHERS = 600
_TIMES = 100
_LIMIT = 200
_DATABASE = "bench_inbox"
_OTHER_COUNSELLOR = f"{OCMW}.trajectbegeleider-2"


async def measure(stage: Stage, plan: Plan) -> list[Figure]:
    """Measure it, one request after the other, among dossiers of other counsellors."""
    dsn = await stage.database(_DATABASE)
    async with stage.services(dsn) as ready:
        found = histories(ready, _DOSSIERS, counsellor=OCMW_COUNSELLOR)
        found += histories(ready, _OTHERS, counsellor=_OTHER_COUNSELLOR, first=_DOSSIERS)
        for history in found:
            if history.number % 3 == 0:
                history.refer()
            history.follow_up(history.length + 3)
        await record(ready, found)
        await rebuild(ready.pool, ready.sealer, lambda _done, _total: None)
        # Everything but the latest steps has been seen, as in an inbox that is read every day.
        seen = [(history.dossier_id, history.length - 2) for history in found[:_DOSSIERS]]
        await ready.inbox.seen(OCMW, OCMW_COUNSELLOR, seen)
    connection = await asyncpg.connect(dsn, server_settings={"handover.organisation": OCMW})
    await connection.execute("VACUUM ANALYZE")
    headers = {"Authorization": f"Bearer {stage.token(OCMW, OCMW_COUNSELLOR)}"}
    async with (
        stage.serving(dsn) as port,
        httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False, headers=headers) as http,
    ):
        items = len((await http.get("/v1/inbox")).raise_for_status().json()["items"])
        assert items > _DOSSIERS, items

        async def ours() -> Side:
            took = []
            count, total = await _server_side(http)
            for _ in range(_TIMES * plan.scale):
                started = time.perf_counter()
                (await http.get("/v1/inbox")).raise_for_status()
                took.append((time.perf_counter() - started) * 1000)
            counted, totalled = await _server_side(http)
            return Side((totalled - total) / (counted - count) * 1000, {"p99": quantile(sorted(took), 0.99)})

        async def statement() -> Side:
            started = time.perf_counter()
            for _ in range(_TIMES * plan.scale):
                await connection.fetch(queries.OF_COUNSELLOR, OCMW, OCMW_COUNSELLOR, _LIMIT, queries.NO_TEAM)
            return Side((time.perf_counter() - started) / (_TIMES * plan.scale) * 1000)

        own, alone = await alternate(plan.rounds, ours, statement)
    await connection.close()
    await stage.drop(_DATABASE)
    return [
        Figure(
            name=f"inbox of a counsellor with {_DOSSIERS} dossiers ({items} items), in the server",
            unit="ms",
            ours=median(own),
            beside="its one statement alone",
            limit=median(alone),
            better="lower",
            note=f"at most 5 ms wanted; as seen by one client, p99 {median(own, 'p99'):.1f} ms",
        )
    ]


async def _server_side(http: httpx.AsyncClient) -> tuple[float, float]:
    """Give how many inboxes the server has answered, and the seconds that took it, as its metrics say."""
    found = {}
    for line in (await http.get("/metrics")).text.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("handover_http_seconds") and 'route="/v1/inbox"' in name:
            found[name.partition("{")[0]] = float(value)
    return found["handover_http_seconds_count"], found["handover_http_seconds_sum"]
