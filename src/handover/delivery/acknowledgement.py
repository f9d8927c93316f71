"""A referral that arrived is received: the delivery itself moves it on, before it counts as delivered."""

from collections.abc import Callable
from uuid import UUID

import structlog

from handover.delivery.cloud_event import Step
from handover.domain.events import Acknowledge
from handover.domain.parties import SYSTEM, Caller, Directory
from handover.domain.refusals import Refusal
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.record.handle import Contended, Record, Request

_log = structlog.stdlib.get_logger(__name__)
HOW = "delivery acknowledged"


class Acknowledgements:
    """Records `handover.received` for what a receiver's system took."""

    def __init__(self, record: Record, directory: Callable[[], Directory], clock: Clock) -> None:
        self._record = record
        self._directory = directory
        self._clock = clock

    async def after(self, step: Step, organisation: str) -> None:
        """Acknowledge every handover that the delivered event requests from that organisation.

        Repeating it changes nothing. A refusal (closed meanwhile, already in hand) is logged and left.
        Raises asyncpg's errors and Contended: then the delivery must not count as made, so that this is
        done again.
        """
        for thread_id in step.asks(organisation):
            receiver = self._directory().organisations.get(organisation)
            if receiver is None:
                _log.warning("acknowledgement_without_organisation", organisation=organisation)
                return
            command = Acknowledge(
                command_id=new_id(),
                dossier_id=UUID(step.dossier_id),
                caller=Caller(organisation=receiver, actor=SYSTEM),
                thread_id=thread_id,
                how=HOW,
            )
            try:
                await self._record.handle(command, Request(), at=self._clock.now())
            except Contended:
                raise
            except Refusal as refusal:
                _log.info(
                    "acknowledgement_refused",
                    refusal=refusal.name,
                    dossier_id=step.dossier_id,
                    thread_id=thread_id,
                )
