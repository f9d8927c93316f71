from playwright.async_api import expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, Opened, Visits

from handover.cli.seed_offers import seed_offers


async def test_an_offer_is_added_found_changed_and_deleted(visit: Visits) -> None:
    page = await visit(OCMW)
    await page.goto("/offers")
    await page.get_by_role("link", name="Aanbod toevoegen").click()
    await page.get_by_label("Naam van het aanbod").fill("Fietsen voor wie naar les gaat")
    await page.get_by_label("Soort aanbod").select_option("mobility")
    await page.get_by_label("Wat is het?").fill("Een fiets te leen, drie maanden.")
    await page.get_by_label("In welke gemeenten?").fill("41002 Aalst\n44021 Gent")
    await page.get_by_label("vervoer", exact=True).check()
    await page.get_by_role("button", name="Opslaan").click()
    await expect(page.get_by_role("status").first).to_have_text("Het aanbod is opgeslagen.")

    await page.get_by_label("Gemeente").fill("Aalst")
    await page.get_by_role("button", name="Zoeken").click()
    offer = page.locator(".offer").filter(has_text="Fietsen")
    await expect(offer).to_contain_text("Aalst, Gent")
    await offer.get_by_role("link", name="Aanbod aanpassen").click()
    await page.get_by_label("In welke gemeenten?").fill("geen code")
    await page.get_by_role("button", name="Opslaan").click()
    await expect(page.get_by_role("alert")).to_contain_text("Er klopt iets niet")
    await page.get_by_role("button", name="Dit aanbod verwijderen").click()
    await expect(page.get_by_role("status").first).to_have_text("Het aanbod is verwijderd.")


async def test_a_training_is_proposed_from_an_offer_that_fits(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    await seed_offers(instance.services)
    dossier_id = await opened(refer=False)
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}/steps/training.proposed")
    await page.get_by_text("aanbod past bij deze cliënt").click()
    offer = page.locator(".offer").filter(has_text="heftruckattest")
    await offer.get_by_role("link", name="Kies dit").click()
    await expect(page.get_by_label("Titel")).to_have_value("Magazijnmedewerker met heftruckattest")
    await expect(page.get_by_label("Waar?")).to_have_value("Opleidingscentrum in de haven")
    await expect(page.get_by_label("Aan wie stel je het voor?")).to_have_value("vdab")
    await page.get_by_text("Welke opleiding past?").click()
    await expect(page.get_by_text("De cliënt leert een job op de werkvloer van één werkgever")).to_be_visible()
