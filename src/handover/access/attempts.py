"""People on their way to the identity provider: each leaves a state, a nonce and a verifier here, used once."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handover.platform.walls import Database

LASTS = timedelta(minutes=10)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one sign-in is recognised by (RFC 6749 state, OIDC nonce, RFC 7636 verifier)."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


class Attempts:
    """Keeps them for ten minutes, each bound to the browser that began it."""

    def __init__(self, pool: Database, now: Callable[[], datetime]) -> None:
        self._pool, self._now = pool, now

    async def begin(self, browser: str) -> Attempt:
        """Begin one for the browser that holds this secret; forget what is too old."""
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        now = self._now()
        await self._pool.execute(
            f"""
            WITH old AS (
                DELETE FROM sign_in WHERE state IN (
                    SELECT state FROM sign_in WHERE created_at < $6 ORDER BY created_at LIMIT {_AT_ONCE}
                    FOR UPDATE SKIP LOCKED
                )
            )
            INSERT INTO sign_in (state, browser, nonce, verifier, created_at) VALUES ($1, $2, $3, $4, $5)
            """,  # noqa: S608 - a constant
            _digest(attempt.state),
            _digest(browser),
            attempt.nonce,
            attempt.verifier,
            now,
            now - LASTS,
        )
        return attempt

    async def take(self, state: str, browser: str) -> Attempt | None:
        """Give the attempt back to the browser that began it, once; None to any other, and too late."""
        row = await self._pool.fetchrow(
            "DELETE FROM sign_in WHERE state = $1 AND browser = $2 AND created_at > $3 RETURNING nonce, verifier",
            _digest(state),
            _digest(browser),
            self._now() - LASTS,
        )
        return Attempt(state, row["nonce"], row["verifier"]) if row else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
