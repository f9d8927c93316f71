"""Removes one rule at a time from a copy of the program and runs the tests that should notice.

Prints, for each rule, the test that failed. Ends with 1 when a rule could be removed without any test failing, when its
text no longer stands where the table says, or when the tests already fail on the program as it is.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants import policy, walls
from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
_SECONDS = 300
_console = Console(highlight=False, width=160)
_PROOF = """
import sys, pathlib, handover
where, file, text = sys.argv[1:]
assert handover.__file__.startswith(where), handover.__file__
assert text in (pathlib.Path(where) / "handover" / file).read_text("utf-8")
"""


class Survived(Exception):  # noqa: N818 - what is reported, not a fault of the harness
    """A rule that went missing without any test failing, or could not be removed."""


def _environment(source: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}


def _tests(tests: tuple[str, ...], source: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *tests]
    return subprocess.run(
        command, cwd=ROOT, env=_environment(source), capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def _prove(source: Path, mutant: Mutant, text: str) -> None:
    """The child imports the copy, and in the copy the rule is gone."""
    command = [sys.executable, "-c", _PROOF, str(source), mutant.file, text]
    subprocess.run(command, cwd=ROOT, env=_environment(source), check=True, capture_output=True)


@contextlib.contextmanager
def _copy() -> Iterator[Path]:
    """Give the `src` of a copy of the program, with its migrations beside it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as place:
        root = Path(place).resolve()
        for part in ("src/handover", "migrations"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        yield root / "src"


def _killed(mutant: Mutant) -> str:
    """Give the test that failed once the rule was removed. Raises Survived."""
    with _copy() as source:
        file = source / "handover" / mutant.file
        whole = file.read_text("utf-8")
        if whole.count(mutant.text) != 1:
            raise Survived(f"its text stands {whole.count(mutant.text)} times in {mutant.file}, not once")
        file.write_text(whole.replace(mutant.text, mutant.instead), "utf-8")
        _prove(source, mutant, mutant.instead)
        done = _tests(mutant.tests, source)
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
        if done.returncode == 0 or not failed:
            raise Survived(f"no test of {', '.join(mutant.tests)} failed\n{done.stdout[-800:]}{done.stderr[-400:]}")
        return str(failed[0])


def main() -> int:
    """Run all mutants, or those of the policy or of row security only (`policy`, `walls`); give the exit status."""
    groups = {"rules": MUTANTS, "policy": policy.mutants(), "walls": walls.mutants()}
    asked = sys.argv[1:] or list(groups)
    chosen = tuple(mutant for name in asked for mutant in groups[name])
    everything = tuple(sorted({test for mutant in chosen for test in mutant.tests}))
    _console.print(f"{len(chosen)} rules; first the program as it is: {len(everything)} test files ...")
    with _copy() as source:
        untouched = _tests(everything, source)
    if untouched.returncode != 0:
        _console.print(untouched.stdout[-3000:], markup=False)
        return 1
    table = Table("rule, removed", "test that failed")
    survived = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = [(mutant, pool.submit(_killed, mutant)) for mutant in chosen]
        for mutant, result in running:
            try:
                table.add_row(mutant.rule, result.result())
            except Survived as error:
                survived += 1
                table.add_row(f"[bold]{mutant.rule}[/bold]", f"NONE: {error}")
    _console.print(table)
    _console.print(f"{len(chosen) - survived} of {len(chosen)} removed rules were noticed.")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
