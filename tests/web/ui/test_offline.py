"""When the connection drops: nothing typed is lost, nothing is recorded twice, and people are told how things stand."""

import asyncio
import re
from typing import Any

from playwright.async_api import Page, Route, expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, OCMW_2, Opened, Visits

_SAVE = "Opslaan en delen"
_DRAFTS = "() => Object.entries(sessionStorage).filter(([name]) => name.startsWith('handover-draft:'))"


async def _asked(instance: Instance, dossier_id: str) -> list[dict[str, Any]]:
    """Give the questions that were recorded."""
    ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    answer = await ocmw.get(f"/v1/dossiers/{dossier_id}/events")
    return [event["data"] for event in answer.json()["items"] if event["type"] == "question.asked"]


async def _fill(page: Page, dossier_id: str, text: str) -> None:
    await page.goto(f"/dossiers/{dossier_id}/steps/question.asked")
    await page.locator("#f-receiver").select_option("vdab")
    await page.locator("#f-question").fill(text)
    await expect(page.get_by_text("Concept bewaard in dit tabblad.")).to_be_visible()


async def test_a_form_sent_without_a_connection_stays_and_counts_once_afterwards(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await _fill(page, dossier_id, "Is er al een afspraak?")
    await page.context.set_offline(True)
    await expect(page.locator("#offline")).to_be_visible()
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.locator("#unsent")).to_contain_text("Nog niet verstuurd")
    await expect(page.locator("#f-question")).to_have_value("Is er al een afspraak?")
    assert await _asked(instance, dossier_id) == []

    await page.context.set_offline(False)
    await expect(page.locator("#offline")).to_be_hidden()
    await expect(page.locator("#unsent")).to_be_hidden()
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.get_by_role("status").first).to_contain_text("Opgeslagen")
    assert [data["question"] for data in await _asked(instance, dossier_id)] == ["Is er al een afspraak?"]
    assert await page.evaluate(_DRAFTS) == []


async def test_an_answer_that_gets_lost_is_asked_for_again_and_counts_once(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await _fill(page, dossier_id, "Kwam de cliënt?")

    await page.route("**/steps/question.asked", _lose)
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.locator("#unsent")).to_be_visible()
    assert len(await _asked(instance, dossier_id)) == 1
    await page.unroute("**/steps/question.asked")

    # Even after the page was loaded anew: the draft is the same form.
    await page.reload()
    await expect(page.get_by_text("Dit is je concept van daarnet.")).to_be_visible()
    await expect(page.locator("#f-question")).to_have_value("Kwam de cliënt?")
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.get_by_role("status").first).to_contain_text("Opgeslagen")
    assert len(await _asked(instance, dossier_id)) == 1


async def _lose(route: Route) -> None:
    """Let the server record it, and its answer get lost."""
    if route.request.method != "POST":
        await route.continue_()
        return
    await route.fetch(max_redirects=0)
    await route.abort("connectionreset")


async def test_a_text_changed_after_a_lost_answer_is_no_silent_second_step(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await _fill(page, dossier_id, "Eerste tekst")
    await page.route("**/steps/question.asked", _lose)
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.locator("#unsent")).to_be_visible()
    await page.unroute("**/steps/question.asked")
    await page.locator("#f-question").fill("Andere tekst")
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.get_by_role("alert")).to_contain_text("Dit formulier was al opgeslagen")
    assert [data["question"] for data in await _asked(instance, dossier_id)] == ["Eerste tekst"]
    # Whoever wants both says so.
    await page.get_by_role("button", name=_SAVE).click()
    await expect(page.get_by_role("status").first).to_contain_text("Opgeslagen")
    assert [data["question"] for data in await _asked(instance, dossier_id)] == ["Eerste tekst", "Andere tekst"]


async def test_two_clicks_are_one_step(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await _fill(page, dossier_id, "Twee keer geklikt?")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)

    async def slowly(route: Route) -> None:
        await asyncio.sleep(0.6)
        await route.continue_()

    await page.route("**/steps/question.asked", slowly)
    await page.get_by_role("button", name=_SAVE).dblclick()
    # What takes long is seen to be on its way.
    await expect(page.locator("#busy")).to_be_visible()
    await expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    await expect(page.get_by_role("status").first).to_contain_text("Opgeslagen")
    await expect(page.locator("#busy")).to_be_hidden()
    assert len(sent) == 1
    assert len(await _asked(instance, dossier_id)) == 1


async def test_a_draft_survives_reloading_and_going_back_and_goes_when_it_is_not_wanted(
    visit: Visits, opened: Opened
) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    address = f"/dossiers/{dossier_id}/steps/question.asked"
    await _fill(page, dossier_id, "Nummer 80.01.01-001.07, wie belt?")
    [[_, kept]] = await page.evaluate(_DRAFTS)
    assert "80.01.01-001.07" not in kept
    assert "csrf" not in kept

    await page.reload()
    await expect(page.locator("#f-question")).to_have_value("Nummer …, wie belt?")
    await expect(page.locator("#f-receiver")).to_have_value("vdab")
    await page.goto("/")
    await page.goto(address)
    await expect(page.locator("#f-question")).to_have_value("Nummer …, wie belt?")
    await page.get_by_role("button", name="Wis het concept").click()
    await expect(page.locator("#f-question")).to_have_value("")
    assert await page.evaluate(_DRAFTS) == []

    await page.locator("#f-question").fill("Toch maar niet.")
    await expect(page.get_by_text("Concept bewaard in dit tabblad.")).to_be_visible()
    await page.get_by_role("link", name="Niet opslaan").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Voorbeeld")
    assert await page.evaluate(_DRAFTS) == []
    assert visit.complaints == []


async def test_rows_that_were_added_are_in_the_draft_too(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}/steps/intake.recorded")
    languages = page.get_by_role("group", name=re.compile("^Talen"))
    await languages.first.get_by_role("button", name="Nog een rij").click()
    await expect(page.locator("#f-languages-3-language")).to_be_visible()
    await page.locator("#f-languages-3-language").select_option("fr")
    await expect(page.get_by_text("Concept bewaard in dit tabblad.")).to_be_visible()
    await page.reload()
    await expect(page.locator("#f-languages-3-language")).to_have_value("fr")


async def test_a_draft_is_of_one_counsellor_and_goes_with_signing_out(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await _fill(page, dossier_id, "Van mij alleen.")
    # The session ended by itself: what was typed waits for the same person.
    await page.context.clear_cookies()
    await page.goto("/sign-in")
    assert len(await page.evaluate(_DRAFTS)) == 1
    await _sign_in(page, OCMW)
    await page.goto(f"/dossiers/{dossier_id}/steps/question.asked")
    await expect(page.locator("#f-question")).to_have_value("Van mij alleen.")

    await page.context.clear_cookies()
    await page.goto("/sign-in")
    await _sign_in(page, OCMW_2)
    assert await page.evaluate(_DRAFTS) == []
    await page.evaluate("sessionStorage.setItem('handover-draft:x:y', 'z')")
    await page.locator("summary", has_text=OCMW_2).click()
    await page.get_by_role("button", name="Afmelden").click()
    await page.wait_for_url("**/sign-in")
    assert await page.evaluate(_DRAFTS) == []


async def _sign_in(page: Page, who: str) -> None:
    await page.get_by_role("button", name=who, exact=True).click()
    await page.wait_for_url("**/")


async def test_a_page_that_cannot_come_says_so_and_opens_by_itself_later(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    await page.goto("/dossiers")
    await page.context.set_offline(True)
    await page.goto(f"/dossiers/{dossier_id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Geen verbinding")
    assert "Voorbeeld" not in await page.content()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Voorbeeld")


async def test_what_the_browser_keeps_holds_nothing_of_a_client(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(OCMW)
    await page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    for address in (
        "/",
        f"/dossiers/{dossier_id}",
        "/dossiers?lang=fr",
        f"/dossiers/{dossier_id}/steps/question.asked",
    ):
        await page.goto(address)
    kept: dict[str, str] = await page.evaluate(
        """async () => {
            const found = {};
            for (const name of await caches.keys()) {
                const shelf = await caches.open(name);
                for (const request of await shelf.keys()) {
                    found[request.url] = await (await shelf.match(request)).text();
                }
            }
            return found;
        }"""
    )
    paths = {address.removeprefix(visit.instance.base_url).partition("?")[0] for address in kept}
    assert paths >= {"/offline", "/static/app.css", "/static/app.js", "/language"}
    assert not any(path.startswith(("/dossiers", "/inbox")) or path == "/" for path in paths)
    for text in kept.values():
        assert "Voorbeeld" not in text
        assert OCMW not in text
        assert dossier_id not in text
    # The page that is shown speaks the language that was spoken last.
    await page.context.set_offline(True)
    await page.goto("/dossiers/new")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Pas de connexion")
