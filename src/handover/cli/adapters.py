"""`handover adapters`: which systems of organisations are read, how that goes, and what could not be placed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from handover.adapters.kit.adapter import AdapterError
from handover.adapters.lino.adapter import LinoAccount, LinoAdapter
from handover.adapters.lino.system import LINO
from handover.cli.joining import CannotJoinError, LegalBasis, Password, Url, Username, basis_of, ocmw, stopped
from handover.cli.running import run, settings
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
) -> None:
    """Join an OCMW to its Lino: the worker reads it from now on. Again: with another account or interval.

    It signs in first; what does not work is said now and not in the log of tonight.
    """
    account = LinoAccount(url=url, username=username, password=password)
    try:
        run(_add(settings(), organisation, account, legal_basis, timedelta(seconds=every)))
    except (AdapterError, CannotJoinError) as error:
        raise stopped(str(error)) from None
    _say(f"{organisation} is joined to its Lino; `handover adapters status` tells how it goes.")


@app.command("status")
def status_command() -> None:
    """Tell of each link when it was read, what that did, and what is wrong. Exit code 1 when something is."""
    raise typer.Exit(run(_status(settings())))


@app.command("rejects")
def rejects_command(organisation: _Organisation, system: _System) -> None:
    """List what the latest reading could not place, and why: repair it there, and the next reading places it."""
    raise typer.Exit(run(_rejects(settings(), organisation, system)))


@app.command("retry")
def retry_command(organisation: _Organisation, system: _System) -> None:
    """Read it now, whatever it waits for; also one that is paused."""
    _change(Links.read_now, organisation, system, "is read at once.")


@app.command("pause")
def pause_command(organisation: _Organisation, system: _System) -> None:
    """Read it no more until `retry`."""
    _change(Links.pause, organisation, system, "is read no more, until `handover adapters retry`.")


@app.command("remove")
def remove_command(organisation: _Organisation, system: _System) -> None:
    """Forget address and account. What was recorded stays; joined again, it goes on where it stopped."""
    _change(Links.remove, organisation, system, "is no longer joined; what was recorded stays.")


def _say(text: str) -> None:
    """Say a sentence on standard output."""
    Console(highlight=False).print(text, markup=False)


@asynccontextmanager
async def _links(found: Settings) -> AsyncIterator[tuple[Services, Links]]:
    async with services(found, pool_size=1, name="handover-adapters") as ready:
        yield ready, Links(ready.pool, ready.sealer, ready.clock)


def _change(what: Callable[[Links, str, str], Awaitable[bool]], organisation: str, system: str, done: str) -> None:
    async def changing(found: Settings) -> int:
        async with _links(found) as (_, links):
            return 0 if await what(links, organisation, system) else 1

    if run(changing(settings())):
        raise stopped(_unknown(organisation, system))
    _say(f"The {system} of {organisation} {done}")


def _unknown(organisation: str, system: str) -> str:
    return f"{organisation} is joined to no {system}; `handover adapters status` lists what there is."


async def _add(found: Settings, organisation: str, account: LinoAccount, legal_basis: str, every: timedelta) -> None:
    async with _links(found) as (ready, links):
        own = ocmw(ready.directory(), organisation)
        basis = basis_of(ready, legal_basis)
        async with LinoAdapter(account):
            await links.put(own.organisation_id, LINO.name, account, legal_basis_id=basis, interval=every)


async def _status(found: Settings) -> int:
    async with _links(found) as (_, kept):
        links = await kept.all()
    if not links:
        _say("No organisation is joined to a system of its own. `handover adapters add` joins one.")
        return 0
    console = Console(highlight=False)
    shown = Table("organisation", "system", "state", "last read", "clients", "recorded", "rejects")
    for link in links:
        figures = (link.outcome.clients, link.outcome.recorded, link.outcome.rejects)
        shown.add_row(
            link.organisation_id, link.system, _state(link), _moment(link.read_at), *(str(figure) for figure in figures)
        )
    console.print(shown)
    wrong = [link for link in links if link.trouble]
    for link in wrong:
        since = _moment(link.failing_since)
        console.print(f"{link.organisation_id} {link.system}, since {since}: {link.said}", markup=False)
    return 1 if wrong else 0


def _state(link: Link) -> str:
    if link.status is Status.PAUSED:
        return "paused"
    if link.trouble:
        return f"{link.trouble}, {link.failures} times"
    return "well" if link.read_at else "not read yet"


def _moment(at: datetime | None) -> str:
    return at.astimezone(BRUSSELS).strftime("%Y-%m-%d %H:%M:%S") if at else "-"


async def _rejects(found: Settings, organisation: str, system: str) -> int:
    async with _links(found) as (_, links):
        named = (organisation, system)
        link = next((one for one in await links.all() if (one.organisation_id, one.system) == named), None)
        if link is None:
            raise stopped(_unknown(organisation, system))
        standing = await links.rejects(link.link_id)
    if not standing:
        _say("Everything was placed.")
        return 0
    shown = Table("table", "number", "could not be placed, because", "since")
    for one in standing:
        shown.add_row(one.reject.source, str(one.reject.key), one.reject.reason, _moment(one.first_at))
    Console(highlight=False).print(shown)
    return 0
