"""A dossier's events: post a step, read the timeline; and the organisation's feed."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from handover.access.denials import Denial
from handover.access.guard import Visit
from handover.domain.deadlines import local_day
from handover.domain.events import PostEvent
from handover.domain.fields import Moment, Payload, Visibility
from handover.domain.parties import Caller
from handover.domain.policy import Action, Classes, Task
from handover.domain.refusals import InvalidField, NotPermitted, StaleVersion, Unseen
from handover.platform.ids import new_id
from handover.record.reading import parse_cursor
from handover.record.tail import Told, told
from handover.web.answers import LINKED, EventView, answer, collection, feed_item
from handover.web.api.describing import KEY_HEADER, MATCH_HEADER, PROBLEMS, gives, scope, takes
from handover.web.api.dossiers import PageSize, etag, writing
from handover.web.api.feed import narrowed
from handover.web.api.posted import payload_of
from handover.web.api.views import Events, Feed
from handover.web.api.views import EventView as EventModel
from handover.web.asking import raw_body, refuse_unknown_query, uuid_of, write_request
from handover.web.needs import Services, services_of
from handover.web.problems import BadInput, Issue
from handover.web.sse import feed_stream
from handover.web.visits import visit

router = APIRouter(prefix="/v1", tags=["Events"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
_OWN_STEP: Classes = frozenset({Visibility.STEP, Visibility.INTERNAL})
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The last `id` that you took; goes before `after`.",
    "schema": {"type": "string"},
}


class Posted(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The body of a posted event; `data` is read after its type is known."""

    type: str
    data: msgspec.Raw
    thread_id: UUID | None = None
    occurred_at: Moment | None = None


@router.post(
    "/dossiers/{dossierId}/events",
    operation_id="postEvent",
    summary="Record a step",
    status_code=201,
    responses={201: gives(Events, "What was recorded: your step first, then what followed from it")},
    openapi_extra=takes("PostedEvent", scope_name="dossier:write", headers=(KEY_HEADER, MATCH_HEADER)),
)
async def post_event(request: Request, dossierId: str) -> Response:  # noqa: N803 - the name in the path
    """Record a step in a dossier. See GET /v1/refData/eventTypes for what may be posted when and by whom."""
    asking = await visit(request, "dossier:write")
    caller, services = asking.caller, services_of(request)
    raw = await raw_body(request)
    posted, data = payload_of(raw, Posted)
    asked = write_request(request, raw)
    dossier_id = uuid_of(dossierId)
    if dossier_id is None:
        await services.guard.denied(asking, Action.POST_STEP)
        raise Unseen
    command = PostEvent(
        command_id=new_id(),
        dossier_id=dossier_id,
        caller=caller,
        type=posted.type,
        data=data,
        thread_id=posted.thread_id,
        occurred_at=posted.occurred_at,
    )
    try:
        async with writing(services, asking, dossier_id, asked) as checked:
            handled = await services.record.handle(command, checked, at=services.clock.now())
    except InvalidField as error:
        raise in_body(error, data) from None
    except StaleVersion:
        await _check_seen(services, caller, dossier_id)
        raise
    (grant,) = await services.guard.each(asking, Action.READ_EVENT, [handled.dossier])
    # Who handed the client over by this very step is shown the step all the same.
    granted = grant.classes if grant else _OWN_STEP
    items = seen_by(services, caller, granted).events(handled.dossier, handled.bodies)
    here = f"{services.settings.base_url}/v1/dossiers/{dossier_id}/events"
    return answer(collection(items, here, total=len(items)), 201, {"ETag": f'"{handled.dossier.version}"'})


async def _check_seen(services: Services, caller: Caller, dossier_id: UUID) -> None:
    """412 instead of 404 would tell an outsider that the dossier exists, and at which version."""
    found = await services.reader.dossier(dossier_id)
    if found is None or found[0].inscription_of(caller.organisation.organisation_id) is None:
        raise Unseen


def in_body(error: InvalidField, data: Payload) -> InvalidField:
    """Name the field by its place in the posted body, as every other issue does."""
    place = f"data.{error.field}" if error.field in data.__struct_encode_fields__ else error.field
    return InvalidField(place, error.detail, unknown_reference=error.unknown_reference)


@router.get(
    "/dossiers/{dossierId}/events",
    operation_id="listEvents",
    summary="Read a dossier's timeline",
    responses={200: gives(Events, "Events in order")},
    openapi_extra=scope("dossier:read"),
)
async def list_events(
    request: Request,
    dossierId: str,  # noqa: N803 - the name in the path
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Sequence of the last event you have")] = 0,
    page_size: PageSize = 1000,
    thread_id: Annotated[str, Query(alias="threadId", description="Only this thread's events")] = "",
) -> Response:
    """Give the events that your organisation may see, in order."""
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    dossier_id, only = uuid_of(dossierId), uuid_of(thread_id)
    if thread_id and only is None:
        raise BadInput(Issue.of("schemaViolation", "Give the threadId as listed.", name="threadId", where="query"))
    found = await services.reader.timeline(dossier_id, after=after, limit=page_size) if dossier_id else None
    grant = await services.guard.see(asking, Action.READ_TIMELINE, found.dossier if found else None, dossier_id)
    read = found.bodies if found else ()
    bodies = [b for b in read if only is None or _thread_of(b) == str(only)]
    items = seen_by(services, asking.caller, grant.classes).events(grant.dossier, bodies)
    here = f"{services.settings.base_url}/v1/dossiers/{dossier_id}/events?pageSize={page_size}"
    here += f"&threadId={only}" if only else ""
    following = f"{here}&after={after + len(read)}" if len(read) == page_size else ""
    headers = {"ETag": etag(grant.dossier), **LINKED}
    return answer(collection(items, f"{here}&after={after}", following=following), headers=headers)


class _OfThread(msgspec.Struct):
    thread_id: str = msgspec.field(name="threadId", default="")


_of_thread = msgspec.json.Decoder(_OfThread).decode


def _thread_of(body: bytes) -> str:
    return _of_thread(body).thread_id


@router.get(
    "/dossiers/{dossierId}/events/{eventId}",
    operation_id="readEvent",
    summary="Read one event",
    responses={200: gives(EventModel, "The event")},
    openapi_extra=scope("dossier:read"),
)
async def read_event(
    request: Request,
    dossierId: str,  # noqa: N803 - the name in the path
    eventId: str,  # noqa: N803 - the name in the path
) -> Response:
    """Give one event, as the link in a webhook names it; also the last of an inscription that has closed."""
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    _, _, event = await seen_event(services, asking, dossierId, eventId)
    return answer(event, headers=LINKED)


async def seen_event(services: Services, asking: Visit, dossier: str, event: str) -> tuple[UUID, UUID, bytes]:
    """Give the ids and the body of an event that the caller may see, noted. Raises Unseen or BreakGlassNeeded."""
    dossier_id, event_id = uuid_of(dossier), uuid_of(event)
    if dossier_id is None or event_id is None:
        await services.guard.denied(asking, Action.READ_EVENT, dossier_id)
        raise Unseen
    found = await services.reader.event(dossier_id, event_id)
    grant = await services.guard.check(asking, Action.READ_EVENT, found.dossier if found else None, dossier_id)
    items = seen_by(services, asking.caller, grant.classes).events(grant.dossier, found.bodies) if found else []
    if not items:
        await services.guard.denied(asking, Action.READ_EVENT, dossier_id, grant.relation)
        raise Unseen
    await services.guard.noted(asking, Action.READ_EVENT, [grant])
    return dossier_id, event_id, items[0]


@router.get(
    "/events",
    operation_id="readFeed",
    summary="Read your organisation's feed",
    responses={200: gives(Feed, "Events of all your dossiers; keep `cursor` and go on from there")},
    openapi_extra=scope("dossier:read"),
)
async def read_feed(
    request: Request,
    after: Annotated[str, Query(description="`cursor` of an earlier answer; left out: from the beginning")] = "",
    page_size: PageSize = 100,
) -> Response:
    """Give what webhooks carry, for software behind a firewall: all you are entitled to, none skipped."""
    asking = await visit(request, "dossier:read", Task.READ_FEED)
    services = services_of(request)
    own = asking.caller.organisation.organisation_id
    place_in_feed(after, name="after", where="query")
    found = await services.reader.feed(own, after=after, limit=page_size)
    seen = told(found, own, services.directory_now(), services.clock)
    seen = await narrowed(services, asking, seen, {item.dossier_id: item.dossier for item in found})
    items = [item for one in seen if (item := feed_item(one, services.settings.base_url))]
    cursor = found[-1].cursor if found else after
    base = f"{services.settings.base_url}/v1/events?pageSize={page_size}"
    following = f"{base}&after={cursor}" if len(found) == page_size else ""
    here = base + (f"&after={after}" if after else "")
    return answer(collection(items, here, following=following, more={"cursor": cursor}), headers=LINKED)


@router.get(
    "/events/stream",
    operation_id="streamFeed",
    summary="Follow your organisation's feed",
    responses={200: {"description": "Server-sent events, one for each event", "content": {"text/event-stream": {}}}},
    response_class=Response,
    openapi_extra=scope("dossier:read") | {"parameters": [_LAST_EVENT_ID]},
)
async def stream_feed(
    request: Request,
    after: Annotated[str, Query(description="`cursor` to begin after; left out: from the beginning")] = "",
) -> Response:
    """Keep a line open on which each event of your feed follows as it happens: `data` as in the feed, `id` its cursor.

    Come back with `Last-Event-ID` (browsers do) and nothing is skipped or told twice. A line ends when your token does.
    """
    asking = await visit(request, "dossier:read", Task.READ_FEED)
    services = services_of(request)
    last = request.headers.get("last-event-id", "")
    if last:
        place_in_feed(last, name="Last-Event-ID", where="header")
    else:
        place_in_feed(after, name="after", where="query")

    async def welcome() -> bool:
        try:
            await visit(request, "dossier:read", Task.READ_FEED)
        except (Denial, NotPermitted):
            return False
        return True

    async def look(page: list[Told]) -> list[Told]:
        return await narrowed(services, asking, page)

    own, base_url = asking.caller.organisation.organisation_id, services.settings.base_url
    return feed_stream(services.tail, own, last or after, base_url=base_url, welcome=welcome, look=look)


def place_in_feed(text: str, *, name: str, where: str) -> None:
    """Refuse what is no cursor of the feed."""
    try:
        parse_cursor(text)
    except ValueError:
        detail = "Give the cursor of an earlier answer, or leave it out to begin."
        raise BadInput(Issue.of("invalidInput", detail, name=name, where=where)) from None


def seen_by(services: Services, caller: Caller, granted: Classes) -> EventView:
    """Give the eyes of a caller to whom the policy grants these classes, as of today."""
    return EventView(
        services.settings.base_url,
        caller.organisation.organisation_id,
        services.directory_now(),
        on=local_day(services.clock.now()),
        granted=granted,
    )
