"""The event catalogue is what the tables say, the same each time, and the committed file equals it."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from handover.cli.catalogue import FILE, register, rendered
from handover.domain.agreeing import adjustable
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.kinds.common import EVERYWHERE
from handover.domain.threads import By, Kind
from handover.web.api.reference import CODE_LISTS
from handover.web.ui.fields import shapes_of
from handover.web.ui.words import WORDS, Language

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("handover")
TEXT = rendered()
OWN = [name for kind in KINDS for name in kind.rows]
"""The event types that have a section of their own; what every thread has is told once."""
_ANY = {f"{{kind}}.{row.name}": f"{KINDS[0].name}.{row.name}" for row in EVERYWHERE}
SECTIONS = dict(re.findall(r"^#### (\S+)\n(.*?)(?=^#{2,4} |\Z)", TEXT, re.MULTILINE | re.DOTALL))


async def _printed(hash_seed: str) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "catalogue",
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return out.decode(), err.decode()


def _run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def _rows_of(kind: str) -> list[list[str]]:
    """The cells of the rows of a kind's transition tables."""
    found = re.search(rf"^## {kind}\n(.*?)(?=^#### )", TEXT, re.MULTILINE | re.DOTALL)
    assert found, kind
    lines = [line for line in found[1].splitlines() if line.startswith("| ")]
    return [c for c in (line.strip("| ").split(" | ") for line in lines) if c[0] not in {"event", "---"}]


def test_the_committed_file_is_the_catalogue() -> None:
    assert (ROOT / FILE).read_text("utf-8") == TEXT, "run `handover catalogue --write` and commit the result"


async def test_it_prints_the_same_whatever_the_order_of_sets() -> None:
    first, second = [await _printed(seed) for seed in ("1", "4711")]
    assert first == second == (TEXT, "")


def test_a_file_that_differs_fails_the_check_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "events.md"
    assert _run("--check", "--file", str(file))[0] == 1, "a file that is not there"
    assert _run("--write", "--file", str(file)) == (0, "")
    assert _run("--check", "--file", str(file)) == (0, "")
    changed = TEXT.replace("question.asked", "question.put", 1)
    file.write_text(changed, "utf-8")
    code, out = _run("--check", "--file", str(file))
    assert code == 1
    assert "events.md" in out.replace("\n", "")
    assert file.read_text("utf-8") == changed, "a check writes nothing"


def test_every_event_type_has_its_section_and_no_other() -> None:
    assert list(SECTIONS) == [*_ANY, *OWN]


@pytest.mark.parametrize("section", [*_ANY, *OWN])
def test_a_section_holds_words_fields_and_an_example(section: str) -> None:
    text, event_type = SECTIONS[section], EVENT_TYPES[_ANY.get(section, section)]
    assert text.startswith(f"\n*{WORDS[Language.NL].event(event_type.name, 'title', about='…')}.*")
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    assert set(told) == set(event_type.visibility)
    for shape in shapes_of(event_type.name):
        needed, level, holds = told[shape.name].split(" | ")
        assert (needed == "yes") is shape.required
        assert Visibility(level) is event_type.visibility[shape.name]
        lists = re.findall(r"/v1/refData/(\w+)", holds)
        assert lists or not shape.codes
        assert all(name in CODE_LISTS or name == "legalBases" for name in lists)
    example = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])  # type: ignore[index]
    assert example["type"] == section
    assert msgspec.convert(example["data"], event_type.strict) is not None
    assert ("cannot be posted" in text) is not event_type.is_posted


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_table_has_a_row_for_each_row_of_its_kind(kind: Kind) -> None:
    rows = _rows_of(kind.name)
    assert all(len(row) == 7 for row in rows)
    assert sorted(row[0] for row in rows) == sorted(row.name for row in kind.table)
    system = {row.name for row in kind.table if row.by is By.SYSTEM}
    assert {row[0] for row in rows if row[3] == "*system*"} == system
    for row in kind.table:
        for guard in row.guards:
            assert any(guard.name in told[6] for told in rows if told[0] == row.name)


def test_a_number_is_marked_exactly_where_an_agreement_can_set_it() -> None:
    marked = {f"{kind.name}.{row[0]}" for kind in KINDS for row in _rows_of(kind.name) if "*" in row[5]}
    assert marked == set(adjustable())


def test_due_moments_name_fields_as_they_travel() -> None:
    dues = {row[5] for kind in KINDS for row in _rows_of(kind.name)}
    assert "on reviewOn" in dues
    assert not any("_" in due for due in dues)


def test_it_says_who_does_not_see_a_restricted_kind_and_what_no_mandate_opens() -> None:
    for kind in KINDS:
        section = TEXT.split(f"\n## {kind.name}\n")[1].split("\n| ")[0]
        assert ("hidden from partners" in section) is kind.restricted
        assert ("No mandate opens" in section) is not kind.mandate_opens
        assert ("starts the period anew" in section) is bool(kind.restarts)
