"""`make lighthouse`: Google's Lighthouse on inbox and dossier of a busy counsellor, as a phone and as a desk has them.

Signed in by the cookie of a session; each page is loaded as on a first visit. The median of the runs is shown.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import uvloop
from tests.web.ui import chromium

from benchmarks.clicking import BUSY, DOSSIER, populated
from benchmarks.report import say, write_part
from benchmarks.stage import HOST, Stage
from handover.web.ui.session import COOKIE

_PART = "lighthouse"
_PROGRAM = Path(__file__).parents[1] / "tests" / "node" / "node_modules" / "lighthouse" / "cli" / "index.js"
_CATEGORIES = ("performance", "accessibility", "best-practices")
_WANTED = 95
_TRIES = 3
_METRICS = {
    "first-contentful-paint": "first paint",
    "largest-contentful-paint": "largest paint",
    "total-blocking-time": "blocked",
    "cumulative-layout-shift": "shift",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What Lighthouse said of one load."""

    scores: dict[str, float]
    metrics: dict[str, str]
    bytes: int
    failed: tuple[str, ...]
    """The audits that count and were not passed."""
    version: str


async def loaded(address: str, cookie: str, *, desktop: bool) -> Report:
    """Let Lighthouse load a page, again where it lost its own trace of it. Raises RuntimeError when it cannot."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(RuntimeError):
            return await _once(address, cookie, desktop=desktop)
    return await _once(address, cookie, desktop=desktop)


async def _once(address: str, cookie: str, *, desktop: bool) -> Report:
    with tempfile.TemporaryDirectory(prefix="handover-lighthouse-") as directory:
        written = Path(directory, "report.json")
        child = await asyncio.create_subprocess_exec(
            *("node", _PROGRAM, address, "--quiet", "--output=json", f"--output-path={written}"),
            *(f"--only-categories={','.join(_CATEGORIES)}", "--no-enable-error-reporting"),
            *(["--preset=desktop"] if desktop else []),
            f"--extra-headers={json.dumps({'Cookie': cookie})}",
            "--chrome-flags=--headless=new --no-sandbox --disable-background-networking --disable-component-update",
            env={**os.environ, "CHROME_PATH": chromium.WHOLE},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await child.communicate()
        if child.returncode or not written.exists():  # noqa: ASYNC240 - nobody else waits on this loop
            message = f"lighthouse ended with {child.returncode}: {complaint.decode()[-1000:]}"
            raise RuntimeError(message)
        return _read(json.loads(written.read_text("utf-8")), address)  # noqa: ASYNC240 - as above


def _read(found: dict[str, Any], address: str) -> Report:
    # A page that sent the visitor elsewhere (to sign in) would be measured instead.
    assert found["finalDisplayedUrl"].startswith(address), found["finalDisplayedUrl"]
    audits = found["audits"]
    counted = {r["id"] for name in _CATEGORIES for r in found["categories"][name]["auditRefs"] if r["weight"]}
    failed = [
        f"{name} ({audits[name].get('displayValue') or audits[name]['score']})"
        for name in sorted(counted)
        if audits[name]["score"] is not None and audits[name]["score"] < 0.9
    ]
    return Report(
        scores={name: found["categories"][name]["score"] * 100 for name in _CATEGORIES},
        metrics={shown: audits[name]["displayValue"].replace("\u00a0", " ") for name, shown in _METRICS.items()},
        bytes=int(audits["total-byte-weight"]["numericValue"]),
        failed=tuple(failed),
        version=found["lighthouseVersion"],
    )


async def measure(ready: Stage, dsn: str, runs: int) -> tuple[str, bool]:
    """Give the table, and whether every score is as high as it is wanted."""
    owner = await asyncpg.connect(dsn)
    (who,) = await owner.fetch(BUSY, "ocmw", 0.8, "lighthouse", 1)
    await owner.close()
    async with ready.services(dsn) as filling:
        secret = await filling.sessions.begin(who["organisation_id"], who["counsellor_id"], ())
    cookie = f"{COOKIE}={secret}"
    async with ready.serving(dsn) as port, ready.working(dsn):
        base = f"http://{HOST}:{port}"
        async with aiohttp.ClientSession(base, headers={"Cookie": cookie}) as http, http.get("/") as answer:
            dossier = min(DOSSIER.findall(await answer.text()))
        rows, notes, met, version = [], set(), True, ""
        for name, address in (("inbox", "/"), ("dossier", dossier)):
            for desktop in (False, True):
                reports = [await loaded(base + address, cookie, desktop=desktop) for _ in range(runs)]
                scores = {c: statistics.median(report.scores[c] for report in reports) for c in _CATEGORIES}
                middle = sorted(reports, key=lambda report: report.scores["performance"])[runs // 2]
                met = met and min(scores.values()) >= _WANTED
                version = middle.version
                notes |= {f"{name}: {failed}" for failed in middle.failed}
                figures = [*(f"{scores[c]:.0f}" for c in _CATEGORIES), *middle.metrics.values()]
                rows.append((name, "desktop" if desktop else "mobile", *figures, f"{middle.bytes / 1000:.0f} kB"))
    head = ("page", "as", *(c.replace("-", " ") for c in _CATEGORIES), *_METRICS.values(), "loaded")
    lines = [head, tuple("---" for _ in head), *rows]
    told = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    below = "\n".join(f"- {note}" for note in sorted(notes)) or "- none"
    words = (
        f"Lighthouse {version}, median of {runs}; {_WANTED} or above is wanted for each: "
        f"{'met' if met else '**missed**'}.\n\n{told}\n\nAudits that count and score below 0.9:\n\n{below}"
    )
    return words, met


def main() -> None:
    """Read the command line, measure, and write the table down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lighthouse", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dossiers", type=int, default=4_000)
    parser.add_argument("--kept", type=Path, help="a directory in which the population stays for the next time")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(asked.dossiers, asked.runs, asked.kept, dry=asked.dry))


async def _measure(dossiers: int, runs: int, kept: Path | None, *, dry: bool) -> None:
    async with populated(dossiers, kept) as (ready, dsn):
        text, _ = await measure(ready, dsn, runs)
    say(text)
    if not dry:
        say(f"\nWritten to {write_part(_PART, text)}")


if __name__ == "__main__":
    main()
