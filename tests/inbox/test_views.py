import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from tests.inbox.world import OCMW, OCMW_1, OCMW_2, OTHER, OTHER_1, VDAB, VDAB_1, World

from handover.inbox import queries
from handover.inbox.views import Group
from handover.platform.ids import new_id


async def _with_news(world: World) -> UUID:
    """A dossier with four steps of VDAB that the OCMW's counsellor has not seen: 5 to 8."""
    dossier_id = await world.open(OCMW_1)
    await world.post(dossier_id, OCMW_1, "handover.requested")
    for step in ("accepted", "contacted", "progressed"):
        await world.post(dossier_id, VDAB_1, f"handover.{step}")
    await world.post(dossier_id, VDAB_1, "dossier.benefitStated")
    await world.projector.catch_up()
    return dossier_id


async def _news(world: World, counsellor: str | None, *, team: bool = False) -> list[int | None]:
    items = await world.inbox.items(OCMW, counsellor, at=world.at, team=team)
    return [item.sequence for item in items if item.group is Group.NEWS]


async def test_what_was_seen_is_news_no_more(world: World) -> None:
    dossier_id = await _with_news(world)
    latest = (await world.reader.timeline(dossier_id)).dossier.version  # type: ignore[union-attr]
    steps = [latest, latest - 1, latest - 2, latest - 3]
    assert await _news(world, OCMW_1) == steps
    assert await world.inbox.unseen_counts(OCMW, OCMW_1) == {dossier_id: 4}
    await world.inbox.seen(OCMW, OCMW_1, [(dossier_id, latest - 2)])
    assert await _news(world, OCMW_1) == steps[:2]
    assert await world.inbox.unseen_counts(OCMW, OCMW_1, [dossier_id, new_id()]) == {dossier_id: 2}
    await world.inbox.seen(OCMW, OCMW_1, [(dossier_id, 1)])
    assert await _news(world, OCMW_1) == steps[:2]
    await world.inbox.seen(OCMW, OCMW_1, [(dossier_id, latest - 1), (dossier_id, latest), (dossier_id, 3)])
    assert await _news(world, OCMW_1) == []
    assert await world.inbox.unseen_counts(OCMW, OCMW_1) == {}


async def test_nobody_sees_ahead_of_what_there_is(world: World) -> None:
    dossier_id = await _with_news(world)
    await world.inbox.seen(OCMW, OCMW_1, [(dossier_id, 2_000_000_000)])
    await world.post(dossier_id, VDAB_1, "handover.progressed")
    await world.projector.catch_up()
    assert len(await _news(world, OCMW_1)) == 1


async def test_one_s_own_steps_are_no_news(world: World) -> None:
    dossier_id = await world.open(OCMW_1)
    await world.post(dossier_id, OCMW_1, "followUp.planAgreed")
    await world.post(dossier_id, OCMW_2, "followUp.appointmentPlanned")
    await world.projector.catch_up()
    assert await _news(world, OCMW_1) == []
    assert await world.inbox.unseen_counts(OCMW, OCMW_1) == {}


async def test_an_organisation_cannot_mark_a_dossier_it_is_not_in(world: World) -> None:
    dossier_id = await _with_news(world)
    await world.inbox.seen(OTHER, OTHER_1, [(dossier_id, 3), (new_id(), 3)])
    assert await world.pool.fetchval("SELECT count(*) FROM inbox_seen") == 0


async def test_a_team_looks_at_every_dossier_and_each_has_seen_for_oneself(world: World) -> None:
    dossier_id = await _with_news(world)
    assert await _news(world, OCMW_2) == []
    assert len(await _news(world, OCMW_2, team=True)) == 4
    await world.inbox.seen(OCMW, OCMW_2, [(dossier_id, 6)])
    assert len(await _news(world, OCMW_2, team=True)) < 4
    assert len(await _news(world, None)) == 4
    await world.inbox.seen(OCMW, None, [(dossier_id, 100)])
    assert await _news(world, None) == []
    assert len(await _news(world, OCMW_1)) == 4


async def test_the_limit_holds_for_each_group(world: World) -> None:
    for _ in range(3):
        await _with_news(world)
        await world.post(await world.open(OCMW_1), OCMW_1, "followUp.appointmentPlanned")
    await world.projector.catch_up()
    for counsellor, team in ((OCMW_1, False), (OCMW_1, True)):
        items = await world.inbox.items(OCMW, counsellor, at=world.at, limit=2, team=team)
        assert [item.group for item in items] == [g for g in Group for _ in range(2)]


async def test_soonest_due_comes_first_and_longest_waiting_first(world: World) -> None:
    for _ in range(4):
        await _with_news(world)
        await world.post(await world.open(OCMW_1), OCMW_1, "followUp.employmentStarted")
        await world.post(await world.open(OCMW_1), OCMW_1, "followUp.planAgreed")
    groups = await world.look(OCMW, OCMW_1)
    due = [item.due_at for item in groups[Group.YOUR_TURN] if item.due_at]
    assert len(due) == len(groups[Group.YOUR_TURN]) == 8
    assert due == sorted(due)
    since = [item.since for item in groups[Group.THEIR_TURN]]
    assert len(since) == 4
    assert since == sorted(since)
    news = [item.since for item in groups[Group.NEWS]]
    assert news == sorted(news, reverse=True)


async def _many(world: World) -> None:
    """An organisation with thousands of dossiers, made of real ones under other ids."""
    for _ in range(5):
        await _with_news(world)
        await world.post(await world.open(OCMW_1), OCMW_1, "followUp.planAgreed")
    await world.projector.catch_up()
    # A sealed card belongs to its own dossier; a dossier without keys is read in clear.
    for table, thread in (("inbox_dossier", "NULL::uuid"), ("inbox_thread", "thread_id")):
        query = f"SELECT ctid, dossier_id, organisation_id, card, {thread} AS thread FROM {table}"  # noqa: S608 - ours
        rows = await world.pool.fetch(query)
        for row in rows:
            place = f"{table}.card:{row['organisation_id']}" + (f":{row['thread']}" if row["thread"] else "")
            clear = (await world.key(row["dossier_id"])).open(place, row["card"])
            await world.pool.execute(f"UPDATE {table} SET card = $2 WHERE ctid = $1", row["ctid"], clear)  # noqa: S608
    for dossier_id, sequence, body in await world.pool.fetch("SELECT dossier_id, sequence, body FROM event"):
        clear = (await world.key(dossier_id)).open_event(sequence, body)
        await world.pool.execute(
            "UPDATE event SET body = $3 WHERE dossier_id = $1 AND sequence = $2", dossier_id, sequence, clear
        )
    await world.pool.execute("DELETE FROM keys.dossier_key")
    await world.pool.execute(
        """
        CREATE TEMP TABLE copies AS
        SELECT d.dossier_id AS old, gen_random_uuid() AS new,
               'ocmw-lindedal.trajectbegeleider-' || (10 + n % 50) AS counsellor
        FROM dossier d, generate_series(1, 400) n;
        INSERT INTO dossier SELECT c.new, d.version, d.head, d.state, d.ssin_sealed, d.opened_at
        FROM copies c JOIN dossier d ON d.dossier_id = c.old;
        INSERT INTO event
        SELECT c.new, sequence, event_id, type, thread_id, organisation_id, recorded_at, body, link
        FROM copies c JOIN event e ON e.dossier_id = c.old;
        INSERT INTO feed (organisation_id, dossier_id, sequence)
        SELECT f.organisation_id, c.new, f.sequence FROM copies c JOIN feed f ON f.dossier_id = c.old;
        INSERT INTO inbox_dossier
        SELECT c.new, organisation_id, ARRAY[c.counsellor], entered, version, foreign_sequence, card
        FROM copies c JOIN inbox_dossier i ON i.dossier_id = c.old;
        INSERT INTO inbox_thread
        SELECT c.new, organisation_id, thread_id, your_turn, c.counsellor,
               due_at + random() * interval '90 days', since + random() * interval '90 days', card
        FROM copies c JOIN inbox_thread t ON t.dossier_id = c.old;
        INSERT INTO inbox_seen SELECT 'ocmw-lindedal', 'ocmw-lindedal.other', new, 4 FROM copies;
        """
    )
    for table in ("dossier", "event", "feed", "inbox_dossier", "inbox_thread", "inbox_seen"):
        await world.pool.execute(f"ANALYZE {table}")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


_COUNSELLOR = "ocmw-lindedal.trajectbegeleider-12"


@pytest.mark.parametrize("generic", ["force_generic_plan", "force_custom_plan"])
async def test_every_query_goes_through_an_index_and_reads_little(world: World, generic: str) -> None:
    await _many(world)
    asked: list[tuple[str, list[Any]]] = [
        (queries.OF_COUNSELLOR, [OCMW, _COUNSELLOR, 200, f"{OCMW}/Traject"]),
        (queries.OF_TEAM, [OCMW, _COUNSELLOR, 200, [_COUNSELLOR, f"{OCMW}/Traject"]]),
        (queries.OF_ORGANISATION, [OCMW, _COUNSELLOR, 200]),
        (queries.OF_ORGANISATION, [VDAB, "", 50]),
        (queries.CARDS_OF_NAMES, [OCMW, [_COUNSELLOR], 2000]),
        (queries.UNSEEN_OF_COUNSELLOR, [OCMW, _COUNSELLOR]),
        (queries.UNSEEN_OF_DOSSIERS, [OCMW, _COUNSELLOR, [new_id(), new_id()]]),
    ]
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL plan_cache_mode = {generic}")
        for query, arguments in asked:
            raw = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", *arguments)
            plan = json.loads(raw)[0]["Plan"]
            nodes = list(_nodes(plan))
            assert [n["Relation Name"] for n in nodes if n["Node Type"] == "Seq Scan"] == [], query
            assert not any(n["Node Type"] == "Hash" for n in nodes), query
            # About a page per row that is looked at; a walk through the organisation would be thousands more.
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 9000, query


async def test_a_counsellor_among_thousands_of_dossiers_gets_her_own(world: World) -> None:
    await _many(world)
    items = await world.inbox.items(OCMW, _COUNSELLOR, at=world.at, limit=200)
    mine = await world.pool.fetchval(
        "SELECT count(*) FROM inbox_dossier WHERE organisation_id = $1 AND counsellors @> ARRAY[$2::text]",
        OCMW,
        _COUNSELLOR,
    )
    assert mine == 80
    assert Counter(item.group for item in items) == {
        Group.YOUR_TURN: 40,
        Group.THEIR_TURN: 40,
        Group.NEWS: 160,
    }
