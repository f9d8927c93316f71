import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from handover.platform.embedded import EmbeddedPostgres
from tests.faults.house import OCMW, VDAB, House, Program, house, prepared
from tests.faults.load import Load
from tests.faults.receiver import Answer, Heard, Receiver, accept, receiving
from tests.faults.scorecard import DISARMED, Row

Scorecard = Callable[[int, str, str], Row]


@pytest.fixture
def scorecard(request: pytest.FixtureRequest) -> Iterator[Scorecard]:
    """Gives a row of the report; it is kept when the test passed."""
    rows: list[Row] = []

    def row(line: int, fault: str, how: str) -> Row:
        rows.append(Row(line, fault, how))
        return rows[-1]

    yield row
    report = getattr(request.node, "call_report", None)
    if report is not None and report.passed:
        assert rows, "the test gives no row"
        assert DISARMED or all(one.provoked for one in rows), "nothing was provoked"
        for one in rows:
            one.keep()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.call_report = report  # type: ignore[attr-defined]
    return report


@pytest.fixture
async def home(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """An instance on a fresh database of the server that all tests share: that server must not be hurt."""
    async with house(database, tmp_path) as made:
        yield made


@pytest.fixture
async def own_postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A server of the test's own, which it may hurt."""
    with tempfile.TemporaryDirectory(prefix="handover-fault-") as directory:
        server = EmbeddedPostgres(Path(directory))
        async with server:
            yield server


@pytest.fixture
async def own_home(own_postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[House]:
    """An instance on a server of its own."""
    await prepared(own_postgres.dsn())
    async with house(own_postgres.dsn(), tmp_path) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The other side's software, on loopback."""
    async with receiving() as made:
        yield made


@contextlib.asynccontextmanager
async def loading(made: House, *urls: str, seed: int = 1) -> AsyncIterator[Load]:
    """Give a load on the addresses."""
    load = Load(made, list(urls), seed)
    try:
        yield load
    finally:
        await load.close()


@contextlib.asynccontextmanager
async def at_work(made: House, *, argv: tuple[str, ...] = ()) -> AsyncIterator[tuple[Load, Program]]:
    """Start an API and a worker (with `argv`, that one), and give a load with the worker."""
    api, worker = await asyncio.gather(made.api(), made.worker(argv=argv) if argv else made.worker())
    async with loading(made, api.url) as load:
        yield load, worker


def misbehave(row: Row, receiver: Receiver, answer: Answer) -> None:
    """Let a receiver answer events so, and only those."""

    async def to_events(heard: Heard) -> web.StreamResponse:
        return await (accept if heard.dossier == "log" else answer)(heard)

    row.provoke(lambda: setattr(receiver, "answer", to_events))


async def subscribe(
    load: Load, receiver: Receiver, *organisations: str, path: str = "", **more: object
) -> dict[str, str]:
    """Subscribe organisations to the receiver, at `path` or by their own name; gives the subscription id of each."""
    made = {}
    for organisation in organisations or (OCMW, VDAB):
        place = path or organisation
        body = {"url": receiver.url(place), **more}
        answer = await load.send(load.wish("/v1/subscriptions", body, organisation))
        assert answer.status_code == 201, answer.text
        receiver.secrets.setdefault(place, []).append(answer.json()["secret"])
        made[organisation] = answer.json()["subscriptionId"]
    return made
