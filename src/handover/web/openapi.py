"""The API description: what FastAPI knows, the events that it does not, webhooks.

Committed under `openapi/`, together with a rendering in 3.0.3 and the events alone in AsyncAPI; a test fails when they
differ from the code.
"""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from handover.domain import agreeing, offers
from handover.domain.kinds import EVENT_TYPES
from handover.web.api import access_views, identification, inbound_views, models
from handover.web.asyncapi import as_asyncapi
from handover.web.openapi_3_0 import as_3_0
from handover.web.openapi_webhooks import webhook_schemas, webhooks
from handover.web.schemas import PREFIX, example_of, tidied

__all__ = ["as_3_0", "as_asyncapi", "describe", "document"]

_BODIES = (
    models.DossierOpening,
    models.DossierSearch,
    identification.PersonToIdentify,
    models.SsinReplacement,
    models.DossierMerge,
    models.SubscriptionCreation,
    models.SubscriptionChange,
    models.Resend,
    models.Skip,
    models.Replay,
    models.Seen,
    models.Problem,
    access_views.BreakGlassOpening,
    inbound_views.VdabEvent,
)


AGREEMENT_EXAMPLE = {
    "ocmw": "ocmw-lindedal",
    "vdab": "vdab",
    "validFrom": "2027-01-01",
    "terms": {
        "vdabDesk": {
            "fixedContact": "vdab.bemiddelaar-1",
            "substitute": "vdab.bemiddelaar-2",
            "absences": [{"first": "2027-07-05", "last": "2027-07-30"}],
            "coordinator": "vdab.coordinator",
        },
        "answerTimes": {"handover.received": 3},
        "priorityLine": {"vdabContact": "vdab.bemiddelaar-2", "answerTimes": {"handover.received": 1}},
    },
}


OFFER_EXAMPLE = {
    "kind": "training",
    "title": "Magazijnmedewerker met heftruckattest",
    "description": "Zes weken, met stage. Ook voor wie nog Nederlands leert.",
    "instrument": "vdabCourse",
    "municipalities": [{"nisCode": "44021", "name": "Gent"}],
    "targetGroups": ["livingWage", "jobSeeker"],
    "barriers": ["language"],
    "where": "Opleidingscentrum in de haven",
    "howToApply": "Bel de contactpersoon.",
    "validFrom": "2026-01-01",
}


def describe(app: FastAPI) -> None:
    """Make the application answer this description of itself, and of its events alone."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    async def events() -> Response:
        return JSONResponse(as_asyncapi(app.openapi()))

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_api_route("/doc/asyncapi.json", events, include_in_schema=False)


def document(app: FastAPI) -> dict[str, Any]:
    """Give the OpenAPI 3.1 document."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=app.description,
        routes=app.routes,
        tags=[
            {"name": "Dossiers", "description": "One shared file per client"},
            {"name": "Events", "description": "Steps in a dossier, and an organisation's feed of them"},
            {"name": "Inbox", "description": "What waits for whom"},
            {"name": "Subscriptions", "description": "Webhooks: where events go"},
            {
                "name": "Agreements",
                "description": "What an OCMW and VDAB agreed: contacts, answer times, priority line",
            },
            {"name": "Offers", "description": "Who offers what, where, for whom"},
            {"name": "Log", "description": "Signed checkpoints of everything recorded, and proofs against them"},
            {"name": "Access", "description": "Who looked at what and why they could; opening with a reason"},
            {"name": "Inbound", "description": "What the software of others sends of itself, signed"},
            {"name": "Reference", "description": "Event types, code lists, organisations"},
            {"name": "System", "description": "Health and figures"},
        ],
        servers=[{"url": "/"}],
    )
    found["info"]["license"] = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
    components = found.setdefault("components", {})
    schemas = components.get("schemas", {}) | _bodies() | _events() | webhook_schemas()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["schemas"] = schemas = tidied(schemas)
    components["securitySchemes"] = {
        "accessToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT (RFC 9068)",
            "description": "Scopes: dossier:read, dossier:write, dossier:confidential (others' confidential "
            "fields, for software), subscription:manage, agreement:manage, offer:manage.",
        },
        "webhookSignature": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks, v1a: ed25519 over id.timestamp.body, by a key that we were given.",
        },
    }
    found["paths"] = tidied(found["paths"])
    for path in found["paths"].values():
        for operation in path.values():
            _complete(operation, schemas)
    found["webhooks"] = webhooks()
    # What `data` holds by type, those that the system itself records too; fields withheld from a reader are left out.
    found["x-event-data"] = {name: {"$ref": PREFIX + kind.strict.__name__} for name, kind in EVENT_TYPES.items()}
    return found


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Leave out the answer that FastAPI would give and we do not, and give every JSON body an example."""
    operation["responses"].pop("422", None)
    for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
        for kind, media in holder.get("content", {}).items():
            if "json" in kind and "schema" in media:
                media["example"] = example_of(media["schema"], schemas)


def _bodies() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for model in _BODIES:
        schema = model.model_json_schema(ref_template=PREFIX + "{model}", by_alias=True)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    return schemas


def _events() -> dict[str, Any]:
    """Describe every event's data with the class of each field, and what may be posted, told apart by `type`."""
    kinds = EVENT_TYPES.values()
    _, schemas = msgspec.json.schema_components([k.strict for k in kinds], ref_template=PREFIX + "{name}")
    variants, mapping = [], {}
    for name, kind in EVENT_TYPES.items():
        data, title = kind.strict.__name__, f"{kind.strict.__name__}Posted"
        properties = schemas[data]["properties"]
        for field, level in kind.visibility.items():
            properties[field] = {"allOf": [properties[field]]} if "$ref" in properties[field] else properties[field]
            properties[field]["x-visibility"] = level.value
        schemas[data]["description"] = " ".join((kind.payload.__doc__ or "").split())
        if not kind.is_posted:
            continue
        schemas[title] = {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "data"],
            "properties": {
                "type": {"type": "string", "enum": [name]},
                "threadId": {"type": "string", "format": "uuid"},
                "occurredAt": {"type": "string", "format": "date-time"},
                "data": {"$ref": PREFIX + data},
            },
            "example": {"type": name, "data": msgspec.json.decode(msgspec.json.encode(kind.rows[0].example))},
        }
        variants.append({"$ref": PREFIX + title})
        mapping[name] = PREFIX + title
    for name, struct, example in (
        ("AgreementProposed", agreeing.Proposed, AGREEMENT_EXAMPLE),
        ("OfferProposed", offers.Proposed, OFFER_EXAMPLE),
    ):
        _, written = msgspec.json.schema_components([struct], ref_template=PREFIX + "{name}")
        schemas |= {found: schema for found, schema in written.items() if found != "Proposed"}
        schemas[name] = written["Proposed"] | {"example": example}
    schemas["PostedEvent"] = {
        "oneOf": variants,
        "discriminator": {"propertyName": "type", "mapping": mapping},
        "description": "A step. Without threadId it goes to the one thread it can belong to, or opens one.",
    }
    return schemas
