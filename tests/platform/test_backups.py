"""A backup is whole or refused, and never put over a database that is there."""

import asyncio
import gzip
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from handover.platform.backups import BackupError, back_up, restore
from handover.platform.embedded import EmbeddedPostgres, EmbeddedPostgresError


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="handover-backup-") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def backup() -> Iterator[tuple[Path, int]]:
    """A backup of a database with one row, and a transaction number that was given out after it."""
    with tempfile.TemporaryDirectory(prefix="handover-backup-") as directory:
        yield asyncio.run(_backed_up(Path(directory)))


async def _backed_up(place: Path) -> tuple[Path, int]:
    server, file = EmbeddedPostgres(place / "one"), place / "backup"
    async with server as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
        size = back_up(server, file, {"madeAt": "today"})
        assert size == file.stat().st_size > 100_000
        assert file.stat().st_mode & 0o077 == 0, "others cannot read it"
        with pytest.raises(BackupError, match="is there already"):
            back_up(server, file, {})
        for n in range(20):
            await connection.execute("INSERT INTO t VALUES ($1)", n)
        last = int(await connection.fetchval("SELECT pg_current_xact_id()::text"))
        await connection.close()
        with pytest.raises(EmbeddedPostgresError, match=r"in use|runs"):
            restore(EmbeddedPostgres(place / "one"), file, lambda _header: None)
    assert sorted(path.name for path in (place / "one" / "postgres").iterdir()) == ["data", "server.log"]
    return file, last


async def test_a_restored_database_is_as_it_was_and_goes_on_later(place: Path, backup: tuple[Path, int]) -> None:
    file, last = backup
    server = EmbeddedPostgres(place / "two")
    assert restore(server, file, lambda _header: None)["madeAt"] == "today"
    async with server as dsn:
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT array_agg(n) FROM t") == [1], "as it was when it was copied"
        assert int(await connection.fetchval("SELECT pg_current_xact_id()::text")) > last, (
            "no number is given out twice"
        )
        again = place / "again"
        back_up(server, again, {})
        await connection.close()
    with pytest.raises(BackupError, match=r"There is a database .* already"):
        restore(server, file, lambda _header: None)
    third = EmbeddedPostgres(place / "three")
    restore(third, again, lambda _header: None)
    async with third as dsn:
        connection = await asyncpg.connect(dsn)
        assert int(await connection.fetchval("SELECT pg_current_xact_id()::text")) >> 32 == 2, "one epoch for each time"
        await connection.close()


def _flip(content: bytes) -> bytes:
    """Change one bit of a file inside, with everything around it made to fit."""
    members: list[tuple[tarfile.TarInfo, bytes]] = []
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            members.append((member, stream.read() if stream else b""))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        done = False
        for member, inside in members:
            if not done and "/base/" in member.name and len(inside) > 8192:
                inside = inside[:5000] + bytes([inside[5000] ^ 1]) + inside[5001:]  # noqa: PLW2901 - the change
                done = True
            archive.addfile(member, io.BytesIO(inside))
    assert done
    return out.getvalue()


def _with_format(content: bytes, number: int) -> bytes:
    out = io.BytesIO()
    text = json.dumps({"format": number}).encode()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        first = tarfile.TarInfo("handover-backup.json")
        first.size = len(text)
        archive.addfile(first, io.BytesIO(text))
    del content
    return out.getvalue()


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda content: content[: len(content) // 2], "damaged"),
    "one bit": (_flip, "is not what was copied"),
    "no archive": (lambda _content: b"hello", "damaged"),
    "another archive": (lambda _content: gzip.compress(b"\0" * 10240), "no backup of handover"),
    "empty": (lambda content: _with_format(content, 1), "damaged"),
    "of a later version": (lambda content: _with_format(content, 9), "has format 9; this version reads 1"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_backup_is_refused_and_leaves_nothing(place: Path, backup: tuple[Path, int], name: str) -> None:
    damage, said = DAMAGES[name]
    file = place / "damaged"
    file.write_bytes(damage(backup[0].read_bytes()))
    server = EmbeddedPostgres(place / "two")
    with pytest.raises(BackupError, match=said):
        restore(server, file, lambda _header: None)
    assert list(server.home.iterdir()) == []


def test_a_header_may_be_refused(place: Path, backup: tuple[Path, int]) -> None:
    def refuse(header: dict[str, Any]) -> None:
        assert header["madeAt"] == "today"
        message = "not with these keys"
        raise BackupError(message)

    server = EmbeddedPostgres(place / "two")
    with pytest.raises(BackupError, match="not with these keys"):
        restore(server, backup[0], refuse)
    assert list(server.home.iterdir()) == []
