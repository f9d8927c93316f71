"""Taking a step where one is: the form opens as a part of the page, and says there what came of it."""

import re

from playwright.async_api import Page, expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, VDAB, Opened, Visits

_OPEN = """
([address, place]) => {
    if (!document.getElementById(place)) {
        const slot = document.createElement('div');
        slot.id = place;
        document.querySelector('main').prepend(slot);
    }
    return htmx.ajax('GET', address, {target: '#' + place, swap: 'innerHTML'});
}
"""
_HEARD = "() => document.body.addEventListener('handover-stepped', () => document.body.dataset.heard = 'yes')"
_DOUBLE = """
() => [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)
"""


async def _step_address(page: Page, dossier_id: str, name: str) -> str:
    await page.goto(f"/dossiers/{dossier_id}")
    address = await page.get_by_role("link", name=name, exact=True).first.get_attribute("href")
    assert address
    return address


async def test_a_form_opens_in_the_page_and_the_step_is_recorded_there(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    vdab = await visit(VDAB)
    address = await _step_address(vdab, dossier_id, "Aanvaarden")
    await vdab.evaluate(_HEARD)
    await vdab.evaluate(_OPEN, [address, "slot"])
    part = vdab.locator("#slot .step-part")
    await expect(part.get_by_role("heading", level=3, name="Aanvaarden")).to_be_focused()
    assert await vdab.locator("h1").count() == 1

    # Wrong: the same place, with what is wrong beside its field; the page itself stays.
    await part.get_by_role("button", name="Opslaan en delen").click()
    await expect(part.get_by_role("alert")).to_be_focused()
    await expect(part.get_by_role("alert")).to_contain_text("eerste afspraak")
    await expect(vdab.get_by_role("heading", level=1)).to_have_text("Voorbeeld Een")

    await part.get_by_label("Hoe nemen jullie contact op?").select_option("threeWayTalk")
    await part.get_by_role("button", name="Opslaan en delen").click()
    done = vdab.locator("#slot").get_by_role("status")
    await expect(done).to_contain_text("Verwijzing aanvaard")
    await expect(done).to_contain_text("OCMW Lindedal")
    await expect(done.get_by_role("link", name="Naar het dossier")).to_have_attribute("href", f"/dossiers/{dossier_id}")
    await expect(vdab.locator("body")).to_have_attribute("data-heard", "yes")
    # A form with a mistake is an answer, not a fault.
    assert [c for c in visit.complaints if "400" not in c] == []


async def test_two_forms_may_be_open_and_one_closes(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    vdab = await visit(VDAB)
    accept = await _step_address(vdab, dossier_id, "Aanvaarden")
    reject = await _step_address(vdab, dossier_id, "Niet aanvaarden")
    await vdab.evaluate(_OPEN, [accept, "one"])
    await vdab.evaluate(_OPEN, [reject, "two"])
    await expect(vdab.locator(".step-part")).to_have_count(2)
    assert await vdab.evaluate(_DOUBLE) == []
    await vdab.locator("#one").get_by_role("button", name="Niet opslaan").click()
    await expect(vdab.locator("#one .step-part")).to_have_count(0)
    await expect(vdab.locator("#two .step-part")).to_have_count(1)


async def test_a_step_that_is_no_longer_possible_says_so_in_its_place(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    vdab = await visit(VDAB)
    address = await _step_address(vdab, dossier_id, "Aanvaarden")
    party = instance.party("vdab", "bemiddelaar-1")
    thread = (await party.get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"][0]["threadId"]
    accepted = {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}
    await vdab.evaluate(_OPEN, [address, "late"])
    await party.step(dossier_id, "handover.accepted", accepted, thread)

    await vdab.evaluate(_OPEN, [address, "slot"])
    await expect(vdab.locator("#slot").get_by_role("alert")).to_contain_text("Deze stap kan nu niet (meer)")

    late = vdab.locator("#late")
    await late.get_by_label("Hoe nemen jullie contact op?").select_option("phone")
    await late.get_by_role("button", name="Opslaan en delen").click()
    await expect(late.get_by_role("alert")).to_be_focused()
    await expect(late.get_by_label("Hoe nemen jullie contact op?")).to_have_value("phone")


async def test_what_htmx_asks_and_may_not_leaves_the_page_as_it_is(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}")
    await ocmw.evaluate(_OPEN, ["/dossiers/0198c0de-0000-7000-8000-000000000000/steps/question.asked", "slot"])
    await expect(ocmw.locator("#trouble").get_by_role("alert")).to_contain_text("Niet gevonden")
    await expect(ocmw.locator("#slot")).to_be_empty()
    await ocmw.locator("#trouble").get_by_role("button", name="Sluiten").click()
    await expect(ocmw.locator("#trouble").get_by_role("alert")).to_have_count(0)


async def test_a_page_keeps_its_form_through_a_mistake_and_goes_on_to_the_dossier(
    visit: Visits, opened: Opened
) -> None:
    dossier_id = await opened(refer=False)
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}/steps/question.asked")
    await ocmw.get_by_role("button", name="Opslaan en delen").click()
    await expect(ocmw).to_have_title(re.compile("^Fout:"))
    await expect(ocmw.get_by_role("alert")).to_be_focused()
    await expect(ocmw.locator("h1")).to_have_count(1)
    await expect(ocmw.locator("main")).to_have_count(1)
