"""The connection dies while an append is under way; each test proves that it did, and where."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from tests.domain.world import OCMW_1
from tests.record.world import Node, connection, counted, problems, ssin, until

LOST = (asyncpg.ConnectionDoesNotExistError, asyncpg.AdminShutdownError, ConnectionResetError)
TABLES = ("event", "feed", "idempotency", "dossier", "ssin_lookup")
GATE = 4711
_WAITING = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'handover-node'
    AND datname = current_database() AND wait_event = $1)
"""
_TERMINATE = """
SELECT count(*) FROM (
    SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity WHERE application_name = 'handover-node'
    AND datname = current_database() AND wait_event = $1
) t WHERE ended
"""


async def _counts(one: Node) -> dict[str, int]:
    return {table: await counted(one.pool, table) for table in TABLES}


async def _holds_at_commit(beside: asyncpg.Connection) -> None:
    """From here on a transaction that wrote an event waits at its end for whoever holds the gate."""
    await beside.execute(
        f"""
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON event
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
        """
    )


@pytest.mark.parametrize("what", ["step", "opening"])
async def test_lost_after_writing_before_the_commit(one: Node, database: str, what: str) -> None:
    dossier_id, number = await one.opened(), ssin()
    before = await _counts(one)

    def write() -> asyncio.Task[object]:
        if what == "step":
            return asyncio.create_task(one.post(dossier_id, OCMW_1, "handover.requested", key="k", fingerprint=b"f"))
        return asyncio.create_task(one.open(number=number, key="k", fingerprint=b"f"))

    async with connection(database) as beside:
        await _holds_at_commit(beside)
        await beside.execute(f"SELECT pg_advisory_lock({GATE})")
        writing = write()
        await until(beside, _WAITING, "advisory")
        # It has written everything: the trigger runs when nothing is left but to commit.
        assert await beside.fetchval("SELECT count(*) FROM pg_locks WHERE relation = 'feed'::regclass AND granted")
        assert await beside.fetchval(_TERMINATE, "advisory") == 1
        with pytest.raises(LOST):
            await writing
        assert await _counts(one) == before, "nothing half written"
        await beside.execute(f"SELECT pg_advisory_unlock({GATE})")
    assert await problems(one.pool, dossier_id) == []
    handled = await write()
    assert not handled.repeated  # type: ignore[attr-defined]
    again = await write()
    assert again.repeated  # type: ignore[attr-defined]
    assert again.bodies == handled.bodies  # type: ignore[attr-defined]
    assert await problems(one.pool, dossier_id) == []


async def _commits_wait(beside: asyncpg.Connection, database: str) -> None:
    """Commit something of no use until a commit waits. The checkpointer turns this on, later than settings are read."""
    waits = "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $1"
    async with connection(database) as probe, asyncio.timeout(10):
        pid = probe.get_server_pid()
        while True:
            committing = asyncio.create_task(probe.execute("SELECT pg_logical_emit_message(true, 'test', '')"))
            while not committing.done():
                if await beside.fetchval(waits, pid):
                    await beside.fetchval("SELECT pg_cancel_backend($1)", pid)
                    await committing
                    return
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def _waits_for_a_standby(beside: asyncpg.Connection, database: str) -> AsyncIterator[None]:
    """Commits are durable here, but their answer waits for a standby that does not exist."""
    await beside.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        await beside.fetchval("SELECT pg_reload_conf()")
        await _commits_wait(beside, database)
        yield
    finally:
        await beside.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await beside.fetchval("SELECT pg_reload_conf()")
        await until(beside, "SELECT current_setting('synchronous_standby_names') = ''")


async def test_lost_after_the_commit_before_the_answer(one: Node, database: str) -> None:
    dossier_id = await one.opened()
    woken = one.woken
    async with connection(database) as beside:
        async with _waits_for_a_standby(beside, database):
            writing = asyncio.create_task(one.post(dossier_id, OCMW_1, "handover.requested", key="k", fingerprint=b"f"))
            await until(beside, _WAITING, "SyncRep")
            assert await beside.fetchval(_TERMINATE, "SyncRep") == 1
            with contextlib.suppress(*LOST):
                await writing
        assert writing.done()
        assert isinstance(writing.exception(), LOST), "the caller was told that it failed"
        assert one.woken == woken
    assert await counted(one.pool, "event") == 5, "yet it was recorded"
    again = await one.post(dossier_id, OCMW_1, "handover.requested", key="k", fingerprint=b"f")
    assert again.repeated
    assert len(again.bodies) == 2
    assert await counted(one.pool, "event") == 5, "and it is recorded once"
    assert await problems(one.pool, dossier_id) == []


async def test_all_connections_lost_while_idle(one: Node, database: str) -> None:
    dossier_id = await one.opened()
    async with connection(database) as beside:
        ended = await beside.fetchval(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE application_name = 'handover-node' AND datname = current_database()"
        )
    assert ended >= 1
    lost = 0
    for _ in range(10):
        try:
            await one.post(dossier_id, OCMW_1, "dossier.benefitStated", key="k", fingerprint=b"f")
            break
        except LOST:
            lost += 1
    assert lost <= ended
    assert await counted(one.pool, "event") == 4
    assert await problems(one.pool, dossier_id) == []


async def test_what_waits_behind_a_lost_batch_goes_on(one: Node, database: str) -> None:
    dossiers: list[UUID] = [await one.opened() for _ in range(6)]

    async def write(n: int) -> object:
        return await one.post(dossiers[n], OCMW_1, "dossier.benefitStated", key=f"k{n}", fingerprint=b"f")

    async with connection(database) as beside:
        await _holds_at_commit(beside)
        await beside.execute(f"SELECT pg_advisory_lock({GATE})")
        first = asyncio.create_task(write(0))
        await until(beside, _WAITING, "advisory")
        others = [asyncio.create_task(write(n)) for n in range(1, 6)]
        assert await beside.fetchval(_TERMINATE, "advisory") == 1
        with pytest.raises(LOST):
            await first
        await until(beside, _WAITING, "advisory")
        assert await counted(one.pool, "event") == 18, "nothing is recorded while the gate is held"
        await beside.execute(f"SELECT pg_advisory_unlock({GATE})")
        await asyncio.gather(*others)
    assert await counted(one.pool, "event") == 18 + 5
    await write(0)
    assert await counted(one.pool, "event") == 18 + 6
    for dossier_id in dossiers:
        assert await problems(one.pool, dossier_id) == []
