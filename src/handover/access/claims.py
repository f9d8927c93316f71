"""What a checked access token says (RFC 9068): its claims as a `Known`, or InvalidToken. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handover.access.denials import InvalidToken

LEEWAY_SECONDS = 30
_LAST_MOMENT = 253_402_300_799
"""The end of the year 9999: beyond it lie only mistakes, infinity and numbers too large to reckon with."""
_MOST_TEXT, _MOST_CLIENT_ID, _MOST_ROLES = 255, 200, 50
_ROLE = re.compile(r"[\x21-\x7e]{1,100}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Known:
    """A token that was checked: what it says, and until when it counts (seconds since 1970).

    At `again` (of the monotonic clock) its signature is checked anew. `thumbprint` is that of the client certificate
    it is bound to (RFC 8705, base64url of SHA-256), "" for none.
    """

    organisation: str
    counsellor: str
    application: str
    scopes: frozenset[str]
    roles: frozenset[str]
    thumbprint: str
    until: float
    again: float


def known(claims: Mapping[str, Any], audience: str, *, now: float, again: float) -> Known:
    """Give what the claims say at `now` (seconds since 1970). Raises InvalidToken."""
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise InvalidToken
    expires = _moment(claims.get("exp"))
    if max(_moment(claims.get("iat")), _moment(claims.get("nbf", 0))) - LEEWAY_SECONDS > now:
        raise InvalidToken
    for name in ("sub", "jti"):
        _text(claims.get(name), most=_MOST_TEXT)
    # Never `sub` instead: identity providers put national numbers there, and everyone sees who did a step.
    application = _text(claims.get("client_id"), most=_MOST_CLIENT_ID)
    organisation = _text(claims.get("organisation"), most=_MOST_TEXT)
    counsellor, scope = claims.get("counsellor", ""), claims.get("scope", "")
    if not isinstance(counsellor, str) or not isinstance(scope, str):
        raise InvalidToken
    return Known(
        organisation=organisation,
        counsellor=counsellor,
        application=application,
        scopes=frozenset(scope.split()),
        roles=_roles(claims.get("roles", [])),
        thumbprint=_thumbprint(claims["cnf"]) if "cnf" in claims else "",
        until=expires,
        again=again,
    )


def _moment(claim: object) -> float:
    """Give a NumericDate (RFC 7519); a bool is an int for Python, and NaN compares with nothing."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim <= _LAST_MOMENT:
        raise InvalidToken
    return float(claim)


def _text(claim: object, *, most: int) -> str:
    if not isinstance(claim, str) or not 0 < len(claim) <= most or not claim.isprintable():
        raise InvalidToken
    return claim


def _roles(claim: object) -> frozenset[str]:
    if not isinstance(claim, list) or len(claim) > _MOST_ROLES:
        raise InvalidToken
    if not all(isinstance(role, str) and _ROLE.fullmatch(role) for role in claim):
        raise InvalidToken
    return frozenset(claim)


def _thumbprint(confirmation: object) -> str:
    """A binding that is not to a certificate cannot be checked here, so such a token proves nothing."""
    if not isinstance(confirmation, dict) or confirmation.keys() != {"x5t#S256"}:
        raise InvalidToken
    found = confirmation["x5t#S256"]
    if not isinstance(found, str) or not _THUMBPRINT.fullmatch(found):
        raise InvalidToken
    return found
