"""A warm handover as one page of short sections, with a look at what the receiver will read before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.domain.codes_follow_up import BarrierState
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Event, PostEvent
from handover.domain.fields import Visibility
from handover.domain.kinds.intake import Recorded, Updated
from handover.domain.policy import Action
from handover.domain.refusals import Refusal, Unseen
from handover.domain.visibility import Reader
from handover.platform.ids import new_id
from handover.record import codec
from handover.web.problems import problem_of
from handover.web.ui import header
from handover.web.ui.dossier_screen import address_of, possible_steps, seen_dossier
from handover.web.ui.fields import shapes_of
from handover.web.ui.forms import Field, Former, payload_of
from handover.web.ui.handover_preview import Preview, desk_of, preview
from handover.web.ui.offers_panel import chosen_offer, offers_for
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, Wrong, read, typed_in
from handover.web.ui.screens import Screen, go_on
from handover.web.ui.session import signed_in
from handover.web.ui.step_page import not_now
from handover.web.ui.step_screen import asked, may_write, once_more

router = APIRouter(route_class=Screen)
_TYPE = "handover.requested"
_SECTIONS = (
    ("why", ("purpose", "summary")),
    ("wish", ("clientWish",)),
    ("barriers", ("openBarriers",)),
    ("contact", ("contact", "receiver")),
    ("talk", ("jointTalkProposedAt",)),
    ("share", ("legalBasisId",)),
)
"""The questions of the page, in the order in which people tell it; each field has its place (a test keeps that so)."""
_DESK, _PREVIEW = "receiver-desk", "preview"
"""The parts that htmx renews beside the form, by their ids."""


@router.get("/dossiers/{dossier_id}/warm-handover")
async def handover_page(request: Request, dossier_id: str) -> Response:
    """Show the page, with what is known filled in."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    dossier = await seen_dossier(page, dossier_id, Action.POST_STEP)
    if (_TYPE, None) not in possible_steps(page, dossier):
        return not_now(page, dossier)
    known = await _known(page, dossier)
    typed = Former(page, dossier, _TYPE, None).start([])
    typed |= await chosen_offer(page, _TYPE) | {"key": [str(new_id())]}
    typed["openBarriers"] = list(known.barriers)
    return await _show(page, dossier, typed, {}, known=known)


@router.post("/dossiers/{dossier_id}/warm-handover")
async def hand_over(request: Request, dossier_id: str) -> Response:
    """Record the referral; or show again what was filled in, with who takes it up there and what they will read."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    dossier = await seen_dossier(page, dossier_id, Action.POST_STEP)
    typed = typed_in(await request.form())
    if request.headers.get("hx-target") == _DESK:
        return page.show("handover_desk.html", desk=desk_of(page, dossier, next(iter(typed.get("receiver", ())), "")))
    data, wrong = read(shapes_of(_TYPE), typed)
    if wrong or "more" in typed:
        return await _show(page, dossier, typed, {} if "more" in typed else wrong)
    try:
        command = PostEvent(
            command_id=new_id(),
            dossier_id=dossier.dossier_id,
            caller=page.caller,
            type=_TYPE,
            data=payload_of(_TYPE, data),
        )
        if "preview" in typed:
            known = await _known(page, dossier)
            seen = preview(page, dossier, command, str(data["receiver"]), known.events)
            return await _show(page, dossier, typed, {}, known=known, seen=seen)
        await page.services.record.handle(command, asked(request, typed), at=page.services.clock.now())
    except msgspec.ValidationError:
        return await _show(page, dossier, typed, {"": Wrong("form.bad_data")})
    except Unseen:
        raise
    except Refusal as refusal:
        again, wrong = once_more(page, typed, refusal)
        return await _show(page, dossier, again, wrong, status=problem_of(refusal).status)
    return go_on(page, f"{address_of(dossier.dossier_id)}?done={_TYPE}")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known before anything is filled in: the dossier's steps, and what the latest intake told."""

    events: list[Event]
    intake: Event | None
    barriers: tuple[str, ...]


async def _known(page: Page, dossier: Dossier) -> _Known:
    found = await page.services.reader.timeline(dossier.dossier_id)
    events = [codec.decode_event(body) for body in (found.bodies if found else ())]
    for event in reversed(events):
        place = dossier.place_to_see(page.own, event.sequence, event.type, event.thread_id)
        if place is None or not isinstance(event.data, Recorded | Updated) or not event.data.barriers:
            continue
        reader = Reader.of(dossier, place, page.people.directory, on=page.dates.today, granted=page.granted)
        if Visibility.CONTENT in reader.classes(event.type, event.organisation):
            still = tuple(str(b.kind) for b in event.data.barriers if b.state is not BarrierState.SOLVED)
            return _Known(events, event, still)
    return _Known(events, None, ())


async def _show(
    page: Page,
    dossier: Dossier,
    typed: Typed,
    wrong: Mapping[str, Wrong],
    *,
    known: _Known | None = None,
    seen: Preview | None = None,
    status: int = 0,
) -> Response:
    t, target = page.t, page.request.headers.get("hx-target")
    more = next(iter(typed.get("more", ())), "")
    fields = {field.name: field for field in Former(page, dossier, _TYPE, None).fields(typed, wrong, more=more)}
    ordered: list[Field] = [fields[name] for _, names in _SECTIONS for name in names]
    context: dict[str, object] = {
        "client": header.client_name(dossier),
        "problems": [(field.target, field.label, field.error) for field in ordered if field.error],
        "general": [t(w.key, **w.values) for name, w in wrong.items() if name not in fields],
        "preview": seen,
        "is_preview": "preview" in typed,
    }
    if target == _PREVIEW:
        # To look at what is not finished yet is no mistake: what is missing is said where the preview will stand.
        return page.show("handover_preview.html", 200, **context)
    known = known or await _known(page, dossier)
    return page.show(
        "handover.html",
        status or (400 if wrong else 200),
        dossier=dossier,
        address=page.request.url.path,
        sections=[(key, [fields[name] for name in names]) for key, names in _SECTIONS],
        typed=typed,
        is_given=page.request.method == "POST",
        intake_day=page.dates.plain(local_day(known.intake.recorded_at)) if known.intake else "",
        intake_by=page.people.organisation(known.intake.organisation) if known.intake else "",
        offers=await offers_for(page, dossier, _TYPE),
        desk=desk_of(page, dossier, fields["receiver"].value),
        **context,
    )
