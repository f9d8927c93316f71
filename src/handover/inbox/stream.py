"""Tells open screens that their inbox changed: one listening connection per process, however many look."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection

from handover.inbox.projector import INBOX_CHANNEL, read
from handover.platform.db import Listener


class Changes:
    """What one screen waits for. Changes that come while nobody waits are one change."""

    __slots__ = ("_ended", "_mark", "_names")

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._mark = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> "Changes":
        return self

    async def __anext__(self) -> None:
        await self._mark.wait()
        if self._ended:
            raise StopAsyncIteration
        self._mark.clear()

    async def next(self, timeout: float) -> bool:  # noqa: ASYNC109 - a heartbeat is due even when nothing changes
        """Wait at most `timeout` seconds; tell whether something changed. False at once when it is over."""
        # Not wait_for: on 3.11 it loses a cancellation that comes together with what it waits for.
        with contextlib.suppress(TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(timeout):
                await anext(self)
            return True
        return False

    @property
    def ended(self) -> bool:
        """Tell whether the broadcast has stopped: nothing comes any more."""
        return self._ended

    def _changed(self, name: str) -> None:
        if not name or not self._names or name in self._names:
            self._mark.set()

    def _end(self) -> None:
        self._ended = True
        self._mark.set()


class InboxBroadcast:
    """Passes each notification of changed inboxes on to the screens of those organisations."""

    def __init__(self, dsn: str) -> None:
        self._screens: defaultdict[str, set[Changes]] = defaultdict(set)
        self._stopped = False
        self._listener = Listener(dsn, [INBOX_CHANNEL], self._heard, application_name="handover-inbox-listen")

    async def start(self) -> None:
        """Begin to listen; returns at once, also while the database is away."""
        await self._listener.start()

    async def stop(self) -> None:
        """End every subscription, those to come included, and the listening."""
        self._stopped = True
        for screens in self._screens.values():
            for screen in screens:
                screen._end()  # noqa: SLF001 - the two classes are one thing, seen from either end
        await self._listener.stop()

    @contextlib.asynccontextmanager
    async def subscribe(self, organisation: str, names: Collection[str] = ()) -> AsyncIterator[Changes]:
        """Give the changes of an organisation's inboxes from now on; of those names only, where some are given.

        What concerns everybody there ("") comes in any case.
        """
        changes = Changes(frozenset(names))
        if self._stopped:
            changes._end()  # noqa: SLF001 - as above
        self._screens[organisation].add(changes)
        try:
            yield changes
        finally:
            self._screens[organisation].discard(changes)
            if not self._screens[organisation]:
                del self._screens[organisation]

    def _heard(self, _channel: str, payload: str) -> None:
        """An empty payload means everybody: some may have been missed while the connection was lost."""
        for organisation, name in read(payload) if payload else [(screen, "") for screen in self._screens]:
            for screen in self._screens.get(organisation, ()):
                screen._changed(name)  # noqa: SLF001 - as above
