"""Taking a step: the form for it, and recording what was filled in."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.denials import MissingScope
from handover.domain.dossier import Dossier
from handover.domain.events import Event, PostEvent
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Caller
from handover.domain.policy import Action
from handover.domain.refusals import InvalidField, Refusal, UnknownThread, Unseen
from handover.domain.taking_back import seems_latest
from handover.domain.threads import Thread
from handover.domain.visibility import Reader
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.handle import Request as Asked
from handover.web.asking import uuid_of
from handover.web.problems import problem_of
from handover.web.ui import header
from handover.web.ui.dossier_screen import address_of, possible_steps, seen_dossier
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.forms import Former, payload_of
from handover.web.ui.offers_panel import Fitting, chosen_offer, explained, offers_for
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, Wrong, read, typed_in
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in
from handover.web.ui.values import Said, said

router = APIRouter(route_class=Screen)
_KEY = re.compile(r"[0-9a-f-]{36}")
_CONFLICT = 409
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
        return _not_now(page, dossier)
    typed = Former(page, dossier, event_type, thread).start([event.data for event in earlier])
    chosen = await chosen_offer(page, event_type)
    fresh = {**typed, **chosen, "key": [str(new_id())]}
    about = _about(page, dossier, earlier)
    offers = await offers_for(page, dossier, event_type)
    return _form(page, dossier, event_type, thread, fresh, {}, about=about, offers=offers)


@router.post("/dossiers/{dossier_id}/steps/{event_type}")
async def take_step(request: Request, dossier_id: str, event_type: str) -> Response:
    """Record the step; sent twice it counts once."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    dossier = await seen_dossier(page, dossier_id, Action.POST_STEP)
    thread = _thread(request, dossier, page.own, event_type)
    typed = typed_in(await request.form())
    if "more" in typed:
        return _form(page, dossier, event_type, thread, typed, {}, more=typed["more"][0])
    data, wrong = read(shapes_of(event_type), typed)
    occurred_at = _occurred(typed, wrong)
    if wrong:
        return _form(page, dossier, event_type, thread, typed, wrong)
    try:
        command = PostEvent(
            command_id=new_id(),
            dossier_id=dossier.dossier_id,
            caller=page.caller,
            type=event_type,
            data=payload_of(event_type, data),
            thread_id=thread.thread_id if thread else None,
            occurred_at=occurred_at,
        )
        await page.services.record.handle(command, asked(request, typed), at=page.services.clock.now())
    except msgspec.ValidationError:
        return _form(page, dossier, event_type, thread, typed, {"": Wrong("form.bad_data")})
    except Unseen:
        raise
    except Refusal as refusal:
        return _form(
            page,
            dossier,
            event_type,
            thread,
            typed,
            refused(page, refusal),
            status=problem_of(refusal).status,
        )
    return go(f"{address_of(dossier.dossier_id)}?done={event_type}")


def asked(request: Request, typed: Typed, *, ssin: str | None = None) -> Asked:
    """Give what makes a form count once: its own key, and a fingerprint of all that was filled in."""
    key = next(iter(typed.get("key", ())), "")
    content = msgspec.json.encode(sorted((name, list(texts)) for name, texts in typed.items()))
    fingerprint = hashlib.sha256(f"FORM {request.url.path}?{request.url.query}\n".encode() + content).digest()
    return Asked(key=f"form-{key}" if _KEY.fullmatch(key) else f"form-{new_id()}", fingerprint=fingerprint, ssin=ssin)


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


def _form(  # noqa: PLR0913 - what a form is made of
    page: Page,
    dossier: Dossier,
    event_type: str,
    thread: Thread | None,
    typed: Typed,
    wrong: Mapping[str, Wrong],
    *,
    about: Sequence[Said] = (),
    offers: Fitting | None = None,
    more: str = "",
    status: int = 0,
) -> Response:
    t = page.t
    fields = Former(page, dossier, event_type, thread).fields(typed, wrong, more=more)
    flat = [part for field in fields for row in (field.rows or ((field,),)) for part in row]
    problems = [(field.target, field.label, field.error) for field in flat if field.error]
    known = {field.name for field in flat} | {"occurredAt"}
    general = [t(w.key, **w.values) for name, w in wrong.items() if name not in known]
    occurred = wrong.get("occurredAt")
    if occurred:
        problems.append(("f-occurredAt", t("form.occurredAt"), t(occurred.key, **occurred.values)))
    return page.show(
        "step.html",
        status or (400 if wrong else 200),
        dossier=dossier,
        client=header.client_name(dossier),
        event_type=event_type,
        heading=t.event(event_type, "do"),
        thread_title=header.title_of(page, thread) if thread else "",
        fields=fields,
        problems=problems,
        general=general,
        typed=typed,
        occurred_error=t(occurred.key, **occurred.values) if occurred else "",
        about=about,
        offers=offers,
        instruments=explained(page) if event_type == "training.proposed" else (),
        shared_with=_readers(page, dossier, event_type, thread.thread_id if thread else None),
        action=f"{page.request.url.path}?thread={thread.thread_id}" if thread else page.request.url.path,
    )


def _readers(page: Page, dossier: Dossier, event_type: str, thread_id: UUID | None) -> list[str]:
    """Give who else will read it: everyone in the dossier who sees such a process, unless all of it is our own."""
    shared = any(s.visibility in {Visibility.STEP, Visibility.CONTENT} for s in shapes_of(event_type))
    if not shared:
        return []
    others = [
        i.organisation
        for i in dossier.inscriptions
        if i.active and i.organisation != page.own and not dossier.hides(i, event_type, thread_id)
    ]
    chosen = [page.t("form.shared_chosen")] if any(row.addresses for row in EVENT_TYPES[event_type].rows) else []
    return [*(page.people.organisation(o) for o in others), *chosen]


def _not_now(page: Page, dossier: Dossier) -> Response:
    return page.show("not_now.html", _CONFLICT, dossier=dossier)
