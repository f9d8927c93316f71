"""Standard Webhooks signatures over `id.timestamp.body`: v1, HMAC-SHA256 by a shared secret, and v1a, ed25519.

Source: the Standard Webhooks specification 1.0.0, "Signature scheme". With v1a a receiver holds nothing that could
sign, so a webhook that it shows is one that we sent.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
_FEWEST_BYTES, _MOST_BYTES, _OUR_BYTES = 24, 64, 32


@dataclass(frozen=True, slots=True)
class Key:
    """What signs: a shared secret of 24 to 64 bytes, and where there is one a private key."""

    shared: bytes
    private: Ed25519PrivateKey | None = None


def new_secret() -> str:
    """Make a shared secret: `whsec_` and base64 of 32 random bytes."""
    return SECRET + base64.b64encode(secrets.token_bytes(_OUR_BYTES)).decode()


def new_private() -> str:
    """Make a private key: `whsk_` and base64 of its 32 bytes."""
    return PRIVATE + base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def public_of(private: str) -> str:
    """Give the public key of a private one: `whpk_` and base64 of its 32 bytes."""
    return PUBLIC + base64.b64encode(_private(private).public_key().public_bytes_raw()).decode()


def key_of(secret: str, private: str = "") -> Key:
    """Give what signs, of texts with or without their prefix; ValueError never shows a secret."""
    try:
        shared = base64.b64decode(secret.removeprefix(SECRET), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the secret is not base64") from None
    if not _FEWEST_BYTES <= len(shared) <= _MOST_BYTES:
        raise ValueError(f"a secret holds {_FEWEST_BYTES} to {_MOST_BYTES} bytes")
    return Key(shared, _private(private) if private else None)


def _private(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.removeprefix(PRIVATE), validate=True))


def signature(keys: Sequence[Key], message_id: str, timestamp: int, body: bytes) -> str:
    """Give the `webhook-signature` header: the signatures of each key, with spaces between.

    `timestamp` is in Unix seconds. A receiver accepts the message when any one of them fits.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    signed = [f"v1,{_text(hmac.digest(key.shared, content, hashlib.sha256))}" for key in keys]
    signed += [f"v1a,{_text(key.private.sign(content))}" for key in keys if key.private is not None]
    return " ".join(signed)


def _text(signed: bytes) -> str:
    return base64.b64encode(signed).decode()
