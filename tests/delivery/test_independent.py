"""What verifiers say that share no code with us: PyPI `standardwebhooks`, npm `standardwebhooks`, `@noble/ed25519`."""

import asyncio
import base64
import json
import random
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from handover.delivery import keyring, signing
from handover.platform.clock import Clock

_NODE = Path(__file__).parents[1] / "node"
_BODIES = 1000


def _hooks(count: int) -> list[dict[str, object]]:
    """Give webhooks with random bodies: JSON texts with every kind of character, up to 4 KiB."""
    rng = random.Random(20261125)  # noqa: S311 - reproducible bodies
    now, hooks = int(time.time()), []
    for n in range(count):
        secret, at = keyring.new(), Clock().now()
        text = "".join(chr(rng.choice([*range(32, 127), *range(160, 1000), 0x20AC, 0x1F600])) for _ in range(n % 997))
        body = json.dumps({"n": n, "text": text}, ensure_ascii=rng.random() < 0.5)
        ring = keyring.rotated((keyring.new(),), secret, at) if n % 2 else (secret,)
        signed = signing.signature(keyring.keys_at(ring, at), f"msg_{n}", now, body.encode())
        hooks.append(
            {
                "id": f"msg_{n}",
                "timestamp": now,
                "signature": signed,
                "body": body,
                "secret": secret.secret,
                "publicKey": signing.public_of(secret.private),
            }
        )
    return hooks


def _changed(hook: dict[str, object]) -> dict[str, object]:
    return hook | {"body": f"{hook['body']} "}


def test_pypi_standardwebhooks_accepts_a_thousand_and_none_that_was_changed() -> None:
    for hook in _hooks(_BODIES):
        headers = {
            "webhook-id": str(hook["id"]),
            "webhook-timestamp": str(hook["timestamp"]),
            "webhook-signature": str(hook["signature"]),
        }
        verifier = Webhook(str(hook["secret"]))
        assert verifier.verify(str(hook["body"]), headers) == json.loads(str(hook["body"]))
        with pytest.raises(WebhookVerificationError):
            verifier.verify(str(_changed(hook)["body"]), headers)


async def test_npm_verifiers_accept_a_thousand_and_none_that_was_changed() -> None:
    hooks = _hooks(_BODIES)
    other = signing.public_of(keyring.new().private)
    asked = [*hooks, *(_changed(hook) for hook in hooks), hooks[0] | {"publicKey": other}]
    answers = await _node([json.dumps(hook) for hook in asked])
    assert answers[:_BODIES] == [{"v1": True, "v1a": True}] * _BODIES
    assert answers[_BODIES:-1] == [{"v1": False, "v1a": False}] * _BODIES
    assert answers[-1] == {"v1": True, "v1a": False}, "another's public key"


async def _node(lines: list[str]) -> list[dict[str, bool]]:
    process = await asyncio.create_subprocess_exec(
        "node",
        "verify.mjs",
        cwd=_NODE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate("\n".join(lines).encode())
    assert process.returncode == 0, f"run tests/setup-node.sh first: {err.decode()[-500:]}"
    return [json.loads(line) for line in out.splitlines()]


def test_a_secret_from_before_there_were_private_keys_signs_as_ever() -> None:
    old = keyring.Secret(signing.new_secret())
    signed = signing.signature(keyring.keys_at((old,), Clock().now()), "one", 1, b"{}")
    assert [one.partition(",")[0] for one in signed.split(" ")] == ["v1"]


def test_a_public_key_is_the_standards_text() -> None:
    public = signing.public_of(keyring.new().private)
    assert public.startswith("whpk_")
    assert len(base64.b64decode(public.removeprefix("whpk_"))) == 32
