"""A real receiver on loopback, a small world of organisations and dossiers, and short ways to steer both."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

import asyncpg
from aiohttp import web

from handover.delivery.destinations import Destinations
from handover.delivery.subscriptions import Subscriptions
from handover.delivery.worker import Worker, WorkerOptions
from handover.domain.codes import Capacity, OrganisationKind, Purpose, TargetGroup
from handover.domain.events import Event, OpenDossier, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor, Caller, Counsellor, Directory, LegalBasis, Organisation
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.platform.notify import Notifier
from handover.record import codec
from handover.record.directory import save_organisation
from handover.record.handle import Handled, Record, Request
from handover.record.reading import CHANNEL
from handover.record.sealing import Sealer

BASE = "http://127.0.0.1:8000"
OCMW, VDAB = "ocmw-lindedal", "vdab"
Answer = Callable[["Hook"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Hook:
    """One webhook as it came in."""

    headers: dict[str, str]
    raw: bytes
    at: float
    request: web.Request

    @property
    def event(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.raw)
        return found

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def dossier(self) -> str:
        return str(self.event["subject"])

    @property
    def sequence(self) -> int:
        return int(str(self.event["sequence"]))


async def accept(_hook: Hook) -> web.StreamResponse:
    return web.Response(status=204)


@dataclass
class Receiver:
    """The other organisation's software. `answer` decides what it says; everything it hears is kept."""

    answer: Answer = accept
    hooks: list[Hook] = field(default_factory=list)
    open_now: int = 0
    url: str = ""
    port: int = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook = Hook(headers, raw, asyncio.get_running_loop().time(), request)
        self.hooks.append(hook)
        self.open_now += 1
        try:
            return await self.answer(hook)
        finally:
            self.open_now -= 1

    def sequences(self, dossier_id: UUID) -> list[int]:
        return [hook.sequence for hook in self.hooks if hook.dossier == str(dossier_id)]


@contextlib.asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        receiver.port = runner.addresses[0][1]
        receiver.url = f"http://127.0.0.1:{receiver.port}/hook"
        yield receiver
    finally:
        await runner.cleanup()


def status(code: int, headers: dict[str, str] | None = None) -> Answer:
    async def answer(_hook: Hook) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


def _directory() -> Directory:
    def organisation(name: str, kind: OrganisationKind, number: str) -> Organisation:
        return Organisation(
            organisation_id=name,
            kind=kind,
            enterprise_number=number,
            name=name,
            coordinator=f"{name}.coordinator",
        )

    counsellors = (f"{OCMW}.trajectbegeleider-1", f"{VDAB}.bemiddelaar-1")
    return Directory(
        {
            OCMW: organisation(OCMW, OrganisationKind.OCMW, "0123456749"),
            VDAB: organisation(VDAB, OrganisationKind.VDAB, "0876543270"),
        },
        {c: Counsellor(counsellor_id=c, organisation_id=c.partition(".")[0], name=c) for c in counsellors},
        {
            "demo-protocol": LegalBasis(
                legal_basis_id="demo-protocol",
                title="",
                reference="",
                purposes=frozenset(Purpose),
                valid_from=date(2020, 1, 1),
            )
        },
    )


@dataclass
class World:
    """A database with two organisations, the write side, and workers on request."""

    dsn: str
    pool: asyncpg.Pool
    record: Record
    directory: Directory
    clock: Clock
    sealer: Sealer
    subscriptions: Subscriptions
    events: dict[UUID, list[Event]] = field(default_factory=dict)
    opened: int = 0

    def caller(self, organisation: str) -> Caller:
        return Caller(organisation=self.directory.organisations[organisation], actor=Actor(name="software"))

    async def open(self, organisation: str = OCMW) -> UUID:
        """Open a dossier of its own client; sequences 1 and 2."""
        self.opened += 1
        command = OpenDossier(
            command_id=new_id(),
            dossier_id=new_id(),
            caller=self.caller(organisation),
            given_name="Voorbeeld",
            family_name="Een",
            birth_date=date(1980, 1, 1),
            target_group=TargetGroup.LIVING_WAGE,
            capacity=Capacity.LIVING_WAGE,
            legal_basis_id="demo-protocol",
        )
        handled = await self.record.handle(command, Request(ssin=f"{self.opened:011}"), at=self.clock.now())
        self._keep(handled)
        return handled.dossier.dossier_id

    async def post(
        self, dossier_id: UUID, event_type: str, organisation: str = OCMW, data: Payload | None = None
    ) -> list[Event]:
        command = PostEvent(
            command_id=new_id(),
            dossier_id=dossier_id,
            caller=self.caller(organisation),
            type=event_type,
            data=data or EVENT_TYPES[event_type].rows[0].example,
        )
        return self._keep(await self.record.handle(command, Request(), at=self.clock.now()))

    async def steps(self, dossier_id: UUID, count: int) -> list[Event]:
        """Record so many steps that touch nothing else, one after another."""
        found = [await self.post(dossier_id, "followUp.appointmentPlanned") for _ in range(count)]
        return [event for events in found for event in events]

    def _keep(self, handled: Handled) -> list[Event]:
        events = [codec.decode_event(body) for body in handled.bodies]
        self.events.setdefault(handled.dossier.dossier_id, []).extend(events)
        return events

    def worker(self, **options: object) -> Worker:
        chosen = {
            "base_url": BASE,
            "demonstration": True,
            "poll_seconds": 0.1,
            "drain_seconds": 2.0,
        } | options
        return Worker(
            dsn=self.dsn,
            pool=self.pool,
            sealer=self.sealer,
            record=self.record,
            directory=lambda: self.directory,
            clock=self.clock,
            options=WorkerOptions(**chosen),  # type: ignore[arg-type]
        )

    @contextlib.asynccontextmanager
    async def working(self, **options: object) -> AsyncIterator[Worker]:
        worker = self.worker(**options)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            await worker.stop()
            await running

    async def states(self, dossier_id: UUID) -> list[str]:
        rows = await self.pool.fetch(
            "SELECT state FROM delivery WHERE dossier_id = $1 ORDER BY subscription_id, sequence", dossier_id
        )
        return [row["state"] for row in rows]

    async def lane(self, dossier_id: UUID) -> asyncpg.Record:
        return await self.pool.fetchrow("SELECT * FROM lane WHERE dossier_id = $1", dossier_id)

    def later(self, by: timedelta) -> None:
        self.clock.offset += by


@contextlib.asynccontextmanager
async def world(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[World]:
    directory = _directory()
    for organisation in directory.organisations.values():
        await save_organisation(pool, organisation)
    clock = Clock()
    sealer = Sealer(seal_key=b"1" * 32, ssin_key=b"2" * 32)
    notifier = Notifier(dsn, CHANNEL)
    await notifier.start()
    try:
        yield World(
            dsn=dsn,
            pool=pool,
            record=Record(pool, pool, sealer, lambda: directory, notifier.wake),
            directory=directory,
            clock=clock,
            sealer=sealer,
            subscriptions=Subscriptions(
                pool,
                sealer,
                clock,
                base_url=BASE,
                destinations=Destinations(demonstration=True),
                wake=notifier.wake,
            ),
        )
    finally:
        await notifier.stop()


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


async def until_async(condition: Callable[[], Awaitable[object]], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the same, and it lies in the database
            await asyncio.sleep(0.01)
