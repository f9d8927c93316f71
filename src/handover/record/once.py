"""Requests that change something beside the journal are carried out once per Idempotency-Key as well.

The journal keeps its own keys in the transaction of its events (`handle`); here the answer itself is kept, sealed,
because it may hold a secret.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from handover.domain.refusals import Refusal
from handover.platform.clock import Clock
from handover.platform.walls import Database
from handover.record.handle import KeyReused, Request
from handover.record.sealing import Sealer

_PLACE = "request_once.answer"
_NOBODY = UUID(int=0)
_ABANDONED = timedelta(minutes=1)
"""A request that got no answer in this time has died with its process; it may be tried again."""
_TAKE = """
INSERT INTO request_once AS r (organisation_id, key, fingerprint, taken_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation_id, key) DO UPDATE SET taken_at = excluded.taken_at
WHERE r.answer IS NULL AND r.taken_at < $5 AND r.fingerprint = excluded.fingerprint
RETURNING true
"""


class InFlight(Refusal):
    """The same request is being carried out right now. Ask again in a moment, with the same Idempotency-Key."""

    name = "requestInFlight"
    title = "Request is being carried out"


class Once:
    """Carries a request out, or gives the answer that it got before."""

    def __init__(self, pool: Database, sealer: Sealer, clock: Clock) -> None:
        self._pool = pool
        self._sealer = sealer
        self._clock = clock

    async def answer(self, organisation: str, request: Request, carry_out: Callable[[], Awaitable[bytes]]) -> bytes:
        """Give the answer's bytes.

        Raises KeyReused for another request under the same key, InFlight while the first has no answer yet, and
        whatever `carry_out` raises; then nothing is kept.
        """
        now = self._clock.now()
        own = (organisation, request.key)
        if not await self._pool.fetchval(_TAKE, *own, request.fingerprint, now, now - _ABANDONED):
            return await self._kept(own, request)
        try:
            answer = await carry_out()
        except BaseException:
            await self._pool.execute("DELETE FROM request_once WHERE organisation_id = $1 AND key = $2", *own)
            raise
        sealed = self._sealer.seal(_PLACE, _NOBODY, answer)
        await self._pool.execute(
            "UPDATE request_once SET answer = $3 WHERE organisation_id = $1 AND key = $2", *own, sealed
        )
        return answer

    async def _kept(self, own: tuple[str, str | None], request: Request) -> bytes:
        row = await self._pool.fetchrow(
            "SELECT fingerprint, answer FROM request_once WHERE organisation_id = $1 AND key = $2", *own
        )
        if row is not None and row["fingerprint"] != request.fingerprint:
            raise KeyReused
        if row is None or row["answer"] is None:
            raise InFlight
        return self._sealer.open(_PLACE, _NOBODY, row["answer"])
