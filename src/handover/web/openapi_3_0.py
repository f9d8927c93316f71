"""The API description in OpenAPI 3.0.3, which is what Belgif's validator reads."""

from copy import deepcopy
from typing import Any

from handover.web.schemas import mapped


def as_3_0(document_3_1: dict[str, Any]) -> dict[str, Any]:
    """Render a 3.1 document (without null) in 3.0.3; its webhooks go under `x-webhooks`."""
    found = deepcopy(document_3_1)
    found["openapi"] = "3.0.3"
    found["x-webhooks"] = found.pop("webhooks", {})
    found["info"]["license"] = {"name": found["info"]["license"]["name"]}
    for path in found["paths"].values():
        for operation in path.values():
            # Before 3.1 only OAuth schemes could list scopes; the description of the scheme names them.
            for requirement in operation.get("security", ()):
                requirement.update({scheme: [] for scheme in requirement})
    rendered: dict[str, Any] = mapped(found, _rendered)
    return rendered


def _rendered(node: dict[str, Any]) -> dict[str, Any]:
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if isinstance(node.get("examples"), list):
        node["example"] = node.pop("examples")[0]
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        limit = node.get(flag)
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            node[bound], node[flag] = limit, True
    node.pop("propertyNames", None)
    if "prefixItems" in node:
        node["items"] = {}
        del node["prefixItems"]
    return node
