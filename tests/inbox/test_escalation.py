"""Whom the ladder told has the item in their inbox: the counsellor, the team, the coordinators of both sides."""

import dataclasses
from datetime import timedelta
from uuid import UUID

from tests.inbox.world import OCMW, OCMW_1, SEALER, VDAB, VDAB_1, VDAB_C, World

from handover.domain.agreements import Agreement, Desk, Terms
from handover.domain.codes import ContactMeans
from handover.domain.events import PassTime
from handover.domain.kinds.handover import Accepted
from handover.inbox.check import check
from handover.inbox.rebuild import rebuild
from handover.inbox.views import Group
from handover.platform.ids import new_id
from handover.record.handle import Request


async def _pass(world: World, dossier_id: UUID, days: int) -> None:
    world.at += timedelta(days=days)
    await world.record.handle(PassTime(command_id=new_id(), dossier_id=dossier_id), Request(), at=world.at)


async def _accepted(world: World) -> UUID:
    dossier_id = await world.open(OCMW_1, person=1)
    await world.open(VDAB_1, person=1)
    await world.post(dossier_id, OCMW_1, "handover.requested")
    await world.post(
        dossier_id, VDAB_1, "handover.accepted", Accepted(counsellor=VDAB_1, reached_by=ContactMeans.PHONE)
    )
    return dossier_id


async def test_both_coordinators_get_what_stays_undone(world: World) -> None:
    dossier_id = await _accepted(world)
    assert (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN] == []
    await _pass(world, dossier_id, 40)
    mine = (await world.look(VDAB, VDAB_1))[Group.YOUR_TURN]
    coordinator = (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN]
    assert [item.rung for item in mine] == [item.rung for item in coordinator] == [3]
    theirs = (await world.look(OCMW, f"{OCMW}.coordinator"))[Group.THEIR_TURN]
    assert [(item.kind, item.rung) for item in theirs] == [("handover", 3)]
    await world.post(dossier_id, VDAB_1, "handover.contacted")
    assert (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN] == [], "an answer takes it out again"


async def test_a_team_has_a_turn_until_somebody_takes_it_up(world: World) -> None:
    agreement = Agreement(
        agreement_id=UUID(int=7),
        ocmw=OCMW,
        vdab=VDAB,
        valid_from=world.at.date(),
        terms=Terms(vdab_desk=Desk(team="Team Zuid")),
    )
    world.directory = dataclasses.replace(world.directory, agreements=(agreement,))
    dossier_id = await world.open(OCMW_1)
    await world.post(dossier_id, OCMW_1, "handover.requested")
    await world.projector.catch_up()
    in_team = await world.inbox.items(VDAB, VDAB_1, at=world.at, works_in="Team Zuid")
    elsewhere = await world.inbox.items(VDAB, VDAB_C, at=world.at, works_in="Team Noord")
    assert [i.turn and i.turn.team for i in in_team if i.group is Group.YOUR_TURN] == ["Team Zuid"]
    assert [i for i in elsewhere if i.group is Group.YOUR_TURN] == []
    await world.post(
        dossier_id, VDAB_1, "handover.accepted", Accepted(counsellor=VDAB_1, reached_by=ContactMeans.PHONE)
    )
    assert len((await world.look(VDAB, VDAB_1))[Group.YOUR_TURN]) == 1


async def test_replay_gives_the_same_rows(world: World) -> None:
    dossier_id = await _accepted(world)
    await _pass(world, dossier_id, 40)
    await world.projector.catch_up()
    assert await check(world.pool, SEALER) == []
    await world.pool.execute("UPDATE inbox_thread SET also = '{}'")
    await world.pool.execute("INSERT INTO wake VALUES ($1, now())", dossier_id)
    assert {d.table for d in await check(world.pool, SEALER)} == {"inbox_thread", "wake"}
    done = await rebuild(world.pool, SEALER, lambda _done, _total: None)
    assert done.corrected
    assert await check(world.pool, SEALER) == []
