"""Checking a webhook before it is believed, and reading it (Standard Webhooks 1.0.0, v1 and v1a)."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from handover.client.answers import EventView

TOLERANCE_SECONDS = 300.0
_SECRET, _PUBLIC, _PRIVATE = "whsec_", "whpk_", "whsk_"
_Check = Callable[[bytes, bytes], bool]


class NotOurs(Exception):  # noqa: N818 - an answer, not a fault
    """It does not carry a signature that fits, or was signed too long ago: answer 401 and do nothing."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived, a CloudEvent. `id` is the same on every attempt: keep it, and drop what you have.

    `subject` is the dossier; `previoussequence` is what was sent before it for that dossier. `event` holds the event
    itself for a full subscription; for another, read it from `href`.
    """

    specversion: str
    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: dict[str, Any]
    service: str = ""
    sequence: str = ""
    previoussequence: str = ""
    correlationid: str = ""
    datacontenttype: str = ""

    @property
    def href(self) -> str:
        """Where to read the event; nothing in a test."""
        return str(self.data.get("href", ""))

    @property
    def event(self) -> EventView | None:
        """The event as you may see it, where the subscription is a full one."""
        found = self.data.get("event")
        return None if found is None else msgspec.convert(found, EventView)


class Webhooks:
    """Checks webhooks with a subscription's `secret` (`whsec_...`) or its `publicKey` (`whpk_...`).

    With several keys one that fits is enough: while a secret is changed, give the old one and the new one. A public
    key needs the package `cryptography`.
    """

    def __init__(self, *keys: str) -> None:
        if not keys:
            raise ValueError("give the subscription's secret or its public key")
        self._checks = [_check_of(key) for key in keys]

    def read(self, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Webhook:
        """Give the webhook; `body` is the bytes as they came. Raises NotOurs."""
        named = {name.lower(): value for name, value in headers.items()}
        message_id, sent = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
        if not sent.isascii() or not sent.isdecimal():
            raise NotOurs("it does not say when it was sent")
        if abs((time.time() if now is None else now) - int(sent)) > TOLERANCE_SECONDS:
            raise NotOurs("it was signed more than five minutes ago, or will be")
        content = f"{message_id}.{sent}.".encode() + body
        signatures = [_decoded(text) for text in named.get("webhook-signature", "").split()]
        if not any(kind == of and check(signed, content) for kind, signed in signatures for of, check in self._checks):
            raise NotOurs("no signature fits")
        try:
            return msgspec.json.decode(body, type=Webhook)
        except msgspec.DecodeError as error:
            raise NotOurs("it is signed, and no CloudEvent that this version can read") from error


class Signer:
    """Signs what is sent to us with a private key: `whsk_...` (v1a). Needs the package `cryptography`."""

    def __init__(self, private_key: str) -> None:
        # Only here: who signs nothing needs no such package.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        raw = base64.b64decode(private_key.removeprefix(_PRIVATE), validate=True)
        self._key = Ed25519PrivateKey.from_private_bytes(raw)

    def headers(self, body: bytes) -> dict[str, str]:
        """Give the headers with which these bytes can be sent, for five minutes."""
        message_id, sent = f"msg_{uuid4().hex}", str(int(time.time()))
        signature = base64.b64encode(self._key.sign(f"{message_id}.{sent}.".encode() + body)).decode()
        return {"webhook-id": message_id, "webhook-timestamp": sent, "webhook-signature": f"v1a,{signature}"}


def _check_of(key: str) -> tuple[str, _Check]:
    """Give the version of signature that a key checks, and how; ValueError never shows the key."""
    try:
        raw = base64.b64decode(key.removeprefix(_PUBLIC).removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is not base64") from None
    if key.startswith(_PUBLIC):
        return "v1a", _ed25519(raw)
    if not raw:
        raise ValueError("the secret is empty")
    return "v1", lambda signed, content: hmac.compare_digest(signed, hmac.digest(raw, content, hashlib.sha256))


def _ed25519(raw: bytes) -> _Check:
    # Only here: who checks with the shared secret needs no such package.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    public = Ed25519PublicKey.from_public_bytes(raw)

    def check(signed: bytes, content: bytes) -> bool:
        try:
            public.verify(signed, content)
        except InvalidSignature:
            return False
        return True

    return check


def _decoded(text: str) -> tuple[str, bytes]:
    kind, _, signed = text.partition(",")
    try:
        return kind, base64.b64decode(signed, validate=True)
    except (binascii.Error, ValueError):
        return "", b""
