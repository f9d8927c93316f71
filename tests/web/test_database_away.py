"""The database goes away in the middle of a request: 503, nothing half-written, and all is well afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import httpx
import pytest
from tests.conftest import fresh
from tests.instance import OPENING, Instance, eventually, number, running
from tests.web.support import BELGIF, problem
from tests.web.test_belgif import REFERRAL

from handover.platform.db import with_database
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.ids import new_id

_COUNTS = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM idempotency), (SELECT sum(version) FROM dossier)"
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@contextlib.asynccontextmanager
async def aside(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that the instance knows nothing of."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def gone(answer: httpx.Response) -> None:
    found = problem(answer, 503, f"{BELGIF}serviceUnavailable")
    assert "same Idempotency-Key" in found["detail"]
    assert int(answer.headers["retry-after"]) > 0


async def held_up(watch: asyncpg.Connection) -> bool:
    """Whether a backend of the instance waits for a lock, that is: in the middle of writing."""
    return bool(await watch.fetchval(f"SELECT count(*) {_OTHERS} AND wait_event_type = 'Lock'"))


async def recovered(api: Instance) -> None:
    async def well() -> bool:
        return (await api.http.get("/health")).status_code == 200

    await eventually(well)


@pytest.mark.parametrize("what", ["step", "opening"])
async def test_backends_terminated_in_the_middle_of_a_write(api: Instance, what: str) -> None:
    party = api.party("ocmw-lindedal")
    dossier_id = await party.open(ssin=number(1))
    key = str(new_id())
    path, body = (
        (f"/v1/dossiers/{dossier_id}/events", {"type": "handover.requested", "data": REFERRAL})
        if what == "step"
        else ("/v1/dossiers", OPENING | {"ssin": number(2)})
    )
    async with aside(api.services.dsn) as watch, aside(api.services.dsn) as holder:
        before = await watch.fetchrow(_COUNTS)
        async with holder.transaction():
            await holder.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.create_task(party.post(path, body, Idempotency_Key=key))
            await eventually(lambda: held_up(watch))
            assert not asking.done()
            ended = await watch.fetchval(
                f"SELECT count(pg_terminate_backend(pid)) {_OTHERS} AND wait_event_type = 'Lock'"
            )
            assert ended >= 1, "the fault must have happened"
            gone(await asking)
        assert await watch.fetchrow(_COUNTS) == before
    again = await party.post(path, body, Idempotency_Key=key)
    assert again.status_code == 201, again.text
    once_more = await party.post(path, body, Idempotency_Key=key)
    assert once_more.content == again.content


async def test_nobody_is_let_in_any_more(api: Instance) -> None:
    """Every connection ended and no new one accepted, then all is open again."""
    party, key = api.party("ocmw-lindedal"), str(new_id())
    dossier_id = await party.open(ssin=number(1))
    path, body = f"/v1/dossiers/{dossier_id}/events", {"type": "handover.requested", "data": REFERRAL}
    name = urlsplit(api.services.dsn).path.removeprefix("/")
    async with aside(api.services.dsn) as watch:
        before = await watch.fetchrow(_COUNTS)
    async with aside(with_database(api.services.dsn, "postgres")) as master:
        await master.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"
        assert await master.fetchval(ended, name) >= 4
        with pytest.raises(asyncpg.PostgresError):
            await asyncpg.connect(api.services.dsn)
        for _ in range(6):
            gone(await party.post(path, body, Idempotency_Key=key))
            gone(await party.get(f"/v1/dossiers/{dossier_id}"))
            gone(await party.post("/v1/dossiers/search", {"ssin": number(1)}))
        health = await api.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "DOWN")
        assert (await party.get("/v1/refData/eventTypes")).status_code == 200, "what needs no database is served"
        await master.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await recovered(api)
    async with aside(api.services.dsn) as watch:
        assert await watch.fetchrow(_COUNTS) == before
    assert (await party.post(path, body, Idempotency_Key=key)).status_code == 201


async def test_the_server_itself_stops(tmp_path: Path) -> None:
    """A server that is shut down and started again, with requests all the while: what got 201 is there, once."""
    from handover.record.migrate import upgrade  # noqa: PLC0415

    async with EmbeddedPostgres(tmp_path / "server") as dsn:
        await upgrade(dsn)
    server = EmbeddedPostgres(tmp_path / "server")
    dsn = await server.start()
    try:
        async with running(dsn, tmp_path / "data", work=False) as api:
            party = api.party("ocmw-lindedal")
            dossier_id = await party.open(ssin=number(1))
            path = f"/v1/dossiers/{dossier_id}/events"
            answers: dict[str, httpx.Response] = {}
            stop = asyncio.Event()

            async def keep_posting() -> None:
                while not stop.is_set():
                    key = str(new_id())
                    data = REFERRAL | {"summary": key}
                    answers[key] = await party.post(
                        path, {"type": "handover.requested", "data": data}, Idempotency_Key=key
                    )
                    await asyncio.sleep(0.01)

            posting = [asyncio.create_task(keep_posting()) for _ in range(4)]
            await asyncio.sleep(0.5)
            await server.stop()
            with pytest.raises(OSError):  # noqa: PT011 - refused or no such socket, both mean stopped
                await asyncpg.connect(dsn)
            await asyncio.sleep(0.5)
            await server.start()
            await recovered(api)
            await asyncio.sleep(0.3)
            stop.set()
            await asyncio.gather(*posting)
            statuses = [answer.status_code for answer in answers.values()]
            assert set(statuses) == {201, 503}
            for answer in answers.values():
                if answer.status_code == 503:
                    gone(answer)
            for key in [key for key, answer in answers.items() if answer.status_code == 503]:
                data = REFERRAL | {"summary": key}
                body = {"type": "handover.requested", "data": data}
                assert (await party.post(path, body, Idempotency_Key=key)).status_code == 201
            events = (await party.get(path)).json()["items"]
            found = [e["data"]["summary"] for e in events if e["type"] == "handover.requested"]
            assert sorted(found) == sorted(answers)
            assert [e["sequence"] for e in events] == list(range(1, len(events) + 1))
    finally:
        await server.stop()


class Line:
    """Stands between the instance and the database; can keep the database's answers to itself."""

    def __init__(self, directory: Path, target: str) -> None:
        self.path, self._target = directory / ".s.PGSQL.5432", target
        self.deaf = False
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_unix_connection(self._target)
        self._writers |= {writer, behind_writer}
        await asyncio.gather(
            self._pass_on(reader, behind_writer, answers=False), self._pass_on(behind_reader, writer, answers=True)
        )

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while text := await reader.read(65_536):
                if not (answers and self.deaf):
                    writer.write(text)
                    await writer.drain()
        writer.close()


async def test_a_commit_whose_answer_is_lost(postgres: EmbeddedPostgres, template: str, tmp_path: Path) -> None:
    """The database commits, the connection dies before it can say so: 503, and the same key finds what is stored."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        parts = urlsplit(dsn)
        directory = parse_qs(parts.query)["host"][0]
        here = f"{parts.scheme}://{parts.netloc}{parts.path}?host={quote(str(tmp_path), safe='/')}&port=5432"
        async with (
            Line(tmp_path, f"{directory}/.s.PGSQL.5432") as line,
            running(here, tmp_path / "data", work=False) as api,
            aside(dsn) as watch,
            aside(dsn) as holder,
        ):
            await _lose_an_answer(api, line, watch, holder)


async def _lose_an_answer(api: Instance, line: Line, watch: asyncpg.Connection, holder: asyncpg.Connection) -> None:
    party, key = api.party("ocmw-lindedal"), str(new_id())
    dossier_id = await party.open(ssin=number(1))
    path, body = f"/v1/dossiers/{dossier_id}/events", {"type": "handover.requested", "data": REFERRAL}
    before = await watch.fetchval("SELECT count(*) FROM event")
    async with holder.transaction():
        await holder.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.create_task(party.post(path, body, Idempotency_Key=key))
        await eventually(lambda: held_up(watch))
        line.deaf = True

    async def committed() -> bool:
        return bool(await watch.fetchval("SELECT count(*) FROM event") > before)

    await eventually(committed)
    after = await watch.fetchval("SELECT count(*) FROM event")
    assert not asking.done()
    line.cut()
    line.deaf = False
    gone(await asking)
    again = await party.post(path, body, Idempotency_Key=key)
    assert again.status_code == 201, again.text
    assert await watch.fetchval("SELECT count(*) FROM event") == after
    assert again.json()["items"][0] in (await party.get(path)).json()["items"]
