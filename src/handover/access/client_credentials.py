"""Access tokens for calling others: client credentials with `private_key_jwt` (RFC 6749 4.4, RFC 7523, RFC 8707)."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.jwk import ECKey, RSAKey

from handover.platform.settings import is_loopback

ASSERTION_SECONDS = 300
"""How long an assertion counts; ACM/IDM takes at most ten minutes."""
EARLY_SECONDS = 60.0
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384"}
_LONGEST_SECONDS = 86_400.0
_TIMEOUT_SECONDS = 10.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_log = structlog.stdlib.get_logger(__name__)


class TokenUnavailable(Exception):  # noqa: N818 - an answer, not a fault
    """The issuer gave no access token; `error` is its code (RFC 6749 5.2), or what went wrong. Never holds a secret."""

    def __init__(self, error: str) -> None:
        super().__init__(f"no access token: {error}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks whom, for what. `issuer` is the audience of the assertion; `resource` names the API ("": not said)."""

    issuer: str
    token_endpoint: str
    client_id: str
    key: ECKey | RSAKey
    scope: str = ""
    resource: str = ""

    def __post_init__(self) -> None:
        """Refuse an address where the token could be read on the way."""
        parts = urlsplit(self.token_endpoint)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("the token endpoint must be https")

    def assertion(self) -> str:
        """Give a JWT that shows who the client is: a new one for each request, because each counts once (`jti`)."""
        algorithm = _ALGORITHMS[self.key.curve_name] if isinstance(self.key, ECKey) else "RS256"
        header = {"typ": "JWT"} | ({"kid": str(self.key.kid)} if self.key.kid else {})
        made: str = private_key_jwt_sign(
            self.key, self.client_id, self.issuer, alg=algorithm, header=header, expires_in=ASSERTION_SECONDS
        )
        return made


class ClientCredentials:
    """An access token, kept until a minute before it ends, or for half its life; one is fetched at a time."""

    def __init__(self, client: Client, http: httpx.AsyncClient) -> None:
        self._client, self._http = client, http
        self._token, self._until = "", 0.0
        self._fetching = asyncio.Lock()

    async def token(self) -> str:
        """Give a token that counts for a while yet. Raises TokenUnavailable."""
        if not self._counts():
            async with self._fetching:
                if not self._counts():
                    await self._fetch()
        return self._token

    def forget(self, token: str) -> None:
        """Do not use this token again: the API that it is for refused it."""
        if token == self._token:
            self._until = 0.0

    def _counts(self) -> bool:
        return time.monotonic() < self._until

    async def _fetch(self) -> None:
        client = self._client
        body = {
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": client.assertion(),
        }
        body |= {name: text for name, text in (("scope", client.scope), ("resource", client.resource)) if text}
        asked = time.monotonic()
        try:
            answer = await self._http.post(
                client.token_endpoint,
                data=body,
                headers={"Accept": "application/json"},
                follow_redirects=False,
                timeout=_TIMEOUT_SECONDS,
            )
            said = answer.json()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise _unavailable(client, type(error).__name__) from error
        if not answer.is_success or not isinstance(said, dict):
            raise _unavailable(client, _code(said, answer.status_code))
        token, seconds = _taken(client, said)
        self._token, self._until = token, asked + max(seconds - EARLY_SECONDS, seconds / 2)


def _taken(client: Client, said: dict[str, Any]) -> tuple[str, float]:
    """Give the token and for how many seconds it counts."""
    token, kind, seconds = said.get("access_token"), said.get("token_type"), said.get("expires_in", EARLY_SECONDS)
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise _unavailable(client, "access_token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _unavailable(client, "token_type")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise _unavailable(client, "expires_in")
    return token, float(min(seconds, _LONGEST_SECONDS))


def _code(said: object, status: int) -> str:
    """Give the issuer's error code, a plain word, else the status."""
    code = said.get("error") if isinstance(said, dict) else None
    return code if isinstance(code, str) and code.isascii() and code.isidentifier() else str(status)


def _unavailable(client: Client, error: str) -> TokenUnavailable:
    _log.warning("access_token_unavailable", issuer=client.issuer, error=error)
    return TokenUnavailable(error)
