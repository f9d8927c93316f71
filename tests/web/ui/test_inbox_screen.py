"""The inbox as a morning's work: by client, narrowed, searched, by keyboard, and steps taken in place."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.instance import Instance, eventually, number
from tests.web.ui.conftest import OCMW, OCMW_2, REQUEST, VDAB, Opened, Visits

APPOINTMENT = {"appointmentAt": "2026-12-01T09:00:00Z", "subject": "Opvolggesprek", "where": "Werkwinkel"}
PLAN = {"title": "Actieplan", "startsOn": "2026-09-01", "endsOn": "2031-06-30", "goals": "Nederlands leren."}


async def _accepted(instance: Instance, dossier_id: str, who: str = "bemiddelaar-1") -> Any:  # noqa: ANN401 - of JSON
    vdab = instance.party("vdab", who)
    return await vdab.step(dossier_id, "handover.accepted", {"counsellor": f"vdab.{who}", "reachedBy": "phone"})


async def test_what_waits_for_one_client_stands_together(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    vdab = instance.party("vdab", "bemiddelaar-1")
    await vdab.step(dossier_id, "followUp.appointmentPlanned", APPOINTMENT)
    page = await visit(VDAB)
    cases = page.locator(".yours .item")
    await expect(cases).to_have_count(1)
    await expect(cases.locator("h3")).to_contain_text("Voorbeeld Een")
    await expect(cases.locator(".thread")).to_have_count(2)
    await expect(page.locator("#g-yourTurn .count")).to_have_text("2")
    await expect(page).to_have_title(re.compile(r"^\(2\) Inbox"))


async def test_what_is_due_much_later_is_not_for_this_morning(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened(refer=False)
    ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    await ocmw.step(dossier_id, "followUp.planAgreed", PLAN)
    page = await visit(OCMW)
    later = page.get_by_role("link", name="Nog 1 zaak die later moet")
    await expect(later).to_be_visible()
    await expect(page).to_have_title(re.compile(r"^\(0\) Inbox"))
    await expect(page.locator(".yours .empty")).to_contain_text("Niets te doen")
    await later.click()
    await expect(page.locator(".yours .item")).to_contain_text("volgt een actieplan")


async def test_a_step_is_taken_in_place(visit: Visits, opened: Opened) -> None:
    await opened()
    page = await visit(VDAB)
    await page.get_by_role("link", name="Iedereen", exact=True).click()
    item = page.locator(".yours .item")
    await item.get_by_role("link", name="Aanvaarden", exact=True).click()
    await item.get_by_label("Hoe nemen jullie contact op?").select_option("phone")
    await item.get_by_role("button", name="Opslaan en delen").click()
    await expect(item).to_contain_text("Neem contact op")
    assert "/dossiers/" not in page.url, "the page stayed where it was"
    assert visit.complaints == []


async def test_news_does_not_sweep_away_what_is_being_typed(visit: Visits, opened: Opened, instance: Instance) -> None:
    await opened()
    page = await visit(VDAB)
    await page.goto("/?whose=everyone")
    item = page.locator(".yours .item").first
    await item.get_by_role("link", name="Niet aanvaarden", exact=True).click()
    text = item.get_by_role("textbox").first
    await text.fill("Geen plaats tot januari")
    await expect(page.locator("#held")).to_be_hidden()
    await opened(ssin=number(5), givenName="Tweede")
    await expect(page.locator("#held")).to_be_visible()
    await expect(text).to_have_value("Geen plaats tot januari")
    await expect(page.locator(".yours .item")).to_have_count(1)
    await item.get_by_role("button", name="Niet opslaan").click()
    await expect(page.locator(".yours .item")).to_have_count(2)
    await expect(page.locator("#held")).to_be_hidden()
    del instance


async def test_without_script_the_same_step_is_a_page(visit: Visits, opened: Opened) -> None:
    await opened()
    page = await visit(VDAB, java_script_enabled=False)
    await page.goto("/?whose=everyone")
    await page.locator(".yours .item").get_by_role("link", name="Aanvaarden", exact=True).click()
    await page.get_by_label("Hoe nemen jullie contact op?").select_option("phone")
    await page.get_by_role("button", name="Opslaan en delen").click()
    await expect(page.get_by_role("status").first).to_contain_text("Opgeslagen")


async def _shown(page: Page, address: str) -> list[str]:
    await page.goto(address)
    return [await one.inner_text() for one in await page.locator(".groups .item .client").all()]


@pytest.mark.parametrize("script", [True, False])
async def test_the_list_is_narrowed(visit: Visits, opened: Opened, instance: Instance, script: bool) -> None:  # noqa: FBT001
    refugee = await opened(givenName="Met", familyName="Vraag", ssin=number(11), targetGroup="equivalentLivingWage")
    await opened(givenName="Zonder", familyName="Vraag", ssin=number(12))
    ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    question = {"receiver": "vdab", "counsellor": "vdab.bemiddelaar-1", "question": "Is er plaats?"}
    await ocmw.step(refugee, "question.asked", question)
    page = await visit(OCMW, java_script_enabled=script)

    async def has_three() -> bool:
        return len(await _shown(page, "/")) >= 3

    await eventually(has_three)
    await page.locator(".filter > summary").click()
    await page.get_by_label("Soort zaak").select_option("question")
    await page.get_by_role("button", name="Toon").click()
    await expect(page.locator(".theirs .item")).to_have_count(1)
    await expect(page.locator(".theirs .item")).to_contain_text("Met Vraag")
    assert "kind=question" in page.url
    await page.get_by_role("link", name="Filter wissen").click()
    assert set(await _shown(page, "/?group=equivalentLivingWage")) == {"Met Vraag"}
    assert await _shown(page, "/?late=1") == []
    await expect(page.locator(".yours .empty")).to_contain_text("Niets met dit filter")
    assert await _shown(page, "/?line=1") == []
    assert len(await _shown(page, "/?whose=nobody&kind=nothing&group=none&whole=x")) >= 3, "an odd address still opens"


async def test_a_client_is_found_by_name_and_never_in_the_address(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    mine = await opened(givenName="Zoë", familyName="Van den Voorbeeld", ssin=number(21))
    other = await instance.party("ocmw-lindedal", "trajectbegeleider-2").open(
        givenName="Zoltan", familyName="Naamloos", ssin=number(22)
    )
    await instance.party("ocmw-waterhoek", "maatschappelijk-werker-1").open(
        givenName="Zora", familyName="Elders", ssin=number(23)
    )
    page = await visit(OCMW)

    async def found(text: str) -> list[str]:
        await page.goto("/")
        await page.get_by_label("Naam of rijksregisternummer").fill(text)
        await page.get_by_role("button", name="Zoeken").click()
        await page.wait_for_url("**/dossiers")
        return [str(await one.get_attribute("href")) for one in await page.locator("a.client").all()]

    async def is_projected() -> bool:
        return await found("zol naam") == [f"/dossiers/{other}"]

    await eventually(is_projected)
    assert await found("zoe voorb") == [f"/dossiers/{mine}"]
    assert await found("Van Den") == [f"/dossiers/{mine}"]
    assert await found("zo") == [f"/dossiers/{mine}", f"/dossiers/{other}"], "one's own first, nobody of elsewhere"
    await expect(page.locator("body")).not_to_contain_text("Elders")
    await found("zx")
    await expect(page.locator("#f-q-error")).to_contain_text("We vonden niemand")
    await found("z")
    await expect(page.locator("#f-q-error")).to_contain_text("minstens 2 letters")


async def test_the_keyboard_goes_through_the_list(visit: Visits, opened: Opened) -> None:
    for n in range(3):
        await opened(ssin=number(31 + n), givenName=f"Nummer{n}")
    page = await visit(VDAB)
    await page.goto("/?whose=everyone")
    await expect(page.locator(".yours .item")).to_have_count(3)
    focused = "document.activeElement.textContent.trim()"
    names = [await one.inner_text() for one in await page.locator(".yours .client").all()]
    await page.keyboard.press("j")
    assert await page.evaluate(focused) == names[0]
    await page.keyboard.press("j")
    assert await page.evaluate(focused) == names[1]
    await page.keyboard.press("k")
    assert await page.evaluate(focused) == names[0]
    await page.keyboard.press("a")
    await expect(page.locator(".yours .item").first.locator("form")).to_be_visible()
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("volgende cliënt")
    await dialog.get_by_label("Sneltoetsen uitzetten").check()
    await dialog.get_by_role("button", name="Sluiten").click()
    await page.reload()
    await page.keyboard.press("?")
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Naam of rijksregisternummer")).not_to_be_focused()
    await page.get_by_role("button", name="Sneltoetsen").click()
    await page.get_by_label("Sneltoetsen uitzetten").uncheck()
    await page.get_by_role("button", name="Sluiten").click()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Naam of rijksregisternummer")).to_be_focused()
    await page.keyboard.type("jk?")
    await expect(page.get_by_label("Naam of rijksregisternummer")).to_have_value("jk?")


async def test_a_team_sees_its_own_and_everyone_all(visit: Visits, instance: Instance) -> None:
    first = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    dossier_id = await first.open(ssin=number(41), givenName="Van", familyName="Collega")
    await first.step(dossier_id, "handover.requested", REQUEST)
    page = await visit(OCMW_2)
    await expect(page.locator(".theirs .empty")).to_be_visible()
    await page.get_by_role("link", name="Mijn team", exact=True).click()
    await expect(page.locator(".theirs .item")).to_contain_text("Van Collega")
    await page.get_by_role("link", name="Iedereen", exact=True).click()
    await expect(page.locator(".theirs .item")).to_contain_text("Van Collega")


async def test_more_clients_than_fit_come_at_a_click(visit: Visits, opened: Opened) -> None:
    for n in range(17):
        await opened(ssin=number(51 + n), givenName=f"Nummer{n}")
    page = await visit(VDAB)
    await page.goto("/?whose=everyone")
    await expect(page.locator("#g-yourTurn .count")).to_have_text("17")
    await expect(page.locator(".yours .item")).to_have_count(15)
    await page.get_by_role("link", name="Nog 2 cliënten tonen").first.click()
    await expect(page.locator(".yours .item")).to_have_count(17)
