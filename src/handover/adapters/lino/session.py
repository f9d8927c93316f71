"""A signed-in HTTP session with one Lino: bounded in time and size, renewed once when it has ended."""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx
import msgspec

from handover.adapters.kit.adapter import Away, Changed, Denied, Unsure

Query = Mapping[str, str | int | Sequence[str]]

_MEGABYTE: Final = 1024 * 1024
_SESSION_GONE: Final = frozenset({301, 302, 303, 307, 308, 401, 403})
_BUSY: Final = frozenset({429, 502, 503, 504})
_Shape = TypeVar("_Shape")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much at most. The first page after a restart is slow: Lino then writes its screens."""

    seconds: float = 180.0
    answer_bytes: int = 32 * _MEGABYTE
    script_bytes: int = 64 * _MEGABYTE
    page_rows: int = 200


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class _SignedIn(msgspec.Struct):
    success: bool = False


class LinoSession:
    """Cookies, rights and limits of one conversation with a Lino; close it with `close`.

    No redirect is followed and no proxy of the environment used: name and password go to `base_url` only.
    """

    def __init__(self, base_url: str, username: str, password: str, limits: Limits) -> None:
        self._address = _checked(base_url)
        self._username = username
        self._password = password
        self._limits = limits
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(limits.seconds, connect=10.0), trust_env=False, follow_redirects=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def sign_in(self) -> None:
        """Open a new session. Raises `Denied` when Lino does not accept the name and password."""
        self._http.cookies.clear()
        await self._attempt("GET", "/", limit=self._limits.answer_bytes)
        answer = await self._attempt(
            "POST",
            "/api/about/About",
            data={"an": "sign_in", "fv": [self._username, self._password]},
            limit=self._limits.answer_bytes,
        )
        if answer.status in _SESSION_GONE or not decode(answer.body, _SignedIn, "signing in").success:
            raise Denied(
                "The Lino does not accept this user name and password. "
                "Check both by signing in with a browser, then try again."
            )

    async def get(self, path: str, query: Query | None = None, *, limit: int | None = None) -> bytes:
        """Get one page, of at most `limit` bytes; sign in again once when the session is gone."""
        return await self._asked("GET", path, limit=limit, params=query)

    async def send(self, method: str, path: str, data: Mapping[str, str | list[str]]) -> bytes:
        """Write something, and give the answer; sign in again once when the session is gone, which wrote nothing."""
        return await self._asked(method, path, data=data)

    async def _asked(
        self,
        method: str,
        path: str,
        *,
        limit: int | None = None,
        params: Query | None = None,
        data: Mapping[str, str | list[str]] | None = None,
    ) -> bytes:
        limit = self._limits.answer_bytes if limit is None else limit
        answer = await self._attempt(method, path, params=params, data=data, limit=limit)
        if answer.status in _SESSION_GONE:
            await self.sign_in()
            answer = await self._attempt(method, path, params=params, data=data, limit=limit)
        if answer.status in _SESSION_GONE:
            verb = "read" if method == "GET" else "write to"
            raise Denied(
                f"This Lino account may not {verb} {path}, or the Lino sends us on to another address. Give "
                "the account the rights of a social worker who also sees all clients, and use the address "
                "that the browser ends at."
            )
        if answer.status != httpx.codes.OK:
            raise Changed(
                f"The Lino answered {answer.status} for {path}. Look in its log for the cause; "
                "if it was updated, this adapter may need an update too."
            )
        return answer.body

    async def _attempt(
        self,
        method: str,
        path: str,
        *,
        limit: int,
        params: Query | None = None,
        data: Mapping[str, str | list[str]] | None = None,
    ) -> _Answer:
        # The token changes when someone signs in, so it is read again for each request.
        token = self._http.cookies.get("csrftoken")
        request = self._http.build_request(
            method,
            self._address + path,
            params=params,
            data=data,
            headers={"X-CSRFToken": token} if token and data is not None else None,
        )
        try:
            # httpx counts its timeouts per read, and a slow drip outlives those.
            async with asyncio.timeout(self._limits.seconds):
                answer = await self._http.send(request, stream=True)
                try:
                    body = await _bounded(answer, limit, path)
                finally:
                    await answer.aclose()
        except (TimeoutError, httpx.TransportError, httpx.DecodingError) as error:
            slow = data is not None and isinstance(error, TimeoutError | httpx.ReadTimeout)
            kind = Unsure if slow else Away
            raise kind(
                f"The Lino at {self._address} does not answer. "
                "Check that it runs and that the address is right, then try again."
            ) from error
        if answer.status_code in _BUSY:
            raise Away(
                f"The Lino at {self._address} is busy (it answered {answer.status_code}). Try again in a few minutes."
            )
        return _Answer(answer.status_code, body)


def decode(body: bytes, shape: type[_Shape], what: str) -> _Shape:
    """Read a JSON answer; raise `Changed` when it is not JSON or not of this shape."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Neither the answer nor msgspec's words about it are repeated: they may hold a client's values.
        raise Changed(
            f"The Lino answered something unexpected for {what}. Check that the address is that of a "
            "Lino Welfare; if it was updated, this adapter may need an update too."
        ) from None


async def _bounded(answer: httpx.Response, limit: int, path: str) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise Changed(
                f"The Lino sends more than {limit} bytes for {path}. Check that the address is that of a Lino."
            )
    return bytes(body)


def _checked(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query or url.fragment:
        raise Denied(
            "That is not the address of a Lino. Give it as https://name, without user name, password or "
            "question mark in it."
        )
    if url.scheme == "http" and not _is_this_machine(url.host):
        raise Denied(
            "That address begins with http://, so the password and the clients' data would cross the network "
            "for anyone to read. Give the https:// address of the Lino; http:// is only for a Lino on this "
            "machine (localhost)."
        )
    return str(url).rstrip("/")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
