"""Reference data: event types with examples, code lists, legal bases; and who takes part."""

import re
from enum import Enum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from handover import domain
from handover.adapters.vdab.reasons import MEANS, VdabReason
from handover.domain.codes import Coded
from handover.domain.codes_training import Instrument
from handover.domain.kinds import EVENT_TYPES, EventType
from handover.domain.parties import Counsellor, Organisation
from handover.domain.policy import Task
from handover.domain.threads import By, Transition
from handover.domain.training_guide import GUIDE, Explained
from handover.web.answers import LINKED, answer, collection, without_nulls
from handover.web.api.describing import PROBLEMS, gives, scope
from handover.web.api.reference_views import (
    CodeLists,
    Codes,
    Counsellors,
    CounsellorView,
    EventTypes,
    LegalBases,
    Organisations,
    OrganisationView,
    TrainingGuide,
)
from handover.web.asking import refuse_unknown_query
from handover.web.needs import Services, services_of
from handover.web.problems import HttpProblem
from handover.web.visits import visit

router = APIRouter(prefix="/v1", tags=["Reference"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
_PUBLIC = {"Cache-Control": "private, max-age=300", **LINKED}


def list_name(kind: type[Coded]) -> str:
    """Give the name of a code list: `RejectionReason` is served as `rejectionReasons`."""
    name = kind.__name__[0].lower() + kind.__name__[1:]
    plural = re.sub(r"y$", "ies", name) if re.search(r"[^aeiou]y$", name) else name
    return plural if plural != name or name.endswith("s") else name + "s"


CODE_LISTS: dict[str, type[Coded]] = {
    list_name(kind): kind
    for found in iter_modules(domain.__path__)
    if found.name.startswith("codes")
    for kind in vars(import_module(f"{domain.__name__}.{found.name}")).values()
    if isinstance(kind, type) and issubclass(kind, Coded) and kind is not Coded
} | {"vdabReasons": VdabReason}


@router.get(
    "/refData/eventTypes",
    operation_id="listEventTypes",
    summary="List what may be posted, when and by whom",
    responses={200: gives(EventTypes, "Event types, each with an example that can be posted")},
    openapi_extra=scope("dossier:read"),
)
async def list_event_types(request: Request) -> Response:
    """Give every event type: its thread kind, from, to, who may post it, required fields, an example."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    base = services_of(request).settings.base_url
    items = [
        msgspec.json.encode(entry | {"href": f"{base}/v1/refData/eventTypes#{entry['type']}"})
        for entry in event_types()
    ]
    return answer(collection(items, f"{base}/v1/refData/eventTypes", total=len(items)), headers=_PUBLIC)


@cache
def event_types() -> tuple[dict[str, object], ...]:
    """Give the table of tables: one entry per row of each kind."""
    return tuple(_entry(kind, row) for kind in EVENT_TYPES.values() for row in kind.rows)


def _entry(kind: EventType, row: Transition) -> dict[str, object]:
    fields = msgspec.structs.fields(kind.payload)
    entry: dict[str, object] = {
        "type": kind.name,
        "threadKind": kind.kind.name,
        "from": _from(row),
        "to": _to(row),
        "by": row.by,
        "required": [field.encode_name for field in fields if field.required],
        "optional": [field.encode_name for field in fields if not field.required],
        "visibility": {name: level.value for name, level in kind.visibility.items()},
        "turn": row.turn.value,
        "example": msgspec.json.decode(msgspec.json.encode(row.example)),
        "posted": row.by is not By.SYSTEM,
        "description": " ".join((kind.payload.__doc__ or "").split()),
    }
    if row.topic:
        entry["topic"] = row.topic
        entry["opensWith"] = [f"{kind.kind.name}.{r.name}" for r in kind.kind.table if r.topic == row.topic and r.opens]
    if row.due.name:
        entry["due"] = row.due.name
    if row.after:
        entry["after"] = [f"{kind.kind.name}.{name}" for name in row.after]
    if row.when:
        entry["when"] = row.when.name
    if row.guards:
        entry["guards"] = [guard.name for guard in row.guards]
    if row.everywhere:
        entry["everyThread"] = True
    return entry


def _from(row: Transition) -> list[str]:
    if row.on_dossier:
        return ["closed"] if row.on_closed else [] if row.name == "opened" else ["open"]
    return [status.value for status in row.starts]


def _to(row: Transition) -> str:
    if row.on_dossier:
        return "closed" if row.name == "closed" else "open"
    return row.to.value


@router.get(
    "/refData/legalBases",
    operation_id="listLegalBases",
    summary="List the legal bases an exchange may rest on",
    responses={200: gives(LegalBases, "Protocols and deliberations")},
    openapi_extra=scope("dossier:read"),
)
async def list_legal_bases(request: Request) -> Response:
    """Give each published protocol or deliberation with the purposes it allows."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    here = f"{services.settings.base_url}/v1/refData/legalBases"
    items = [
        msgspec.json.encode(
            without_nulls(
                {
                    "legalBasisId": basis.legal_basis_id,
                    "title": basis.title,
                    "reference": basis.reference,
                    "purposes": sorted(str(p) for p in basis.purposes),
                    "validFrom": basis.valid_from,
                    "validUntil": basis.valid_until,
                    "href": f"{here}#{basis.legal_basis_id}",
                }
            )
        )
        for basis in services.directory_now().legal_bases.values()
    ]
    return answer(collection(items, here, total=len(items)), headers=_PUBLIC)


@router.get(
    "/refData/trainingGuide",
    operation_id="readTrainingGuide",
    summary="What each training instrument is and who it suits",
    responses={200: gives(TrainingGuide, "Each instrument in everyday Dutch and English")},
    openapi_extra=scope("dossier:read"),
)
async def read_training_guide(request: Request) -> Response:
    """Give, for each instrument, what it is, who it suits, what it ends in and what to ask first."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    here = f"{services_of(request).settings.base_url}/v1/refData/trainingGuide"
    items = [
        msgspec.json.encode(
            {
                "instrument": str(instrument),
                "label": labels(instrument),
                "explained": {language: _explained(GUIDE[language][instrument]) for language in GUIDE},
                "href": f"{here}#{instrument}",
            }
        )
        for instrument in Instrument
    ]
    return answer(collection(items, here, total=len(items)), headers=_PUBLIC)


def _explained(one: Explained) -> dict[str, str]:
    return {"what": one.what, "suits": one.suits, "endsIn": one.ends_in, "ask": one.ask}


@router.get(
    "/refData",
    operation_id="listCodeLists",
    summary="List the code lists",
    responses={200: gives(CodeLists, "Code lists")},
    openapi_extra=scope("dossier:read"),
)
async def list_code_lists(request: Request) -> Response:
    """Give the address of every code list."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    here = f"{services_of(request).settings.base_url}/v1/refData"
    names = ["eventTypes", "legalBases", "answerTimes", "trainingGuide", *sorted(CODE_LISTS)]
    items = [msgspec.json.encode({"name": name, "href": f"{here}/{name}"}) for name in names]
    return answer(collection(items, here, total=len(items)), headers=_PUBLIC)


@router.get(
    "/refData/{codeList}",
    operation_id="readCodeList",
    summary="Read a code list",
    responses={200: gives(Codes, "Codes with their labels in Dutch, French, German and English")},
    openapi_extra=scope("dossier:read"),
)
async def read_code_list(request: Request, codeList: str) -> Response:  # noqa: N803 - the name in the path
    """Give the codes of a list, each with its words."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    kind = CODE_LISTS.get(codeList)
    if kind is None:
        raise HttpProblem(404, "No such code list. See GET /v1/refData.")
    here = f"{services_of(request).settings.base_url}/v1/refData/{codeList}"
    items = [msgspec.json.encode(_code(services_of(request), code, f"{here}#{code}")) for code in kind]
    return answer(collection(items, here, total=len(items)), headers=_PUBLIC)


def _code(services: Services, code: Coded, href: str) -> dict[str, object]:
    found: dict[str, object] = {"code": str(code), "label": labels(code), "href": href}
    if isinstance(code, VdabReason):
        means = MEANS[code]
        found["means"] = f"{services.settings.base_url}/v1/refData/{list_name(type(means))}#{means}"
    return found


def labels(code: Enum) -> dict[str, str]:
    """Give a code's words by language."""
    return {language: getattr(code, language) for language in ("nl", "fr", "de", "en")}


@router.get(
    "/organisations",
    operation_id="listOrganisations",
    summary="List the organisations that take part",
    responses={200: gives(Organisations, "Organisations")},
    openapi_extra=scope("dossier:read"),
)
async def list_organisations(request: Request) -> Response:
    """Give every organisation with whom to call."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    found = sorted(services.directory_now().organisations.values(), key=lambda o: o.organisation_id)
    items = [msgspec.json.encode(_organisation(services, one)) for one in found]
    return answer(collection(items, _organisations(services), total=len(items)))


@router.get(
    "/organisations/{organisationId}",
    operation_id="readOrganisation",
    summary="Read an organisation",
    responses={200: gives(OrganisationView, "The organisation")},
    openapi_extra=scope("dossier:read"),
)
async def read_organisation(request: Request, organisationId: str) -> Response:  # noqa: N803 - the name in the path
    """Give one organisation with whom to call."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    return answer(_organisation(services, _known(services, organisationId)))


@router.get(
    "/organisations/{organisationId}/counsellors",
    operation_id="listCounsellors",
    summary="List an organisation's counsellors",
    responses={200: gives(Counsellors, "Counsellors")},
    openapi_extra=scope("dossier:read"),
)
async def list_counsellors(request: Request, organisationId: str) -> Response:  # noqa: N803 - the name in the path
    """Give who works there, in which team, and how to reach them."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    own = _known(services, organisationId).organisation_id
    found = [c for c in services.directory_now().counsellors.values() if c.organisation_id == own]
    items = [msgspec.json.encode(_counsellor(services, one)) for one in sorted(found, key=lambda c: c.counsellor_id)]
    return answer(collection(items, f"{_organisations(services)}/{own}/counsellors", total=len(items)))


@router.get(
    "/organisations/{organisationId}/counsellors/{counsellorId}",
    operation_id="readCounsellor",
    summary="Read a counsellor",
    responses={200: gives(CounsellorView, "The counsellor")},
    openapi_extra=scope("dossier:read"),
)
async def read_counsellor(
    request: Request,
    organisationId: str,  # noqa: N803 - the name in the path
    counsellorId: str,  # noqa: N803 - the name in the path
) -> Response:
    """Give one counsellor, their team and how to reach them."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    own = _known(services, organisationId).organisation_id
    found = services.directory_now().counsellor_of(own, counsellorId)
    if found is None:
        raise HttpProblem(404, "No such counsellor there. See GET /v1/organisations/{organisationId}/counsellors.")
    return answer(_counsellor(services, found))


def _organisations(services: Services) -> str:
    return f"{services.settings.base_url}/v1/organisations"


def _known(services: Services, organisation_id: str) -> Organisation:
    found = services.directory_now().organisations.get(organisation_id)
    if found is None:
        raise HttpProblem(404, "No such organisation. See GET /v1/organisations.")
    return found


def _organisation(services: Services, one: Organisation) -> dict[str, str]:
    href = f"{_organisations(services)}/{one.organisation_id}"
    return {
        "organisationId": one.organisation_id,
        "kind": one.kind,
        "enterpriseNumber": one.enterprise_number,
        "name": one.name,
        **_given(phone=one.phone, email=one.email, coordinator=one.coordinator),
        "href": href,
        "counsellors": f"{href}/counsellors",
    }


def _counsellor(services: Services, one: Counsellor) -> dict[str, str]:
    return {
        "counsellorId": one.counsellor_id,
        "organisation": one.organisation_id,
        "name": one.name,
        **_given(team=one.team, function=one.function, phone=one.phone, email=one.email),
        "href": f"{_organisations(services)}/{one.organisation_id}/counsellors/{one.counsellor_id}",
    }


def _given(**fields: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}
