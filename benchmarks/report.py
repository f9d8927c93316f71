"""The machine, the table, and the part of docs/performance.md that holds both."""

import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import asyncpg

from benchmarks.figures import Figure, Plan
from benchmarks.stage import Stage
from handover import __version__
from handover.platform.clock import Clock

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
_PACKAGES = (
    "asyncpg",
    "uvloop",
    "uvicorn",
    "fastapi",
    "msgspec",
    "aiohttp",
    "sqlalchemy",
    "pydantic",
    "eventsourcing",
    "psycopg",
    "pgqueuer",
    "procrastinate",
)
_HEAD = ("figure", "ours", "beside", "theirs", "ours ÷ theirs", "target", "more")


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def machine(stage: Stage, plan: Plan) -> str:
    """Describe what this run ran on, and how it was run."""
    connection = await asyncpg.connect(stage.server.dsn("postgres"))
    server = await connection.fetchval("SHOW server_version")
    durable = [f"{name} {await connection.fetchval(f'SHOW {name}')}" for name in ("fsync", "synchronous_commit")]
    await connection.close()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    middle, slow = sync_times(stage.data_dir)
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return "\n".join(
        [
            f"- {Clock().now():%Y-%m-%d %H:%M} UTC, handover {__version__}",
            f"- medians of {plan.rounds} alternating rounds of {plan.seconds:g} s under load",
            f"- {os.cpu_count()} cores ({_processor()}), {memory:.0f} GB memory, {platform.platform(terse=True)}",
            f"- load average of the minute before: {os.getloadavg()[0]:.1f} (anything above 0.5 disturbs)",
            f"- writing 8 KiB and fdatasync: median {middle:.2f} ms, p99 {slow:.2f} ms",
            f"- PostgreSQL {server}, {', '.join(durable)}; Python {platform.python_version()}; {packages}",
        ]
    )


def sync_times(directory: Path, times: int = 300) -> tuple[float, float]:
    """Give the median and p99 of writing a page and having it on the disk, in milliseconds."""
    page, took = os.urandom(8192), []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        file.write(page * times)
        os.fsync(file.fileno())
        for number in range(times):
            started = time.perf_counter()
            os.pwrite(file.fileno(), page, number * 8192)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took), sorted(took)[int(times * 0.99)]


def table(figures: list[Figure]) -> str:
    """Write figures as a Markdown table."""
    lines = [_HEAD, tuple("---" for _ in _HEAD), *(_row(figure) for figure in figures)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write(about: str, figures: list[Figure]) -> Path:
    """Put machine and table into the document."""
    return write_part("figures", f"{about}\n\n{table(figures)}")


def write_part(name: str, text: str) -> Path:
    """Put a text into the document between its marks; the words around them stay."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = DOCUMENT.read_text("utf-8")
    before, _, rest = whole.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        message = f"{DOCUMENT} has lost its marks {begin} and {end}"
        raise RuntimeError(message)
    DOCUMENT.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", "utf-8")
    return DOCUMENT


def _row(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.better == "higher" else "≤"
    target = "" if figure.target is None else f"{sign} {figure.target:g} {'met' if figure.met else '**missed**'}"
    return (
        figure.name,
        _number(figure.ours, figure.unit),
        figure.beside,
        _number(figure.limit, figure.unit),
        f"{figure.ratio:.2f}",
        target,
        figure.note,
    )


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
