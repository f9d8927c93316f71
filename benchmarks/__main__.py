"""`python -m benchmarks`: measure, print the table, and write it to docs/performance.md."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

import uvloop

from benchmarks import append, delivery, inbox, latency, replay, timeline
from benchmarks.figures import Figure, Plan
from benchmarks.report import machine, say, table, write
from benchmarks.stage import Stage, stage

MEASURES: dict[str, Callable[[Stage, Plan], Awaitable[list[Figure]]]] = {
    "append": append.measure,
    "timeline": timeline.measure,
    "replay": replay.measure,
    "delivery": delivery.measure,
    "latency": latency.measure,
    "inbox": inbox.measure,
}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--long", action="store_true", help="longer runs, more rounds, more data")
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(MEASURES)}; nothing is written")
    asked = parser.parse_args()
    chosen = [name for name in asked.only.split(",") if name] or list(MEASURES)
    unknown = [name for name in chosen if name not in MEASURES]
    if unknown:
        parser.error(f"--only knows {', '.join(MEASURES)}, not {', '.join(unknown)}")
    plan = Plan.long() if asked.long else Plan.short()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(chosen, plan))


async def _measure(chosen: list[str], plan: Plan) -> None:
    figures: list[Figure] = []
    async with stage() as ready:
        about = await machine(ready, plan)
        say(about)
        for name in chosen:
            started = time.monotonic()
            found = await MEASURES[name](ready, plan)
            figures += found
            say(f"\n{name} ({time.monotonic() - started:.0f} s)\n{table(found)}")
    if len(chosen) == len(MEASURES):
        say(f"\nWritten to {write(about, figures)}")


main()
