"""Reads the systems that organisations are joined to, each at its own interval, for as long as a worker runs.

Any number of workers may: a link is claimed with a lease that is kept while it is read. A run that was killed midway
is done again by whoever claims the link next; what it had recorded is not recorded twice (`adapters.kit.importer`).
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import Counter, Histogram

from handover.adapters.kit.adapter import AdapterError, Away, Changed, Denied, Inbound
from handover.adapters.kit.contract import Report
from handover.domain.parties import Directory
from handover.exchange.bringing import Bringing
from handover.exchange.conversations import Conversations, Kind
from handover.exchange.links import LEASE, Link, Links, Trouble
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.platform.log import place_of

RUNS = Counter("handover_adapter_runs", "Runs of adapters by system and how they ended", ["system", "outcome"])
SECONDS = Histogram(
    "handover_adapter_run_seconds",
    "How long a run that got through took",
    ["system"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900),
)
_log = structlog.stdlib.get_logger(__name__)
_AT_ONCE: Final = 4
_OURS: Final = "Something went wrong on our side ({}); see the log of the worker. It is tried again."
_NOBODY: Final = "The organisation is no longer known here."
_WORDS: Final = ((Away, Trouble.AWAY), (Denied, Trouble.DENIED), (Changed, Trouble.CHANGED))


class _NotOursError(Exception):
    """Another worker has the link by now."""


class Puller:
    """Runs what is due. `poll` is how often it looks, in seconds."""

    def __init__(
        self,
        links: Links,
        bringing: Bringing,
        kinds: Mapping[str, Kind],
        *,
        directory: Callable[[], Directory],
        clock: Clock,
        poll: float,
        allow_test_range: bool,
    ) -> None:
        self._links = links
        self._bringing = bringing
        self._conversations: Conversations[Inbound] = Conversations(links, kinds, lambda kind: kind.adapter)
        self._directory = directory
        self._clock = clock
        self._poll = poll
        self._allow_test_range = allow_test_range
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read until cancelled. Nothing that goes wrong with one link touches another."""
        try:
            while True:
                try:
                    await self.start_due()
                except LOST as error:
                    _log.warning("adapters_not_claimed", error=type(error).__name__)
                await asyncio.sleep(self._poll * random.uniform(0.75, 1.25))  # noqa: S311 - no secret depends on it
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            await self._conversations.close()

    async def start_due(self) -> int:
        """Begin with what is due, as far as there is room; give how many that were."""
        room = _AT_ONCE - len(self._running)
        claimed = await self._links.claim(most=room) if room > 0 else []
        for link in claimed:
            task = asyncio.create_task(self._attempt(link))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed)

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.wait(self._running)

    async def _attempt(self, link: Link) -> None:
        with suppress(*LOST):  # the lease ends by itself, and whoever claims the link then begins anew
            try:
                began = asyncio.get_running_loop().time()
                report = await self._while_kept(link)
                held = await self._links.got_through(link, report)
                RUNS.labels(link.system, "through" if held else "overtaken").inc()
                SECONDS.labels(link.system).observe(asyncio.get_running_loop().time() - began)
            except _NotOursError:
                RUNS.labels(link.system, "overtaken").inc()
                await self._conversations.let_go(link.link_id)
            except AdapterError as error:
                trouble = next(word for kind, word in _WORDS if isinstance(error, kind))
                await self._failed(link, trouble, str(error))
            except LOST as error:
                await self._failed(link, Trouble.OURS, _OURS.format(type(error).__name__))
            except Exception as error:  # noqa: BLE001 - whatever it is, other links go on
                _log.error("adapter_failed", system=link.system, error=type(error).__name__, place=place_of(error))
                await self._failed(link, Trouble.OURS, _OURS.format(type(error).__name__))

    async def _failed(self, link: Link, trouble: Trouble, said: str) -> None:
        RUNS.labels(link.system, trouble).inc()
        _log.warning(
            "adapter_run_failed", system=link.system, organisation=link.organisation_id, trouble=trouble, said=said
        )
        await self._conversations.let_go(link.link_id)
        await self._links.failed(link, trouble, said)

    async def _while_kept(self, link: Link) -> Report:
        """Run, and keep the claim meanwhile. Raises _NotOursError when it could not be kept."""
        work = asyncio.create_task(self._read(link))
        try:
            while True:
                done, _ = await asyncio.wait({work}, timeout=LEASE.total_seconds() / 3)
                if done:
                    return work.result()
                if not await self._links.renew(link):
                    raise _NotOursError
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _read(self, link: Link) -> Report:
        organisation = self._directory().organisations.get(link.organisation_id)
        if organisation is None:
            raise Denied(_NOBODY)
        adapter = await self._conversations.of(link)
        plan = await adapter.plan(link.organisation_id, now=self._clock.now(), allow_test_range=self._allow_test_range)
        return await self._bringing.run(plan, adapter.system, organisation, link.legal_basis_id)
