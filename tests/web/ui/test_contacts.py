"""Whom to call today at the other organisation: the list of contacts, in a real browser."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, VDAB, Visits

from handover.cli.seed_agreements import seed_agreements
from handover.domain.agreeing import Proposed
from handover.domain.agreements import Absence, Desk, Terms
from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.parties import Counsellor, Directory, Organisation
from handover.record.directory import save_counsellor, save_organisation
from handover.web.ui.people import People
from handover.web.ui.words import WORDS, Language


async def _partners(instance: Instance, count: int, kind: OrganisationKind = OrganisationKind.PARTNER) -> None:
    for n in range(count):
        slug = f"{kind}-nr-{n}"
        organisation = Organisation(
            organisation_id=slug,
            kind=kind,
            enterprise_number=f"{n:04}{kind.name[:1].encode().hex()}0000"[:10],
            name=f"{'Partner' if kind is OrganisationKind.PARTNER else 'OCMW'} Nr {n:03}",
            phone=f"+32 2 700 {n:04}",
            coordinator=f"{slug}.coordinator",
        )
        await save_organisation(instance.worker.pool, organisation)
        who = Counsellor(
            counsellor_id=f"{slug}.coordinator", organisation_id=slug, name=f"Coördinator Nr {n:03}", phone="+32 2 1"
        )
        await save_counsellor(instance.worker.pool, who)
    await instance.services.refresh_directory()


async def test_who_is_there_today_how_fast_they_answer_and_the_line(visit: Visits, instance: Instance) -> None:
    await seed_agreements(instance.services)
    page = await visit(OCMW)
    await page.get_by_role("link", name="Contacten", exact=True).click()
    first = page.locator(".contact").first
    await expect(first.get_by_role("heading", level=2)).to_have_text("VDAB")
    today = first.locator(".contact-today")
    await expect(today.get_by_role("link", name=re.compile("Bel Bemiddelaar VDAB 1"))).to_have_attribute(
        "href", re.compile(r"^tel:\+32")
    )
    await expect(today.get_by_role("link", name=re.compile("bemiddelaar-1@vdab.example"))).to_be_visible()
    times = first.locator(".contact-times")
    await expect(times).to_contain_text(
        "Een verwijzing: ontvangen binnen 1 werkdag, antwoord binnen 3 werkdagen (zo afgesproken), "
        "contact met de cliënt binnen 15 werkdagen."
    )
    await expect(times).to_contain_text("Een vraag: antwoord binnen 3 werkdagen")
    await expect(times).to_contain_text("Samenwerkingslijn. Na “Verwijzing ontvangen”: binnen 1 werkdag")
    await expect(first.locator(".contact-second").last).to_contain_text("Bemiddelaar VDAB 2")
    # Without an agreement: the desk and the coordinator.
    partner = page.locator(".contact").filter(has_text="Partner IGO")
    await expect(partner.locator(".contact-today")).to_contain_text("Onthaal")
    await expect(partner).to_contain_text("Coördinator Partner IGO")
    await expect(partner.locator(".contact-times")).to_have_count(0)
    assert visit.complaints == []
    assert visit.outside == []


async def test_who_stands_in_and_until_when(visit: Visits, instance: Instance) -> None:
    today = local_day(datetime.now(UTC))
    # Two absences, the second of which begins the day after the first ends.
    tomorrow, last = today + timedelta(days=1), today + timedelta(days=9)
    spells = (Absence(first=today, last=today), Absence(first=tomorrow, last=last))
    desk = Desk(fixed_contact="vdab.bemiddelaar-1", substitute="vdab.bemiddelaar-2", absences=spells)
    proposed = Proposed(ocmw="ocmw-lindedal", vdab="vdab", terms=Terms(vdab_desk=desk), valid_from=today)
    kept = await instance.services.agreements.add(proposed, instance.services.directory_now(), by="vdab.coordinator")
    await instance.services.refresh_directory()
    page = await visit(OCMW)
    await page.goto("/agreements")
    first = page.locator(".contact").first
    await expect(first.locator(".contact-today")).to_contain_text("Bemiddelaar VDAB 2")
    away = first.locator(".contact-away")
    await expect(away).to_contain_text("Bemiddelaar VDAB 1 is afwezig tot en met ")
    await expect(away).to_contain_text(str(last.day))
    await expect(away).to_contain_text("Bemiddelaar VDAB 2 vervangt.")
    await first.get_by_role("link", name=re.compile("^Afspraken bekijken")).click()
    await expect(page).to_have_url(re.compile(str(kept.agreement.agreement_id)))
    await expect(page.locator(".desk").first).to_contain_text("Bemiddelaar VDAB 2 vervangt.")


async def test_an_agreement_to_come_says_from_when(visit: Visits, instance: Instance) -> None:
    start = local_day(datetime.now(UTC)) + timedelta(days=20)
    desk = Desk(fixed_contact="vdab.bemiddelaar-2")
    proposed = Proposed(ocmw="ocmw-lindedal", vdab="vdab", terms=Terms(vdab_desk=desk), valid_from=start)
    await instance.services.agreements.add(proposed, instance.services.directory_now(), by="vdab.coordinator")
    await instance.services.refresh_directory()
    page = await visit(VDAB)
    await page.goto("/agreements")
    first = page.locator(".contact").first
    await expect(first.get_by_role("heading", level=2)).to_have_text("OCMW Lindedal")
    await expect(first).to_contain_text("Jullie afspraken gelden vanaf ")
    await expect(first.locator(".contact-today")).to_contain_text("Onthaal")


async def test_with_hundreds_the_page_is_light_and_a_name_is_found(visit: Visits, instance: Instance) -> None:
    await seed_agreements(instance.services)
    page = await visit(OCMW, java_script_enabled=False)
    await _partners(instance, 160)
    answer = await page.goto("/agreements")
    assert answer is not None
    assert len(await answer.body()) < 60_000
    await expect(page.locator(".contact")).to_have_count(25)
    await expect(page.locator(".contact h2").first).to_have_text("VDAB")
    await expect(page.locator("main").get_by_role("status")).to_contain_text("163 organisaties. Bladzijde 1 van 7.")
    seen: set[str] = set()
    for _ in range(7):
        seen |= set(await page.locator(".contact h2").all_inner_texts())
        onwards = page.get_by_role("link", name="Volgende")
        if await onwards.count():
            await onwards.click()
    assert len(seen) == 163
    await page.get_by_role("searchbox", name="Zoek een organisatie").fill("pàrtner 12")
    await page.get_by_role("button", name="Zoeken").click()
    names = await page.locator(".contact h2").all_inner_texts()
    assert names == [f"Partner Nr {n:03}" for n in (12, *[112], *range(120, 130))]
    await page.get_by_role("searchbox", name="Zoek een organisatie").fill("nergens")
    await page.get_by_role("button", name="Zoeken").click()
    await expect(page.locator("main").get_by_role("status")).to_have_text(
        "Geen organisatie gevonden met “nergens” in de naam."
    )
    await page.get_by_role("link", name="Toon alle").click()
    await expect(page.locator(".contact")).to_have_count(25)


def test_people_and_organisations_come_by_name_with_the_coordinator_last() -> None:
    organisation = Organisation(
        organisation_id="vdab", kind=OrganisationKind.VDAB, enterprise_number="1", name="vdab", coordinator="vdab.b"
    )
    other = replace(organisation, organisation_id="a", enterprise_number="2", name="Zorg")
    names = {"vdab.a": "zeger", "vdab.b": "Anna", "vdab.c": "Bea", "a.a": "Aaf"}
    directory = Directory(
        {o.organisation_id: o for o in (other, organisation)},
        {
            key: Counsellor(counsellor_id=key, organisation_id=key.partition(".")[0], name=name)
            for key, name in names.items()
        },
    )
    people = People(directory, WORDS[Language.NL])
    assert [c.name for c in people.of("vdab")] == ["Bea", "zeger", "Anna"]
    assert people.of("nowhere") == []
    assert [o.name for o in people.others("nowhere")] == ["vdab", "Zorg"]
    assert [o.name for o in people.others("vdab")] == ["Zorg"]
    # Those of another directory are others: nothing is kept from the one before.
    fewer = replace(directory, counsellors={"vdab.c": directory.counsellors["vdab.c"]})
    assert [c.name for c in People(fewer, WORDS[Language.NL]).of("vdab")] == ["Bea"]


async def test_without_an_agreement_the_times_of_everybody_hold(visit: Visits, instance: Instance) -> None:
    page = await visit(OCMW)
    await page.goto("/agreements")
    first = page.locator(".contact").first
    await expect(first.get_by_role("heading", level=2)).to_have_text("VDAB")
    await expect(first.locator(".contact-times")).to_contain_text("Een verwijzing: ontvangen binnen 1 werkdag")
    assert await page.locator(".contact-times").count() == 1, "between an OCMW and VDAB only"
    del instance
