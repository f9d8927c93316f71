"""The organisation's dossiers, and looking one up by national number: posted, never in an address."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.domain.deadlines import local_day
from handover.domain.identity import is_ssin
from handover.domain.policy import Task
from handover.platform.settings import Mode
from handover.web.asking import uuid_of
from handover.web.ui.dossier_screen import address_of
from handover.web.ui.header import client_name
from handover.web.ui.pages import Page
from handover.web.ui.reading import typed_in
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
_PAGE = 100


@router.get("/dossiers")
async def list_page(request: Request) -> Response:
    """Show the dossiers that the organisation follows, by opening; `after` is where the last page ended."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.LIST_DOSSIERS)
    return await _show(page)


@router.post("/dossiers")
async def look_up(request: Request) -> Response:
    """Go to the dossier of a national number, where the organisation follows it."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.SEARCH_DOSSIERS)
    typed = next(iter(typed_in(await request.form()).get("ssin", ())), "")
    ssin = plain_ssin(typed)
    if not acceptable_ssin(page, ssin):
        return await _show(page, typed=typed, error=page.t("opening.ssin_wrong"), status=400)
    found = await page.services.reader.find_own(ssin)
    grants = await page.services.guard.listed(page.visit, Task.SEARCH_DOSSIERS, [found[0]] if found else [])
    if found is None or not grants:
        await page.services.guard.found_nothing(page.visit)
        return await _show(page, typed=typed, error=page.t("list.not_found"))
    dossier, number = found
    return go(address_of(dossier.dossier_id) + ("?done=replaced" if number != ssin else ""))


def plain_ssin(text: str) -> str:
    """Give the digits of a national number as people write it."""
    return re.sub(r"[\s.\-/]", "", text)


def acceptable_ssin(page: Page, ssin: str) -> bool:
    """Tell whether it is a national number; the test range counts in demonstrations only."""
    demonstration = page.services.settings.mode is Mode.DEMONSTRATION
    return is_ssin(ssin, today=local_day(page.services.clock.now()), allow_test_range=demonstration)


async def _show(page: Page, *, typed: str = "", error: str = "", status: int = 200) -> Response:
    after = uuid_of(page.request.query_params.get("after", ""))
    found = await page.services.reader.of_organisation(page.own, after=after, limit=_PAGE)
    grants = await page.services.guard.listed(page.visit, Task.LIST_DOSSIERS, found)
    dossiers = [(grant.dossier, client_name(grant.dossier), grant.whole) for grant in grants]
    following = found[-1].dossier_id if len(found) == _PAGE else ""
    return page.show("list.html", status, dossiers=dossiers, following=following, typed=typed, error=error)
