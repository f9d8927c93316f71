"""Sending one request until it is answered: with a token, and again when that can help."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from handover.client.problems import OWN, Problem, problem_of

Token = str | Callable[[], Awaitable[str]]
"""An access token, or what gives one that counts now; it is asked before every request and may keep what it has."""
Value = str | int | bool | Sequence[str] | None
Query = Mapping[str, Value]
"""What an address asks after its `?`."""
_AGAIN = frozenset({429, 502, 503, 504})
_IN_FLIGHT = f"{OWN}requestInFlight"
_NOT_LET_IN = 401
_OUR_MISTAKES = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is tried, for how many seconds (no try begins later), and how long is waited between.

    Waiting doubles from `first` up to `longest` seconds, a little less each time so that many clients do not come
    back at once. A `Retry-After` is honoured: when it does not fit in `seconds`, the problem is raised at once.
    """

    tries: int = 6
    seconds: float = 60.0
    first: float = 0.5
    longest: float = 15.0

    def begin(self) -> "Attempts":
        """Give the count for one request."""
        return Attempts(self)


@dataclass(slots=True)
class Attempts:
    """What was tried of one request."""

    retries: Retries
    count: int = 0
    began: float = field(default_factory=time.monotonic)

    async def again(self, trouble: Exception) -> None:
        """Wait until it may be tried again; raise `trouble` when it may not be."""
        self.count += 1
        rules = self.retries
        wait = min(rules.first * 2 ** (self.count - 1), rules.longest) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        if isinstance(trouble, Problem) and trouble.retry_after is not None:
            wait = max(wait, trouble.retry_after)
        if self.count >= rules.tries or time.monotonic() - self.began + wait > rules.seconds:
            raise trouble
        await asyncio.sleep(wait)


class Sender:
    """Sends requests to one service for one caller."""

    def __init__(self, http: httpx.AsyncClient, base_url: str, token: Token, retries: Retries) -> None:
        self._http, self.base_url, self._token = http, base_url.rstrip("/"), token
        self.retries = retries

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Give the answer that is a success.

        Every try is the same request, its Idempotency-Key too, so what the service did already is not done twice.
        Raises Problem when it is refused, httpx.TransportError when it cannot be reached.
        """
        attempts = self.retries.begin()
        while True:
            try:
                async with self.opened(method, path, query=query, body=body, headers=headers) as answer:
                    await answer.aread()
                    return answer
            except (httpx.TransportError, Problem) as trouble:
                if not can_pass(trouble):
                    raise
                await attempts.again(trouble)

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience: httpx.Timeout | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Give the answer of one try before its body is read. Raises Problem or httpx.TransportError."""
        sent = ({"Content-Type": "application/json"} if body is not None else {}) | dict(headers or {})
        token = await self._current()
        while True:
            request = self._http.build_request(
                method,
                self.base_url + path,
                params=query or None,
                content=body,
                headers=sent | ({"Authorization": f"Bearer {token}"} if token else {}),
                timeout=patience or self._http.timeout,
            )
            answer = await self._http.send(request, stream=True, follow_redirects=False)
            try:
                if answer.status_code == _NOT_LET_IN and (newer := await self._current()) != token:
                    token = newer
                    continue
                if not answer.is_success:
                    await answer.aread()
                    raise problem_of(answer)
                yield answer
                return
            finally:
                await answer.aclose()

    async def _current(self) -> str:
        return self._token if isinstance(self._token, str) else await self._token()


def can_pass(trouble: Exception) -> bool:
    """Tell whether trying again can help."""
    if isinstance(trouble, Problem):
        return trouble.status in _AGAIN or trouble.type == _IN_FLIGHT
    return not isinstance(trouble, _OUR_MISTAKES)
