"""The TypeScript types: as the description gives them, compiled with the examples, and strict enough to help."""

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.generate import NODE, TYPESCRIPT, document, typescript

HERE = Path(__file__).parent / "typescript"
EXAMPLE = TYPESCRIPT.parent
Compile = Callable[[], list[str]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The example with its own settings of the compiler, and the uses that are tested, beside the packages."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "*.js"))
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    return tmp_path


def complaints(place: Path) -> list[str]:
    """Give what the compiler says."""
    command = ["node", "node_modules/typescript/bin/tsc", "--strict", "--noEmit"]
    done = subprocess.run(command, cwd=place, check=False, capture_output=True, text=True)
    found = re.findall(r"^\S+\.ts\(\d+,\d+\): error .*$", done.stdout, re.MULTILINE)
    assert (done.returncode == 0) is (not found), done.stdout
    return found


def test_the_types_are_up_to_date() -> None:
    """When this fails: `make client`, and commit the result."""
    assert TYPESCRIPT.read_text("utf-8") == typescript()


def test_the_example_and_good_uses_compile_and_wrong_ones_do_not(place: Path) -> None:
    """`@ts-expect-error` is itself an error where the next line has none."""
    assert complaints(place) == []
    uses = (place / "uses.ts").read_text("utf-8")
    remarks = uses.count("// @ts-expect-error")
    assert remarks == 9
    (place / "uses.ts").write_text(uses.replace("// @ts-expect-error", "//"), "utf-8")
    assert len(complaints(place)) >= remarks


def test_a_field_that_is_renamed_in_the_description_is_noticed(place: Path, tmp_path: Path) -> None:
    changed: dict[str, Any] = copy.deepcopy(document())
    properties = changed["components"]["schemas"]["Feed"]["properties"]
    properties["place"] = properties.pop("cursor")
    described = tmp_path / "changed.json"
    described.write_text(json.dumps(changed), "utf-8")
    types = typescript(described)
    assert types != TYPESCRIPT.read_text("utf-8")
    (place / "handover.d.ts").write_text(types, "utf-8")
    found = complaints(place)
    assert any(line.startswith("follow.ts") and "cursor" in line for line in found)


def test_the_example_asks_for_what_is_tested() -> None:
    tested = json.loads((NODE / "package.json").read_text("utf-8"))["dependencies"]
    example = json.loads((EXAMPLE / "package.json").read_text("utf-8"))
    asked = example["dependencies"] | example["devDependencies"]
    assert asked == {name: tested[name] for name in asked}


def test_the_lock_names_no_host_of_a_registry() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text("utf-8"))
    assert len(lock["packages"]) > 100
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name
