"""`handover export`: everything that is recorded, as a file that can be checked anywhere."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from handover.cli.running import run, settings
from handover.platform.settings import Settings
from handover.record.exporting import lines
from handover.wiring import services

_console = Console(stderr=True, highlight=False)
_AT_ONCE = 2000


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def export(
        file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    ) -> None:
        """Write all events with their chains, the log's places and every checkpoint, as lines of JSON.

        The file holds what the database holds about people: keep it as carefully. `handover verify` checks it.
        """
        if file.exists():
            message = f"{file} is there already; choose another name."
            raise typer.BadParameter(message)
        raise typer.Exit(run(_exporting(settings(), file)))


async def _exporting(found: Settings, file: Path) -> int:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        async with services(found, pool_size=1, name="handover-export") as ready:
            # What was recorded a moment ago is signed for as well.
            await ready.log.seal(ready.clock.now())
            async with ready.pool.acquire() as connection:
                written = await _written(draft, lines(connection, ready.log.verifier_key, ready.clock.now()))
        # A half-written export never has the name of a whole one.
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    _console.print(f"{written} lines written to {file}. Check it with `handover verify {file}`.")
    return 0


async def _written(draft: Path, found: AsyncIterator[bytes]) -> int:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        page: list[bytes] = []
        written = 0
        async for line in found:
            page.append(line + b"\n")
            written += 1
            if len(page) == _AT_ONCE:
                await asyncio.to_thread(out.writelines, page)
                page.clear()
        out.writelines(page)
        out.flush()
        await asyncio.to_thread(os.fsync, descriptor)
    return written
