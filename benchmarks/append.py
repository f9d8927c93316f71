"""Appending one event: through HTTP with everything that belongs to it, beside pgbench writing the same rows."""

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from itertools import cycle
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec

from benchmarks.figures import Figure, Plan, Side, alternate, median
from benchmarks.filling import OCMW, OCMW_COUNSELLOR, PLAN, VDAB, History, histories, record
from benchmarks.load import Load, post, quantile
from benchmarks.stage import HOST, Stage

CONNECTIONS = 32
_DOSSIERS = 256
_DATABASE = "bench_append"
_SCRIPT = "append.sql"
_FUNCTION, _PLAIN = "bench_append", "bench_append_plain"
# Nobody listens there, and no worker runs: the outbox fills up as it does while a receiver is away.
_NOWHERE = f"http://{HOST}:9/hook"


async def measure(stage: Stage, plan: Plan) -> list[Figure]:
    """Measure it, ours and the limit in turn on the same database."""
    async with prepared(stage, _DATABASE) as (dsn, found), stage.serving(dsn) as port:
        take = steps(found, stage.token(OCMW, OCMW_COUNSELLOR))

        async def ours(seconds: float) -> Side:
            load = await Load.open(HOST, port, CONNECTIONS)
            result = await load.flat_out(take, seconds)
            load.close()
            assert set(result.statuses) == {201}, result.statuses
            return Side(result.per_second, {"p50": result.p50, "p99": result.p99})

        await ours(plan.seconds / 2)
        await pgbench(stage, dsn, _FUNCTION, plan.seconds / 2)
        own, limit, plain = await alternate(
            plan.rounds,
            lambda: ours(plan.seconds),
            lambda: pgbench(stage, dsn, _FUNCTION, plan.seconds),
            lambda: pgbench(stage, dsn, _PLAIN, plan.seconds),
        )
    await stage.drop(_DATABASE)
    return [
        Figure(
            name=f"append one event, {CONNECTIONS} connections",
            unit="/s",
            ours=median(own),
            beside=beside,
            limit=median(theirs),
            target=0.35,
            note=f"p50 {median(own, 'p50'):.1f} / p99 {median(own, 'p99'):.1f} ms; "
            f"pgbench p50 {median(theirs, 'p50'):.1f} / p99 {median(theirs, 'p99'):.1f} ms",
        )
        for beside, theirs in (
            ("pgbench, one call of our function", limit),
            ("pgbench, the same rows by plain statements", plain),
        )
    ]


@contextlib.asynccontextmanager
async def prepared(stage: Stage, name: str) -> AsyncIterator[tuple[str, list[History]]]:
    """Give a database with dossiers that both organisations follow; give half of them, the rest is pgbench's."""
    dsn = await stage.database(name)
    async with stage.services(dsn) as ready:
        found = histories(ready, 2 * _DOSSIERS)
        await record(ready, found)
        for organisation in (OCMW, VDAB):
            await ready.subscriptions.create(organisation, _NOWHERE)
    connection = await asyncpg.connect(dsn)
    await connection.execute(Path(__file__).with_name("limit.sql").read_text("utf-8"))
    await connection.close()
    yield dsn, found[::2]


def steps(found: list[History], token: str) -> Callable[[], bytes]:
    """Give what makes the next request: the plan agreed anew, in one dossier after the other."""
    bodies = cycle(
        (
            f"/v1/dossiers/{history.dossier_id}/events",
            msgspec.json.encode({"type": "followUp.planAgreed", "threadId": history.plan, "data": PLAN}),
        )
        for history in found
    )

    def take() -> bytes:
        path, body = next(bodies)
        return post(path, token, secrets.token_hex(16), body)

    return take


async def pgbench(stage: Stage, dsn: str, function: str, seconds: float) -> Side:
    """Let 32 clients write the same rows, each in dossiers of its own, so that nobody waits for a neighbour's lock."""
    each = _DOSSIERS // CONNECTIONS
    with tempfile.TemporaryDirectory(prefix="handover-pgbench-") as directory:
        Path(directory, _SCRIPT).write_text(  # noqa: ASYNC240 - nobody else waits on this loop
            f"\\set n :client_id * {each} + random(0, {each - 1})\nSELECT {function}(:n);\n", "ascii"
        )
        parts = urlsplit(dsn)
        query = parse_qs(parts.query)
        child = await asyncio.create_subprocess_exec(
            stage.server.programs / "pgbench",
            *("--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", "--jobs=2"),
            *(f"--time={max(round(seconds), 1)}", f"--file={_SCRIPT}", "--log", "--log-prefix=times"),
            env={
                "PATH": os.defpath,
                "PGHOST": query["host"][0],
                "PGPORT": query["port"][0],
                "PGUSER": (parts.netloc.rpartition("@")[0] or "handover"),
                "PGDATABASE": parts.path.strip("/"),
            },
            cwd=directory,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
        if child.returncode:
            message = f"pgbench ended with {child.returncode}: {err.decode()[-1000:]}"
            raise RuntimeError(message)
        times = _times(Path(directory))
    rate = next(line for line in out.decode().splitlines() if line.startswith("tps ="))
    return Side(float(rate.split()[2]), {"p50": quantile(times, 0.5), "p99": quantile(times, 0.99)})


def _times(directory: Path) -> list[float]:
    """Read what pgbench logged: the third word of a line is how long a transaction took, in microseconds."""
    logs = [log.read_text("ascii").splitlines() for log in directory.glob("times.*")]
    return sorted(int(line.split()[2]) / 1000 for lines in logs for line in lines)
