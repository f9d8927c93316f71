"""A dossier: header, what runs now, what may be done, and every step of both sides on one timeline."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.delivery.marks import status_of
from handover.domain.allowed import Step as Possible
from handover.domain.allowed import allowed
from handover.domain.dossier import Dossier
from handover.domain.events import Acknowledge
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Caller
from handover.domain.policy import Action, Relation, decide
from handover.domain.posting import awaits_receipt
from handover.domain.refusals import BreakGlassNeeded
from handover.domain.relations import roles_of
from handover.platform.ids import new_id
from handover.record import handle
from handover.web.asking import uuid_of
from handover.web.ui import header, timeline
from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
_STEPS = 60
"""Steps on a page: enough for most dossiers, and a page that stays light."""
FIRST_VIEW = "first view"
_GROUPS = ("handover", "question", "intake", "label", "training", "followUp", "nonCooperation", "dossier")


@router.get("/dossiers/{dossier_id}")
async def dossier_page(request: Request, dossier_id: str) -> Response:
    """Show a dossier. Whoever looks has seen its news; a referral to them counts as received."""
    caller = await signed_in(request)
    page = Page(request, caller)
    try:
        dossier = await seen_dossier(page, dossier_id)
    except BreakGlassNeeded:
        return glass_page(page, dossier_id)
    unseen = await page.services.inbox.unseen_counts(page.own, caller.counsellor_id, [dossier.dossier_id])
    dossier = await _acknowledged(page, dossier)
    before = _before(request, dossier)
    after = max(before - 1 - _STEPS, 0)
    found = await page.services.reader.timeline(dossier.dossier_id, after=after, limit=before - 1 - after)
    bodies = found.bodies if found else ()
    marks = await status_of(
        page.services.pool, dossier.dossier_id, timeline.own_sequences(page, bodies), at=page.dates.now
    )
    steps = timeline.steps(page, dossier, bodies, marks, unseen=unseen.get(dossier.dossier_id, 0))
    await page.services.inbox.seen(page.own, caller.counsellor_id, [(dossier.dossier_id, dossier.version)])
    possible = possible_steps(page, dossier)
    lead, director = header.lead_of(page, dossier)
    starting = header.actions(page, dossier, possible, None)
    return page.show(
        "dossier.html",
        dossier=dossier,
        client=header.client_name(dossier),
        lead=lead,
        director=director,
        teams=header.teams(page, dossier),
        facts=header.facts(page, dossier),
        mandates=header.mandates(page, dossier),
        cards=header.cards(page, dossier, possible),
        ended=header.ended(page, dossier, possible),
        groups=[(kind, [a for a in starting if a.event_type.startswith(f"{kind}.")]) for kind in _GROUPS],
        has_steps=bool(starting),
        steps=steps,
        older=before - _STEPS if before - 1 > _STEPS else 0,
        is_latest=before > dossier.version,
        done=_done(page, request.query_params.get("done", "")),
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


async def _acknowledged(page: Page, dossier: Dossier) -> Dossier:
    """Looking is receiving: note it for each referral to us that nobody acknowledged yet."""
    if "dossier:write" not in page.caller.scopes or not page.may_post:
        return dossier
    for thread in dossier.open_threads:
        if not awaits_receipt(thread, page.own):
            continue
        command = Acknowledge(
            command_id=new_id(),
            dossier_id=dossier.dossier_id,
            caller=page.caller,
            thread_id=thread.thread_id,
            how=FIRST_VIEW,
        )
        handled = await page.services.record.handle(command, handle.Request(), at=page.services.clock.now())
        dossier = handled.dossier
    return dossier


def _before(request: Request, dossier: Dossier) -> int:
    """Give the sequence before which steps are shown; beyond the latest where none is asked for."""
    text = request.query_params.get("before", "")
    most = 9
    asked = int(text) if text.isdecimal() and len(text) <= most else 0
    return min(asked, dossier.version + 1) if asked > 1 else dossier.version + 1


def _done(page: Page, name: str) -> str:
    if name in {"opened", "joined", "known", "replaced"}:
        return page.t(f"dossier.done_{name}")
    return page.t("dossier.done", step=page.t.event(name, "title", about="")) if name in EVENT_TYPES else ""


def address_of(dossier_id: UUID) -> str:
    """Give the address of a dossier's page."""
    return f"/dossiers/{dossier_id}"
