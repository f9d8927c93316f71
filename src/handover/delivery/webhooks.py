"""Webhooks as a carrier of the outbox: to a listed host, signed, with as much of the event as was asked for."""

from collections.abc import Callable

from handover.delivery import keyring
from handover.delivery.cloud_event import Step
from handover.delivery.content import Contents
from handover.delivery.queue import Lane
from handover.delivery.sender import UNLISTED, Attempt, Sender
from handover.platform.clock import Clock
from handover.record.sealing import Sealer

_MOST_RINGS = 4096


class Webhooks:
    """See `delivery.carrier.Carrier`. `listed`: whether a lane's address is one that its organisation may use."""

    def __init__(
        self, sender: Sender, contents: Contents, listed: Callable[[Lane], bool], sealer: Sealer, clock: Clock
    ) -> None:
        self._sender = sender
        self._contents = contents
        self._listed = listed
        self._sealer = sealer
        self._clock = clock
        self._rings: dict[bytes, tuple[keyring.Secret, ...]] = {}

    async def carry(self, lane: Lane, step: Step, plain: bytes, *, previous: int) -> Attempt:
        """Make one attempt."""
        if not self._listed(lane):
            return UNLISTED
        body = await self._body(lane, step, plain, previous)
        at = self._clock.now()
        return await self._sender.send(
            lane.url,
            message_id=step.event_id,
            timestamp=int(at.timestamp()),
            keys=keyring.keys_at(self._ring(lane), at),
            body=body,
        )

    async def _body(self, lane: Lane, step: Step, plain: bytes, previous: int) -> bytes:
        if lane.full:
            return await self._contents.full(step, plain, lane.organisation, previous=previous)
        return self._contents.thin(step, previous=previous)

    def _ring(self, lane: Lane) -> tuple[keyring.Secret, ...]:
        """Open the secrets, once for as long as they stay the same."""
        found = self._rings.get(lane.secrets)
        if found is None:
            if len(self._rings) >= _MOST_RINGS:
                self._rings.clear()
            found = self._rings[lane.secrets] = keyring.unseal(self._sealer, lane.subscription_id, lane.secrets)
        return found
