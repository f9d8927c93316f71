"""What the client brings along: httpx and msgspec, no part of the service, and hardly any time."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.generate import PACKAGE

ALLOWED = {"httpx", "msgspec", "handover.client"}
LOADED = """
import json, sys, time
import httpx
before, began = set(sys.modules), time.perf_counter()
import handover.client
print(json.dumps([time.perf_counter() - began, sorted(set(sys.modules) - before)]))
"""


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_it_imports_httpx_and_msgspec_alone(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module or "")
    outside = {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}
    outside = {name for name in outside if not any(name == one or name.startswith(f"{one}.") for one in ALLOWED)}
    assert {name.split(".")[0] for name in outside} <= ({"cryptography"} if path.name == "webhooks.py" else set())


def test_importing_it_loads_nothing_else_and_is_quick() -> None:
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
        took, loaded = json.loads(done.stdout)
        seconds.append(took)
        ours = {name for name in loaded if name.startswith("handover.") and not name.startswith("handover.client")}
        tops = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names)
        assert ours == set()
        assert tops <= {"handover", "msgspec", "typing_extensions"}, "msgspec asks for the last where it is there"
    assert min(seconds) < 0.3
