"""Tells open screens that their inbox changed: one listening connection per process, however many look.

Between the reading of a page and the first moment at which it listens, something may change. So a page carries the mark
of the last notification before it was read, and listens from that mark on. Each process hears the same notifications in
the same order, so that the mark of one is known to the others.
"""

import asyncio
import contextlib
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Collection

from handover.inbox.live import Inbox
from handover.inbox.projector import INBOX_CHANNEL, read
from handover.platform.db import Listener
from handover.platform.ids import new_id

_REMEMBERED = 2000
"""Notifications: whoever comes back after more of them is told that something may have changed."""


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
        self._lately: dict[str, list[Inbox]] = {new_id().hex: []}
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

    @property
    def mark(self) -> str:
        """The last notification that was heard: what is read from now on holds all before it."""
        return next(reversed(self._lately))

    @contextlib.asynccontextmanager
    async def subscribe(
        self, organisation: str, names: Collection[str] = (), *, since: str = ""
    ) -> AsyncIterator[Changes]:
        """Give the changes of an organisation's inboxes; of those names only, where some are given.

        What concerns everybody there ("") comes in any case. From now on, or from the mark `since`: a mark that is not
        known (any more) is a change.
        """
        changes = Changes(frozenset(names))
        if self._stopped:
            changes._end()  # noqa: SLF001 - as above
        elif since:
            for name in self._missed(organisation, since):
                changes._changed(name)  # noqa: SLF001 - as above
        self._screens[organisation].add(changes)
        try:
            yield changes
        finally:
            self._screens[organisation].discard(changes)
            if not self._screens[organisation]:
                del self._screens[organisation]

    def _heard(self, _channel: str, payload: str) -> None:
        mark, inboxes = read(payload)
        if mark:
            self._lately[mark] = inboxes
            if len(self._lately) > _REMEMBERED:
                del self._lately[next(iter(self._lately))]
        else:
            # Some may have been missed while the connection was lost: no mark of before is worth anything.
            self._lately = {new_id().hex: []}
        for organisation, name in inboxes or [(screen, "") for screen in self._screens]:
            for screen in self._screens.get(organisation, ()):
                screen._changed(name)  # noqa: SLF001 - as above

    def _missed(self, organisation: str, since: str) -> list[str]:
        """Give whose inboxes changed there since a mark; "" when anybody's may have."""
        if since not in self._lately:
            return [""]
        after = itertools.takewhile(lambda mark: mark != since, reversed(self._lately))
        return [
            name
            for mark in after
            for changed, name in self._lately[mark] or [(organisation, "")]
            if changed == organisation
        ]
