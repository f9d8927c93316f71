"""Reading a request: who asks, its body, its headers; each refused with what to do instead."""

import hashlib
import re
from typing import Protocol, TypeVar
from uuid import UUID

from fastapi import Request as HttpRequest
from pydantic import BaseModel, ValidationError
from starlette.routing import Match

from handover.access.denials import Denial, InvalidToken, MissingScope
from handover.access.limits import Limits
from handover.access.tokens import Tokens
from handover.domain.parties import Caller
from handover.platform.walls import ask_for
from handover.record.handle import Request
from handover.web.problems import BadInput, HttpProblem, Issue, issues_of, plain_name

Model = TypeVar("Model", bound=BaseModel)
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')
_JSON = re.compile(r"application/(?:json|[a-z.+-]*\+json)(?:\s*;.*)?", re.IGNORECASE)
# `UUID()` also reads braces, misplaced hyphens and other digits: one dossier would have many addresses.
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NOT_LET_IN = 401
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class HasTokens(Protocol):
    """Whatever holds the token check and the policy; see `wiring.Services`."""

    tokens: Tokens
    limits: Limits


async def caller_of(request: HttpRequest, scope: str) -> Caller:
    """Give who asks. Raises a Denial when nobody known does, or without the scope; HttpProblem 429 when too often."""
    services: HasTokens = request.app.state.services
    given = _only(request, "authorization")
    address = request.client.host if request.client else ""
    # A token that was good stays good: what others do from the same address must not shut its holder out.
    if (seconds := services.limits.must_wait(address)) and not services.tokens.remembers(given):
        raise too_many(seconds, "Too many requests from this address were not let in.")
    try:
        caller = await services.tokens.caller(given, _certificate(request, services.tokens))
    except Denial as denial:
        if denial.status == _NOT_LET_IN:
            services.limits.refused(address)
        raise
    ask_for(caller.organisation.organisation_id)
    if seconds := services.limits.asked(caller):
        raise too_many(seconds, "You ask more often than this service takes from one client.")
    if scope not in caller.scopes:
        request.state.asking = caller  # for the access log: who was denied
        raise MissingScope(scope)
    return caller


def _only(request: HttpRequest, name: str) -> str | None:
    """Give a header. Raises InvalidToken for two: something on the way may have looked at another than we would."""
    given = request.headers.getlist(name)
    if len(given) > 1:
        raise InvalidToken
    return given[0] if given else None


def _certificate(request: HttpRequest, tokens: Tokens) -> str:
    return (_only(request, tokens.certificate_header) or "") if tokens.certificate_header else ""


def too_many(seconds: int, why: str) -> HttpProblem:
    """Give the refusal of who asks too much: wait so many seconds."""
    return HttpProblem(
        429, f"{why} Wait {seconds} s, as Retry-After says, and try again.", {"Retry-After": str(seconds)}
    )


async def refuse_unknown_query(request: HttpRequest) -> None:
    """Refuse query parameters that the route does not know, and an Accept that no answer fits."""
    accept = request.headers.get("accept", "*/*")
    if accept != "*/*":
        _check_accept(request, accept)
    if not request.url.query:
        return
    route = request.scope["route"]
    known = {parameter.alias for parameter in route.dependant.query_params}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        detail = "This query parameter is not known here. Leave it out."
        raise BadInput(*(Issue.of("unknownInput", detail, name=plain_name(name), where="query") for name in unknown))


def _check_accept(request: HttpRequest, accept: str) -> None:
    offered = "text/event-stream" if request.scope["path"].endswith("/stream") else "application/json"
    if accept == offered or accepts(accept, offered):
        return
    raise HttpProblem(406, f"The answer is {offered}. Send Accept: {offered}.")


def accepts(header: str, kind: str) -> bool:
    """Tell whether an Accept header takes a media type; the most specific range decides (RFC 9110)."""
    if not header.strip():
        return True
    ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    found: dict[str, bool] = {}
    for part in header.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((p[2:].strip() for p in parameters if p.startswith("q=")), "1")
        found[media] = weight.strip("0.") != ""
    return next((found[media] for media in ranges if media in found), False)


async def raw_body(request: HttpRequest) -> bytes:
    """Give the body's bytes. Raises HttpProblem 415 for anything but JSON."""
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise HttpProblem(415, "Send the body as JSON, with Content-Type: application/json.")
    return await request.body()


async def body_of(request: HttpRequest, model: type[Model]) -> tuple[Model, bytes]:
    """Give the checked body and its bytes. Raises BadInput with one issue per field."""
    raw = await raw_body(request)
    try:
        return model.model_validate_json(raw), raw
    except ValidationError as error:
        raise BadInput(*issues_of(error)) from None


def write_request(request: HttpRequest, raw: bytes, *, ssin: str | None = None) -> Request:
    """Give what every write needs: Idempotency-Key (required), If-Match (optional), fingerprint of it all."""
    key = request.headers.get("idempotency-key")
    if not key or not _KEY.fullmatch(key):
        detail = "Send an Idempotency-Key header (1 to 100 visible characters), the same for every try."
        raise BadInput(Issue.of("schemaViolation", detail, name="Idempotency-Key", where="header"))
    fingerprint = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + raw).digest()
    return Request(key=key, fingerprint=fingerprint, if_match=if_match(request), ssin=ssin)


def if_match(request: HttpRequest) -> int | None:
    """Give the version that If-Match names, or None. Raises BadInput."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if not found:
        detail = 'Give the ETag of the dossier as you read it, such as "7".'
        raise BadInput(Issue.of("schemaViolation", detail, name="If-Match", where="header"))
    return int(found[1])


def uuid_of(text: str) -> UUID | None:
    """Give the id in a path, or None for what can be no id (and so names nothing)."""
    return UUID(text) if _UUID.fullmatch(text) else None


def allowed_methods(request: HttpRequest) -> str:
    """Give what `Allow` says for a path that exists under other methods."""
    scope = dict(request.scope)
    return ", ".join(
        method
        for method in _METHODS
        if any(route.matches(scope | {"method": method})[0] is Match.FULL for route in request.app.router.routes)
    )
