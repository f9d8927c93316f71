"""The browsers of the tests, where `tests/setup-chromium.sh` put them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

WHOLE = "/usr/bin/chromium"
_SHELL = "/usr/bin/chromium-headless-shell"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@asynccontextmanager
async def launched(*arguments: str, whole: bool = False) -> AsyncIterator[Browser]:
    """Start Chromium without a window.

    The headless shell is the same engine at a third of the processor time for a page; it knows no notices, so that
    what shows them asks for the `whole` browser.
    """
    path = _SHELL if Path(_SHELL).exists() and not whole else WHOLE
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS, *arguments])
        yield browser
        await browser.close()
