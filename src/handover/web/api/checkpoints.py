"""Checkpoints of the log, and what proves that an event is in it and that nothing was taken out since."""

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from handover.domain.policy import Task
from handover.record.log import Signed
from handover.web.answers import answer
from handover.web.api.describing import PROBLEMS, gives, scope
from handover.web.api.events import seen_event
from handover.web.api.views import CheckpointView, GrowthView, ReceiptView
from handover.web.asking import refuse_unknown_query
from handover.web.needs import Services, services_of
from handover.web.problems import HttpProblem
from handover.web.visits import visit

router = APIRouter(prefix="/v1", tags=["Log"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
_MOST = 2**63 - 1


@router.get(
    "/checkpoints/latest",
    operation_id="readLatestCheckpoint",
    summary="Read the latest checkpoint of the log",
    responses={200: gives(CheckpointView, "The checkpoint; keep its note")},
    openapi_extra=scope("dossier:read"),
)
async def read_latest_checkpoint(request: Request) -> Response:
    """Give the latest signed state. Who keeps one can show later that nothing before it was changed or cut off."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    return answer(_view(services, _found(await services.log.latest())))


@router.get(
    "/checkpoints/{size}",
    operation_id="readCheckpoint",
    summary="Read one checkpoint of the log",
    responses={200: gives(CheckpointView, "The checkpoint")},
    openapi_extra=scope("dossier:read"),
)
async def read_checkpoint(request: Request, size: Annotated[int, Path(ge=0, le=_MOST)]) -> Response:
    """Give the checkpoint that was signed at that size."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    return answer(_view(services, _found(await services.log.at(size))))


@router.get(
    "/checkpoints/{size}/growth",
    operation_id="readGrowth",
    summary="Prove that a checkpoint grew out of an earlier one",
    responses={200: gives(GrowthView, "Both checkpoints and the hashes between them")},
    openapi_extra=scope("dossier:read"),
)
async def read_growth(
    request: Request,
    size: Annotated[int, Path(ge=1, le=_MOST)],
    since: Annotated[int, Query(ge=1, le=_MOST, description="Size of the checkpoint that you kept")],
) -> Response:
    """Give what proves that the log of `size` is that of `since` with events added, and nothing else."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    first, second = _found(await services.log.at(since)), _found(await services.log.at(size))
    if first.size > second.size:
        raise HttpProblem(400, "The checkpoint that you kept is the later one: ask the other way round.")
    path = await services.log.growth(first.size, second.size)
    view = {"first": _view(services, first), "second": _view(services, second), "path": _texts(path)}
    return answer(view)


@router.get(
    "/dossiers/{dossierId}/events/{eventId}/receipt",
    operation_id="readReceipt",
    summary="Prove that an event is in the log",
    responses={200: gives(ReceiptView, "The event's place and the hashes up to a checkpoint")},
    openapi_extra=scope("dossier:read"),
)
async def read_receipt(
    request: Request,
    dossierId: str,  # noqa: N803 - the name in the path
    eventId: str,  # noqa: N803 - the name in the path
) -> Response:
    """Give the receipt of an event that your organisation may read; there is one a minute after it was recorded."""
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    dossier_id, event_id, _ = await seen_event(services, asking, dossierId, eventId)
    receipt = await services.log.receipt(dossier_id, event_id)
    if receipt is None:
        seconds = services.settings.checkpoint_seconds
        raise HttpProblem(404, f"The event is not in a checkpoint yet; ask again in {seconds:g} seconds.")
    return answer(
        {
            "dossierId": dossier_id,
            "eventId": event_id,
            "sequence": receipt.sequence,
            "position": receipt.position,
            "link": _text(receipt.link),
            "path": _texts(receipt.path),
            "note": receipt.note,
            "verifierKey": services.log.verifier_key,
        }
    )


def _found(signed: Signed | None) -> Signed:
    if signed is None:
        raise HttpProblem(404, "There is no such checkpoint. See GET /v1/checkpoints/latest.")
    return signed


def _view(services: Services, signed: Signed) -> dict[str, object]:
    return {
        "size": signed.size,
        "note": signed.note,
        "signedAt": signed.signed_at,
        "verifierKey": services.log.verifier_key,
        "href": f"{services.settings.base_url}/v1/checkpoints/{signed.size}",
    }


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _texts(hashes: list[bytes] | tuple[bytes, ...]) -> list[str]:
    return [_text(one) for one in hashes]
