"""`handover retention`: how long an organisation keeps dossiers."""

import sys
from typing import Annotated

import typer

from handover.cli.running import run, settings
from handover.domain.retention import Periods
from handover.platform.settings import Settings
from handover.record.retention import periods_now, state_periods
from handover.wiring import services


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def retention(
        organisation: Annotated[str, typer.Argument(help="Short name of the organisation; without: print all.")] = "",
        close_after: Annotated[int, typer.Option(min=1, max=600, help="Months without a step until it closes.")] = 24,
        erase_after: Annotated[int, typer.Option(min=1, max=600, help="Months from then until it is erased.")] = 60,
        never: Annotated[bool, typer.Option("--never", help="Keep dossiers until a person erases them.")] = False,
    ) -> None:
        """State how long an organisation keeps dossiers. The longest of all that are or were in a dossier counts.

        The workers carry it out every hour; what was erased cannot be read again by anyone.
        """
        raise typer.Exit(run(_stating(settings(), organisation, None if never else Periods(close_after, erase_after))))


async def _stating(found: Settings, organisation: str, periods: Periods | None) -> int:
    async with services(found, pool_size=1, name="handover-retention") as ready:
        if organisation:
            if organisation not in ready.directory_now().organisations:
                message = f"No organisation {organisation!r}."
                raise typer.BadParameter(message)
            await state_periods(ready.pool, organisation, periods)
        for name, one in sorted((await periods_now(ready.pool)).items()):
            sys.stdout.write(f"{name}: closes after {one.close_after} months, erased {one.erase_after} months later\n")
    return 0
