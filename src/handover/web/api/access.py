"""Break-glass, and the access log: who looked at a dossier, and why they could."""

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from handover.access.break_glass import BrokenGlass
from handover.access.guard import Visit
from handover.access.log import LATEST, Kept
from handover.access.signals import signals
from handover.domain.policy import Action, Task
from handover.web.answers import answer, collection, without_nulls
from handover.web.api.access_views import (
    AccessLines,
    BreakGlassOpening,
    BrokenGlasses,
    BrokenGlassView,
    SignalsView,
)
from handover.web.api.describing import KEY_HEADER, PROBLEMS, gives, scope, takes
from handover.web.asking import body_of, refuse_unknown_query, uuid_of, write_request
from handover.web.needs import Services, services_of
from handover.web.problems import BadInput, Issue
from handover.web.visits import visit

router = APIRouter(prefix="/v1", tags=["Access"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
Size = Annotated[int, Query(alias="pageSize", ge=1, le=1000, description="Most items in an answer")]
Before = Annotated[int, Query(ge=1, le=LATEST, description="`entry` of the last line you have")]
_MOST_DAYS = 366


@router.post(
    "/dossiers/{dossierId}/breakGlass",
    operation_id="breakGlass",
    summary="Open a dossier that colleagues work on, with a reason",
    status_code=201,
    responses={201: gives(BrokenGlassView, "Opened, until when")},
    openapi_extra=takes(BreakGlassOpening, scope_name="dossier:read", headers=(KEY_HEADER,)),
)
async def break_glass(request: Request, dossierId: str) -> Response:  # noqa: N803 - the name in the path
    """Let the counsellor in the token read the dossier for four hours. The data protection officer is shown the reason.

    Only for a dossier that your organisation is in.
    """
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    body, raw = await body_of(request, BreakGlassOpening)
    dossier_id = uuid_of(dossierId)
    asked = write_request(request, raw)
    found = await services.reader.dossier(dossier_id) if dossier_id else None
    dossier = found[0] if found else None
    await services.guard.check(asking, Action.BREAK_GLASS, dossier, dossier_id)

    async def carry_out() -> bytes:
        made = await services.guard.break_glass(asking, dossier, dossier_id, body.reason)
        return msgspec.json.encode(_glass_view(services, made))

    made = await services.once.answer(asking.caller.organisation.organisation_id, asked, carry_out)
    return answer(made, 201, {"Location": str(msgspec.json.decode(made)["dossierHref"])})


@router.get(
    "/breakGlass",
    operation_id="listBreakGlass",
    summary="List what your organisation's people opened with a reason",
    responses={200: gives(BrokenGlasses, "Latest first")},
    openapi_extra=scope("dossier:read"),
)
async def list_break_glass(
    request: Request,
    after: Annotated[str, Query(description="breakGlassId of the last one you have")] = "",
    page_size: Size = 100,
) -> Response:
    """Give them with their reasons; for the data protection officer."""
    asking = await visit(request, "dossier:read", Task.READ_BREAK_GLASS)
    services, own = services_of(request), asking.caller.organisation.organisation_id
    last_id = uuid_of(after)
    last = await services.guard.glass.get(own, last_id) if last_id else None
    if after and last is None:
        detail = "Give the breakGlassId of the last one you have."
        raise BadInput(Issue.of("invalidInput", detail, name="after", where="query"))
    found = await services.guard.glass.of_organisation(own, before=last, limit=page_size)
    await services.guard.overseen(asking, Task.READ_BREAK_GLASS)
    items = [msgspec.json.encode(_glass_view(services, one)) for one in found]
    here = f"{services.settings.base_url}/v1/breakGlass?pageSize={page_size}"
    following = f"{here}&after={found[-1].break_glass_id}" if len(found) == page_size else ""
    return answer(collection(items, here + (f"&after={last_id}" if last else ""), following=following))


@router.get(
    "/dossiers/{dossierId}/accessLog",
    operation_id="readAccessLog",
    summary="Read who looked at a dossier",
    responses={200: gives(AccessLines, "Lines, latest first")},
    openapi_extra=scope("dossier:read"),
)
async def read_access_log(
    request: Request,
    dossierId: str,  # noqa: N803 - the name in the path
    before: Before = LATEST,
    page_size: Size = 100,
) -> Response:
    """Give the lines of every organisation; people of other organisations by organisation and capacity only."""
    asking = await visit(request, "dossier:read")
    services, dossier_id = services_of(request), uuid_of(dossierId)
    found = await services.reader.dossier(dossier_id) if dossier_id else None
    grant = await services.guard.see(asking, Action.READ_ACCESS_LOG, found[0] if found else None, dossier_id)
    about = grant.dossier.dossier_id
    lines = await services.guard.log.of_dossier(about, before=before, limit=page_size)
    return _page(services, asking, lines, f"/v1/dossiers/{about}/accessLog", before, page_size)


@router.get(
    "/accessLog",
    operation_id="readOrganisationAccessLog",
    summary="Read what your organisation's people and software looked at",
    responses={200: gives(AccessLines, "Lines, latest first")},
    openapi_extra=scope("dossier:read"),
)
async def read_organisation_access_log(request: Request, before: Before = LATEST, page_size: Size = 100) -> Response:
    """Give the lines of your own organisation; for the data protection officer."""
    asking = await visit(request, "dossier:read", Task.READ_ORGANISATION_LOG)
    services, own = services_of(request), asking.caller.organisation.organisation_id
    await services.guard.overseen(asking, Task.READ_ORGANISATION_LOG)
    lines = await services.guard.log.of_organisation(own, before=before, limit=page_size)
    return _page(services, asking, lines, "/v1/accessLog", before, page_size)


@router.get(
    "/accessLog/signals",
    operation_id="readAccessSignals",
    summary="Read what stands out in your organisation's access log",
    responses={200: gives(SignalsView, "Signals; figures under 5 are left out")},
    openapi_extra=scope("dossier:read"),
)
async def read_access_signals(
    request: Request,
    days: Annotated[int, Query(ge=1, le=_MOST_DAYS, description="How far back")] = 30,
) -> Response:
    """Give reads outside office hours, dossiers read most, searches that found nothing, and break-glass."""
    asking = await visit(request, "dossier:read", Task.READ_ORGANISATION_LOG)
    services, own = services_of(request), asking.caller.organisation.organisation_id
    await services.guard.overseen(asking, Task.READ_ORGANISATION_LOG)
    until = services.clock.now()
    since = until - timedelta(days=days)
    found = await signals(services.pool, own, since=since, until=until)
    opened = await services.guard.glass.of_organisation(own, limit=_MOST_DAYS)
    base = services.settings.base_url
    return answer(
        {
            "self": f"{base}/v1/accessLog/signals?days={days}",
            "since": since,
            "until": until,
            "outOfHours": [_of(who, n) for who, n in found.out_of_hours],
            "mostRead": [
                {"dossierId": one, "reads": n, "href": f"{base}/v1/dossiers/{one}/accessLog"}
                for one, n in found.most_read
            ],
            "foundNothing": [_of(who, n) for who, n in found.found_nothing],
            "breakGlass": [_glass_view(services, one) for one in opened if one.opened_at >= since],
        }
    )


def _of(counsellor: str, n: int) -> dict[str, object]:
    return {"counsellor": counsellor, "count": n} if counsellor else {"count": n}


def _glass_view(services: Services, made: BrokenGlass) -> dict[str, object]:
    return {
        "breakGlassId": made.break_glass_id,
        "dossierId": made.dossier_id,
        "dossierHref": f"{services.settings.base_url}/v1/dossiers/{made.dossier_id}",
        "counsellor": made.counsellor_id,
        "reason": made.reason,
        "openedAt": made.opened_at,
        "until": made.until,
    }


def _page(services: Services, asking: Visit, lines: list[Kept], path: str, before: int, size: int) -> Response:
    own = asking.caller.organisation.organisation_id
    base = f"{services.settings.base_url}{path}?pageSize={size}"
    here = base + (f"&before={before}" if before != LATEST else "")
    following = f"{base}&before={lines[-1].entry}" if len(lines) == size else ""
    items = [msgspec.json.encode(_line_view(kept, own)) for kept in lines]
    return answer(collection(items, here, following=following))


def _line_view(kept: Kept, own: str) -> object:
    line = kept.line
    mine = line.organisation_id == own
    return without_nulls(
        {
            "entry": kept.entry,
            "reference": line.reference,
            "at": line.at,
            "organisation": line.organisation_id,
            "service": line.service,
            "application": (line.application or None) if mine else None,
            "counsellor": (line.counsellor_id or None) if mine else None,
            "action": line.action,
            "outcome": line.outcome,
            "capacity": {
                "roles": line.role.split(),
                "relation": line.relation or None,
                "legalBasisId": line.legal_basis_id or None,
            },
            "dossierId": line.dossier_id,
        }
    )
