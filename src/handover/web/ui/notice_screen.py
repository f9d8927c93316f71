"""What a push shows: the service worker asks here, because the push itself is empty. Figures, and nothing of whom."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handover.domain.policy import Task
from handover.inbox.summaries import summary_of
from handover.platform.walls import ask_for
from handover.web.mail import lines
from handover.web.needs import services_of
from handover.web.ui.pages import HEADERS, Page
from handover.web.ui.screens import Screen
from handover.web.ui.session import held

router = APIRouter(route_class=Screen)


@router.get("/inbox/count")
async def count(request: Request) -> Response:
    """Give the notice's words; 401, with words that say to sign in, when nobody is. It keeps no session alive."""
    services = services_of(request)
    secret = held(request)
    session = await services.sessions.find(secret, touch=False) if secret else None
    if session is None:
        page = Page(request)
        return _said(page, str(page.t("page.product")), str(page.t("notice.sign_in")), 401)
    caller = session.caller
    organisation = caller.organisation.organisation_id
    ask_for(organisation)
    page = Page(request, caller)
    await services.guard.permit(page.visit, Task.READ_INBOX)
    counsellor = page.people.directory.counsellor_of(organisation, caller.counsellor_id)
    summary = await summary_of(
        services.pool,
        organisation,
        caller.counsellor_id,
        works_in=counsellor.team if counsellor else "",
        at=services.clock.now(),
    )
    title, more = lines(page.t, summary)
    return _said(page, title, " ".join(more), 200)


def _said(page: Page, title: str, body: str, status: int) -> Response:
    said = {"title": title, "body": body, "language": str(page.t.language)}
    return JSONResponse(said, status, dict(HEADERS))
