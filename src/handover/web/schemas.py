"""Walking and tidying the schemas of an API description."""

from collections.abc import Callable, Mapping
from typing import Any

PREFIX = "#/components/schemas/"
_NULL = {"type": "null"}
_NOT_SCHEMAS = frozenset({"example", "examples", "default", "enum", "const", "mapping"})

_UUID = "01a2039f-8f32-7d21-ab59-99e3cbca2aa3"
_VALUES: Mapping[str, Any] = {
    "givenName": "Voorbeeld",
    "familyName": "Een",
    "ssin": "80010100107",
    "birthDate": "1980-01-01",
    "dossierId": _UUID,
    "threadId": "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10",
    "correlationId": "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10",
    "eventId": "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10",
    "subscriptionId": "01a203a1-77e0-7c42-8f6b-0d2c4b6e8f11",
    "version": 7,
    "sequence": 7,
    "organisation": "ocmw-lindedal",
    "organisationId": "ocmw-lindedal",
    "counsellor": "ocmw-lindedal.trajectbegeleider-1",
    "counsellorId": "ocmw-lindedal.trajectbegeleider-1",
    "coordinator": "ocmw-lindedal.coordinator",
    "enterpriseNumber": "0123456749",
    "legalBasisId": "demo-protocol",
    "kind": "handover",
    "type": "handover.requested",
    "lastType": "handover.requested",
    "data": {"receiver": "vdab", "purpose": "guidanceToWork"},
    "cursor": "2f1-7",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "url": "https://casemanagement.example/handover",
    "eventTypes": ["handover.requested"],
    "dueRule": "2 working days",
    "seconds": 0.021,
    "href": f"https://handover.example/v1/dossiers/{_UUID}",
    "self": "https://handover.example/v1/dossiers?pageSize=100",
}
_BY_FORMAT = {"date": "2026-11-16", "date-time": "2026-11-16T09:30:00Z", "uuid": _UUID}
_BY_TYPE: Mapping[str, Any] = {"string": "voorbeeld", "integer": 1, "number": 1.0, "boolean": False}


def mapped(node: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
    """Give the document with `change` applied to each object in it, innermost first, but not to examples."""
    if isinstance(node, list):
        return [mapped(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        if key == "properties":
            # A property may be called `example` or `default`; here the keys are names and no keywords.
            found[key] = {name: mapped(schema, change) for name, schema in value.items()}
        else:
            found[key] = value if key in _NOT_SCHEMAS else mapped(value, change)
    return change(found)


def tidied(node: Any) -> Any:  # noqa: ANN401 - a JSON document
    """Leave null out, which answers never hold and requests need not, and titles made up from names."""
    return mapped(node, _tidied)


def _tidied(node: dict[str, Any]) -> dict[str, Any]:
    for several in ("anyOf", "oneOf"):
        options = node.get(several)
        if not isinstance(options, list) or _NULL not in options:
            continue
        left = [option for option in options if option != _NULL]
        del node[several]
        if len(left) > 1:
            node[several] = left
        elif "$ref" in left[0]:
            node["allOf"] = left
        else:
            node = left[0] | node
    if node.get("default", ...) is None:
        del node["default"]
    if isinstance(node.get("title"), str) and ("type" in node or "allOf" in node or "anyOf" in node):
        del node["title"]
    if node.get("required") == []:
        del node["required"]
    if "$ref" in node and len(node) > 1:
        # Before 3.1, and in JSON Schema before 2019, what stands beside a reference counts for nothing.
        node["allOf"] = [{"$ref": node.pop("$ref")}]
    return node


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:  # noqa: ANN401 - JSON
    """Give an example that the schema accepts; what is called the same has the same value everywhere."""
    for one in ("allOf", "anyOf", "oneOf"):
        schema = schema.get(one, [schema])[0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(PREFIX)], schemas, name)
    if "example" in schema:
        return schema["example"]
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    return _VALUES[name] if name in _VALUES else _plain_example(schema, schemas)


def _plain_example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    if schema.get("type") == "object":
        required = schema.get("required", ())
        return {
            name: example_of(inner, schemas, name)
            for name, inner in schema.get("properties", {}).items()
            if name in required or name in _VALUES
        }
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE[schema.get("type", "string")])
