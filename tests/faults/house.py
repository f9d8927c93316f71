"""The product as it runs in earnest: API and worker processes of their own on one PostgreSQL, to be hurt."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx

from handover.access import demonstration
from handover.cli.migrate import migrate_database
from handover.cli.seed import seed_directory
from handover.platform.db import LOST, with_login
from handover.platform.embedded import SERVICE
from handover.platform.settings import Settings
from handover.wiring import Doors, services
from tests.faults.scorecard import LONG

OCMW, VDAB = "ocmw-lindedal", "vdab"
_PROGRAM = (sys.executable, "-m", "handover")


def free_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def soon(true: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait so long at most for something to become true; tell whether it did."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.02)
    return true()


@dataclass
class Program:
    """One process of the product. Its log is kept for what it says."""

    name: str
    process: asyncio.subprocess.Process
    log_file: Path
    url: str = ""

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text("utf-8", errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal, to a process that may just have ended."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def ended(self, seconds: float = 30) -> int:
        """Wait for its end and give its exit code (-n: ended by signal n)."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def kill(self) -> int:
        """End it at once, without a chance to tidy up; give its exit code."""
        self.send(signal.SIGKILL)
        return await self.ended()


@dataclass
class House:
    """One instance: a database, a directory for its keys, and whatever runs on them."""

    dsn: str
    """Of the owner: to look, and to hurt."""
    place: Path
    pool: asyncpg.Pool
    login: str = SERVICE
    """How the processes log in."""
    programs: list[Program] = field(default_factory=list)
    base_url: str = "http://127.0.0.1:8000"
    token_lifetime: timedelta = demonstration.LIFETIME
    token_age: timedelta = timedelta(0)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def environment(self, **more: str) -> dict[str, str]:
        """Give the environment of the instance's processes."""
        return {
            **os.environ,
            "HANDOVER_DATABASE_URL": with_login(self.dsn, self.login) if self.dsn else "",
            "HANDOVER_OWNER_URL": self.dsn,
            "HANDOVER_DATA_DIR": str(self.place),
            "HANDOVER_PUBLIC_URL": self.base_url,
            "HANDOVER_POOL_SIZE": "4",
            "HANDOVER_WORKER_POOL_SIZE": "4",
            "HANDOVER_WORKER_POLL_SECONDS": "0.2",
            "HANDOVER_LOG_LEVEL": "info",
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    async def api(self, *, port: int = 0, ready: bool = True, argv: tuple[str, ...] = _PROGRAM, **env: str) -> Program:
        """Start an API process; with `ready`, wait for its first answer."""
        chosen = port or free_port()
        program = await self.start("serve", {"HANDOVER_PORT": str(chosen), **env}, argv=argv)
        program.url = f"http://127.0.0.1:{chosen}"
        if ready:
            await self.answers(program)
        return program

    async def worker(self, *, argv: tuple[str, ...] = _PROGRAM, **env: str) -> Program:
        """Start a worker process."""
        return await self.start("work", env, argv=argv)

    async def successor(self, leases: int = 1, **env: str) -> Program:
        """Start a worker for which the claims of those before it have run out.

        Its clock is that much ahead; in the long form the 30 seconds of a claim are waited for.
        """
        return await self.start("work", {"HANDOVER_CLOCK_OFFSET": "0" if LONG else str(35 * leases), **env})

    async def start(
        self, command: str, env: Mapping[str, str] | None = None, *, argv: tuple[str, ...] = _PROGRAM
    ) -> Program:
        """Start a command of the product in a process of its own."""
        log_file = self.place / f"{command}-{next(self.numbers)}.log"
        with log_file.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *argv,
                *command.split(),
                env=self.environment(**(env or {})),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        program = Program(command, process, log_file)
        self.programs.append(program)
        return program

    async def answers(self, program: Program, seconds: float = 40) -> None:
        """Wait until an API answers."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{program.url}/health")).is_success:
                        return
                assert program.running, f"the API ended: {program.log[-2000:]}"
                assert time.monotonic() < deadline, f"the API does not answer: {program.log[-2000:]}"
                await asyncio.sleep(0.05)

    def token(self, organisation: str) -> str:
        """Give a token of an organisation's software."""
        return demonstration.issue(
            self.place,
            organisation=organisation,
            counsellor="",
            at=datetime.now(UTC) - self.token_age,
            lifetime=self.token_lifetime,
        )

    async def fetchval(self, query: str, *arguments: object) -> object:
        """Ask the database one thing; again when the connection has been cut meanwhile."""
        for _ in range(100):
            with contextlib.suppress(*LOST):
                return await self.pool.fetchval(query, *arguments)
            await asyncio.sleep(0.1)
        raise AssertionError("the database does not come back")

    async def until(self, query: str, *arguments: object, seconds: float = 60) -> float:
        """Wait until a query gives something true; give how many seconds that took."""
        started = time.monotonic()
        while not await self.fetchval(query, *arguments):
            assert time.monotonic() - started < seconds, f"not within {seconds:g} s: {query}"
            await asyncio.sleep(0.05)
        return time.monotonic() - started

    async def delivered(self, seconds: float = 60) -> float:
        """Wait until nothing waits to go out; give how many seconds that took."""
        return await self.until(
            "SELECT NOT EXISTS (SELECT FROM delivery WHERE state NOT IN ('succeeded', 'skipped'))", seconds=seconds
        )

    async def caught_up(self, seconds: float = 60) -> None:
        """Wait until nothing waits to go out, where claims may have been cut off from their answer.

        What no claim holds must go out by itself; what one still holds goes to a `successor`.
        """
        free = "SELECT NOT EXISTS (SELECT FROM lane WHERE due_at <= now() AND coalesce(lease_until < now(), true))"
        await self.until(free, seconds=seconds)
        try:
            await self.delivered(1)
        except AssertionError:
            await self.successor()
            await self.delivered(seconds)


async def prepared(dsn: str) -> None:
    """Migrate a database, for whose owner `dsn` is, and let the service's login work in it."""
    await migrate_database(Doors(dsn, with_login(dsn, SERVICE)))


@contextlib.asynccontextmanager
async def house(dsn: str, place: Path, *, seeded: bool = False, login: str = SERVICE) -> AsyncIterator[House]:
    """Give an instance on a migrated database, with the demonstration's organisations; nothing runs yet.

    `seeded`: the caller sees to schema and organisations. Every process that was started through it is ended
    afterwards.
    """
    if not seeded:
        async with services(Settings(data_dir=place, database_url=dsn), pool_size=1, name="faults-seed") as ready:
            await seed_directory(ready)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=3, server_settings={"application_name": "faults"})
    made = House(dsn, place, pool, login)
    try:
        yield made
    finally:
        for program in made.programs:
            if program.running:
                program.send(signal.SIGCONT)
                await program.kill()
        pool.terminate()
