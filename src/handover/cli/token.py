"""`handover token`: an access token for a demonstration."""

import sys

import typer

from handover.access import demonstration
from handover.cli.running import run, settings
from handover.domain.parties import Directory
from handover.platform.clock import Clock
from handover.platform.settings import Mode, Settings, SettingsError
from handover.wiring import services


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def token(
        organisation: str = typer.Option(..., help="Short name of the organisation, such as ocmw-lindedal."),
        counsellor: str = typer.Option("", help="Id or name of one of its counsellors; without: its software."),
    ) -> None:
        """Print an access token. Demonstration mode only; in production your identity provider gives tokens."""
        found = settings()
        if found.mode is not Mode.DEMONSTRATION:
            problem = "handover token works in demonstration mode only; ask your identity provider for a token."
            raise SettingsError([problem])
        run(_printing(found, organisation, counsellor))


async def _printing(found: Settings, organisation: str, counsellor: str) -> None:
    async with services(found, pool_size=1, name="handover-token") as ready:
        known = counsellor_id(ready.directory_now(), organisation, counsellor)
    sys.stdout.write(
        demonstration.issue(
            found.data_dir, organisation=organisation, counsellor=known, at=Clock(found.clock_offset).now()
        )
        + "\n"
    )


def counsellor_id(directory: Directory, organisation: str, counsellor: str) -> str:
    """Find a counsellor by id or name; raise typer.BadParameter with what there is."""
    if organisation not in directory.organisations:
        known = ", ".join(sorted(directory.organisations)) or "none yet: run `handover seed`"
        message = f"No organisation {organisation!r}. There is: {known}."
        raise typer.BadParameter(message)
    if not counsellor:
        return ""
    own = [c for c in directory.counsellors.values() if c.organisation_id == organisation]
    for one in own:
        if counsellor in {one.counsellor_id, one.name, one.counsellor_id.partition(".")[2]}:
            return one.counsellor_id
    message = f"No such counsellor there. There is: {', '.join(c.counsellor_id for c in own)}."
    raise typer.BadParameter(message)
