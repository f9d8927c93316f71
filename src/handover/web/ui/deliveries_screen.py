"""Whether our own steps arrived: per step and organisation delivered, under way, or not delivered and whom to phone."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.delivery.marks import marks_of
from handover.domain.policy import Action
from handover.domain.quiet import is_quiet
from handover.domain.refusals import BreakGlassNeeded
from handover.web.ui import header, timeline
from handover.web.ui.dossier_screen import STEPS, before_of, glass_page, looked_at
from handover.web.ui.pages import Page
from handover.web.ui.readers import is_shared
from handover.web.ui.screens import Screen
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
_SOUGHT = 5 * STEPS


@dataclass(frozen=True, slots=True)
class Sent:
    """A step of ours, and how it came to each who should have it."""

    sequence: int
    title: str
    who: str
    when: str
    arrivals: tuple[timeline.Arrival, ...]
    is_own: bool
    """Nobody else reads it."""


@router.get("/dossiers/{dossier_id}/deliveries")
async def deliveries_page(request: Request, dossier_id: str) -> Response:
    """Show how our steps arrived, latest first; what did not arrive stands above it with whom to phone."""
    page = Page(request, await signed_in(request))
    before = before_of(request)
    try:
        looked, grant = await looked_at(page, dossier_id, Action.READ_DOSSIER, before=before, limit=_SOUGHT)
    except BreakGlassNeeded:
        return glass_page(page, dossier_id)
    await page.services.guard.noted(page.visit, Action.READ_DOSSIER, [grant])
    dossier, marks, sent = looked.dossier, marks_of(looked.marks), []
    for one in timeline.visible(page, dossier, looked.steps()):
        event = one.event
        if event.organisation != page.own or is_quiet(event.type):
            continue
        arrivals = (
            timeline.arrivals(page, dossier, event, marks.get(event.sequence, {})) if is_shared(event.type) else ()
        )
        sent.append(
            Sent(
                event.sequence,
                page.t.event(event.type, "title", about=""),
                event.actor.name,
                page.dates.moment(event.recorded_at),
                arrivals,
                not arrivals,
            )
        )
        if len(sent) == STEPS:
            break
    failed = {a.organisation: a for one in sent for a in one.arrivals if a.state == "failed"}
    oldest = sent[-1].sequence if len(sent) == STEPS else looked.lowest
    return page.show(
        "dossier_deliveries.html",
        tab="deliveries",
        dossier_id=dossier.dossier_id,
        client=header.client_name(dossier),
        sent=sent,
        failed=[
            (a, sum(b.state == "failed" and b.organisation == name for one in sent for b in one.arrivals))
            for name, a in failed.items()
        ],
        older=oldest if oldest > 1 else 0,
        is_latest=before > dossier.version,
    )
