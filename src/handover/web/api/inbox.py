"""The inbox of a counsellor, or of an organisation's software: whose turn, and what is new."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from handover.delivery.addresses import event_href
from handover.domain.deadlines import local_day
from handover.domain.fields import Visibility
from handover.domain.policy import Action, Classes, Relation, Task, decide
from handover.domain.relations import roles_of
from handover.domain.visibility import Reader, visible_data
from handover.inbox.views import InboxItem
from handover.web.answers import answer, collection
from handover.web.api.describing import PROBLEMS, gives, scope, takes
from handover.web.api.models import Seen
from handover.web.api.threads import age_in_days, rung_name
from handover.web.api.views import InboxItems
from handover.web.asking import body_of, refuse_unknown_query
from handover.web.needs import Services, services_of
from handover.web.sse import inbox_stream
from handover.web.visits import visit

router = APIRouter(prefix="/v1/inbox", tags=["Inbox"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
_STEP: Classes = frozenset({Visibility.STEP})


@router.get(
    "",
    operation_id="readInbox",
    summary="What waits for you, for the other, and what is new",
    responses={200: gives(InboxItems, "Items with `group` yourTurn, theirTurn or news")},
    openapi_extra=scope("dossier:read"),
)
async def read_inbox(
    request: Request,
    team: Annotated[bool, Query(description="The whole organisation's, not only yours")] = False,  # noqa: FBT002
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=1000, description="Most items of each group")] = 200,
) -> Response:
    """Give the inbox of the counsellor in the token; the organisation's for an application or `team`."""
    asking = await visit(request, "dossier:read", Task.READ_INBOX)
    caller, services = asking.caller, services_of(request)
    now = services.clock.now()
    own = caller.organisation.organisation_id
    counsellor = services.directory_now().counsellors.get(caller.counsellor_id)
    found = await services.inbox.items(
        own,
        caller.counsellor_id or None,
        at=now,
        limit=page_size,
        team=team,
        works_in=counsellor.team if counsellor else "",
    )
    # Theirs comes to them because they work with the client; the whole organisation's does not.
    relation = Relation.INSCRIBED if team else Relation.ASSIGNED
    granted = decide(roles_of(caller), Action.READ_EVENT, relation, caller.scopes) or _STEP
    items = [msgspec.json.encode(_view(services, item, now, granted)) for item in found]
    bases = {item.dossier_id: item.inscription.legal_basis_id if item.inscription else "" for item in found}
    await services.guard.shown(asking, Task.READ_INBOX, bases, relation)
    here = f"{services.settings.base_url}/v1/inbox?team={str(team).lower()}&pageSize={page_size}"
    return answer(collection(items, here, total=len(items)))


def _view(services: Services, item: InboxItem, now: datetime, granted: Classes) -> object:
    view: dict[str, object] = {
        "group": item.group,
        "dossierId": item.dossier_id,
        "threadId": item.thread_id,
        "eventId": item.event_id,
        "sequence": item.sequence,
        "client": {"givenName": item.client.given_name, "familyName": item.client.family_name},
        "kind": item.kind,
        "topic": item.topic or None,
        "type": item.type,
        "status": item.status,
        "purpose": item.purpose or None,
        "outcome": item.outcome or None,
        "since": item.since,
        "openedAt": item.opened_at,
        "ageDays": age_in_days(item.opened_at, now) if item.opened_at else None,
        "stage": item.stage or None,
        "escalation": rung_name(item.rung),
        "revolvingDoor": item.revolving_door or None,
        "dueAt": item.due_at,
        "dueRule": item.due_rule or None,
        "overdue": item.overdue,
        "turn": item.turn,
        "other": item.other,
        "data": _data(services, item, granted),
        "href": event_href(services.settings.base_url, item.dossier_id, item.event_id)
        if item.event_id
        else f"{services.settings.base_url}/v1/dossiers/{item.dossier_id}",
    }
    return {name: value for name, value in view.items() if value is not None}


def _data(services: Services, item: InboxItem, granted: Classes) -> object:
    if item.body is None or item.inscription is None or item.other is None:
        return None
    today = local_day(services.clock.now())
    reader = Reader(item.inscription, item.mandates, services.directory_now(), today, granted)
    return visible_data(
        item.type, msgspec.json.decode(item.body)["data"], reader.classes(item.type, item.other.organisation)
    )


@router.post(
    "/seen",
    operation_id="markSeen",
    summary="Note what you have seen",
    status_code=204,
    response_class=Response,
    openapi_extra=takes(Seen, scope_name="dossier:read"),
)
async def mark_seen(request: Request) -> Response:
    """Note up to which event each dossier was seen; repeating it changes nothing, so it takes no key."""
    caller = (await visit(request, "dossier:read", Task.READ_INBOX)).caller
    services = services_of(request)
    body, _ = await body_of(request, Seen)
    marks = [(UUID(mark.dossier_id), mark.sequence) for mark in body.items]
    await services.inbox.seen(caller.organisation.organisation_id, caller.counsellor_id or None, marks)
    return Response(status_code=204)


@router.get(
    "/stream",
    operation_id="streamInbox",
    summary="Be told when an inbox changes",
    responses={200: {"description": "Server-sent events named `inbox`", "content": {"text/event-stream": {}}}},
    response_class=Response,
    openapi_extra=scope("dossier:read"),
)
async def stream_inbox(request: Request) -> Response:
    """Keep a line open that says `inbox` each time your organisation's inboxes changed: then read it."""
    caller = (await visit(request, "dossier:read", Task.READ_INBOX)).caller
    return inbox_stream(services_of(request).broadcast, caller.organisation.organisation_id)
