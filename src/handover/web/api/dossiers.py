"""Dossiers: open or join, look up, list, read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from handover.access.guard import Grant, Visit
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Merge, OpenDossier, ReplaceSsin
from handover.domain.identity import birth_date_of, is_ssin
from handover.domain.policy import Action, Task
from handover.domain.refusals import Unseen
from handover.domain.threads import Thread
from handover.platform.ids import new_id
from handover.platform.settings import Mode
from handover.record.handle import Request as WriteRequest
from handover.record.lookups import SsinReplaced
from handover.web.answers import LINKED, answer, collection, without_nulls
from handover.web.api.describing import KEY_HEADER, MATCH_HEADER, PROBLEMS, gives, scope, takes
from handover.web.api.models import DossierMerge, DossierOpening, DossierSearch, SsinReplacement
from handover.web.api.threads import thread_view
from handover.web.api.views import Dossiers, DossierView, Threads
from handover.web.asking import body_of, refuse_unknown_query, uuid_of, write_request
from handover.web.needs import Services, services_of
from handover.web.problems import BadInput, Issue
from handover.web.visits import visit

router = APIRouter(
    prefix="/v1/dossiers", tags=["Dossiers"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS
)
_NOT_IN_LISTS = frozenset({"targetGroup", "lead", "facts", "mandates", "priorityLine", "openThreads"})
"""What a dossier says beyond that it exists: for who works with the client."""
PageSize = Annotated[int, Query(alias="pageSize", ge=1, le=1000, description="Most items in an answer")]


@router.post(
    "",
    operation_id="openDossier",
    summary="Open the client's dossier, or join it",
    status_code=201,
    responses={201: gives(DossierView, "Opened"), 200: gives(DossierView, "Joined, or in it already")},
    openapi_extra=takes(DossierOpening, scope_name="dossier:write", headers=(KEY_HEADER,)),
)
async def open_dossier(request: Request) -> Response:
    """Open a dossier under an SSIN (201), or join the one that exists when name and birth date match (200).

    A partner joins through a referral to it, not here.
    """
    asking = await visit(request, "dossier:write", Task.OPEN_DOSSIER)
    caller, services = asking.caller, services_of(request)
    body, raw = await body_of(request, DossierOpening)
    check_ssin(services, body.ssin)
    if body.birth_date > local_day(services.clock.now()):
        raise BadInput(Issue.of("invalidInput", "A birth date cannot lie in the future.", name="birthDate"))
    command = OpenDossier(
        command_id=new_id(),
        dossier_id=new_id(),
        caller=caller,
        given_name=body.given_name,
        family_name=body.family_name,
        birth_date=body.birth_date,
        target_group=body.target_group,
        capacity=body.capacity,
        legal_basis_id=body.legal_basis_id,
        lead=body.lead,
        lead_name=body.lead_name or "",
        ssin_birth_date=birth_date_of(body.ssin),
    )
    asked = write_request(request, raw, ssin=body.ssin)
    handled = await services.record.handle(command, asked, at=services.clock.now())
    dossier = handled.dossier
    if dossier.inscription_of(caller.organisation.organisation_id) is None:
        raise Unseen  # the repeat of a request from before the inscription closed
    (view,) = await _views(services, asking, Task.OPEN_DOSSIER, [dossier], ssin=body.ssin)
    return answer(
        view,
        201 if handled.opened else 200,
        {"ETag": etag(dossier), "Location": dossier_href(services, dossier)},
    )


@router.post(
    "/search",
    operation_id="searchDossiers",
    summary="Look a client up by national number",
    responses={200: gives(Dossiers, "The dossier, if your organisation is in it")},
    openapi_extra=takes(DossierSearch, scope_name="dossier:read"),
)
async def search_dossiers(request: Request) -> Response:
    """Give the client's dossier; nothing when there is none or your organisation is not in it."""
    asking = await visit(request, "dossier:read", Task.SEARCH_DOSSIERS)
    services = services_of(request)
    body, _ = await body_of(request, DossierSearch)
    check_ssin(services, body.ssin)
    found = await services.reader.find_own(body.ssin)
    seen = [found[0]] if found and found[0].inscription_of(asking.caller.organisation.organisation_id) else []
    views = await _views(services, asking, Task.SEARCH_DOSSIERS, seen, ssin=body.ssin)
    if not views:
        await services.guard.found_nothing(asking)
    if found and views and found[1] != body.ssin:
        raise SsinReplaced(found[1])
    items = [msgspec.json.encode(view) for view in views]
    return answer(collection(items, f"{services.settings.base_url}/v1/dossiers/search", total=len(items)))


@router.get(
    "",
    operation_id="listDossiers",
    summary="List your organisation's dossiers",
    responses={200: gives(Dossiers, "Dossiers")},
    openapi_extra=scope("dossier:read"),
)
async def list_dossiers(
    request: Request,
    after: Annotated[str, Query(description="dossierId of the last one you have")] = "",
    page_size: PageSize = 100,
) -> Response:
    """Give the dossiers that your organisation is in, by id; `after` is the id of the last one you have."""
    asking = await visit(request, "dossier:read", Task.LIST_DOSSIERS)
    services = services_of(request)
    start = uuid_of(after) if after else None
    if after and start is None:
        raise BadInput(
            Issue.of("schemaViolation", "Give the dossierId of the last one you have.", name="after", where="query")
        )
    own = asking.caller.organisation.organisation_id
    found = await services.reader.of_organisation(own, after=start, limit=page_size)
    seen = [d for d in found if d.inscription_of(own)]
    items = [msgspec.json.encode(view) for view in await _views(services, asking, Task.LIST_DOSSIERS, seen)]
    base = f"{services.settings.base_url}/v1/dossiers?pageSize={page_size}"
    following = f"{base}&after={found[-1].dossier_id}" if len(found) == page_size else ""
    return answer(collection(items, base + (f"&after={start}" if start else ""), following=following))


@router.get(
    "/{dossierId}",
    operation_id="readDossier",
    summary="Read a dossier",
    responses={200: gives(DossierView, "The dossier, with its ETag")},
    openapi_extra=scope("dossier:read"),
)
async def read_dossier(request: Request, dossierId: str) -> Response:  # noqa: N803 - the name in the path
    """Give a dossier as it stands."""
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    dossier_id = uuid_of(dossierId)
    dossier, ssin = (await services.reader.dossier(dossier_id) if dossier_id else None) or (None, "")
    grant = await services.guard.see(asking, Action.READ_DOSSIER, dossier, dossier_id)
    headers = {"ETag": etag(grant.dossier), **LINKED}
    return answer(dossier_view(services, asking, grant, ssin=ssin), headers=headers)


@router.get(
    "/{dossierId}/threads",
    operation_id="listThreads",
    summary="List a dossier's threads",
    responses={200: gives(Threads, "Threads, open ones first, soonest due first")},
    openapi_extra=scope("dossier:read"),
)
async def list_threads(request: Request, dossierId: str) -> Response:  # noqa: N803 - the name in the path
    """Give every process of the dossier: status, whose turn, until when, since when."""
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    dossier_id = uuid_of(dossierId)
    found = await services.reader.dossier(dossier_id) if dossier_id else None
    grant = await services.guard.see(asking, Action.READ_TIMELINE, found[0] if found else None, dossier_id)
    dossier = grant.dossier
    href = f"{dossier_href(services, dossier)}/threads"
    now = services.clock.now()
    seen = dossier.threads_seen_by(asking.caller.organisation.organisation_id)
    ordered = sorted(seen, key=lambda t: (not t.is_open, t.due_at or t.opened_at))
    items = [msgspec.json.encode(thread_view(t, now, thread_href(services, dossier, t))) for t in ordered]
    return answer(collection(items, href, total=len(items)), headers={"ETag": etag(dossier)})


@router.post(
    "/{dossierId}/numberReplacement",
    operation_id="replaceSsin",
    summary="Put the dossier under the client's new national number",
    responses={200: gives(DossierView, "The dossier under its new number")},
    openapi_extra=takes(SsinReplacement, scope_name="dossier:write", headers=(KEY_HEADER, MATCH_HEADER)),
)
async def replace_ssin(request: Request, dossierId: str) -> Response:  # noqa: N803 - the name in the path
    """Re-key a dossier whose client got another national number.

    The old number keeps finding it and answers `replacedSsin` with `replacedBy`; subscribers are told by
    `dossier.ssinReplaced`, which holds no number. Another dossier under the new number is to be merged first.
    """
    asking = await visit(request, "dossier:write")
    caller, services = asking.caller, services_of(request)
    body, raw = await body_of(request, SsinReplacement)
    check_ssin(services, body.ssin)
    if body.replaced_on > local_day(services.clock.now()):
        raise BadInput(Issue.of("invalidInput", "A number cannot be replaced in the future.", name="replacedOn"))
    dossier_id = uuid_of(dossierId)
    command = ReplaceSsin(
        command_id=new_id(),
        dossier_id=dossier_id or new_id(),
        caller=caller,
        replaced_on=body.replaced_on,
        ssin_birth_date=birth_date_of(body.ssin),
    )
    asked = write_request(request, raw, ssin=body.ssin)
    async with writing(services, asking, dossier_id, asked) as checked:
        handled = await services.record.handle(command, checked, at=services.clock.now())
    views = await _views(services, asking, Action.POST_STEP, [handled.dossier], ssin=body.ssin)
    if not views:
        raise Unseen  # the repeat of a request from before the inscription closed
    return answer(views[0], headers={"ETag": etag(handled.dossier)})


@router.post(
    "/{dossierId}/merge",
    operation_id="mergeDossier",
    summary="Merge the dossier into another of the same client",
    responses={200: gives(DossierView, "The dossier that goes on")},
    openapi_extra=takes(DossierMerge, scope_name="dossier:write", headers=(KEY_HEADER, MATCH_HEADER)),
)
async def merge_dossier(request: Request, dossierId: str) -> Response:  # noqa: N803 - the name in the path
    """Close this dossier and go on in `into`: its open threads, organisations and numbers move there.

    Both keep their events and their chains; this one stays readable and says `mergedInto`.
    """
    asking = await visit(request, "dossier:write")
    caller, services = asking.caller, services_of(request)
    body, raw = await body_of(request, DossierMerge)
    dossier_id, into = uuid_of(dossierId), UUID(body.into)
    command = Merge(command_id=new_id(), dossier_id=dossier_id or new_id(), caller=caller, into=into)
    asked = write_request(request, raw)
    async with writing(services, asking, dossier_id, asked) as checked:
        handled = await services.record.merge(command, checked, at=services.clock.now())
    views = await _views(services, asking, Action.POST_STEP, [handled.dossier])
    if not views:
        raise Unseen  # the repeat of a request from before the inscription closed
    return answer(views[0], headers={"ETag": etag(handled.dossier)})


@asynccontextmanager
async def writing(
    services: Services, asking: Visit, dossier_id: UUID | None, asked: WriteRequest
) -> AsyncIterator[WriteRequest]:
    """Give the request with the policy to be asked on the way, and note it when the dossier is found unseen."""
    check = await services.guard.posting(asking, dossier_id)
    async with services.guard.watching(asking, Action.POST_STEP, dossier_id):
        yield replace(asked, check=check)


def check_ssin(services: Services, ssin: str) -> None:
    """Refuse what is no national number; the test range counts in demonstrations only."""
    today = local_day(services.clock.now())
    if not is_ssin(ssin, today=today, allow_test_range=services.settings.mode is Mode.DEMONSTRATION):
        detail = "Not a valid national number: check the digits on the identity document."
        raise BadInput(Issue.of("invalidInput", detail, name="ssin"))


def etag(dossier: Dossier) -> str:
    """Give the ETag: the dossier's version."""
    return f'"{dossier.version}"'


def dossier_href(services: Services, dossier: Dossier) -> str:
    """Give the address of a dossier."""
    return f"{services.settings.base_url}/v1/dossiers/{dossier.dossier_id}"


def thread_href(services: Services, dossier: Dossier, thread: Thread) -> str:
    """Give the address of a thread: its first event, whose id it has."""
    return f"{dossier_href(services, dossier)}/events?threadId={thread.thread_id}"


async def _views(
    services: Services, asking: Visit, what: Action | Task, dossiers: Sequence[Dossier], *, ssin: str | None = None
) -> list[Mapping[str, object]]:
    """Give those dossiers that the caller may find, noted as seen."""
    grants = await services.guard.listed(asking, what, dossiers)
    return [dossier_view(services, asking, grant, ssin=ssin) for grant in grants]


def dossier_view(services: Services, asking: Visit, grant: Grant, *, ssin: str | None = None) -> Mapping[str, object]:
    """Give a dossier as the API shows it; to who is not assigned, only that it exists and who works with the client."""
    dossier, organisation = grant.dossier, asking.caller.organisation.organisation_id
    client: dict[str, object] = {
        "ssin": ssin,
        "givenName": dossier.given_name,
        "familyName": dossier.family_name,
        "birthDate": dossier.birth_date,
    }
    view = {
        "dossierId": dossier.dossier_id,
        "href": dossier_href(services, dossier),
        "version": dossier.version,
        "status": "closed" if dossier.closed else "open",
        "client": client,
        "targetGroup": dossier.target_group,
        "lead": msgspec.to_builtins(dossier.lead),
        "inscriptions": [
            {
                "organisation": i.organisation,
                "kind": i.kind,
                "capacity": i.capacity,
                "legalBasisId": i.legal_basis_id,
                "since": i.since,
                "until": i.until,
                "status": "active" if i.active else "closed",
            }
            for i in dossier.inscriptions
        ],
        "contacts": [msgspec.to_builtins(c) for c in dossier.contacts],
        "facts": msgspec.to_builtins(dossier.facts),
        "mandates": [
            {
                "mandateId": m.mandate_id,
                "scope": m.scope,
                "givenTo": m.given_to,
                "sharedWith": m.shared_with or None,
                "givenOn": m.given_on,
                "validUntil": m.valid_until,
                "withdrawnAt": m.withdrawn_at,
                "active": m.active(local_day(services.clock.now())),
            }
            for m in dossier.mandates
        ],
        "priorityLine": dossier.priority_line,
        "mergedInto": dossier.merged_into,
        "openThreads": sum(thread.is_open for thread in dossier.threads_seen_by(organisation)),
        "openedAt": dossier.opened_at,
        "changedAt": dossier.changed_at,
    }
    if not grant.whole:
        view = {name: told for name, told in view.items() if name not in _NOT_IN_LISTS} | {"breakGlassNeeded": True}
    return without_nulls(view)  # type: ignore[return-value]
