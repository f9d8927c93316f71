"""Problem documents (RFC 9457) in Belgif's manner: what happened, what to do next, no personal value."""

import re
from dataclasses import dataclass

import asyncpg
import msgspec
from pydantic import ValidationError
from starlette.responses import Response

from handover.access.denials import Denial, MissingScope, NoToken
from handover.domain import refusals
from handover.domain.agreeing import AgreementOverlaps
from handover.platform.ids import new_id
from handover.record.handle import Contended, KeyReused
from handover.record.lookups import SsinReplaced
from handover.record.once import InFlight

BELGIF = "urn:problem-type:belgif:"
CBSS = "urn:problem-type:cbss:"
OWN = "urn:problem-type:handover:"
_HELP = "https://www.belgif.be/specification/rest/api-guide/#standardized-problem-types"

STATUS_OF_REFUSAL: dict[type[refusals.Refusal], tuple[int, str]] = {
    refusals.Unseen: (404, f"{BELGIF}resourceNotFound"),
    refusals.NotPermitted: (403, f"{BELGIF}missingPermission"),
    refusals.BreakGlassNeeded: (403, f"{OWN}breakGlassNeeded"),
    refusals.UnknownThread: (404, f"{BELGIF}resourceNotFound"),
    refusals.WrongParty: (403, f"{BELGIF}missingPermission"),
    refusals.InvitationNeeded: (403, f"{BELGIF}missingPermission"),
    refusals.PurposeNotAllowed: (403, f"{OWN}purposeNotAllowed"),
    refusals.LegalBasisEnded: (403, f"{OWN}legalBasisEnded"),
    refusals.MandateMissing: (403, f"{OWN}mandateMissing"),
    refusals.FourEyes: (403, f"{OWN}fourEyes"),
    refusals.OutsideRegime: (409, f"{OWN}outsideRegime"),
    refusals.NoPriorityLine: (409, f"{OWN}noPriorityLine"),
    refusals.NotTakenBack: (409, f"{OWN}notTakenBack"),
    refusals.DossierMerged: (409, f"{OWN}dossierMerged"),
    AgreementOverlaps: (409, f"{OWN}agreementOverlaps"),
    refusals.SsinTaken: (409, f"{OWN}ssinTaken"),
    refusals.WrongState: (409, f"{OWN}wrongState"),
    refusals.DossierClosed: (409, f"{OWN}dossierClosed"),
    refusals.DossierBusy: (409, f"{OWN}dossierBusy"),
    refusals.IdentityMismatch: (409, f"{OWN}identityMismatch"),
    refusals.StaleVersion: (412, f"{OWN}staleVersion"),
    InFlight: (409, f"{OWN}requestInFlight"),
    KeyReused: (422, f"{OWN}idempotencyKeyReused"),
    Contended: (503, f"{BELGIF}serviceUnavailable"),
}
"""The domain knows no HTTP; here each of its refusals gets a status and a type."""

_TITLES = {
    400: (f"{BELGIF}badRequest", "Bad request"),
    404: (f"{BELGIF}resourceNotFound", "Not found"),
    405: (f"{OWN}methodNotAllowed", "Method not allowed"),
    406: (f"{OWN}notAcceptable", "Not acceptable"),
    413: (f"{BELGIF}payloadTooLarge", "Body too large"),
    415: (f"{OWN}unsupportedMediaType", "Unsupported media type"),
    429: (f"{BELGIF}tooManyRequests", "Too many requests"),
    500: (f"{BELGIF}internalServerError", "Internal error"),
    502: (f"{BELGIF}badGateway", "Bad gateway"),
    503: (f"{BELGIF}serviceUnavailable", "Service unavailable"),
}
"""Belgif names no type for 405, 406 and 415; inventing one in its namespace would mislead its tools."""

_DATABASE_AWAY = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidTransactionStateError,
    OSError,
    TimeoutError,
)
"""Errors that pass: nothing was recorded, or the same Idempotency-Key tells that it was."""


class Issue(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing wrong with the input: where, and what to do. It never repeats the value.

    `replaced_by` is the number that holds now, where a national number was replaced (type `replacedSsin`).
    """

    type: str
    title: str
    detail: str
    where: str = msgspec.field(name="in")
    name: str = ""
    replaced_by: str = ""

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

    def response(self, instance: str = "") -> Response:
        """Give the answer; `instance` (new each time) is what the log holds of a failure."""
        document: dict[str, object] = {
            "type": self.type,
            "href": _HELP,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:uuid:{instance or new_id()}",
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


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911 - one line a kind of error
    """Give the problem that an exception is; an unknown one is an internal error, without its words."""
    match error:
        case BadInput():
            return _plain(400, "The request holds input that cannot be used; see issues.", issues=error.issues)
        case refusals.InvalidField():
            kind = "referencedResourceNotFound" if error.unknown_reference else "invalidInput"
            issue = Issue.of(kind, error.detail, name=error.field)
            return _plain(400, "The request holds input that cannot be used; see issues.", issues=(issue,))
        case SsinReplaced():
            # Who holds an old number must learn the new one, or the two systems never meet again (MAGDA does the same).
            issue = Issue(
                type=f"{CBSS}input-validation:replacedSsin",
                title=error.title,
                detail=error.detail,
                where="body",
                name="ssin",
                replaced_by=error.replaced_by,
            )
            return _plain(400, "The request holds input that cannot be used; see issues.", issues=(issue,))
        case refusals.Refusal():
            status, kind = STATUS_OF_REFUSAL[type(error)]
            return Problem(status, kind, error.title, error.detail, headers=_retry(status))
        case Denial():
            scopes = error.required_scopes if isinstance(error, MissingScope) else ()
            headers = _retry(error.status)
            if error.status == 401:  # noqa: PLR2004
                headers = (("WWW-Authenticate", _challenge(error)),)
            return Problem(
                error.status,
                BELGIF + error.name,
                error.title,
                str(error),
                required_scopes=scopes,
                headers=headers,
            )
        case HttpProblem():
            return _plain(error.status, error.detail, headers=tuple(error.headers.items()))
        # asyncpg says with a ValueError that we passed it something unfit: our mistake, which no retry mends.
        case error if isinstance(error, _DATABASE_AWAY) and not isinstance(error, ValueError):
            detail = "The database does not answer. Try again with the same Idempotency-Key."
            return _plain(503, detail, headers=_retry(503))
        case _:
            return _plain(500, "Something went wrong here. Try again; if it stays, quote the instance.")


def _plain(
    status: int, detail: str, *, issues: tuple[Issue, ...] = (), headers: tuple[tuple[str, str], ...] = ()
) -> Problem:
    kind, title = _TITLES.get(status, _TITLES[400])
    return Problem(status, kind, title, detail, issues=issues, headers=headers)


def _challenge(error: Denial) -> str:
    """RFC 6750, section 3.1: a request without a token gets no error code."""
    return "Bearer" if isinstance(error, NoToken) else 'Bearer error="invalid_token"'


def _retry(status: int) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", "2"),) if status == 503 else ()  # noqa: PLR2004


def issues_of(error: ValidationError) -> tuple[Issue, ...]:
    """Give what pydantic found, without the values that it found."""
    found = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        kind = {"extra_forbidden": "unknownInput"}.get(item["type"], "schemaViolation")
        found.append(Issue.of(kind, _sentence(item["type"]), name=_place(item["loc"])))
    return tuple(found)


def _place(location: tuple[int | str, ...]) -> str:
    """Write where something is as `items[0].sequence`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{plain_name(part)}" for part in location)
    return "".join(parts).removeprefix(".")


def plain_name(name: str) -> str:
    """Give a name that the caller made up as it may be repeated: a plain word, never a number; else `?`."""
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "?"


def _sentence(kind: str) -> str:
    return {
        "extra_forbidden": "This field is not known here. Leave it out.",
        "missing": "This field is required.",
        "null": "Leave the field out instead of sending null.",
        "json_invalid": "The body is not valid JSON in UTF-8, or nested too deep.",
        "string_type": "Must be a text.",
        "string_pattern_mismatch": "Does not have the required form; see the API description.",
        "string_too_long": "Is too long; see the API description.",
        "string_too_short": "Is too short; see the API description.",
        "enum": "Is not one of the codes; see GET /v1/refData.",
        "literal_error": "Is not one of the codes; see the API description.",
        "out_of_reach": OUT_OF_REACH,
        "timezone_aware": "Give a moment with its offset, such as 2026-11-01T00:00:00Z.",
    }.get(kind, "Does not have the required type or form; see the API description.")


OUT_OF_REACH = "Give a date between 1900 and 2199."


def _words(kind: str) -> str:
    return {
        "schemaViolation": "Input does not follow the schema",
        "unknownInput": "Unknown input",
        "invalidInput": "Invalid input",
        "referencedResourceNotFound": "Referenced resource not found",
    }[kind]
