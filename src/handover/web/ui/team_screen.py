"""The team page of a coordinator: who has how much, what each has, and giving dossiers to a colleague."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.domain.parties import Counsellor
from handover.domain.policy import Relation, Task
from handover.domain.refusals import Unseen
from handover.inbox.load import Turns, held, overview
from handover.platform.ids import new_id
from handover.web.asking import uuid_of
from handover.web.ui.dividing import Divided, Order, divide
from handover.web.ui.inbox_filter import Wanted, Whose
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, typed_in
from handover.web.ui.screens import Screen
from handover.web.ui.session import signed_in
from handover.web.ui.step_screen import may_write
from handover.web.ui.team_held import Holder, colleagues_of, form_of, holder_of, line_of
from handover.web.ui.team_load import MANY, address_of, overview_of, own_team, teams_of, to_turns

router = APIRouter(route_class=Screen)
_PAGE = 50
MOST = 500
"""At once: a form of more is no form any more."""
_LONGEST_WHY = 4000
_KEY = re.compile(r"[0-9a-f-]{36}")


@router.get("/team")
async def team_page(request: Request) -> Response:
    """Show who has how much; `team` is the one shown in full where there are many people."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_LOAD)
    loads = await overview(page.services.pool, page.own, at=page.dates.now)
    chosen = request.query_params.get("team", own_team(page))
    return page.show(
        "team.html",
        overview=overview_of(page, loads, chosen),
        to_turns=to_turns,
        Turns=Turns,
        late_address=Wanted(whose=Whose.EVERYONE, late=True).address(),
    )


@router.get("/team/{who}")
async def held_page(request: Request, who: str) -> Response:
    """Show what one counsellor has, or nobody, or a team; and the form to give it to a colleague."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_LOAD)
    return await _held(page, who, {})


@router.post("/team/{who}/choice")
async def choose(request: Request, who: str) -> Response:
    """Show what would be done, before it is."""
    page, typed = await _dividing(request)
    holder = holder_of(page, who)
    taking = _taking(page, typed, holder)
    chosen = await _all(page, holder, typed) if typed.get("which") == ["all"] else _chosen(typed)
    problem = _problem(page, typed, chosen, taking)
    if problem or taking is None:
        return await _held(page, who, typed, error=problem, status=400)
    key = str(new_id())
    return page.show("team_confirm.html", **_confirmed(page, who, taking, chosen, _why(typed), key))


@router.post("/team/{who}")
async def give(request: Request, who: str) -> Response:
    """Give the dossiers to the colleague; sent twice it counts once."""
    page, typed = await _dividing(request)
    holder = holder_of(page, who)
    chosen, taking = _chosen(typed), _taking(page, typed, holder)
    problem = _problem(page, typed, chosen, taking)
    if problem or taking is None:
        return await _held(page, who, typed, error=problem, status=400)
    given = next(iter(typed.get("key", ())), "")
    key = given if _KEY.fullmatch(given) else str(new_id())
    order = Order(
        leaving=holder.leaving, taking=taking.counsellor_id, why=_why(typed) or None, dossier_ids=tuple(chosen), key=key
    )
    divided = await divide(page, order)
    again = _confirmed(page, who, taking, divided.may_go_again, _why(typed), key)
    return page.show("team_done.html", **{**again, "done": len(divided.done), "kept": list(_kept(page, divided))})


async def _dividing(request: Request) -> tuple[Page, Typed]:
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    await page.services.guard.permit(page.visit, Task.DIVIDE_WORK)
    return page, typed_in(await request.form())


async def _held(page: Page, who: str, typed: Typed, *, error: str = "", status: int = 200) -> Response:
    holder, query = holder_of(page, who), page.request.query_params
    turns = _turns(next(iter(typed.get("turns", ())), "") or query.get("turns", ""))
    number = int(text) if (text := query.get("page", "")).isdecimal() and len(text) < len(str(MOST)) else 1
    found, total = await held(
        page.services.pool,
        page.services.sealer,
        page.own,
        holder.who,
        at=page.dates.now,
        turns=turns,
        limit=_PAGE,
        offset=(max(number, 1) - 1) * _PAGE,
    )
    if not found and not holder.reach and holder.leaving and turns is Turns.ALL:
        # Nobody of that name works here, nor left anything behind.
        raise Unseen
    bases = {d.dossier_id: d.card.inscription.legal_basis_id for d in found}
    await page.services.guard.shown(page.visit, Task.READ_LOAD, bases, Relation.INSCRIBED)
    people = await colleagues_of(page, holder)
    here = to_turns(holder.address, turns)
    return page.show(
        "team_held.html",
        status,
        holder=holder,
        lines=[line_of(page, dossier) for dossier in found],
        total=total,
        turns=turns,
        filters=[(one, page.t(f"team.turns_{one}"), to_turns(holder.address, one)) for one in Turns],
        previous=f"{here}&page={number - 1}" if number > 1 else "",
        following=f"{here}&page={number + 1}" if number * _PAGE < total else "",
        people=people,
        many=sum(len(found) for found in teams_of(page).values()) > MANY,
        teams=list(teams_of(page)),
        typed=typed,
        ticked=set(typed.get("dossier", ())),
        action=form_of(holder, "choice"),
        error=error,
        most=MOST,
    )


async def _all(page: Page, holder: Holder, typed: Typed) -> list[UUID]:
    """Give all that stands on the list now, at most `MOST`: that is what is confirmed, and what is done."""
    found, _ = await held(
        page.services.pool,
        page.services.sealer,
        page.own,
        holder.who,
        at=page.dates.now,
        turns=_turns(next(iter(typed.get("turns", ())), "")),
        limit=MOST,
    )
    return [dossier.dossier_id for dossier in found if not dossier.card.closed]


def _turns(text: str) -> Turns:
    return Turns(text) if text in set(Turns) else Turns.ALL


def _chosen(typed: Typed) -> list[UUID]:
    found = (uuid_of(text) for text in dict.fromkeys(typed.get("dossier", ())))
    return [dossier_id for dossier_id in found if dossier_id]


def _taking(page: Page, typed: Typed, holder: Holder) -> Counsellor | None:
    name = next(iter(typed.get("to", ())), "")
    return page.people.directory.counsellor_of(page.own, name) if name != holder.leaving else None


def _why(typed: Typed) -> str:
    return next(iter(typed.get("why", ())), "").strip()


def _problem(page: Page, typed: Typed, chosen: Sequence[UUID], taking: Counsellor | None) -> str:
    if not chosen:
        return str(page.t("team.wrong_none"))
    if len(chosen) > MOST:
        return str(page.t("team.wrong_many", most=MOST))
    if taking is None:
        return str(page.t("team.wrong_to"))
    why = _why(typed)
    if len(why) > _LONGEST_WHY:
        return str(page.t("form.too_long", most=_LONGEST_WHY))
    return str(page.t("form.bad_text")) if "\x00" in why else ""


def _confirmed(page: Page, who: str, taking: Counsellor, chosen: Sequence[UUID], why: str, key: str) -> dict[str, Any]:
    holder = holder_of(page, who)
    return {
        "holder": holder,
        "taking": taking,
        "chosen": chosen,
        "why": why,
        "key": key,
        "action": form_of(holder),
        "taking_address": address_of(taking.counsellor_id, page.own),
    }


def _kept(page: Page, divided: Divided) -> Iterator[tuple[str, str]]:
    for dossier_id, reason in divided.kept:
        key = reason if reason.startswith("refusal.") else f"team.kept_{reason}"
        yield divided.clients.get(dossier_id, ""), str(page.t(key if key in page.t else "team.kept_failed"))
