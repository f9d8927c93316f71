"""Agreements with the other side: whom to turn to today, how fast to answer, the priority line; and changing them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.denials import MissingScope
from handover.domain.agreeing import AnswerTime, Proposed, adjustable
from handover.domain.agreements import Agreement, Desk, Terms
from handover.domain.policy import Task, may
from handover.domain.refusals import InvalidField, Refusal, Unseen
from handover.domain.relations import roles_of
from handover.record.agreements import Kept
from handover.web.api.agreements import SCOPE
from handover.web.asking import uuid_of
from handover.web.ui.contacts import away, listed
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach
from handover.web.ui.reading import Typed, typed_in
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
_DESKS = ("ocmwDesk", "vdabDesk")
_LONGEST_NAME, _DIGITS = 100, 5
_SPARE = 2
"""Empty rows for absences to come."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A side of an agreement as it stands today: who takes questions, and why it is not the fixed contact."""

    key: str
    name: str
    today: Reach | None
    team: str
    fixed: str
    substitute: str
    coordinator: str
    away: str
    absences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Time:
    """An answer time: what holds by default, and what was agreed."""

    event_type: str
    label: str
    default: str
    agreed: str
    line: str


@router.get("/agreements")
async def list_page(request: Request) -> Response:
    """Show the organisations that one works with, and whom to call there today; `q` looks for a name."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_REFERENCE)
    wanted = request.query_params.get("q", "").strip()[:_LONGEST_NAME]
    number = int(text) if (text := request.query_params.get("page", "")).isdecimal() and len(text) < _DIGITS else 1
    found = listed(page, wanted, number)

    def turned(to: int) -> str:
        return f"/agreements?{urlencode({'q': wanted, 'page': to} if wanted else {'page': to})}"

    return page.show(
        "agreements.html",
        found=found,
        wanted=wanted,
        previous=turned(found.number - 1) if found.number > 1 else "",
        following=turned(found.number + 1) if found.number < found.pages else "",
        may_change=_may_change(page),
    )


@router.get("/agreements/{agreement_id}")
async def agreement_page(request: Request, agreement_id: str) -> Response:
    """Show one agreement, and the form to change it for who may."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_REFERENCE)
    kept = await _one(page, agreement_id)
    return _show(page, kept, _typed(kept.agreement))


@router.post("/agreements/{agreement_id}")
async def change(request: Request, agreement_id: str) -> Response:
    """Change an agreement; deadlines that run keep theirs."""
    page = Page(request, await signed_in(request))
    if SCOPE not in page.caller.scopes:
        raise MissingScope(SCOPE)
    await page.services.guard.permit(page.visit, Task.MANAGE_AGREEMENTS)
    kept = await _one(page, agreement_id)
    typed = typed_in(await request.form())
    try:
        proposed = _proposed(kept.agreement, typed)
        expected = int(next(iter(typed.get("version", ())), "0"))
        await page.services.agreements.change(
            page.own,
            kept.agreement.agreement_id,
            proposed,
            page.people.directory,
            by=page.caller.counsellor_id,
            expected=expected,
        )
    except (ValueError, msgspec.ValidationError):
        return _show(page, kept, typed, error=page.t("agreement.wrong"), status=400)
    except InvalidField as wrong:
        return _show(page, kept, typed, error=_words(page, wrong.field), status=400)
    except Refusal as refusal:
        return _show(page, kept, typed, error=page.t(f"refusal.{refusal.name}"), status=409)
    await page.services.refresh_directory()
    return go(f"/agreements/{kept.agreement.agreement_id}?done=changed")


def contacts(page: Page, agreement: Agreement) -> tuple[Contact, ...]:
    """Give both sides of an agreement, the other side first: that is whom one looks for."""
    sides = (("ocmwDesk", agreement.ocmw), ("vdabDesk", agreement.vdab))
    return tuple(
        _contact(page, key, organisation, agreement)
        for key, organisation in sorted(sides, key=lambda side: side[1] == page.own)
    )


def _contact(page: Page, key: str, organisation: str, agreement: Agreement) -> Contact:
    desk, today = agreement.desk_of(organisation), page.dates.today
    party = page.people.directory.contact(organisation, agreement, today)

    def name(counsellor: str | None) -> str:
        return page.people.counsellor(counsellor) if counsellor else ""

    return Contact(
        key=key,
        name=page.people.organisation(organisation),
        today=page.people.reach(party) if party.counsellor else None,
        team=party.team,
        fixed=name(desk.fixed_contact),
        substitute=name(desk.substitute),
        coordinator=name(desk.coordinator),
        away=away(page, desk, party),
        absences=tuple(_period(page, a.first, a.last) for a in desk.absences if a.last >= today),
    )


def _period(page: Page, first: date, last: date) -> str:
    return str(page.t("agreement.period", first=page.dates.plain(first), last=page.dates.plain(last)))


def times(page: Page, agreement: Agreement, typed: Typed) -> Iterator[Time]:
    """Give every answer time that can be agreed, those that were agreed first."""
    line = agreement.terms.priority_line
    agreed = {**agreement.terms.answer_times, **(line.answer_times if line else {})}
    for time in sorted(adjustable().values(), key=lambda time: time.event_type not in agreed):
        yield Time(
            time.event_type,
            str(page.t.event(time.event_type, "title", about="")),
            _count(page, time),
            next(iter(typed.get(f"answerTimes.{time.event_type}", ())), ""),
            next(iter(typed.get(f"line.{time.event_type}", ())), ""),
        )


def _count(page: Page, time: AnswerTime) -> str:
    return str(page.t.count(f"agreement.{time.unit}", time.count))


async def _one(page: Page, text: str) -> Kept:
    found_id: UUID | None = uuid_of(text)
    found = await page.services.agreements.get(page.own, found_id) if found_id else None
    if found is None:
        raise Unseen
    return found


def _show(page: Page, kept: Kept, typed: Typed, *, error: str = "", status: int = 200) -> Response:
    agreement = kept.agreement
    people = {key: page.people.of(o) for key, o in zip(_DESKS, (agreement.ocmw, agreement.vdab), strict=True)}
    rows = {key: _rows(typed, key) for key in _DESKS}
    return page.show(
        "agreement.html",
        status,
        kept=kept,
        agreement=agreement,
        contacts=contacts(page, agreement),
        people_of=people,
        typed=typed,
        rows=rows,
        times=list(times(page, agreement, typed)),
        error=error,
        done=page.t("agreement.changed") if page.request.query_params.get("done") == "changed" else "",
        may_change=_may_change(page),
        changed_by=page.people.counsellor(kept.changed_by),
    )


def _rows(typed: Typed, key: str) -> list[tuple[str, str]]:
    firsts, lasts = typed.get(f"{key}.first", ()), typed.get(f"{key}.last", ())
    return [*zip(firsts, lasts, strict=False), *[("", "")] * _SPARE]


def _typed(agreement: Agreement) -> dict[str, list[str]]:
    """Give an agreement as it stands in the form."""
    found: dict[str, list[str]] = {
        "validFrom": [agreement.valid_from.isoformat()],
        "validUntil": [agreement.valid_until.isoformat()] if agreement.valid_until else [],
    }
    for key, desk in zip(_DESKS, (agreement.terms.ocmw_desk, agreement.terms.vdab_desk), strict=True):
        found[f"{key}.fixedContact"] = [desk.fixed_contact or ""]
        found[f"{key}.substitute"] = [desk.substitute or ""]
        found[f"{key}.coordinator"] = [desk.coordinator or ""]
        found[f"{key}.team"] = [desk.team or ""]
        found[f"{key}.first"] = [a.first.isoformat() for a in desk.absences]
        found[f"{key}.last"] = [a.last.isoformat() for a in desk.absences]
    line = agreement.terms.priority_line
    found["line"] = ["yes"] if line else []
    for name, count in agreement.terms.answer_times.items():
        found[f"answerTimes.{name}"] = [str(count)]
    if line:
        found["line.ocmwContact"] = [line.ocmw_contact or ""]
        found["line.vdabContact"] = [line.vdab_contact or ""]
        found |= {f"line.{name}": [str(count)] for name, count in line.answer_times.items()}
    return found


def _proposed(agreement: Agreement, typed: Typed) -> Proposed:
    """Give what was filled in. Raises ValueError or msgspec.ValidationError for what cannot be read."""

    def one(name: str) -> str:
        return next(iter(typed.get(name, ())), "").strip()

    def counts(prefix: str) -> dict[str, int]:
        return {name: int(text) for name in adjustable() if (text := one(f"{prefix}.{name}"))}

    terms: dict[str, object] = {key: _desk(typed, key) for key in _DESKS}
    terms["answerTimes"] = counts("answerTimes")
    if one("line"):
        people = {key: one(f"line.{key}") for key in ("ocmwContact", "vdabContact")}
        terms["priorityLine"] = {**_given(people), "answerTimes": counts("line")}
    return Proposed(
        ocmw=agreement.ocmw,
        vdab=agreement.vdab,
        terms=msgspec.convert(terms, Terms),
        valid_from=date.fromisoformat(one("validFrom")),
        valid_until=date.fromisoformat(one("validUntil")) if one("validUntil") else None,
    )


def _desk(typed: Typed, key: str) -> Desk:
    fields = {
        name: next(iter(typed.get(f"{key}.{name}", ())), "").strip()
        for name in ("fixedContact", "substitute", "coordinator", "team")
    }
    absences = [{"first": first, "last": last or first} for first, last in _rows(typed, key) if first.strip()]
    return msgspec.convert({**_given(fields), "absences": absences}, Desk)


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in fields.items() if text}


def _words(page: Page, field: str) -> str:
    key = f"agreement.invalid_{field.rpartition('.')[2]}"
    return str(page.t(key if key in page.t else "agreement.wrong"))


def _may_change(page: Page) -> bool:
    return SCOPE in page.caller.scopes and may(roles_of(page.caller), Task.MANAGE_AGREEMENTS)
