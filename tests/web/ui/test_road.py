"""The main road in two browsers: refer, hear of it, accept or refuse, hear of that."""

import asyncio
import re

from playwright.async_api import Page, Route, expect
from tests.instance import Instance, eventually
from tests.web.ui.conftest import OCMW, REQUEST, VDAB, Opened, Visits, sign_out


async def refer(page: Page, dossier_id: str, summary: str = "Wil als magazijnier werken.") -> None:
    await page.goto(f"/dossiers/{dossier_id}")
    await page.get_by_role("link", name="Doorverwijzen", exact=True).click()
    await page.get_by_label("Doel van de verwijzing").select_option("guidanceToWork")
    await page.get_by_label("Waarom verwijs je?").fill(summary)
    await page.get_by_role("button", name="Opslaan en delen").click()


async def test_a_referral_goes_there_and_back_while_both_look(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    ocmw, vdab = await visit(OCMW), await visit(VDAB)
    await expect(vdab.locator(".yours")).to_contain_text("Niets te doen")
    # Before someone is named the turn is the coordinator's: others find it with their team.
    await vdab.get_by_role("link", name="Kijk wat er bij je hele team ligt").click()
    await expect(vdab.locator(".yours")).to_contain_text("Niets te doen")

    await refer(ocmw, dossier_id)
    await expect(ocmw.get_by_role("status").first).to_contain_text("Opgeslagen: Doorverwezen")
    await ocmw.goto("/")
    waiting = ocmw.locator(".theirs .item")
    await expect(waiting).to_contain_text("VDAB moet de verwijzing nog bekijken")
    await expect(waiting.get_by_role("link", name=re.compile("Bel Coördinator VDAB"))).to_be_visible()

    # Nobody touched VDAB's page: it heard of the referral by itself.
    mine = vdab.locator(".yours .item")
    await expect(mine).to_contain_text("OCMW Lindedal verwijst Voorbeeld Een naar jullie")
    await expect(vdab).to_have_title(re.compile(r"^\(1\) Inbox"))
    await mine.get_by_role("link", name="Voorbeeld Een").click()
    await expect(vdab.locator(".card .status")).to_have_text("Ontvangen")
    await expect(ocmw.locator(".news .item")).to_contain_text("VDAB ontving de verwijzing van Voorbeeld Een")

    await vdab.get_by_role("link", name="Aanvaarden", exact=True).click()
    await expect(vdab.locator(".about")).to_contain_text("Wil als magazijnier werken.")
    await vdab.get_by_label("Hoe nemen jullie contact op?").select_option("threeWayTalk")
    await vdab.get_by_role("button", name="Opslaan en delen").click()
    await expect(vdab.locator(".card .status")).to_have_text("Aanvaard")

    await expect(ocmw.locator(".news .item").first).to_contain_text("VDAB aanvaardde de verwijzing")
    await expect(ocmw.locator(".theirs .item")).to_contain_text("Bemiddelaar VDAB 1")
    await ocmw.locator(".news .client").first.click()
    step = ocmw.locator(".step.lane-vdab.is-new").first
    await expect(step).to_contain_text("Verwijzing aanvaard")
    await expect(step).to_contain_text("driegesprek")
    await ocmw.goto("/")
    await expect(ocmw.locator(".news")).to_contain_text("Geen nieuws")
    assert visit.complaints == []
    assert visit.outside == []


async def test_a_refusal_needs_a_reason_and_keeps_what_was_typed(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    vdab = await visit(VDAB)
    await vdab.goto(f"/dossiers/{dossier_id}")
    await vdab.get_by_role("link", name="Niet aanvaarden").click()
    await vdab.get_by_label("Uitleg").fill("De wachtlijst loopt tot maart.")
    await vdab.get_by_role("button", name="Opslaan en delen").click()

    reason = vdab.get_by_role("group", name=re.compile("^Reden"))
    await expect(reason.locator(".error")).to_contain_text("Maak een keuze.")
    await expect(vdab.get_by_role("alert")).to_be_focused()
    await expect(vdab).to_have_title(re.compile("^Fout: Niet aanvaarden"))
    await expect(vdab.get_by_label("Uitleg")).to_have_value("De wachtlijst loopt tot maart.")

    await reason.get_by_label("nu geen plaats").check()
    await vdab.get_by_role("button", name="Opslaan en delen").click()
    # The refusal closes the inscription that the referral opened: VDAB no longer sees the dossier.
    await expect(vdab.get_by_role("heading", level=1)).to_have_text("Niet gevonden")

    ocmw = await visit(OCMW)
    mine = ocmw.locator(".yours .item")
    await expect(mine).to_contain_text("VDAB heeft de verwijzing van Voorbeeld Een niet aanvaard")
    await expect(mine).to_contain_text("Reden: nu geen plaats.")
    await mine.get_by_role("link", name="Voorbeeld Een").click()
    await expect(ocmw.locator(".card .actions a")).to_have_text(["Opnieuw proberen", "Zelf verder, afsluiten"])


async def test_everything_works_without_javascript(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened(refer=False)
    ocmw = await visit(OCMW, java_script_enabled=False)
    await refer(ocmw, dossier_id)
    vdab = instance.party("vdab", "bemiddelaar-1")
    await vdab.step(dossier_id, "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"})

    for _ in range(50):
        await ocmw.goto("/")
        if await ocmw.locator(".news .item").count():
            break
        await ocmw.wait_for_timeout(50)
    await expect(ocmw.locator(".news .item")).to_contain_text("VDAB aanvaardde de verwijzing")
    await expect(ocmw.get_by_role("link", name="Vernieuwen")).to_be_visible()
    await ocmw.get_by_role("button", name="Gezien: Voorbeeld Een").click()
    await expect(ocmw.locator(".news")).to_contain_text("Geen nieuws")
    await sign_out(ocmw)
    await expect(ocmw.get_by_role("heading", level=1)).to_have_text("Aanmelden")


async def test_seen_takes_news_away_in_place(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    vdab = instance.party("vdab", "bemiddelaar-1")
    ocmw = await visit(OCMW)
    await vdab.step(dossier_id, "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"})
    await expect(ocmw.locator(".news .item")).to_contain_text("aanvaardde")
    await ocmw.get_by_role("button", name="Gezien: Voorbeeld Een").click()
    await expect(ocmw.locator(".news")).to_contain_text("Geen nieuws")
    await expect(ocmw.locator("#live")).to_contain_text("0 keer nieuws")
    assert visit.complaints == []


async def test_what_happens_while_a_page_is_on_its_way_shows_on_it(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    vdab = instance.party("vdab", "bemiddelaar-1")
    ocmw = await visit(OCMW)
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        """Let the page come, and its stream only after the step."""
        await held.wait()
        await route.continue_()

    await ocmw.route("**/inbox/stream**", hold)
    await ocmw.goto("/")
    await vdab.step(dossier_id, "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"})
    ours = await ocmw.context.new_page()
    await eventually(lambda: _told(ours, "aanvaardde"))
    assert await ocmw.locator(".news .item").count() == 0, "the page that is open does not know it yet"
    held.set()
    await expect(ocmw.locator(".news .item")).to_contain_text("aanvaardde")


async def _told(page: Page, text: str) -> bool:
    await page.goto("/")
    return text in await page.locator(".news").inner_text()


async def test_an_open_dossier_says_that_it_changed_and_does_not_move(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}")
    steps = await ocmw.locator(".step").count()
    vdab = instance.party("vdab", "bemiddelaar-1")
    await vdab.step(dossier_id, "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"})
    await expect(ocmw.locator("#fresh")).to_contain_text("Er is een nieuwe stap in dit dossier.")
    assert await ocmw.locator(".step").count() == steps
    await ocmw.get_by_role("link", name="Toon").click()
    await expect(ocmw.locator(".step")).to_have_count(steps + 1)


async def test_what_is_shared_is_told_before_and_what_is_not_stays(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    ocmw, vdab = await visit(OCMW), await visit(VDAB)
    await ocmw.goto(f"/dossiers/{dossier_id}/steps/intake.recorded")
    await expect(ocmw.locator(".shared")).to_have_text("Wie ziet dit ook: VDAB")
    await ocmw.get_by_label("Situatie van de cliënt").fill("Alleenstaand <script>alert(1)</script>")
    await ocmw.get_by_label("deeltijds werken").check()
    await ocmw.get_by_role("textbox", name="Gezondheid").fill("Alleen voor ons.")
    await ocmw.get_by_role("textbox", name="Eigen nota").fill("Onze nota.")
    row = ocmw.get_by_role("group", name="Drempels naar werk, Rij 1")
    await row.get_by_label("Drempel").select_option("childcare")
    await row.get_by_label("Hoe ver staat het?").select_option("open")
    await ocmw.get_by_role("button", name="Opslaan en delen").click()
    ours = ocmw.locator(".step", has_text="Intake genoteerd")
    await expect(ours).to_contain_text("Vertrouwelijk: zie het vertrouwelijk luik")
    apart = ocmw.get_by_role("region", name="Vertrouwelijk luik")
    await expect(apart).to_contain_text("Alleen voor ons.")
    await expect(apart).to_contain_text("leest alleen jouw organisatie")
    await expect(ours).to_contain_text("kinderopvang: nog niet aangepakt")

    await vdab.goto(f"/dossiers/{dossier_id}")
    theirs = vdab.locator(".step", has_text="Intake genoteerd")
    await expect(theirs).to_contain_text("Alleenstaand <script>alert(1)</script>")
    text = await vdab.content()
    assert "Alleen voor ons." not in text
    assert "Onze nota." not in text
    assert visit.complaints == []


async def test_a_row_that_is_half_filled_in_is_named(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}/steps/intake.recorded")
    await ocmw.get_by_role("textbox", name="Situatie van de cliënt").fill("Woont alleen.")
    documents = ocmw.get_by_role("group", name=re.compile("^Documenten"))
    await ocmw.get_by_label("Naam van het document").nth(1).fill("Verslag")
    await documents.get_by_role("button", name="Nog een rij").click()
    await expect(ocmw.get_by_label("Naam van het document")).to_have_count(4)
    await expect(ocmw.get_by_label("Situatie van de cliënt")).to_have_value("Woont alleen.")
    await ocmw.get_by_label("deeltijds werken").check()
    await ocmw.get_by_role("button", name="Opslaan").click()
    await expect(ocmw.locator("#f-documents-1-reference-error")).to_contain_text("Vul deze rij volledig in")


async def test_only_what_may_be_done_now_is_offered(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    thread_id = (await instance.party("ocmw-lindedal").get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"][0][
        "threadId"
    ]
    ocmw = await visit(OCMW)
    await ocmw.goto(f"/dossiers/{dossier_id}")
    await expect(ocmw.locator(".card .actions a")).to_have_text(["Verwijzing intrekken"])
    answer = await ocmw.goto(f"/dossiers/{dossier_id}/steps/handover.accepted?thread={thread_id}")
    assert answer is not None
    assert answer.status == 409
    await expect(ocmw.get_by_role("heading", level=1)).to_contain_text("Deze stap kan nu niet")


async def test_a_step_that_was_not_delivered_says_whom_to_phone(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened(refer=False)
    pool = instance.pool
    now = instance.services.clock.now()
    await pool.execute(
        "INSERT INTO subscription (subscription_id, organisation_id, url, secrets, created_at, changed_at)"
        " VALUES (gen_random_uuid(), 'vdab', 'http://127.0.0.1:9/', 'x', $1, $1)",
        now,
    )
    ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
    event = await ocmw.step(dossier_id, "handover.requested", REQUEST)
    await pool.execute("UPDATE delivery SET state = 'dead' WHERE sequence = $1", event["sequence"])
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}")
    mark = page.locator(f"#s-{event['sequence']} .arrival")
    await expect(mark).to_contain_text("Niet afgeleverd bij VDAB, bel even")
    await expect(mark.get_by_role("link", name=re.compile("^Bel Coördinator VDAB"))).to_be_visible()

    await pool.execute("UPDATE delivery SET state = 'succeeded', delivered_at = $1", now)
    await page.reload()
    await expect(mark).to_contain_text(re.compile(r"Afgeleverd bij VDAB om \d\d:\d\d"))
