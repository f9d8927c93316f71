from collections.abc import AsyncIterator

import pytest
from tests.record.world import Node, node


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
