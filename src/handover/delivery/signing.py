"""Standard Webhooks signatures, version 1: HMAC-SHA256 over `id.timestamp.body`.

Source: the Standard Webhooks specification 1.0.0, "Signature scheme".
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES, _OUR_BYTES = 24, 64, 32


def new_secret() -> str:
    """Make a secret: `whsec_` and base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_OUR_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Give the 24 to 64 bytes of a secret, with or without its prefix; ValueError never shows the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the secret is not base64") from None
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(f"a secret holds {_FEWEST_BYTES} to {_MOST_BYTES} bytes")
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Give the `webhook-signature` header: one signature for each key, with spaces between.

    `timestamp` is in Unix seconds. A receiver accepts the message when any one of them fits.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
