"""A backup holds no key of a dossier, and what was erased after it stays erased when it is restored."""

import asyncio
import base64
import os
import sys
import tarfile
from pathlib import Path

import asyncpg

from handover.platform.embedded import EmbeddedPostgres
from handover.platform.settings import Settings
from handover.wiring import services

_TWO = """
import asyncio
from handover.cli.seed import seed_directory, seed_dossiers
from handover.platform.settings import load
from handover.cli.migrate import migrate_database
from handover.wiring import database, services

async def main():
    async with database(load()) as doors:
        await migrate_database(doors)
        async with services(load(), dsn=doors.service, pool_size=1) as ready:
            await seed_directory(ready)
            await seed_dossiers(ready)

asyncio.run(main())
"""


async def _run(data_dir: Path, *arguments: str, ok: bool = True) -> str:
    environment = {**os.environ, "HANDOVER_DATA_DIR": str(data_dir)}
    environment.pop("HANDOVER_DATABASE_URL", None)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert (process.returncode == 0) is ok, said.decode()
    return said.decode()


async def _rows(data_dir: Path, query: str) -> list[asyncpg.Record]:
    async with EmbeddedPostgres(data_dir) as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            found: list[asyncpg.Record] = await connection.fetch(query)
        finally:
            await connection.close()
    return found


def _forms(key: bytes) -> list[bytes]:
    return [key, key.hex().encode(), base64.b64encode(key)[:-2]]


async def test_what_was_erased_after_a_backup_stays_erased(tmp_path: Path) -> None:
    home, backup, newest = tmp_path / "home", tmp_path / "backup", tmp_path / "newest.keys"
    await _run(home, "-c", _TWO)
    await _run(home, "-m", "handover", "backup", str(backup))
    wrapped = await _rows(home, "SELECT content, confidential FROM keys.dossier_key")
    assert len(wrapped) == 3
    with tarfile.open(backup) as archive:
        inside = b"".join(found.read() for member in archive if (found := archive.extractfile(member)))
    keys = [bytes(key) for row in wrapped for key in row]
    assert not any(form in inside for key in keys for form in _forms(key)), "no key is in it, nor in its log"
    beside = backup.with_name("backup.keys").read_bytes()
    assert all(base64.b64encode(key)[:-4] in beside for key in keys), "the search finds what is there"

    gone = (await _rows(home, "SELECT dossier_id FROM dossier ORDER BY 1 LIMIT 1"))[0]["dossier_id"]
    (home / "postgres").rename(home / "thrown-away")
    await _run(home, "-m", "handover", "restore", str(backup))
    assert "have no keys" in await _run(home, "-m", "handover", "replay", "--check", ok=False)
    # The newest copy of the keys: of after the erasure.
    lines = [line for line in beside.splitlines(keepends=True) if str(gone).encode() not in line]
    newest.write_bytes(b"".join(lines))
    assert "2 dossiers put back; 1 have none" in await _run(home, "-m", "handover", "keys", "restore", str(newest))
    async with EmbeddedPostgres(home) as dsn, services(Settings(data_dir=home), dsn=dsn, pool_size=1) as ready:
        state = await ready.reader.dossier(gone)
        assert state
        assert (state[0].erased, state[0].given_name, state[1]) == (True, "", "")
        others = await ready.pool.fetch("SELECT dossier_id FROM dossier WHERE erased_at IS NULL")
        for row in others:
            other = await ready.reader.dossier(row["dossier_id"])
            assert other
            assert other[0].given_name
    assert "0 differences" in await _run(home, "-m", "handover", "replay", "--check")
