"""The inbox: the page, its list on its own, "seen", and the stream that says when to look again."""

from collections.abc import AsyncIterator
from typing import TypeGuard
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from handover.domain.parties import Caller
from handover.domain.policy import Relation, Task
from handover.inbox.stream import InboxBroadcast
from handover.web.asking import uuid_of
from handover.web.needs import services_of
from handover.web.problems import HttpProblem
from handover.web.ui.inbox import shown
from handover.web.ui.pages import HEADERS, Page
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in, visitor
from handover.web.visits import visit_of

router = APIRouter(route_class=Screen)
LIMIT = 200
_HEARTBEAT_SECONDS = 20.0
_BEATS = 90
"""A stream ends after half an hour; the browser comes back by itself, and is asked again who it is."""


@router.get("/")
async def inbox_page(request: Request) -> Response:
    """Show the three groups."""
    caller = await signed_in(request)
    return await _show(Page(request, caller), "inbox.html", team=_is_team(request.query_params.get("whose")))


@router.get("/inbox/list")
async def inbox_list(request: Request) -> Response:
    """Give the list alone, for a page that is open."""
    caller = await signed_in(request)
    team = _is_team(request.query_params.get("whose"))
    page = Page(request, caller)
    return await _show(page, "inbox_list.html" if page.is_part else "inbox.html", team=team)


@router.post("/inbox/seen")
async def seen(request: Request) -> Response:
    """Note what was seen: `upto` holds one or more `dossierId:sequence`."""
    caller = await signed_in(request)
    page = Page(request, caller)
    await page.services.guard.permit(page.visit, Task.READ_INBOX)
    form = await request.form()
    marks = [_mark(str(text)) for text in form.getlist("upto")]
    if not marks or not _all(marks):
        raise HttpProblem(400, "Not a place in a dossier.")
    await page.services.inbox.seen(page.own, caller.counsellor_id, marks)
    team = _is_team(str(form.get("whose", "")))
    if page.is_part:
        return await _show(page, "inbox_list.html", team=team)
    return go("/?whose=team" if team else "/")


@router.get("/inbox/stream")
async def stream(request: Request) -> Response:
    """Say when the inbox changed (server-sent events). 401 when nobody is signed in."""
    caller = await visitor(request)
    if caller is None:
        return Response(status_code=401, headers=HEADERS)
    await services_of(request).guard.permit(visit_of(request, caller), Task.READ_INBOX)
    return StreamingResponse(
        _changes(services_of(request).broadcast, caller),
        headers={**HEADERS, "X-Accel-Buffering": "no"},
        media_type="text/event-stream",
    )


async def _changes(broadcast: InboxBroadcast, caller: Caller) -> AsyncIterator[bytes]:
    async with broadcast.subscribe(caller.organisation.organisation_id) as changes:
        yield b": connected\n\n"
        for _ in range(_BEATS):
            if await changes.next(_HEARTBEAT_SECONDS):
                yield b"event: changed\ndata: inbox\n\n"
            elif changes.ended:
                return
            else:
                yield b": still here\n\n"


async def _show(page: Page, template: str, *, team: bool) -> Response:
    caller, now = page.caller, page.dates.now
    await page.services.guard.permit(page.visit, Task.READ_INBOX)
    counsellor = page.people.directory.counsellors.get(caller.counsellor_id)
    works_in = counsellor.team if counsellor else ""
    items = await page.services.inbox.items(
        page.own, caller.counsellor_id, at=now, limit=LIMIT, team=team, works_in=works_in
    )
    bases = {item.dossier_id: item.inscription.legal_basis_id if item.inscription else "" for item in items}
    relation = Relation.INSCRIBED if team else Relation.ASSIGNED
    await page.services.guard.shown(page.visit, Task.READ_INBOX, bases, relation)
    groups = shown(page, items, team=team)
    return page.show(template, groups=groups, team=team, limit=LIMIT, whose="team" if team else "mine")


def _is_team(text: str | None) -> bool:
    return text == "team"


def _mark(text: str) -> tuple[UUID, int] | None:
    dossier, _, sequence = text.partition(":")
    found = uuid_of(dossier)
    most = 9
    return (found, int(sequence)) if found and sequence.isdecimal() and len(sequence) <= most else None


def _all(marks: list[tuple[UUID, int] | None]) -> TypeGuard[list[tuple[UUID, int]]]:
    return all(marks)
