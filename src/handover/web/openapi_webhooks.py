"""What we send to others, as the API description shows it: the webhooks, and the CloudEvents in them."""

from typing import Any, Final

from handover.delivery.cloud_event import CHECKPOINT_TYPE, CONTENT_TYPE, SERVICE, TEST_TYPE
from handover.domain.kinds import EVENT_TYPES
from handover.web.schemas import PREFIX

EVENT, CHECKPOINT, TEST = "DossierEvent", "LogCheckpoint", "SubscriptionTest"
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
SIGNED: Final = "Signed after Standard Webhooks (v1 and v1a). Answer 2xx within 15 seconds."
_URI = {"type": "string", "format": "uri"}
_UUID = {"type": "string", "format": "uuid"}
_BASE: Final = "https://handover.example/v1"
_DOSSIER, _THREAD = "01a2039f-8f32-7d21-ab59-99e3cbca2aa3", "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10"
_ID, _SUBSCRIPTION = "01a203a0-2e01-7c4f-8b1d-3f5e7a9c1b20", "01a203a1-77e0-7c42-8f6b-0d2c4b6e8f11"


def webhooks() -> dict[str, Any]:
    """Give the `webhooks` of an OpenAPI 3.1 document, which names the schemas of `webhook_schemas`."""
    return {
        "dossierEvent": {
            "post": _webhook("receiveDossierEvent", "A step in one of your dossiers", "Subscriptions", EVENT)
        },
        "logCheckpoint": {"post": _webhook("receiveCheckpoint", "A signed checkpoint of the log", "Log", CHECKPOINT)},
        "subscriptionTest": {
            "post": _webhook("receiveTest", "A test that you asked for, about no dossier", "Subscriptions", TEST)
        },
    }


def webhook_schemas() -> dict[str, Any]:
    """Give the schema of each CloudEvent that is sent, by name."""
    event = _cloud_event(
        {"type": "string", "enum": sorted(kind.cloud_type for kind in EVENT_TYPES.values())},
        {"type": "string", "description": "The dossier's id"},
        {
            "dossierId": _UUID,
            "eventId": _UUID,
            "type": {"type": "string"},
            "href": _URI | {"description": "Read the event here"},
        },
        {
            "threadId": _UUID,
            "sequence": {"type": "integer"},
            "organisation": {"type": "string", "description": "Whose step it is"},
            "event": {
                "allOf": [{"$ref": f"{PREFIX}EventView"}],
                "description": "Of a full subscription: the event as you may see it when this was sent",
            },
        },
    )
    event["properties"] |= {
        "sequence": {"type": "string", "description": "Place in the dossier, zero-padded"},
        "previoussequence": {"type": "string", "description": "What was sent to you before for this dossier"},
        "correlationid": {"type": "string", "description": "The same for a thread and for those that try it again"},
    }
    event["required"].append("sequence")
    return {
        EVENT: event | {"description": "A step in a dossier, and where to read it.", "example": event_example()},
        CHECKPOINT: _cloud_event(
            {"const": CHECKPOINT_TYPE},
            {"const": "log"},
            {
                "size": {"type": "string", "description": "Events in the log"},
                "note": {"type": "string", "description": "The signed note: keep the latest"},
                "href": _URI,
            },
        )
        | {
            "description": "A signed checkpoint of the log over all dossiers. It says nothing about anyone.",
            "example": _example(
                CHECKPOINT_TYPE,
                "log",
                {
                    "size": "4711",
                    "note": "handover.example/log\n4711\nR2Vlbg==\n\n\u2014 handover.example/log Z2Vlbg==\n",
                    "href": f"{_BASE}/checkpoints/4711",
                },
            ),
        },
        TEST: _cloud_event(
            {"const": TEST_TYPE},
            {"type": "string", "description": "The subscription's id"},
            {"subscriptionId": _UUID},
        )
        | {
            "description": "What `POST /v1/subscriptions/{subscriptionId}/test` sends.",
            "example": _example(TEST_TYPE, _SUBSCRIPTION, {"subscriptionId": _SUBSCRIPTION}),
        },
    }


def event_example(name: str = "handover.requested") -> dict[str, Any]:
    """Give the thin webhook of an event of this type."""
    data = {
        "dossierId": _DOSSIER,
        "eventId": _ID,
        "type": name,
        "sequence": 7,
        "organisation": "ocmw-lindedal",
        "threadId": _THREAD,
        "href": f"{_BASE}/dossiers/{_DOSSIER}/events/{_ID}",
    }
    ordered = {"sequence": "0000000007", "previoussequence": "0000000006", "correlationid": _THREAD}
    return _example(EVENT_TYPES[name].cloud_type, _DOSSIER, data) | ordered


def _example(kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": _ID,
        "type": kind,
        "source": _BASE,
        "service": SERVICE,
        "subject": subject,
        "time": "2026-11-16T09:30:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }


def _cloud_event(
    kind: dict[str, Any], subject: dict[str, Any], data: dict[str, Any], optional: dict[str, Any] | None = None
) -> dict[str, Any]:
    properties = {
        "specversion": {"type": "string", "enum": ["1.0"]},
        "id": {"type": "string", "description": "The same on every try"},
        "type": kind,
        "source": _URI,
        "service": {"type": "string", "enum": [SERVICE]},
        "subject": subject,
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string"},
        "data": {"type": "object", "required": [*data], "properties": data | (optional or {})},
    }
    return {"type": "object", "required": [*properties], "properties": properties}


def _webhook(operation_id: str, summary: str, tag: str, schema: str) -> dict[str, object]:
    header = {"required": True, "schema": {"type": "string"}, "in": "header"}
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": SIGNED,
        "tags": [tag],
        "parameters": [header | {"name": name} for name in HEADERS],
        "requestBody": {"required": True, "content": {CONTENT_TYPE: {"schema": {"$ref": PREFIX + schema}}}},
        "responses": {"204": {"description": "Received"}},
    }
