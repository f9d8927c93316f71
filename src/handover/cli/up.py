"""`handover up`: everything for a first look, in one process tree."""

import asyncio
import os
import sys

import httpx
import typer
from rich.console import Console

from handover.cli.migrate import migrate_database
from handover.cli.running import run, settings
from handover.cli.seed import seed_directory, seed_dossiers
from handover.cli.seed_agreements import seed_agreements
from handover.cli.seed_offers import seed_offers
from handover.inbox.projector import Projector
from handover.platform.settings import Mode, Settings
from handover.platform.supervise import Child, supervise
from handover.wiring import database, services

_console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def up() -> None:
        """Start database, migrations, demonstration data, API, worker and inbox; Ctrl-C stops all of it."""
        raise typer.Exit(run(starting(settings())))


async def starting(found: Settings) -> int:
    """Start everything and stay until told to stop."""
    async with database(found) as doors:
        await migrate_database(doors)
        dsn = doors.service
        if found.mode is Mode.DEMONSTRATION:
            async with services(found, dsn=dsn, pool_size=2, name="handover-seed") as ready:
                await seed_directory(ready)
                await seed_agreements(ready)
                await seed_offers(ready)
                await seed_dossiers(ready)
                # The first screen should not be empty because the worker still starts.
                await Projector(ready.pool, dsn, ready.sealer).catch_up()
        program = [sys.executable, "-m", "handover"]
        environment = {**os.environ, "HANDOVER_DATABASE_URL": dsn}
        return await supervise(
            [
                Child("api", [*program, "serve"], environment, ready=lambda: _answers(found)),
                Child("worker", [*program, "work"], environment),
            ],
            on_ready=lambda: _welcome(found),
        )


async def _answers(found: Settings) -> None:
    """Wait for the API's first answer."""
    host = "127.0.0.1" if found.host in {"0.0.0.0", "::"} else found.host  # noqa: S104 - compared, not bound
    url = f"http://[{host}]:{found.port}/health" if ":" in host else f"http://{host}:{found.port}/health"
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05)


def _welcome(found: Settings) -> None:
    _console.print(f"\n[bold]handover[/bold] runs at [bold]{found.base_url}[/bold]  (Ctrl-C stops all of it)")
    if found.mode is Mode.DEMONSTRATION:
        _console.print(
            "Sign in there as [bold]Trajectbegeleider Lindedal 1[/bold] (OCMW Lindedal) and, in another browser, as "
            "[bold]Bemiddelaar VDAB 1[/bold] (VDAB), to whom new referrals go.\n"
            "A token for the API: [bold].venv/bin/handover token --organisation ocmw-lindedal[/bold]\n"
        )
    _console.file.flush()
