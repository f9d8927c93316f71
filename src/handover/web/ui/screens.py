"""What all screens share: forms only from our own pages, and an error page instead of a problem document."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handover.domain.refusals import Refusal
from handover.platform.ids import new_id
from handover.web.problems import problem_of
from handover.web.ui.origins import is_https, refuse_other_sites
from handover.web.ui.pages import HEADERS, HSTS, Page
from handover.web.ui.session import SignInNeeded

_log = structlog.stdlib.get_logger("handover.web.ui")
_NOT_FOUND, _SERVER_ERROR = 404, 500
SEE_OTHER = 303


class Screen(APIRoute):
    """A route whose answers are pages, also when something is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the handler, with what goes wrong in it turned into a page."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                refuse_other_sites(request)
                response = await inner(request)
            except SignInNeeded as needed:
                response = _to_sign_in(request, expired=needed.expired)
            except Exception as error:  # noqa: BLE001 - a person must get a page, whatever it is
                response = error_page(request, error)
            finally:
                await request.close()  # a file that came with a form
            if is_https(request):
                response.headers["Strict-Transport-Security"] = HSTS
            return response

        return handle


def go(address: str) -> Response:
    """Send the browser on after a form was taken in, so that reloading does not send it again."""
    return RedirectResponse(address, SEE_OTHER, headers=dict(HEADERS))


def go_on(page: Page, address: str) -> Response:
    """Send the browser on after a form was taken in, also where htmx sent it: that would follow a redirect unseen."""
    if page.request.headers.get("hx-request") == "true":
        return Response(status_code=200, headers={**HEADERS, "HX-Redirect": address})
    return go(address)


def _to_sign_in(request: Request, *, expired: bool) -> Response:
    address = "/sign-in?expired=1" if expired else "/sign-in"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={**HEADERS, "HX-Redirect": address})
    return go(address)


def error_page(request: Request, error: Exception) -> Response:
    """Give the page for an exception: what happened and what to do, with a number to quote; never a value."""
    problem = problem_of(error)
    instance = f"urn:uuid:{new_id()}"
    if problem.status >= _SERVER_ERROR:
        _log.error(
            "screen_failed",
            instance=instance,
            error=type(error).__name__,
            exc_info=problem.status == _SERVER_ERROR,
        )
    page = Page(request)
    t = page.t
    # An unknown dossier and one of others must look the same, so a 404 says one thing only.
    named = f"refusal.{error.name}" if isinstance(error, Refusal) and problem.status != _NOT_FOUND else ""
    text = t.first(
        *([named] if named in t else []),
        f"error.{problem.status}",
        "error.400" if problem.status < _SERVER_ERROR else "error.500",
    )
    # What htmx asked for stays as it is, a form with all that was typed too; the page says what went wrong.
    is_asked_beside = request.headers.get("hx-request") == "true"
    response = page.show(
        "error_part.html" if is_asked_beside else "error.html",
        problem.status,
        title=t.first(f"error.{problem.status}_title", "error.title"),
        text=text,
        help=t(f"error.{problem.status}_help") if f"error.{problem.status}_help" in t else "",
        # Not found is no fault: there is nothing to look up in a log.
        instance=instance if problem.status != _NOT_FOUND else "",
    )
    response.headers.update(dict(problem.headers))
    if is_asked_beside:
        response.headers.update({"HX-Retarget": "#trouble", "HX-Reswap": "innerHTML"})
    return response
