"""Lines 12 and 41: the record itself is set back or tampered with, and whoever kept something notices."""

import asyncio
import contextlib
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from handover.platform.embedded import EmbeddedPostgres
from handover.record import codec
from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House, house, prepared
from tests.faults.load import Load
from tests.faults.receiver import Receiver

_EVENT = re.compile(r"dossier ([0-9a-f-]{36}): event (\d+)")
_SECONDS = "0.2"
"""Between checkpoints: soon, so that there is one of after the backup."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said."""

    code: int
    text: str

    @property
    def events(self) -> set[tuple[str, int]]:
        """The events that it names."""
        return {(dossier, int(sequence)) for dossier, sequence in _EVENT.findall(self.text)}


async def handover(home: House, *words: object, ok: bool = True) -> Said:
    """Run a command of the product as an operator does; without a `dsn`, on the data directory's own database."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "handover",
        *(str(word) for word in words),
        env=home.environment(HANDOVER_LOG_LEVEL="error"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    out, _ = await process.communicate()
    said = Said(process.returncode or 0, " ".join(out.decode().split()))
    assert not ok or said.code == 0, said.text
    return said


@contextlib.asynccontextmanager
async def at_home(place: Path) -> AsyncIterator[House]:
    """Give an instance whose database is the embedded one of its own data directory."""
    async with EmbeddedPostgres(place) as dsn:
        await prepared(dsn)
        async with house(dsn, place) as made:
            yield made


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="handover-fault-") as directory:
        yield Path(directory)


async def latest_checkpoint(load: Load, events: int) -> tuple[str, str]:
    """Give the latest checkpoint's note, as a partner keeps it, and the key that it is verified with."""
    for _ in range(200):
        found = await load.call("GET", "/v1/checkpoints/latest", organisation=VDAB)
        if found.is_success and found.json()["size"] >= events:
            return found.json()["note"], found.json()["verifierKey"]
        await asyncio.sleep(0.05)
    raise AssertionError(f"no checkpoint of {events} events")


async def _put_keys_back(home: House, backup: Path) -> None:
    """No key of a dossier is in a backup; they are in a file of their own beside it."""
    assert (await handover(home, "restore", backup, ok=False)).code == 1, "a database that is there stays"
    refused = await handover(home, "export", backup.with_name("unused"), ok=False)
    assert "have no keys" in refused.text
    await handover(home, "keys", "restore", backup.with_name("backup.keys"))


async def test_12_an_older_backup_is_restored(place: Path, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(12, "Older backup restored", "the database is thrown away and made anew from a backup of before")
    kept, backup, before, after = (place / name for name in ("note", "backup", "before", "after"))
    async with at_home(place) as home:
        api, worker = await home.api(), await home.worker(HANDOVER_CHECKPOINT_SECONDS=_SECONDS)
        async with loading(home, api.url) as load:
            await subscribe(load, receiver)
            await load.open(5)
            await load.run(30)
            # A delivery under way still records that it was received: after the backup, and before we look.
            await home.delivered()
            await handover(replace(home, dsn=""), "backup", backup)
            known = await _events(home)
            await load.run(40)
            later = await _events(home) - known
            cursor = (await load.call("GET", "/v1/events?pageSize=1000")).json()["cursor"]
            note, key = await latest_checkpoint(load, len(known | later))
            kept.write_text(note, "utf-8")
            await handover(home, "export", before)
            await home.delivered()
            (await audit(home, load, receiver.of(OCMW, VDAB))).good(duplicates=None)
            row.tried = load.tried
        for program in (api, worker):
            await program.kill()
    started = asyncio.get_running_loop().time()
    if row.provoke(lambda: (place / "postgres").rename(place / "thrown-away")):
        async with at_rest(place) as home:
            said = await handover(home, "restore", backup)
            assert "What was recorded later is not in it" in said.text
            await _put_keys_back(home, backup)
    async with at_home(place) as home:
        row.recovery = asyncio.get_running_loop().time() - started
        row.happened(await _events(home) == known, "the database is not that of the backup")
        await handover(home, "export", after)
        options = ("--trusted-checkpoint", kept, "--key", key)
        cut = await handover(home, "verify", after, *options, ok=False)
        assert (cut.code, "truncated" in cut.text) == (4, True), cut
        named = await handover(home, "verify", after, *options, "--earlier", before, ok=False)
        assert named.code == 4, named
        assert named.events == later, "it names exactly the events after the backup"
        api = await home.api()
        worker = await home.worker(HANDOVER_CHECKPOINT_SECONDS=_SECONDS)
        async with loading(home, api.url, seed=2) as load:
            load.dossiers = sorted({dossier for dossier, _ in known})
            await load.run(10)
            feed = (await load.call("GET", f"/v1/events?after={cursor}")).json()["items"]
            new = [event for events in load.acknowledged.values() for event in events]
            assert sorted(item["eventId"] for item in feed) == sorted(new), "who kept a place misses nothing new"
            await home.delivered()
            await handover(home, "export", place / "anew")
        forked = await handover(home, "verify", place / "anew", *options, "--earlier", before, ok=False)
        assert forked.code == 5, forked
    row.note = (
        f"verify says truncated and names the {len(later)} events after the backup, no others; forked once new ones "
        "are recorded; a place in the feed kept from before the loss still gives every new event"
    )


@contextlib.asynccontextmanager
async def at_rest(place: Path) -> AsyncIterator[House]:
    """Give an instance whose database does not run."""
    pool = await asyncpg.create_pool("postgresql://nobody@127.0.0.1:9/none", min_size=0, max_size=1)
    yield House("", place, pool)
    pool.terminate()


async def _events(home: House) -> set[tuple[str, int]]:
    rows = await home.pool.fetch("SELECT dossier_id::text AS dossier, sequence FROM event")
    return {(row["dossier"], row["sequence"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way to change what is recorded, straight in the database, and the exit code of `verify` for it."""

    name: str
    code: int
    statements: tuple[str, ...]
    names: bool = True
    """Whether an event of that dossier is named."""


# $1: a dossier, of which the third event is meant.
_TAMPERINGS = [
    Tampering(
        "a body changed", 3, ("UPDATE event SET body = body || ' '::bytea WHERE dossier_id = $1 AND sequence = 3",)
    ),
    Tampering("a link changed", 3, ("UPDATE event SET link = sha256(link) WHERE dossier_id = $1 AND sequence = 3",)),
    Tampering(
        "an event taken out of the middle",
        3,
        (
            "DELETE FROM log_leaf WHERE dossier_id = $1 AND sequence = 3",
            "DELETE FROM event WHERE dossier_id = $1 AND sequence = 3",
        ),
    ),
    Tampering(
        "two events' contents exchanged",
        3,
        (
            """
            UPDATE event e SET body = o.body FROM event o
            WHERE e.dossier_id = $1 AND o.dossier_id = $1 AND e.sequence IN (3, 4) AND o.sequence = 7 - e.sequence
            """,
        ),
    ),
    Tampering(
        "the tail cut off",
        4,
        (
            "DELETE FROM log_leaf WHERE dossier_id = $1 AND sequence > 2",
            "DELETE FROM event WHERE dossier_id = $1 AND sequence > 2",
        ),
    ),
    Tampering(
        "a dossier removed altogether",
        4,
        ("DELETE FROM log_leaf WHERE dossier_id = $1", "DELETE FROM event WHERE dossier_id = $1"),
    ),
    Tampering("checkpoints changed", 3, ("UPDATE checkpoint SET note = translate(note, 'abc', 'bca')",), names=False),
]
_SAVED = ("event", "log_leaf", "checkpoint", "projection")


async def test_41_tampering_is_named(home: House, scorecard: Scorecard, tmp_path: Path) -> None:
    count = len(_TAMPERINGS) + 1
    row = scorecard(41, "Tamper set", f"{count} changes made straight in the database, one after another")
    api = await home.api()
    worker = await home.worker(HANDOVER_CHECKPOINT_SECONDS="0.2")
    async with loading(home, api.url) as load:
        await load.open(4)
        await load.run(40)
        note, key = await latest_checkpoint(load, len(await _events(home)))
        (await audit(home, load)).good()
        row.tried = load.tried
    for program in (worker, api):
        await program.kill()
    kept, before, now = (tmp_path / name for name in ("note", "before", "now"))
    kept.write_text(note, "utf-8")
    await handover(home, "export", before)
    verify = ("verify", now, "--trusted-checkpoint", kept, "--key", key, "--earlier", before)
    dossier = await home.pool.fetchval("SELECT dossier_id FROM dossier ORDER BY version DESC LIMIT 1")
    for table in _SAVED:
        await home.pool.execute(f"CREATE TABLE saved_{table} AS TABLE {table}")
    found = []
    for one in _TAMPERINGS:
        for statement in one.statements:
            await row.provoking(partial(_change, home, statement, dossier))
        said = await _exported(home, now, verify)
        row.happened(said.code, f"{one.name}: nothing was changed")
        assert said.code == one.code, f"{one.name}: {said.text}"
        named = {sequence for _, sequence in said.events}
        assert not one.names or named & {3, 4}, f"{one.name}: {said.text}"
        assert {name for name, _ in said.events} <= {str(dossier)}, "it accuses no other dossier"
        found.append(f"{one.name} {said.code}")
        await _undo(home)
    await row.provoking(partial(_write_anew, home, dossier))
    said = await _exported(home, now, verify)
    row.happened(said.code, "history was not written anew")
    assert said.code == 5, f"chain, log and signatures anew: {said.text}"
    await _undo(home)
    assert (await _exported(home, now, verify)).code == 0, "undone, it is as it was"
    row.note = (
        f"exit codes of verify: {', '.join(found)}, history written anew with the very key 5; each names the event"
    )


async def _change(home: House, statement: str, dossier: UUID) -> None:
    arguments = [dossier] if "$1" in statement else []
    assert not (await home.pool.execute(statement, *arguments)).endswith(" 0"), statement


async def _exported(home: House, file: Path, verify: tuple[object, ...]) -> Said:
    file.unlink(missing_ok=True)
    await handover(home, "export", file)
    return await handover(home, *verify, ok=False)


async def _undo(home: House) -> None:
    async with home.pool.acquire() as connection, connection.transaction():
        for table in reversed(_SAVED):
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        for table in _SAVED:
            await connection.execute(f"INSERT INTO {table} SELECT * FROM saved_{table}")  # noqa: S608 - as above


async def _write_anew(home: House, dossier: UUID) -> None:
    """Change an event as somebody would who holds the database and the key: the chain, the log and all signatures."""
    async with home.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            "SELECT sequence, body FROM event WHERE dossier_id = $1 ORDER BY sequence", dossier
        )
        link = codec.GENESIS
        for row in rows:
            body = row["body"] + (b" " if row["sequence"] == 3 else b"")
            link = codec.link(link, dossier, row["sequence"], body)
            await connection.execute(
                "UPDATE event SET body = $3, link = $4 WHERE dossier_id = $1 AND sequence = $2",
                dossier,
                row["sequence"],
                body,
                link,
            )
        await connection.execute("DELETE FROM checkpoint")
        await connection.execute("DELETE FROM log_leaf")
        await connection.execute("UPDATE projection SET xid = '0', position = 0 WHERE name = 'log'")
