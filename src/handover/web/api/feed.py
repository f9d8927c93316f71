"""A feed as one caller sees it: what their organisation was told, narrowed by the policy, noted by dossier."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from uuid import UUID
from weakref import WeakKeyDictionary

from msgspec.structs import replace as changed

from handover.access.guard import Grant, Visit
from handover.domain.dossier import Dossier
from handover.domain.facts import Facts
from handover.domain.parties import Caller
from handover.domain.policy import Action, Task
from handover.record.sight import restricted
from handover.record.tail import Told
from handover.web.needs import Services

_KEPT, _KEPT_SECONDS = 4096, 2.0
"""Decisions that are kept, and for how long: who is taken off a dossier must not go on reading it."""
_READERS = 2
"""How many dossiers are read at once for followers, as `record.tail` reads pages: who writes goes first."""
_Place = tuple[UUID, str]
_Key = tuple[_Place, Caller]
_Grants = dict[_Key, tuple[float, asyncio.Task[Grant | None]]]
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
_known: WeakKeyDictionary[asyncio.AbstractEventLoop, _Grants] = WeakKeyDictionary()
"""What was decided at a place in a feed, and when. Of a dossier only who is in it is kept: followers of a feed need the
same, and many who are behind must not hold many dossiers each."""


async def narrowed(
    services: Services, asking: Visit, page: Sequence[Told], dossiers: Mapping[UUID, Dossier] | None = None
) -> list[Told]:
    """Give a page of the feed as the caller sees it; what they may not see keeps its place and says nothing.

    `dossiers`: those of the page, where they are at hand.
    """
    newest = {told.dossier_id: told.cursor for told in page if told.seen}
    if dossiers is None:
        grants = await _loaded(services, asking, newest)
    else:
        found = await services.guard.each(asking, Action.READ_EVENT, [dossiers[one] for one in newest])
        grants = {grant.dossier.dossier_id: grant for grant in found if grant}
    own, shown = asking.caller.organisation.organisation_id, list[Told]()
    for told in page:
        grant = grants.get(told.dossier_id)
        seen = restricted(told.seen, own, grant.classes) if told.seen and grant else None
        shown.append(replace(told, seen=seen))
    await services.guard.noted(asking, Task.READ_FEED, grants.values())
    return shown


async def _loaded(services: Services, asking: Visit, newest: Mapping[UUID, str]) -> dict[UUID, Grant]:
    grants = {}
    for place in newest.items():
        grant = await _shared(services, asking, place)
        if grant:
            grants[place[0]] = grant
    return grants


async def _shared(services: Services, asking: Visit, place: _Place) -> Grant | None:
    known = _known.setdefault(asyncio.get_running_loop(), {})
    key = (place, asking.caller)
    at, task = known.get(key, (0.0, None))
    failed = task is not None and task.done() and (task.cancelled() or task.exception() is not None)
    if task is None or failed or monotonic() - at > _KEPT_SECONDS:
        task = asyncio.create_task(_decided(services, asking, place[0]))
        known.pop(key, None)
        known[key] = (monotonic(), task)
        while len(known) > _KEPT:
            del known[next(iter(known))]
    # Who leaves meanwhile does not take it away from the others.
    return await asyncio.shield(task)


async def _decided(services: Services, asking: Visit, dossier_id: UUID) -> Grant | None:
    async with _rooms.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_READERS)):
        found = await services.reader.dossier(dossier_id)
        (grant,) = await services.guard.each(asking, Action.READ_EVENT, [found[0]]) if found else [None]
    if grant is None:
        return None
    return replace(grant, dossier=changed(grant.dossier, threads={}, contacts=(), mandates=(), facts=Facts()))
