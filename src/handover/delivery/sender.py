"""One attempt over HTTP: bounded in time and in bytes, to a checked address, without following anything."""

import asyncio
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from handover import __version__
from handover.delivery.cloud_event import CONTENT_TYPE
from handover.delivery.destinations import AddressRefusedError, Destinations
from handover.delivery.signing import Key, signature

DEADLINE_SECONDS = 15.0
_MOST_BYTES = 64 * 1024
_GONE = 410
_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt. `status` is None without an answer; `error` is "" when it succeeded.

    `connected` is False when nobody was there to take the request: then it cannot be the message's fault.
    Nothing of the answer's content is kept, it may hold anything.
    """

    status: int | None
    error: str
    seconds: float
    connected: bool = True
    retry_after: str = ""
    ours: bool = False
    """It never left: the fault is on this side."""

    @property
    def succeeded(self) -> bool:
        """Tell whether the receiver took it: a 2xx, and the whole answer within the deadline."""
        return not self.error

    @property
    def gone(self) -> bool:
        """Tell whether the receiver wants nothing more at this address."""
        return self.status == _GONE

    @property
    def outcome(self) -> str:
        """One word for counting."""
        if self.succeeded:
            return "succeeded"
        if self.status is None:
            return "noAnswer" if self.connected else "notConnected"
        return f"{self.status // 100}xx"


UNLISTED = Attempt(None, "this host is not among those that the organisation's webhooks may go to", 0.0, ours=True)


class Sender:
    """Sends signed webhooks. An async context manager: it holds the open connections."""

    def __init__(
        self, destinations: Destinations, *, deadline: float = DEADLINE_SECONDS, connections: int = 256
    ) -> None:
        self._destinations = destinations
        self._deadline = deadline
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                socket_factory=self._destinations.socket,
                # Shorter than servers commonly keep theirs: a connection they just closed costs an attempt.
                keepalive_timeout=4,
            ),
            # asyncio.timeout bounds the attempt as a whole; aiohttp's own would only be more timers.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers={
                "Content-Type": CONTENT_TYPE,
                "User-Agent": f"handover/{__version__}",
                "Accept-Encoding": "identity",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def deadline(self) -> float:
        """The longest an attempt takes, in seconds."""
        return self._deadline

    async def send(self, url: str, *, message_id: str, timestamp: int, keys: tuple[Key, ...], body: bytes) -> Attempt:
        """Make one attempt, signed with `timestamp` (Unix seconds). Never raises for what a receiver does."""
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(keys, message_id, timestamp, body),
        }
        return await self.post(url, headers, body)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        """Make one attempt with these headers, whatever they say. Never raises for what a receiver does."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._deadline):
                status, retry_after = await self._post(url, headers, body)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            said, connected = self._describe(error)
            return Attempt(None, said, time.monotonic() - started, connected)
        seconds = time.monotonic() - started
        problem = "" if _FIRST_SUCCESS <= status < _FIRST_REDIRECT else f"HTTP {status}"
        return Attempt(status, problem, seconds, retry_after=retry_after)

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        if self._session is None:
            raise RuntimeError("enter the sender first: async with Sender(...)")
        target = URL(url, encoded=True)
        try:
            return await self._exchange(self._session, target, headers, body)
        except aiohttp.ServerDisconnectedError:
            # Most often a kept connection that the server closed at that very moment: a fresh one tells.
            return await self._exchange(self._session, target, headers, body)

    @staticmethod
    async def _exchange(
        session: aiohttp.ClientSession, url: URL, headers: dict[str, str], body: bytes
    ) -> tuple[int, str]:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            left = _MOST_BYTES
            async for chunk in response.content.iter_any():
                left -= len(chunk)
                if left < 0:
                    # Whoever answers more than that to a webhook gets a new connection next time.
                    response.close()
                    break
            return response.status, response.headers.get("Retry-After", "")

    def _describe(self, error: Exception) -> tuple[str, bool]:
        """Say what went wrong, without anything of the address, and whether a connection had been made."""
        if isinstance(error, TimeoutError):
            return f"no complete answer within {self._deadline:g} s", True
        cause = getattr(error, "os_error", None)
        if isinstance(cause, AddressRefusedError):
            return "the host name leads to an address that webhooks may not go to", False
        for kind, said, connected in _SAID:
            if isinstance(error, kind) or isinstance(cause, kind):
                return said, connected
        return "connection lost", True


# The first that fits counts: aiohttp's errors are each other's subclasses.
_SAID: tuple[tuple[type[Exception], str, bool], ...] = (
    (aiohttp.ClientConnectorDNSError, "the host name is not known", False),
    (aiohttp.ClientSSLError, "no trusted TLS connection", False),
    (ConnectionRefusedError, "connection refused", False),
    (aiohttp.ClientConnectorError, "no connection", False),
    (aiohttp.ServerDisconnectedError, "connection closed without an answer", True),
    (aiohttp.ClientPayloadError, "the answer broke off", True),
    (aiohttp.InvalidURL, "this is no web address", False),
    (aiohttp.ClientResponseError, "no HTTP answer", True),
    (ValueError, "no HTTP answer", True),
)
