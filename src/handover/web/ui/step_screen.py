"""Taking a step: the form for it, on a page or as a part of one, and recording what was filled in."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.denials import MissingScope
from handover.domain.dossier import Dossier
from handover.domain.events import Event, PostEvent
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Caller
from handover.domain.policy import Action
from handover.domain.refusals import InvalidField, Refusal, UnknownThread, Unseen
from handover.domain.taking_back import seems_latest
from handover.domain.threads import Thread
from handover.domain.visibility import Reader
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.handle import KeyReused
from handover.record.handle import Request as Asked
from handover.web.asking import uuid_of
from handover.web.problems import problem_of
from handover.web.ui.dossier_screen import address_of, possible_steps, seen_dossier
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.forms import payload_of
from handover.web.ui.offers_panel import chosen_offer, offers_for
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, Wrong, read, typed_in
from handover.web.ui.screens import Screen, go_on
from handover.web.ui.session import signed_in
from handover.web.ui.step_page import StepForm, not_now
from handover.web.ui.values import Said, said

router = APIRouter(route_class=Screen)
_KEY = re.compile(r"[0-9a-f-]{36}")
_OCCURRED = Shape("occurredAt", "occurred_at", Widget.MOMENT, required=False)


def may_write(caller: Caller) -> None:
    """Refuse who may only read."""
    if "dossier:write" not in caller.scopes:
        raise MissingScope("dossier:write")


@router.get("/dossiers/{dossier_id}/steps/{event_type}")
async def step_form(request: Request, dossier_id: str, event_type: str) -> Response:
    """Show the form of a step that may be taken now."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    dossier = await seen_dossier(page, dossier_id, Action.POST_STEP)
    thread = _thread(request, dossier, page.own, event_type)
    earlier = await _earlier(page, dossier, thread)
    if not _is_offered(page, dossier, event_type, thread, earlier):
        return not_now(page, dossier)
    form = StepForm(page, dossier, event_type, thread)
    typed = form.former.start([event.data for event in earlier])
    chosen = await chosen_offer(page, event_type)
    fresh = {**typed, **chosen, "key": [str(new_id())]}
    return await _show(form, earlier, fresh, {})


@router.post("/dossiers/{dossier_id}/steps/{event_type}")
async def take_step(request: Request, dossier_id: str, event_type: str) -> Response:
    """Record the step; sent twice it counts once."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    dossier = await seen_dossier(page, dossier_id, Action.POST_STEP)
    form = StepForm(page, dossier, event_type, _thread(request, dossier, page.own, event_type))
    typed = typed_in(await request.form())
    if "more" in typed:
        return await _show(form, None, typed, {}, more=typed["more"][0])
    data, wrong = read(shapes_of(event_type), typed)
    occurred_at = _occurred(typed, wrong)
    if wrong:
        return await _show(form, None, typed, wrong)
    try:
        command = PostEvent(
            command_id=new_id(),
            dossier_id=dossier.dossier_id,
            caller=page.caller,
            type=event_type,
            data=payload_of(event_type, data),
            thread_id=form.thread_id,
            occurred_at=occurred_at,
        )
        handled = await page.services.record.handle(command, asked(request, typed), at=page.services.clock.now())
    except msgspec.ValidationError:
        return await _show(form, None, typed, {"": Wrong("form.bad_data")})
    except Unseen:
        raise
    except Refusal as refusal:
        again, wrong = once_more(page, typed, refusal)
        return await _show(form, None, again, wrong, status=problem_of(refusal).status)
    if page.is_part:
        return form.done(handled.dossier)
    return go_on(page, f"{address_of(dossier.dossier_id)}?done={event_type}")


async def _show(
    form: StepForm,
    earlier: Sequence[Event] | None,
    typed: Typed,
    wrong: Mapping[str, Wrong],
    *,
    more: str = "",
    status: int = 0,
) -> Response:
    """Show the form with what helps to fill it in; the thread's `earlier` steps are read where not given."""
    page, dossier = form.page, form.dossier
    steps = await _earlier(page, dossier, form.thread) if earlier is None else earlier
    offers = await offers_for(page, dossier, form.event_type)
    return form.show(typed, wrong, about=_about(page, dossier, steps), offers=offers, more=more, status=status)


def asked(request: Request, typed: Typed, *, ssin: str | None = None) -> Asked:
    """Give what makes a form count once: its own key, and a fingerprint of all that was filled in."""
    key = next(iter(typed.get("key", ())), "")
    content = msgspec.json.encode(sorted((name, list(texts)) for name, texts in typed.items()))
    fingerprint = hashlib.sha256(f"FORM {request.url.path}?{request.url.query}\n".encode() + content).digest()
    return Asked(key=f"form-{key}" if _KEY.fullmatch(key) else f"form-{new_id()}", fingerprint=fingerprint, ssin=ssin)


def once_more(page: Page, typed: Typed, refusal: Refusal) -> tuple[Typed, dict[str, Wrong]]:
    """Give what stands in a form after a refusal, and what is wrong with it.

    What was recorded under this key may have said something else: then what stands here now is another step.
    """
    if isinstance(refusal, KeyReused):
        return {**typed, "key": [str(new_id())]}, {"": Wrong("form.already_sent")}
    return typed, refused(page, refusal)


def refused(page: Page, refusal: Refusal) -> dict[str, Wrong]:
    """Give a refusal as what is wrong with a field, or ("") with the whole."""
    if isinstance(refusal, InvalidField):
        key = f"invalid.{refusal.field}"
        return {refusal.field: Wrong(key if key in page.t else "invalid.other")}
    key = f"refusal.{refusal.name}"
    return {"": Wrong(key if key in page.t else "form.bad_data")}


def _thread(request: Request, dossier: Dossier, own: str, event_type: str) -> Thread | None:
    if event_type not in EVENT_TYPES or not EVENT_TYPES[event_type].is_posted:
        raise Unseen
    text = request.query_params.get("thread", "")
    if not text:
        return None
    found = uuid_of(text)
    seen = {th.thread_id: th for th in dossier.threads_seen_by(own)}
    thread = seen.get(found) if found else None
    if thread is None:
        raise UnknownThread
    return thread


def _occurred(typed: Typed, wrong: dict[str, Wrong]) -> datetime | None:
    data, found = read((_OCCURRED,), typed)
    wrong |= found
    moment = data.get("occurredAt")
    return moment if isinstance(moment, datetime) else None


async def _earlier(page: Page, dossier: Dossier, thread: Thread | None) -> list[Event]:
    """Give the steps of a thread that we may see."""
    if thread is None:
        return []
    found = await page.services.reader.timeline(dossier.dossier_id)
    events = [codec.decode_event(body) for body in (found.bodies if found else ())]
    return [
        e
        for e in events
        if e.thread_id == thread.thread_id and dossier.place_to_see(page.own, e.sequence, e.type, e.thread_id)
    ]


def _is_offered(page: Page, dossier: Dossier, event_type: str, thread: Thread | None, earlier: Sequence[Event]) -> bool:
    if event_type.endswith(".enteredInError"):
        named = page.request.query_params.get("event", "")
        return any(str(e.event_id) == named and seems_latest(dossier, page.own, e) for e in earlier)
    return (event_type, thread.thread_id if thread else None) in possible_steps(page, dossier)


def _about(page: Page, dossier: Dossier, earlier: Sequence[Event]) -> Sequence[Said]:
    """Give what the thread is about: what its first step said, as far as we may see it."""
    own = dossier.inscription_of(page.own)
    if not earlier or own is None:
        return ()
    return said(
        page, earlier[0], Reader.of(dossier, own, page.people.directory, on=page.dates.today, granted=page.granted)
    )
