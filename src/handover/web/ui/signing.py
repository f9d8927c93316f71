"""Signing in and out. A demonstration lets you choose; production needs an identity provider."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access import demonstration
from handover.domain.codes import OrganisationKind
from handover.platform.settings import Mode
from handover.web.needs import services_of
from handover.web.problems import HttpProblem
from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import begin, end

router = APIRouter(route_class=Screen)
_FULL = 200
_KINDS = list(OrganisationKind)


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """Show who one can be."""
    page = Page(request)
    directory = page.people.directory
    organisations = sorted(directory.organisations.values(), key=lambda o: (_KINDS.index(o.kind), o.name.casefold()))
    choices = [(o, page.people.of(o.organisation_id)[:_FULL]) for o in organisations]
    return page.show("sign_in.html", organisations=choices, expired="expired" in request.query_params)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session as a counsellor of the demonstration. 403 anywhere else."""
    services = services_of(request)
    if services.settings.mode is not Mode.DEMONSTRATION:
        raise HttpProblem(403, "Signing in by choosing a name is for demonstrations only.")
    form = await request.form()
    organisation, counsellor = str(form.get("organisation", "")), str(form.get("counsellor", ""))
    if services.directory_now().counsellor_of(organisation, counsellor) is None:
        raise HttpProblem(400, "No such counsellor.")
    token = await asyncio.to_thread(
        demonstration.issue,
        services.settings.data_dir,
        organisation=organisation,
        counsellor=counsellor,
        at=services.clock.now(),
    )
    response = go("/")
    begin(response, request, token, int(demonstration.LIFETIME.total_seconds()))
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session in this browser."""
    response = go("/sign-in")
    end(response, request)
    return response
