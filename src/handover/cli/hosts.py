"""`handover hosts`: where an organisation's webhooks may go."""

import re
import sys
from typing import Annotated

import typer

from handover.cli.running import run, settings
from handover.platform.settings import Settings
from handover.record.directory import DIRECTORY, change_webhook_hosts
from handover.wiring import services

_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def hosts(
        organisation: Annotated[str, typer.Argument(help="Short name of the organisation, such as ocmw-lindedal.")],
        allow: Annotated[list[str] | None, typer.Option(help="A host, or *.host for all below it.")] = None,
        withdraw: Annotated[list[str] | None, typer.Option(help="One that is on the list.")] = None,
    ) -> None:
        """Print the hosts that an organisation's webhooks may go to, after adding some or taking some off.

        What still goes to a host that was taken off is not sent, and waits, visibly, like any failure.
        """
        raise typer.Exit(run(_changing(settings(), organisation, _checked(allow), withdraw or [])))


def _checked(names: list[str] | None) -> list[str]:
    found = [name.lower().rstrip(".") for name in names or []]
    for name in found:
        if not _HOST.fullmatch(name):
            message = f"{name!r} is no host name: give it without https://, port or path."
            raise typer.BadParameter(message, param_hint="--allow")
    return found


async def _changing(found: Settings, organisation: str, allow: list[str], withdraw: list[str]) -> int:
    async with services(found, pool_size=1, name="handover-hosts") as ready:
        hosts = await change_webhook_hosts(ready.pool, organisation, allow=allow, withdraw=withdraw)
        if hosts is None:
            known = ", ".join(sorted(ready.directory_now().organisations)) or "none yet"
            message = f"No organisation {organisation!r}. There is: {known}."
            raise typer.BadParameter(message)
        await ready.pool.execute(f"NOTIFY {DIRECTORY}")
    sys.stdout.write("".join(f"{host}\n" for host in hosts))
    return 0
