"""Who looks at the screen: a token in a cookie that no script reads and no other site sends."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from handover.access.denials import Denial
from handover.domain.parties import Caller
from handover.web.needs import services_of
from handover.web.problems import HttpProblem

COOKIE = "handover_session"
_SAFE = {"GET", "HEAD", "OPTIONS"}


class SignInNeeded(Exception):  # noqa: N818 - an answer, not a fault
    """Nobody is signed in here (any more)."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("sign in")
        self.expired = expired


async def visitor(request: Request) -> Caller | None:
    """Give the counsellor who is signed in, or None."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    try:
        caller = await services_of(request).tokens.holder(token)
    except Denial:
        return None
    return caller if caller.counsellor_id and "dossier:read" in caller.scopes else None


async def signed_in(request: Request) -> Caller:
    """Give the counsellor who is signed in. Raises SignInNeeded."""
    caller = await visitor(request)
    if caller is None:
        raise SignInNeeded(expired=COOKIE in request.cookies)
    request.state.caller = caller
    return caller


def refuse_other_sites(request: Request) -> None:
    """Refuse a form that another site made the browser send (403). SameSite is the first lock."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    own = site == "same-origin" if site is not None else request.headers.get("origin") in _own_origins(request)
    if not own:
        raise HttpProblem(403, "This form came from another site.")


def _own_origins(request: Request) -> set[str]:
    public = urlsplit(services_of(request).settings.base_url)
    return {f"{public.scheme}://{public.netloc}", f"{request.url.scheme}://{request.headers.get('host', '')}"}


def begin(response: Response, request: Request, token: str, seconds: int) -> None:
    """Sign in: keep the token in the browser."""
    response.set_cookie(
        COOKIE, token, max_age=seconds, path="/", secure=_is_secure(request), httponly=True, samesite="strict"
    )


def end(response: Response, request: Request) -> None:
    """Sign out."""
    response.delete_cookie(COOKIE, path="/", secure=_is_secure(request), httponly=True, samesite="strict")


def _is_secure(request: Request) -> bool:
    return services_of(request).settings.base_url.startswith("https://")
