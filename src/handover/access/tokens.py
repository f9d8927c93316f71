"""Access tokens: JWTs after RFC 9068, checked against the configured issuers.

Checked: form (`compact`), algorithm allow-list, `typ` at+jwt, issuer, signature, and the claims (`claims`). The
organisation and the counsellor come from the claims `organisation` (short name or enterprise number) and
`counsellor`, the application from `client_id`, roles from `roles`.
"""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from handover.access import key_sets
from handover.access.certificates import thumbprint
from handover.access.claims import LEEWAY_SECONDS, Known, known
from handover.access.compact import read, verify
from handover.access.denials import ExpiredToken, InvalidToken, NoToken
from handover.access.key_sets import Keys
from handover.domain.parties import Actor, Caller, Directory, Organisation

__all__ = ["Issuer", "Keys", "Tokens"]

_KEPT_TOKENS = 10_000
REFUSED_SECONDS = 60.0
"""How long a signature that does not hold is not looked at again."""
Name = TypeVar("Name")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider whose tokens count for `audience`; `require_cnf`: only those bound to a certificate."""

    name: str
    audience: str
    keys: Keys
    require_cnf: bool = False


class Tokens:
    """Turns an Authorization header into a Caller. What was found of a token is remembered, good or bad.

    `certificate_header` is the header in which a trusted proxy gives the client's certificate; "": nobody does.
    """

    def __init__(
        self,
        issuers: Sequence[Issuer],
        directory: Callable[[], Directory],
        now: Callable[[], datetime],
        *,
        certificate_header: str = "",
    ) -> None:
        self.certificate_header = certificate_header
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._directory = directory
        self._now = now
        self._known: OrderedDict[str, Known] = OrderedDict()
        # By digest: what nobody vouches for may be long, and there may be much of it.
        self._refused: OrderedDict[bytes, float] = OrderedDict()

    async def caller(self, authorization: str | None, certificate: str = "") -> Caller:
        """Give the caller of a request. Raises NoToken, ExpiredToken, InvalidToken or KeysUnavailable."""
        if not (token := _bearer(authorization)):
            raise NoToken
        return await self.holder(token, certificate)

    def remembers(self, authorization: str | None) -> bool:
        """Tell whether this token was found good a while ago, so that looking at it again costs next to nothing."""
        return _bearer(authorization) in self._known

    async def holder(self, token: str, certificate: str = "") -> Caller:
        """Give the caller that a token stands for, sent with this client certificate ("": none)."""
        found = self._known.get(token)
        if found is None or found.again < time.monotonic():
            self._known.pop(token, None)
            found = await self._check(token)
        # An expired one stays: who sends it again and again costs no signature check each time.
        if found.until + LEEWAY_SECONDS < self._now().timestamp():
            raise ExpiredToken
        if found.thumbprint and not self._holds(found.thumbprint, certificate):
            raise InvalidToken
        return self._caller(found)

    async def _check(self, token: str) -> Known:
        parsed = read(token)
        issuer = self._issuers.get(name) if isinstance(name := parsed.claims.get("iss"), str) else None
        if issuer is None:
            raise InvalidToken
        # Before the signature, because it costs less: a token that says the wrong thing is refused whoever signed it.
        again = time.monotonic() + key_sets.KEYS_SECONDS
        found = known(parsed.claims, issuer.audience, now=self._now().timestamp(), again=again)
        digest = hashlib.sha256(token.encode()).digest()
        if (issuer.require_cnf and not found.thumbprint) or self._refused.get(digest, 0.0) > time.monotonic():
            raise InvalidToken
        key = await issuer.keys.named(parsed.key_id)
        if key is None:
            # Not kept: it may come. The key set remembers for how long not to ask.
            raise InvalidToken
        try:
            verify(parsed, key)
        except InvalidToken:
            _keep(self._refused, digest, time.monotonic() + REFUSED_SECONDS)
            raise
        _keep(self._known, token, found)
        return found

    def _holds(self, bound_to: str, certificate: str) -> bool:
        if not self.certificate_header or not certificate:
            return False
        return hmac.compare_digest(bound_to, thumbprint(certificate))

    def _caller(self, found: Known) -> Caller:
        directory = self._directory()
        organisation = directory.organisations.get(found.organisation) or _by_number(directory, found.organisation)
        if organisation is None:
            raise InvalidToken
        if found.counsellor:
            counsellor = directory.counsellor_of(organisation.organisation_id, found.counsellor)
            if counsellor is None:
                raise InvalidToken
            actor = Actor(name=counsellor.name, counsellor_id=counsellor.counsellor_id)
        else:
            actor = Actor(name=found.application, application=found.application)
        return Caller(organisation=organisation, actor=actor, scopes=found.scopes, roles=found.roles)


def _bearer(authorization: str | None) -> str:
    """Give the token of an Authorization header, or ""."""
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _keep(kept: OrderedDict[Name, Found], name: Name, value: Found) -> None:
    kept[name] = value
    if len(kept) > _KEPT_TOKENS:
        kept.popitem(last=False)


def _by_number(directory: Directory, number: str) -> Organisation | None:
    return next((o for o in directory.organisations.values() if o.enterprise_number == number), None)
