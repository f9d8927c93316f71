"""`make story`: three clients' stories over HTTP with a moved clock, both inboxes printed at each turn."""

import asyncio
import sys
import tempfile
from pathlib import Path

from handover.platform.embedded import EmbeddedPostgres
from handover.record.migrate import upgrade
from tests.instance import running
from tests.story.stories import STORIES
from tests.story.telling import Story


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def main() -> None:
    """Tell all stories on one fresh instance."""
    with tempfile.TemporaryDirectory(prefix="story-") as place:
        server = EmbeddedPostgres(Path(place) / "database")
        dsn = await server.start()
        try:
            await upgrade(dsn)
            async with running(dsn, Path(place) / "data", work=False) as instance:
                steps = 0
                for number, story in enumerate(STORIES, start=1):
                    told = Story(instance, number, _write)
                    await story(told)
                    steps += told.steps
                sys.stdout.write(f"\n{len(STORIES)} stories, {steps} steps, each as expected.\n")
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
