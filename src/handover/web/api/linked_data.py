"""What our JSON means as linked data: a JSON-LD context, to which answers refer with a `Link` header.

Source: JSON-LD 1.1, section 6.1 (*Interpreting JSON as JSON-LD*), and the vocabularies of OSLO (`dossier`, `person`,
`org`, `toestemming`) with `prov` for a step. Names that those do not have are ours, and stand in `/v1/profile`; codes
are under their code list.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from handover.domain.codes import Coded
from handover.domain.kinds import EVENT_TYPES
from handover.web.answers import LINKED_MEDIA_TYPE
from handover.web.api.describing import PROBLEMS
from handover.web.api.reference import list_name
from handover.web.needs import services_of

router = APIRouter(prefix="/v1", tags=["Reference"], responses=PROBLEMS)
_PREFIXES: Final = {
    "dossier": "https://data.vlaanderen.be/ns/dossier#",
    "toestemming": "https://data.vlaanderen.be/ns/toestemming#",
    "person": "http://www.w3.org/ns/person#",
    "org": "http://www.w3.org/ns/org#",
    "prov": "http://www.w3.org/ns/prov#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "https://schema.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_OWN: Final[tuple[tuple[str, str, dict[str, object]], ...]] = (
    ("inDossier", "The client dossier that a step or a thread belongs to.", {"rdfs:range": {"@id": "dossier:Dossier"}}),
    ("data", "What was said in a step; its fields depend on its type.", {"rdfs:domain": {"@id": "prov:Activity"}}),
    ("actor", "Who did it for the organisation: a counsellor, or its software.", {"rdfs:range": {"@id": "prov:Agent"}}),
    ("targetGroup", "Who the client is for the cooperation; decides who directs.", {}),
    ("capacity", "In which capacity an organisation knows the client.", {}),
    ("threads", "What a step made of the processes that it touched: status, whose turn it is, until when.", {}),
)
_DAY, _MOMENT = "xsd:date", "xsd:dateTime"
_LANGUAGES = ("nl", "fr", "de", "en")


def _gives(what: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": what, "content": {LINKED_MEDIA_TYPE: {"schema": {"type": "object"}}}}}


@router.get(
    "/context.jsonld",
    operation_id="readContext",
    summary="What the JSON of this service means, as a JSON-LD context",
    response_class=Response,
    responses=_gives("A JSON-LD context"),
)
async def read_context(request: Request) -> Response:
    """Give the context; it holds nothing of anyone, and anybody may read it."""
    return _answer(_context(services_of(request).settings.base_url))


@router.get(
    "/profile",
    operation_id="readProfile",
    summary="The classes and properties of this service beside those of OSLO, as JSON-LD",
    response_class=Response,
    responses=_gives("What each name of ours means"),
)
async def read_profile(request: Request) -> Response:
    """Give the profile; it holds nothing of anyone, and anybody may read it."""
    return _answer(_profile(services_of(request).settings.base_url))


def _answer(body: bytes) -> Response:
    return Response(body, 200, {"Cache-Control": "public, max-age=3600"}, LINKED_MEDIA_TYPE)


@cache
def _context(base_url: str) -> bytes:
    return msgspec.json.encode({"@context": context(base_url)})


@cache
def _profile(base_url: str) -> bytes:
    return msgspec.json.encode(profile(base_url))


def profile(base_url: str) -> dict[str, object]:
    """Give our own names, each beside what it is in the vocabularies of others."""
    own = f"{base_url}/v1/profile#"
    steps: list[dict[str, object]] = [
        {
            "@id": f"{base_url}/v1/refData/eventTypes#{name}",
            "@type": "rdfs:Class",
            "rdfs:subClassOf": {"@id": "prov:Activity"},
            "rdfs:comment": {"@language": "en", "@value": " ".join((kind.payload.__doc__ or "").split())},
        }
        for name, kind in EVENT_TYPES.items()
    ]
    properties: list[dict[str, object]] = [
        {"@id": f"{own}{name}", "@type": "rdf:Property", "rdfs:comment": {"@language": "en", "@value": comment}, **more}
        for name, comment, more in _OWN
    ]
    return {
        "@context": _PREFIXES,
        "@id": f"{base_url}/v1/profile",
        "dct:title": {"@language": "en", "@value": "Warm handover between OCMW and VDAB"},
        "@graph": [*properties, *steps],
    }


def context(base_url: str) -> dict[str, object]:
    """Give the context of a service at this address."""
    lists, own = f"{base_url}/v1/refData/", f"{base_url}/v1/profile#"

    def coded(name: str, values: str) -> dict[str, object]:
        return {"@id": name, "@type": "@vocab", "@context": {"@vocab": f"{lists}{values}#"}}

    def known(name: str, collection: str) -> dict[str, object]:
        return {"@id": name, "@type": "@vocab", "@context": {"@vocab": f"{base_url}/v1/{collection}/"}}

    terms: dict[str, object] = {
        "@version": 1.1,
        **_PREFIXES,
        "@vocab": own,
        "href": "@id",
        "type": "@type",
        "items": "@graph",
        "self": None,
        "next": None,
        "total": None,
        # A dossier, and who is in it.
        "dossierId": known("inDossier", "dossiers"),
        "client": {"@id": "dct:subject", "@context": {"type": None}},
        "givenName": "foaf:givenName",
        "familyName": "foaf:familyName",
        "birthDate": {"@id": "schema:birthDate", "@type": _DAY},
        "openedAt": {"@id": "dct:created", "@type": _MOMENT},
        "changedAt": {"@id": "dct:modified", "@type": _MOMENT},
        "targetGroup": coded("targetGroup", "targetGroups"),
        "capacity": coded("capacity", "capacities"),
        "legalBasisId": coded("toestemming:verwerkingsgrond", "legalBases"),
        "organisation": known("prov:wasAssociatedWith", "organisations"),
        # A step.
        "eventId": "dct:identifier",
        "sequence": "schema:position",
        "occurredAt": {"@id": "prov:endedAtTime", "@type": _MOMENT},
        "recordedAt": {"@id": "dct:issued", "@type": _MOMENT},
        "actor": {"@id": "actor", "@context": {"name": "foaf:name"}},
        # A code.
        "code": "skos:notation",
        "label": {"@id": "skos:prefLabel", "@container": "@language"},
        "means": {"@id": "skos:exactMatch", "@type": "@id"},
    }
    for name, event_type in EVENT_TYPES.items():
        data = {"@id": "data", "@context": dict(_fields(event_type.payload, lists))}
        terms[name] = {"@id": f"{lists}eventTypes#{name}", "@context": {"data": data}}
    return terms


def _fields(payload: type[msgspec.Struct], lists: str) -> Iterable[tuple[str, object]]:
    """Give the terms of fields that hold a code, a day or a moment, at every depth; all others are plain values."""
    for field in msgspec.structs.fields(payload):
        for kind in _kinds(field.type):
            found: dict[str, object] | None = None
            if issubclass(kind, Coded):
                found = {"@type": "@vocab", "@context": {"@vocab": f"{lists}{list_name(kind)}#"}}
            elif issubclass(kind, Enum):
                continue
            elif issubclass(kind, datetime):
                found = {"@type": _MOMENT}
            elif issubclass(kind, date):
                found = {"@type": _DAY}
            elif issubclass(kind, msgspec.Struct):
                found = {"@context": dict(_fields(kind, lists))}
            if found is not None:
                yield field.encode_name, {"@id": field.encode_name, **found}


def _kinds(annotation: Any) -> Iterable[type]:  # noqa: ANN401 - what a field may be annotated with
    """Give the classes that a field's annotation names, through `Annotated`, unions and tuples."""
    origin = get_origin(annotation)
    if origin is None:
        if isinstance(annotation, type):
            yield annotation
        return
    inner = get_args(annotation)
    for one in inner if origin in {Union, UnionType, tuple, list} else inner[:1]:
        yield from _kinds(one)
