"""Access tokens: JWTs after RFC 9068, checked against the configured issuers.

Checked: algorithm allow-list, `typ` at+jwt, issuer, audience, expiry, signature, size. The organisation and
the counsellor come from the claims `organisation` (short name or enterprise number) and `counsellor`, the
application from `client_id`.
"""

import asyncio
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

from handover.access.denials import ExpiredToken, InvalidToken, KeysUnavailable, NoToken
from handover.domain.parties import Actor, Caller, Directory, Organisation

ALGORITHMS = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"]
_MOST_BYTES = 8192
_LEEWAY_SECONDS = 30
_KEPT_TOKENS = 10_000
_COOLDOWN_SECONDS = 30.0
_KEYS_SECONDS = 600.0
"""How long keys and checked tokens are trusted unseen: the longest that a withdrawn key still counts."""
_LAST_MOMENT = 253_402_300_799
"""The end of the year 9999: beyond it lie only mistakes, infinity and numbers too large to reckon with."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A token that was checked: what it says, and until when it counts (seconds since 1970).

    At `again` (of the monotonic clock) its signature is checked anew.
    """

    organisation: str
    counsellor: str
    application: str
    scopes: frozenset[str]
    until: float
    again: float


class Keys:
    """The public keys of one issuer, from a file or an address.

    They are read anew every ten minutes, and for a key that is not known at most every 30 s. While the issuer
    does not answer, the last ones stay.
    """

    def __init__(self, *, file: Path | None = None, url: str | None = None) -> None:
        self._file, self._url = file, url
        self._set: KeySet | None = None
        self._asked = self._read_at = -_KEYS_SECONDS
        self._reading = asyncio.Lock()

    async def get(self, key_id: str) -> KeySet:
        """Give the keys; raise KeysUnavailable when they cannot be had."""
        if not self._fresh(key_id):
            # Who comes while they are being read waits for them, else the first callers would be turned away.
            async with self._reading:
                if not self._fresh(key_id):
                    await self._refresh()
        if self._set is None:
            raise KeysUnavailable
        return self._set

    def _fresh(self, key_id: str) -> bool:
        if self._set is None or time.monotonic() - self._read_at > _KEYS_SECONDS:
            return False
        return any(key.kid == key_id for key in self._set.keys)

    async def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._asked < _COOLDOWN_SECONDS:
            return
        self._asked = now
        try:
            self._set = _key_set(await self._read())
            self._read_at = now
        except (OSError, ValueError, JoseError, httpx.HTTPError) as error:
            _log.warning("issuer_keys_unavailable", error=type(error).__name__)

    async def _read(self) -> Any:  # noqa: ANN401 - a JSON document, checked by the import
        if self._file:
            return json.loads(self._file.read_text("utf-8"))
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            response = await client.get(str(self._url))
            response.raise_for_status()
            return response.json()


def _key_set(document: Any) -> KeySet:  # noqa: ANN401 - a JSON document from outside
    """Read a key set (RFC 7517); a key in it that cannot be used does not spoil the others."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys = []
    for key in listed if isinstance(listed, list) else []:
        try:
            keys += KeySet.import_key_set({"keys": [key]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("issuer_key_unusable", error=type(error).__name__)
    if not keys:
        raise ValueError("no usable key")
    return KeySet(keys)


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
        """Give the caller of a request. Raises NoToken, ExpiredToken, InvalidToken or KeysUnavailable."""
        if not authorization:
            raise NoToken
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NoToken
        return await self.holder(token)

    async def holder(self, token: str) -> Caller:
        """Give the caller that a token stands for."""
        known = self._known.get(token)
        if known is None or known.again < time.monotonic():
            self._known.pop(token, None)
            known = await self._check(token)
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
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InvalidToken from error
        known = _known(checked, issuer.audience, self._now().timestamp())
        self._known[token] = known
        if len(self._known) > _KEPT_TOKENS:
            self._known.popitem(last=False)
        return known

    def _caller(self, known: Known) -> Caller:
        directory = self._directory()
        organisation = directory.organisations.get(known.organisation) or _by_number(directory, known.organisation)
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
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise InvalidToken
    expires, not_before = _moment(claims.get("exp")), _moment(claims.get("nbf", 0))
    if not_before - _LEEWAY_SECONDS > now:
        raise InvalidToken
    organisation, counsellor = claims.get("organisation"), claims.get("counsellor", "")
    # Never `sub` instead: identity providers put national numbers there, and everyone sees who did a step.
    application = claims.get("client_id", "")
    scope = claims.get("scope", "")
    if not all(isinstance(text, str) for text in (organisation, counsellor, application, scope)):
        raise InvalidToken
    if not (counsellor or application) or not application.isprintable():
        raise InvalidToken
    return Known(
        organisation=str(organisation),
        counsellor=counsellor,
        application=application[:200],
        scopes=frozenset(scope.split()),
        until=expires,
        again=time.monotonic() + _KEYS_SECONDS,
    )


def _moment(claim: object) -> float:
    """Give a NumericDate (RFC 7519); a bool is an int for Python, and NaN compares with nothing."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim <= _LAST_MOMENT:
        raise InvalidToken
    return float(claim)
