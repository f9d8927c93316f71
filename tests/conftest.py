import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from handover.platform.db import with_database
from handover.platform.embedded import SERVICE, EmbeddedPostgres
from handover.platform.ids import new_id
from tests.instance import Instance, running

TEMPLATE = "handover_template"
SAID = "said"
"""The property in which a test says a figure that belongs under the run's results."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests said, whichever process they ran in and whether or not anybody asks for output."""
    said = [
        line for one in terminalreporter.stats.get("passed", []) for name, line in one.user_properties if name == SAID
    ]
    if said:
        terminalreporter.write_sep("-", "figures")
    for line in said:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """One real server for the whole run, as durable as in production."""
    with tempfile.TemporaryDirectory(prefix="handover-test-") as directory:
        server = EmbeddedPostgres(Path(directory), options={"max_connections": "300"})
        async with server:
            yield server


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with the schema of today, made once by the migrations."""
    # Imported here: the tests of the platform run without the layers above it.
    from handover.cli.migrate import migrate_database  # noqa: PLC0415
    from handover.wiring import Doors  # noqa: PLC0415

    await _execute(postgres, f'CREATE DATABASE "{TEMPLATE}"')
    await migrate_database(Doors(postgres.dsn(TEMPLATE), postgres.dsn(TEMPLATE, login=SERVICE)))
    return TEMPLATE


@pytest.fixture
async def database(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """The DSN of a fresh database with the schema, for one test: its commits are real and gone afterwards."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        yield dsn


@pytest.fixture
async def empty_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN of a fresh database with nothing in it, for one test."""
    async for dsn in fresh(postgres, ""):
        yield dsn


async def fresh(postgres: EmbeddedPostgres, like: str) -> AsyncIterator[str]:
    name = f"test_{new_id().hex}"
    await _execute(postgres, f'CREATE DATABASE "{name}" {like}')
    yield with_database(postgres.dsn(), name)
    await _execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def instance(database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    """A whole instance with worker and projector on a fresh database."""
    async with running(database, tmp_path) as found:
        yield found


@pytest.fixture
async def api(database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    """An instance without worker and projector: what is not asked for does not happen."""
    async with running(database, tmp_path, work=False) as found:
        yield found
