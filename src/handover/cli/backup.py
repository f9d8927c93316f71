"""`handover backup`: the embedded database as one file."""

import asyncio
import hashlib
import hmac
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from handover.cli.key_files import write_keys
from handover.cli.running import run, settings
from handover.platform.backups import BackupError, back_up
from handover.platform.embedded import SERVICE, EmbeddedPostgres, EmbeddedPostgresError
from handover.platform.settings import Settings
from handover.record.key_copies import TABLE
from handover.wiring import services

_console = Console(stderr=True, highlight=False)
OWN_SERVER = (
    "HANDOVER_DATABASE_URL is set, and this is for the embedded database only. Back your own PostgreSQL up with its "
    "own means: a physical backup (pg_basebackup, or archiving of its log). A dump (pg_dump) does not do: see "
    "docs/operations.md."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def backup(
        file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    ) -> None:
        """Write the database to one file, and the dossiers' wrapped keys to FILE.keys, while the service runs."""
        raise typer.Exit(run(_backing_up(settings(), file)))


async def _backing_up(found: Settings, file: Path) -> int:
    if found.database_url:
        return refused(OWN_SERVER)
    server = EmbeddedPostgres(found.data_dir)
    try:
        async with (
            server,
            services(found, dsn=server.dsn(login=SERVICE), pool_size=1, name="handover-backup") as ready,
        ):
            # Signed before it is copied, so that the copy holds a checkpoint of nearly all that is in it.
            await ready.log.seal(ready.clock.now())
            latest = await ready.log.latest()
            schema = await ready.pool.fetchval("SELECT version_num FROM alembic_version")
            header = {
                "madeAt": datetime.now(UTC).isoformat(timespec="seconds"),
                "schema": schema,
                "events": latest.size if latest else 0,
                "keys": {name: marks[0] for name, marks in marks_of_keys(found).items()},
            }
            beside = file.with_name(f"{file.name}.keys")
            await write_keys(ready.pool, beside)
            size = await asyncio.to_thread(partial(back_up, server, file, header, leave_out=(TABLE,)))
    except (BackupError, EmbeddedPostgresError) as error:
        return refused(str(error))
    _console.print(
        f"{size / 1e6:.1f} MB written to {file}: {header['events']} events in the log. No keys are in it: those of the "
        f"dossiers, wrapped, are in {beside.name}. Keep that file elsewhere, and for as long only as you promised that "
        "what is erased is gone."
    )
    return 0


def marks_of_keys(found: Settings) -> dict[str, list[str]]:
    """Give what tells keys apart and tells nothing about them: for each version, the present one first."""
    keys = found.keys()
    versions = {
        "ssin": [keys.ssin.key(version) for version in keys.ssin.versions],
        "seal": [keys.seal.key(version) for version in keys.seal.versions],
        "log": [keys.log],
    }
    return {
        name: [hmac.new(key, b"handover backup", hashlib.sha256).hexdigest()[:16] for key in known]
        for name, known in versions.items()
    }


def refused(why: str) -> int:
    """Say why it was not done; give the exit code."""
    _console.print(why)
    return 1
