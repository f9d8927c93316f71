"""Who is signed in: sessions kept here, of which the browser holds a secret and the database its SHA-256."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handover.access.demonstration import SCOPES
from handover.domain.parties import Actor, Caller, Directory
from handover.platform.walls import Database

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_TOKEN = re.compile(r"[0-9a-f]{96}")
_SALT_HEX = 32
_NONCE = 12
_TOUCHED = timedelta(minutes=1)
_KEPT = timedelta(days=1)
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Session:
    """Someone who is signed in, and the browser's secret of this session (43 characters)."""

    caller: Caller
    secret: str = field(repr=False)

    def form_token(self) -> str:
        """Give a token for a form; another one each time, so that a packed page does not give it away (BREACH)."""
        salt = secrets.token_hex(_SALT_HEX // 2)
        return salt + self._form_mac(salt)

    def accepts(self, form_token: str) -> bool:
        """Tell whether a form's token was made for this session."""
        salt, mac = form_token[:_SALT_HEX], form_token[_SALT_HEX:]
        return bool(_FORM_TOKEN.fullmatch(form_token)) and hmac.compare_digest(mac, self._form_mac(salt))

    def _form_mac(self, salt: str) -> str:
        return hmac.digest(_derived(self.secret, "form"), salt.encode(), hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class FromProvider:
    """What the identity provider gave with a sign-in: keyed digests of `sub` and `sid`, and the id token itself."""

    subject: bytes
    session: bytes | None
    id_token: str = field(repr=False)


class Sessions:
    """Begins, finds and ends sessions. `idle` and `longest`: how long one lasts unused, and at all."""

    def __init__(
        self,
        pool: Database,
        directory: Callable[[], Directory],
        now: Callable[[], datetime],
        *,
        idle: timedelta,
        longest: timedelta,
    ) -> None:
        self._pool, self._directory, self._now = pool, directory, now
        self._idle = idle
        self.longest = longest

    async def begin(
        self,
        organisation: str,
        counsellor: str,
        roles: Collection[str],
        provider: FromProvider | None = None,
        *,
        instead_of: str = "",
    ) -> str:
        """Begin a session and end the one that this browser had (`instead_of`); give the new secret."""
        secret, now = secrets.token_urlsafe(32), self._now()
        await self._pool.execute(
            f"""
            WITH old AS (
                DELETE FROM session WHERE digest IN (
                    SELECT digest FROM session WHERE created_at < $9 ORDER BY created_at LIMIT {_AT_ONCE}
                    FOR UPDATE SKIP LOCKED
                )
            ), former AS (UPDATE session SET ended_at = $5 WHERE digest = $10 AND ended_at IS NULL)
            INSERT INTO session (digest, organisation_id, counsellor_id, roles, created_at, seen_at,
                                 provider_subject, provider_session, id_token)
            VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)
            """,  # noqa: S608 - a constant
            _digest(secret),
            organisation,
            counsellor,
            sorted(roles),
            now,
            provider.subject if provider else None,
            provider.session if provider else None,
            _seal(secret, provider.id_token) if provider else None,
            now - self.longest - _KEPT,
            _digest(instead_of),
        )
        return secret

    async def find(self, secret: str, *, touch: bool = True) -> Session | None:
        """Give the session of a browser's secret while it lasts: one query, and once a minute one more.

        Without `touch` it does not last longer for it: for what a browser asks with nobody there.
        """
        if not _SECRET.fullmatch(secret):
            return None
        now, digest = self._now(), _digest(secret)
        row = await self._pool.fetchrow(
            """
            SELECT organisation_id, counsellor_id, roles, seen_at FROM session
            WHERE digest = $1 AND ended_at IS NULL AND seen_at > $2 AND created_at > $3
            """,
            digest,
            now - self._idle,
            now - self.longest,
        )
        caller = row and self._caller(row["organisation_id"], row["counsellor_id"], row["roles"])
        if not row or caller is None:
            return None
        if touch and now - row["seen_at"] > min(_TOUCHED, self._idle / 2):
            await self._pool.execute(
                "UPDATE session SET seen_at = greatest(seen_at, $2) WHERE digest = $1", digest, now
            )
        return Session(caller, secret)

    async def end(self, secret: str) -> str:
        """End a session; give the id token that it began with, or ""."""
        sealed = await self._pool.fetchval(
            "UPDATE session SET ended_at = $2 WHERE digest = $1 AND ended_at IS NULL RETURNING id_token",
            _digest(secret),
            self._now(),
        )
        return _open(secret, sealed) if sealed else ""

    async def end_others(self, organisation: str, counsellor: str, secret: str) -> int:
        """End every session of someone but the one of this secret; give how many still lasted."""
        now = self._now()
        return int(
            await self._pool.fetchval(
                """
                WITH ended AS (
                    UPDATE session SET ended_at = $4
                    WHERE organisation_id = $1 AND counsellor_id = $2 AND digest <> $3 AND ended_at IS NULL
                    RETURNING seen_at > $5 AND created_at > $6 AS lasted
                )
                SELECT count(*) FILTER (WHERE lasted) FROM ended
                """,
                organisation,
                counsellor,
                _digest(secret),
                now,
                now - self._idle,
                now - self.longest,
            )
        )

    async def end_for_provider(self, *, subjects: Sequence[bytes], sessions: Sequence[bytes], before: datetime) -> int:
        """End what the identity provider ended: that session of its, else all of that person; give how many.

        Each is given as its digests under every version of the key. Only what began `before` it said so ends: an old
        message said again ends nothing newer.
        """
        done: str = await self._pool.execute(
            """
            UPDATE session SET ended_at = $1 WHERE ended_at IS NULL AND created_at <= $2
            AND (cardinality($3::bytea[]) = 0 OR provider_session = ANY ($3))
            AND (cardinality($4::bytea[]) = 0 OR provider_subject = ANY ($4))
            AND cardinality($3) + cardinality($4) > 0
            """,
            self._now(),
            before,
            sessions,
            subjects,
        )
        return int(done.rpartition(" ")[2])

    def _caller(self, organisation_id: str, counsellor_id: str, roles: Collection[str]) -> Caller | None:
        """Give who that is now; None when they no longer work there."""
        directory = self._directory()
        organisation = directory.organisations.get(organisation_id)
        counsellor = directory.counsellor_of(organisation_id, counsellor_id)
        if organisation is None or counsellor is None:
            return None
        actor = Actor(name=counsellor.name, counsellor_id=counsellor_id)
        return Caller(organisation=organisation, actor=actor, scopes=frozenset(SCOPES), roles=frozenset(roles))


def _digest(secret: str) -> bytes:
    """Plain SHA-256 is enough: the secret has 256 random bits, nobody guesses it."""
    return hashlib.sha256(secret.encode()).digest()


def _derived(secret: str, what: str) -> bytes:
    return hmac.digest(secret.encode(), f"handover session: {what}".encode(), hashlib.sha256)


def _seal(secret: str, text: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_derived(secret, "id token")).encrypt(nonce, text.encode(), None)


def _open(secret: str, sealed: bytes) -> str:
    try:
        return AESGCM(_derived(secret, "id token")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
    except InvalidTag:
        return ""
