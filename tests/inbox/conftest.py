from collections.abc import AsyncIterator

import pytest
from tests.inbox.world import World

from handover.platform.db import open_pool


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    pool = await open_pool(database, size=6, application_name="test-inbox")
    try:
        yield World(database, pool)
    finally:
        await pool.close()
