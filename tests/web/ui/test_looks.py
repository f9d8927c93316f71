"""What holds for every screen: it fits a phone, is labelled, light, and asks nothing of others."""

import pytest
from playwright.async_api import Page
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, Opened, Visits

_MOST_BYTES = 60_000
_UNLABELLED = """
() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
    .filter(e => !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label'))
    .map(e => e.outerHTML)
"""
_SMALL = """
() => [...document.querySelectorAll('button, select, input:not([type=hidden]), summary, a.button, nav a')]
    .filter(e => e.checkVisibility())
    .map(e => e.closest('label.choice') || e)
    .map(e => [e.outerHTML, e.getBoundingClientRect()])
    .filter(([, box]) => box.height < 20 || (box.height < 24 && box.width < 24))
    .map(([text]) => text)
"""
_SIZES = """
() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind)).map(e => e.transferSize)
"""
_DOUBLE = """
() => [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)
"""


async def _check(page: Page, address: str, *, language: str = "nl") -> None:
    answer = await page.goto(address)
    assert answer is not None
    assert answer.status in {200, 404}
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert await page.locator("h1").count() == 1
    assert await page.locator("main").count() == 1
    assert await page.evaluate("document.documentElement.lang") == language
    assert await page.evaluate(_UNLABELLED) == [], address
    assert await page.evaluate(_SMALL) == [], address
    assert await page.evaluate(_DOUBLE) == [], address


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (320, "light")])
async def test_every_screen(visit: Visits, opened: Opened, instance: Instance, width: int, scheme: str) -> None:
    long = "Voorbeeldnaam" * 8
    dossier_id = await opened(familyName=long)
    vdab = instance.party("vdab", "bemiddelaar-1")
    await vdab.step(dossier_id, "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"})
    page = await visit(OCMW, viewport={"width": width, "height": 844}, color_scheme=scheme)
    for address in (
        "/",
        "/?whose=team",
        "/dossiers",
        "/dossiers/new",
        f"/dossiers/{dossier_id}",
        f"/dossiers/{dossier_id}/steps/handover.requested",
        f"/dossiers/{dossier_id}/steps/intake.recorded",
        f"/dossiers/{dossier_id}/steps/followUp.art60Started",
        "/sign-in",
        "/dossiers/no-id",
    ):
        await _check(page, address)
    await _check(page, "/?lang=en", language="en")
    assert [c for c in visit.complaints if "404" not in c] == []
    assert visit.outside == []


async def test_a_first_visit_is_light(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    for address in ("/", f"/dossiers/{dossier_id}"):
        fresh = await visit.browser.new_context(
            base_url=visit.instance.base_url, storage_state=await page.context.storage_state()
        )
        first = await fresh.new_page()
        await first.goto(address)
        sizes = await first.evaluate(_SIZES)
        assert len(sizes) >= 4
        assert sum(sizes) < _MOST_BYTES


async def test_the_language_that_was_chosen_stays(visit: Visits) -> None:
    page = await visit(locale="fr-BE")
    await page.goto("/sign-in")
    assert await page.locator("h1").inner_text() == "Se connecter"
    await page.get_by_role("link", name="English").click()
    assert await page.locator("h1").inner_text() == "Sign in"
    await page.goto("/sign-in")
    assert await page.locator("h1").inner_text() == "Sign in"
    english = await visit(locale="en-GB")
    await english.goto("/sign-in")
    assert await english.locator("h1").inner_text() == "Sign in"
