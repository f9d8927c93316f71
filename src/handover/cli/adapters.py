"""`handover adapters`: which systems of organisations are read, how that goes, and what could not be placed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from handover.adapters.kit.adapter import AdapterError
from handover.adapters.lino.adapter import LinoAccount, LinoAdapter
from handover.adapters.lino.system import LINO
from handover.cli.joining import CannotJoinError, LegalBasis, Password, Url, Username, basis_of, ocmw, stopped
from handover.cli.running import run, settings
from handover.delivery import carried
from handover.domain.deadlines import BRUSSELS
from handover.exchange.links import Link, Links, Status
from handover.platform.settings import Settings
from handover.wiring import Services, services

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)
_Organisation = Annotated[str, typer.Argument(help="Short name of the organisation, such as ocmw-lindedal.")]
_System = Annotated[str, typer.Argument(help="Name of the system, such as lino.")]
_MOST_SECONDS = 86_400


@app.callback()
def _several() -> None:
    """See and change which systems of organisations the worker reads."""


@app.command("add")
def add_command(
    organisation: _Organisation,
    url: Url,
    username: Username,
    password: Password,
    every: Annotated[int, typer.Option(help="Seconds from one reading to the next.", min=1, max=_MOST_SECONDS)] = 60,
    legal_basis: LegalBasis = "",
    notes: Annotated[bool, typer.Option(help="Write what others do as notes into the client's file.")] = True,
) -> None:
    """Join an OCMW to its Lino: the worker reads it from now on. Again: with another account or interval.

    It signs in first; what does not work is said now and not in the log of tonight.
    """
    account = LinoAccount(url=url, username=username, password=password)
    try:
        run(_add(settings(), organisation, account, legal_basis, timedelta(seconds=every), notes=notes))
    except (AdapterError, CannotJoinError) as error:
        raise stopped(str(error)) from None
    _say(f"{organisation} is joined to its Lino; `handover adapters status` tells how it goes.")


@app.command("status")
def status_command() -> None:
    """Tell of each link when it was read, what that did, and what is wrong. Exit code 1 when something is."""
    raise typer.Exit(run(_status(settings())))


@app.command("rejects")
def rejects_command(organisation: _Organisation, system: _System) -> None:
    """List what could not be placed, and why: rows of there, and steps that do not stand there as a note.

    Repair it there, and the next reading places a row; `retry` brings a step at once.
    """
    raise typer.Exit(run(_rejects(settings(), organisation, system)))


@app.command("retry")
def retry_command(organisation: _Organisation, system: _System) -> None:
    """Read it now, and bring the steps that wait or were given up; also where it is paused."""
    _change(Links.read_now, carried.resume, organisation, system, "is read at once.")


@app.command("pause")
def pause_command(organisation: _Organisation, system: _System) -> None:
    """Read it no more and bring nothing there until `retry`."""
    _change(Links.pause, carried.pause, organisation, system, "is read no more, until `handover adapters retry`.")


@app.command("remove")
def remove_command(organisation: _Organisation, system: _System) -> None:
    """Forget address and account. What was recorded stays; joined again, it goes on where it stopped."""
    _change(Links.remove, carried.leave, organisation, system, "is no longer joined; what was recorded stays.")


@app.command("skip")
def skip_command(
    organisation: _Organisation,
    system: _System,
    dossier: Annotated[UUID, typer.Argument(help="The dossier, as `rejects` gives it.")],
    reason: Annotated[str, typer.Option(help="Why its steps need not stand there; kept with them.", prompt=True)],
) -> None:
    """Leave the steps of a dossier that wait or were given up: they need not stand in that system."""

    async def skipping(found: Settings) -> int:
        async with _links(found) as (ready, _):
            at = ready.clock.now()
            return await carried.skip(ready.pool, organisation, system, dossier, reason=reason, at=at)

    skipped = run(skipping(settings()))
    if not skipped:
        raise stopped("Nothing of that dossier waits to be brought there; `handover adapters rejects` lists what does.")
    _say(f"{skipped} steps of that dossier are left out of the {system} of {organisation}.")


def _say(text: str) -> None:
    """Say a sentence on standard output."""
    Console(highlight=False).print(text, markup=False)


@asynccontextmanager
async def _links(found: Settings) -> AsyncIterator[tuple[Services, Links]]:
    async with services(found, pool_size=1, name="handover-adapters") as ready:
        yield ready, Links(ready.pool, ready.sealer, ready.clock)


def _change(
    there: Callable[[Links, str, str], Awaitable[bool]],
    back: Callable[[asyncpg.Pool, str, str, datetime], Awaitable[None]],
    organisation: str,
    system: str,
    done: str,
) -> None:
    async def changing(found: Settings) -> int:
        async with _links(found) as (ready, links):
            if not await there(links, organisation, system):
                return 1
            await back(ready.pool, organisation, system, ready.clock.now())
            return 0

    if run(changing(settings())):
        raise stopped(_unknown(organisation, system))
    _say(f"The {system} of {organisation} {done}")


def _unknown(organisation: str, system: str) -> str:
    return f"{organisation} is joined to no {system}; `handover adapters status` lists what there is."


async def _add(
    found: Settings, organisation: str, account: LinoAccount, legal_basis: str, every: timedelta, *, notes: bool
) -> None:
    async with _links(found) as (ready, links):
        own = ocmw(ready.directory(), organisation)
        basis = basis_of(ready, legal_basis)
        async with LinoAdapter(account):
            await links.put(own.organisation_id, LINO.name, account, legal_basis_id=basis, interval=every)
        change = carried.join if notes else carried.leave
        await change(ready.pool, own.organisation_id, LINO.name, ready.clock.now())


async def _status(found: Settings) -> int:
    async with _links(found) as (ready, kept):
        links = await kept.all()
        notes = [await carried.count(ready.pool, link.organisation_id, link.system) for link in links]
    if not links:
        _say("No organisation is joined to a system of its own. `handover adapters add` joins one.")
        return 0
    console = Console(highlight=False)
    shown = Table("organisation", "system", "state", "last read", "clients", "recorded", "rejects", "notes")
    for link, waiting in zip(links, notes, strict=True):
        figures = (link.outcome.clients, link.outcome.recorded, link.outcome.rejects)
        cells = [link.organisation_id, link.system, _state(link), _moment(link.read_at)]
        shown.add_row(*cells, *(str(figure) for figure in figures), _notes(waiting))
    console.print(shown)
    wrong = [link for link in links if link.trouble]
    for link in wrong:
        since = _moment(link.failing_since)
        console.print(f"{link.organisation_id} {link.system}, since {since}: {link.said}", markup=False)
    return 1 if wrong or any(stopped for _, stopped in filter(None, notes)) else 0


def _state(link: Link) -> str:
    if link.status is Status.PAUSED:
        return "paused"
    if link.trouble:
        return f"{link.trouble}, {link.failures} times"
    return "well" if link.read_at else "not read yet"


def _notes(count: tuple[int, int] | None) -> str:
    """Say what waits to be brought there."""
    if count is None:
        return "none are written"
    waiting, stopped = count
    return f"{waiting} wait, {stopped} dossiers stopped" if waiting or stopped else "all written"


def _moment(at: datetime | None) -> str:
    return at.astimezone(BRUSSELS).strftime("%Y-%m-%d %H:%M:%S") if at else "-"


async def _rejects(found: Settings, organisation: str, system: str) -> int:
    async with _links(found) as (ready, links):
        link = await links.find(organisation, system)
        if link is None:
            raise stopped(_unknown(organisation, system))
        standing = await links.rejects(link.link_id)
        stuck = await carried.stuck(ready.pool, organisation, system)
    if not standing and not stuck:
        _say("Everything was placed.")
        return 0
    shown = Table("table", "number", "could not be placed, because", "since")
    for one in standing:
        shown.add_row(one.reject.source, str(one.reject.key), one.reject.reason, _moment(one.first_at))
    console = Console(highlight=False)
    if standing:
        console.print(shown)
    if stuck:
        steps = Table("dossier", "step", "does not stand there, because", "since")
        for step in stuck:
            why = f"{step.last_error} (given up after {step.attempts} times)" if step.given_up else step.last_error
            steps.add_row(str(step.dossier_id), step.type, why, _moment(step.enqueued_at))
        console.print(steps)
    return 0
