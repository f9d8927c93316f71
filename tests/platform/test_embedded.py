import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from handover.platform.embedded import EmbeddedPostgres, EmbeddedPostgresError


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # pytest's own directories are long enough to need the fallback for sockets; this one is not.
    with tempfile.TemporaryDirectory(prefix="ho-", dir="/tmp") as directory:
        yield Path(directory)


@contextlib.asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def _gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while _alive(pid):  # noqa: ASYNC110 - a foreign process sends no event
            await asyncio.sleep(0.02)


async def test_it_starts_durable_private_and_stops_completely(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    async with server as dsn:
        pid = server.server_pid()
        assert pid is not None
        assert _alive(pid)
        async with _connected(dsn) as connection:
            rows = await connection.fetch("SELECT name, setting FROM pg_settings")
            setting = {row["name"]: row["setting"] for row in rows}
            assert await connection.fetchval("SELECT current_database()") == "handover"
        assert setting["server_version_num"].startswith("18")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert setting[name] == "on"
        assert setting["listen_addresses"] == ""
        assert setting["server_encoding"] == "UTF8"
        assert setting["TimeZone"] == "UTC"
        assert setting["idle_in_transaction_session_timeout"] == "30000"
        found = (data_dir / "postgres").stat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert os.getsid(pid) != os.getsid(0), "Ctrl-C in our terminal would reach it"
    assert server.server_pid() is None
    assert not _alive(pid)


async def test_characters_sort_and_fold_as_unicode(postgres: EmbeddedPostgres) -> None:
    async with _connected(postgres.dsn()) as connection:
        assert await connection.fetchval("SELECT upper('éç')") == "ÉÇ"


async def test_what_was_committed_survives_kill_9(data_dir: Path) -> None:
    first = EmbeddedPostgres(data_dir)
    try:
        async with _connected(await first.start()) as connection:
            await connection.execute("CREATE TABLE kept (n int)")
            await connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
            pid = first.server_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await _gone(pid)
            assert first.server_pid() == pid, "the stale postmaster.pid is part of the case"
    finally:
        await first.stop()
    second = EmbeddedPostgres(data_dir)
    async with second as dsn, _connected(dsn) as connection:
        assert second.server_pid() != pid
        assert await connection.fetchval("SELECT count(*) FROM kept") == 1000


async def test_a_second_instance_joins_and_leaves_it_running(data_dir: Path) -> None:
    owner, guest = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    async with owner as dsn:
        pid = owner.server_pid()
        assert await guest.start() == dsn
        assert (owner.owned, guest.owned) == (True, False)
        await guest.stop()
        assert owner.server_pid() == pid
        async with _connected(dsn) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_two_that_start_together_share_one_server(data_dir: Path) -> None:
    pair = [EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)]
    try:
        one, other = await asyncio.gather(*(server.start() for server in pair))
        assert one == other
        assert sorted(server.owned for server in pair) == [False, True]
    finally:
        for server in sorted(pair, key=lambda server: server.owned):
            await server.stop()
    assert pair[0].server_pid() is None


async def test_the_server_of_an_owner_that_was_killed_is_taken_over(data_dir: Path) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from handover.platform.embedded import EmbeddedPostgres\n"
        "async def main():\n"
        "    await EmbeddedPostgres(pathlib.Path(sys.argv[1])).start()\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(data_dir), stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert await asyncio.wait_for(owner.stdout.readline(), 30) == b"ready\n"
    owner.kill()
    await owner.wait()
    heir = EmbeddedPostgres(data_dir)
    pid = heir.server_pid()
    assert pid is not None
    assert _alive(pid)
    await heir.start()
    assert heir.owned
    assert heir.server_pid() == pid
    await heir.stop()
    assert not _alive(pid)


async def test_a_cancelled_start_leaves_no_server_behind(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    starting = asyncio.create_task(server.start())
    await asyncio.sleep(0.2)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert server.server_pid() is None
    assert not server.owned
    async with server as dsn, _connected(dsn) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_path_too_deep_for_a_socket_gets_a_short_private_one(data_dir: Path) -> None:
    deep = data_dir / "a directory with spaces, a 'quote' and a comma" / ("d" * 60) / "var"
    server = EmbeddedPostgres(deep)
    async with server as dsn, _connected(dsn) as connection:
        directory = Path(await connection.fetchval("SHOW unix_socket_directories"))
        assert len(str(directory)) < 80
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert not directory.exists()


async def test_a_path_with_odd_characters_works(data_dir: Path) -> None:
    odd = data_dir / 'it\'s, "odd" & $HOME'
    async with EmbeddedPostgres(odd) as dsn, _connected(dsn) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_directories_closed_to_others_stay_as_they_are(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    async with EmbeddedPostgres(closed / "var") as dsn, _connected(dsn) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == os.geteuid()
    assert (closed / "var").stat().st_uid == os.geteuid()


async def test_a_first_start_that_was_killed_is_begun_again(data_dir: Path) -> None:
    half_made = data_dir / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(data_dir) as dsn, _connected(dsn) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert not half_made.exists()


async def test_data_of_another_version_is_refused_untouched(data_dir: Path) -> None:
    cluster = data_dir / "postgres" / "data"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16\n")
    server = EmbeddedPostgres(data_dir)
    with pytest.raises(EmbeddedPostgresError, match="written by PostgreSQL 16"):
        await server.start()
    assert not server.owned
    assert [entry.name for entry in cluster.iterdir()] == ["PG_VERSION"]


async def test_a_server_that_does_not_start_says_why(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, options={"shared_buffers": "nonsense"})
    with pytest.raises(EmbeddedPostgresError, match="invalid value for parameter"):
        await server.start()
    assert not server.owned


async def test_a_file_in_place_of_the_data_directory_is_refused(data_dir: Path) -> None:
    (data_dir / "var").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="HANDOVER_DATA_DIR"):
        await EmbeddedPostgres(data_dir / "var").start()


async def test_no_statement_or_detail_reaches_the_log(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    async with server as dsn, _connected(dsn) as connection:
        await connection.execute("CREATE TABLE person (name text PRIMARY KEY)")
        await connection.execute("INSERT INTO person VALUES ('canary')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO person VALUES ('canary')")
    log = (data_dir / "postgres" / "server.log").read_text()
    assert "person_pkey" in log
    assert "canary" not in log


async def test_nothing_listens_on_the_network(postgres: EmbeddedPostgres) -> None:
    pid = postgres.server_pid()
    assert pid is not None
    links = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in links}
    assert len(inodes) > 1
    for family in ("tcp", "tcp6"):
        lines = Path(f"/proc/net/{family}").read_text().splitlines()[1:]
        assert not inodes & {line.split()[9] for line in lines}
