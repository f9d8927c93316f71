"""What Schemathesis sends where a made-up value would lead nowhere: most bodies follow the description's example.

With a body that opens a dossier or a subscription, chains of operations have something to go on with.
"""

import json
import re
from typing import Any
from uuid import uuid4

import schemathesis

from tests.instance import number

_SOME = 40
_WHO = "ocmw-lindedal.trajectbegeleider-1"
_STEPS: tuple[dict[str, Any], ...] = (
    {"type": "dossier.counsellorAssigned", "data": {"counsellor": _WHO}},
    {"type": "question.asked", "data": {"receiver": "vdab", "question": "Is er al een afspraak?"}},
    {
        "type": "handover.requested",
        "data": {
            "receiver": "vdab",
            "purpose": "guidanceToWork",
            "summary": "Samen gesproken.",
            "contact": _WHO,
            "legalBasisId": "demo-protocol",
        },
    },
    {"type": "dossier.closed", "data": {"reason": "guidanceEnded"}},
)


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:  # noqa: ANN401 - JSON
    """Give the body, or the operation's example in its place."""
    assert context.operation is not None
    content = context.operation.definition.raw.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("example")
    chance = sum(json.dumps(body, default=str).encode())
    if example is None or chance % 4 == 0:
        return body
    if "data" in example:
        return _STEPS[chance % len(_STEPS)]
    if "givenName" in example:
        # Of few clients, so that they are joined and found as well.
        return example | {"ssin": number(chance % _SOME)}
    return example


@schemathesis.hook
def map_headers(_context: schemathesis.HookContext, headers: Any) -> Any:  # noqa: ANN401 - a mapping, or None
    """Give each request an Idempotency-Key of its own: with a used one, the answer is that of the first request."""
    key = (headers or {}).get("Idempotency-Key", "")
    if isinstance(key, str) and re.fullmatch(r"[\x21-\x7e]{1,100}", key):
        headers["Idempotency-Key"] = str(uuid4())
    return headers
