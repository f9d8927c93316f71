"""A warm handover on one page: what is known is filled in, and one sees what the receiver will read, before it goes."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, STRANGER, VDAB, Opened, Visits

from handover.web.ui.fields import shapes_of
from handover.web.ui.handover_screen import _SECTIONS

_INTAKE = {
    "targetGroup": "livingWage",
    "workWish": "partTime",
    "situation": "Alleenstaand, twee kinderen.",
    "barriers": [{"kind": "childcare", "state": "open"}, {"kind": "mobility", "state": "solved"}],
    "health": "Rugklachten.",
    "ownNote": "Huisbezoek volgt.",
}
_LOOK = "Bekijk wat de ander leest"


def test_every_field_of_a_referral_has_its_place() -> None:
    placed = [name for _, names in _SECTIONS for name in names]
    assert sorted(placed) == sorted(shape.name for shape in shapes_of("handover.requested"))


async def _fill(page: Page) -> None:
    await page.get_by_label("Doel van de verwijzing").select_option("guidanceToWork")
    await page.get_by_label(re.compile("^Waarom verwijs je?")).fill("Wil als magazijnier werken.")
    await page.get_by_label(re.compile("^Wat wil de cliënt zelf?")).fill("Werk tijdens de schooluren.")


async def _events(instance: Instance, dossier_id: str, kind: str) -> list[dict[str, Any]]:
    ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    answer = await ocmw.get(f"/v1/dossiers/{dossier_id}/events")
    return [event for event in answer.json()["items"] if event["type"] == kind]


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_what_vdab_will_read_is_what_vdab_reads(
    visit: Visits, opened: Opened, instance: Instance, *, script: bool
) -> None:
    dossier_id = await opened(refer=False)
    ocmw_party = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    await ocmw_party.step(dossier_id, "intake.recorded", _INTAKE)
    ocmw = await visit(OCMW, java_script_enabled=script)
    await ocmw.goto(f"/dossiers/{dossier_id}/warm-handover")

    # Known from the intake: what is open is ticked, what is solved is not.
    barriers = ocmw.get_by_role("group", name=re.compile("Welke drempels"))
    await expect(barriers.get_by_label("kinderopvang")).to_be_checked()
    await expect(barriers.get_by_label("vervoer")).not_to_be_checked()
    await expect(ocmw.locator(".question", has=barriers)).to_contain_text("OCMW Lindedal")
    await expect(ocmw.locator("#receiver-desk")).to_contain_text("Coördinator VDAB")

    # Too early: the look says what is missing, and nothing typed is lost.
    await ocmw.get_by_label(re.compile("^Waarom verwijs je?")).fill("Even iets.")
    await ocmw.get_by_role("button", name=_LOOK).click()
    await expect(ocmw.locator("#preview")).to_contain_text("Vul eerst dit in")
    await expect(ocmw.locator("#preview").get_by_role("link")).to_contain_text("Doel van de verwijzing")
    await expect(ocmw.get_by_label(re.compile("^Waarom verwijs je?"))).to_have_value("Even iets.")

    await _fill(ocmw)
    await ocmw.get_by_role("button", name=_LOOK).click()
    preview = ocmw.locator("#preview")
    await expect(preview.get_by_role("heading", level=2)).to_have_text("Dit leest VDAB")
    shown = await preview.locator(".preview-step").first.locator("dl").inner_text()
    assert "kinderopvang" in shown
    assert await _events(instance, dossier_id, "handover.requested") == []
    before = await preview.text_content()
    for secret in ("Rugklachten", "Huisbezoek"):
        assert secret not in (before or "")

    await ocmw.get_by_role("button", name="Opslaan en delen").click()
    await expect(ocmw.get_by_role("status").first).to_contain_text("Opgeslagen: Doorverwezen")
    assert len(await _events(instance, dossier_id, "handover.requested")) == 1

    vdab = await visit(VDAB)
    await vdab.goto(f"/dossiers/{dossier_id}")
    step = vdab.locator(".step", has_text="Wil als magazijnier werken.").first
    lines = await step.locator("dl").first.inner_text()
    assert lines.split() == shown.split()


async def test_the_preview_says_when_it_no_longer_holds(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}/warm-handover")
    await _fill(ocmw)
    await ocmw.get_by_role("button", name=_LOOK).click()
    await expect(ocmw.locator(".preview-step").first).to_contain_text("Werk tijdens de schooluren.")
    await expect(ocmw.get_by_text("Je veranderde iets")).to_be_hidden()
    await ocmw.get_by_label(re.compile("^Wat wil de cliënt zelf?")).fill("Werk in de buurt.")
    await expect(ocmw.get_by_text("Je veranderde iets")).to_be_visible()
    await ocmw.get_by_role("button", name=_LOOK).click()
    await expect(ocmw.locator(".preview-step").first).to_contain_text("Werk in de buurt.")
    await expect(ocmw.get_by_text("Je veranderde iets")).to_be_hidden()
    assert visit.complaints == []


async def test_whoever_is_chosen_is_shown_with_who_takes_it_up_there(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}/warm-handover")
    desk = ocmw.locator("#receiver-desk")
    await expect(desk).to_contain_text("VDAB")
    await ocmw.locator("#f-receiver").select_option("ocmw-waterhoek")
    await expect(desk).to_contain_text("OCMW Waterhoek")
    await ocmw.locator("#f-receiver").select_option("")
    await expect(desk).to_contain_text("Kies een organisatie")


async def test_others_see_nothing(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    stranger = await visit(STRANGER)
    answer = await stranger.goto(f"/dossiers/{dossier_id}/warm-handover")
    assert answer is not None
    assert answer.status == 404
