"""A PostgreSQL server to be hurt: its processes, its log, and starting it again as whoever looks after it would."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from handover.platform.db import LOST
from handover.platform.embedded import EmbeddedPostgres
from tests.faults.house import soon


def postmaster(server: EmbeddedPostgres) -> int:
    """Give the process id of the server's first process."""
    pid = server.server_pid()
    assert pid is not None, "the server does not run"
    return pid


def processes(server: EmbeddedPostgres) -> list[int]:
    """Give the process ids of the server, the postmaster first."""
    first = postmaster(server)
    return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split())]


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody asked after does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


def kill(pids: Iterable[int]) -> None:
    """End processes at once, those that may just have ended included."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def gone(*pids: int, seconds: float = 6) -> bool:
    """Wait until none of the processes runs; tell whether that came about."""
    return await soon(lambda: not any(map(alive, pids)), seconds)


async def again(server: EmbeddedPostgres) -> None:
    """Start a server that ended, whatever state it left its data in."""
    await server.stop()  # gives up what a running one would hold
    await server.start()


def directory(server: EmbeddedPostgres) -> Path:
    """Give the directory of the server's data and log; the path of a test is short enough for its socket too."""
    return Path(parse_qs(urlsplit(server.dsn()).query)["host"][0])


def log(server: EmbeddedPostgres) -> str:
    """What the server has written so far."""
    return (directory(server) / "server.log").read_text("utf-8", errors="replace")


def recoveries(server: EmbeddedPostgres) -> int:
    """How often the server found data that nobody had closed, and recovered it."""
    return log(server).count("not properly shut down")


async def revive(server: EmbeddedPostgres) -> bool:
    """Wait until the server lets us in again; tell whether it had ended and had to be started."""
    deadline, patience = time.monotonic() + 40, time.monotonic() + 12
    while True:
        pid = server.server_pid()
        if pid is not None and time.monotonic() > patience and "in recovery mode" in log(server)[-200:]:
            # A server that lost its disk may hang in its own recovery; whoever looks after it starts it anew.
            kill(processes(server))
            await gone(pid)
        if pid is None or not alive(pid):
            await again(server)
            return True
        with contextlib.suppress(*LOST):
            session = await asyncpg.connect(server.dsn(), timeout=5)
            await session.close()
            return False
        assert time.monotonic() < deadline, log(server)[-2000:]
        await asyncio.sleep(0.05)


def as_root() -> tuple[str, ...]:
    """Give the words before a command that only root may run."""
    return () if os.geteuid() == 0 else ("sudo", "-n")


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Give a file system that is soon full."""
    options = f"size={megabytes}m,mode=0755,uid={os.getuid()},gid={os.getgid()}"
    with tempfile.TemporaryDirectory(prefix="handover-disk-") as directory:
        mounted = subprocess.run([*as_root(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=False)
        if mounted.returncode != 0:
            # `make faults` then misses a line, and says so.
            pytest.skip("a file system can be mounted by root only")
        try:
            yield Path(directory)
        finally:
            subprocess.run([*as_root(), "umount", directory], check=True)


def fill(disk: Path) -> None:
    """Write to a file system until nothing more fits."""
    with (disk / "filler").open("ab", buffering=0) as filler:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while filler.write(bytes(size)) == size:
                    pass


@contextlib.asynccontextmanager
async def failing_writes(pids: Iterable[int], trace: Path) -> AsyncIterator[None]:
    """Let every fsync of the processes, and of those they start, fail as on a broken disk; `trace` lists them."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    words = ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=fsync,fdatasync"]
    words += ["-e", "inject=fsync,fdatasync:error=EIO", *(word for pid in pids for word in ("-p", str(pid)))]
    tracer = await asyncio.create_subprocess_exec(*as_root(), *words, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.terminate()
        await tracer.wait()
