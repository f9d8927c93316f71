from collections.abc import AsyncIterator

import pytest
from tests.conftest import fresh
from tests.record.world import Node, node

from handover.platform.embedded import EmbeddedPostgres


@pytest.fixture
async def one(database: str) -> AsyncIterator[Node]:
    """One process on a fresh database."""
    async with node(database) as found:
        yield found


@pytest.fixture
async def two(database: str) -> AsyncIterator[tuple[Node, Node]]:
    """Two processes on one fresh database."""
    async with node(database) as first, node(database) as second:
        yield first, second


@pytest.fixture(scope="module")
async def shared(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Node]:
    """One process on a database that the tests of a file share: each has dossiers of its own."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with node(dsn) as found:
            yield found
