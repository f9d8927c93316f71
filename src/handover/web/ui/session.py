"""Who looks at the screen: a session whose secret is in a cookie that no script reads, and forms that prove it."""

import secrets
from typing import Literal

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from handover.access.attempts import LASTS
from handover.access.sessions import Session
from handover.domain.parties import Caller
from handover.platform.walls import ask_for
from handover.web.needs import services_of
from handover.web.problems import HttpProblem
from handover.web.ui.origins import SAFE, is_https

COOKIE, SIGN_IN_COOKIE = "handover", "handover_sign_in"
FORM_FIELD, FORM_HEADER = "csrf", "x-csrf-token"
_MOST_PART = 4_000_000
"""Bytes of one field: more than any form may send at all (`web.trace`), so that is what bounds it."""


class SignInNeeded(Exception):  # noqa: N818 - an answer, not a fault
    """Nobody is signed in here (any more)."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("sign in")
        self.expired = expired


def cookie_name(request: Request, name: str = COOKIE) -> str:
    """Give a cookie's name: with https one that no other host and no plain http can set."""
    return f"__Host-{name}" if is_https(request) else name


def held(request: Request, name: str = COOKIE) -> str:
    """Give what the browser holds, or ""."""
    return request.cookies.get(cookie_name(request, name), "")


async def session_of(request: Request) -> Session | None:
    """Give the session of the browser, or None; asked for once per request."""
    known: tuple[Session | None] | None = getattr(request.state, "session", None)
    if known is None:
        secret = held(request)
        known = (await services_of(request).sessions.find(secret) if secret else None,)
        request.state.session = known
    if known[0] is not None:
        ask_for(known[0].caller.organisation.organisation_id)
    return known[0]


async def visitor(request: Request) -> Caller | None:
    """Give the counsellor who is signed in, or None."""
    session = await session_of(request)
    return session.caller if session else None


async def signed_in(request: Request) -> Caller:
    """Give the counsellor who is signed in; a form must be of that session. Raises SignInNeeded, or a 403."""
    session = await session_of(request)
    if session is None:
        raise SignInNeeded(expired=bool(held(request)))
    request.state.caller = session.caller
    await refuse_foreign_form(request, session)
    return session.caller


async def form_of(request: Request) -> FormData:
    """Give what a form sent; its size was bounded before it came here. Raises HttpProblem 400 for what is no form."""
    try:
        return await request.form(max_part_size=_MOST_PART)
    except HTTPException:
        raise HttpProblem(400, "This is no form as a browser sends it.") from None


async def refuse_foreign_form(request: Request, session: Session) -> None:
    """Refuse a form that was not made for this session (403)."""
    if request.method in SAFE:
        return
    given = request.headers.get(FORM_HEADER) or (await form_of(request)).get(FORM_FIELD, "")
    if not isinstance(given, str) or not session.accepts(given):
        raise HttpProblem(403, "This form is not of the session in this browser.")


def begin(response: Response, request: Request, secret: str) -> None:
    """Sign in: keep the session's secret in the browser."""
    longest = services_of(request).sessions.longest
    _set(response, request, COOKIE, secret, int(longest.total_seconds()))


def end(response: Response, request: Request) -> None:
    """Sign out."""
    _drop(response, request, COOKIE)


def begin_sign_in(response: Response, request: Request) -> str:
    """Give the secret that binds a sign-in to this browser: the one it has, for two tabs may be at it."""
    secret = held(request, SIGN_IN_COOKIE) or secrets.token_urlsafe(32)
    _set(response, request, SIGN_IN_COOKIE, secret, int(LASTS.total_seconds()))
    return secret


def end_sign_in(response: Response, request: Request) -> None:
    """Forget the sign-in that is over."""
    _drop(response, request, SIGN_IN_COOKIE)


def _same_site(request: Request) -> Literal["lax", "strict"]:
    """Lax where people come back from an identity provider: a strict cookie would not come along on that way."""
    return "lax" if services_of(request).open_id else "strict"


def _set(response: Response, request: Request, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite=_same_site(request),
    )


def _drop(response: Response, request: Request, name: str) -> None:
    response.delete_cookie(
        cookie_name(request, name), path="/", secure=is_https(request), httponly=True, samesite=_same_site(request)
    )
