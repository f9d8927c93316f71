"""Problem documents (RFC 9457) in Belgif's manner: what happened and what to do next, never a personal value."""

from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import msgspec
from pydantic import ValidationError
from starlette.responses import Response

from handover.access.denials import Denial, MissingScope
from handover.domain import refusals
from handover.record.handle import Contended, KeyReused

BELGIF = "urn:problem-type:belgif:"
OWN = "urn:problem-type:handover:"
_HELP = "https://www.belgif.be/specification/rest/api-guide/#standardized-problem-types"

STATUS_OF_REFUSAL: dict[type[refusals.Refusal], tuple[int, str]] = {
    refusals.Unseen: (404, f"{BELGIF}resourceNotFound"),
    refusals.UnknownThread: (404, f"{BELGIF}resourceNotFound"),
    refusals.WrongParty: (403, f"{BELGIF}missingPermission"),
    refusals.InvitationNeeded: (403, f"{BELGIF}missingPermission"),
    refusals.PurposeNotAllowed: (403, f"{OWN}purposeNotAllowed"),
    refusals.WrongState: (409, f"{OWN}wrongState"),
    refusals.DossierClosed: (409, f"{OWN}dossierClosed"),
    refusals.DossierBusy: (409, f"{OWN}dossierBusy"),
    refusals.IdentityMismatch: (409, f"{OWN}identityMismatch"),
    refusals.StaleVersion: (412, f"{OWN}staleVersion"),
    KeyReused: (422, f"{OWN}idempotencyKeyReused"),
    Contended: (503, f"{BELGIF}serviceUnavailable"),
}
"""The domain knows no HTTP; here each of its refusals gets a status and a type."""

_TITLES = {
    400: ("badRequest", "Bad request"),
    404: ("resourceNotFound", "Not found"),
    405: ("methodNotAllowed", "Method not allowed"),
    406: ("notAcceptable", "Not acceptable"),
    413: ("payloadTooLarge", "Body too large"),
    415: ("unsupportedMediaType", "Unsupported media type"),
    429: ("tooManyRequests", "Too many requests"),
    500: ("internalServerError", "Internal error"),
    502: ("badGateway", "Bad gateway"),
    503: ("serviceUnavailable", "Service unavailable"),
}


class Issue(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing wrong with the input: where, and what to do. It never repeats the value."""

    type: str
    title: str
    detail: str
    where: str = msgspec.field(name="in")
    name: str = ""

    @classmethod
    def of(cls, kind: str, detail: str, *, name: str = "", where: str = "body") -> "Issue":
        """Give an issue of one of Belgif's input-validation kinds."""
        return cls(type=f"{BELGIF}input-validation:{kind}", title=_words(kind), detail=detail, where=where, name=name)


class BadInput(Exception):  # noqa: N818 - an answer, not a fault
    """The input cannot be used; `issues` say why, one each."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__("bad input")
        self.issues = issues


class HttpProblem(Exception):  # noqa: N818 - an answer, not a fault
    """A problem that is a status with a sentence."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document and its status."""

    status: int
    type: str
    title: str
    detail: str
    issues: tuple[Issue, ...] = ()
    required_scopes: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """Give the answer; `instance` is new each time, so that one can be found back in the log."""
        document: dict[str, object] = {
            "type": self.type,
            "href": _HELP,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:uuid:{uuid4()}",
        }
        if self.issues:
            document["issues"] = self.issues
        if self.required_scopes:
            document["requiredScopes"] = self.required_scopes
        return Response(
            msgspec.json.encode(document),
            self.status,
            {"Cache-Control": "no-store, max-age=0", **dict(self.headers)},
            "application/problem+json",
        )


def problem_of(error: Exception) -> Problem:
    """Give the problem that an exception is; an unknown one is an internal error that says nothing of itself."""
    match error:
        case BadInput():
            return _plain(400, "The request holds input that cannot be used; see issues.", issues=error.issues)
        case refusals.InvalidField():
            kind = "referencedResourceNotFound" if error.unknown_reference else "invalidInput"
            issue = Issue.of(kind, error.detail, name=error.field)
            return _plain(400, "The request holds input that cannot be used; see issues.", issues=(issue,))
        case refusals.Refusal():
            status, kind = STATUS_OF_REFUSAL[type(error)]
            return Problem(status, kind, error.title, error.detail, headers=_retry(status))
        case Denial():
            scopes = error.required_scopes if isinstance(error, MissingScope) else ()
            headers = (("WWW-Authenticate", "Bearer"),) if error.status == 401 else ()  # noqa: PLR2004
            return Problem(
                error.status, BELGIF + error.name, error.title, str(error), required_scopes=scopes, headers=headers
            )
        case HttpProblem():
            return _plain(error.status, error.detail, headers=tuple(error.headers.items()))
        case (
            asyncpg.InterfaceError()
            | asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InsufficientResourcesError()
            | OSError()
            | TimeoutError()
        ):
            detail = "The database does not answer. Try again with the same Idempotency-Key."
            return _plain(503, detail, headers=_retry(503))
        case _:
            return _plain(500, "Something went wrong here. Try again; if it stays, quote the instance.")


def _plain(
    status: int, detail: str, *, issues: tuple[Issue, ...] = (), headers: tuple[tuple[str, str], ...] = ()
) -> Problem:
    name, title = _TITLES.get(status, ("badRequest", "Bad request"))
    return Problem(status, BELGIF + name, title, detail, issues=issues, headers=headers)


def _retry(status: int) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", "2"),) if status == 503 else ()  # noqa: PLR2004


def issues_of(error: ValidationError) -> tuple[Issue, ...]:
    """Give what pydantic found, without the values that it found."""
    found = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in item["loc"])
        kind = {"extra_forbidden": "unknownInput"}.get(item["type"], "schemaViolation")
        found.append(Issue.of(kind, _sentence(item["type"]), name=name))
    return tuple(found)


def _sentence(kind: str) -> str:
    return {
        "extra_forbidden": "This field is not known here. Leave it out.",
        "missing": "This field is required.",
        "json_invalid": "The body is not valid JSON.",
        "string_type": "Must be a text.",
        "string_pattern_mismatch": "Does not have the required form; see the API description.",
        "string_too_long": "Is too long; see the API description.",
        "string_too_short": "Is too short; see the API description.",
        "enum": "Is not one of the codes; see GET /v1/refData.",
        "literal_error": "Is not one of the codes; see the API description.",
    }.get(kind, "Does not have the required type or form; see the API description.")


def _words(kind: str) -> str:
    return {
        "schemaViolation": "Input does not follow the schema",
        "unknownInput": "Unknown input",
        "invalidInput": "Invalid input",
        "referencedResourceNotFound": "Referenced resource not found",
    }[kind]
