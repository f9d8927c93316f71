"""A copy of the embedded database as one file, and a database from such a file.

The copy is PostgreSQL's own (pg_basebackup): the numbers of transactions come along, which feeds are ordered by and
which a dump would lose. A restored database goes on with numbers that no earlier one can have given out, so that a
reader who kept a place from after the backup does not miss what is recorded from now on.
"""

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handover.platform.embedded import DATABASE, EmbeddedPostgres

_HEADER, _DATA = "handover-backup.json", "data"
_FORMAT = 1
_MANIFEST = "backup_manifest"
_EPOCH = re.compile(r"NextXID:\s+(\d+):\d+")


class BackupError(RuntimeError):
    """It cannot be backed up or restored; the message says why and what to do. Nothing was put in place."""


def back_up(server: EmbeddedPostgres, file: Path, header: dict[str, Any], *, leave_out: Sequence[str] = ()) -> int:
    """Write the running database of `server` to a new `file`, with `header` in front; give the file's bytes.

    The rows of the tables `leave_out` are nowhere in it, its write-ahead log included.

    Takes as long as copying takes, and about the database's size beside it meanwhile. Raises BackupError.
    """
    if file.exists():
        message = f"{file} is there already: choose another name."
        raise BackupError(message)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with _aside(server) as copied:
        said = server.run(
            "pg_basebackup",
            f"--pgdata={copied.name}",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--manifest-checksums=SHA256",
            f"--dbname={server.dsn()}",
        )
        if said.returncode != 0:
            message = f"PostgreSQL does not give a copy: {said.stdout.strip()}"
            raise BackupError(message)
        if leave_out:
            _leave_out(server, copied, leave_out)
        try:
            _pack(copied, draft, {"format": _FORMAT, **header})
            # A half-written backup never has the name of a whole one.
            draft.rename(file)
        except OSError as error:
            message = f"{file} cannot be written ({error.strerror}): choose a place with room and the right to write."
            raise BackupError(message) from None
        finally:
            draft.unlink(missing_ok=True)
    return file.stat().st_size


def restore(server: EmbeddedPostgres, file: Path, accept: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Make the database of `server` from a backup; give the header. `accept` may refuse the header by raising.

    Nothing is put in place before all of it was checked against its checksums and recovered; a database that is
    there is never overwritten. Raises BackupError, EmbeddedPostgresError.
    """
    with server.at_rest():
        if server.cluster.exists():
            message = f"There is a database in {server.home} already: move that directory away, then try again."
            raise BackupError(message)
        with _aside(server) as made:
            header = _unpack(file, made, accept)
            _recover(server, made)
            made.rename(server.cluster)
            _sync(server.home)
            return header


def _leave_out(server: EmbeddedPostgres, copied: Path, tables: Sequence[str]) -> None:
    # The copy is recovered by a server for one session, emptied, and given a log that begins afterwards.
    emptied = "".join(f"TRUNCATE {table};\n" for table in tables) + "CHECKPOINT;\n"
    _must(server, "postgres", "--single", "-D", copied.name, DATABASE, said=emptied)
    _must(server, "pg_resetwal", "--pgdata", copied.name)
    files = [path for path in sorted(copied.rglob("*")) if path.is_file() and path.name != _MANIFEST]
    listed = [_entry(copied, path) for path in files if "pg_wal" not in path.parts]
    (copied / _MANIFEST).write_text(json.dumps({"Files": listed}), "utf-8")
    _give(copied / _MANIFEST, copied.parent)


def _entry(copied: Path, path: Path) -> dict[str, object]:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"Path": str(path.relative_to(copied)), "Size": path.stat().st_size, "Checksum": digest}


@contextmanager
def _aside(server: EmbeddedPostgres) -> Iterator[Path]:
    """Give a name in the server's directory, and leave nothing under it."""
    place = server.home / f"copy-{secrets.token_hex(4)}"
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _pack(copied: Path, draft: Path, header: dict[str, Any]) -> None:
    text = json.dumps(header).encode()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
            first = tarfile.TarInfo(_HEADER)
            first.size, first.mode = len(text), 0o600
            archive.addfile(first, io.BytesIO(text))
            archive.add(copied, arcname=_DATA)
        out.flush()
        os.fsync(descriptor)


def _unpack(file: Path, made: Path, accept: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    try:
        with tarfile.open(file, mode="r:gz") as archive:
            header = _header(archive)
            accept(header)
            made.mkdir(mode=0o700)
            while member := archive.next():
                inside = member.name.removeprefix(_DATA).lstrip("/")
                if not member.name.startswith(_DATA) or not (member.isreg() or member.isdir()):
                    raise BackupError(_damaged(file, f"{member.name} does not belong in it"))
                if inside:
                    member.name = inside
                    archive.extract(member, made, filter="data")
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError) as error:
        raise BackupError(_damaged(file, f"{type(error).__name__}: {error}")) from None
    _check(file, made)
    for path in (made, *made.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _give(path, made.parent)
    return header


def _header(archive: tarfile.TarFile) -> dict[str, Any]:
    first = archive.next()
    content = archive.extractfile(first) if first is not None and first.name == _HEADER else None
    if content is None:
        message = "no header"
        raise ValueError(message)
    header: dict[str, Any] = json.loads(content.read())
    if header["format"] != _FORMAT:
        message = f"This backup has format {header['format']}; this version reads {_FORMAT}."
        raise BackupError(message)
    return header


def _check(file: Path, made: Path) -> None:
    """Compare every file with PostgreSQL's manifest; what is not in that (write-ahead log) has checks of its own."""
    try:
        manifest = json.loads((made / _MANIFEST).read_bytes())
        for entry in manifest["Files"]:
            content = (made / entry["Path"]).read_bytes()
            if len(content) != entry["Size"] or hashlib.sha256(content).hexdigest() != entry["Checksum"]:
                raise BackupError(_damaged(file, f"{entry['Path']} is not what was copied"))
    except (OSError, ValueError, KeyError) as error:
        raise BackupError(_damaged(file, f"{type(error).__name__}: {error}")) from None


def _recover(server: EmbeddedPostgres, made: Path) -> None:
    # A server for one session, whose input has ended: it recovers, writes everything and stops.
    _must(server, "postgres", "--single", "-D", made.name, "postgres")
    _must(server, "pg_checksums", "--check", "--pgdata", made.name)
    found = _EPOCH.search(_must(server, "pg_controldata", "--pgdata", made.name))
    if found is None:
        message = "PostgreSQL does not tell the number of the next transaction."
        raise BackupError(message)
    _must(server, "pg_resetwal", f"--epoch={int(found[1]) + 1}", "--pgdata", made.name)


def _must(server: EmbeddedPostgres, program: str, *arguments: str, said: str = "") -> str:
    done = server.run(program, *arguments, said=said)
    if done.returncode != 0:
        message = f"The backup cannot be made into a database again ({program}): {done.stdout.strip()[-1000:]}"
        raise BackupError(message)
    return done.stdout


def _give(path: Path, home: Path) -> None:
    if os.geteuid() == 0:
        owner = home.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(file: Path, what: str) -> str:
    return f"{file} is damaged or no backup of handover ({what}): take another backup."
