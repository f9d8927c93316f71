"""A dossier: header, what runs now, what may be done, and every step of both sides on one timeline."""

import asyncio
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.guard import Grant
from handover.delivery.marks import PATIENCE, marks_of
from handover.domain.allowed import Step as Possible
from handover.domain.allowed import allowed
from handover.domain.dossier import Dossier
from handover.domain.events import Acknowledge
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Caller
from handover.domain.policy import Action, Relation, decide
from handover.domain.posting import awaits_receipt
from handover.domain.refusals import BreakGlassNeeded, Unseen
from handover.domain.relations import roles_of
from handover.inbox.dossier_view import LATEST, Looked, look
from handover.platform.ids import new_id
from handover.record import handle
from handover.web.asking import uuid_of
from handover.web.ui import ahead, cards, confidential, header, timeline
from handover.web.ui.choice import KINDS, SIDES, Choice
from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
STEPS = 60
"""Steps on a page: enough for most dossiers, and a page that stays light."""
_STEPS_SOUGHT = 300
"""How many are looked through for those that were chosen."""
FIRST_VIEW = "first view"


@router.get("/dossiers/{dossier_id}")
async def dossier_page(request: Request, dossier_id: str) -> Response:
    """Show a dossier. Whoever looks has seen its news; a referral to them counts as received."""
    page = Page(request, await signed_in(request))
    choice = Choice.of(request.query_params)
    before = before_of(request)
    most = _STEPS_SOUGHT if choice else STEPS
    try:
        looked, grant = await looked_at(page, dossier_id, Action.READ_DOSSIER, before=before, limit=most)
    except BreakGlassNeeded:
        return glass_page(page, dossier_id)
    if await _acknowledged(page, looked.dossier):
        # What that recorded belongs on the page: the one time that it is read twice.
        looked, grant = await looked_at(page, dossier_id, Action.READ_DOSSIER, before=before, limit=most)
    await _noted(page, looked, grant)
    return _dossier_page(page, looked, choice, before=before)


def _dossier_page(page: Page, looked: Looked, choice: Choice, *, before: int) -> Response:
    dossier, is_latest = looked.dossier, before > looked.dossier.version
    found = list(timeline.visible(page, dossier, looked.steps()))
    shown = timeline.shown(
        page,
        dossier,
        found,
        marks_of(looked.marks),
        choice=choice,
        seen=timeline.last_seen(page, dossier, looked.seen),
        most=STEPS,
        lowest=looked.lowest,
    )
    planned = ahead.ahead(page, dossier, [one.event for one in found]) if is_latest else []
    earlier = timeline.visible(page, dossier, looked.earlier_confidential()) if is_latest else ()
    possible = possible_steps(page, dossier)
    running = cards.cards(page, dossier, possible)
    starting = cards.actions(page, dossier, possible, None)
    lead, director = header.lead_of(page, dossier)
    return page.show(
        "dossier.html",
        tab="dossier",
        dossier=dossier,
        client=header.client_name(dossier),
        lead=lead,
        director=director,
        sides=header.sides(page, dossier),
        teams=header.teams(page, dossier),
        facts=header.facts(page, dossier),
        mandates=header.mandates(page, dossier),
        cards=running,
        ended=cards.ended(page, dossier, possible),
        groups=[(kind, [a for a in starting if a.event_type.startswith(f"{kind}.")]) for kind in KINDS],
        has_steps=bool(starting),
        confidential=confidential.section(page, dossier, (*found, *earlier)) if is_latest else None,
        ahead=[one for one in planned if choice.wants(one.lane, one.kind, has_text=False)],
        shown=shown,
        news=[step for step in shown.steps if step.is_new],
        choice=choice,
        sides_to_choose=SIDES,
        kinds_to_choose=KINDS,
        older=choice.query(before=shown.older) if shown.older else "",
        newest=choice.query(),
        is_latest=is_latest,
        done=_done(page, page.request.query_params.get("done", "")),
    )


@router.get("/dossiers/{dossier_id}/news")
async def news(request: Request, dossier_id: str) -> Response:
    """Tell an open dossier page how many steps came since; it does not change under its reader."""
    caller = await signed_in(request)
    page = Page(request, caller)
    dossier = await seen_dossier(page, dossier_id, Action.FIND_DOSSIER)
    unseen = await page.services.inbox.unseen_counts(page.own, caller.counsellor_id, [dossier.dossier_id])
    return page.show("dossier_news.html", dossier=dossier, n=unseen.get(dossier.dossier_id, 0))


def possible_steps(page: Page, dossier: Dossier) -> list[Possible]:
    """Give what the signed-in person may do now."""
    if not page.may_post:
        return []
    return allowed(dossier, page.caller, page.people.directory, at=page.dates.now)


async def seen_dossier(page: Page, text: str, action: Action = Action.READ_DOSSIER) -> Dossier:
    """Give the dossier of an address, once the policy lets the page show it, and note that.

    Raises Unseen for an unknown one and for one of others alike, BreakGlassNeeded for one that colleagues work on.
    """
    dossier_id = uuid_of(text)
    # A place beyond every step: the state alone is wanted here.
    found = await page.services.reader.timeline(dossier_id, after=2**31 - 1, limit=1) if dossier_id else None
    grant = await page.services.guard.see(page.visit, action, found.dossier if found else None, dossier_id)
    page.granted = grant.classes
    page.may_post = may_post(page.caller, grant.relation)
    return grant.dossier


def may_post(caller: Caller, relation: Relation) -> bool:
    """Tell whether someone who stands so to a dossier takes steps in it."""
    return decide(roles_of(caller), Action.POST_STEP, relation, caller.scopes) is not None


def glass_page(page: Page, dossier_id: str, *, reason: str = "", error: str = "", status: int = 403) -> Response:
    """Show the page that asks for a reason instead of the dossier."""
    return page.show("break_glass.html", status, dossier_id=dossier_id, reason=reason, error=error, key=new_id())


async def looked_at(
    page: Page, text: str, action: Action, *, before: int = LATEST, limit: int = STEPS
) -> tuple[Looked, Grant]:
    """Give a dossier with its steps in one question, once the policy lets the page show it; noting it is the caller's.

    Raises as `seen_dossier`. Nothing of the steps is opened before the policy decided.
    """
    dossier_id, services = uuid_of(text), page.services
    looked = (
        await look(
            services.pool,
            services.sealer,
            dossier_id,
            organisation=page.own,
            counsellor_id=page.caller.counsellor_id,
            before=before,
            limit=limit,
            late=page.dates.now - PATIENCE,
        )
        if dossier_id
        else None
    )
    grant = await services.guard.check(page.visit, action, looked.dossier if looked else None, dossier_id)
    if looked is None:
        raise Unseen
    page.granted = grant.classes
    page.may_post = may_post(page.caller, grant.relation)
    return looked, grant


async def _noted(page: Page, looked: Looked, grant: Grant) -> None:
    """Write that the dossier was looked at before it is shown, and beside that up to where it was seen."""
    dossier = looked.dossier
    by_others = [
        sequence
        for latest in (dossier.last_by, dossier.last_restricted_by)
        for organisation, sequence in latest.items()
        if organisation != page.own
    ]
    noting = [page.services.guard.noted(page.visit, Action.READ_DOSSIER, [grant])]
    if max(by_others, default=0) > looked.seen:
        seen = [(dossier.dossier_id, dossier.version)]
        noting.append(page.services.inbox.seen(page.own, page.caller.counsellor_id, seen))
    await asyncio.gather(*noting)


async def _acknowledged(page: Page, dossier: Dossier) -> bool:
    """Looking is receiving: note it for each referral to us that nobody acknowledged; tell whether there was one."""
    if "dossier:write" not in page.caller.scopes or not page.may_post:
        return False
    waiting = [thread for thread in dossier.open_threads if awaits_receipt(thread, page.own)]
    for thread in waiting:
        command = Acknowledge(
            command_id=new_id(),
            dossier_id=dossier.dossier_id,
            caller=page.caller,
            thread_id=thread.thread_id,
            how=FIRST_VIEW,
        )
        await page.services.record.handle(command, handle.Request(), at=page.services.clock.now())
    return bool(waiting)


def before_of(request: Request) -> int:
    """Give the sequence before which steps are wanted; beyond the latest where none is asked for."""
    text = request.query_params.get("before", "")
    most = 9
    asked = int(text) if text.isdecimal() and len(text) <= most else 0
    return asked if asked > 1 else LATEST


def _done(page: Page, name: str) -> str:
    if name in {"opened", "joined", "known", "replaced"}:
        return page.t(f"dossier.done_{name}")
    return page.t("dossier.done", step=page.t.event(name, "title", about="")) if name in EVENT_TYPES else ""


def address_of(dossier_id: UUID) -> str:
    """Give the address of a dossier's page."""
    return f"/dossiers/{dossier_id}"
