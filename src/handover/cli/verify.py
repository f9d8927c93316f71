"""`handover verify`: is this record the one that was signed for? Needs the export alone: no database, no settings."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from handover.record.notes import NoteError
from handover.record.verifying import NoExportError, Report, verify

_MOST_SHOWN = 200


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="verify")
    def command(
        export: Annotated[Path, typer.Argument(help="A file that `handover export` wrote.", exists=True)],
        key: Annotated[str, typer.Option(help="The verifier key, name+id+key, from whom you trust.")] = "",
        trusted_checkpoint: Annotated[
            Path | None, typer.Option(help="A checkpoint's note that you kept.", exists=True)
        ] = None,
        earlier: Annotated[
            Path | None, typer.Option(help="An export from before: what has gone since is named.", exists=True)
        ] = None,
    ) -> None:
        """Check an export. Ends with 0 ok, 3 tampered, 4 truncated, 5 forked, 6 key-erased (1: it cannot be read).

        Without --key the export's own key is believed: that shows damage, not a forger who signed anew.
        """
        try:
            report = _verified(export, key, trusted_checkpoint, earlier)
        except (NoExportError, NoteError) as error:
            sys.stderr.write(f"This cannot be checked: {error}.\n")
            raise typer.Exit(1) from None
        for finding in report.findings[:_MOST_SHOWN]:
            sys.stdout.write(f"{finding}\n")
        if len(report.findings) > _MOST_SHOWN:
            sys.stdout.write(f"... and {len(report.findings) - _MOST_SHOWN} more\n")
        sys.stdout.write(
            f"{report.word}: {report.events} events of {report.dossiers} dossiers, {report.sealed} of them in the log, "
            f"{report.checkpoints} checkpoints\n"
        )
        raise typer.Exit(int(report.verdict))


def _verified(export: Path, key: str, trusted: Path | None, earlier: Path | None) -> Report:
    note = trusted.read_text("utf-8") if trusted else ""
    with export.open("rb") as lines:
        if earlier is None:
            return verify(lines, verifier_key=key, trusted=note)
        with earlier.open("rb") as before:
            return verify(lines, verifier_key=key, trusted=note, earlier=before)
