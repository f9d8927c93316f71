"""`handover erase`: destroy the keys of a dossier, so that nobody can read what was recorded of its client."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from handover.cli.running import run, settings
from handover.domain.codes_dossier import ErasureReason
from handover.domain.events import Erase
from handover.domain.refusals import Refusal
from handover.platform.ids import new_id
from handover.platform.settings import Settings
from handover.record.erasing import erase_dossier
from handover.wiring import services

_console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def erase(
        dossier: Annotated[UUID, typer.Argument(help="The dossier; it must be closed.")],
        reason: Annotated[str, typer.Option(help="Why: retentionEnded, request or unlawful.")],
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask: this cannot be undone.")] = False,
    ) -> None:
        """Erase the personal data of a closed dossier: its keys are destroyed, the chain still verifies."""
        known = {str(one): one for one in ErasureReason}
        if reason not in known:
            message = f"Choose one of {', '.join(known)}."
            raise typer.BadParameter(message, param_hint="--reason")
        if not yes:
            typer.confirm("Nobody will be able to read this dossier again. Go on?", abort=True)
        raise typer.Exit(run(_erasing(settings(), dossier, known[reason])))


async def _erasing(found: Settings, dossier_id: UUID, reason: ErasureReason) -> int:
    async with services(found, pool_size=1, name="handover-erase") as ready:
        command = Erase(command_id=new_id(), dossier_id=dossier_id, reason=reason)
        try:
            handled = await erase_dossier(ready.record, command, at=ready.clock.now())
        except Refusal as refusal:
            _console.print(refusal.detail)
            return 1
    said = "Erased. Its keys are in older copies of the keys only." if handled.bodies else "It was erased before."
    _console.print(said)
    return 0
