"""The application: API, inbox screens, and what every answer has in common."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from handover import __version__
from handover.web.api import (
    access,
    agreements,
    checkpoints,
    dossiers,
    events,
    identification,
    inbound,
    inbox,
    linked_data,
    offers,
    reference,
    subscriptions,
    system,
    toeleiding,
)
from handover.web.asking import allowed_methods
from handover.web.needs import Services
from handover.web.openapi import describe
from handover.web.problems import BadInput, HttpProblem, Issue, problem_of
from handover.web.trace import Frame
from handover.web.ui import error_page, mount
from handover.web.ui.files_held import LARGER

DESCRIPTION = """
Case referral and warm handover between OCMW and VDAB. A dossier holds the steps of every organisation that
works with a client; each organisation in it sees the steps of the others, without logging into their systems.
"""


def create_app(services: Services) -> FastAPI:
    """Give the application that serves with these services."""
    app = FastAPI(
        title="handover",
        version=__version__,
        description=DESCRIPTION.strip(),
        openapi_url="/doc/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    for module in (
        dossiers,
        identification,
        events,
        toeleiding,
        access,
        inbound,
        inbox,
        subscriptions,
        agreements,
        offers,
        checkpoints,
        reference,
        linked_data,
        system,
    ):
        app.include_router(module.router)
    mount(app)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Frame, most_bytes=services.settings.max_body_bytes, larger=LARGER)
    describe(app)
    app.add_api_route("/doc", _documentation, include_in_schema=False)
    return app


async def _documentation() -> Response:
    return RedirectResponse("/doc/openapi.json")


async def _invalid(_request: Request, error: Exception) -> Response:
    """FastAPI's own answer would repeat the input; a path or query can hold anything."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for that class only
    issues = [
        Issue.of(
            "schemaViolation",
            "Does not have the required type or form; see the API description.",
            name=".".join(str(part) for part in item["loc"][1:]),
            where=str(item["loc"][0]),
        )
        for item in error.errors()
    ]
    return problem_of(BadInput(*issues)).response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class only
    detail = {
        404: "There is nothing at this address. See /doc/openapi.json.",
        405: "This address does not take that method. See the Allow header.",
    }.get(error.status_code, "The request cannot be served.")
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):  # noqa: PLR2004
        return error_page(request, HttpProblem(404, detail))
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004
        headers["Allow"] = allowed_methods(request)
    return problem_of(HttpProblem(error.status_code, detail, headers)).response()
