"""`make gallery`: the screenshots of docs/screens, taken from the world in which every screen is tested."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page
from tests.instance import running
from tests.web.ui import chromium
from tests.web.ui.png import shrink
from tests.web.ui.world import View, World, make

from handover.cli.migrate import migrate_database
from handover.platform.embedded import SERVICE, EmbeddedPostgres
from handover.wiring import Doors

DIRECTORY = Path(__file__).parents[3] / "docs" / "screens"
MOST_BYTES = 150_000
_HEIGHT = {1280: 900, 390: 844}


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its file, the view (of the world) and how it is looked at."""

    file: str
    view: str
    width: int = 1280
    scheme: str = "light"
    at: str = ""
    """What is scrolled to; "" is the top of the page."""


SHOTS = (
    Shot("01-inbox", "inbox, full"),
    Shot("02-inbox-phone", "inbox, full", width=390),
    Shot("03-inbox-dark", "inbox of VDAB", scheme="dark"),
    Shot("04-dossier", "dossier"),
    Shot("05-dossier-timeline", "dossier", at="#h-timeline"),
    Shot("06-dossier-phone-dark", "dossier", width=390, scheme="dark"),
    Shot("07-warm-handover", "warm handover, preview", at="#main"),
    Shot("08-step-errors-phone", "a step, errors", width=390),
    Shot("09-contacts", "agreements"),
    Shot("10-team", "team"),
    Shot("11-a-reason-first-phone", "dossier, a reason first", width=390),
    Shot("12-settings-phone", "settings", width=390),
    Shot("13-files", "files, looked through"),
)


async def main() -> None:
    """Make the world, take the pictures."""
    DIRECTORY.mkdir(exist_ok=True)
    wanted = set(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="handover-gallery-") as directory:
        server = EmbeddedPostgres(Path(directory))
        async with server:
            await migrate_database(Doors(server.dsn(), server.dsn(login=SERVICE)))
            async with (
                running(server.dsn(), Path(directory), pool_size=8) as instance,
                chromium.launched("--lang=nl-BE", "--hide-scrollbars") as browser,
            ):
                world = await make(instance)
                for shot in SHOTS:
                    if not wanted or shot.file in wanted:
                        await _take(browser, world, shot)


async def _take(browser: Browser, world: World, shot: Shot) -> None:
    view = next(view for view in world.views if view.name == shot.view)
    context = await browser.new_context(
        base_url=world.instance.base_url,
        locale="nl-BE",
        timezone_id="Europe/Brussels",
        viewport={"width": shot.width, "height": _HEIGHT[shot.width]},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    await context.add_cookies([await world.cookie(view.who)])  # type: ignore[list-item]
    page = await context.new_page()
    await _open(page, view)
    if shot.at:
        await page.locator(shot.at).evaluate("e => e.scrollIntoView({block: 'start'})")
    path = DIRECTORY / f"{shot.file}.png"
    await page.screenshot(path=path)
    await context.close()
    size = shrink(path)
    sys.stdout.write(f"{path.name}: {size / 1000:.0f} kB{' TOO LARGE' if size > MOST_BYTES else ''}\n")


async def _open(page: Page, view: View) -> None:
    await page.goto(view.address)
    if view.act:
        await view.act(page)
    await page.wait_for_load_state("networkidle" if "[data-stream]" not in await page.content() else "load")
    await page.wait_for_timeout(300)


if __name__ == "__main__":
    asyncio.run(main())
