"""Copies of the dossiers' wrapped keys, as files that only their owner reads."""

import asyncio
import os
from pathlib import Path

import asyncpg

from handover.platform.backups import BackupError
from handover.record.key_copies import key_lines


async def write_keys(pool: asyncpg.Pool, file: Path) -> int:
    """Write the keys to a new file; give how many. Raises BackupError for a file that is there or cannot be written."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    if await asyncio.to_thread(file.exists):
        message = f"{file} is there already: choose another name."
        raise BackupError(message)
    count = 0
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            async for line in key_lines(pool):
                out.write(line)
                count += 1
            out.flush()
            os.fsync(out.fileno())
        draft.rename(file)
    except OSError as error:
        message = f"{file} cannot be written ({error.strerror}): choose a place with room and the right to write."
        raise BackupError(message) from None
    finally:
        draft.unlink(missing_ok=True)
    return count
