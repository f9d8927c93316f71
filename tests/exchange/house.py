"""A worker's services around one link with an outside system, and pullers on it; the clock is the test's."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
from tests.instance import Instance, eventually

from handover.adapters.kit.contract import System
from handover.exchange.conversations import Kind
from handover.exchange.links import Link, Links
from handover.exchange.pulling import Puller
from handover.wiring import Services, bringing

OCMW = "ocmw-lindedal"
EVERY = timedelta(seconds=30)


@dataclass
class House:
    """Nothing runs by itself here."""

    instance: Instance
    system: System
    kind: Kind

    @property
    def services(self) -> Services:
        """The worker's."""
        return self.instance.worker

    @property
    def links(self) -> Links:
        """All links; there is one at most."""
        return Links(self.services.pool, self.services.sealer, self.services.clock)

    def puller(self) -> Puller:
        """Give what a worker would read with."""
        return Puller(
            self.links,
            bringing(self.services),
            {self.system.name: self.kind},
            directory=self.services.directory,
            clock=self.services.clock,
            poll=0.01,
            allow_test_range=True,
        )

    async def join(self, settings: msgspec.Struct) -> None:
        """Make the link, or make it anew with other settings."""
        await self.links.put(OCMW, self.system.name, settings, legal_basis_id="demo-protocol", interval=EVERY)

    async def link(self) -> Link:
        """Give the link as it stands."""
        (found,) = await self.links.all()
        return found

    async def read(self, puller: Puller) -> Link:
        """Read what is due, to its end; give how the link stands then."""
        await puller.start_due()
        await puller.idle()
        return await self.link()

    async def events(self) -> int:
        """Count what is recorded."""
        found: int = await self.instance.pool.fetchval("SELECT count(*) FROM event")
        return found

    def later(self, by: timedelta = EVERY) -> None:
        """Let time pass."""
        self.services.clock.offset += by

    async def killed(self, *, after: int) -> bool:
        """Let a worker read, and end it after so many commands; tell whether it came that far."""
        record, before = self.services.record, (await self.link()).read_at
        real, handled, reached = record.handle, 0, asyncio.Event()

        async def handle(*given: object, **named: object) -> object:
            nonlocal handled
            handled += 1
            if handled > after:
                reached.set()
                await asyncio.Event().wait()
            return await real(*given, **named)  # type: ignore[arg-type]

        async def is_over() -> bool:
            return reached.is_set() or (await self.link()).read_at != before

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(record), "handle", lambda _, *given, **named: handle(*given, **named))
            reading = asyncio.create_task(self.puller().run())
            await eventually(is_over)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return reached.is_set()
