"""The API description: what FastAPI knows, the events that it does not, webhooks; and a 3.0.3 rendering of it.

Committed under `openapi/`; `make check` fails when it differs from the code.
"""

from copy import deepcopy
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from handover.domain.kinds import EVENT_TYPES
from handover.web.api import models

_BODIES = (
    models.DossierOpening,
    models.DossierSearch,
    models.SubscriptionCreation,
    models.SubscriptionChange,
    models.Resend,
    models.Replay,
    models.Seen,
    models.Problem,
)
_PREFIX = "#/components/schemas/"


def describe(app: FastAPI) -> None:
    """Make the application answer this description of itself."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


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
            {"name": "Reference", "description": "Event types, code lists, organisations"},
            {"name": "System", "description": "Health and figures"},
        ],
        servers=[{"url": "/"}],
    )
    found["info"]["license"] = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= _bodies() | _events()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "accessToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT (RFC 9068)",
            "description": "Scopes: dossier:read, dossier:write, subscription:manage.",
        }
    }
    _tidy_operations(found)
    found["webhooks"] = _webhooks()
    return found


def _bodies() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for model in _BODIES:
        schema = model.model_json_schema(ref_template=_PREFIX + "{model}", by_alias=True)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    return schemas


def _events() -> dict[str, Any]:
    """Describe what may be posted: one schema per event type, told apart by `type`."""
    posted = {name: kind for name, kind in EVENT_TYPES.items() if kind.is_posted}
    _, schemas = msgspec.json.schema_components(
        [k.strict for k in posted.values()], ref_template=_PREFIX + "{name}"
    )
    variants, mapping = [], {}
    for name, kind in posted.items():
        data, title = kind.strict.__name__, f"{kind.strict.__name__}Posted"
        properties = schemas[data]["properties"]
        for field, level in kind.visibility.items():
            properties[field] = (
                {"allOf": [properties[field]]} if "$ref" in properties[field] else properties[field]
            )
            properties[field]["x-visibility"] = level.value
        schemas[data]["description"] = " ".join((kind.payload.__doc__ or "").split())
        schemas[title] = {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "data"],
            "properties": {
                "type": {"type": "string", "enum": [name]},
                "threadId": {"type": "string", "format": "uuid"},
                "occurredAt": {"type": "string", "format": "date-time"},
                "data": {"$ref": _PREFIX + data},
            },
            "example": {"type": name, "data": msgspec.json.decode(msgspec.json.encode(kind.rows[0].example))},
        }
        variants.append({"$ref": _PREFIX + title})
        mapping[name] = _PREFIX + title
    schemas["PostedEvent"] = {
        "oneOf": variants,
        "discriminator": {"propertyName": "type", "mapping": mapping},
        "description": "A step. Without threadId it goes to the one thread it can belong to, or opens one.",
    }
    return schemas


def _tidy_operations(found: dict[str, Any]) -> None:
    for path in found["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)


def _webhooks() -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["specversion", "id", "type", "source", "subject", "time", "sequence", "data"],
        "properties": {
            "specversion": {"type": "string", "enum": ["1.0"]},
            "id": {"type": "string", "description": "The event's id, the same on every try"},
            "type": {"type": "string", "enum": sorted(kind.cloud_type for kind in EVENT_TYPES.values())},
            "source": {"type": "string", "format": "uri"},
            "service": {"type": "string", "enum": ["handover"]},
            "subject": {"type": "string", "description": "The dossier's id"},
            "time": {"type": "string", "format": "date-time"},
            "sequence": {"type": "string", "description": "Place in the dossier, zero-padded"},
            "previoussequence": {
                "type": "string",
                "description": "What was sent to you before for this dossier",
            },
            "correlationid": {"type": "string"},
            "datacontenttype": {"type": "string"},
            "data": {
                "type": "object",
                "required": ["dossierId", "eventId", "type", "href"],
                "properties": {
                    "dossierId": {"type": "string", "format": "uuid"},
                    "eventId": {"type": "string", "format": "uuid"},
                    "threadId": {"type": "string", "format": "uuid"},
                    "type": {"type": "string"},
                    "sequence": {"type": "integer"},
                    "organisation": {"type": "string"},
                    "href": {"type": "string", "format": "uri", "description": "Read the event here"},
                },
            },
        },
    }
    header = {"required": True, "schema": {"type": "string"}, "in": "header"}
    return {
        "dossierEvent": {
            "post": {
                "operationId": "receiveDossierEvent",
                "summary": "A step in one of your dossiers",
                "description": "Signed after Standard Webhooks (v1). Answer 2xx within 15 seconds.",
                "tags": ["Subscriptions"],
                "parameters": [
                    header | {"name": "webhook-id"},
                    header | {"name": "webhook-timestamp"},
                    header | {"name": "webhook-signature"},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/cloudevents+json": {"schema": body}},
                },
                "responses": {"204": {"description": "Received"}},
            }
        }
    }


def as_3_0(document_3_1: dict[str, Any]) -> dict[str, Any]:
    """Render the document in OpenAPI 3.0.3, which is what Belgif's validator reads."""
    found = deepcopy(document_3_1)
    found["openapi"] = "3.0.3"
    found["x-webhooks"] = found.pop("webhooks", {})
    found["info"]["license"] = {"name": "EUPL-1.2"}
    rendered: dict[str, Any] = _render(found)
    return rendered


def _render(node: Any) -> Any:  # noqa: ANN401 - a JSON document
    if isinstance(node, list):
        return [_render(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _render(value) for key, value in node.items()}
    for several in ("anyOf", "oneOf"):
        options = node.get(several)
        if isinstance(options, list) and {"type": "null"} in options:
            left = [option for option in options if option != {"type": "null"}]
            del node[several]
            node["nullable"] = True
            if len(left) == 1 and "$ref" not in left[0]:
                node = left[0] | node
            elif len(left) == 1:
                node["allOf"] = left
            else:
                node[several] = left
    if "const" in node and "properties" not in node:
        node["enum"] = [node.pop("const")]
    if isinstance(node.get("examples"), list):
        node["example"] = node.pop("examples")[0]
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        limit = node.get(flag)
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            node[bound], node[flag] = limit, True
    node.pop("propertyNames", None)
    if isinstance(node.get("prefixItems"), list):
        node["items"] = {}
        del node["prefixItems"]
    if node.get("default", ...) is None:
        del node["default"]
    return node
