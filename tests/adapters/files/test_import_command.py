"""`handover import file` as an operator meets it, on a real database."""

import asyncio
import csv
import io
import stat
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest
from tests.adapters.files.sheets import CLIENTS, client, csv_of
from tests.instance import number
from typer.testing import CliRunner, Result

from handover.cli import import_lino
from handover.domain.codes import OrganisationKind, Purpose
from handover.domain.parties import LegalBasis, Organisation
from handover.platform.db import open_pool
from handover.record.directory import save_legal_basis, save_organisation

OCMW = Organisation(
    organisation_id="ocmw-lindedal", kind=OrganisationKind.OCMW, enterprise_number="0123456749", name="OCMW Lindedal"
)
BASIS = LegalBasis(
    legal_basis_id="demo-protocol",
    title="",
    reference="",
    purposes=frozenset(Purpose),
    valid_from=date(2020, 1, 1),
)


@pytest.fixture
async def settled(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Pool]:
    """An instance with one OCMW and one legal basis, steered as an operator does."""
    monkeypatch.setenv("HANDOVER_DATABASE_URL", database)
    monkeypatch.setenv("HANDOVER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    pool = await open_pool(database, size=1, application_name="test")
    await save_organisation(pool, OCMW)
    await save_legal_basis(pool, BASIS)
    yield pool
    await pool.close()


def imported(path: Path, *options: str) -> Result:
    return CliRunner().invoke(import_lino.app, ["file", str(path), "--organisation", "ocmw-lindedal", *options])


def lines(result: Result) -> set[str]:
    return {" ".join(line.replace("│", " ").split()) for line in result.output.splitlines()}


async def test_a_list_is_tried_brought_in_and_what_failed_written_down(settled: asyncpg.Pool, tmp_path: Path) -> None:
    path, errors = tmp_path / "lijst.csv", tmp_path / "fouten.csv"
    path.write_bytes(csv_of(CLIENTS, client(1), client(2, Geboortedatum="?"), client(3)))
    tried = await asyncio.to_thread(imported, path, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "File → OCMW Lindedal (dry run: nothing was recorded)" in lines(tried)
    assert {"dossiers opened 2", "rows that could not be placed 1"} <= lines(tried)
    assert await settled.fetchval("SELECT count(*) FROM dossier") == 0
    done = await asyncio.to_thread(imported, path, "--errors", str(errors))
    assert done.exit_code == 0, done.output
    assert "its birthDate is not a day such as 31/12/2026 files/clients 1 3" in lines(done)
    assert await settled.fetchval("SELECT count(*) FROM dossier") == 2
    assert {"events recorded 0", "rows that were so already 2"} <= lines(await asyncio.to_thread(imported, path))
    for value in ("Cliënt", number(1), number(2)):
        assert value not in done.output, "an operator's terminal shows nobody"
    assert stat.S_IMODE(errors.stat().st_mode) == 0o600
    titles, *rows = csv.reader(io.StringIO(errors.read_text("utf-8-sig")), delimiter=";")
    assert (titles[-1], len(rows), rows[0][0]) == ("Waarom niet", 1, "L-2")


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, [], "There is no such file"),
        (b"a;b", [], "no titles that we know"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), [], "locked with a password"),
        (csv_of(CLIENTS[:5], client(1)[:5]), [], "Columns are missing: targetGroup, capacity."),
        (csv_of(CLIENTS, client(1)), ["--organisation", "nergens"], "one of: ocmw-lindedal"),
        (csv_of(CLIENTS, client(1)), ["--legal-basis", "x"], "one of: demo-protocol"),
    ],
)
def test_an_import_that_cannot_start_says_what_to_do(
    tmp_path: Path, content: bytes | None, options: list[str], said: str
) -> None:
    path = tmp_path / "lijst.csv"
    if content is not None:
        path.write_bytes(content)
    result = imported(path, *options)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output
