"""The field's words are explained where they stand: by mouse, by keyboard, by touch, and without script."""

import re

import pytest
from markupsafe import Markup
from playwright.async_api import Page, expect
from tests.web.ui.conftest import OCMW, Opened, Visits

from handover.domain.kinds import EVENT_TYPES
from handover.web.ui.fields import shapes_of
from handover.web.ui.glossary import explained, terms
from handover.web.ui.words import WORDS, Language

DUTCH = WORDS[Language.NL]
_LEGAL = "#f-legalBasisId-term-legalBasis"


def test_a_word_is_explained_once_and_the_sentence_stays_what_it_was() -> None:
    said = explained(
        DUTCH, "Mandaat", Markup("Een mandaat is de toestemming van de cliënt. Zonder mandaat niets."), "f-x"
    )
    assert said.count("<button") == 1
    assert 'id="f-x-term-mandate"' in said
    assert "Meer over" not in said
    plain = re.sub(r"<span.*?</span>|<[^>]+>", "", said)
    assert plain == "Een mandaat is de toestemming van de cliënt. Zonder mandaat niets."


def test_a_word_in_the_label_is_asked_about_after_the_help() -> None:
    said = explained(DUTCH, "Rechtsgrond", Markup("Kies er een."), "f-x")
    assert said.startswith("Kies er een. Meer over <button")
    assert ">rechtsgrond</button>" in said
    assert explained(DUTCH, "Telefoon", Markup("Een nummer."), "f-x") == "Een nummer."
    assert explained(DUTCH, "Telefoon", "", "f-x") == ""


def test_no_part_of_a_word_and_no_markup_is_taken_for_one() -> None:
    assert "<button" not in explained(DUTCH, "", Markup("Mandatarissen en regisseursstoel."), "f-x")
    assert "term-mandate" not in explained(DUTCH, "", Markup("<a title='mandaat'>x</a>"), "f-x")


@pytest.mark.parametrize("language", list(Language))
def test_each_language_finds_its_words_in_its_own_forms(language: Language) -> None:
    t = WORDS[language]
    found = set()
    for name in EVENT_TYPES:
        for shape in shapes_of(name):
            key = f"help.{shape.name}"
            label = t.first(
                f"field.{name}.{shape.name}", f"field.{name.partition('.')[2]}.{shape.name}", f"field.{shape.name}"
            )
            found |= set(re.findall(r"-term-(\w+)\"", explained(t, label, t(key) if key in t else "", "f")))
    # The words that stand in forms whatever the language.
    assert found >= {"legalBasis", "mandate", "targetGroup", "confidential", "barrier"}
    assert found <= set(terms(language))


async def _form(visit: Visits, opened: Opened, **options: object) -> Page:
    dossier_id = await opened(refer=False)
    page = await visit(OCMW, **options)
    await page.goto(f"/dossiers/{dossier_id}/steps/handover.requested")
    return page


async def test_the_mouse_opens_it_and_may_go_into_it(visit: Visits, opened: Opened) -> None:
    page = await _form(visit, opened)
    word = page.locator(f"[popovertarget='{_LEGAL[1:]}']")
    text = page.locator(_LEGAL)
    await expect(text).to_be_hidden()
    await word.hover()
    await expect(text).to_be_visible()
    await expect(text).to_contain_text("gepubliceerde protocol")
    await text.hover()
    await page.wait_for_timeout(500)
    await expect(text).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(text).to_be_hidden()
    await word.hover(position={"x": 3, "y": 3})
    await page.mouse.move(5, 5)
    await expect(text).to_be_hidden()


async def test_the_keyboard_and_a_click_open_it(visit: Visits, opened: Opened) -> None:
    page = await _form(visit, opened)
    text = page.locator(_LEGAL)
    # From the field before it, the way people come by.
    await page.locator("#f-contact").focus()
    while not await page.evaluate("document.activeElement.matches('.term')"):
        await page.keyboard.press("Tab")
    word = page.locator(f"[popovertarget='{_LEGAL[1:]}']")
    if not await word.evaluate("word => word === document.activeElement"):
        await page.keyboard.press("Tab")
    await expect(text).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(text).to_be_hidden()
    await word.click()
    await expect(text).to_be_visible()
    await page.locator("h1").click()
    await expect(text).to_be_hidden()
    assert visit.complaints == []


async def test_without_script_a_click_opens_it_too(visit: Visits, opened: Opened) -> None:
    page = await _form(visit, opened, java_script_enabled=False)
    await page.locator(f"[popovertarget='{_LEGAL[1:]}']").click()
    await expect(page.locator(_LEGAL)).to_be_visible()
    await page.locator(_LEGAL).get_by_role("link", name="Alle woorden").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Woordenlijst")


async def test_the_page_has_every_word_for_anyone_in_each_language(visit: Visits) -> None:
    page = await visit(viewport={"width": 320, "height": 640})
    for language in Language:
        await page.goto(f"/glossary?lang={language}")
        shown = await page.locator(".glossary dt").all_inner_texts()
        assert len(shown) == len(terms(language)) >= 20
        assert shown == sorted(shown, key=str.casefold)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert visit.complaints == []
