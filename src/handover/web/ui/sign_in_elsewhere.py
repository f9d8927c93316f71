"""Signing in through the identity provider: going there, coming back, and hearing that it ended a session."""

from datetime import timedelta

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.acm_idm import ROLE_NAMES, NotLetIn, Person, claimed, person, plain_name
from handover.access.denials import Denial
from handover.access.id_tokens import LEEWAY_SECONDS, NotForUs
from handover.access.known import look_up
from handover.access.oidc import OpenId, SignedIn
from handover.access.sessions import FromProvider
from handover.web.asking import too_many
from handover.web.needs import Services, services_of
from handover.web.problems import HttpProblem
from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import SIGN_IN_COOKIE, begin, begin_sign_in, end_sign_in, held
from handover.web.ui.speaking import speak_as_chosen

router = APIRouter(route_class=Screen)
back_channel = APIRouter()
_NO_STORE = {"Cache-Control": "no-store"}
_FORBIDDEN = 403
_log = structlog.stdlib.get_logger("handover.web.ui")


@router.get("/sign-in/start")
async def start(request: Request) -> Response:
    """Send the browser to the identity provider; with `again` it asks who it is even when it knows."""
    services, open_id = _open_id(request)
    address = request.client.host if request.client else ""
    if seconds := services.limits.must_wait(address):
        raise too_many(seconds, "Too many requests from this address were not let in.")
    services.limits.refused(address)  # who begins is not in yet; each leaves a row, so that it must have an end
    response = go("/sign-in")
    attempt = await services.attempts.begin(begin_sign_in(response, request))
    response.headers["location"] = await open_id.address(attempt, again="again" in request.query_params)
    return response


@router.get("/sign-in/callback")
async def callback(request: Request) -> Response:
    """Take the browser back: a state that this browser began, once; a code for an id token; a session."""
    services, open_id = _open_id(request)
    asked = request.query_params
    attempt = await services.attempts.take(asked.get("state", ""), held(request, SIGN_IN_COOKIE))
    if attempt is None:
        return _refused(request, "sign_in.not_begun_here")
    code = asked.get("code", "")
    if not code or "error" in asked:
        return _refused(request, "sign_in.broken_off")
    try:
        given = await open_id.signed_in(code, attempt, asked.get("iss"), now=services.clock.now())
        who = await _person(services, open_id, given)
    except NotForUs as error:
        _log.warning("sign_in_refused", reason=str(error))
        return _refused(request, "sign_in.not_proven")
    except NotLetIn as error:
        _log.warning("sign_in_refused", reason=str(error.reason))
        return _refused(request, f"sign_in.{error.reason}", call=True)
    secret = await services.sessions.begin(
        who.organisation.organisation_id,
        who.counsellor.counsellor_id,
        who.roles,
        _from_provider(services, given),
        instead_of=held(request),
    )
    response = go("/")
    begin(response, request, secret)
    await speak_as_chosen(services, response, who.organisation.organisation_id, who.counsellor.counsellor_id)
    end_sign_in(response, request)
    return response


@back_channel.post("/sign-out/back-channel")
async def ended_there(request: Request) -> Response:
    """Hear from the identity provider itself that a session ended (OpenID Connect Back-Channel Logout 1.0)."""
    services, open_id = _open_id(request)
    token = (await request.form()).get("logout_token")
    try:
        if not isinstance(token, str):
            raise NotForUs("no token")  # noqa: TRY301 - refused like any other
        said = await open_id.logged_out(token, now=services.clock.now())
    except NotForUs as error:
        _log.warning("sign_out_refused", reason=str(error))
        return Response(status_code=400, headers=_NO_STORE)
    except Denial as error:
        return Response(status_code=error.status, headers=_NO_STORE)
    digests = services.sealer.digests
    ended = await services.sessions.end_for_provider(
        subjects=digests(_named("sub", said.subject)) if said.subject else [],
        sessions=digests(_named("sid", said.session)) if said.session else [],
        before=said.at + timedelta(seconds=LEEWAY_SECONDS),
    )
    _log.info("sessions_ended_by_provider", count=ended)
    return Response(status_code=200, headers=_NO_STORE)


async def _person(services: Services, open_id: OpenId, given: SignedIn) -> Person:
    said = claimed(given.claims, open_id.settings.roles_claim)
    known = await look_up(services.pool, said.subject, said.organisation_code)
    own_names = {plain_name(name): role for name, role in open_id.settings.roles.items()}
    return person(
        said,
        services.directory_now(),
        known_as=known.counsellors,
        enterprise_number=known.enterprise_number,
        names={**ROLE_NAMES, **own_names},
    )


def _from_provider(services: Services, given: SignedIn) -> FromProvider:
    digest, session = services.sealer.digest, given.claims.get("sid")
    return FromProvider(
        digest(_named("sub", given.claims["sub"])),
        digest(_named("sid", session)) if isinstance(session, str) and session else None,
        given.id_token,
    )


def _named(what: str, value: str) -> str:
    """Keep digests of the two apart, and from those of national numbers: these are digits only."""
    return f":{what}:{value}"


def _open_id(request: Request) -> tuple[Services, OpenId]:
    services = services_of(request)
    if services.open_id is None:
        raise HttpProblem(404, "People do not sign in elsewhere here.")
    return services, services.open_id


def _refused(request: Request, text: str, *, call: bool = False) -> Response:
    page = Page(request)
    found = page.services.settings.sign_in
    return page.show(
        "sign_in_refused.html",
        _FORBIDDEN,
        text=page.t(text),
        call=call,
        desk=found.help if found and call else "",
        # The same page in another language would be this address again, whose state is used up.
        switch={},
    )
