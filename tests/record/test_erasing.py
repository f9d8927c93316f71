"""A dossier erased: unreadable in every copy with the keys of now, while its chain and the other dossiers stand."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from tests.conftest import fresh
from tests.domain.world import AT, OCMW_1
from tests.record.world import SEALER, Node, connection, expected_links, node, ssin

from handover.domain.codes_dossier import ErasureReason
from handover.domain.events import Erase
from handover.domain.refusals import Unseen, WrongState
from handover.platform.db import driver_dsn
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.erasing import erase_dossier
from handover.record.exporting import lines
from handover.record.log import Log
from handover.record.notes import Signer
from handover.record.sealing import Unreadable
from handover.record.verifying import Verdict, verify


async def _lived_in(one: Node, number: str) -> UUID:
    """A dossier with steps of both sides, closed."""
    dossier_id = (await one.open(OCMW_1, number=number)).dossier.dossier_id
    await one.post(dossier_id, OCMW_1, "intake.recorded")
    requested = await one.post(dossier_id, OCMW_1, "handover.requested")
    thread = codec.decode_event(requested.bodies[0]).thread_id
    await one.post(dossier_id, OCMW_1, "handover.cancelled", thread=thread)
    await one.post(dossier_id, OCMW_1, "dossier.closed")
    return dossier_id


def _command(dossier_id: UUID) -> Erase:
    return Erase(command_id=new_id(), dossier_id=dossier_id, reason=ErasureReason.REQUEST)


async def _dump(postgres: EmbeddedPostgres, dsn: str, file: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        postgres.programs / "pg_dump", f"--dbname={driver_dsn(dsn)}", "--exclude-table-data=keys.*", f"--file={file}"
    )
    assert await process.wait() == 0


async def _load(postgres: EmbeddedPostgres, dsn: str, file: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        postgres.programs / "psql",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        f"--dbname={driver_dsn(dsn)}",
        f"--file={file}",
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


async def _keys(pool: asyncpg.Pool) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await pool.fetch("SELECT * FROM keys.dossier_key")]


async def test_a_dump_from_before_opens_with_the_keys_of_then_and_not_with_those_of_now(
    one: Node, database: str, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    number, other_number = ssin(), ssin()
    dossier_id, other = await _lived_in(one, number), await _lived_in(one, other_number)
    before = await one.reader.timeline(dossier_id)
    assert before
    then = await _keys(one.pool)
    await _dump(postgres, database, tmp_path / "dump.sql")
    handled = await erase_dossier(one.record, _command(dossier_id), at=AT)
    assert codec.decode_event(handled.bodies[0]).type == "dossier.personalDataErased"
    now = await _keys(one.pool)
    assert (len(then), len(now)) == (2, 1)
    async for copy in fresh(postgres, ""):
        await _load(postgres, copy, tmp_path / "dump.sql")
        async with node(copy) as old:
            insert = "INSERT INTO keys.dossier_key VALUES ($1, $2, $3, $4)"
            await old.pool.executemany(insert, then)
            read = await old.reader.timeline(dossier_id)
            assert read
            assert read.bodies == before.bodies, "with the keys of then it is all there"
            await old.pool.execute("TRUNCATE keys.dossier_key")
            await old.pool.executemany(insert, now)
        async with node(copy) as old:
            with pytest.raises(Unreadable):
                await old.reader.timeline(dossier_id)
            found = await old.reader.dossier(other)
            assert found
            assert found[1] == other_number, "another dossier is untouched"


async def test_nothing_of_it_is_left_and_the_chain_verifies(one: Node, database: str) -> None:
    number = ssin()
    dossier_id, other = await _lived_in(one, number), await _lived_in(one, ssin())
    stored = await one.pool.fetch("SELECT body FROM event WHERE dossier_id = $1 ORDER BY sequence", dossier_id)
    await erase_dossier(one.record, _command(dossier_id), at=AT)
    assert await one.reader.find(number) is None
    state = await one.reader.dossier(dossier_id)
    assert state
    assert (state[0].given_name, state[0].family_name, state[1]) == ("", "", "")
    assert not any(i.active for i in state[0].inscriptions)
    rows = await one.pool.fetch("SELECT body, link FROM event WHERE dossier_id = $1 ORDER BY sequence", dossier_id)
    assert [row["body"] for row in rows[:-1]] == [row["body"] for row in stored], "what was stored is unchanged"
    assert [row["link"] for row in rows] == expected_links(dossier_id, [row["body"] for row in rows])
    feed = await one.reader.feed("ocmw-lindedal", after="", limit=100)
    mine = [item.body for item in feed if item.dossier_id == dossier_id]
    assert set(mine[:-1]) == {b""}
    assert codec.decode_event(mine[-1]).type == "dossier.personalDataErased"
    assert all(item.body for item in feed if item.dossier_id == other)
    for table in ("inbox_dossier", "inbox_thread", "ssin_lookup", "wake", "keys.dossier_key"):
        assert not await one.pool.fetchval(f"SELECT count(*) FROM {table} WHERE dossier_id = $1", dossier_id)  # noqa: S608
    log = Log(one.pool, Signer("test/handover", b"k" * 32))
    await log.seal(AT)
    async with connection(database) as beside:
        export = [line async for line in lines(beside, log.verifier_key, AT)]
    report = verify(export)
    assert report.verdict is Verdict.KEY_ERASED
    assert [finding.dossier_id for finding in report.findings] == [dossier_id]
    assert b"Voorbeeld" not in b"".join(export)


async def test_erasing_twice_changes_nothing_and_an_open_one_is_refused(one: Node) -> None:
    opened = await one.opened()
    with pytest.raises(WrongState):
        await erase_dossier(one.record, _command(opened), at=AT)
    dossier_id = await _lived_in(one, ssin())
    await erase_dossier(one.record, _command(dossier_id), at=AT)
    assert (await erase_dossier(one.record, _command(dossier_id), at=AT)).bodies == ()
    with pytest.raises(Unseen):
        await erase_dossier(one.record, _command(new_id()), at=AT)
    with pytest.raises(Unseen):
        await one.post(dossier_id, OCMW_1, "dossier.reopened")


async def test_confidential_fields_have_a_key_of_their_own(one: Node) -> None:
    """Without it, what is not confidential still opens, and holds nothing that is."""
    dossier_id = (await one.open(OCMW_1)).dossier.dossier_id
    secret = "Chronische rugklachten"
    keys = await one.pool.fetchrow("SELECT content, confidential FROM keys.dossier_key")
    key = SEALER.dossier(dossier_id, keys["content"] + keys["confidential"])
    event = b'{"type":"intake.recorded","data":{"health":"%s","summary":"Zoekt werk"}}' % secret.encode()
    kept = key.seal_event(2, "intake.recorded", event)
    assert key.open_event(2, kept) == event
    assert secret.encode() not in key.open_content(2, kept)
    assert b"Zoekt werk" in key.open_content(2, kept)
    await one.pool.execute("UPDATE keys.dossier_key SET confidential = content")
    broken = await one.pool.fetchrow("SELECT content, confidential FROM keys.dossier_key")
    with pytest.raises(Unreadable):
        SEALER.dossier(dossier_id, broken["content"] + broken["confidential"])
