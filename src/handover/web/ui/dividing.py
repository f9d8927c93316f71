"""Giving many dossiers to a colleague: a step in each, several at a time; sent twice it counts once."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from handover.domain.dossier import Dossier
from handover.domain.events import PostEvent
from handover.domain.handing_over import Kept, Step, step_of
from handover.domain.kinds.dossier import CounsellorAssigned
from handover.domain.policy import Relation, Task
from handover.domain.refusals import Refusal, StaleVersion
from handover.inbox.load import pass_seen_on
from handover.platform.db import LOST
from handover.platform.ids import new_id
from handover.record.handle import Request as Asked
from handover.web.ui.pages import Page

_log = structlog.stdlib.get_logger("handover.web.ui")
_AT_ONCE = 8
_TRIES = 3
"""A dossier that moved on while it was looked at is looked at anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done: these dossiers from one to another. `key` is the form's own, also when it is sent again."""

    leaving: str
    """A counsellor; "": from nobody, or from a team."""
    taking: str
    why: str | None
    dossier_ids: tuple[UUID, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Divided:
    """What came of it: the dossiers that `taking` has now, and why the others stayed ("failed": try again)."""

    done: tuple[UUID, ...]
    kept: tuple[tuple[UUID, str], ...]
    clients: dict[UUID, str]

    @property
    def may_go_again(self) -> list[UUID]:
        """Give those that may go when the form is sent once more: not the dossier itself stands in the way."""
        settled = {str(kept) for kept in Kept}
        return [dossier_id for dossier_id, reason in self.kept if reason not in settled]


async def divide(page: Page, order: Order) -> Divided:
    """Do it, and note in the access log whose dossiers were handed over."""
    await _noted(page, order, found := await page.services.reader.several(order.dossier_ids))
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(dossier_id: UUID) -> str:
        async with gate:
            return await _one(page, order, dossier_id, found.get(dossier_id))

    came_of_it = await asyncio.gather(*(one(dossier_id) for dossier_id in order.dossier_ids))
    pairs = list(zip(order.dossier_ids, came_of_it, strict=True))
    done = tuple(dossier_id for dossier_id, kept in pairs if not kept)
    if done and order.leaving:
        await pass_seen_on(page.services.pool, page.own, order.leaving, order.taking, done)
    mine = {i: f"{d.given_name} {d.family_name}" for i, d in found.items() if d.inscription_of(page.own)}
    return Divided(done, tuple((dossier_id, kept) for dossier_id, kept in pairs if kept), mine)


async def _noted(page: Page, order: Order, found: dict[UUID, Dossier]) -> None:
    guard, bases = page.services.guard, {}
    for dossier_id in order.dossier_ids:
        place = found[dossier_id].inscription_of(page.own) if dossier_id in found else None
        if place is None:
            await guard.denied(page.visit, Task.DIVIDE_WORK, dossier_id)
        else:
            bases[dossier_id] = place.legal_basis_id
    await guard.shown(page.visit, Task.DIVIDE_WORK, bases, Relation.INSCRIBED)


async def _one(page: Page, order: Order, dossier_id: UUID, dossier: Dossier | None) -> str:
    """Give "" when `taking` has the dossier now, else why not."""
    for _ in range(_TRIES):
        step = step_of(
            dossier,
            page.own,
            page.people.directory,
            leaving=order.leaving,
            taking=order.taking,
            why=order.why,
        )
        if isinstance(step, Kept) or dossier is None:
            return "" if step is Kept.ALREADY else str(step)
        try:
            await _record(page, order, dossier, step)
        except StaleVersion:
            dossier = (await page.services.reader.several([dossier_id])).get(dossier_id)
        except Refusal as refusal:
            return f"refusal.{refusal.name}"
        except LOST as error:
            _log.warning("dividing_interrupted", error=type(error).__name__)
            return "failed"
        else:
            return ""
    return f"refusal.{StaleVersion.name}"


async def _record(page: Page, order: Order, dossier: Dossier, step: Step) -> None:
    kind = "counsellorAssigned" if isinstance(step, CounsellorAssigned) else "counsellorReplaced"
    command = PostEvent(
        command_id=new_id(),
        dossier_id=dossier.dossier_id,
        caller=page.caller,
        type=f"dossier.{kind}",
        data=step,
    )
    await page.services.record.handle(command, _asked(order, dossier), at=page.services.clock.now())


def _asked(order: Order, dossier: Dossier) -> Asked:
    """One key for each dossier, out of the form's; the step holds only for the dossier as it was when it was chosen."""
    told: Sequence[str] = (order.leaving, order.taking, order.why or "", str(dossier.dossier_id))
    return Asked(
        key=f"divide-{order.key}-{dossier.dossier_id}",
        fingerprint=hashlib.sha256("\n".join(["DIVIDE", *told]).encode()).digest(),
        if_match=dossier.version,
    )
