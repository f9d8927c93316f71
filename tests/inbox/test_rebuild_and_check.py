import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest
from tests.inbox.world import OCMW_1, SEALER, VDAB, VDAB_1, World

from handover.inbox.check import How, check
from handover.inbox.projector import Projector
from handover.inbox.rebuild import rebuild

LIVE = (
    "SELECT * FROM inbox_dossier ORDER BY organisation_id, dossier_id",
    "SELECT * FROM inbox_thread ORDER BY organisation_id, dossier_id, thread_id",
)


async def _history(world: World, dossiers: int = 8) -> None:
    opened = [await world.open() for _ in range(dossiers)]
    for dossier_id in opened[: dossiers // 2]:
        await world.post(dossier_id, OCMW_1, "handover.requested")
        await world.post(dossier_id, VDAB_1, "handover.accepted")
    await world.post(opened[0], VDAB_1, "handover.contacted")
    await world.post(opened[1], OCMW_1, "handover.cancelled")


async def _live(world: World) -> list[Sequence[object]]:
    """Every row, its card opened: sealing one twice does not give the same bytes."""
    rows = [row for query in LIVE for row in await world.pool.fetch(query)]
    return [(*tuple(value for name, value in row.items() if name != "card"), await _card(world, row)) for row in rows]


def _place(row: asyncpg.Record) -> str:
    table, thread = ("inbox_thread", f":{row['thread_id']}") if "thread_id" in row else ("inbox_dossier", "")
    return f"{table}.card:{row['organisation_id']}{thread}"


async def _card(world: World, row: asyncpg.Record) -> bytes:
    return (await world.key(row["dossier_id"])).open(_place(row), row["card"])


def _quiet(_done: int, _total: int) -> None:
    return None


async def test_a_rebuild_gives_what_is_live(world: World) -> None:
    await _history(world)
    await world.projector.catch_up()
    live = await _live(world)
    assert len(live) > 10
    assert (await rebuild(world.pool, SEALER, _quiet)).corrected == 0
    await world.pool.execute("TRUNCATE inbox_dossier, inbox_thread")
    steps: list[tuple[int, int]] = []
    rebuilt = await rebuild(world.pool, SEALER, lambda done, total: steps.append((done, total)), dossiers_at_once=3)
    assert await _live(world) == live
    assert rebuilt.corrected == len(live)
    assert rebuilt.dossiers == 8
    assert rebuilt.events == await world.pool.fetchval("SELECT count(*) FROM event")
    assert steps == [(0, 8), (3, 8), (6, 8), (8, 8)]


async def test_a_rebuild_spares_the_projector_what_it_has_read(world: World) -> None:
    await _history(world)
    await rebuild(world.pool, SEALER, _quiet)
    assert await world.pool.fetchval(
        """
        SELECT NOT EXISTS (SELECT FROM feed f WHERE (f.xid, f.position) > (p.xid, p.position))
        FROM projection p WHERE p.name = 'inbox'
        """
    )
    assert await check(world.pool, SEALER) == []


async def test_a_rebuild_removes_what_has_no_dossier(world: World) -> None:
    await _history(world)
    await world.projector.catch_up()
    await world.pool.execute(
        """
        INSERT INTO inbox_thread SELECT gen_random_uuid(), organisation_id, gen_random_uuid(), your_turn,
            counsellor_id, due_at, since, card FROM inbox_thread LIMIT 1
        """
    )
    (difference,) = await check(world.pool, SEALER)
    assert (difference.table, difference.how) == ("inbox_thread", How.UNEXPECTED)
    await rebuild(world.pool, SEALER, _quiet)
    assert await check(world.pool, SEALER) == []


async def test_a_killed_rebuild_goes_on_where_it_stopped(world: World) -> None:
    await _history(world)
    await world.projector.catch_up()
    live = await _live(world)
    await world.pool.execute("TRUNCATE inbox_dossier, inbox_thread")

    def killed(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild(world.pool, SEALER, killed, dossiers_at_once=2)
    rebuilt = await rebuild(world.pool, SEALER, _quiet, dossiers_at_once=2)
    assert rebuilt.dossiers == 4
    assert await _live(world) == live
    assert await world.pool.fetchval("SELECT count(*) FROM replay_progress") == 0


@pytest.mark.parametrize(
    ("statement", "table", "how", "fields"),
    [
        ("UPDATE inbox_dossier SET version = version + 1 {}", "inbox_dossier", "changed", {"version"}),
        ("UPDATE inbox_dossier SET counsellors = '{{x}}' {}", "inbox_dossier", "changed", {"counsellors"}),
        ("UPDATE inbox_dossier SET card = '{{}}' {}", "inbox_dossier", "changed", {"card"}),
        ("DELETE FROM inbox_dossier {}", "inbox_dossier", "missing", set()),
        ("UPDATE inbox_thread SET due_at = now() {}", "inbox_thread", "changed", {"due_at"}),
        (
            "UPDATE inbox_thread SET your_turn = NOT your_turn, counsellor_id = 'x' {}",
            "inbox_thread",
            "changed",
            {"your_turn", "counsellor_id"},
        ),
        (
            "UPDATE inbox_thread SET card = set_byte(card, 30, get_byte(card, 30) # 1) {}",
            "inbox_thread",
            "changed",
            {"card"},
        ),
        ("DELETE FROM inbox_thread {}", "inbox_thread", "missing", set()),
    ],
)
async def test_one_altered_row_is_one_difference(
    world: World, statement: str, table: str, how: str, fields: set[str]
) -> None:
    await _history(world)
    await world.projector.catch_up()
    assert await check(world.pool, SEALER) == []
    one = f"WHERE ctid = (SELECT ctid FROM {table} WHERE organisation_id = 'vdab' LIMIT 1)"  # noqa: S608 - our own
    await world.pool.execute(statement.format(one))
    (difference,) = await check(world.pool, SEALER)
    assert (difference.table, difference.how, set(difference.fields)) == (table, how, fields)
    assert difference.organisation == VDAB
    assert (difference.thread_id is None) == (table == "inbox_dossier")
    assert "Voorbeeld" not in str(difference)
    assert str(difference.dossier_id) in str(difference)
    assert (await rebuild(world.pool, SEALER, _quiet)).corrected == 1
    assert await check(world.pool, SEALER) == []


async def test_a_stored_state_that_is_not_the_fold_is_named(world: World) -> None:
    await _history(world)
    await world.projector.catch_up()
    dossier_id, state = await world.pool.fetchrow("SELECT dossier_id, state FROM dossier LIMIT 1")
    key = await world.key(dossier_id)
    other = key.seal("dossier.state", key.open("dossier.state", state).replace(b"Voorbeeld", b"Iemand"))
    await world.pool.execute("UPDATE dossier SET state = $2 WHERE dossier_id = $1", dossier_id, other)
    (difference,) = await check(world.pool, SEALER)
    assert (difference.table, difference.how, difference.fields) == (
        "dossier",
        "changed",
        ("state.givenName",),
    )


async def test_a_card_that_says_something_else_is_named_by_its_field(world: World) -> None:
    await _history(world)
    await world.projector.catch_up()
    row = await world.pool.fetchrow("SELECT * FROM inbox_thread LIMIT 1")
    other = (await _card(world, row)).replace(b'"kind":"handover"', b'"kind":"intake"')
    sealed = (await world.key(row["dossier_id"])).seal(_place(row), other)
    where = (row["thread_id"], row["organisation_id"])
    await world.pool.execute(
        "UPDATE inbox_thread SET card = $3 WHERE thread_id = $1 AND organisation_id = $2", *where, sealed
    )
    (difference,) = await check(world.pool, SEALER)
    assert (difference.table, difference.fields) == ("inbox_thread", ("card.kind",))


async def test_events_that_do_not_fold_are_named(world: World) -> None:
    await _history(world)
    await world.projector.catch_up()
    broken = await world.pool.fetchval("DELETE FROM event WHERE sequence = 2 RETURNING dossier_id")
    found = await check(world.pool, SEALER)
    assert {(one.table, one.how) for one in found} == {("event", How.UNREADABLE)}
    assert broken in {one.dossier_id for one in found}
    assert len((await rebuild(world.pool, SEALER, _quiet)).unreadable) == len(found)


async def test_what_waits_for_the_projector_is_no_difference(world: World) -> None:
    await _history(world)
    assert await check(world.pool, SEALER) == []
    await world.projector.catch_up()
    dossier_id = await world.open()
    await world.projector.catch_up()
    await world.post(dossier_id, OCMW_1, "handover.requested")
    assert await check(world.pool, SEALER) == []
    # What waits excuses nothing that was projected: the dossier is compared as of the version it states.
    await world.pool.execute("UPDATE inbox_dossier SET entered = 9 WHERE dossier_id = $1", dossier_id)
    assert [one.fields for one in await check(world.pool, SEALER)] == [("entered",)]


async def test_a_check_or_rebuild_beside_running_writers_finds_nothing(world: World) -> None:
    running = asyncio.create_task(Projector(world.pool, world.dsn, SEALER, poll=0.01, page=10).run())
    dossiers = [await world.open() for _ in range(10)]
    done = asyncio.Event()
    written = checked_while_waiting = 0

    async def write(dossier_id: UUID) -> None:
        nonlocal written
        while not done.is_set():
            opened = await world.open()
            for step, who in (("requested", OCMW_1), ("accepted", VDAB_1), ("contacted", VDAB_1)):
                await world.post(opened, who, f"handover.{step}")
            await world.post(dossier_id, OCMW_1, "dossier.benefitStated")
            written += 1

    writers = [asyncio.create_task(write(dossier_id)) for dossier_id in dossiers]
    try:
        while written < 50 or checked_while_waiting < 8:
            checked_while_waiting += await world.pool.fetchval(
                """
                SELECT EXISTS (SELECT FROM feed f WHERE (f.xid, f.position) > (p.xid, p.position))::integer
                FROM projection p WHERE p.name = 'inbox'
                """
            )
            assert await check(world.pool, SEALER) == []
            if written % 3 == 0:
                await rebuild(world.pool, SEALER, _quiet, dossiers_at_once=20)
    finally:
        done.set()
        await asyncio.gather(*writers)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await world.projector.catch_up()
    assert await check(world.pool, SEALER) == []
