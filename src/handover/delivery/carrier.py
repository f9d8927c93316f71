"""What brings an event where it should go, in the lanes of the outbox: a webhook, or a system we speak with."""

from typing import Protocol

from handover.delivery.cloud_event import Step
from handover.delivery.queue import Lane
from handover.delivery.sender import Attempt


class Carrier(Protocol):
    """Makes attempts."""

    async def carry(self, lane: Lane, step: Step, plain: bytes, *, previous: int) -> Attempt:
        """Make one attempt, within a sender's deadline; repeating one that went through changes nothing.

        `plain` is the event, `previous` the sequence sent before it. Raises asyncpg's errors when our own database is
        away, msgspec's, KeyError, ValueError and InvalidTag for what cannot be read; nothing for what is over there.
        """
        ...


class NoCarrier:
    """For a worker that speaks with no other system."""

    async def carry(self, lane: Lane, step: Step, plain: bytes, *, previous: int) -> Attempt:
        """Say so."""
        del lane, step, plain, previous
        return Attempt(None, "this worker brings nothing into other systems", 0.0, ours=True)
