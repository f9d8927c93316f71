"""Why a caller is not let in (RFC 6750, Belgif problem types). No message says more than the caller knows."""

from typing import ClassVar


class Denial(Exception):  # noqa: N818 - an answer, not a fault
    """The caller is not let in."""

    status: ClassVar[int] = 401
    name: ClassVar[str] = "invalidAccessToken"
    title: ClassVar[str] = "Access token is not valid"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or " ".join((type(self).__doc__ or "").split()))


class NoToken(Denial):
    """Send an access token: `Authorization: Bearer <token>`."""

    name = "noAccessToken"
    title = "No access token"


class InvalidToken(Denial):
    """The access token is malformed, not signed by a configured issuer, or not meant for this service."""


class ExpiredToken(Denial):
    """The access token has expired. Get a new one."""

    name = "expiredAccessToken"
    title = "Access token has expired"


class KeysUnavailable(Denial):
    """The keys of the token's issuer cannot be had, so the token cannot be checked. Try again."""

    status = 503
    name = "serviceUnavailable"
    title = "Service unavailable"


class MissingScope(Denial):
    """The access token lacks a scope that this operation needs."""

    status = 403
    name = "missingScope"
    title = "Scope is missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The access token lacks the scope {scope}.")
        self.required_scopes = (scope,)
