"""Where everything is measured: one PostgreSQL as durable as in production, fresh databases, real processes."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from handover.access import demonstration
from handover.cli.seed import seed_directory
from handover.platform.clock import Clock
from handover.platform.db import with_database
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.settings import Settings
from handover.record.migrate import upgrade
from handover.wiring import Services, services

HOST = "127.0.0.1"
_TEMPLATE = "bench_template"
_START_SECONDS = 60.0
_STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The server, and the data directory whose keys and token issuer all processes share."""

    server: EmbeddedPostgres
    data_dir: Path

    async def database(self, name: str, *, empty: bool = False) -> str:
        """Make a database, with the schema and the demonstration's directory unless `empty`; give its address."""
        like = "" if empty else f'TEMPLATE "{_TEMPLATE}"'
        await self._execute(f'CREATE DATABASE "{name}" {like}')
        return with_database(self.server.dsn(), name)

    async def has(self, name: str) -> bool:
        """Tell whether there is such a database."""
        connection = await asyncpg.connect(self.server.dsn("postgres"))
        try:
            return bool(await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name))
        finally:
            await connection.close()

    def address(self, name: str) -> str:
        """Give a database's address."""
        return with_database(self.server.dsn(), name)

    async def drop(self, name: str) -> None:
        """Remove a database, so that its vacuum does not run beside the next figure."""
        await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def settings(self, dsn: str, port: int = 8000) -> Settings:
        """Give the settings an instance runs with when nobody changed any."""
        return Settings(data_dir=self.data_dir, database_url=dsn, port=port)

    @contextlib.asynccontextmanager
    async def services(self, dsn: str) -> AsyncIterator[Services]:
        """Give the services in this process, to fill a database through the same code that serves."""
        async with services(self.settings(dsn), pool_size=4, name="bench-fill") as ready:
            yield ready

    def token(self, organisation: str, counsellor: str = "") -> str:
        """Give an access token, of the organisation's software or of a counsellor."""
        return demonstration.issue(self.data_dir, organisation=organisation, counsellor=counsellor, at=Clock().now())

    @contextlib.asynccontextmanager
    async def serving(self, dsn: str) -> AsyncIterator[int]:
        """Run `handover serve` in a process of its own; give its port."""
        port = free_port()
        async with process("-m", "handover", "serve", env=self._env(dsn, port)) as child:
            await until_answers(child, port, "/health")
            yield port

    @contextlib.asynccontextmanager
    async def working(self, dsn: str) -> AsyncIterator[None]:
        """Run `handover work` in a process of its own: deliveries and the inbox projection."""
        async with process("-m", "handover", "work", env=self._env(dsn, 8000)):
            yield

    def _env(self, dsn: str, port: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HANDOVER_")}
        return inherited | {
            "HANDOVER_DATABASE_URL": dsn,
            "HANDOVER_DATA_DIR": str(self.data_dir),
            "HANDOVER_PORT": str(port),
            "HANDOVER_LOG_LEVEL": "warning",
            # One client sends all that is sent here.
            "HANDOVER_CLIENT_REQUESTS_PER_SECOND": "0",
            "HANDOVER_ORGANISATION_REQUESTS_PER_SECOND": "0",
        }

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server.dsn("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def stage(kept: Path | None = None) -> AsyncIterator[Stage]:
    """Start the server in a directory of its own, and stop and remove it afterwards; a `kept` one stays."""
    with contextlib.ExitStack() as stack:
        directory = kept or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handover-bench-")))
        server = EmbeddedPostgres(directory)
        async with server:
            ready = Stage(server, directory)
            if not await ready.has(_TEMPLATE):
                dsn = await ready.database(_TEMPLATE, empty=True)
                await upgrade(dsn)
                async with ready.services(dsn) as filling:
                    await seed_directory(filling)
            yield ready


@contextlib.asynccontextmanager
async def process(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python with these arguments as long as the block lasts; its warnings go to our standard error."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
            await asyncio.wait_for(child.communicate(), _STOP_SECONDS)


async def until_answers(child: asyncio.subprocess.Process, port: int, path: str) -> None:
    """Wait until a server answers. Raises RuntimeError when its process ends instead."""
    deadline = time.monotonic() + _START_SECONDS
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=5) as http:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(path)).status_code < 500:
                    return
            if child.returncode is not None:
                break
            await asyncio.sleep(0.05)
    message = f"the server on port {port} did not come up"
    raise RuntimeError(message)


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port
