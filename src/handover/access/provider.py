"""An OpenID provider as found by discovery: its addresses and its keys, asked for again every hour."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.oidc.discovery import get_well_known_url

from handover.access.denials import Denial
from handover.access.key_sets import Keys
from handover.platform.settings import is_loopback

TIMEOUT_SECONDS = 5.0
_FRESH_SECONDS = 3600.0
_COOLDOWN_SECONDS = 10.0
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ADDRESSES = (*_NEEDED, "userinfo_endpoint", "end_session_endpoint")
_log = structlog.stdlib.get_logger(__name__)


class ProviderAway(Denial):
    """The identity provider does not answer as it should, so nobody can sign in there now. Try again."""

    status: ClassVar[int] = 503
    name = "serviceUnavailable"
    title = "Service unavailable"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself (OpenID Connect Discovery 1.0); "" for what it does not have."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    end_session_endpoint: str
    says_who_answers: bool
    """Whether its answers carry `iss` (RFC 9207)."""
    keys: Keys


class Provider:
    """Finds an issuer's metadata. While it is away the last ones stay; it is asked at most every ten seconds."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._found: Metadata | None = None
        self._jwks = ""
        self._asked = self._read_at = -_FRESH_SECONDS
        self._asking = asyncio.Lock()

    async def metadata(self) -> Metadata:
        """Give them. Raises ProviderAway."""
        async with self._asking:
            now = time.monotonic()
            stale = now - self._read_at > _FRESH_SECONDS
            if stale and now - self._asked > _COOLDOWN_SECONDS:
                self._asked = now
                await self._read()
        if self._found is None:
            raise ProviderAway
        return self._found

    async def _read(self) -> None:
        try:
            address = get_well_known_url(self.issuer, external=True)
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
                answer = await client.get(address)
                answer.raise_for_status()
                self._take(answer.json())
            self._read_at = time.monotonic()
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("sign_in_provider_away", error=type(error).__name__)

    def _take(self, said: Any) -> None:  # noqa: ANN401 - a JSON document from outside, checked here
        if not isinstance(said, dict) or said.get("issuer") != self.issuer:
            raise ValueError("another issuer")
        found = {name: said.get(name, "") for name in _ADDRESSES}
        if not all(_is_safe(address, needed=name in _NEEDED) for name, address in found.items()):
            raise ValueError("an address that is missing or not https")
        kept = self._found.keys if self._found and found["jwks_uri"] == self._jwks else Keys(url=found["jwks_uri"])
        self._jwks = found.pop("jwks_uri")
        answers = said.get("authorization_response_iss_parameter_supported") is True
        self._found = Metadata(**found, says_who_answers=answers, keys=kept)


def _is_safe(address: object, *, needed: bool) -> bool:
    """Tell whether it is https, or plain http that stays on this machine."""
    if not isinstance(address, str) or not address:
        return not needed and address == ""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(str(parts.hostname)))
    )
