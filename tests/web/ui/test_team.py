"""The coordinator's page: who has how much, and giving dossiers to a colleague, in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.instance import Instance, Party, eventually, number
from tests.web.ui.conftest import OCMW, OCMW_2, REQUEST, Visits
from tests.web.ui.test_looks import _check as look_at

from handover.cli.seed_agreements import seed_agreements
from handover.domain.parties import Counsellor
from handover.domain.policy import Task
from handover.record.directory import save_counsellor

COORDINATOR, VDAB_COORDINATOR = "Coördinator OCMW Lindedal", "Coördinator VDAB"
OWN, FIRST, SECOND = "ocmw-lindedal", "ocmw-lindedal.trajectbegeleider-1", "ocmw-lindedal.trajectbegeleider-2"
VDAB_1 = "vdab.bemiddelaar-1"


async def _dossiers(instance: Instance, count: int, *, refer: bool = True, first: int = 100) -> list[str]:
    ocmw = instance.party(OWN, "trajectbegeleider-1")
    found = []
    for n in range(first, first + count):
        dossier_id = await ocmw.open(ssin=number(n), familyName=f"Nummer {n}")
        if refer:
            await ocmw.step(dossier_id, "handover.requested", REQUEST)
        found.append(dossier_id)
    return found


async def _projected(instance: Instance) -> None:
    """Wait until the inbox shows all that was recorded."""
    query = """
        SELECT NOT EXISTS (
            SELECT FROM feed f, projection p WHERE p.name = 'inbox' AND (f.xid, f.position) > (p.xid, p.position)
        )
    """

    async def there() -> bool:
        return bool(await instance.pool.fetchval(query))

    await eventually(there)


def _row(page: Page, name: str) -> Any:  # noqa: ANN401 - a locator
    return page.locator(".load").filter(has=page.get_by_role("heading", name=name, exact=True))


def _figure(page: Page, name: str, label: str) -> Any:  # noqa: ANN401 - a locator
    return _row(page, name).locator(".figure").filter(has_text=label).locator("dd")


async def test_the_load_is_told_by_person_and_each_figure_leads_to_what_it_counts(
    visit: Visits, instance: Instance
) -> None:
    await _dossiers(instance, 2)
    planned = await instance.party(OWN, "trajectbegeleider-2").open(ssin=number(300), familyName="Plan")
    plan = {"title": "Plan", "startsOn": "2026-01-05", "endsOn": "2027-01-05", "goals": "Werk"}
    await instance.party(OWN, "trajectbegeleider-2").step(planned, "followUp.planAgreed", plan)
    await _projected(instance)
    await instance.pool.execute("UPDATE inbox_thread SET due_at = now() - interval '3 days' WHERE NOT your_turn")
    page = await visit(COORDINATOR)
    await page.get_by_role("link", name="Team", exact=True).click()
    await expect(page.locator(".total").nth(0)).to_contain_text("0")
    await expect(page.locator(".total").nth(1)).to_contain_text("2")
    await expect(_figure(page, OCMW, "Dossiers")).to_contain_text("2")
    await expect(_figure(page, OCMW, "Bij de ander")).to_contain_text("2 te laat")
    await expect(_figure(page, OCMW_2, "Wij aan zet")).to_contain_text("1")
    names = await page.locator(".loads-of").last.get_by_role("heading", level=3).all_inner_texts()
    assert names == [OCMW, OCMW_2, COORDINATOR], "what is late comes first"
    await expect(_row(page, OCMW)).to_contain_text("Oudste: 3 dagen te laat")

    await _row(page, OCMW).get_by_role("link", name="2 te laat").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(OCMW)
    await expect(page.locator(".held-one")).to_have_count(2)
    await expect(page.locator(".held-one").first).to_contain_text("wacht op de ander.")
    await page.get_by_role("link", name="Te laat bij ons").click()
    await expect(page.locator(".empty")).to_have_text("Hier staat niets.")
    assert visit.complaints == []


@pytest.mark.parametrize("script", [True, False])
async def test_dossiers_are_given_and_the_colleague_has_them_at_once(
    visit: Visits, instance: Instance, *, script: bool
) -> None:
    dossiers = await _dossiers(instance, 3)
    await _projected(instance)
    colleague = await visit(OCMW_2)
    await expect(colleague.locator(".theirs")).not_to_contain_text("Nummer 100")
    page = await visit(COORDINATOR, java_script_enabled=script)
    await page.goto(f"/team/{FIRST}")
    await page.get_by_label("Voorbeeld Nummer 100").check()
    await page.get_by_label("Voorbeeld Nummer 102").check()
    await page.get_by_label("Aan wie?").select_option(label=f"{OCMW_2} (0 dossiers)")
    await page.get_by_label("Waarom?").fill("Ouderschapsverlof.")
    await page.get_by_role("button", name="Verder").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("2 dossiers doorgeven?")
    await expect(page.locator(".pairs")).to_contain_text(OCMW_2)
    before = await _owners(instance, dossiers)
    assert before == [FIRST] * 3, "nothing happens before it is confirmed"
    await page.get_by_role("button", name="Ja, geef 2 dossiers door").click()
    await expect(page.locator("main").get_by_role("status")).to_contain_text(f"2 dossiers zijn nu van {OCMW_2}.")
    # Nobody touched the colleague's page.
    await expect(colleague.locator(".theirs")).to_contain_text("Nummer 100")
    await expect(colleague.locator(".theirs")).to_contain_text("Nummer 102")
    assert await _owners(instance, dossiers) == [SECOND, FIRST, SECOND]

    vdab = instance.party("vdab")
    events = (await vdab.get(f"/v1/dossiers/{dossiers[0]}/events")).json()["items"]
    (given,) = [e for e in events if e["type"] == "dossier.counsellorReplaced"]
    assert given["data"] == {"replaced": FIRST, "counsellor": SECOND}, "the reason is the organisation's own"
    assert given["actor"]["name"] == COORDINATOR
    assert visit.complaints == []


async def test_all_of_a_list_goes_with_one_choice_and_sent_twice_it_counts_once(
    visit: Visits, instance: Instance
) -> None:
    dossiers = await _dossiers(instance, 4)
    await _projected(instance)
    page = await visit(COORDINATOR)
    await page.goto(f"/team/{FIRST}")
    await page.get_by_label("Alle 4 dossiers van deze lijst").check()
    await page.get_by_label("Aan wie?").select_option(value=SECOND)
    await page.get_by_role("button", name="Verder").click()
    form = await _fields(page)
    cookies = {c["name"]: c["value"] for c in await page.context.cookies()}
    async with httpx.AsyncClient(base_url=instance.base_url, cookies=cookies, trust_env=False) as http:
        answers = await asyncio.gather(*(_send(http, form) for _ in range(3)))
        answers.append(await _send(http, form))
    assert [a.status_code for a in answers] == [200] * 4
    assert all("4 dossiers zijn nu van" in a.text for a in answers), "each answer tells the same"
    query = "SELECT count(*) FROM event WHERE type = 'dossier.counsellorReplaced'"
    assert await instance.pool.fetchval(query) == 4
    assert await _owners(instance, dossiers) == [SECOND] * 4
    lines = await instance.pool.fetch(
        "SELECT dossier_id::text, counsellor_id, outcome FROM access_log WHERE action = $1", str(Task.DIVIDE_WORK)
    )
    assert {line["dossier_id"] for line in lines} == set(dossiers)
    assert {(line["counsellor_id"], line["outcome"]) for line in lines} == {(f"{OWN}.coordinator", "seen")}


async def test_what_did_not_go_is_named_with_why_and_the_rest_went(visit: Visits, instance: Instance) -> None:
    went, taken, closed = await _dossiers(instance, 3, refer=False)
    (foreign,) = [await instance.party("ocmw-waterhoek", "maatschappelijk-werker-1").open(ssin=number(400))]
    await _projected(instance)
    page = await visit(COORDINATOR)
    await page.goto(f"/team/{FIRST}")
    await page.get_by_label("Alle 3 dossiers van deze lijst").check()
    await page.get_by_label("Aan wie?").select_option(value=SECOND)
    await page.get_by_role("button", name="Verder").click()
    ocmw = instance.party(OWN, "trajectbegeleider-1")
    other = {"replaced": FIRST, "counsellor": f"{OWN}.coordinator"}
    await ocmw.step(taken, "dossier.counsellorReplaced", other)
    await ocmw.step(closed, "dossier.closed", {"reason": "goalReached"})
    # Somebody else's dossier, slipped into the form.
    await page.evaluate(
        """id => {
            const one = document.querySelector('main input[name=dossier]').cloneNode(); one.value = id;
            document.querySelector('main form').append(one)
        }""",
        foreign,
    )
    await page.get_by_role("button", name=re.compile("^Ja, geef")).click()
    await expect(page.locator("main").get_by_role("status")).to_contain_text(f"1 dossier is nu van {OCMW_2}.")
    kept = page.locator(".problems li")
    await expect(page.locator(".problems h2")).to_have_text("3 dossiers zijn niet doorgegeven")
    await expect(kept.filter(has_text="Nummer 101")).to_contain_text("een andere collega heeft dit dossier intussen")
    await expect(kept.filter(has_text="Nummer 102")).to_contain_text("dit dossier is afgesloten")
    await expect(kept.last).to_have_text("Je organisatie zit niet in dit dossier.")
    await expect(page.get_by_role("button", name="Probeer die opnieuw")).to_have_count(0)
    assert await _owners(instance, [went, taken]) == [SECOND, f"{OWN}.coordinator"]
    denied = await instance.pool.fetchval("SELECT dossier_id::text FROM access_log WHERE outcome = 'denied'")
    assert denied == foreign


async def test_what_broke_off_is_sent_again_and_nothing_happens_twice(
    visit: Visits, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossiers = await _dossiers(instance, 4)
    await _projected(instance)
    page = await visit(COORDINATOR)
    await page.goto(f"/team/{FIRST}")
    await page.get_by_label("Alle 4 dossiers van deze lijst").check()
    await page.get_by_label("Aan wie?").select_option(value=SECOND)
    await page.get_by_role("button", name="Verder").click()

    record, real, asked = instance.services.record, instance.services.record.handle, 0

    async def breaking(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as `handle`
        """The connection is lost: before anything is recorded, or after it was and before we hear of it."""
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionResetError
        handled = await real(*arguments, **named)
        if asked == 2:
            raise ConnectionResetError
        return handled

    monkeypatch.setattr(record, "handle", breaking)
    await page.get_by_role("button", name="Ja, geef 4 dossiers door").click()
    await expect(page.locator(".problems h2")).to_have_text(re.compile("dossiers? (is|zijn) niet doorgegeven"))
    await expect(page.locator(".problems li").first).to_contain_text("er ging iets mis")
    monkeypatch.setattr(record, "handle", real)
    await page.get_by_role("button", name="Probeer die opnieuw").click()
    await expect(page.locator("main").get_by_role("status")).to_contain_text(f"nu van {OCMW_2}.")
    await expect(page.locator(".problems")).to_have_count(0)
    assert await _owners(instance, dossiers) == [SECOND] * 4
    query = "SELECT count(*) FROM event WHERE type = 'dossier.counsellorReplaced'"
    assert await instance.pool.fetchval(query) == 4


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (320, "light")])
async def test_the_pages_fit_are_labelled_and_light(visit: Visits, instance: Instance, width: int, scheme: str) -> None:
    await seed_agreements(instance.services)
    await _dossiers(instance, 2)
    await _projected(instance)
    await instance.pool.execute("UPDATE inbox_thread SET due_at = now() - interval '3 days'")
    page = await visit(COORDINATOR, viewport={"width": width, "height": 844}, color_scheme=scheme)
    for address in ("/team", f"/team/{FIRST}", "/team/-", f"/team/{FIRST}?turns=lateYours", "/agreements"):
        await look_at(page, address)
    await page.goto(f"/team/{FIRST}")
    await page.get_by_label("Alle 2 dossiers van deze lijst").check()
    await page.get_by_label("Aan wie?").select_option(value=SECOND)
    await page.get_by_label("Waarom?").fill("Eenheelergwoordzonderspaties" * 9)
    await page.get_by_role("button", name="Verder").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("2 dossiers doorgeven?")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(await page.content()) < 60_000
    await page.get_by_role("link", name="Toch niet").click()
    await page.goto("/team")
    await page.locator(".total").get_by_role("link", name="2 te laat bij de ander").click()
    await expect(page).to_have_url(re.compile(r"/\?whose=everyone&late=1$"))


async def test_what_nobody_had_is_divided_and_the_turn_goes_along(visit: Visits, instance: Instance) -> None:
    await _dossiers(instance, 2)
    await _projected(instance)
    page = await visit(VDAB_COORDINATOR)
    await page.goto("/team")
    await page.locator(".total").get_by_role("link", name="2 dossiers van niemand").click()
    await page.get_by_label("Voorbeeld Nummer 101").check()
    await page.get_by_label("Aan wie?").select_option(value=VDAB_1)
    await page.get_by_role("button", name="Verder").click()
    await page.get_by_role("button", name="Ja, geef 1 dossier door").click()
    await expect(page.locator("main").get_by_role("status")).to_contain_text("1 dossier is nu van Bemiddelaar VDAB 1.")

    async def has_it() -> bool:
        items = (await instance.party("vdab", "bemiddelaar-1").get("/v1/inbox")).json()["items"]
        return [i["client"]["familyName"] for i in items if i["group"] == "yourTurn"] == ["Nummer 101"]

    await eventually(has_it)
    await page.goto("/team")
    await expect(page.locator(".total").last).to_contain_text("1 dossier van niemand")


async def test_a_form_that_says_too_little_says_what_is_missing_and_keeps_the_rest(
    visit: Visits, instance: Instance
) -> None:
    await _dossiers(instance, 1)
    await _projected(instance)
    page = await visit(COORDINATOR)
    await page.goto(f"/team/{FIRST}")
    await page.get_by_label("Aan wie?").select_option(value=SECOND)
    await page.get_by_label("Waarom?").fill("Verlof.")
    await page.get_by_role("button", name="Verder").click()
    await expect(page.get_by_role("alert")).to_contain_text("Vink minstens één dossier aan")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("Waarom?")).to_have_value("Verlof.")
    await expect(page.get_by_label("Aan wie?")).to_have_value(SECOND)


async def test_whoever_left_leaves_dossiers_behind_that_are_given_on(visit: Visits, instance: Instance) -> None:
    dossiers = await _dossiers(instance, 2)
    await _projected(instance)
    await instance.pool.execute("DELETE FROM counsellor WHERE counsellor_id = $1", FIRST)
    await instance.services.refresh_directory()
    page = await visit(COORDINATOR)
    await page.goto("/team")
    await expect(page.locator(".loads-of").first).to_contain_text("Wie hier met een code staat")
    await page.locator(".loads-of").first.get_by_role("link", name=FIRST).click()
    await page.get_by_label("Alle 2 dossiers van deze lijst").check()
    await page.get_by_label("Aan wie?").select_option(value=SECOND)
    await page.get_by_role("button", name="Verder").click()
    await page.get_by_role("button", name="Ja, geef 2 dossiers door").click()
    await expect(page.locator("main").get_by_role("status")).to_contain_text(f"2 dossiers zijn nu van {OCMW_2}.")
    assert await _owners(instance, dossiers) == [SECOND] * 2
    await _projected(instance)
    answer = await page.goto(f"/team/{FIRST}")
    assert answer is not None
    assert answer.status == 404, "nothing is left of theirs"


async def test_only_a_coordinator_gets_there(visit: Visits) -> None:
    page = await visit(OCMW)
    await expect(page.get_by_role("link", name="Team", exact=True)).to_have_count(0)
    for address in ("/team", f"/team/{FIRST}"):
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status == 403
    coordinator = await visit(COORDINATOR)
    for nobody in (VDAB_1, "ocmw-lindedal.nooit"):
        answer = await coordinator.goto(f"/team/{nobody}")
        assert answer is not None
        assert answer.status == 404


async def test_of_many_people_one_team_is_shown_and_the_page_stays_light(visit: Visits, instance: Instance) -> None:
    for n in range(130):
        who = Counsellor(
            counsellor_id=f"{OWN}.extra-{n}", organisation_id=OWN, name=f"Extra {n:03}", team=f"Team {n // 10:02}"
        )
        await save_counsellor(instance.worker.pool, who)
    await instance.services.refresh_directory()
    await _dossiers(instance, 1)
    await _projected(instance)
    page = await visit(COORDINATOR)
    await page.goto("/team")
    await expect(page.locator(".load").filter(has_text=OCMW)).to_have_count(1)
    await expect(page.get_by_role("heading", name="Extra 000")).to_have_count(0)
    await page.get_by_role("link", name=re.compile("Toon.*Team 07")).click()
    await expect(page.get_by_role("heading", name="Extra 079")).to_be_visible()
    await page.goto(f"/team/{FIRST}")
    assert await page.locator("#f-to option").count() < 10
    await page.get_by_label(re.compile("van een ander team")).select_option("Team 12")
    await page.get_by_role("button", name="Toon").click()
    await expect(page.locator("#f-to option", has_text="Extra 125")).to_have_count(1)
    assert len(await page.content()) < 60_000


async def _owners(instance: Instance, dossiers: Sequence[str]) -> list[str]:
    software: Party = instance.party(OWN)
    found = []
    for dossier_id in dossiers:
        contacts = (await software.get(f"/v1/dossiers/{dossier_id}")).json()["contacts"]
        (now,) = [c["counsellor"] for c in contacts if c["organisation"] == OWN and not c.get("until")]
        found.append(now)
    return found


async def _fields(page: Page) -> list[tuple[str, str]]:
    pairs = await page.evaluate("[...new FormData(document.querySelector('main form'))]")
    return [(name, value) for name, value in pairs]


async def _send(http: httpx.AsyncClient, form: list[tuple[str, str]]) -> httpx.Response:
    data: dict[str, list[str]] = {}
    for name, value in form:
        data.setdefault(name, []).append(value)
    return await http.post(f"/team/{FIRST}", data=data, headers={"Sec-Fetch-Site": "same-origin"})


@pytest.fixture(autouse=True)
async def _nothing_asks_elsewhere(visit: Visits) -> AsyncIterator[None]:
    yield
    assert visit.outside == []
