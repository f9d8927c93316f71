"""Who asks, and whether their role may: what every operation begins with, before it reads the body."""

from uuid import UUID

from fastapi import Request

from handover.access.denials import MissingScope
from handover.access.guard import Visit
from handover.domain.parties import Caller
from handover.domain.policy import Task
from handover.web.asking import caller_of, uuid_of
from handover.web.needs import services_of


async def visit(request: Request, scope: str, task: Task | None = None) -> Visit:
    """Give who asks, once their role allows the task. Raises a Denial, or NotPermitted; what is denied is noted."""
    try:
        caller = await caller_of(request, scope)
    except MissingScope:
        await _noted(request)
        raise
    found = visit_of(request, caller)
    if task is not None:
        await services_of(request).guard.permit(found, task)
    return found


def visit_of(request: Request, caller: Caller) -> Visit:
    """Give the request as the access log notes it."""
    service = "api" if request.url.path.startswith("/v1/") else "screens"
    return Visit(caller, UUID(request.scope["trace_id"].decode()), service)


async def _noted(request: Request) -> None:
    operation = getattr(request.scope.get("route"), "operation_id", None) or "other"
    asked = uuid_of(request.path_params.get("dossierId", ""))
    await services_of(request).guard.denied(visit_of(request, request.state.asking), operation, asked)
