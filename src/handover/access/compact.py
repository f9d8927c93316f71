"""The compact form of a signed token (RFC 7515), read strictly: one token has one spelling and one meaning."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from handover.access.denials import InvalidToken
from handover.access.key_sets import PublicKey

ALGORITHMS = ("ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256")
MOST_BYTES = 8192
_MOST_NESTED = 500
"""Lists and objects in a part; how deep a reader of JSON can go is no matter of luck then."""
_TYPES = {"at+jwt", "application/at+jwt"}
_REFUSED = frozenset({"b64", "crit", "enc", "jku", "jwk", "x5c", "x5u", "zip"})
"""Header members that would bring a key along, point to one, or change what is signed; the issuer's keys are known."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_KEY_ID = re.compile(r"[\x20-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Compact:
    """A token that has the right form; nothing about it is proven yet."""

    text: str
    algorithm: str
    key_id: str
    claims: dict[str, Any]


def read(token: str) -> Compact:
    """Read header and claims without trusting them. Raises InvalidToken for whatever no key could make good."""
    if len(token) > MOST_BYTES or not _TOKEN.fullmatch(token):
        raise InvalidToken
    head, body, signature = token.split(".")
    header, claims = _members(head), _members(body)
    _bytes(signature)
    kind, algorithm, key_id = header.get("typ"), header.get("alg"), header.get("kid")
    if not (isinstance(kind, str) and isinstance(algorithm, str) and isinstance(key_id, str)):
        raise InvalidToken
    if kind.lower() not in _TYPES or algorithm not in ALGORITHMS or not _KEY_ID.fullmatch(key_id):
        raise InvalidToken
    if _REFUSED & header.keys():
        raise InvalidToken
    return Compact(token, algorithm, key_id, claims)


def verify(token: Compact, key: PublicKey) -> None:
    """Check the signature. Raises InvalidToken, also for a key that is meant for something else (`alg`, `use`)."""
    try:
        jws.deserialize_compact(token.text, key, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidToken from error


def _bytes(part: str) -> bytes:
    """Decode base64url without padding; the bits that no byte is made of must be zero."""
    try:
        found = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise InvalidToken from error
    if urlsafe_b64encode(found).rstrip(b"=").decode() != part:
        raise InvalidToken
    return found


def _members(part: str) -> dict[str, Any]:
    try:
        text = _bytes(part).decode("utf-8")
        if text.count("[") + text.count("{") > _MOST_NESTED:
            raise InvalidToken
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidToken from error
    if not isinstance(found, dict):
        raise InvalidToken
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a member that is there twice: two readers would see two tokens."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
