"""`handover senders`: by which keys the software of an organisation signs what it sends us."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from handover.access import senders
from handover.cli.joining import stopped
from handover.cli.running import run, settings
from handover.domain.deadlines import BRUSSELS
from handover.platform.settings import Settings
from handover.wiring import services

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)
_Organisation = Annotated[str, typer.Argument(help="Short name of the organisation, such as vdab.")]
_Key = Annotated[str, typer.Argument(help="Its public key: whpk_ and base64 of 32 bytes (ed25519).")]


@app.callback()
def _several() -> None:
    """See and change by which keys the software of an organisation signs what it sends us."""


@app.command("add")
def add_command(organisation: _Organisation, public_key: _Key) -> None:
    """Believe what is signed with the private half of this key. Several may count, as a change of keys needs."""
    run(_add(settings(), organisation, public_key))
    Console(highlight=False).print(f"What {organisation} signs with this key is taken from now on.")


@app.command("list")
def list_command() -> None:
    """List the keys, and when something signed with each was last taken."""
    run(_list(settings()))


@app.command("remove")
def remove_command(organisation: _Organisation, public_key: _Key) -> None:
    """Believe this key no longer. What was recorded by it stays."""
    if not run(_remove(settings(), organisation, public_key)):
        raise stopped(f"{organisation} has no such key; `handover senders list` lists what there is.")
    Console(highlight=False).print(f"What is signed with this key is refused from now on for {organisation}.")


async def _add(found: Settings, organisation: str, public_key: str) -> None:
    async with services(found, pool_size=1, name="handover-senders") as ready:
        known = ready.directory().organisations
        if organisation not in known:
            raise stopped(f"No organisation {organisation!r}. There is: {', '.join(sorted(known)) or 'none yet'}.")
        try:
            await senders.add(ready.pool, organisation, public_key, ready.clock.now())
        except ValueError:
            raise stopped("That is no public key: it is whpk_ and base64 of the 32 bytes of an ed25519 key.") from None


async def _list(found: Settings) -> None:
    async with services(found, pool_size=1, name="handover-senders") as ready:
        keys = await senders.listed(ready.pool)
    shown = Table("organisation", "since", "last heard")
    shown.add_column("public key", overflow="fold", no_wrap=False)
    for key in keys:
        heard = key.heard_at.astimezone(BRUSSELS).strftime("%Y-%m-%d %H:%M") if key.heard_at else "never"
        since = key.created_at.astimezone(BRUSSELS).strftime("%Y-%m-%d")
        shown.add_row(key.organisation_id, since, heard, key.public_key)
    Console(highlight=False).print(shown if keys else "No organisation signs what it sends here.")


async def _remove(found: Settings, organisation: str, public_key: str) -> bool:
    async with services(found, pool_size=1, name="handover-senders") as ready:
        return await senders.remove(ready.pool, organisation, public_key)
