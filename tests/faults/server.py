"""A PostgreSQL server to be hurt: its processes, its log, and starting it again as whoever looks after it would."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from handover.platform.embedded import EmbeddedPostgres


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


async def soon(condition: Callable[[], object], seconds: float = 5) -> bool:
    """Wait until something holds; tell whether it did within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def gone(*pids: int, seconds: float = 3) -> bool:
    """Wait until none of the processes runs; tell whether that came about."""
    return await soon(lambda: not any(map(alive, pids)), seconds)


async def again(server: EmbeddedPostgres) -> None:
    """Start a server that ended, whatever state it left its data in."""
    await server.stop()  # gives up what a running one would hold
    await server.start()


def log(server: EmbeddedPostgres) -> str:
    """What the server has written so far."""
    directory = parse_qs(urlsplit(server.dsn()).query)["host"][0]
    return (Path(directory) / "server.log").read_text("utf-8", errors="replace")


def recoveries(server: EmbeddedPostgres) -> int:
    """How often the server found data that nobody had closed, and recovered it."""
    return log(server).count("not properly shut down")
