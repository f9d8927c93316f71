"""A real browser on a real instance: the counsellors' side of the tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page
from tests.instance import Instance
from tests.web.ui import chromium

OCMW, OCMW_2 = "Trajectbegeleider Lindedal 1", "Trajectbegeleider Lindedal 2"
VDAB, VDAB_2 = "Bemiddelaar VDAB 1", "Bemiddelaar VDAB 2"
STRANGER = "Maatschappelijk werker Waterhoek 1"
REQUEST = {
    "receiver": "vdab",
    "purpose": "guidanceToWork",
    "summary": "Wil als magazijnier werken.",
    "contact": "ocmw-lindedal.trajectbegeleider-1",
    "legalBasisId": "demo-protocol",
}


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the whole run."""
    async with chromium.launched() as browser:
        yield browser


@dataclass
class Visits:
    """Opens pages for counsellors, each in their own browser profile, and hears what goes wrong there."""

    browser: Browser
    instance: Instance
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    async def __call__(self, who: str = "", **options: object) -> Page:
        """Give a page, signed in as `who`; `options` are those of a browser context."""
        settings: dict[str, object] = {
            "base_url": self.instance.base_url,
            "locale": "nl-BE",
            "timezone_id": "Europe/Brussels",
            **options,
        }
        context = await self.browser.new_context(**settings)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith(self.instance.base_url) else self.outside.append(r.url),
        )
        if who:
            await page.goto("/sign-in")
            await page.get_by_role("button", name=who, exact=True).click()
            await page.wait_for_url("**/")
        return page


@pytest.fixture
async def visit(browser: Browser, instance: Instance) -> AsyncIterator[Visits]:
    """Give what opens pages; all of them are closed afterwards."""
    visits = Visits(browser, instance)
    yield visits
    for context in browser.contexts:
        await context.close()


async def sign_out(page: Page) -> None:
    """Sign out through the menu of one's own account."""
    await page.locator(".me > summary").click()
    await page.get_by_role("button", name="Afmelden").click()


Opened = Callable[..., Awaitable[str]]


@pytest.fixture
def opened(instance: Instance) -> Opened:
    """Give what opens a dossier for the first OCMW counsellor, and refers it unless told not to."""

    async def open_dossier(*, refer: bool = True, **client: str) -> str:
        ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
        dossier_id = await ocmw.open(**client)
        if refer:
            await ocmw.step(dossier_id, "handover.requested", REQUEST)
        return dossier_id

    return open_dossier
