"""Whose software sent a message: verified by the public key that its organisation gave us.

Source: Standard Webhooks 1.0.0, signatures of the kind v1a (ed25519) over `id.timestamp.body`. We hold nothing that
could sign, so a message that we kept proves that they sent it.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from handover.access.denials import Denial
from handover.domain.codes import OrganisationKind
from handover.domain.parties import Actor, Caller, Directory
from handover.domain.policy import Role
from handover.platform.ids import new_id
from handover.platform.walls import Database

PUBLIC = "whpk_"
SIGNED_WITH = ("id", "timestamp", "signature")
"""The three headers, after `webhook-`."""
TOLERANCE = timedelta(minutes=5)
SCOPES = frozenset({"dossier:read", "dossier:write"})
"""What a signed message may do: record steps, and nothing that only a person or a system with a token may."""
_KEY_BYTES = 32
_MOST_SIGNATURES = 10
_ID = re.compile(r"[\x21-\x7e]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,12}")


class NotSigned(Denial):
    """Send webhook-id, webhook-timestamp and webhook-signature, as Standard Webhooks says (v1a, ed25519)."""

    name = "noAccessToken"
    title = "No signature"


class NotBySender(Denial):
    """No key that we know made this signature over these bytes, or webhook-timestamp is more than 5 minutes off."""

    title = "Signature is not valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderKey:
    """A key as operators see it."""

    key_id: UUID
    organisation_id: str
    public_key: str
    created_at: datetime
    heard_at: datetime | None


class Senders:
    """Tells who sent a message. Raises asyncpg's errors."""

    def __init__(self, pool: Database, directory: Callable[[], Directory], now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._directory = directory
        self._now = now

    async def caller(self, kind: OrganisationKind, headers: Mapping[str, str], body: bytes, application: str) -> Caller:
        """Give the organisation of that kind which signed the body. Raises NotSigned or NotBySender."""
        message, sent, signed = (headers.get(f"webhook-{name}", "") for name in SIGNED_WITH)
        signatures = [piece.removeprefix("v1a,") for piece in signed.split(" ") if piece.startswith("v1a,")]
        if not (_ID.fullmatch(message) and _SECONDS.fullmatch(sent) and signatures):
            raise NotSigned
        if abs(self._now().timestamp() - int(sent)) > TOLERANCE.total_seconds():
            raise NotBySender
        content = f"{message}.{sent}.".encode() + body
        for row in await self._pool.fetch("SELECT * FROM sender_keys($1)", str(kind)):
            if any(_fits(row["public_key"], one, content) for one in signatures[:_MOST_SIGNATURES]):
                organisation = self._directory().organisations.get(row["organisation_id"])
                if organisation is None:
                    break
                await self._pool.execute("SELECT heard_from($1, $2)", row["key_id"], self._now())
                actor = Actor(name=application, application=application)
                roles = frozenset({str(Role.INTEGRATION)})
                return Caller(organisation=organisation, actor=actor, scopes=SCOPES, roles=roles)
        raise NotBySender


def _fits(public_key: str, signature: str, content: bytes) -> bool:
    try:
        key_of(public_key).verify(base64.b64decode(signature, validate=True), content)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def key_of(public_key: str) -> Ed25519PublicKey:
    """Read `whpk_` and base64 of 32 bytes. Raises ValueError for anything else."""
    plain = base64.b64decode(public_key.removeprefix(PUBLIC), validate=True)
    if not public_key.startswith(PUBLIC) or len(plain) != _KEY_BYTES:
        raise ValueError("a public key is whpk_ and base64 of 32 bytes")
    return Ed25519PublicKey.from_public_bytes(plain)


# -- for who runs the service ------------------------------------------------------------------------------------


async def add(pool: asyncpg.Pool, organisation_id: str, public_key: str, at: datetime) -> None:
    """Believe what is signed with this key's private half; again: nothing changes. Raises ValueError for no key."""
    key_of(public_key)
    await pool.execute(
        """
        INSERT INTO sender_key (key_id, organisation_id, public_key, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (organisation_id, public_key) DO NOTHING
        """,
        new_id(),
        organisation_id,
        public_key,
        at,
    )


async def listed(pool: asyncpg.Pool) -> list[SenderKey]:
    """Give every key, by organisation, oldest first."""
    rows = await pool.fetch("SELECT * FROM sender_key ORDER BY organisation_id, created_at")
    return [SenderKey(**row) for row in rows]


async def remove(pool: asyncpg.Pool, organisation_id: str, public_key: str) -> bool:
    """Believe it no longer. False: it was not there."""
    found = await pool.fetchval(
        "DELETE FROM sender_key WHERE organisation_id = $1 AND public_key = $2 RETURNING true",
        organisation_id,
        public_key,
    )
    return bool(found)
