from collections.abc import AsyncIterator

import pytest
from tests.delivery.support import Receiver, World, receiving, world

from handover.platform.db import open_pool


@pytest.fixture
async def land(database: str) -> AsyncIterator[World]:
    """Two organisations on a fresh database."""
    pool = await open_pool(database, size=6, application_name="test-delivery")
    try:
        async with world(database, pool) as made:
            yield made
    finally:
        await pool.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The other side's software, on loopback."""
    async with receiving() as made:
        yield made
