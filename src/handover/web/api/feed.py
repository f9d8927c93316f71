"""A feed as one caller sees it: what their organisation was told, narrowed by the policy, noted by dossier."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID
from weakref import WeakKeyDictionary

from msgspec.structs import replace as changed

from handover.access.guard import Grant, Visit
from handover.domain.dossier import Dossier
from handover.domain.policy import Action, Task
from handover.record.sight import restricted
from handover.record.tail import Told
from handover.web.needs import Services

_READERS = 2
"""How many dossiers are read at once for followers, as `record.tail` reads pages: they must not crowd out who writes."""
_Loads = dict[tuple[UUID, str], asyncio.Task[Dossier | None]]
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
_under_way: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loads] = WeakKeyDictionary()
"""Dossiers that are being read, by their place in the feed: all its followers need each of them at the same moment."""


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
    """Decide for the dossiers of a page, one after another: many who are behind must not hold many dossiers each."""
    grants = {}
    for place in newest.items():
        state = await _shared(services, place)
        (grant,) = await services.guard.each(asking, Action.READ_EVENT, [state]) if state else [None]
        if grant:
            grants[place[0]] = replace(grant, dossier=changed(grant.dossier, threads={}, contacts=(), mandates=()))
    return grants


async def _shared(services: Services, place: tuple[UUID, str]) -> Dossier | None:
    loads = _under_way.setdefault(asyncio.get_running_loop(), {})
    task = loads.get(place)
    if task is None:
        task = loads[place] = asyncio.create_task(_load(services, place[0]))
        task.add_done_callback(lambda _: loads.pop(place, None))
    # Who leaves meanwhile does not take it away from the others.
    return await asyncio.shield(task)


async def _load(services: Services, dossier_id: UUID) -> Dossier | None:
    async with _rooms.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_READERS)):
        found = await services.reader.dossier(dossier_id)
    return found[0] if found else None
