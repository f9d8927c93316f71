"""A warm handover and a joint intake, seen from both inboxes."""

from datetime import timedelta
from uuid import UUID

from tests.inbox.world import OCMW, OCMW_1, OCMW_2, OTHER, OTHER_1, VDAB, VDAB_1, VDAB_C, World

from handover.domain.codes import Purpose
from handover.domain.codes_follow_up import IntakeForm
from handover.domain.kinds.dossier import CounsellorReplaced
from handover.domain.kinds.handover import Requested
from handover.domain.kinds.intake import Planned
from handover.domain.parties import Party
from handover.domain.threads import Status
from handover.inbox.views import Group


async def _referred(world: World) -> UUID:
    dossier_id = await world.open(OCMW_1)
    await world.post(dossier_id, OCMW_1, "handover.requested")
    return dossier_id


async def test_a_referral_waits_for_the_receiver_and_is_followed_by_the_sender(world: World) -> None:
    dossier_id = await _referred(world)
    sender = await world.look(OCMW, OCMW_1)
    (waiting,) = sender[Group.THEIR_TURN]
    assert sender[Group.YOUR_TURN] == sender[Group.NEWS] == []
    assert (waiting.dossier_id, waiting.kind, waiting.status) == (dossier_id, "handover", Status.REQUESTED)
    assert (waiting.client.given_name, waiting.client.family_name) == ("Voorbeeld", "Een")
    assert waiting.since == waiting.opened_at == world.at
    # Nobody is named yet at VDAB, so whoever coordinates there can be called.
    assert waiting.other == waiting.turn == Party(organisation=VDAB, counsellor=VDAB_C)

    (turn,) = (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN]
    assert (turn.thread_id, turn.other) == (
        waiting.thread_id,
        Party(organisation=OCMW, counsellor=OCMW_1),
    )
    assert turn.purpose == Purpose.GUIDANCE_TO_WORK
    assert turn.due_rule == "1 working days"
    assert (await world.look(VDAB, VDAB_1))[Group.YOUR_TURN] == []
    assert (await world.look(VDAB, None))[Group.YOUR_TURN] == [turn]


async def test_the_turn_moves_to_the_counsellor_who_accepts(world: World) -> None:
    dossier_id = await _referred(world)
    await world.post(dossier_id, VDAB_C, "handover.accepted")
    assert (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN] == []
    (turn,) = (await world.look(VDAB, VDAB_1))[Group.YOUR_TURN]
    assert (turn.status, turn.type) == (Status.ACCEPTED, "handover.accepted")
    sender = await world.look(OCMW, OCMW_1)
    assert sender[Group.THEIR_TURN][0].other == Party(organisation=VDAB, counsellor=VDAB_1)
    assert [item.type for item in sender[Group.NEWS]] == ["handover.accepted"]
    assert sender[Group.NEWS][0].other == Party(organisation=VDAB, counsellor=VDAB_C)


async def test_a_rejection_gives_the_turn_back_and_takes_the_dossier_from_the_receiver(world: World) -> None:
    dossier_id = await _referred(world)
    await world.post(dossier_id, VDAB_C, "handover.rejected")
    sender = await world.look(OCMW, OCMW_1)
    (turn,) = sender[Group.YOUR_TURN]
    assert (turn.status, turn.outcome) == (Status.REJECTED, "wrongService")
    assert sender[Group.THEIR_TURN] == []
    assert (await world.look(VDAB, None)) == {group: [] for group in Group}
    assert await world.pool.fetchval("SELECT count(*) FROM inbox_dossier WHERE organisation_id = 'vdab'") == 0
    await world.post(dossier_id, OCMW_1, "handover.concluded")
    assert (await world.look(OCMW, OCMW_1))[Group.YOUR_TURN] == []


async def test_a_completed_handover_leaves_only_its_news(world: World) -> None:
    dossier_id = await _referred(world)
    for step in ("accepted", "contacted", "progressed", "completed"):
        await world.post(dossier_id, VDAB_1, f"handover.{step}")
    sender = await world.look(OCMW, OCMW_1)
    assert sender[Group.YOUR_TURN] == sender[Group.THEIR_TURN] == []
    assert [item.type.partition(".")[2] for item in sender[Group.NEWS]] == [
        "completed",
        "progressed",
        "contacted",
        "accepted",
    ]
    newest = sender[Group.NEWS][0]
    assert (newest.status, newest.outcome, newest.sequence) == (Status.COMPLETED, "employed", 9)
    timeline = await world.reader.timeline(dossier_id)
    assert timeline is not None
    assert newest.body == timeline.bodies[-1]
    assert newest.inscription == timeline.dossier.inscription_of(OCMW)
    assert newest.event_id is not None


async def test_overdue_is_a_matter_of_when_one_looks(world: World) -> None:
    await _referred(world)
    (turn,) = (await world.look(VDAB, VDAB_C))[Group.YOUR_TURN]
    assert turn.due_at is not None
    assert not turn.overdue
    (later,) = (await world.look(VDAB, VDAB_C, at=turn.due_at + timedelta(seconds=1)))[Group.YOUR_TURN]
    assert later.overdue


async def test_a_joint_intake_stands_in_the_inboxes_of_both_who_were_named(world: World) -> None:
    dossier_id = await world.open(OCMW_1)
    planned = Planned(
        form=IntakeForm.JOINT,
        planned_at=world.at + timedelta(days=3),
        counsellor=OCMW_2,
        other_organisation=VDAB,
        other_counsellor=VDAB_1,
    )
    await world.post(dossier_id, OCMW_1, "intake.planned", planned)
    (own,) = (await world.look(OCMW, OCMW_2))[Group.YOUR_TURN]
    (theirs,) = (await world.look(VDAB, VDAB_1))[Group.THEIR_TURN]
    assert own.thread_id == theirs.thread_id
    assert own.other == Party(organisation=VDAB, counsellor=VDAB_1)
    assert theirs.other == theirs.turn == Party(organisation=OCMW, counsellor=OCMW_2)
    # The colleague who planned it follows the dossier, but the appointment is in the other's inbox.
    assert (await world.look(OCMW, OCMW_1))[Group.YOUR_TURN] == []
    assert (await world.look(OCMW, OCMW_1, team=True))[Group.YOUR_TURN] == [own]


async def test_a_change_of_lead_is_a_turn_too(world: World) -> None:
    dossier_id = await _referred(world)
    await world.post(dossier_id, VDAB_C, "handover.accepted")
    await world.post(dossier_id, OCMW_1, "dossier.leadChanged")
    found = (await world.look(VDAB, None))[Group.YOUR_TURN]
    assert ("dossier", "lead") in {(item.kind, item.topic) for item in found}


async def test_who_takes_over_gets_the_open_threads(world: World) -> None:
    dossier_id = await _referred(world)
    await world.post(
        dossier_id,
        OCMW_1,
        "dossier.counsellorReplaced",
        CounsellorReplaced(replaced=OCMW_1, counsellor=OCMW_2),
    )
    assert len((await world.look(OCMW, OCMW_2))[Group.THEIR_TURN]) == 1
    assert (await world.look(OCMW, OCMW_1)) == {group: [] for group in Group}


async def test_an_application_refers_and_the_turn_comes_back_to_a_person(world: World) -> None:
    dossier_id = await world.open(OCMW)
    await world.post(dossier_id, OCMW, "followUp.appointmentPlanned")
    turns = (await world.look(OCMW, None))[Group.YOUR_TURN]
    assert [item.dossier_id for item in turns] == [dossier_id]
    counsellor = turns[0].turn.counsellor if turns[0].turn else ""
    assert counsellor
    assert (await world.look(OCMW, counsellor))[Group.YOUR_TURN] == turns


async def test_a_turn_that_is_nobodys_is_in_everybodys_inbox(world: World) -> None:
    dossier_id = await _referred(world)
    await world.projector.catch_up()
    await world.pool.execute("UPDATE inbox_thread SET counsellor_id = ''")
    assert [i.dossier_id for i in (await world.look(VDAB, VDAB_1))[Group.YOUR_TURN]] == [dossier_id]
    assert (await world.look(OCMW, OCMW_1))[Group.THEIR_TURN] == []


async def test_who_joins_later_gets_no_news_from_before(world: World) -> None:
    dossier_id = await world.open(OCMW_1, person=7)
    await world.post(dossier_id, OCMW_1, "followUp.planAgreed")
    assert await world.open(OTHER_1, person=7) == dossier_id
    assert (await world.look(OTHER, OTHER_1)) == {group: [] for group in Group}
    await world.post(
        dossier_id,
        OCMW_1,
        "handover.requested",
        Requested(
            receiver=VDAB,
            purpose=Purpose.GUIDANCE_TO_WORK,
            summary="Zoekt werk.",
            contact=OCMW_1,
            legal_basis_id="demo-protocol",
        ),
    )
    news = (await world.look(OTHER, OTHER_1))[Group.NEWS]
    assert [item.type for item in news] == ["dossier.inscriptionOpened", "handover.requested"]
