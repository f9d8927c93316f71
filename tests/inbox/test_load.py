"""The load of everyone in an organisation, held against what the steps must have made of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.inbox.world import AT, OCMW, OCMW_1, OCMW_2, OTHER, SEALER, VDAB, VDAB_1, VDAB_C, World

from handover.domain.kinds.dossier import CounsellorAssigned, CounsellorReplaced
from handover.inbox.cards import team_token
from handover.inbox.load import NOBODY, HeldDossier, Load, Turns, held, overview, pass_seen_on
from handover.inbox.views import Group
from handover.platform.walls import Walled, asking_for

LATER = AT + timedelta(days=700)


async def _overview(world: World, organisation: str, *, late: bool = False) -> dict[str, Load]:
    await world.projector.catch_up()
    with asking_for([organisation]):
        return await overview(Walled(world.pool), organisation, at=LATER if late else world.at)


async def _held(world: World, organisation: str, who: str, **asked: Any) -> list[HeldDossier]:  # noqa: ANN401 - as `held`
    await world.projector.catch_up()
    with asking_for([organisation]):
        found, total = await held(
            Walled(world.pool), SEALER, organisation, who, **{"at": world.at, "limit": 100, **asked}
        )
    assert total >= len(found)
    return found


async def _referred(world: World) -> UUID:
    dossier_id = await world.open(OCMW_1)
    await world.post(dossier_id, OCMW_1, "handover.requested")
    return dossier_id


async def test_everyone_has_what_they_have_and_each_side_counts_its_own(world: World) -> None:
    assert await _overview(world, OCMW) == {}
    await _referred(world)
    taken = await _referred(world)
    await world.post(taken, VDAB_1, "handover.accepted")
    quiet = await world.open(OCMW_2)
    assert (await _overview(world, OCMW)) == {
        OCMW_1: Load(who=OCMW_1, dossiers=2, theirs=2),
        OCMW_2: Load(who=OCMW_2, dossiers=1),
    }
    assert (await _overview(world, VDAB)) == {
        NOBODY: Load(who=NOBODY, dossiers=1),
        VDAB_C: Load(who=VDAB_C, yours=1),
        VDAB_1: Load(who=VDAB_1, dossiers=1, yours=1),
    }
    assert await _overview(world, OTHER) == {}
    assert [d.dossier_id for d in await _held(world, OCMW, OCMW_2)] == [quiet]


async def test_late_is_told_by_whose_turn_with_the_oldest(world: World) -> None:
    first, second = await _referred(world), await _referred(world)
    await world.post(second, VDAB_1, "handover.accepted")
    await world.post(second, OCMW_1, "followUp.planAgreed")
    found = (await _overview(world, OCMW, late=True))[OCMW_1]
    assert (found.late_theirs, found.late_yours, found.late) == (2, found.yours, 2 + found.yours)
    due = await world.pool.fetchval("SELECT min(due_at) FROM inbox_thread WHERE organisation_id = $1", OCMW)
    assert found.oldest == due
    vdab = await _overview(world, VDAB, late=True)
    assert (vdab[VDAB_C].late_yours, vdab[VDAB_1].late_yours) == (1, 1)
    assert (vdab[VDAB_C] + vdab[VDAB_1]).late == 2
    assert (await _overview(world, OCMW))[OCMW_1].oldest is None
    assert first != second


async def test_a_list_has_the_soonest_due_first_and_goes_on_where_it_stopped(world: World) -> None:
    dossiers = [await world.open(OCMW_1) for _ in range(3)]
    await world.post(dossiers[2], OCMW_1, "followUp.planAgreed")
    await world.post(dossiers[1], OCMW_1, "handover.requested")
    found = await _held(world, OCMW, OCMW_1)
    assert [d.dossier_id for d in found] == [dossiers[2], dossiers[1], dossiers[0]]
    assert [[t.card.kind for t in d.threads] for d in found] == [["followUp"], ["handover"], []]
    assert [d.threads[0].your_turn for d in found[:2]] == [True, False]
    assert {d.card.client.given_name for d in found} == {"Voorbeeld"}
    pages = [await _held(world, OCMW, OCMW_1, limit=2, offset=n) for n in (0, 2)]
    assert [d for page in pages for d in page] == found
    with asking_for([OCMW]):
        _, total = await held(Walled(world.pool), SEALER, OCMW, OCMW_1, at=world.at, limit=2)
    assert total == 3


async def test_each_figure_leads_to_what_it_counts(world: World) -> None:
    planned, referred, both = [await world.open(OCMW_1) for _ in range(3)]
    for dossier_id in (planned, both):
        await world.post(dossier_id, OCMW_1, "followUp.planAgreed")
    for dossier_id in (referred, both):
        await world.post(dossier_id, OCMW_1, "handover.requested")
    between = AT + timedelta(days=30)
    """The referrals are late by then, the plans are not."""
    expected = {
        Turns.ALL: {planned: 1, referred: 1, both: 2},
        Turns.YOURS: {planned: 1, both: 1},
        Turns.THEIRS: {referred: 1, both: 1},
        Turns.LATE_YOURS: {},
        Turns.LATE_THEIRS: {referred: 1, both: 1},
    }
    for turns, wanted in expected.items():
        found = await _held(world, OCMW, OCMW_1, turns=turns, at=between)
        assert {d.dossier_id: len(d.threads) for d in found} == wanted, turns
    with asking_for([OCMW]):
        load = (await overview(Walled(world.pool), OCMW, at=between))[OCMW_1]
    counted = {turns: sum(found.values()) for turns, found in expected.items()}
    assert (load.yours, load.theirs) == (counted[Turns.YOURS], counted[Turns.THEIRS])
    assert (load.late_yours, load.late_theirs) == (counted[Turns.LATE_YOURS], counted[Turns.LATE_THEIRS])
    assert len(await _held(world, OCMW, OCMW_1, turns=Turns.LATE_YOURS, at=LATER)) == 2


async def test_what_nobody_has_and_what_a_team_has_are_lists_of_their_own(world: World) -> None:
    dossier_id = await _referred(world)
    assert [d.dossier_id for d in await _held(world, VDAB, NOBODY)] == [dossier_id]
    assert [t.card.kind for d in await _held(world, VDAB, VDAB_C) for t in d.threads] == ["handover"]
    token = team_token(VDAB, "Activering Noord")
    assert await _held(world, VDAB, token) == []
    await world.pool.execute(
        "UPDATE inbox_thread SET counsellor_id = $1 WHERE organisation_id = $2 AND your_turn", token, VDAB
    )
    (of_team,) = await _held(world, VDAB, token)
    assert (of_team.dossier_id, len(of_team.threads), of_team.counsellors) == (dossier_id, 1, ())
    with asking_for([VDAB]):
        assert (await overview(Walled(world.pool), VDAB, at=world.at))[token].yours == 1


async def test_another_organisation_s_work_is_not_there_whoever_is_asked_for(world: World) -> None:
    await _referred(world)
    for who in (OCMW_1, NOBODY, team_token(OCMW, "Activering")):
        assert await _held(world, OTHER, who) == []
    assert await _held(world, VDAB, OCMW_1) == []
    assert await _overview(world, OTHER) == {}


async def test_who_takes_over_has_the_turns_at_once_and_only_news_that_nobody_saw(world: World) -> None:
    dossier_id = await _referred(world)
    await world.post(dossier_id, VDAB_1, "handover.accepted")
    await world.projector.catch_up()
    seen = (await world.reader.timeline(dossier_id)).dossier.version  # type: ignore[union-attr]
    await world.inbox.seen(OCMW, OCMW_1, [(dossier_id, seen)])
    await world.post(dossier_id, VDAB_1, "handover.contacted")
    replaced = CounsellorReplaced(replaced=OCMW_1, counsellor=OCMW_2)
    await world.post(dossier_id, "ocmw-lindedal", "dossier.counsellorReplaced", replaced)
    with asking_for([OCMW]):
        await pass_seen_on(Walled(world.pool), OCMW, OCMW_1, OCMW_2, [dossier_id])
    found = await world.look(OCMW, OCMW_2)
    assert [item.dossier_id for item in found[Group.THEIR_TURN]] == [dossier_id]
    assert [item.type for item in found[Group.NEWS]] == ["handover.contacted"]
    assert (await _overview(world, OCMW)) == {OCMW_2: Load(who=OCMW_2, dossiers=1, theirs=1)}


async def test_a_dossier_that_nobody_had_brings_its_turn_along(world: World) -> None:
    dossier_id = await _referred(world)
    await world.post(dossier_id, VDAB_C, "dossier.counsellorAssigned", CounsellorAssigned(counsellor=VDAB_1))
    assert (await _overview(world, VDAB)) == {VDAB_1: Load(who=VDAB_1, dossiers=1, yours=1)}
    assert [i.dossier_id for i in (await world.look(VDAB, VDAB_1))[Group.YOUR_TURN]] == [dossier_id]
    assert (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN] == []
