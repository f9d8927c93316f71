"""Row security, taken down piece by piece; made from the lines of the migration, so that a new table is among them."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.table import Mutant

_VERSIONS = "../../migrations/versions"
_WALLS, _ROLES = f"{_VERSIONS}/0012_walls.py", f"{_VERSIONS}/0011_roles.sql"
_TEXT = (Path(__file__).parents[2] / "migrations" / "versions" / "0012_walls.py").read_text("utf-8")
_TESTS = ("tests/access/test_walls.py",)
_ROW = re.compile(r'^    "([a-z._]+)": (.+),$', re.MULTILINE)
_ENABLE = 'f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"'


def _tables() -> Iterator[Mutant]:
    """Each table without its wall, and with one that the audit cannot tell from a good one and that holds nobody."""
    for table, seen in _ROW.findall(_TEXT):
        yield Mutant(f"wall: {table}", _WALLS, _ENABLE, f'{_ENABLE} if table != "{table}" else "SELECT 1"', _TESTS)
        if seen != '""':
            wider = f'    "{table}": {seen} + " OR cardinality(asking()) > 0",'
            yield Mutant(f"wall: {table} to its own", _WALLS, f'    "{table}": {seen},', wider, _TESTS)


_NOTICES = f"{_VERSIONS}/0013_notices.sql"


def _notices() -> Iterator[Mutant]:
    """The same of the two tables of the migration after it, which is written as SQL."""
    for table in ("notice_preference", "push_subscription"):
        enabled = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        yield Mutant(f"wall: {table}", _NOTICES, enabled, "", _TESTS)
        policy = f"ON {table} TO handover_app USING (organisation_id = ANY ((SELECT asking())::text[]))"
        wider = policy[:-1] + " OR cardinality(asking()) > 0)"
        yield Mutant(f"wall: {table} to its own", _NOTICES, policy, wider, _TESTS)


_FOR_WHOM = """ AND EXISTS (
        SELECT FROM inscribed i WHERE i.dossier_id = p_dossier AND i.organisation_id = ANY (asking())
    )"""
_REVOKED = (
    "REVOKE INSERT, UPDATE, DELETE ON event, feed, inscribed, dossier, alembic_version FROM handover_worker;",
    "REVOKE UPDATE, DELETE ON log_leaf, checkpoint FROM handover_worker;",
)
_PUBLIC = "FUNCTIONS IN SCHEMA %I FROM PUBLIC'"
_DOOR, _PRODUCTION = "platform/walls.py", ("tests/access/test_production.py",)
_RULES = (
    *(
        Mutant(f"wall: {rule}", file, text, instead, _TESTS)
        for rule, file, text, instead in (
            ("a statement says for whom", _DOOR, "_names().replace(", '"".replace('),
            ("only within its transaction", _DOOR, "'{}', true)", "'{}', false)"),
            ("several statements too", _DOOR, "$1, true)", "$1, false)"),
            ("marks are for who is in the dossier", _ROLES, _FOR_WHOM, ""),
            ("a counsellor's dossiers are one's own", _ROLES, " AND i.organisation_id = ANY (asking());", ";"),
            ("threads that one is told of too", _ROLES, " AND t.organisation_id = ANY (asking());", ";"),
            ("the journal is not the worker's to change", _ROLES, _REVOKED[0], ""),
            ("sealed leaves and checkpoints stay", _ROLES, _REVOKED[1], ""),
            ("nobody else runs its functions", _ROLES, _PUBLIC, _PUBLIC.replace("PUBLIC", "handover_app")),
            (
                "the owner's functions find their own tables",
                _ROLES,
                "SET search_path = %I, pg_temp'",
                "RESET search_path'",
            ),
            ("it looks at itself at the start", "record/wall_audit.py", "    if found:", "    if False:"),
        )
    ),
    Mutant(
        "wall: in production at the login too",
        "wiring.py",
        "login=settings.mode is Mode.PRODUCTION",
        "login=False",
        _PRODUCTION,
    ),
)


def mutants() -> tuple[Mutant, ...]:
    """Give them all."""
    found = (*_tables(), *_notices(), *_RULES)
    assert len(found) > 40, "the walls are not written as they are read here"
    return found
