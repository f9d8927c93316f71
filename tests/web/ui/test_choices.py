"""Forms stay light with 300 organisations and 5,000 counsellors: who is near is listed, others are looked for."""

import re

import pytest
from playwright.async_api import Page, expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, VDAB, Opened, Visits

_ORGANISATIONS = """
INSERT INTO organisation (organisation_id, kind, enterprise_number, name, phone, email, coordinator)
SELECT 'ocmw-groot-' || n, 'ocmw', lpad(n::text, 10, '0'), 'OCMW Grootplaats ' || n, '', '', ''
FROM generate_series(1, 300) n
"""
_COUNSELLORS = """
INSERT INTO counsellor (counsellor_id, organisation_id, name, team, function, phone, email, person)
SELECT w || '.p' || n, w, 'Medewerker ' || n, '', '', '', '', ''
FROM generate_series(1, 5000) n,
    LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 'vdab' ELSE 'ocmw-groot-' || (1 + n % 300) END w) at
"""
_MOST_BYTES = 60_000


async def _crowd(instance: Instance) -> None:
    """Bring everybody into the directory; after signing in, because the demonstration's door shows few."""
    await instance.pool.execute(_ORGANISATIONS)
    await instance.pool.execute(_COUNSELLORS)
    await instance.services.refresh_directory()
    directory = instance.services.directory_now()
    assert len(directory.organisations) > 300
    assert len(directory.counsellors) > 5000


async def _values(page: Page, field: str) -> list[str]:
    found: list[str] = await page.locator(f"#{field} option").evaluate_all("all => all.map(one => one.value)")
    return [value for value in found if value]


async def test_every_form_stays_light(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    page = await visit(VDAB)
    await _crowd(instance)
    for step in ("intake.planned", "question.asked", "handover.requested", "dossier.counsellorAssigned"):
        answer = await page.goto(f"/dossiers/{dossier_id}/steps/{step}")
        assert answer is not None
        assert answer.ok
        assert len(await answer.body()) < _MOST_BYTES, step
    # Not one of the 5,000 by accident: who is near can be chosen at once.
    own = await _values(page, "f-counsellor")
    assert "vdab.bemiddelaar-1" in own
    assert len(own) < 60


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_another_is_found_by_name_and_chosen(
    visit: Visits, opened: Opened, instance: Instance, *, script: bool
) -> None:
    dossier_id = await opened(refer=False)
    page = await visit(OCMW, java_script_enabled=script)
    await _crowd(instance)
    await page.goto(f"/dossiers/{dossier_id}/steps/handover.requested")
    near = await _values(page, "f-receiver")
    assert "vdab" in near
    assert len(near) < 20
    await page.get_by_label(re.compile("^Waarom verwijs je?")).fill("Verhuist.")
    search = page.locator("#f-receiver-find")
    await search.fill("grootplaats 7")
    await page.locator("#f-receiver-finds").click()
    await expect(page.locator("#f-receiver-found")).to_contain_text("11 gevonden")
    assert "ocmw-groot-77" in await _values(page, "f-receiver")
    await search.fill("Grootplaats 299")
    if script:
        await search.press("Enter")
    else:
        await page.locator("#f-receiver-finds").click()
    await expect(page.locator("#f-receiver-found")).to_contain_text("1 gevonden")
    await expect(page.locator("#f-receiver")).to_have_value("ocmw-groot-299")
    await expect(page.get_by_label(re.compile("^Waarom verwijs je?"))).to_have_value("Verhuist.")
    await search.fill("Nergens")
    await page.locator("#f-receiver-finds").click()
    await expect(page.locator("#f-receiver-found")).to_contain_text("Niets gevonden voor “Nergens”")
    # What was chosen stays chosen.
    await expect(page.locator("#f-receiver")).to_have_value("ocmw-groot-299")


async def test_who_was_found_is_still_chosen_after_a_reload(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened(refer=False)
    page = await visit(OCMW)
    await _crowd(instance)
    await page.goto(f"/dossiers/{dossier_id}/warm-handover")
    await page.locator("#f-receiver-find").fill("Grootplaats 299")
    await page.locator("#f-receiver-finds").click()
    await expect(page.locator("#f-receiver")).to_have_value("ocmw-groot-299")
    await expect(page.locator("#receiver-desk")).to_contain_text("OCMW Grootplaats 299")
    await page.reload()
    await expect(page.locator("#f-receiver")).to_have_value("ocmw-groot-299")
    await page.get_by_label("Doel van de verwijzing").select_option("guidanceToWork")
    await page.get_by_label(re.compile("^Waarom verwijs je?")).fill("Verhuist.")
    await page.get_by_role("button", name="Opslaan en delen").click()
    await expect(page.get_by_role("status").first).to_contain_text("Opgeslagen: Doorverwezen")
    threads = (await instance.party("ocmw-lindedal").get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"]
    assert threads[0]["receiver"]["organisation"] == "ocmw-groot-299"
