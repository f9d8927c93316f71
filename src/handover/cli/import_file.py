"""`handover import file`: a list from software without an API becomes dossiers and steps of one organisation."""

import os
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from handover.adapters.files.adapter import read_file
from handover.adapters.files.inbound import Frame, Reading, plan_of, ssins_of
from handover.adapters.files.outcomes import Does, Outcome, counted, failed, outcomes_of
from handover.adapters.files.reading import Document
from handover.adapters.files.system import FILES
from handover.adapters.files.writing import as_csv, as_workbook, errors_of
from handover.adapters.kit.adapter import AdapterError
from handover.cli.joining import CannotJoinError, LegalBasis, basis_of, ocmw, stopped
from handover.cli.running import run, settings
from handover.domain.parties import Organisation
from handover.exchange.files import counsellor_names, known_clients
from handover.platform.settings import Mode, Settings
from handover.web.ui.files_told import why
from handover.web.ui.words import WORDS, Language, Words
from handover.wiring import bringing, services

_SHOWN_ROWS = 12
_DATABASE_LOST = (
    "The database stopped working with us ({}). What was recorded stays, and nothing was recorded twice: "
    "import again, and it goes on from there."
)
_SAYS = {
    Does.OPENS: "dossiers opened",
    Does.JOINS: "dossiers joined",
    Does.ADDS: "rows with something new",
    Does.NOTHING: "rows that were so already",
    Does.FAILS: "rows that could not be placed",
}


def import_file_command(
    path: Annotated[Path, typer.Argument(help="A CSV or XLSX with clients or steps; see docs/files.md.")],
    organisation: Annotated[str, typer.Option(help="Short name of the OCMW whose list it is.")],
    legal_basis: LegalBasis = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be recorded.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Write the rows that could not be placed here, with why.")] = None,
    language: Annotated[Language, typer.Option(help="Language of that file.")] = Language.NL,
) -> None:
    """Read a list into dossiers. Run it as often as you like: it adds what is new."""
    try:
        run(
            _import(
                settings(), path, organisation, legal_basis, errors=errors, rehearsal=dry_run, words=WORDS[language]
            )
        )
    except (AdapterError, CannotJoinError) as error:
        raise stopped(str(error)) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError) as error:
        raise stopped(_DATABASE_LOST.format(type(error).__name__)) from None
    except OSError as error:
        raise stopped(f"The rows that failed could not be written to {errors} ({type(error).__name__}).") from None


async def _import(
    found: Settings,
    path: Path,
    organisation_id: str,
    legal_basis: str,
    *,
    errors: Path | None,
    rehearsal: bool,
    words: Words,
) -> None:
    document: Document = read_file(path)
    if errors is not None and errors.suffix.lower() != (suffix := ".xlsx" if document.is_workbook else ".csv"):
        raise CannotJoinError(f"Rows that fail are written as they came: give --errors a name that ends with {suffix}.")
    async with services(found, pool_size=4, name="handover-import") as ready:
        organisation = ocmw(ready.directory(), organisation_id)
        basis = basis_of(ready, legal_basis)
        frame = Frame(
            organisation_id=organisation_id,
            now=ready.clock.now(),
            allow_test_range=found.mode is Mode.DEMONSTRATION,
            counsellors=counsellor_names(ready.directory(), organisation_id),
            known=await known_clients(ready.reader, organisation_id, ssins_of(document)),
        )
        reading = plan_of(document, frame)
        report = await bringing(ready).run(reading.plan, FILES, organisation, basis, rehearsal=rehearsal)
    outcomes = outcomes_of(reading, report)
    show(outcomes, organisation, rehearsal=rehearsal)
    if errors is not None:
        _write_errors(errors, reading, outcomes, words)


def show(outcomes: list[Outcome], organisation: Organisation, *, rehearsal: bool) -> None:
    """Print what was done in numbers, and why rows failed: by their number, and without a value of a client."""
    console = Console(highlight=False)
    console.print(f"File → {organisation.name}{' (dry run: nothing was recorded)' if rehearsal else ''}")
    done, counts = Table("done", "number", title="Imported", title_justify="left"), counted(outcomes)
    for does, label in _SAYS.items():
        done.add_row(label, str(counts[does]))
    done.add_row("events recorded", str(sum(len(one.steps) for one in outcomes)))
    console.print(done)
    reasons: dict[tuple[str, str], list[int]] = {}
    for one in outcomes:
        if one.why:
            reasons.setdefault((one.why.reason, one.why.source), []).append(one.line.row.number)
    if reasons:
        rejects = Table(
            "could not be placed, because", "kind", "number", "rows", title="Rejected", title_justify="left"
        )
        for (reason, source), rows in sorted(reasons.items(), key=lambda found: -len(found[1])):
            more = f" and {len(rows) - _SHOWN_ROWS} more" if len(rows) > _SHOWN_ROWS else ""
            rejects.add_row(reason, source, str(len(rows)), ", ".join(map(str, rows[:_SHOWN_ROWS])) + more)
        console.print(rejects)


def _write_errors(path: Path, reading: Reading, outcomes: list[Outcome], words: Words) -> None:
    """Write the rows that failed, for who may read them; nothing where none did."""
    document = reading.document
    wrong = [
        [(one.line.row, why(words, sheet.kind, one.why)) for one in rows if one.why]
        for sheet, rows in zip(document.sheets, failed(reading, outcomes), strict=True)
    ]
    tables = errors_of(document, wrong, str(words.language))
    if not tables:
        return
    content = as_workbook(tables) if document.is_workbook else as_csv(tables[0])
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
