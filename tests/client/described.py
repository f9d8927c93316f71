"""The description as a counterpart: it says whether a request is one that it describes, and answers its example."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from tests.client.generate import document
from tests.web.test_openapi import faults

Json = Any
DOCUMENT = document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {o["operationId"]: (path, m, o) for path, item in DOCUMENT["paths"].items() for m, o in item.items()}
PREFIX = "#/components/schemas/"
_VALUES = {"integer": 7, "number": 1.5, "boolean": True, "string": "voorbeeld"} | {
    "date": "2026-11-16",
    "date-time": "2026-11-16T09:30:00Z",
}


@dataclass
class Asked:
    """A request as the description sees it."""

    operation_id: str
    query: Mapping[str, list[str]]
    headers: httpx.Headers
    body: Json = None
    wrong: list[str] = field(default_factory=list)


@dataclass
class Described:
    """Answers every request as the description says that it is answered, and keeps what was asked."""

    asked: list[Asked] = field(default_factory=list)

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        operation_id, path, operation = _operation(request)
        query = parse_qs(request.url.query.decode(), keep_blank_values=True)
        asked = Asked(operation_id, query, request.headers, json.loads(request.content) if request.content else None)
        self.asked.append(asked)
        parameters = operation.get("parameters", ())
        known = {p["name"]: p for p in parameters if p["in"] == "query"}
        asked.wrong += [f"unknown query parameter {name}" for name in query.keys() - known.keys()]
        for parameter in parameters:
            asked.wrong += _faults_of_parameter(parameter, path, request, query)
        described = operation.get("requestBody")
        if described:
            schema = described["content"][request.headers["content-type"]]["schema"]
            asked.wrong += faults(DOCUMENT, schema, asked.body)
        elif request.content:
            asked.wrong.append("a body that is not described")
        return _example(operation)


def _operation(request: httpx.Request) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Find what is asked; a path without parameters goes before one with."""
    for path, method, operation in sorted(OPERATIONS.values(), key=lambda found: found[0].count("{")):
        form = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        found = re.fullmatch(form, request.url.path)
        if found and method.upper() == request.method:
            return operation["operationId"], found.groupdict(), operation
    raise AssertionError(f"not described: {request.method} {request.url.path}")


def _faults_of_parameter(
    parameter: dict[str, Any], path: Mapping[str, str], request: httpx.Request, query: Mapping[str, list[str]]
) -> list[str]:
    name, schema = parameter["name"], parameter["schema"]
    given = {"path": path.get(name), "header": request.headers.get(name), "query": query.get(name)}[parameter["in"]]
    if given is None:
        return [f"{name} is required"] if parameter.get("required") else []
    if schema.get("type") == "array":
        return faults(DOCUMENT, schema, given)
    text = given[0] if isinstance(given, list) else given
    value = json.loads(text) if schema.get("type") in {"integer", "boolean"} else text
    return [f"{name}: {fault}" for fault in faults(DOCUMENT, schema, value)]


def _example(operation: dict[str, Any]) -> httpx.Response:
    status, described = next((int(s), a) for s, a in operation["responses"].items() if s.startswith("2"))
    for kind, media in described.get("content", {}).items():
        if "json" in kind:
            return httpx.Response(status, content=json.dumps(media["example"]), headers={"Content-Type": kind})
        return httpx.Response(status, content=b"example", headers={"Content-Type": kind})
    return httpx.Response(status)


def full(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Json:
    """Give a value with everything in it that a schema knows, nothing as it is when left out."""
    schema = schema.get("allOf", schema.get("anyOf", [schema]))[0]
    schema = schemas[schema["$ref"].removeprefix(PREFIX)] if "$ref" in schema else schema
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: full(inner, schemas) for name, inner in schema["properties"].items()}
        case "object":
            inner = schema.get("additionalProperties", True)
            return {"one": 1 if inner is True else full(inner, schemas)}
        case "array":
            return [full(schema["items"], schemas)]
    return _VALUES[schema.get("format", "") if schema.get("format") in _VALUES else schema["type"]]
