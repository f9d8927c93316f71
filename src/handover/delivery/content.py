"""What a delivery says: thin, or with the event as its receiver may see it at the moment of sending.

Between enqueueing and sending a mandate may be withdrawn or a legal basis end: so a full one is worked out anew for
each attempt.
"""

from collections.abc import Callable
from uuid import UUID

import asyncpg

from handover.delivery.cloud_event import Step, webhook_body
from handover.domain.deadlines import local_day
from handover.domain.parties import Directory
from handover.platform.clock import Clock
from handover.record import codec
from handover.record.sealing import KEY_OF, Sealer
from handover.record.sight import Sight

_STATE = f"SELECT state, {KEY_OF.format('d')} FROM dossier d WHERE dossier_id = $1"  # noqa: S608 - a constant


class Contents:
    """Writes the bodies of webhooks."""

    def __init__(
        self, pool: asyncpg.Pool, sealer: Sealer, directory: Callable[[], Directory], clock: Clock, base_url: str
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._directory = directory
        self._clock = clock
        self._base_url = base_url

    def thin(self, step: Step, *, previous: int) -> bytes:
        """Give a body that says where to read the event. Raises KeyError for a type that is not known here."""
        return webhook_body(step, base_url=self._base_url, previous=previous)

    async def full(self, step: Step, plain: bytes, organisation: str, *, previous: int) -> bytes:
        """Give a body with the event as the organisation sees it now; a thin one when it sees it no more.

        Raises asyncpg's errors, and msgspec's or KeyError for what cannot be read.
        """
        dossier_id, today = UUID(step.dossier_id), local_day(self._clock.now())
        state, keys = await self._pool.fetchrow(_STATE, dossier_id)
        dossier = codec.open_state(self._sealer.dossier(dossier_id, keys), state)
        seen = Sight(dossier, organisation, self._directory(), on=today).of(plain)
        return webhook_body(step, base_url=self._base_url, previous=previous, event=seen.body if seen else None)
