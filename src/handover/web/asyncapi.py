"""The events alone, in AsyncAPI 3: what we send, what VDAB's software sends us, and the feed as a stream.

Made out of the OpenAPI document, whose schemas it shares: a message for each type of event, so that generators make a
class of each. AsyncAPI's schemas are JSON Schema draft 7.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from handover.adapters.vdab.inbound import BATCH as _SEVERAL
from handover.adapters.vdab.inbound import MOST_EVENTS
from handover.adapters.vdab.inbound import SINGLE as _ONE
from handover.adapters.vdab.inbound import TYPES as VDAB_TYPES
from handover.domain.kinds import EVENT_TYPES
from handover.web.openapi_webhooks import CHECKPOINT, EVENT, HEADERS, SIGNED, TEST, event_example
from handover.web.schemas import PREFIX, mapped

_FEED_EVENT, _VDAB_EVENT, _TAKEN, _PROBLEM = "FeedEvent", "VdabEvent", "Taken", "Problem"
_BATCH, _TAKEN_BATCH, _REFERRAL = "VdabEvents", "TakenEvents", "RegistreerToeleiding"
_JSON = "application/json"
_SIGNED, _HTTP = "webhookSignature", {"method": "POST", "bindingVersion": "0.3.0"}
_REFERENCE: Final = re.compile(re.escape(PREFIX) + r"(\w+)")


def as_asyncapi(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """Give the AsyncAPI 3.0 document that belongs to an OpenAPI 3.1 document of ours."""
    schemas = dict(openapi["components"]["schemas"])
    schemas |= {f"{kind.strict.__name__}Seen": _seen(schemas[kind.strict.__name__]) for kind in EVENT_TYPES.values()}
    sent = {f"{kind.strict.__name__}Sent": _sent(name, schemas) for name, kind in EVENT_TYPES.items()}
    sent |= {name: _message(schemas, name, _ONE) | _HEADED for name in (CHECKPOINT, TEST)}
    taken = {
        f"{EVENT_TYPES[ours].strict.__name__}FromVdab": _from_vdab(theirs, ours, schemas)
        for theirs, ours in VDAB_TYPES.items()
        if EVENT_TYPES[ours].is_posted
    }
    taken |= {_REFERRAL: _referral(schemas)}
    batch = _message({_BATCH: {"description": "Up to a hundred events."}}, _BATCH, _SEVERAL) | _HEADED
    batch["payload"] = {"type": "array", "maxItems": MOST_EVENTS, "items": _to(_VDAB_EVENT)}
    followed = {_FEED_EVENT: _message(schemas, _FEED_EVENT, _JSON)}
    answers = {name: _message(schemas, name, _JSON) for name in (_TAKEN, _TAKEN_BATCH)}
    answers[_PROBLEM] = _message(schemas, _PROBLEM, "application/problem+json")
    messages = sent | taken | {_BATCH: batch} | followed | answers
    return {
        "asyncapi": "3.0.0",
        "info": {
            "version": openapi["info"]["version"],
            "title": f"{openapi['info']['title']} events",
            "description": "What happens in shared dossiers, as it is told to the software of OCMW, VDAB and partners, "
            "and as VDAB's software tells it here. The rest of the API is in /doc/openapi.json.",
            "license": {"name": openapi["info"]["license"]["name"]},
            "tags": [{"name": "CloudEvents"}, {"name": "Standard Webhooks"}],
        },
        "defaultContentType": _ONE,
        "servers": {
            "service": {
                "host": "{host}",
                "protocol": "https",
                "description": "An instance of the service",
                "variables": {"host": {"default": "handover.example", "description": "Where it is reached"}},
            }
        },
        "channels": {
            "webhook": _channel(None, sent, "The address of a subscription: yours"),
            "feed": _channel("/v1/events/stream", followed, "Your organisation's feed, on a line that stays open"),
            "inboundVdab": _channel(
                "/v1/inbound/vdab", taken | {_BATCH: batch} | answers, "Where VDAB's software sends what it did"
            ),
        },
        "operations": {
            "sendWebhook": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhook"},
                "title": "Tell a subscription what happened",
                "description": f"{SIGNED} At least once, in order per dossier.",
                "messages": _in_channel("webhook", sent),
                "bindings": {"http": _HTTP},
            },
            "streamFeed": {
                "action": "send",
                "channel": {"$ref": "#/channels/feed"},
                "title": "Tell a follower what happened",
                "description": "Server-sent events, one for each event: `data` is the message, `id` its cursor.",
                "security": [{"$ref": "#/components/securitySchemes/accessToken"}],
                "messages": _in_channel("feed", followed),
                "bindings": {"http": _HTTP | {"method": "GET"}},
            },
            "receiveFromVdab": {
                "action": "receive",
                "channel": {"$ref": "#/channels/inboundVdab"},
                "title": "Take what VDAB's software sends",
                "description": "Each event once, known by its source and id; a batch is answered per event.",
                "security": [{"$ref": f"#/components/securitySchemes/{_SIGNED}"}],
                "messages": _in_channel("inboundVdab", [*taken, _BATCH]),
                "reply": {
                    "channel": {"$ref": "#/channels/inboundVdab"},
                    "messages": _in_channel("inboundVdab", answers),
                },
                "bindings": {"http": _HTTP},
            },
        },
        "components": {
            "messages": messages,
            "messageTraits": {"signed": {"headers": _headers()}},
            "schemas": _needed(schemas, messages),
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"},
                _SIGNED: {
                    "type": "httpApiKey",
                    "in": "header",
                    "name": HEADERS[-1],
                    "description": openapi["components"]["securitySchemes"][_SIGNED]["description"],
                },
            },
        },
    }


_HEADED: Final[dict[str, Any]] = {"traits": [{"$ref": "#/components/messageTraits/signed"}]}


def _sent(name: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    kind = EVENT_TYPES[name]
    event = {"properties": {"type": {"const": name}, "data": _to(f"{kind.strict.__name__}Seen")}}
    payload = {
        "type": {"const": kind.cloud_type},
        "data": {"properties": {"type": {"const": name}, "event": event}},
    }
    described = _message({EVENT: schemas[kind.strict.__name__]}, EVENT, _ONE, payload)
    example = {"examples": [{"payload": event_example(name)}]}
    return described | {"name": kind.cloud_type, "title": name} | example | _HEADED


def _from_vdab(theirs: str, ours: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    name = EVENT_TYPES[ours].strict.__name__
    payload = {
        "type": {"const": theirs},
        "data": {
            "type": "object",
            "required": ["step"],
            "properties": {"step": _to(name), "threadId": {"type": "string", "format": "uuid"}},
        },
    }
    described = _message({_VDAB_EVENT: schemas[name]}, _VDAB_EVENT, _ONE, payload)
    step = {"step": schemas[f"{name}Posted"]["example"]["data"]}
    example = {"examples": [{"payload": schemas[_VDAB_EVENT]["example"] | {"type": theirs, "data": step}}]}
    return described | {"name": theirs, "title": ours} | example | _HEADED


def _referral(schemas: Mapping[str, Any]) -> dict[str, Any]:
    theirs = next(theirs for theirs, ours in VDAB_TYPES.items() if ours == "handover.requested")
    payload = {
        "type": {"const": theirs},
        "datacontenttype": {"enum": ["application/xml", "text/xml"]},
        "data": {"type": "string", "contentMediaType": "application/xml"},
    }
    described = _message(schemas, _VDAB_EVENT, _ONE, payload)
    said = {"title": _REFERRAL, "summary": "A referral in MAGDA's shape: it opens or joins the dossier."}
    return described | {"name": theirs} | said | _HEADED


def _message(
    schemas: Mapping[str, Any], name: str, content_type: str, narrowed: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Describe a message whose payload is a schema, of which some properties are `narrowed`."""
    payload: dict[str, Any] = _to(name)
    if narrowed:
        payload = {"allOf": [payload, {"type": "object", "properties": narrowed}]}
    summary, example = schemas[name].get("description", ""), schemas[name].get("example")
    described = {"name": name, "title": name, "summary": summary, "contentType": content_type, "payload": payload}
    return described | ({} if example is None or narrowed else {"examples": [{"payload": example}]})


def _seen(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader may get of an event's data: what they may not see is left out, so nothing is sure to be there."""
    seen = {name: value for name, value in schema.items() if name not in {"required", "example"}}
    return seen | {"description": f"{schema['description']} As you may see it: `redacted` names what was left out."}


def _to(name: str) -> dict[str, Any]:
    return {"$ref": PREFIX + name}


def _channel(address: str | None, messages: Iterable[str], what: str) -> dict[str, Any]:
    channel = {"address": address, "title": what, "messages": {m: _component("messages", m) for m in messages}}
    return channel if address is None else channel | {"servers": [{"$ref": "#/servers/service"}]}


def _component(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _in_channel(channel: str, messages: Iterable[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages]


def _headers() -> dict[str, Any]:
    return {"type": "object", "required": [*HEADERS], "properties": {name: {"type": "string"} for name in HEADERS}}


def _needed(schemas: Mapping[str, Any], messages: Mapping[str, Any]) -> dict[str, Any]:
    """Give the schemas that the messages need, and those that these need, in draft 7."""
    left, found = set(_REFERENCE.findall(repr(messages))), dict[str, Any]()
    while left:
        name = left.pop()
        found[name] = mapped(schemas[name], _draft_7)
        left |= set(_REFERENCE.findall(repr(found[name]))) - found.keys()
    return {name: found[name] for name in sorted(found)}


def _draft_7(node: dict[str, Any]) -> dict[str, Any]:
    if "example" in node:
        node["examples"] = [node.pop("example")]
    return node
