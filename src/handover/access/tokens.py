"""Access tokens: JWTs after RFC 9068, checked against the configured issuers.

Checked: algorithm allow-list, `typ` at+jwt, issuer, audience, expiry, signature, size. The organisation and the
counsellor come from the claims `organisation` (short name or enterprise number) and `counsellor`.
"""

import json
import time
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from handover.access.denials import ExpiredToken, InvalidToken, NoToken
from handover.domain.parties import Actor, Caller, Directory, Organisation

ALGORITHMS = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"]
_MOST_BYTES = 8192
_LEEWAY_SECONDS = 30
_KEPT_TOKENS = 10_000
_COOLDOWN_SECONDS = 30.0
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A token that was checked: what it says, and until when it counts (seconds since 1970)."""

    organisation: str
    counsellor: str
    application: str
    scopes: frozenset[str]
    until: float


class Keys:
    """The public keys of one issuer, from a file or an address; an unknown key is looked up at most every 30 s."""

    def __init__(self, *, file: Path | None = None, url: str | None = None) -> None:
        self._file, self._url = file, url
        self._set: KeySet | None = None
        self._asked = -_COOLDOWN_SECONDS

    async def get(self, key_id: str) -> KeySet:
        """Give the keys; raise InvalidToken when they cannot be had."""
        if self._set is None or not any(key.kid == key_id for key in self._set.keys):
            await self._refresh()
        if self._set is None:
            raise InvalidToken
        return self._set

    async def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._asked < _COOLDOWN_SECONDS:
            return
        self._asked = now
        try:
            self._set = KeySet.import_key_set(await self._read())
        except (OSError, ValueError, JoseError, httpx.HTTPError) as error:
            _log.warning("issuer_keys_unavailable", error=type(error).__name__)

    async def _read(self) -> Any:  # noqa: ANN401 - a JSON document, checked by the import
        if self._file:
            return json.loads(self._file.read_text("utf-8"))
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            response = await client.get(str(self._url))
            response.raise_for_status()
            return response.json()


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider whose tokens count for `audience`."""

    name: str
    audience: str
    keys: Keys


class Tokens:
    """Turns an Authorization header into a Caller. A checked token is remembered until it expires."""

    def __init__(
        self, issuers: Sequence[Issuer], directory: Callable[[], Directory], now: Callable[[], datetime]
    ) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._directory = directory
        self._now = now
        self._known: OrderedDict[str, Known] = OrderedDict()

    async def caller(self, authorization: str | None) -> Caller:
        """Give the caller of a request. Raises NoToken, ExpiredToken or InvalidToken."""
        if not authorization:
            raise NoToken
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NoToken
        return await self.holder(token)

    async def holder(self, token: str) -> Caller:
        """Give the caller that a token stands for."""
        known = self._known.get(token) or await self._check(token)
        if known.until + _LEEWAY_SECONDS < self._now().timestamp():
            self._known.pop(token, None)
            raise ExpiredToken
        return self._caller(known)

    async def _check(self, token: str) -> Known:
        if len(token) > _MOST_BYTES:
            raise InvalidToken
        header, claims = _peek(token)
        issuer = self._issuers.get(str(claims.get("iss")))
        if issuer is None or str(header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
            raise InvalidToken
        try:
            keys = await issuer.keys.get(str(header.get("kid", "")))
            checked = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidToken from error
        known = _known(checked, issuer.audience, self._now().timestamp())
        self._known[token] = known
        if len(self._known) > _KEPT_TOKENS:
            self._known.popitem(last=False)
        return known

    def _caller(self, known: Known) -> Caller:
        directory = self._directory()
        organisation = directory.organisations.get(known.organisation) or _by_number(
            directory, known.organisation
        )
        if organisation is None:
            raise InvalidToken
        if known.counsellor:
            counsellor = directory.counsellor_of(organisation.organisation_id, known.counsellor)
            if counsellor is None:
                raise InvalidToken
            actor = Actor(name=counsellor.name, counsellor_id=counsellor.counsellor_id)
        else:
            actor = Actor(name=known.application, application=known.application)
        return Caller(organisation=organisation, actor=actor, scopes=known.scopes)


def _by_number(directory: Directory, number: str) -> Organisation | None:
    return next((o for o in directory.organisations.values() if o.enterprise_number == number), None)


def _peek(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Read header and claims without trusting them, only to find whose keys to check with."""
    parts = token.split(".")
    jws_parts = 3
    if len(parts) != jws_parts:
        raise InvalidToken
    try:
        header, claims = (json.loads(urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in parts[:2])
    except (ValueError, RecursionError) as error:
        raise InvalidToken from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise InvalidToken
    return header, claims


def _known(claims: dict[str, Any], audience: str, now: float) -> Known:
    audiences = claims.get("aud")
    audiences = audiences if isinstance(audiences, list) else [audiences]
    expires, not_before = claims.get("exp"), claims.get("nbf", 0)
    # bool is an int for Python, and True is no moment.
    if audience not in audiences or isinstance(expires, bool) or isinstance(not_before, bool):
        raise InvalidToken
    if not isinstance(expires, int | float) or not isinstance(not_before, int | float):
        raise InvalidToken
    if not_before - _LEEWAY_SECONDS > now:
        raise InvalidToken
    organisation, counsellor = claims.get("organisation"), claims.get("counsellor", "")
    application = claims.get("client_id") or claims.get("sub")
    scope = claims.get("scope", "")
    if not all(isinstance(text, str) for text in (organisation, counsellor, application, scope)):
        raise InvalidToken
    return Known(str(organisation), counsellor, str(application)[:200], frozenset(scope.split()), float(expires))
