"""`handover restore`: the embedded database from a backup."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from handover.cli.backup import OWN_SERVER, marks_of_keys, refused
from handover.cli.running import settings
from handover.platform.backups import BackupError, restore
from handover.platform.embedded import EmbeddedPostgres, EmbeddedPostgresError
from handover.platform.keys import demonstration_key_files
from handover.platform.settings import Settings

_console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="restore")
    def command(
        file: Annotated[Path, typer.Argument(help="A file that `handover backup` wrote.", exists=True)],
    ) -> None:
        """Make the database in HANDOVER_DATA_DIR from a backup. The service must not run; nothing is overwritten."""
        raise typer.Exit(_restoring(settings(), file))


def _restoring(found: Settings, file: Path) -> int:
    if found.database_url:
        return refused(OWN_SERVER)

    def accept(header: dict[str, Any]) -> None:
        missing = (
            []
            if found.ssin_key or found.keys_file or found.keys_provider
            else [str(one) for one in demonstration_key_files(found.data_dir) if not one.exists()]
        )
        if missing:
            message = f"The keys that belong to it are not there: put {' and '.join(missing)} back first."
            raise BackupError(message)
        marks = marks_of_keys(found)
        wrong = [name for name, mark in header["keys"].items() if mark not in marks.get(name, ())]
        if wrong:
            message = f"It was made with another {' and another '.join(wrong)} key: give the keys of that time first."
            raise BackupError(message)

    try:
        header = restore(EmbeddedPostgres(found.data_dir), file, accept)
    except (BackupError, EmbeddedPostgresError) as error:
        return refused(str(error))
    _console.print(
        f"Restored as it was on {header['madeAt']}, with {header['events']} events in the log. What was recorded "
        "later is not in it. Put the dossiers' keys back next, from the newest copy: `handover keys restore FILE`. "
        "Then, before you start the service, compare it with a checkpoint that a partner kept "
        "(`handover export FILE`, `handover verify FILE --trusted-checkpoint NOTE`)."
    )
    return 0
