"""The three stories run as told; `make story` prints them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.instance import Instance, running
from tests.story.stories import STORIES
from tests.story.telling import Story


@pytest.fixture
async def instance(database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    async with running(database, tmp_path, work=False) as found:
        yield found


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_a_story(instance: Instance, story: Callable[[Story], Awaitable[None]]) -> None:
    lines: list[str] = []
    told = Story(instance, 1, lines.append)
    await story(told)
    assert told.steps >= 11
    printed = "\n".join(lines)
    assert printed.count("  ocmw-lindedal") == printed.count("  vdab") >= told.steps, "both inboxes at each turn"
    assert "TE LAAT" in printed
