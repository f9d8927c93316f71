"""`handover export`: everything that is recorded, as a file that can be checked anywhere."""

import asyncio
import os
import re
import sys
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
        client: Annotated[
            bool,
            typer.Option("--client", help="Everything about one client, as JSON and beside it as a page in Dutch."),
        ] = False,
    ) -> None:
        """Write all events with their chains, the log's places and every checkpoint, as lines of JSON.

        The file holds what is stored, sealed: keep it as carefully all the same. `handover verify` checks it.
        With --client: what is recorded about one client and who looked at it, to be given to that client.
        """
        if file.exists():
            message = f"{file} is there already; choose another name."
            raise typer.BadParameter(message)
        if client:
            # Asked for, not given on the command line: that stays in a history and is seen by others.
            ssin = typer.prompt("National number of the client", hide_input=sys.stdin.isatty(), err=True)
            raise typer.Exit(run(_for_client(settings(), file, re.sub(r"\D", "", ssin))))
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


async def _for_client(found: Settings, file: Path, ssin: str) -> int:
    # Imported here: the screens' words and forms are of no use to the other export.
    from handover.web.client_file import client_file  # noqa: PLC0415

    async with services(found, pool_size=1, name="handover-export") as ready:
        made = await client_file(ready, ssin, at=ready.clock.now())
    if made is None:
        _console.print("There is no dossier for that number.")
        return 1
    page = file.with_suffix(".html")
    for path, content in ((file, made.data), (page, made.page)):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
    _console.print(
        f"{made.steps} steps and {made.accesses} looks written to {file} and {page}. Both are in clear: give them to "
        "the client, and remove them here."
    )
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
