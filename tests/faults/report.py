"""`make faults`: provoke every fault of the scorecard, and write what came of it into docs/reliability.md.

`--long` takes the durations and numbers that the scorecard names; without it the short forms run, as in every test run.
`--disarmed` provokes nothing: then every test must fail, because each demands proof that its fault happened.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
PAGE, KEPT = ROOT / "docs" / "reliability.md", ROOT / "docs" / "reliability.json"
FAULTS = {
    0: "Storm: APIs, workers and PostgreSQL killed at random",
    1: "API killed under load",
    2: "A process ends at a named step of its work",
    3: "Worker killed before it has sent",
    4: "Worker killed after the receiver said yes",
    5: "Worker stopped past its claim, then going on",
    6: "PostgreSQL killed",
    7: "Database sessions ended, those that listen included",
    8: "Database that does not write through",
    9: "Disk full",
    10: "Disk that fails to sync",
    11: "SIGTERM",
    12: "Older backup restored",
    13: "Migration under load, two versions at work",
    14: "Receiver resets the connection after the request",
    15: "Receiver answers a byte a second",
    16: "Gzip bomb, bodies and headers without an end",
    17: "Every status",
    18: "Silly Retry-After",
    19: "Outage of the receiver: seconds, 60 s, 300 s, 24 h",
    20: "One of 50 subscribers hangs",
    21: "One event is refused for good",
    22: "Receiver that comes and goes, workers killed meanwhile",
    23: "Recovery after an outage with many lanes waiting",
    24: "Replay, twice, the worker killed midway",
    25: "Late commit",
    26: "50 writers on one dossier",
    27: "The same request 20 times at once",
    28: "Same key, other body",
    29: "Outside system sends twice, reordered, cut off",
    30: "Clocks two days off",
    31: "Followers of the feed dropped, the API killed",
    32: "500 followers who wait",
    33: "Followers who do not read",
    34: "Forged tokens, bent cursors and ids",
    35: "Secrets rotated in mid-traffic",
    36: "Webhooks to where they may not go",
    41: "Record tampered with",
}
LINES = tuple(number for number in FAULTS if number)
"""The lines of the scorecard that are provoked here; the storm is none of them."""
NOT_PROVEN = "the fault did not happen"
Rows = list[dict[str, Any]]

_HEAD = """# What it withstood

Written by `make faults`, which provokes each fault with real processes, real sockets and a PostgreSQL of its own, under
a seeded load; nothing here is written by hand. Each test proves that its fault happened: with nothing provoked
(`make faults-disarmed`) every one of them fails. After each, the whole record is compared: what was acknowledged is
stored, once; what is stored and owed was delivered, in order within its dossier; no sequence has a gap; every chain
holds.

*Tried* counts requests to record something. *Lost* counts events that were acknowledged and are not stored.
*Duplicates* counts webhooks that arrived more than once, always with the same `webhook-id`; where the sender cannot
know whether its message was taken there is no other way. *Recovery* is how long after the fault all was well again.
"""


def main() -> int:
    """Run the faults; give pytest's exit code, or 1 when a line is missing or was not proven."""
    parser = ArgumentParser(description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--long", action="store_true")
    form.add_argument("--disarmed", action="store_true")
    parser.add_argument("-k", default="", help="only tests whose name fits; nothing is written then")
    asked = parser.parse_args()
    if asked.disarmed:
        return _disarmed(asked.k)
    started = datetime.now(UTC)
    code, rows = _run(asked.k, FAULTS_LONG="1" if asked.long else "")
    seconds = (datetime.now(UTC) - started).total_seconds()
    merged = merge(rows)
    missing = sorted(set(LINES) - {row["line"] for row in merged})
    lost = sum(row["lost"] for row in merged)
    sys.stdout.write(
        f"{sum(row['line'] in LINES for row in merged)} of {len(LINES)} faults provoked, "
        f"{sum(row['provoked'] for row in merged)} times; {sum(row['tried'] for row in merged)} requests to record; "
        f"{lost} acknowledged events lost; {sum(row['duplicates'] for row in merged)} duplicates; {seconds:.0f} s\n"
    )
    if asked.k:
        return code
    if missing:
        sys.stdout.write(f"Not shown: {', '.join(map(str, missing))}\n")
    else:
        keep("long" if asked.long else "short", merged, seconds)
    return code or int(bool(missing or lost))


def _run(which: str, **env: str) -> tuple[int, Rows]:
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory) / "results"
        results.touch()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/faults"]
        done = subprocess.run(
            [*command, *(("-k", which) if which else ())],
            cwd=ROOT,
            env={**os.environ, **env, "FAULTS_RESULTS": str(results)},
            check=False,
        )
        return done.returncode, [json.loads(line) for line in results.read_text("utf-8").splitlines()]


def _disarmed(which: str) -> int:
    with tempfile.TemporaryDirectory() as directory:
        outcome = Path(directory) / "outcome.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", f"--junitxml={outcome}"]
        subprocess.run(
            [*command, "tests/faults", *(("-k", which) if which else ())],
            cwd=ROOT,
            env={**os.environ, "FAULTS_DISARMED": "1"},
            check=False,
        )
        cases = list(ET.parse(outcome).iter("testcase"))  # noqa: S314 - written by the line above
    armed = [
        case for case in cases if case.get("name", "").startswith("test_") and "report" not in case.get("classname", "")
    ]
    wrong = [case.get("name") for case in armed if NOT_PROVEN not in ET.tostring(case, encoding="unicode")]
    for name in wrong:
        sys.stdout.write(f"{name}: does not notice that nothing was provoked\n")
    sys.stdout.write(f"{len(armed) - len(wrong)} of {len(armed)} fault tests fail when nothing is provoked\n")
    return int(bool(wrong or not armed))


def merge(rows: Rows) -> Rows:
    """Give one row for each line: several tests may share one."""
    lines = defaultdict[int, Rows](list)
    for row in rows:
        lines[row["line"]].append(row)
    return [_merged(lines[number]) for number in sorted(lines)]


def _merged(rows: Rows) -> dict[str, Any]:
    recoveries = [row["recovery"] for row in rows if row["recovery"] is not None]
    total = {name: sum(row[name] for row in rows) for name in ("tried", "lost", "duplicates", "provoked")}
    return {
        "line": rows[0]["line"],
        "how": _distinct(row["how"] for row in rows),
        "notes": list(dict.fromkeys(row["note"] for row in rows if row["note"])),
        "recovery": round(max(recoveries), 2) if recoveries else None,
        **total,
    }


def _distinct(texts: Any) -> str:  # noqa: ANN401 - any iterable of texts
    return "; ".join(dict.fromkeys(texts))


def keep(form: str, rows: Rows, seconds: float) -> None:
    """Write a run down, beside the last one of the other form."""
    runs = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    runs[form] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}",
        "seconds": round(seconds),
        "rows": rows,
    }
    KEPT.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(runs), "utf-8")


def page(runs: dict[str, Any]) -> str:
    """Give the page of the runs that are kept."""
    parts = [_HEAD]
    for form, title in (("short", "The short forms, as in every test run"), ("long", "The long forms")):
        if form in runs:
            parts.append(_section(title, runs[form]))
    return "\n".join(parts)


def _section(title: str, run: dict[str, Any]) -> str:
    rows: Rows = run["rows"]
    of_scorecard = sum(row["line"] in LINES for row in rows)
    facts = (
        f"{run['date']}, {run['machine']}: {of_scorecard} faults, "
        f"provoked {sum(row['provoked'] for row in rows)} times, "
        f"with {sum(row['tried'] for row in rows)} requests to record; "
        f"**{sum(row['lost'] for row in rows)} acknowledged events lost**. It took {run['seconds'] / 60:.0f} minutes."
    )
    table = [
        "| | fault | how provoked | times | tried | lost | duplicates | recovery |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    table += [_cells(row) for row in rows]
    notes = [f"- **{FAULTS[row['line']]}**: {'; '.join(row['notes'])}." for row in rows if row["notes"]]
    return "\n".join([f"## {title}", "", facts, "", *table, "", "What was seen:", "", *notes, ""])


def _cells(row: dict[str, Any]) -> str:
    recovery = "" if row["recovery"] is None else f"{row['recovery']:.1f} s"
    cells: Sequence[object] = (
        row["line"] or "",
        FAULTS[row["line"]],
        row["how"],
        row["provoked"],
        row["tried"],
        row["lost"],
        row["duplicates"],
        recovery,
    )
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
