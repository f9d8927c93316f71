"""What an OpenID provider signs for us: id tokens and logout tokens, checked in full."""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from handover.access.provider import Provider

ALGORITHMS = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LEEWAY_SECONDS = 30
_MOST_BYTES = 16_384
_MOST_TEXT = 255
_LAST_MOMENT = 253_402_300_799


class NotForUs(Exception):  # noqa: N818 - an answer, not a fault
    """A token or an answer that does not prove what it should; never says which part to whoever sent it."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Which of the provider's sessions ended, or whose ("": not said), and when it said so."""

    subject: str
    session: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Checks tokens of one provider for one client."""

    provider: Provider
    client_id: str

    async def id_token(self, token: str, *, nonce: str, now: datetime) -> dict[str, Any]:
        """Give the claims of an id token (OpenID Connect Core 3.1.3.7). Raises NotForUs."""
        claims = await self._checked(token, now, types=("", "jwt"))
        said = claims.get("nonce")
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        needed = _text(claims, "sub") and isinstance(said, str) and hmac.compare_digest(said.encode(), nonce.encode())
        party = claims.get("azp", self.client_id if len(audiences) == 1 else None)
        if not needed or party != self.client_id:
            raise NotForUs("nonce, sub or azp")
        return claims

    async def logout_token(self, token: str, *, now: datetime) -> LoggedOut:
        """Give what a logout token says (OpenID Connect Back-Channel Logout 2.6). Raises NotForUs."""
        claims = await self._checked(token, now, types=("", "jwt", "logout+jwt"))
        events = claims.get("events")
        subject, session = _text(claims, "sub"), _text(claims, "sid")
        says_so = isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
        if not says_so or "nonce" in claims or not (subject or session) or not _text(claims, "jti"):
            raise NotForUs("events, nonce, sub, sid or jti")
        return LoggedOut(subject, session, datetime.fromtimestamp(_moment(claims.get("iat")), UTC))

    async def _checked(self, token: str, now: datetime, *, types: tuple[str, ...]) -> dict[str, Any]:
        if len(token) > _MOST_BYTES:
            raise NotForUs("size")
        header = _header(token)
        kind = str(header.get("typ", "")).lower().removeprefix("application/")
        if kind not in types or header.get("alg") not in ALGORITHMS:
            raise NotForUs("typ or alg")
        keys = await (await self.provider.metadata()).keys.get(str(header.get("kid", "")))
        try:
            claims = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise NotForUs("signature") from error
        audiences = claims.get("aud")
        if claims.get("iss") != self.provider.issuer:
            raise NotForUs("iss")
        if self.client_id not in (audiences if isinstance(audiences, list) else [audiences]):
            raise NotForUs("aud")
        moment = now.timestamp()
        if _moment(claims.get("exp")) + LEEWAY_SECONDS < moment or _moment(claims.get("iat")) - LEEWAY_SECONDS > moment:
            raise NotForUs("exp or iat")
        return claims


def _header(token: str) -> dict[str, Any]:
    """Read the header without trusting it, to find whose key to check with."""
    head = token.partition(".")[0]
    try:
        return msgspec.json.decode(urlsafe_b64decode(head + "=" * (-len(head) % 4)), type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise NotForUs("header") from error


def _text(claims: Mapping[str, object], name: str) -> str:
    text = claims.get(name, "")
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        raise NotForUs(name)
    return text


def _moment(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim <= _LAST_MOMENT:
        raise NotForUs("a moment")
    return float(claim)
