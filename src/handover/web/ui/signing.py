"""Signing in and out. A demonstration lets you choose a name; else the identity provider says who someone is."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.acm_idm import Role
from handover.domain.codes import OrganisationKind
from handover.platform.settings import Mode
from handover.web.needs import services_of
from handover.web.problems import HttpProblem
from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import begin, end, held, refuse_foreign_form, session_of
from handover.web.ui.speaking import speak_as_chosen

router = APIRouter(route_class=Screen)
_FULL = 200
_BESIDE = 12
"""So many organisations show their people at once; of more, one is chosen first."""
_KINDS = list(OrganisationKind)


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """Show how one gets in, and in a demonstration who one can be."""
    page = Page(request)
    organisations, people = [], []
    if page.services.settings.mode is Mode.DEMONSTRATION:
        everyone = page.people.directory.organisations.values()
        organisations = sorted(everyone, key=lambda o: (_KINDS.index(o.kind), o.name.casefold()))
        wanted = request.query_params.get("organisation", "")
        shown = (
            organisations
            if len(organisations) <= _BESIDE
            else [o for o in organisations if o.organisation_id == wanted]
        )
        people = [(o, page.people.of(o.organisation_id)[:_FULL]) for o in shown]
    return page.show(
        "sign_in.html",
        organisations=organisations,
        people_of=people,
        expired="expired" in request.query_params,
        elsewhere=page.services.open_id is not None,
    )


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session as a counsellor of the demonstration. 403 anywhere else."""
    services = services_of(request)
    if services.settings.mode is not Mode.DEMONSTRATION:
        raise HttpProblem(403, "Signing in by choosing a name is for demonstrations only.")
    form = await request.form()
    organisation, counsellor = str(form.get("organisation", "")), str(form.get("counsellor", ""))
    directory = services.directory_now()
    if directory.counsellor_of(organisation, counsellor) is None:
        raise HttpProblem(400, "No such counsellor.")
    coordinates = directory.organisations[organisation].coordinator == counsellor
    roles = {Role.COUNSELLOR, Role.COORDINATOR} if coordinates else {Role.COUNSELLOR}
    secret = await services.sessions.begin(organisation, counsellor, roles, instead_of=held(request))
    response = go("/")
    begin(response, request, secret)
    await speak_as_chosen(services, response, organisation, counsellor)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here, then at the identity provider where it began there."""
    session = await session_of(request)
    further = ""
    if session:
        await refuse_foreign_form(request, session)
        services = services_of(request)
        id_token = await services.sessions.end(session.secret)
        request.state.session = (None,)
        further = await services.open_id.sign_out_address(id_token) if id_token and services.open_id else ""
    # A page that goes on by itself: sending the form's browser on would be stopped by `form-action 'self'`.
    response = Page(request).show("signed_out.html", further=further) if further else go("/sign-in")
    end(response, request)
    return response
