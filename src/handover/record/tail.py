"""The newest end of the feeds that somebody follows: one query for all of them, and none while nobody does.

A follower who is behind reads pages from the database; who has caught up is handed what is new from memory. So one
who waits costs no connection, and one who is slow costs no more memory than a page.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import structlog

from handover.domain.deadlines import local_day
from handover.domain.parties import Directory
from handover.platform.clock import Clock
from handover.platform.db import LOST, Listener
from handover.platform.walls import Database, asking_for
from handover.record.reading import CHANNEL, FeedItem, Reader, cursor, parse_cursor
from handover.record.sealing import KEY_OF
from handover.record.sight import Seen, Sight

_log = structlog.stdlib.get_logger(__name__)
PAGE = 100
"""Most events that a follower is handed at once."""
KEPT, KEPT_SECONDS = 200, 2.0
"""Events that are kept for an organisation's followers, and for how long: what may be seen is decided on arrival, and a
mandate that is withdrawn must count for who reads later."""
_POLL, _SOON, _BETWEEN = 1.0, 0.02, 0.05
_READERS = 2
"""Followers who read the database at once: a thousand who come back together must not crowd out who writes."""
# `waiting`: something is committed that an older, still open transaction keeps back.
_NEW = f"""
WITH fence AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid)
SELECT fence.xid::text AS fence,
       EXISTS (SELECT FROM feed f WHERE f.xid >= fence.xid AND f.organisation_id = ANY ($1)) AS waiting,
       ARRAY(
           SELECT ROW(
               f.organisation_id, f.xid::text, f.position, f.dossier_id, f.sequence, e.body, d.state,
               {KEY_OF.format("f")}
           )
           FROM unnest($1::text[]) AS o (organisation_id)
           CROSS JOIN LATERAL (
               SELECT * FROM feed f
               WHERE f.organisation_id = o.organisation_id AND f.xid >= $2::text::xid8 AND f.xid < fence.xid
               ORDER BY f.xid, f.position LIMIT $3
           ) f
           JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
           JOIN dossier d ON d.dossier_id = f.dossier_id
           ORDER BY f.xid, f.position
       ) AS items
FROM fence
"""  # noqa: S608 - a constant
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Told:
    """An event of a feed as its organisation sees it; `seen` is None for one that it may not see."""

    cursor: str
    dossier_id: UUID
    seen: Seen | None

    @property
    def place(self) -> Place:
        """Where it stands in the feed."""
        return parse_cursor(self.cursor)


class _Feed:
    """What is new for one organisation. Nothing after `start` is missing; None: that is not known yet."""

    __slots__ = ("kept", "mark", "start")

    def __init__(self, start: Place | None) -> None:
        self.start = start
        self.kept: deque[tuple[float, Place, Told]] = deque()
        self.mark = asyncio.Event()

    def add(self, told: Iterable[Told], at: float) -> None:
        self.kept.extend((at, one.place, one) for one in told)
        self.forget(at)

    def forget(self, at: float) -> None:
        while self.kept and (len(self.kept) > KEPT or self.kept[0][0] < at - KEPT_SECONDS):
            self.start = self.kept.popleft()[1]

    def restart(self, start: Place) -> None:
        self.kept.clear()
        self.start = start

    def changed(self) -> None:
        self.mark.set()
        self.mark = asyncio.Event()


class Follower:
    """One who reads an organisation's feed to its end and waits for more."""

    def __init__(self, tail: "Tail", organisation: str, after: str, feed: _Feed) -> None:
        self._tail = tail
        self._organisation = organisation
        self._place: Place = parse_cursor(after)
        self._feed = feed

    async def next(self, timeout: float) -> list[Told]:  # noqa: ASYNC109 - a heartbeat is due even when nothing comes
        """Give what comes next, in order, at most PAGE; empty when nothing came for `timeout` seconds or it ended."""
        # Not wait_for: on 3.11 it loses a cancellation that comes together with what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not self._tail.ended:
                    mark = self._feed.mark
                    found, wait = await self._look()
                    if found:
                        return found
                    if wait:
                        await mark.wait()
        return []

    async def _look(self) -> tuple[list[Told], bool]:
        """Give what is there, and whether to wait for more when that is nothing."""
        start = self._feed.start
        if start is not None and self._place >= start:
            found = [one for _, place, one in self._feed.kept if place > self._place][:PAGE]
            if found:
                self._place = found[-1].place
            return found, True
        items = await self._tail.page(self._organisation, cursor(*self._place))
        if items is None:
            await asyncio.sleep(_POLL)
            return [], False
        if items:
            self._place = items[-1].place
        if len(items) < PAGE and start is not None:
            # Read after `start` was known, so nothing before it is left.
            self._place = max(self._place, start)
        return items, start is None


class Tail:
    """Hands what is new to whoever follows. Runs while the process does."""

    def __init__(
        self, pool: Database, dsn: str, reader: Reader, *, directory: Callable[[], Directory], clock: Clock
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._directory = directory
        self._clock = clock
        self._feeds: dict[str, _Feed] = {}
        self._followers: defaultdict[str, int] = defaultdict(int)
        self._fence: int | None = None
        self._wake = asyncio.Event()
        self._rooms = asyncio.Semaphore(_READERS)
        self._listener = Listener(
            dsn, [CHANNEL], lambda _channel, _payload: self._wake.set(), application_name="handover-tail"
        )
        self._task: asyncio.Task[None] | None = None
        self.ended = False
        self.queries = 0
        """How often the database was asked for what is new."""

    async def start(self) -> None:
        """Begin; returns at once, also while the database is away."""
        await self._listener.start()
        self._task = asyncio.create_task(self._run(), name="handover-tail")

    def end(self) -> None:
        """Let every follower go; who comes later is let go at once."""
        self.ended = True
        for feed in self._feeds.values():
            feed.changed()

    async def stop(self) -> None:
        """End, and stop listening."""
        self.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._listener.stop()

    @contextlib.asynccontextmanager
    async def follow(self, organisation: str, after: str) -> AsyncIterator[Follower]:
        """Follow an organisation's feed from a cursor on ("" is its beginning). Raises ValueError for no cursor."""
        feed = self._feeds.setdefault(organisation, _Feed(None if self._fence is None else (self._fence, 0)))
        self._followers[organisation] += 1
        self._wake.set()
        try:
            yield Follower(self, organisation, after, feed)
        finally:
            self._followers[organisation] -= 1
            if not self._followers[organisation]:
                del self._followers[organisation], self._feeds[organisation]

    @property
    def followers(self) -> int:
        """How many follow now."""
        return sum(self._followers.values())

    async def page(self, organisation: str, after: str) -> list[Told] | None:
        """Read a page of a feed from the database; None while that is away."""
        async with self._rooms:
            try:
                items = await self._reader.feed(organisation, after=after, limit=PAGE)
            except LOST as error:
                _log.warning("feed_page_failed", error=type(error).__name__)
                return None
        return self._told(organisation, items)

    def _told(self, organisation: str, items: Iterable[FeedItem]) -> list[Told]:
        return told(items, organisation, self._directory(), self._clock)

    async def _run(self) -> None:
        while True:
            if not self._feeds:
                # Who follows next starts from what is new then, not from what has been missed since.
                self._fence = None
                await self._wake.wait()
            self._wake.clear()
            try:
                waiting = bool(self._feeds) and await self._read()
            except LOST as error:
                _log.warning("feed_tail_failed", error=type(error).__name__)
                waiting = False
            await asyncio.sleep(_SOON if waiting else _BETWEEN)
            if not waiting:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_POLL):
                        await self._wake.wait()

    async def _read(self) -> bool:
        """Read what is new for all who follow; tell whether something waits for an older transaction."""
        names = list(self._feeds)
        first = self._fence
        # Without a fence nothing is read yet: this only finds out where "new" begins.
        with asking_for(names):
            row = await self._pool.fetchrow(_NEW, names, str((1 << 63) - 1 if first is None else first), KEPT + 1)
        self.queries += 1
        fence, at = int(row["fence"]), monotonic()
        new = defaultdict[str, list[FeedItem]](list)
        for organisation, *item in row["items"]:
            new[organisation] += self._reader.opened([tuple(item)])
        self._fence = fence
        for name, feed in self._feeds.items():
            if name not in names:
                # It came while the question was under way: what it has not been asked for is in the database.
                feed.restart((fence, 0))
            elif first is None or len(new[name]) > KEPT:
                feed.restart((fence, 0))
            else:
                feed.add(self._told(name, new[name]), at)
            if new[name] or first is None or name not in names:
                feed.changed()
        return bool(row["waiting"])


def told(items: Iterable[FeedItem], organisation: str, directory: Directory, clock: Clock) -> list[Told]:
    """Give events of a feed as the organisation sees them now."""
    on, dossiers, found = local_day(clock.now()), dict[UUID, Sight](), list[Told]()
    for item in items:
        sight = dossiers.get(item.dossier_id)
        if sight is None:
            sight = Sight(item.dossier, organisation, directory, on=on)
            dossiers[item.dossier_id] = sight
        found.append(Told(item.cursor, item.dossier_id, sight.of(item.body) if item.body else None))
    return found
