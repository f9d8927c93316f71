"""The organisation's dossiers, and looking a client up by name or national number: posted, never in an address."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.domain.deadlines import local_day
from handover.domain.identity import is_ssin
from handover.domain.policy import Relation, Task
from handover.inbox.views import plain_name
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
_SHORTEST, _LONGEST = 2, 100
"""Characters to search by."""
_AMONG = 2000
"""Dossiers that a search by name opens at most: names are sealed, and no index tells them."""
_SMALL = 60
"""Counsellors of an organisation whose dossiers are searched as a whole."""
_FOUND = 30


@router.get("/dossiers")
async def list_page(request: Request) -> Response:
    """Show the dossiers that the organisation follows, by opening; `after` is where the last page ended."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.LIST_DOSSIERS)
    return await _show(page)


@router.post("/dossiers")
async def search(request: Request) -> Response:
    """Look a client up by national number or by name, among the dossiers that the organisation follows."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.SEARCH_DOSSIERS)
    typed = next(iter(typed_in(await request.form()).get("q", ())), "").strip()[:_LONGEST]
    number = plain_ssin(typed)
    if number.isdecimal():
        return await _by_number(page, typed, number)
    if len(plain_name(typed).replace(" ", "")) < _SHORTEST:
        return await _show(page, typed=typed, error=page.t("list.too_short"), status=400)
    return await _by_name(page, typed)


async def _by_number(page: Page, typed: str, ssin: str) -> Response:
    if not acceptable_ssin(page, ssin):
        return await _show(page, typed=typed, error=page.t("opening.ssin_wrong"), status=400)
    found = await page.services.reader.find_own(ssin)
    grants = await page.services.guard.listed(page.visit, Task.SEARCH_DOSSIERS, [found[0]] if found else [])
    if found is None or not grants:
        await page.services.guard.found_nothing(page.visit)
        return await _show(page, typed=typed, error=page.t("list.not_found"))
    dossier, number = found
    return go(address_of(dossier.dossier_id) + ("?done=replaced" if number != ssin else ""))


async def _by_name(page: Page, typed: str) -> Response:
    """Own dossiers first, then those of colleagues: of the organisation where it is small, else of the team."""
    own, inbox, guard = page.caller.counsellor_id, page.services.inbox, page.services.guard
    words = typed.split()
    mine = await inbox.named(page.own, [own], words, among=_AMONG, limit=_FOUND) if own else []
    near = await inbox.named(page.own, colleagues_of(page), words, among=_AMONG, limit=_FOUND)
    known = {dossier_id for dossier_id, _ in mine}
    others = [one for one in near if one[0] not in known][: _FOUND - len(mine)]
    if not mine and not others:
        await guard.found_nothing(page.visit)
        return await _show(page, typed=typed, error=page.t("list.nobody_found"))
    for found, relation in ((mine, Relation.ASSIGNED), (others, Relation.INSCRIBED)):
        bases = {dossier_id: card.inscription.legal_basis_id for dossier_id, card in found}
        await guard.shown(page.visit, Task.SEARCH_DOSSIERS, bases, relation)
    total = len(mine) + len(others)
    return page.show("found.html", mine=mine, others=others, typed=typed, total=total, most=_FOUND)


def colleagues_of(page: Page) -> list[str] | None:
    """Give the counsellors through whose dossiers a search by name goes; None: all of the organisation's."""
    everyone = page.people.of(page.own)
    if len(everyone) <= _SMALL:
        return None
    own = page.people.directory.counsellors.get(page.caller.counsellor_id)
    return [one.counsellor_id for one in everyone if own and own.team and one.team == own.team]


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
