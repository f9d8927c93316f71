"""`handover keys`: which keys are in use, and changing them while the service runs."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from handover.cli.key_files import write_keys
from handover.cli.running import run, settings
from handover.platform.backups import BackupError
from handover.platform.keys import (
    KEY_BYTES,
    Ring,
    decode_versions,
    demonstration_key_files,
    encode_versions,
    read_key_file,
    write_key_file,
)
from handover.platform.settings import Settings
from handover.record.key_copies import take_keys
from handover.record.rotating import rekey_numbers, rewrap, standing
from handover.wiring import Services, services

_console = Console(highlight=False)
_KNOWN_EVERYWHERE = 2.5
"""Seconds after which every running process has read a changed key file (`platform.keys.Ring`)."""


app = typer.Typer(
    help="Keys that wrap the data keys of dossiers and look national numbers up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.command()
def status() -> None:
    """Say which versions there are, and how much is under each."""
    raise typer.Exit(run(_status(settings())))


@app.command()
def rotate(
    ssin: Annotated[bool, typer.Option(help="The lookup key of national numbers instead.")] = False,
    retire: Annotated[bool, typer.Option(help="Then take versions that nothing needs out of the file.")] = False,
) -> None:
    """Make a new key in the key file and put everything under it, while the service runs.

    Keys that come from the environment or a provider are made there: then this puts everything under the present.
    """
    raise typer.Exit(run(_rotate(settings(), "ssinKey" if ssin else "sealKey", retire=retire)))


@app.command(name="export")
def export_keys(file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")]) -> None:
    """Write the dossiers' wrapped keys to a file: keep it apart from backups, and for less long."""
    raise typer.Exit(run(_export(settings(), file)))


@app.command(name="restore")
def restore_keys(
    file: Annotated[Path, typer.Argument(help="The newest file of `keys export` or `backup`.", exists=True)],
) -> None:
    """Put the keys back after a restore. What was erased before the file was written stays erased."""
    raise typer.Exit(run(_restore(settings(), file)))


async def _export(found: Settings, file: Path) -> int:
    async with services(found, pool_size=1, name="handover-keys") as ready:
        try:
            count = await write_keys(ready.pool, file)
        except BackupError as error:
            _console.print(str(error))
            return 1
    _console.print(f"The keys of {count} dossiers written to {file}, wrapped by sealKey.")
    return 0


async def _restore(found: Settings, file: Path) -> int:
    async with services(found, pool_size=1, name="handover-keys", keyless=True) as ready:
        try:
            with file.open("rb") as lines:
                taken, forgotten = await take_keys(ready.pool, lines, ready.clock.now())
        except (OSError, msgspec.MsgspecError):
            _console.print(f"{file} is no file of keys: nothing was changed.")
            return 1
    _console.print(f"The keys of {taken} dossiers put back; {forgotten} have none there, and are erased.")
    return 0


def key_file(found: Settings) -> Path | None:
    """Give the file that this instance's keys are in; None when they come from elsewhere."""
    if found.keys_file or found.keys_provider or found.ssin_key:
        return found.keys_file
    return demonstration_key_files(found.data_dir)[0]


async def _status(found: Settings) -> int:
    async with services(found, pool_size=1, name="handover-keys") as ready:
        now = await standing(ready.pool)
    table = Table("key", "version", "in use for", "")
    _rows(table, "sealKey", ready.sealer.seal_keys, now.wrapped, "dossiers' keys")
    _rows(table, "sealKey", ready.sealer.seal_keys, now.values, "other secrets")
    _rows(table, "ssinKey", ready.sealer.ssin_keys, now.numbers, "national numbers")
    _console.print(table)
    if now.keyless:
        _console.print(f"{now.keyless} dossiers have no keys: made before there was sealing, or restored without them.")
    unknown = {*now.wrapped, *now.values} - {*ready.sealer.seal_keys.versions}
    if unknown:
        _console.print(
            f"Version {', '.join(map(str, sorted(unknown)))} of sealKey is in use and not there: give it back."
        )
    return 1 if unknown else 0


def _rows(table: Table, name: str, ring: Ring, counted: dict[int, int], what: str) -> None:
    for version in sorted({*ring.versions, *counted}):
        present = "present" if version == ring.current else "" if version in ring.versions else "MISSING"
        table.add_row(name, str(version), f"{counted.get(version, 0)} {what}", present)


async def _rotate(found: Settings, name: str, *, retire: bool) -> int:
    file = key_file(found)
    if file:
        await _add(file, name)
    async with services(found, pool_size=2, name="handover-keys") as ready:
        # A process that read the file just before it changed may still seal by the key before: once more, then.
        for _ in range(2):
            done = await _carry_over(ready, name)
            _console.print(f"{done} put under the present version.")
            if file:
                await asyncio.sleep(_KNOWN_EVERYWHERE)
        now = await standing(ready.pool)
    used = {*now.wrapped, *now.values} if name == "sealKey" else {*now.numbers}
    if file and retire:
        _change(file, name, lambda keys: {v: key for n, (v, key) in enumerate(keys.items()) if n == 0 or v in used})
    _console.print("A backup of the keys from before still opens what it opened: keep it as short as you promised.")
    return 0


async def _carry_over(ready: Services, name: str) -> int:
    if name == "ssinKey":
        return await rekey_numbers(ready.pool, ready.sealer)
    with _console.status("wrapping keys") as bar:
        return await rewrap(ready.pool, ready.sealer, ready.clock.now(), lambda n: bar.update(f"{n} keys wrapped anew"))


async def _add(file: Path, name: str) -> None:
    """Make a version that every process knows before any of them uses it."""

    def last(keys: dict[int, bytes]) -> dict[int, bytes]:
        return {**keys, max(keys) + 1: secrets.token_bytes(KEY_BYTES)}

    def first(keys: dict[int, bytes]) -> dict[int, bytes]:
        newest = max(keys)
        return {newest: keys[newest], **keys}

    _change(file, name, last)
    await asyncio.sleep(_KNOWN_EVERYWHERE)
    _change(file, name, first)


def _change(file: Path, name: str, how: Callable[[dict[int, bytes]], dict[int, bytes]]) -> None:
    texts = read_key_file(file)
    write_key_file(file, {**texts, name: encode_versions(how(decode_versions(texts[name])))})
