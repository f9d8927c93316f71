"""`make click`: twenty people click from inbox to dossier and back, on an instance as large as it is meant for.

Each signs in as a counsellor with work to do, waits between clicks as people do, and takes the address of the next
dossier from the page that is open. A page's time goes from the request to the last byte of the answer.
"""

import argparse
import asyncio
import contextlib
import random
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg
import uvloop

from benchmarks.figures import Plan
from benchmarks.load import quantile
from benchmarks.population.filling import populate
from benchmarks.population.places import VDAB, Size
from benchmarks.report import machine, say, write_part
from benchmarks.stage import HOST, Stage, stage
from handover.record.migrate import upgrade
from handover.web.ui.session import COOKIE

PEOPLE = 20
SHORTEST_THINK, LONGEST_THINK = 0.5, 1.5
LIMIT_MS = 100
_DATABASE = "population"
_PART = "clicking"
DOSSIER = re.compile(r"/dossiers/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=[\"?#/])")
_BESIDE = ("/?whose=team", "/dossiers", "/contacts", "/team")
"""What people look at now and then."""
_WARM_SECONDS = 15.0
# Counsellors who have at least as many dossiers as a share of their kind has.
BUSY = """
SELECT organisation_id, counsellor_id FROM (
    SELECT i.organisation_id, c.counsellor_id, count(*) AS dossiers,
           percent_rank() OVER (PARTITION BY o.kind ORDER BY count(*)) AS rank
    FROM inbox_dossier i
    CROSS JOIN LATERAL unnest(i.counsellors) AS c (counsellor_id)
    JOIN organisation o USING (organisation_id)
    WHERE o.kind = $1 GROUP BY o.kind, 1, 2
) found ORDER BY rank < $2, hashtext(counsellor_id || $3) LIMIT $4
"""


@dataclass(slots=True)
class Times:
    """How long pages of a kind took, in milliseconds, and how large they were."""

    took: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def row(self, name: str) -> tuple[str, ...]:
        """Give a line of the table."""
        ordered = sorted(self.took)
        middle = (f"{quantile(ordered, share):.0f} ms" for share in (0.5, 0.95, 0.99))
        return (name, str(len(ordered)), *middle, f"{quantile(sorted(self.sizes), 0.5) / 1000:.1f} kB")


Run = dict[str, Times]


class Person:
    """Somebody at a browser: one connection, a cookie, and the page that is open."""

    def __init__(self, http: aiohttp.ClientSession, secret: str, chance: random.Random) -> None:
        self._http = http
        self._cookie = {"Cookie": f"{COOKIE}={secret}", "Accept-Encoding": "gzip"}
        self._chance = chance
        self._dossiers: Sequence[str] = ()

    async def click(self, until: float, think: tuple[float, float], run: Run, beside: Sequence[str]) -> None:
        """Go from inbox to dossier and back until then."""
        await asyncio.sleep(self._chance.uniform(0, think[1]))
        while time.monotonic() < until:
            await self._open("/", "inbox", run)
            await self._think(think)
            if self._dossiers:
                await self._open(self._chance.choice(self._dossiers), "dossier", run)
                await self._think(think)
            if beside and self._chance.random() < 0.2:
                address = self._chance.choice(beside)
                await self._open(address, address, run)
                await self._think(think)

    async def finds(self, address: str) -> bool:
        """Tell whether there is such a page."""
        async with self._http.get(address, headers=self._cookie, allow_redirects=False) as answer:
            return answer.status == 200

    async def _open(self, address: str, name: str, run: Run) -> None:
        started = time.perf_counter()
        async with self._http.get(address, headers=self._cookie, allow_redirects=False) as answer:
            body = await answer.read()
            took = (time.perf_counter() - started) * 1000
            assert answer.status == 200, f"{address}: {answer.status}"
            run[name].took.append(took)
            run[name].sizes.append(int(answer.headers.get("Content-Length") or len(body)))
            if name == "inbox":
                self._dossiers = sorted(set(DOSSIER.findall(await answer.text())))

    async def _think(self, think: tuple[float, float]) -> None:
        await asyncio.sleep(self._chance.uniform(*think))


async def measure(ready: Stage, dsn: str, seconds: float) -> tuple[Run, Run]:
    """Click with time to think, then as fast as pages come."""
    async with ready.serving(dsn) as port, ready.working(dsn), _people(ready, dsn, port) as people:
        beside = [address for address in _BESIDE if await people[0].finds(address)]
        await _clicks(people, _WARM_SECONDS, (0.1, 0.3), beside)
        thoughtful = await _clicks(people, seconds, (SHORTEST_THINK, LONGEST_THINK), beside)
        return thoughtful, await _clicks(people, seconds / 3, (0, 0), beside)


async def _clicks(people: Sequence[Person], seconds: float, think: tuple[float, float], beside: Sequence[str]) -> Run:
    run: Run = defaultdict(Times)
    until = time.monotonic() + seconds
    await asyncio.gather(*(person.click(until, think, run, beside) for person in people))
    return run


@contextlib.asynccontextmanager
async def _people(ready: Stage, dsn: str, port: int) -> AsyncIterator[list[Person]]:
    """Sign people in: two in five at VDAB, the rest in OCMWs, one of each with more work than most."""
    chance = random.Random(1)  # noqa: S311 - the same clicks each time
    owner = await asyncpg.connect(dsn)
    who = []
    for kind, rank, count in (
        ("vdab", 0.3, PEOPLE * 2 // 5 - 1),
        ("vdab", 0.99, 1),
        ("ocmw", 0.3, PEOPLE * 3 // 5 - 1),
        ("ocmw", 0.99, 1),
    ):
        who += await owner.fetch(BUSY, kind, rank, str(rank), count)
    await owner.close()
    assert len(who) == PEOPLE, len(who)
    async with (
        ready.services(dsn) as filling,
        aiohttp.ClientSession(
            f"http://{HOST}:{port}",
            connector=aiohttp.TCPConnector(limit=PEOPLE),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as http,
    ):
        secrets = [await filling.sessions.begin(row["organisation_id"], row["counsellor_id"], ()) for row in who]
        yield [Person(http, secret, random.Random(chance.random())) for secret in secrets]  # noqa: S311 - as above


@contextlib.asynccontextmanager
async def populated(dossiers: int, kept: Path | None) -> AsyncIterator[tuple[Stage, str]]:
    """Give a stage with the population, filled now unless it is kept there from before."""
    async with stage(kept) as ready:
        if not await ready.has(_DATABASE):
            dsn = await ready.database(_DATABASE)
            async with ready.services(dsn) as filling:
                parts = await populate(filling, Size.full(dossiers))
            say(", ".join(f"{what} {seconds:.0f} s" for what, seconds in parts.items()))
        else:
            await upgrade(ready.address(_DATABASE))
        yield ready, ready.address(_DATABASE)


async def _described(ready: Stage, dsn: str, seconds: float) -> str:
    owner = await asyncpg.connect(dsn)
    counts = [
        f"{await owner.fetchval(f'SELECT count(*) FROM {table}'):,} {words}"  # noqa: S608 - our own names
        for table, words in (
            ("organisation", "organisations"),
            ("counsellor", "counsellors"),
            ("dossier", "dossiers"),
            ("event", "events"),
        )
    ]
    at_vdab = await owner.fetchval("SELECT count(*) FROM counsellor WHERE organisation_id = $1", VDAB)
    size = await owner.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    await owner.close()
    about = (await machine(ready, Plan.short())).splitlines()
    about[1] = (
        f"- {', '.join(counts)} ({at_vdab:,} of the counsellors at VDAB), {size}\n"
        f"- {PEOPLE} people, {seconds:.0f} s, {SHORTEST_THINK:g} to {LONGEST_THINK:g} s between clicks; "
        "one API process, one worker, the database and the people on the same cores"
    )
    return "\n".join(about)


def table(run: Run) -> str:
    """Write what was measured as a Markdown table, inbox and dossier first."""
    head = ("page", "answers", "p50", "p95", "p99", "sent, packed")
    names = sorted(run, key=lambda name: (name not in {"inbox", "dossier"}, name))
    lines = [head, tuple("---" for _ in head), *(run[name].row(name) for name in names)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def verdict(run: Run) -> str:
    """Say for inbox and dossier whether they keep the limit."""
    found = {name: quantile(sorted(run[name].took), 0.95) for name in ("inbox", "dossier")}
    words = (f"{name} {took:.0f} ms ({'met' if took < LIMIT_MS else '**missed**'})" for name, took in found.items())
    return f"p95 below {LIMIT_MS} ms is wanted: {', '.join(words)}."


def main() -> None:
    """Read the command line, click, and write the tables down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clicking", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kept", type=Path, help="a directory in which the population stays for the next time")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(asked.dossiers, asked.seconds, asked.kept, dry=asked.dry))


async def _measure(dossiers: int, seconds: float, kept: Path | None, *, dry: bool) -> None:
    async with populated(dossiers, kept) as (ready, dsn):
        about = await _described(ready, dsn, seconds)
        thoughtful, hurried = await measure(ready, dsn, seconds)
    text = (
        f"{about}\n\n{verdict(thoughtful)}\n\n{table(thoughtful)}\n\n"
        f"The same without time to think, as information ({PEOPLE} requests always under way):\n\n{table(hurried)}"
    )
    say(text)
    if not dry:
        say(f"\nWritten to {write_part(_PART, text)}")


if __name__ == "__main__":
    main()
