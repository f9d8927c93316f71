"""A counsellor who does not work with a client is asked for a reason, in a real browser."""

import pytest
from tests.instance import Instance, number
from tests.web.ui.conftest import OCMW, OCMW_2, Visits

from handover.domain.parties import Counsellor
from handover.record.directory import save_counsellor

ORGANISATION = "ocmw-lindedal"
REASON = "Mijn collega is ziek en de cliënt staat aan het onthaal."


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_reason_opens_the_dossier(instance: Instance, visit: Visits, width: int) -> None:
    """The second counsellor is of another team: no dossier, a page that asks why, and then the dossier to read."""
    services = instance.services
    second = services.directory_now().counsellors[f"{ORGANISATION}.trajectbegeleider-2"]
    elsewhere = Counsellor(counsellor_id=second.counsellor_id, organisation_id=ORGANISATION, name=second.name, team="B")
    await save_counsellor(instance.pool, elsewhere)
    await services.refresh_directory()
    software = instance.party(ORGANISATION)
    dossier_id = await software.open(ssin=number(width))
    await software.step(dossier_id, "dossier.counsellorAssigned", {"counsellor": f"{ORGANISATION}.trajectbegeleider-1"})

    page = await visit(OCMW_2, viewport={"width": width, "height": 800})
    answer = await page.goto(f"/dossiers/{dossier_id}")
    assert answer is not None
    assert answer.status == 403
    assert await page.get_by_role("heading", level=1).inner_text() == "Je werkt niet met deze cliënt"
    assert "Voorbeeld" not in await page.locator("main").inner_text()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.get_by_label("Waarom moet je dit dossier nu lezen?").fill("kort")
    await page.get_by_role("button", name="Dossier openen").click()
    assert "minstens 10 tekens" in await page.locator("#f-reason-error").inner_text()
    await page.get_by_label("Waarom moet je dit dossier nu lezen?").fill(REASON)
    await page.get_by_role("button", name="Dossier openen").click()
    await page.wait_for_url(f"**/dossiers/{dossier_id}")
    assert "Voorbeeld" in await page.get_by_role("heading", level=1).inner_text()
    assert await page.locator("a[href*='/steps/']").count() == 0, "to read, not to take steps"
    (opened,) = await instance.worker.guard.glass.of_organisation(ORGANISATION, limit=9)
    assert (opened.counsellor_id, opened.reason) == (second.counsellor_id, REASON)

    first = await visit(OCMW)
    await first.goto(f"/dossiers/{dossier_id}")
    assert await first.locator("a[href*='/steps/']").count() > 0
