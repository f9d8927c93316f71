"""Builds everything once: from settings to the services that API, worker and operator commands use."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg

from handover.access import demonstration
from handover.access.attempts import Attempts
from handover.access.break_glass import BreakGlass
from handover.access.guard import Guard
from handover.access.limits import Limits
from handover.access.log import AccessLog
from handover.access.oidc import OpenId
from handover.access.senders import Senders
from handover.access.sessions import Sessions
from handover.access.tokens import Issuer, Keys, Tokens
from handover.delivery.checkpoints import Checkpoints
from handover.delivery.destinations import Destinations
from handover.delivery.push import Pushes
from handover.delivery.push_subscriptions import PushHosts, PushSubscriptions
from handover.delivery.subscriptions import Subscriptions
from handover.delivery.worker import Worker, WorkerOptions
from handover.domain.parties import Directory
from handover.inbox.preferences import Preferences
from handover.inbox.projector import Projector
from handover.inbox.stream import InboxBroadcast
from handover.inbox.views import Inbox
from handover.platform.clock import Clock
from handover.platform.db import LOST, open_pool
from handover.platform.embedded import SERVICE, EmbeddedPostgres
from handover.platform.mail_server import MailServer
from handover.platform.notify import Listener, Notifier
from handover.platform.settings import Mode, Settings
from handover.platform.walls import APP, WORKER, Database, Walled
from handover.record.agreements import Agreements
from handover.record.directory import DIRECTORY, load_directory
from handover.record.handle import Record
from handover.record.housekeeping import keep_house
from handover.record.key_copies import refuse_keyless
from handover.record.log import Log
from handover.record.notes import Signer
from handover.record.offers import Offers
from handover.record.once import Once
from handover.record.reading import CHANNEL, Reader
from handover.record.retention import keep_periods
from handover.record.scheduling import Scheduler
from handover.record.schema import refuse_old_schema
from handover.record.sealing import Sealer
from handover.record.tail import Tail
from handover.record.wall_audit import refuse_gaps

if TYPE_CHECKING:
    from handover.exchange.bringing import Bringing
    from handover.exchange.carrying import Carrying
    from handover.exchange.conversations import Kind
    from handover.exchange.pulling import Puller


_DIRECTORY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses of one database: for who migrates it, and for who serves."""

    owner: str
    service: str


@dataclass(slots=True)
class LiveDirectory:
    """The directory as last read; refreshed when it is told to and now and then anyway."""

    pool: Database
    current: Directory = field(default_factory=Directory)

    def __call__(self) -> Directory:
        """Give the directory."""
        return self.current

    async def refresh(self) -> None:
        """Read it again."""
        self.current = await load_directory(self.pool)


@dataclass(frozen=True, slots=True)
class Services:
    """What a process works with."""

    settings: Settings
    dsn: str
    pool: Database
    """Behind the wall where requests are answered, whole for the worker and operators."""
    clock: Clock
    sealer: Sealer
    directory: LiveDirectory
    record: Record
    reader: Reader
    tokens: Tokens
    limits: Limits
    senders: Senders
    guard: Guard
    sessions: Sessions
    attempts: Attempts
    open_id: OpenId | None
    inbox: Inbox
    broadcast: InboxBroadcast
    preferences: Preferences
    push_subscriptions: PushSubscriptions
    push_key: bytes | None = field(repr=False)
    subscriptions: Subscriptions
    once: Once
    agreements: Agreements
    offers: Offers
    log: Log
    tail: Tail

    async def refresh_directory(self) -> None:
        """Read the directory anew."""
        await self.directory.refresh()

    def directory_now(self) -> Directory:
        """Give the directory as last read."""
        return self.directory()

    async def end_streams(self) -> None:
        """End what has no end of its own: open screens and followers of a feed."""
        self.tail.end()
        await self.broadcast.stop()


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Doors]:
    """Give the addresses of the database: the configured one, or the embedded one, started when it does not run."""
    if settings.database_url:
        yield Doors(settings.owner_url or settings.database_url, settings.database_url)
        return
    server = EmbeddedPostgres(settings.data_dir)
    try:
        yield Doors(await server.start(), server.dsn(login=SERVICE))
    finally:
        await server.stop()


@asynccontextmanager
async def services(
    settings: Settings,
    *,
    dsn: str | None = None,
    pool_size: int | None = None,
    name: str = "handover",
    keyless: bool = False,
    walled: bool = False,
) -> AsyncIterator[Services]:
    """Give the services on a migrated database; everything is closed afterwards.

    `keyless`: also on one whose dossiers have no keys, to put them back. `walled`: for who answers requests; what is
    read is then read for the organisation that asks (`platform.walls`).
    """
    async with AsyncExitStack() as stack:
        address = dsn or (await stack.enter_async_context(database(settings))).service
        pool = await open_pool(
            address,
            size=pool_size or settings.pool_size,
            application_name=name,
            role=APP if walled else WORKER,
        )
        stack.push_async_callback(_close, pool)
        reads: Database = Walled(pool) if walled else pool
        await refuse_old_schema(pool)
        await refuse_gaps(pool, login=settings.mode is Mode.PRODUCTION)
        if not keyless:
            await refuse_keyless(pool)
        clock, keys = Clock(settings.clock_offset), settings.keys()
        sealer = Sealer(seal_key=keys.seal, ssin_key=keys.ssin)
        directory = LiveDirectory(pool)
        await directory.refresh()
        notifier = Notifier(address, CHANNEL)
        await notifier.start()
        stack.push_async_callback(notifier.stop)
        changed = asyncio.Event()
        listener = Listener(address, [DIRECTORY], lambda _channel, _payload: changed.set())
        await listener.start()
        stack.push_async_callback(listener.stop)
        refresher = asyncio.create_task(_keep_fresh(directory, changed))
        stack.callback(refresher.cancel)
        reader = Reader(reads, sealer)
        yield Services(
            settings=settings,
            dsn=address,
            pool=reads,
            clock=clock,
            sealer=sealer,
            directory=directory,
            record=Record(pool, reads, sealer, directory, notifier.wake),
            reader=reader,
            tokens=Tokens(
                issuers(settings), directory, clock.now, certificate_header=settings.client_certificate_header
            ),
            limits=Limits(
                client_per_second=settings.client_requests_per_second,
                organisation_per_second=settings.organisation_requests_per_second,
                refusals_per_minute=settings.refusals_per_minute,
            ),
            senders=Senders(reads, directory, clock.now),
            guard=Guard(AccessLog(reads, reads), BreakGlass(reads, sealer, clock), directory, clock),
            sessions=Sessions(
                pool,
                directory,
                clock.now,
                idle=timedelta(minutes=settings.session_idle_minutes),
                longest=timedelta(hours=settings.session_hours),
            ),
            attempts=Attempts(pool, clock.now),
            open_id=OpenId(settings.sign_in, settings.base_url) if settings.sign_in else None,
            inbox=Inbox(reads, sealer),
            broadcast=InboxBroadcast(address),
            preferences=Preferences(reads),
            push_subscriptions=PushSubscriptions(reads, push_hosts(settings)),
            push_key=settings.push_signing_key(),
            subscriptions=Subscriptions(
                reads,
                sealer,
                clock,
                base_url=settings.base_url,
                destinations=Destinations(demonstration=settings.mode is Mode.DEMONSTRATION),
                wake=notifier.wake,
            ),
            once=Once(reads, sealer, clock),
            agreements=Agreements(pool, clock),
            offers=Offers(pool, clock),
            log=Log(reads, Signer(log_name(settings), keys.log)),
            tail=Tail(reads, address, reader, directory=directory, clock=clock),
        )


@asynccontextmanager
async def api_services(settings: Settings) -> AsyncIterator[Services]:
    """Give the services of an API process: open screens are told of changes as well."""
    async with services(settings, name="handover-api", walled=True) as ready:
        await ready.broadcast.start()
        await ready.tail.start()
        try:
            yield ready
        finally:
            await ready.end_streams()
            await ready.tail.stop()


@asynccontextmanager
async def worker_services(settings: Settings) -> AsyncIterator[tuple[Worker, Projector, Scheduler, Checkpoints]]:
    """Give what a worker process runs: deliveries, the inbox projection, the passing of time, and checkpoints."""
    async with services(settings, pool_size=settings.worker_pool_size, name="handover-worker") as ready:
        carrier = carrying(ready)
        options = WorkerOptions(
            base_url=settings.base_url,
            demonstration=settings.mode is Mode.DEMONSTRATION,
            poll_seconds=settings.worker_poll_seconds,
            checkpoint_seconds=settings.checkpoint_seconds,
            carrier=carrier,
        )
        worker = Worker(
            dsn=ready.dsn,
            pool=ready.pool,
            sealer=ready.sealer,
            record=ready.record,
            directory=ready.directory,
            clock=ready.clock,
            options=options,
        )
        periods = asyncio.create_task(keep_periods(ready.pool, ready.record, ready.sealer, ready.clock))
        notices = [*_notices(settings, ready), asyncio.create_task(puller(ready).run())]
        house = asyncio.create_task(keep_house(ready.pool, ready.clock, log_years=settings.access_log_years))
        try:
            yield (
                worker,
                Projector(ready.pool, ready.dsn, ready.sealer, poll=settings.worker_poll_seconds),
                Scheduler(ready.pool, ready.record, ready.clock, poll=settings.worker_poll_seconds),
                Checkpoints(
                    pool=ready.pool,
                    log=ready.log,
                    sealer=ready.sealer,
                    directory=ready.directory,
                    clock=ready.clock,
                    options=options,
                ),
            )
        finally:
            house.cancel()
            for notice in notices:
                notice.cancel()
            await asyncio.gather(*notices, return_exceptions=True)
            periods.cancel()
            await carrier.close()


def _notices(settings: Settings, ready: Services) -> list[asyncio.Task[None]]:
    """Start what tells people outside the screens: each a task of its own, on which no delivery waits."""
    found: list[asyncio.Task[None]] = []
    if settings.smtp_url:
        # Here, and only where mail is sent: they bring libraries that no other worker needs.
        from handover.inbox.daily_mail import DailyMail  # noqa: PLC0415
        from handover.platform.mail import Mailer  # noqa: PLC0415
        from handover.web.mail import composer  # noqa: PLC0415

        mailer = Mailer(
            MailServer.of(settings.smtp_url),
            settings.mail_from,
            name=urlsplit(settings.base_url).hostname or "localhost",
            ca_file=settings.smtp_ca_file,
        )
        daily = DailyMail(ready.pool, mailer, composer(settings.base_url, ready.clock), ready.clock)
        found.append(asyncio.create_task(daily.run()))
    if ready.push_key:
        contact = f"mailto:{parseaddr(settings.mail_from)[1]}" if settings.mail_from else settings.base_url
        pushes = Pushes(
            ready.pool,
            push_hosts(settings),
            ready.clock,
            key=ready.push_key,
            contact="" if contact.startswith("http:") else contact,
        )
        found.append(asyncio.create_task(pushes.run()))
    return found


def puller(ready: Services) -> "Puller":
    """Give what reads the systems that organisations are joined to."""
    # Here: who answers requests joins nobody, and starts without what adapters bring along.
    from handover.exchange.links import Links  # noqa: PLC0415
    from handover.exchange.pulling import Puller  # noqa: PLC0415

    return Puller(
        Links(ready.pool, ready.sealer, ready.clock),
        bringing(ready),
        _kinds(),
        directory=ready.directory,
        clock=ready.clock,
        poll=ready.settings.worker_poll_seconds,
        allow_test_range=ready.settings.mode is Mode.DEMONSTRATION,
    )


def carrying(ready: Services) -> "Carrying":
    """Give what brings steps as notes into those systems."""
    from handover.exchange.carrying import Carrying  # noqa: PLC0415 - as above
    from handover.exchange.links import Links  # noqa: PLC0415
    from handover.web.notes import composer  # noqa: PLC0415

    return Carrying(
        ready.pool,
        Links(ready.pool, ready.sealer, ready.clock),
        _kinds(),
        composer(ready.settings.base_url, ready.directory, ready.clock),
        sealer=ready.sealer,
        directory=ready.directory,
        clock=ready.clock,
    )


def _kinds() -> "dict[str, Kind]":
    """Give the systems that can be joined, by their name."""
    from handover.adapters.lino.adapter import LinoAccount, LinoAdapter  # noqa: PLC0415 - as above
    from handover.adapters.lino.outbound import LinoNotes  # noqa: PLC0415
    from handover.adapters.lino.system import LINO  # noqa: PLC0415
    from handover.exchange.conversations import Kind  # noqa: PLC0415

    return {LINO.name: Kind(LinoAccount, LinoAdapter, LinoNotes)}


def bringing(ready: Services) -> "Bringing":
    """Give what brings the plans of adapters about."""
    from handover.exchange.bringing import bringing_of  # noqa: PLC0415 - as above

    return bringing_of(ready)


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _keep_fresh(directory: LiveDirectory, changed: asyncio.Event) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DIRECTORY_SECONDS):
                await changed.wait()
        changed.clear()
        try:
            await directory.refresh()
        except LOST:
            await asyncio.sleep(1)
            changed.set()


def push_hosts(settings: Settings) -> PushHosts:
    """Give the push services that browsers may name."""
    return PushHosts(settings.push_hosts, Destinations(demonstration=settings.mode is Mode.DEMONSTRATION))


def log_name(settings: Settings) -> str:
    """Give the name in which an instance signs checkpoints: its host as people know it, whatever the port."""
    return f"{urlsplit(settings.base_url).hostname}/handover"


def issuers(settings: Settings) -> list[Issuer]:
    """Give the issuers whose tokens count; a demonstration has its own besides."""
    found = [
        Issuer(i.issuer, i.audience, Keys(file=i.jwks_file, url=i.jwks_url), i.require_cnf) for i in settings.issuers
    ]
    if settings.mode is Mode.DEMONSTRATION:
        _, public = demonstration.key_files(settings.data_dir)
        found.append(Issuer(demonstration.ISSUER, demonstration.AUDIENCE, Keys(file=public)))
    return found
