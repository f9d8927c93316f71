"""Who looked at a dossier: the access log for who works in it, in words that one can answer for to the client."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.log import LATEST, Kept, Line, Outcome
from handover.domain.deadlines import local_day
from handover.domain.policy import Action, Relation, Role, Task
from handover.domain.refusals import BreakGlassNeeded
from handover.web.ui import header
from handover.web.ui.dossier_screen import glass_page, looked_at
from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
_LINES = 100
_MOST_DIGITS = 18
_WRITES = {Action.POST_STEP, Task.OPEN_DOSSIER}


@dataclass(frozen=True, slots=True)
class Looked:
    """Someone who looked on one day, once or often."""

    lane: str
    organisation: str
    who: str
    function: str
    why: str
    did: tuple[tuple[str, str], ...]
    """What they did, and when."""
    day: str
    outcome: str
    note: str
    is_you: bool


@router.get("/dossiers/{dossier_id}/access")
async def access_page(request: Request, dossier_id: str) -> Response:
    """Show who looked, latest first. People of other organisations by function and organisation only, as in the API."""
    page = Page(request, await signed_in(request))
    try:
        looked, grant = await looked_at(page, dossier_id, Action.READ_ACCESS_LOG, limit=0)
    except BreakGlassNeeded:
        return glass_page(page, dossier_id)
    # Noted before the lines are read: that this was looked at is itself a line.
    await page.services.guard.noted(page.visit, Action.READ_ACCESS_LOG, [grant])
    about, before = looked.dossier.dossier_id, _before(request)
    lines = await page.services.guard.log.of_dossier(about, before=before, limit=_LINES)
    return page.show(
        "dossier_access.html",
        tab="access",
        dossier_id=about,
        is_whole=grant.whole,
        # Who oversees the log and reads no dossiers is not told whose it is.
        client=header.client_name(looked.dossier) if grant.whole else "",
        days=[(day, list(of_day)) for day, of_day in groupby(_together(page, lines), key=lambda one: one.day)],
        older=lines[-1].entry if len(lines) == _LINES else 0,
        is_latest=before == LATEST,
    )


def _before(request: Request) -> int:
    text = request.query_params.get("before", "")
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) else LATEST


def _together(page: Page, lines: Sequence[Kept]) -> Iterator[Looked]:
    """Give one line for each day that someone looked: that they opened a page four times is one thing to know."""
    together: dict[tuple[object, ...], list[Line]] = {}
    for kept in lines:
        line = kept.line
        own = line.organisation_id == page.own
        who = (line.counsellor_id, line.application) if own else (line.role, "")
        # The lines come by time, so days stay in order.
        key = (local_day(line.at), line.organisation_id, *who, line.relation, line.outcome)
        together.setdefault(key, []).append(line)
    for same in together.values():
        yield _looked(page, same)


def _looked(page: Page, same: Sequence[Line]) -> Looked:
    t, line = page.t, same[0]
    own = line.organisation_id == page.own
    roles = t.listed(t(f"role.{role}") for role in line.role.split() if role in set(Role))
    name = (page.people.counsellor(line.counsellor_id) if line.counsellor_id else line.application) if own else ""
    did: dict[str, list[Line]] = {}
    for one in same:
        did.setdefault(_what(one), []).append(one)
    return Looked(
        lane=page.people.kind(line.organisation_id),
        organisation=page.people.organisation(line.organisation_id),
        who=name or t("access.someone"),
        function="" if name else roles,
        why=t(f"relation.{line.relation}") if line.relation in set(Relation) else "",
        did=tuple((t(f"access.{what}"), _when(page, lines)) for what, lines in did.items()),
        day=page.dates.day_of(line.at),
        outcome=line.outcome,
        note=t(f"access.outcome_{line.outcome}") if line.outcome in {Outcome.DENIED, Outcome.BREAK_GLASS} else "",
        is_you=bool(line.counsellor_id) and line.counsellor_id == page.caller.counsellor_id,
    )


def _when(page: Page, lines: Sequence[Line]) -> str:
    last, first = page.dates.time(lines[0].at), page.dates.time(lines[-1].at)
    if len(lines) == 1:
        return last
    key = "access.times_at_once" if first == last else "access.times"
    return page.t(key, n=len(lines), first=first, last=last)


def _what(line: Line) -> str:
    """Give what was done in one of few words: the log tells operations of programs apart, and people do not."""
    if line.action == Action.READ_ACCESS_LOG:
        return "log"
    if line.action == Action.BREAK_GLASS:
        return "glass"
    if line.action in _WRITES:
        return "wrote"
    if line.action in {Action.READ_DOSSIER, Action.READ_TIMELINE, Action.READ_EVENT}:
        return "read"
    return "found"
