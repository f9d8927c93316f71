"""Time passes once, however many nodes look; what it brings is recorded, projected and delivered like any step."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.domain.world import OCMW_1, VDAB, VDAB_1
from tests.record.world import SEALER, Node, problems

from handover.domain.events import Command, PassTime
from handover.inbox.projector import Projector
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.handle import Handled, Record, Request
from handover.record.scheduling import Scheduler


async def _overdue(node: Node, count: int) -> list[UUID]:
    """Referrals that nobody answered."""
    found = []
    for _ in range(count):
        dossier_id = await node.opened()
        await node.post(dossier_id, OCMW_1, "handover.requested")
        found.append(dossier_id)
    return found


class Counting:
    """A record that counts what it is asked."""

    def __init__(self, record: Record) -> None:
        self.record, self.asked = record, 0

    async def handle(self, command: Command, request: Request, *, at: datetime) -> Handled:
        self.asked += 1
        return await self.record.handle(command, request, at=at)


async def _types(node: Node, dossier_id: UUID) -> Counter[str]:
    rows = await node.pool.fetch("SELECT type FROM event WHERE dossier_id = $1", dossier_id)
    return Counter(row["type"] for row in rows)


async def test_two_nodes_at_once_record_each_rung_once(two: tuple[Node, Node], database: str) -> None:
    dossiers = await _overdue(two[0], 30)
    await Projector(two[0].pool, database, SEALER).catch_up()
    assert await two[0].pool.fetchval("SELECT count(*) FROM wake") == 30
    later = Clock(timedelta(days=30))
    counting = [Counting(node.record) for node in two for _ in range(2)]
    schedulers = [Scheduler(two[n // 2].pool, record, later) for n, record in enumerate(counting)]  # type: ignore[arg-type]
    recorded = await asyncio.gather(*(scheduler.pass_time() for scheduler in schedulers))
    assert [record.asked for record in counting] == [30] * 4, "the fault: every scheduler found every dossier"
    assert sum(recorded) == 30 * 3, "counsellor, team, coordinators: each once"
    for dossier_id in dossiers:
        assert (await _types(two[0], dossier_id))["handover.escalated"] == 3
        assert await problems(two[0].pool, dossier_id) == []
    await Projector(two[0].pool, database, SEALER).catch_up()
    assert await two[0].pool.fetchval("SELECT count(*) FROM wake") == 0, "nothing more to come"
    assert await schedulers[0].pass_time() == 0


async def test_it_goes_through_more_than_one_page_and_past_what_cannot_be_read(one: Node, database: str) -> None:
    dossiers = await _overdue(one, 3)
    await Projector(one.pool, database, SEALER).catch_up()
    await one.pool.execute("UPDATE dossier SET state = 'broken' WHERE dossier_id = $1", dossiers[0])
    scheduler = Scheduler(one.pool, one.record, Clock(timedelta(days=30)))
    assert await scheduler.pass_time() == 2 * 3
    await one.pool.execute("INSERT INTO wake SELECT gen_random_uuid(), '2020-01-01' FROM generate_series(1, 450)")
    assert await scheduler.pass_time() == 0, "dossiers that are gone hold up nobody"


async def test_an_answer_at_the_same_moment_wins_or_loses_but_both_are_whole(two: tuple[Node, Node]) -> None:
    dossier_id = (await _overdue(two[0], 1))[0]
    at = datetime.now(UTC) + timedelta(days=30)
    passing = two[0].record.handle(PassTime(command_id=new_id(), dossier_id=dossier_id), Request(), at=at)
    await asyncio.gather(passing, two[1].post(dossier_id, VDAB_1, "handover.accepted"))
    assert await problems(two[0].pool, dossier_id) == []
    found = await two[0].reader.dossier(dossier_id)
    assert found
    thread = next(iter(found[0].threads.values()))
    assert thread.status == "accepted"
    assert thread.turn
    assert thread.turn.organisation == VDAB


async def test_a_running_scheduler_looks_by_itself(one: Node, database: str) -> None:
    dossier_id = (await _overdue(one, 1))[0]
    await Projector(one.pool, database, SEALER).catch_up()
    running = asyncio.create_task(Scheduler(one.pool, one.record, Clock(timedelta(days=3)), poll=0.02).run())
    try:
        async with asyncio.timeout(10):
            while not (await _types(one, dossier_id))["handover.escalated"]:  # noqa: ASYNC110 - it lies in the database
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
    found = await one.reader.timeline(dossier_id)
    assert found
    (event,) = (e for e in map(codec.decode_event, found.bodies) if e.type == "handover.escalated")
    assert (event.organisation, event.actor.name) == (VDAB, "handover")
