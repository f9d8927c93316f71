"""A whole instance on real sockets for tests: API, worker and projector on one loop and one fresh database."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvicorn

from handover.access import demonstration
from handover.cli.seed import seed_directory
from handover.delivery.worker import Worker, WorkerOptions
from handover.inbox.projector import Projector
from handover.platform.ids import new_id
from handover.platform.settings import Settings
from handover.web.app import create_app
from handover.web.bounded import BoundedHttp
from handover.wiring import Services, services

OPENING = {
    "ssin": "80010100107",
    "givenName": "Voorbeeld",
    "familyName": "Een",
    "birthDate": "1980-01-01",
    "targetGroup": "livingWage",
    "capacity": "livingWage",
    "legalBasisId": "demo-protocol",
}


def number(n: int) -> str:
    """Give a valid national number, another one for each n under 998 (born on 1 January 1980)."""
    first = 800101_000 + n
    return f"{first}{97 - first % 97:02}"


@dataclass
class Party:
    """One organisation's software, or one of its counsellors, calling the API."""

    http: httpx.AsyncClient
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: Any) -> httpx.Response:  # noqa: ANN401 - query values
        """GET."""
        return await self.http.get(path, params=query or None, headers=self._headers())

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """POST with an Idempotency-Key of its own unless one is given."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(
            path, json=body, headers=self._headers() | {"Idempotency-Key": str(new_id())} | named
        )

    async def open(self, **changes: str) -> str:
        """Open or join a dossier and give its id."""
        answer = await self.post("/v1/dossiers", OPENING | changes)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["dossierId"])

    async def step(self, dossier_id: str, kind: str, data: object, thread_id: str | None = None) -> dict[str, Any]:
        """Post a step that must succeed and give the event."""
        answer = await self.try_step(dossier_id, kind, data, thread_id)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["items"][0]
        return found

    async def try_step(self, dossier_id: str, kind: str, data: object, thread_id: str | None = None) -> httpx.Response:
        """Post a step and give the answer, whatever it is."""
        body = {"type": kind, "data": data} | ({"threadId": thread_id} if thread_id else {})
        return await self.post(f"/v1/dossiers/{dossier_id}/events", body)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | self.headers


@dataclass
class Instance:
    """A running instance."""

    base_url: str
    data_dir: Path
    services: Services
    """Of who answers requests: behind the wall."""
    worker: Services
    http: httpx.AsyncClient
    pool: asyncpg.Pool
    """To look in the tables, as their owner."""

    def party(
        self,
        organisation: str,
        counsellor: str = "",
        *,
        roles: tuple[str, ...] = (),
        scopes: tuple[str, ...] = demonstration.SCOPES,
    ) -> Party:
        """Give an organisation's software, or its counsellor `counsellor` (the part of the id after the dot)."""
        token = demonstration.issue(
            self.data_dir,
            organisation=organisation,
            counsellor=f"{organisation}.{counsellor}" if counsellor else "",
            at=datetime.now(UTC),
            roles=roles,
            scopes=scopes,
        )
        return Party(self.http, token)


@contextlib.asynccontextmanager
async def running(dsn: str, data_dir: Path, *, work: bool = True, **more: Any) -> AsyncIterator[Instance]:  # noqa: ANN401 - values of settings
    """Run an instance; with `work` also its worker and projector. `more` are settings of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(**{"data_dir": data_dir, "database_url": dsn, "port": port, "pool_size": 4, **more})
    async with (
        services(settings, walled=True) as ready,
        services(settings, name="handover-worker") as working,
        asyncpg.create_pool(dsn, min_size=0, max_size=3) as pool,
        contextlib.AsyncExitStack() as stack,
    ):
        await seed_directory(working)
        await ready.refresh_directory()
        await ready.broadcast.start()
        stack.push_async_callback(ready.broadcast.stop)
        await ready.tail.start()
        stack.push_async_callback(ready.tail.stop)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(ready),
                port=settings.port,
                log_config=None,
                lifespan="off",
                loop="none",
                http=BoundedHttp,
                timeout_graceful_shutdown=2,
            )
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(server._serve())  # noqa: SLF001 - serve() would take the test's signals
        while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
            await asyncio.sleep(0.01)
        if work:
            options = WorkerOptions(base_url=settings.base_url, demonstration=True)
            worker = Worker(
                dsn=dsn,
                pool=working.pool,
                sealer=working.sealer,
                record=working.record,
                directory=working.directory,
                clock=working.clock,
                options=options,
            )
            delivering = asyncio.create_task(worker.run())
            projecting = asyncio.create_task(Projector(working.pool, dsn, working.sealer).run())
            stack.push_async_callback(_ended, projecting)
            stack.push_async_callback(asyncio.wait_for, delivering, 30)
            stack.push_async_callback(worker.stop)
        async with httpx.AsyncClient(base_url=settings.base_url, trust_env=False, timeout=20) as http:
            yield Instance(settings.base_url, data_dir, ready, working, http, pool)
        server.should_exit = True
        await serving


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def becomes(what: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait until something is so; fail after some seconds."""

    async def asked() -> bool:
        return what()

    await eventually(asked, seconds=seconds)


async def eventually(what: Any, *, seconds: float = 10.0) -> Any:  # noqa: ANN401 - whatever `what` gives
    """Call an async function until it gives something true; fail after some seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await what()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
