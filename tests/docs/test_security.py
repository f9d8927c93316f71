"""Each row of the threat model points at a test that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_every_row_names_tests_that_are_there() -> None:
    rows = [
        line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| who |", "| chapter |"))
    ]
    rows = [line for line in rows if line.split("|")[1].strip()]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row
        for path in named:
            tests = re.findall(r"def (test_\w+)", (ROOT / path).read_text("utf-8"))
            assert tests, path
