from collections.abc import AsyncIterator

import pytest
from tests.conftest import fresh
from tests.instance import Instance, running

from handover.platform.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
async def shared(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instance]:
    """One instance for a module's tests; each takes clients of its own."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("shared"), work=False) as found:
            yield found


@pytest.fixture(scope="module")
async def working(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instance]:
    """The same with worker and projector: lists and inboxes are filled."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("working")) as found:
            yield found
