"""Agreements between an OCMW and VDAB: contacts with absences, answer times, the priority line."""

from collections.abc import Mapping

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from handover.domain.agreeing import Proposed, adjustable
from handover.domain.parties import Caller
from handover.domain.policy import Task
from handover.domain.refusals import WrongParty
from handover.record.agreements import Kept
from handover.web.answers import answer, collection, without_nulls
from handover.web.api.agreement_views import Agreements, AgreementView, AnswerTimes
from handover.web.api.describing import KEY_HEADER, MATCH_HEADER, PROBLEMS, gives, scope, takes
from handover.web.api.posted import struct_of
from handover.web.asking import if_match, raw_body, refuse_unknown_query, uuid_of, write_request
from handover.web.needs import Services, services_of
from handover.web.problems import HttpProblem
from handover.web.visits import visit

router = APIRouter(prefix="/v1", tags=["Agreements"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
SCOPE = "agreement:manage"


@router.get(
    "/agreements",
    operation_id="listAgreements",
    summary="List your agreements",
    responses={200: gives(Agreements, "Agreements, latest first")},
    openapi_extra=scope("dossier:read"),
)
async def list_agreements(request: Request) -> Response:
    """Give the agreements that your organisation is a party of."""
    caller = (await visit(request, "dossier:read", Task.READ_REFERENCE)).caller
    services = services_of(request)
    found = await services.agreements.list(caller.organisation.organisation_id)
    items = [msgspec.json.encode(_view(services, kept)) for kept in found]
    return answer(collection(items, f"{services.settings.base_url}/v1/agreements", total=len(items)))


@router.post(
    "/agreements",
    operation_id="addAgreement",
    summary="Write an agreement down",
    status_code=201,
    responses={201: gives(AgreementView, "The agreement")},
    openapi_extra=takes("AgreementProposed", scope_name=SCOPE, headers=(KEY_HEADER,)),
)
async def add_agreement(request: Request) -> Response:
    """Add an agreement between an OCMW and VDAB; your organisation is one of the two."""
    caller = (await visit(request, SCOPE, Task.MANAGE_AGREEMENTS)).caller
    services = services_of(request)
    raw = await raw_body(request)
    proposed = struct_of(raw, Proposed)
    own = caller.organisation.organisation_id
    if own not in {proposed.ocmw, proposed.vdab}:
        raise WrongParty("Only a party of an agreement writes it down: your organisation is neither of the two.")

    async def add() -> bytes:
        kept = await services.agreements.add(proposed, services.directory_now(), by=_author(caller))
        return msgspec.json.encode(_view(services, kept))

    made = await services.once.answer(own, write_request(request, raw), add)
    await services.refresh_directory()
    return answer(made, 201, {"ETag": '"1"', "Location": str(msgspec.json.decode(made)["href"])})


@router.get(
    "/agreements/{agreementId}",
    operation_id="readAgreement",
    summary="Read an agreement",
    responses={200: gives(AgreementView, "The agreement, with its ETag")},
    openapi_extra=scope("dossier:read"),
)
async def read_agreement(request: Request, agreementId: str) -> Response:  # noqa: N803 - the name in the path
    """Give one agreement of your organisation."""
    caller = (await visit(request, "dossier:read", Task.READ_REFERENCE)).caller
    services = services_of(request)
    kept = await _one(services, caller, agreementId)
    return answer(_view(services, kept), headers={"ETag": f'"{kept.version}"'})


@router.put(
    "/agreements/{agreementId}",
    operation_id="changeAgreement",
    summary="Change an agreement",
    responses={200: gives(AgreementView, "The agreement as it is now")},
    openapi_extra=takes("AgreementProposed", scope_name=SCOPE, headers=(MATCH_HEADER,)),
)
async def change_agreement(request: Request, agreementId: str) -> Response:  # noqa: N803 - the name in the path
    """Write an agreement anew. It holds for deadlines that start from now on; those that run keep theirs."""
    caller = (await visit(request, SCOPE, Task.MANAGE_AGREEMENTS)).caller
    services = services_of(request)
    proposed = struct_of(await raw_body(request), Proposed)
    before = await _one(services, caller, agreementId)
    kept = await services.agreements.change(
        caller.organisation.organisation_id,
        before.agreement.agreement_id,
        proposed,
        services.directory_now(),
        by=_author(caller),
        expected=if_match(request),
    )
    if kept is None:
        raise _unknown()
    await services.refresh_directory()
    return answer(_view(services, kept), headers={"ETag": f'"{kept.version}"'})


@router.get(
    "/refData/answerTimes",
    operation_id="listAnswerTimes",
    summary="List the answer times that can be agreed otherwise",
    responses={200: gives(AnswerTimes, "After which event, and what holds without an agreement")},
    openapi_extra=scope("dossier:read"),
)
async def list_answer_times(request: Request) -> Response:
    """Give every answer time that an agreement can set, with its default."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    here = f"{services_of(request).settings.base_url}/v1/refData/answerTimes"
    items = [
        msgspec.json.encode(
            {
                "eventType": time.event_type,
                "rule": time.rule,
                "count": time.count,
                "unit": time.unit,
                "href": f"{here}#{time.event_type}",
            }
        )
        for time in adjustable().values()
    ]
    return answer(collection(items, here, total=len(items)))


async def _one(services: Services, caller: Caller, text: str) -> Kept:
    found_id = uuid_of(text)
    found = await services.agreements.get(caller.organisation.organisation_id, found_id) if found_id else None
    if found is None:
        raise _unknown()
    return found


def _unknown() -> HttpProblem:
    return HttpProblem(404, "Your organisation has no such agreement. See GET /v1/agreements.")


def _author(caller: Caller) -> str:
    return caller.counsellor_id or caller.organisation.organisation_id


def _view(services: Services, kept: Kept) -> Mapping[str, object]:
    agreement = kept.agreement
    view = {
        "agreementId": agreement.agreement_id,
        "href": f"{services.settings.base_url}/v1/agreements/{agreement.agreement_id}",
        "version": kept.version,
        "ocmw": agreement.ocmw,
        "vdab": agreement.vdab,
        "validFrom": agreement.valid_from,
        "validUntil": agreement.valid_until,
        "terms": msgspec.to_builtins(agreement.terms),
        "changedBy": kept.changed_by,
        "changedAt": kept.changed_at,
    }
    return without_nulls(view)  # type: ignore[return-value]
