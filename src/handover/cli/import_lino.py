"""`handover import lino`: a running Lino Welfare becomes dossiers of one OCMW; each run adds what is new."""

from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from handover.adapters.kit.contract import Report
from handover.adapters.kit.importer import Importer
from handover.adapters.kit.plan import Plan
from handover.adapters.lino.client import LinoClient
from handover.adapters.lino.errors import LinoError
from handover.adapters.lino.inbound import plan_of
from handover.adapters.lino.reader import LinoSnapshot, read
from handover.adapters.lino.system import LINO
from handover.cli.inbound_door import KeptMarks, RecordDoor, RehearsalDoor
from handover.cli.running import run, settings
from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.parties import Counsellor, Directory, Organisation
from handover.platform.settings import Mode, Settings
from handover.record.directory import save_counsellor
from handover.wiring import DIRECTORY, Services, services

_SHOWN_KEYS = 12
_DATABASE_LOST = (
    "The database stopped working with us ({}). What was recorded stays, and nothing was recorded twice: "
    "import again, and it goes on from there."
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)


class _CannotImportError(Exception):
    """The import cannot start as it was asked; the message says what to give."""


@app.callback()
def _several() -> None:
    """Read another system's records into dossiers."""


@app.command("lino")
def import_lino_command(
    url: str = typer.Argument(..., help="Address of the Lino, such as https://lino.example."),
    organisation: str = typer.Option(..., help="Short name of the OCMW whose Lino it is."),
    username: str = typer.Option(..., help="Lino account with the rights of an administrator."),
    password: str = typer.Option(
        ...,
        envvar="HANDOVER_LINO_PASSWORD",
        prompt=True,
        hide_input=True,
        help="Its password. Better in HANDOVER_LINO_PASSWORD: a command line can be seen by others.",
    ),
    legal_basis: str = typer.Option("", help="Legal basis of the dossiers; needed when there are several."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be recorded."),
) -> None:
    """Read a running Lino Welfare into dossiers. Run it as often as you like: it adds what is new."""
    try:
        run(_import(settings(), url, organisation, (username, password), legal_basis, rehearsal=dry_run))
    except (LinoError, _CannotImportError) as error:
        raise _stopped(str(error)) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError) as error:
        raise _stopped(_DATABASE_LOST.format(type(error).__name__)) from None


def _stopped(why: str) -> typer.Exit:
    Console(stderr=True).print(why, style="bold red", highlight=False, markup=False)
    return typer.Exit(1)


async def _import(
    found: Settings,
    url: str,
    organisation_id: str,
    account: tuple[str, str],
    legal_basis: str,
    *,
    rehearsal: bool,
) -> None:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        async with services(found, pool_size=4, name="handover-import") as ready:
            organisation = _ocmw(ready.directory(), organisation_id)
            basis = _basis(ready, legal_basis)
            snapshot = await _snapshot(url, account, progress)
            plan = plan_of(
                snapshot,
                organisation_id,
                now=ready.clock.now(),
                allow_test_range=found.mode is Mode.DEMONSTRATION,
            )
            report = await bring_about(ready, plan, organisation, basis, progress=progress, rehearsal=rehearsal)
    show(report, where=urlsplit(url).hostname or url, organisation=organisation, rehearsal=rehearsal)


async def _snapshot(url: str, account: tuple[str, str], progress: Progress) -> LinoSnapshot:
    task = progress.add_task("Reading Lino", total=None)

    def began(table: str) -> None:
        progress.update(task, description=f"Reading Lino: {table}")

    async with LinoClient(url, *account) as lino:
        snapshot = await read(lino, began=began)
    progress.remove_task(task)
    return snapshot


async def bring_about(
    ready: Services,
    plan: Plan,
    organisation: Organisation,
    legal_basis_id: str,
    *,
    progress: Progress,
    rehearsal: bool,
) -> Report:
    """Bring the dossiers up to a plan, and give what was done (or, as a rehearsal, what would be)."""
    door = RecordDoor(pool=ready.pool, record=ready.record, reader=ready.reader, sealer=ready.sealer, clock=ready.clock)
    directory = with_counsellors(ready.directory(), plan)
    if not rehearsal:
        for counsellor in directory.counsellors.values():
            if ready.directory().counsellors.get(counsellor.counsellor_id) != counsellor:
                await save_counsellor(ready.pool, counsellor)
        await ready.pool.execute(f"NOTIFY {DIRECTORY}")
        await ready.directory.refresh()
    importer = Importer(
        system=LINO,
        organisation=organisation,
        legal_basis_id=legal_basis_id,
        door=RehearsalDoor(real=door, directory=lambda: directory) if rehearsal else door,
        marks=KeptMarks(
            pool=ready.pool,
            clock=ready.clock,
            organisation_id=organisation.organisation_id,
            system=LINO.name,
            rehearsal=rehearsal,
        ),
    )
    task = progress.add_task("Recording", total=len(plan.placements))
    return await importer.run(plan, placed=lambda: progress.advance(task))


def with_counsellors(directory: Directory, plan: Plan) -> Directory:
    """Give the directory with the plan's counsellors; what handover knows besides (team, phone) stays."""
    merged: dict[str, Counsellor] = dict(directory.counsellors)
    for found in plan.counsellors:
        known = merged.get(found.counsellor_id)
        merged[found.counsellor_id] = (
            replace(known, name=found.name, email=known.email or found.email) if known else found
        )
    return replace(directory, counsellors=merged)


def _ocmw(directory: Directory, organisation_id: str) -> Organisation:
    found = directory.organisations.get(organisation_id)
    if found is None or found.kind is not OrganisationKind.OCMW:
        everyone = directory.organisations.values()
        names = sorted(o.organisation_id for o in everyone if o.kind is OrganisationKind.OCMW)
        raise _CannotImportError(
            f"There is no OCMW {organisation_id!r} here. Give --organisation one of: "
            f"{', '.join(names) or 'none yet, add the organisation first'}."
        )
    return found


def _basis(ready: Services, wanted: str) -> str:
    today = local_day(ready.clock.now())
    in_force = sorted(name for name, basis in ready.directory().legal_bases.items() if basis.in_force(today))
    if wanted in in_force:
        return wanted
    if not wanted and len(in_force) == 1:
        return in_force[0]
    raise _CannotImportError(
        "Say on which legal basis the dossiers rest with --legal-basis, one of: "
        f"{', '.join(in_force) or 'none is in force, add one first'}."
    )


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
