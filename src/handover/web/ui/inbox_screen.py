"""The inbox: the page, its list on its own, "seen", and the stream that says when to look again."""

from collections.abc import AsyncIterator, Collection
from typing import TypeGuard
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from handover.domain.codes import TargetGroup
from handover.domain.kinds import KINDS
from handover.domain.policy import Relation, Task
from handover.inbox.cards import team_token
from handover.inbox.stream import InboxBroadcast
from handover.web.asking import uuid_of
from handover.web.needs import services_of
from handover.web.problems import HttpProblem
from handover.web.ui.inbox import shown
from handover.web.ui.inbox_filter import Wanted, Whose
from handover.web.ui.pages import HEADERS, Page
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in, visitor
from handover.web.visits import visit_of

router = APIRouter(route_class=Screen)
_MOST = 500
"""Most lines of each group; of those only what is shown is opened."""
_MOST_NARROWED = 1000
_HEARTBEAT_SECONDS = 20.0
_BEATS = 90
"""A stream ends after half an hour; the browser comes back by itself, and is asked again who it is."""
_FILTERED = tuple(kind for kind in KINDS if kind.name != "dossier")


@router.get("/")
async def inbox_page(request: Request) -> Response:
    """Show the three groups."""
    page = Page(request, await signed_in(request))
    return await _show(page, "inbox.html", Wanted.of(request.query_params))


@router.get("/inbox/list")
async def inbox_list(request: Request) -> Response:
    """Give the list alone, for a page that is open."""
    page = Page(request, await signed_in(request))
    wanted = Wanted.of(request.query_params)
    return await _show(page, "inbox_list.html" if page.is_part else "inbox.html", wanted)


@router.post("/inbox/seen")
async def seen(request: Request) -> Response:
    """Note what was seen: `upto` holds one or more `dossierId:sequence`, `wanted` the query of the list."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_INBOX)
    form = await request.form()
    marks = [_mark(str(text)) for text in form.getlist("upto")]
    if not marks or not _all(marks):
        raise HttpProblem(400, "Not a place in a dossier.")
    await page.services.inbox.seen(page.own, page.caller.counsellor_id, marks)
    wanted = Wanted.of(dict(parse_qsl(str(form.get("wanted", "")))))
    return await _show(page, "inbox_list.html", wanted) if page.is_part else go(wanted.address())


@router.get("/inbox/stream")
async def stream(request: Request) -> Response:
    """Say when the inbox changed (server-sent events): mine, or as `whose` says. 401 when nobody is signed in.

    From the mark `since` that the page carries, or from where a browser that comes back says it was.
    """
    caller = await visitor(request)
    if caller is None:
        return Response(status_code=401, headers=HEADERS)
    services = services_of(request)
    await services.guard.permit(visit_of(request, caller), Task.READ_INBOX)
    whose = Wanted.of(request.query_params).whose
    names = _names(Page(request, caller), whose)
    since = request.headers.get("last-event-id") or request.query_params.get("since", "")
    return StreamingResponse(
        _changes(services.broadcast, caller.organisation.organisation_id, names, since),
        headers={**HEADERS, "X-Accel-Buffering": "no"},
        media_type="text/event-stream",
    )


async def _changes(
    broadcast: InboxBroadcast, organisation: str, names: Collection[str], since: str
) -> AsyncIterator[bytes]:
    async with broadcast.subscribe(organisation, names, since=since) as changes:
        yield b": connected\n\n"
        for _ in range(_BEATS):
            # Without data it is no event, and still from where a browser that comes back goes on.
            changed = b"event: changed\ndata: inbox\n" if await changes.next(_HEARTBEAT_SECONDS) else b""
            if changes.ended:
                return
            yield b"id: %s\n%s\n" % (broadcast.mark.encode(), changed)


async def _show(page: Page, template: str, wanted: Wanted) -> Response:
    await page.services.guard.permit(page.visit, Task.READ_INBOX)
    mine = wanted.whose is Whose.MINE
    team = _team(page)
    limit = _MOST_NARROWED if wanted.narrows else _MOST
    lines = await page.services.inbox.lines(
        page.own,
        page.caller.counsellor_id,
        at=page.dates.now,
        limit=limit,
        team=wanted.whose is Whose.EVERYONE,
        works_in=team,
        members=[] if mine else _members(page, team),
    )
    groups = shown(page, lines, wanted, limit=limit)
    bases = {item.dossier_id: item.inscription.legal_basis_id if item.inscription else "" for item in groups.items}
    relation = Relation.ASSIGNED if mine else Relation.INSCRIBED
    await page.services.guard.shown(page.visit, Task.READ_INBOX, bases, relation)
    return page.show(
        template,
        groups=groups,
        wanted=wanted,
        team=team,
        all_of_them=Whose,
        kinds=_FILTERED,
        target_groups=TargetGroup,
    )


def _team(page: Page) -> str:
    counsellor = page.people.directory.counsellors.get(page.caller.counsellor_id)
    return counsellor.team if counsellor else ""


def _members(page: Page, team: str) -> list[str]:
    """Give who is in the team; alone, who is in none."""
    found = [one.counsellor_id for one in page.people.of(page.own) if team and one.team == team]
    return found or [page.caller.counsellor_id]


def _names(page: Page, whose: Whose) -> list[str]:
    """Give whose inboxes a page shows; none: the whole organisation's."""
    if whose is Whose.EVERYONE:
        return []
    team = _team(page)
    names = [page.caller.counsellor_id] if whose is Whose.MINE else _members(page, team)
    return [*names, *([team_token(page.own, team)] if team else [])]


def _mark(text: str) -> tuple[UUID, int] | None:
    dossier, _, sequence = text.partition(":")
    found = uuid_of(dossier)
    most = 9
    return (found, int(sequence)) if found and sequence.isdecimal() and len(sequence) <= most else None


def _all(marks: list[tuple[UUID, int] | None]) -> TypeGuard[list[tuple[UUID, int]]]:
    return all(marks)
