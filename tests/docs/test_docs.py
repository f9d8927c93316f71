"""Documents say what the code does: every setting, command and make target is named; no link leads nowhere."""

import re
from pathlib import Path

import pytest

from handover.cli.main import COMMANDS
from handover.platform.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in (ROOT / "docs" / "settings.md").read_text("utf-8")


def test_no_setting_is_documented_that_does_not_exist() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {"HANDOVER_LINO_PASSWORD"}
    assert set(re.findall(r"`(HANDOVER_[A-Z_]+)`", text)) <= known


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = COMMANDS
    missing = [name for name in commands if f"`{name}" not in readme]
    assert missing == []


def test_make_targets_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text("utf-8"), re.MULTILINE):
            assert target in targets, f"{document.name}: make {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target
