"""Outside /v1: is it well, how is it doing, and how to talk to it."""

import asyncio
from datetime import timedelta

import msgspec
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from handover.domain.deadlines import local_day
from handover.platform.db import LOST
from handover.web.api.describing import PROBLEMS, gives
from handover.web.api.views import Health
from handover.web.needs import services_of

router = APIRouter(tags=["System"], responses=PROBLEMS)
_PATIENCE_SECONDS = 2.0
_LATE = timedelta(minutes=1)
_MAIL_LATE = timedelta(minutes=15)
_ADAPTER_STUCK = timedelta(minutes=15)


@router.get(
    "/health",
    operation_id="readHealth",
    summary="Is the service well",
    responses={200: gives(Health, "UP, or DEGRADED"), 503: gives(Health, "DOWN")},
)
async def health(request: Request) -> Response:
    """Say UP; DOWN (503) without database.

    DEGRADED when deliveries wait for a minute, daily mails for 15, or a system that an organisation is joined to could
    not be read for 15.
    """
    services = services_of(request)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            now = services.clock.now()
            waiting, mails, stuck = await services.pool.fetchrow(
                "SELECT lanes_late($1), summaries_late($2, $3), adapters_stuck($4)",
                *(now - _LATE, local_day(now), now - _MAIL_LATE, now - _ADAPTER_STUCK),
            )
    except LOST:
        return _health("DOWN", 503, "The database does not answer.")
    if waiting:
        return _health("DEGRADED", 200, f"{waiting} or more deliveries wait for a worker.")
    if mails:
        return _health("DEGRADED", 200, f"{mails} or more daily mails wait for the mail server.")
    if stuck:
        return _health("DEGRADED", 200, f"{stuck} of the systems of organisations cannot be read.")
    return _health("UP", 200, "")


def _health(status: str, code: int, detail: str) -> Response:
    body = {"status": status} | ({"detail": detail} if detail else {})
    return Response(msgspec.json.encode(body), code, {"Cache-Control": "no-store"}, "application/json")


@router.get(
    "/metrics",
    operation_id="readMetrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"description": "Figures", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics() -> Response:
    """Give counters and timings; they hold no personal data."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
