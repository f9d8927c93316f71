"""Keeps the inbox true: journal → read tables, a few milliseconds behind the commit.

Rows are a function of the dossier's present state, so it does no harm to project something twice or early;
only leaving something out would, and the cursor over the feed sees to that.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from enum import Enum
from uuid import UUID

import asyncpg
import structlog

from handover.domain.dossier import Dossier
from handover.inbox.cards import rows
from handover.inbox.live import ROWS_OF_DOSSIER, Changes, Inbox, live_rows
from handover.platform.db import LOST, Listener
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.reading import CHANNEL
from handover.record.sealing import DossierKey, Sealer

INBOX_CHANNEL = "handover_inbox"

_log = structlog.stdlib.get_logger(__name__)

_LOCKS, _LEADS, _WRITES = 0x68616E64, 1, 2
# Advisory locks, because locking the cursor's row would give this transaction an id as soon as it begins, and
# whoever reads the feed waits for the oldest id. Who leads is tried: a second projector has nothing to do.
# Who writes is waited for in turn: a rebuild lets the projector pass between its pages.
_LEAD = f"""
SELECT CASE WHEN pg_try_advisory_xact_lock({_LOCKS}, {_LEADS})
       THEN pg_advisory_xact_lock({_LOCKS}, {_WRITES}) IS NOT NULL ELSE false END
"""
LOCK_TO_WRITE = f"SELECT pg_advisory_xact_lock({_LOCKS}, {_WRITES})"
"""Before writing inbox rows, in the same transaction, in a statement of its own."""

_PAGE = """
SELECT f.xid::text AS xid, f.position, f.dossier_id, f.settled
FROM projection p CROSS JOIN LATERAL (
    SELECT xid, position, dossier_id, xid < pg_snapshot_xmin(pg_current_snapshot()) AS settled
    FROM feed WHERE (xid, position) > (p.xid, p.position) ORDER BY xid, position LIMIT $1
) f
WHERE p.name = 'inbox' ORDER BY f.xid, f.position
"""
_STATES = f"""
SELECT d.dossier_id, d.state, {ROWS_OF_DOSSIER} FROM dossier d WHERE d.dossier_id = ANY ($1::uuid[])
"""  # noqa: S608 - put together from our own texts
_ADVANCE = "UPDATE projection SET xid = $1::text::xid8, position = $2 WHERE name = 'inbox'"
# A notification is kept nowhere, so its commit need not wait for the disk.
_NOTIFY = f"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{INBOX_CHANNEL}', $1)"
_LONGEST_PAYLOAD = 7900
_BETWEEN, _OF = "\x1e", "\x1f"
"""A team's name may hold spaces."""

_SHORTEST_WAIT, _LONGEST_WAIT, _LONGEST_PAUSE = 0.002, 0.05, 5.0
_BREATH = 8


class _Found(Enum):
    NOTHING = "nothing"
    MORE = "more"
    WAITS = "waits"
    """There is more, behind a transaction that still runs: nobody will wake us when it ends."""
    FOLLOWS = "follows"
    """Another projector leads."""


class Projector:
    """Follows the feed and corrects the inbox of the dossiers that changed. Any number may run; one leads.

    `page` is how many feed rows are taken at once. Besides being woken it looks every `poll` seconds, and a
    projector that only follows takes over within that time when the leader ends.
    """

    def __init__(self, pool: asyncpg.Pool, dsn: str, sealer: Sealer, *, page: int = 200, poll: float = 1.0) -> None:
        self._pool = pool
        self._dsn = dsn
        self._sealer = sealer
        self._page = page
        self._poll = poll

    async def run(self) -> None:
        """Project until cancelled; waits when the database is away."""
        woken = asyncio.Event()
        listener = Listener(
            self._dsn,
            [CHANNEL],
            lambda _channel, _payload: woken.set(),
            application_name="handover-projector-listen",
        )
        await listener.start()
        pause, told = _SHORTEST_WAIT, False
        try:
            while True:
                woken.clear()
                try:
                    if not told:
                        # The one before us may have ended between its commit and its notification.
                        await tell(self._pool, ())
                        told = True
                    found = await self._project()
                except LOST as error:
                    _log.warning("projection_interrupted", error=type(error).__name__, retry_seconds=pause)
                    await asyncio.sleep(pause)
                    pause, told = min(pause * 2, _LONGEST_PAUSE), False
                    continue
                pause = min(pause * 2, _LONGEST_WAIT) if found is _Found.WAITS else _SHORTEST_WAIT
                await self._rest(found, pause, woken)
        finally:
            await listener.stop()

    async def catch_up(self) -> None:
        """Project what is recorded by now and return; for a command that runs once."""
        found = _Found.MORE
        while found is not _Found.NOTHING:
            found = await self._project()
            await asyncio.sleep(0 if found in {_Found.MORE, _Found.NOTHING} else _SHORTEST_WAIT)

    async def _rest(self, found: _Found, pause: float, woken: asyncio.Event) -> None:
        match found:
            case _Found.MORE:
                await asyncio.sleep(0)
            case _Found.WAITS:
                await asyncio.sleep(pause)
            case _Found.FOLLOWS:
                await asyncio.sleep(self._poll)
            case _Found.NOTHING:
                # Not wait_for: on 3.11 it loses a cancellation that comes together with what it waits for.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._poll):
                        await woken.wait()

    async def _project(self) -> _Found:
        """Project one page in one transaction, then tell whose inboxes changed."""
        async with self._pool.acquire() as connection:
            async with connection.transaction():
                if not await connection.fetchval(_LEAD):
                    return _Found.FOLLOWS
                page = await connection.fetch(_PAGE, self._page)
                settled = [row for row in page if row["settled"]]
                if not settled:
                    return _Found.WAITS if page else _Found.NOTHING
                changes = await _changes(connection, self._sealer, {row["dossier_id"] for row in settled})
                await changes.write(connection)
                await connection.execute(_ADVANCE, settled[-1]["xid"], settled[-1]["position"])
            if changes:
                await tell(connection, changes.touched)
        if len(settled) < len(page):
            return _Found.WAITS
        return _Found.MORE if len(page) == self._page else _Found.NOTHING


def _written(mark: str, inboxes: Iterable[Inbox]) -> str:
    return _BETWEEN.join([mark, *(f"{organisation}{_OF}{name}" for organisation, name in inboxes)])


def read(payload: str) -> tuple[str, list[Inbox]]:
    """Give a notification's own mark and the inboxes that it names; none: any may have changed."""
    mark, *words = payload.split(_BETWEEN)
    found = [word.partition(_OF) for word in words]
    return mark, [(organisation, name) for organisation, _, name in found]


async def tell(connection: asyncpg.Pool | asyncpg.Connection, inboxes: Iterable[Inbox]) -> None:
    """Notify that these inboxes changed; none named means any may have."""
    named, mark = sorted(inboxes), new_id().hex
    for told in (named, sorted({(organisation, "") for organisation, _ in named}), []):
        payload = _written(mark, told)
        if len(payload.encode()) <= _LONGEST_PAYLOAD:
            await connection.execute(_NOTIFY, payload)
            return


async def _changes(connection: asyncpg.Connection, sealer: Sealer, dossier_ids: set[UUID]) -> Changes:
    changes = Changes()
    for number, record in enumerate(await connection.fetch(_STATES, list(dossier_ids))):
        if number % _BREATH == _BREATH - 1:
            # Deliveries share this process and must not wait for a long page.
            await asyncio.sleep(0)
        key = sealer.dossier(record["dossier_id"], record["keys"])
        dossier = _readable(record, key)
        if dossier is not None:
            changes.add(dossier.dossier_id, key, rows(dossier), live_rows(record, key))
    return changes


def _readable(record: asyncpg.Record, key: DossierKey) -> Dossier | None:
    """One bad state, or one of another dossier, must not stop everyone's inbox; `check` names it."""
    dossier_id, dossier = record["dossier_id"], None
    with contextlib.suppress(ValueError):
        dossier = codec.open_state(key, record["state"])
    if dossier is None or dossier.dossier_id != dossier_id:
        _log.error("projection_unreadable", dossier_id=str(dossier_id))
        return None
    return dossier
