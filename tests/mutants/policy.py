"""Every rule of the policy, each removed by itself; made from the lines of its tables, so a new one is among them."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.table import Mutant

_FILE = "domain/policy.py"
_TEXT = (Path(__file__).parents[2] / "src" / "handover" / _FILE).read_text("utf-8")
_TESTS = ("tests/domain/test_policy.py",)
_ONLY_THAT = {"findDossier", "readAccessLog", "breakGlass"}
_ROW = re.compile(r'^    \((_\w), (_\w+), f?"([^"]+)", (\w+)\),$', re.MULTILINE)
_TASK = re.compile(r"^    (Task\.\w+): frozenset\(\{([^}]+)\}\),$", re.MULTILINE)


def _words(names: str) -> list[str]:
    read = re.search(r'^_READ = "([^"]+)"$', _TEXT, re.MULTILINE)
    assert read
    return names.replace("{_READ}", read[1]).split()


def _cells() -> Iterator[Mutant]:
    """One action of one role in one relation."""
    for row in _ROW.finditer(_TEXT):
        role, relation, names, classes = row.groups()
        for word in _words(names):
            rest = " ".join(name for name in _words(names) if name != word)
            instead = f'    ({role}, {relation}, "{rest}", {classes}),' if rest else ""
            yield Mutant(f"policy: {role} {relation} {word}", _FILE, row[0], instead or "    # none", _TESTS)


def _classes() -> Iterator[Mutant]:
    """What a row shows, and that it shows no more."""
    for row in _ROW.finditer(_TEXT):
        role, relation, names, classes = row.groups()
        for other in {"_NOTHING", "ALL"} - {classes}:
            if (classes, other) == ("_STEP", "ALL") and set(_words(names)) <= _ONLY_THAT:
                # These actions show no more than `step` whatever the row says: that is a rule of its own, below.
                continue
            instead = row[0].replace(f", {classes}),", f", {other}),")
            yield Mutant(f"policy: {role} {relation} sees {classes}, not {other}", _FILE, row[0], instead, _TESTS)


def _tasks() -> Iterator[Mutant]:
    for task in _TASK.finditer(_TEXT):
        roles = task[2].split(", ")
        for role in roles:
            rest = ", ".join(one for one in roles if one != role)
            instead = f"    {task[1]}: frozenset({{{rest}}}),".replace("{}", "")
            yield Mutant(f"policy: {task[1]} by {role}", _FILE, task[0], instead, _TESTS)
        yield Mutant(f"policy: {task[1]} not by everyone", _FILE, task[0], f"    {task[1]}: frozenset(Role),", _TESTS)


_RULES = (
    Mutant(
        "policy: software needs a scope for confidential fields",
        _FILE,
        "        if role is Role.INTEGRATION and CONFIDENTIAL_SCOPE not in scopes:\n"
        "            classes -= {Visibility.CONFIDENTIAL}\n",
        "        scopes = frozenset(scopes)\n",
        _TESTS,
    ),
    Mutant(
        "policy: finding shows no fields beyond step",
        _FILE,
        "classes & _STEP if action in _ONLY_THAT else classes",
        "classes",
        _TESTS,
    ),
    Mutant("policy: it narrows", _FILE, "else given & granted", "else given", _TESTS),
    Mutant("policy: it never widens", _FILE, "else given & granted", "else granted", _TESTS),
    Mutant(
        "policy: only who sees internal fields sees all of their own",
        _FILE,
        "given if own and Visibility.INTERNAL in granted else",
        "given if own else",
        _TESTS,
    ),
)


def mutants() -> tuple[Mutant, ...]:
    """Give them all."""
    found = (*_cells(), *_classes(), *_tasks(), *_RULES)
    assert len(found) > 100, "the tables are not written as they are read here"
    return found
