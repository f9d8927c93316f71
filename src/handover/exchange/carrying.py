"""What others did, brought as notes into the systems that organisations are joined to.

It is a carrier of the outbox: order per dossier, retries, what is given up and what is told of it are the lanes'.
A note holds the identifier of its event, and is looked for before it is written: so it stands there once, whenever a
worker or that system is stopped. Confidential fields stay in the dossier: more people read a file there than may know.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from handover.adapters.kit.adapter import AdapterError, Away, Unsure
from handover.adapters.kit.filing import Note, Outbound
from handover.delivery.cloud_event import Step
from handover.delivery.destinations import SCHEME
from handover.delivery.queue import Lane
from handover.delivery.sender import DEADLINE_SECONDS, Attempt
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.fields import Visibility
from handover.domain.parties import Directory
from handover.domain.policy import ALL
from handover.domain.quiet import is_quiet
from handover.domain.visibility import Reader
from handover.exchange.conversations import Conversations, Kind
from handover.exchange.links import Link, Links
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.platform.log import place_of
from handover.record import codec
from handover.record.sealing import KEY_OF, Sealer

_log = structlog.stdlib.get_logger(__name__)
_GRANTED: Final = ALL - {Visibility.CONFIDENTIAL}
_SURE_AFTER: Final = "60"
"""Seconds: what that system was writing when we stopped waiting stands there by then, or never will."""
_NOT_JOINED: Final = "this organisation is no longer joined to that system"
_NO_CLIENT: Final = "no client of that system is known to be in this dossier"
_BUSY: Final = "other steps were being written there all the time"
_OURS: Final = "something went wrong on our side; see the log of the worker"
_FOUND: Final = f"""
SELECT d.state, {KEY_OF.format("d")} AS keys, (
    SELECT substring(m.key FROM '[0-9]+$')::int FROM inbound_mark m
    WHERE m.dossier_id = d.dossier_id AND m.organisation_id = $2 AND m.system = $3 AND m.key ~ ('^' || $4 || '/[0-9]+$')
    ORDER BY m.changed_at DESC LIMIT 1
) AS client
FROM dossier d WHERE d.dossier_id = $1
"""  # noqa: S608 - a constant
_LANGUAGE: Final = "SELECT language FROM notice_preference WHERE organisation_id = $1 AND counsellor_id = $2"


class Compose(Protocol):
    """Puts a step in the words of its reader."""

    def __call__(self, event: Event, reader: Reader, language: str) -> Note:
        """Give the note. `language`: nl, fr, de or en, "" for the usual one."""
        ...


class Carrying:
    """Carries events to `adapter:<system>` addresses; see `delivery.carrier.Carrier`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        links: Links,
        kinds: Mapping[str, Kind],
        compose: Compose,
        *,
        sealer: Sealer,
        directory: Callable[[], Directory],
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._links = links
        self._compose = compose
        self._sealer = sealer
        self._directory = directory
        self._clock = clock
        self._conversations: Conversations[Outbound] = Conversations(links, kinds, lambda kind: kind.notes)
        # One at a time: two that look and then write could both find nothing.
        self._turns: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def close(self) -> None:
        """Close the conversations."""
        await self._conversations.close()

    async def carry(self, lane: Lane, step: Step, plain: bytes, *, previous: int) -> Attempt:
        """Make one attempt; see `Carrier.carry`."""
        del previous
        began, loop = time.monotonic(), asyncio.get_running_loop()
        if step.organisation == lane.organisation or is_quiet(step.type):
            return _attempt("", began)
        link = await self._links.find(lane.organisation, lane.url.removeprefix(SCHEME))
        if link is None:
            return _attempt(_NOT_JOINED, began, ours=True)
        turn, until = self._turns[link.link_id], loop.time() + DEADLINE_SECONDS
        try:
            async with asyncio.timeout_at(until):
                await turn.acquire()
        except TimeoutError:
            return _attempt(_BUSY, began, ours=True)
        try:
            return await self._tried(link, lane, plain, until, began)
        finally:
            turn.release()

    async def _tried(self, link: Link, lane: Lane, plain: bytes, until: float, began: float) -> Attempt:
        """Write it, and tell how that went; a conversation in which something went wrong is not gone on with."""
        try:
            async with asyncio.timeout_at(until):
                said = await self._written(link, lane.dossier_id, lane.keys, plain)
            return _attempt(said, began, ours=bool(said))
        except TimeoutError:
            found = _attempt(f"no complete answer within {DEADLINE_SECONDS:g} s", began, retry_after=_SURE_AFTER)
        except AdapterError as error:
            away, unsure = isinstance(error, Away), isinstance(error, Unsure)
            found = _attempt(str(error), began, connected=not away, retry_after=_SURE_AFTER if unsure else "")
        except LOST:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, other lanes go on
            _log.error("note_failed", system=link.system, error=type(error).__name__, place=place_of(error))
            found = _attempt(_OURS, began, ours=True)
        await self._conversations.let_go(link.link_id)
        return found

    async def _written(self, link: Link, dossier_id: UUID, keys: bytes | None, plain: bytes) -> str:
        """Write what there is to write; give "" or why it cannot be placed."""
        notes = await self._conversations.of(link)
        row = await self._pool.fetchrow(_FOUND, dossier_id, link.organisation_id, link.system, notes.clients)
        dossier = codec.open_state(self._sealer.dossier(dossier_id, keys), row["state"])
        event = codec.decode_event(plain)
        place = dossier.place_to_see(link.organisation_id, event.sequence, event.type, event.thread_id)
        if place is None:
            return ""
        today = local_day(self._clock.now())
        reader = Reader.of(dossier, place, self._directory(), on=today, granted=_GRANTED)
        if row["client"] is None:
            return _NO_CLIENT
        note = self._compose(event, reader, await self._language(link, dossier, notes))
        await _file(notes, row["client"], note)
        return ""

    async def _language(self, link: Link, dossier: Dossier, notes: Outbound) -> str:
        """Give the language of who works with the client: as chosen here, else as there."""
        counsellor = dossier.counsellor_of(link.organisation_id)
        if not counsellor:
            return ""
        chosen = await self._pool.fetchval(_LANGUAGE, link.organisation_id, counsellor)
        return chosen or await notes.language(link.organisation_id, counsellor)


def _attempt(said: str, began: float, *, connected: bool = True, retry_after: str = "", ours: bool = False) -> Attempt:
    seconds = time.monotonic() - began
    return Attempt(None, said, seconds, connected=connected, retry_after=retry_after, ours=ours)


async def _file(notes: Outbound, client: int, note: Note) -> None:
    wanted = [note.reference, note.amends] if note.amends else [note.reference]
    filed = await notes.find(client, wanted)
    if note.reference in filed:
        return
    if not note.amends:
        await notes.write(client, note)
    elif note.amends in filed:
        # What never stood there needs no correction there.
        await notes.amend(client, filed[note.amends], note)
