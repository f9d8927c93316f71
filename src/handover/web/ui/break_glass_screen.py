"""Opening a dossier that colleagues work on: a reason first, then four hours."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.domain.policy import Action
from handover.web.api.access_views import LEAST_REASON, MOST_REASON
from handover.web.asking import uuid_of
from handover.web.ui.dossier_screen import address_of, glass_page
from handover.web.ui.pages import Page
from handover.web.ui.reading import typed_in
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in
from handover.web.ui.step_screen import asked

router = APIRouter(route_class=Screen)


@router.post("/dossiers/{dossier_id}/break-glass")
async def break_glass(request: Request, dossier_id: str) -> Response:
    """Note the reason, and go to the dossier. Sent twice it counts once."""
    page = Page(request, await signed_in(request))
    typed = typed_in(await request.form())
    reason = next(iter(typed.get("reason", ())), "").strip()
    found_id = uuid_of(dossier_id)
    found = await page.services.reader.dossier(found_id) if found_id else None
    if not LEAST_REASON <= len(reason) <= MOST_REASON:
        await page.services.guard.check(page.visit, Action.BREAK_GLASS, found[0] if found else None, found_id)
        return glass_page(page, dossier_id, reason=reason, error=page.t("break_glass.too_short"), status=400)

    async def open_it() -> bytes:
        made = await page.services.guard.break_glass(page.visit, found[0] if found else None, found_id, reason)
        return str(made.break_glass_id).encode()

    await page.services.once.answer(page.own, asked(request, typed), open_it)
    return go(address_of(found_id) if found_id else "/")
