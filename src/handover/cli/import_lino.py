"""`handover import lino`: a running Lino Welfare becomes dossiers of one OCMW; each run adds what is new."""

from typing import Annotated
from urllib.parse import urlsplit

import asyncpg
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from handover.adapters.kit.adapter import AdapterError
from handover.adapters.kit.contract import Report
from handover.adapters.lino.adapter import LinoAccount, LinoAdapter
from handover.adapters.lino.system import LINO
from handover.cli.import_file import import_file_command
from handover.cli.joining import CannotJoinError, LegalBasis, Password, Username, basis_of, ocmw, stopped
from handover.cli.running import run, settings
from handover.domain.parties import Organisation
from handover.platform.settings import Mode, Settings
from handover.wiring import bringing, services

_SHOWN_KEYS = 12
_DATABASE_LOST = (
    "The database stopped working with us ({}). What was recorded stays, and nothing was recorded twice: "
    "import again, and it goes on from there."
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)


@app.callback()
def _several() -> None:
    """Read another system's records into dossiers."""


app.command("file")(import_file_command)


@app.command("lino")
def import_lino_command(
    url: Annotated[str, typer.Argument(help="Address of the Lino, such as https://lino.example.")],
    organisation: Annotated[str, typer.Option(help="Short name of the OCMW whose Lino it is.")],
    username: Username,
    password: Password,
    legal_basis: LegalBasis = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be recorded.")] = False,
) -> None:
    """Read a running Lino Welfare into dossiers. Run it as often as you like: it adds what is new."""
    account = LinoAccount(url=url, username=username, password=password)
    try:
        run(_import(settings(), account, organisation, legal_basis, rehearsal=dry_run))
    except (AdapterError, CannotJoinError) as error:
        raise stopped(str(error)) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError) as error:
        raise stopped(_DATABASE_LOST.format(type(error).__name__)) from None


async def _import(
    found: Settings,
    account: LinoAccount,
    organisation_id: str,
    legal_basis: str,
    *,
    rehearsal: bool,
) -> None:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        async with services(found, pool_size=4, name="handover-import") as ready:
            organisation = ocmw(ready.directory(), organisation_id)
            basis = basis_of(ready, legal_basis)
            reading = progress.add_task("Reading Lino", total=None)

            def began(table: str) -> None:
                progress.update(reading, description=f"Reading Lino: {table}")

            async with LinoAdapter(account, began=began) as lino:
                plan = await lino.plan(
                    organisation_id,
                    now=ready.clock.now(),
                    allow_test_range=found.mode is Mode.DEMONSTRATION,
                )
            progress.remove_task(reading)
            recording = progress.add_task("Recording", total=len(plan.placements))
            report = await bringing(ready).run(
                plan,
                LINO,
                organisation,
                basis,
                rehearsal=rehearsal,
                placed=lambda: progress.advance(recording),
            )
    show(report, where=urlsplit(account.url).hostname or account.url, organisation=organisation, rehearsal=rehearsal)


def show(report: Report, *, where: str, organisation: Organisation, rehearsal: bool) -> None:
    """Print what was done: counts, events by type, and everything that was not, with its reason."""
    console = Console(highlight=False)
    note = " (dry run: nothing was recorded)" if rehearsal else ""
    console.print(f"Lino at {where} → {organisation.name}{note}")
    done = Table("done", "number", title="Imported", title_justify="left")
    for label, number in (
        ("clients read", report.clients),
        ("dossiers opened", report.opened),
        ("dossiers joined", report.joined),
        ("dossiers known", report.known),
        ("events recorded", report.recorded),
        *((f"  {name}", count) for name, count in sorted(report.events.items())),
        ("unchanged", report.unchanged),
    ):
        done.add_row(label, str(number))
    console.print(done)
    if report.not_imported:
        left = Table("not imported by design", "number", title="Left in Lino", title_justify="left")
        for reason, number in report.not_imported.most_common():
            left.add_row(reason, str(number))
        console.print(left)
    if report.rejects:
        rejects = Table(
            "could not be placed, because", "table", "number", "keys", title="Rejected", title_justify="left"
        )
        for reason, sources in report.rejects_by_reason().items():
            for source, keys in sources.items():
                more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
                listed = ", ".join(str(key) for key in keys[:_SHOWN_KEYS])
                rejects.add_row(reason, source, str(len(keys)), listed + more)
        console.print(rejects)
