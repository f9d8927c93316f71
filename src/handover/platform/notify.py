"""LISTEN and NOTIFY: they only wake somebody sooner, who looks now and then without being woken too."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Sequence

import asyncpg
import structlog

_log = structlog.stdlib.get_logger(__name__)

_CONNECT_SECONDS = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What talking to a database that goes away, or answers with an error, may raise. asyncpg calls it an internal error
when a server says goodbye to an idle connection."""


def _checked(channel: str) -> str:
    # The name goes into NOTIFY as it is.
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", channel):
        raise ValueError(f"{channel!r} is no channel name: small letters, digits and underscores")
    return channel


class Listener:
    """One connection of its own that listens, and comes back with growing pauses when it is lost.

    `on_wake(channel, payload)` is called on the event loop for each notification, and once for every channel
    with an empty payload after each (re)connection: what was notified in between is gone. It must be quick
    and not raise; setting an asyncio.Event is what it is for. `connected` is set while it hears.
    """

    def __init__(
        self,
        dsn: str,
        channels: Sequence[str],
        on_wake: Callable[[str, str], None],
        *,
        application_name: str = "handover-listen",
        heartbeat: float = 15.0,
    ) -> None:
        self._dsn = dsn
        self._channels = [_checked(channel) for channel in channels]
        self._on_wake = on_wake
        self._name = application_name
        self._heartbeat = heartbeat
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen in the background; returns at once, also while the database is away."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """End the listening and its connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    connection = await asyncpg.connect(self._dsn, server_settings={"application_name": self._name})
                try:
                    await self._hear(connection)
                finally:
                    self.connected.clear()
                    connection.terminate()
                pause = _FIRST_PAUSE
            except LOST as error:
                _log.warning("listening_failed", error=type(error).__name__, retry_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _hear(self, connection: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        for channel in self._channels:
            await connection.add_listener(channel, self._heard)
        self.connected.set()
        for channel in self._channels:
            self._on_wake(channel, "")
        while not lost.is_set():
            # Not wait_for: on 3.11 that can swallow the cancellation by which stop() ends us.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat):
                    await lost.wait()
                break
            # A peer that vanished without a word (a pulled cable) shows itself only when spoken to.
            await connection.execute("SELECT 1", timeout=_CONNECT_SECONDS)
        _log.warning("listening_lost")

    def _heard(self, _connection: asyncpg.Connection, _pid: int, channel: str, payload: object) -> None:
        self._on_wake(channel, str(payload))


class Notifier:
    """Sends NOTIFY on one channel, at most once per `interval` seconds however often it is asked.

    Never inside the transaction that did the work: that makes every commit wait for the one before it. The
    last `wake()` is always followed by a NOTIFY, after the database came back if need be.
    """

    def __init__(
        self, dsn: str, channel: str, *, interval: float = 0.003, application_name: str = "handover-notify"
    ) -> None:
        self._dsn = dsn
        self._statement = f'NOTIFY "{_checked(channel)}"'
        self._interval = interval
        self._name = application_name
        self._signal = asyncio.Event()
        self._wanted = self._stopping = False
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self.sent = 0

    def wake(self) -> None:
        """Ask for a NOTIFY after what has been committed; costs nothing. From the event loop's thread."""
        self._wanted = True
        self._signal.set()

    async def start(self) -> None:
        """Begin to send in the background; returns at once, also while the database is away."""
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Send what is still wanted (one attempt when the database is away) and end."""
        if self._task is None:
            return
        self._stopping = True
        self._signal.set()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        self._drop()

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping or self._wanted:
            await self._signal.wait()
            self._signal.clear()
            if not self._wanted:
                continue
            # Cleared before sending: a wake that comes meanwhile may be for a later commit and counts anew.
            self._wanted = False
            try:
                await self._send()
            except LOST as error:
                self._drop()
                if self._stopping:
                    return
                _log.warning("notify_failed", error=type(error).__name__, retry_seconds=pause)
                self.wake()
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE
                self.sent += 1
                await asyncio.sleep(self._interval)

    async def _send(self) -> None:
        async with asyncio.timeout(_CONNECT_SECONDS):
            if self._connection is None:
                # A notification is not kept anywhere, so its commit need not wait for the disk.
                self._connection = await asyncpg.connect(
                    self._dsn,
                    server_settings={"application_name": self._name, "synchronous_commit": "off"},
                )
            await self._connection.execute(self._statement)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
