"""`handover import lino` as a person meets it: its report, and what it says when it cannot start."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from handover.adapters.kit.contract import Reject, Report
from handover.cli import import_lino
from handover.domain.codes import OrganisationKind, Purpose
from handover.domain.parties import LegalBasis, Organisation
from handover.platform.db import open_pool
from handover.record.directory import save_legal_basis, save_organisation

OCMW = Organisation(
    organisation_id="ocmw-lindedal", kind=OrganisationKind.OCMW, enterprise_number="0123456749", name="OCMW"
)
VDAB = Organisation(organisation_id="vdab", kind=OrganisationKind.VDAB, enterprise_number="0887010362", name="VDAB")
# Nothing listens on port 9: whoever gets this far says that the Lino does not answer.
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
async def settled(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance with one OCMW and one legal basis, steered as an operator does."""
    monkeypatch.setenv("HANDOVER_DATABASE_URL", database)
    monkeypatch.setenv("HANDOVER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    pool = await open_pool(database, size=1, application_name="test")
    await save_organisation(pool, OCMW)
    await save_organisation(pool, VDAB)
    basis = LegalBasis(
        legal_basis_id="demo-protocol",
        title="",
        reference="",
        purposes=frozenset(Purpose),
        valid_from=date(2020, 1, 1),
    )
    await save_legal_basis(pool, basis)
    await pool.close()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        (NOBODY, ["--organisation", "ocmw-lindedal"], "does not answer"),
        ("http://lino.example", ["--organisation", "ocmw-lindedal"], "Give the https:// address"),
        (NOBODY, ["--organisation", "vdab"], "one of: ocmw-lindedal"),
        (NOBODY, ["--organisation", "nergens"], "one of: ocmw-lindedal"),
        (NOBODY, ["--organisation", "ocmw-lindedal", "--legal-basis", "x"], "one of: demo-protocol"),
    ],
)
def test_an_import_that_cannot_start_says_what_to_do(url: str, options: list[str], said: str) -> None:
    result = CliRunner().invoke(
        import_lino.app,
        ["lino", url, *options, "--username", "reader"],
        env={"HANDOVER_LINO_PASSWORD": "geheim"},
    )
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert "geheim" not in result.output
    assert "Traceback" not in result.output


def test_the_report_shows_what_was_done_and_what_was_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    report = Report(clients=63, opened=35)
    report.events.update({"followUp.planAgreed": 33, "intake.recorded": 35})
    report.not_imported["appointment that was cancelled"] = 5
    report.rejects = [Reject("jobs/Contracts", key, "it has no start date") for key in range(1, 21)]
    import_lino.show(report, where="lino.example", organisation=OCMW, rehearsal=True)
    shown = capsys.readouterr().out
    lines = {" ".join(line.replace("│", " ").split()) for line in shown.splitlines()}
    assert {
        "Lino at lino.example → OCMW (dry run: nothing was recorded)",
        "clients read 63",
        "dossiers opened 35",
        "events recorded 68",
        "followUp.planAgreed 33",
        "appointment that was cancelled 5",
        "it has no start date jobs/Contracts 20 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 8 more",
    } <= lines
