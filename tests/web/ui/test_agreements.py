import re
from datetime import timedelta

from playwright.async_api import expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, VDAB, Visits

from handover.cli.seed_agreements import seed_agreements


async def test_whom_to_turn_to_today_and_how_it_changes(visit: Visits, instance: Instance) -> None:
    await seed_agreements(instance.services)
    page = await visit(OCMW)
    await page.goto("/agreements")
    await page.get_by_role("link", name=re.compile("^Afspraken bekijken of aanpassen.*VDAB")).click()
    desk = page.locator(".desk").filter(has_text="VDAB").first
    await expect(desk.locator(".call")).to_contain_text("Bemiddelaar VDAB 1")

    today = instance.services.clock.now().date()
    vdab = page.get_by_role("group", name="VDAB", exact=True)
    await vdab.get_by_label("Eerste dag").last.fill(today.isoformat())
    await vdab.get_by_label("Laatste dag").last.fill((today + timedelta(days=3)).isoformat())
    await page.get_by_role("button", name="Opslaan").click()
    await expect(page.locator("main").get_by_role("status")).to_have_text("De afspraken zijn aangepast.")
    away = page.locator(".desk").filter(has_text="VDAB").first
    await expect(away.locator(".call")).to_contain_text("Bemiddelaar VDAB 2")
    await expect(away).to_contain_text("Bemiddelaar VDAB 1 is afwezig tot en met")

    other = await visit(VDAB)
    await other.goto("/agreements")
    await expect(other.locator(".contact").first).to_contain_text("OCMW Lindedal")


async def test_what_does_not_fit_is_said(visit: Visits, instance: Instance) -> None:
    await seed_agreements(instance.services)
    page = await visit(OCMW)
    await page.goto("/agreements")
    await page.get_by_role("link", name=re.compile("^Afspraken bekijken of aanpassen.*VDAB")).click()
    ocmw = page.get_by_role("group", name="OCMW Lindedal", exact=True)
    await ocmw.get_by_label("Vervanger").select_option(label="Trajectbegeleider Lindedal 1")
    await page.get_by_role("button", name="Opslaan").click()
    await expect(page.get_by_role("alert")).to_contain_text("De vervanger moet iemand anders zijn")
    await expect(ocmw.get_by_label("Vervanger")).to_have_value("ocmw-lindedal.trajectbegeleider-1")
