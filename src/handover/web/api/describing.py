"""How routes describe themselves: problems everywhere, bodies and headers that FastAPI does not see."""

from typing import Any

from pydantic import BaseModel

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem document",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same for every try of this request; kept for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100},
}
MATCH_HEADER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": 'ETag of what you read: its `version` in quotes ("7"). Refused with 412 when it changed since.',
    "schema": {"type": "string"},
}


def scope(name: str) -> dict[str, Any]:
    """Say which scope an operation needs."""
    return {"security": [{"accessToken": [name]}]}


def takes(model: type[BaseModel] | str, *, scope_name: str, headers: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Describe the JSON body of an operation, its scope and its headers."""
    name = model if isinstance(model, str) else model.__name__
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
        },
        "parameters": list(headers),
        **scope(scope_name),
    }


def gives(model: type[BaseModel], description: str) -> dict[str, Any]:
    """Describe an answer."""
    return {"model": model, "description": description}
