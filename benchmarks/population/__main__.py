"""`python -m benchmarks.population`: fill a database, say how long it took, and check what was written."""

import argparse
import asyncio
import time

import uvloop

from benchmarks.population.filling import populate
from benchmarks.population.places import Size
from benchmarks.report import say
from benchmarks.stage import stage
from handover.inbox.check import check

_COUNTS = ("organisation", "counsellor", "dossier", "event", "feed", "inbox_dossier", "inbox_thread", "log_leaf")


def main() -> None:
    """Read the command line and fill."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.population", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=200_000)
    parser.add_argument("--check", action="store_true", help="fold every dossier afresh and compare")
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_fill(Size.full(asked.dossiers), checked=asked.check))


async def _fill(size: Size, *, checked: bool) -> None:
    async with stage() as ready:
        dsn = await ready.database("population")
        async with ready.services(dsn) as filling:
            for what, seconds in (await populate(filling, size)).items():
                say(f"{what}: {seconds:.1f} s")
            for table in _COUNTS:
                say(f"{table}: {await filling.pool.fetchval(f'SELECT count(*) FROM {table}'):,}")  # noqa: S608
            say(await filling.pool.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))"))
            if checked:
                started = time.monotonic()
                found = await check(filling.pool, filling.sealer)
                for difference in found[:20]:
                    say(str(difference))
                say(f"checked: {len(found)} differences ({time.monotonic() - started:.1f} s)")


if __name__ == "__main__":
    main()
