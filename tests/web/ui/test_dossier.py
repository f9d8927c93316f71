"""The dossier page: whom to call, what waits, what comes, who reads it; and what one page costs."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.async_api import Locator, expect
from tests.instance import Instance, Party, eventually
from tests.web.ui.conftest import OCMW, REQUEST, VDAB, Opened, Visits

from handover.access import demonstration
from handover.domain.parties import Counsellor
from handover.platform.walls import Walled
from handover.record.directory import save_counsellor
from handover.record.sealing import DossierKey

_WHO = "ocmw-lindedal.trajectbegeleider-1"
_STATEMENTS = ("fetch", "fetchrow", "fetchval", "execute")


def _moment(ahead: timedelta) -> str:
    return (datetime.now(UTC) + ahead).strftime("%Y-%m-%dT%H:%M:00Z")


def _vdab(instance: Instance) -> Party:
    return instance.party("vdab", "bemiddelaar-1")


def _ocmw(instance: Instance) -> Party:
    return instance.party("ocmw-lindedal", "trajectbegeleider-1")


async def _accepted(instance: Instance, dossier_id: str) -> str:
    data = {"counsellor": "vdab.bemiddelaar-1", "firstAppointmentAt": _moment(timedelta(days=4))}
    event = await _vdab(instance).step(dossier_id, "handover.accepted", data)
    return str(event["threadId"])


async def _browser(instance: Instance, who: str = _WHO, *roles: str) -> httpx.AsyncClient:
    """Give a browser without eyes, signed in."""
    secret = await instance.services.sessions.begin(who.partition(".")[0], who, roles)
    return httpx.AsyncClient(
        base_url=instance.base_url, trust_env=False, cookies={"handover": secret}, headers={"accept-language": "nl"}
    )


@pytest.fixture
async def reading(instance: Instance) -> AsyncIterator[httpx.AsyncClient]:
    """A reader at the OCMW."""
    async with await _browser(instance) as browser:
        yield browser


def _steps(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'class="step [^"]*" id="s-(\d+)"', page)]


# The top


async def test_the_top_says_whom_to_call_and_what_waits(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    question = {"receiver": "ocmw-lindedal", "question": "Is de kinderopvang rond?"}
    asked = await _vdab(instance).step(dossier_id, "question.asked", question)
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}")
    ours, theirs = page.locator(".side").nth(0), page.locator(".side").nth(1)
    await expect(ours).to_contain_text("Trajectbegeleider Lindedal 1 (dat ben jij)")
    await expect(ours.locator(".tag")).to_have_text("regisseur")
    await expect(theirs).to_contain_text("Bemiddelaar VDAB 1")
    await expect(theirs.get_by_role("link", name=re.compile("^Bel Bemiddelaar VDAB 1"))).to_have_attribute(
        "href", "tel:+3225550301"
    )
    await expect(theirs.get_by_role("link", name=re.compile("^Mail"))).to_have_attribute(
        "href", "mailto:bemiddelaar-1@vdab.example"
    )
    chips = page.get_by_role("navigation", name="Snel naar").get_by_role("link")
    # What is new first, then what runs: ours before theirs, and each says whose turn it is in words.
    await expect(chips).to_have_count(3)
    await expect(chips.nth(0)).to_contain_text("nieuwe stappen VDAB: Vraag gesteld")
    await expect(chips.nth(1)).to_contain_text(re.compile(r"Vraag\s+aan zet: jullie\s+\d+ \w+ · over \d+ dagen"))
    await expect(chips.nth(2)).to_contain_text(re.compile(r"Verwijzing\s+aan zet: VDAB"))
    await chips.nth(1).click()
    await expect(page.locator(f"#t-{asked['threadId']}")).to_be_in_viewport()
    assert visit.complaints == []


async def test_before_anybody_is_named_the_top_gives_whom_to_call_all_the_same(
    opened: Opened, reading: httpx.AsyncClient
) -> None:
    alone = await opened(refer=False)
    page = (await reading.get(f"/dossiers/{alone}")).text
    assert "Er werkt nog geen andere organisatie mee." in page
    dossier_id = await opened()
    page = (await reading.get(f"/dossiers/{dossier_id}")).text
    side = page.split('class="side lane-vdab"')[1].partition("</li>")[0]
    assert "Nog geen vaste begeleider" in side
    assert "Coördinator VDAB" in side
    assert 'href="tel:' in side


async def test_an_open_thread_is_a_road_and_who_left_it_is_told(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    thread = await _accepted(instance, dossier_id)
    page = await visit(OCMW, viewport={"width": 390, "height": 844})
    await page.goto(f"/dossiers/{dossier_id}")
    card = page.locator(f"#t-{thread}")
    # On a phone only the present station is named, and it is the same text that a screen reader hears.
    await expect(card.locator(".road-now")).to_have_text("Stap 3 van 5: Aanvaard")
    await expect(card.locator(".road-now")).to_be_visible()
    await expect(card.locator(".road li.now span")).to_be_hidden()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(card.locator(".road li.now span")).to_be_visible()
    await _vdab(instance).step(dossier_id, "handover.failed", {"reason": "unreachable"}, thread)
    await page.reload()
    await expect(card.locator(".road-left")).to_have_text("De gewone weg stopt hier: Niet gelukt")
    await expect(card.locator(".road")).to_have_count(0)


# The timeline


async def test_what_comes_stands_above_today_and_what_was_below(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    data = {"appointmentAt": _moment(timedelta(days=2)), "subject": "Opvolggesprek", "where": "Sociaal huis"}
    await _ocmw(instance).step(dossier_id, "followUp.appointmentPlanned", data)
    await _ocmw(instance).step(dossier_id, "question.asked", {"receiver": "vdab", "question": "Wanneer?"})
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}")
    lanes = page.locator(".lanes > li")
    kinds = [name.split()[0] for name in await lanes.evaluate_all("all => all.map(one => one.className)")]
    today = kinds.index("today")
    assert kinds[0] == "day"
    assert set(kinds[1:today]) == {"coming"}
    assert set(kinds[today + 1 :]) == {"step"}
    coming = page.locator(".coming")
    await expect(coming.filter(has_text="Eerste afspraak")).to_contain_text("Verwijzing")
    # Planned for that day, so that it is due then is not said as well.
    await expect(coming.filter(has_text="Afspraak").filter(has_not_text="Eerste")).to_have_count(1)
    await expect(coming.filter(has_text="Tegen dan is VDAB aan zet").filter(has_text="Vraag")).to_have_count(1)


async def test_what_is_late_is_said_at_the_line_of_today(instance: Instance, visit: Visits) -> None:
    clock, ago = instance.services.clock, timedelta(days=12)
    clock.offset = -ago
    token = demonstration.issue(
        instance.data_dir,
        organisation="ocmw-lindedal",
        counsellor=_WHO,
        at=datetime.now(UTC) - ago,
        roles=(),
        scopes=demonstration.SCOPES,
    )
    then = Party(instance.http, token)
    dossier_id = await then.open()
    await then.step(dossier_id, "handover.requested", REQUEST)
    clock.offset = timedelta(0)
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}")
    overdue = page.locator(".coming.is-late")
    await expect(overdue).to_contain_text("Verwijzing")
    await expect(overdue).to_contain_text(re.compile(r"\d+ dagen te laat"))
    assert await overdue.evaluate("one => one.previousElementSibling.classList.contains('today')")
    await expect(page.locator(".chip.is-late")).to_contain_text("te laat")


async def test_a_choice_holds_on_every_page_and_says_what_it_hides(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient
) -> None:
    dossier_id = await opened()
    thread = await _accepted(instance, dossier_id)
    vdab, ocmw = _vdab(instance), _ocmw(instance)
    contacted = {"contactedAt": _moment(-timedelta(hours=1)), "means": "visit", "present": ["client"]}
    await vdab.step(dossier_id, "handover.contacted", contacted, thread)
    for n in range(65):
        await vdab.step(dossier_id, "handover.progressed", {"whatHappened": f"Gesprek {n}.", "nextStep": "x"}, thread)
        if n % 13 == 0:
            await ocmw.step(dossier_id, "question.asked", {"receiver": "vdab", "question": f"Vraag {n}?"})
    every = await _pages(reading, f"/dossiers/{dossier_id}")
    latest = max(every)
    assert every == list(range(latest, 0, -1))

    page = (await reading.get(f"/dossiers/{dossier_id}?side=ocmw&kind=question")).text
    assert len(_steps(page)) == 5
    assert f"{latest - 5} stappen zijn verborgen door je keuze." in page
    assert re.findall(r'name="side" value="(\w+)" checked', page) == ["ocmw"]
    assert re.findall(r'name="kind" value="(\w+)" checked', page) == ["question"]

    with_text = await _pages(reading, f"/dossiers/{dossier_id}?side=vdab&text=1")
    # All talks and nothing else, none of them twice, over more than one page.
    assert len(with_text) == 65
    assert with_text == sorted(set(with_text), reverse=True)
    nothing = (await reading.get(f"/dossiers/{dossier_id}?kind=training")).text
    assert "Geen stappen die bij je keuze passen." in nothing
    # Words that are no choice choose nothing.
    assert _steps((await reading.get(f"/dossiers/{dossier_id}?side=x&kind=y")).text) == every[:60]


async def _pages(browser: httpx.AsyncClient, address: str) -> list[int]:
    """Read on until there is no older page, as the links lead."""
    found: list[int] = []
    while address:
        page = (await browser.get(address)).text
        assert len(_steps(page)) <= 60
        found += _steps(page)
        older = re.search(r'class="older"><a class="button plain" href="([^"#]+)', page)
        address = older[1].replace("&amp;", "&") if older else ""
    return found


async def test_the_choice_works_without_script(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(OCMW, java_script_enabled=False)
    await page.goto(f"/dossiers/{dossier_id}")
    await page.get_by_text("Kies wat je ziet").click()
    await page.get_by_role("checkbox", name="VDAB").check()
    await page.get_by_role("button", name="Toon", exact=True).click()
    await expect(page.locator(".step")).to_have_count(0)
    await expect(page.locator(".timeline [role=status]")).to_contain_text(re.compile(r"\d+ stappen zijn verborgen"))
    await page.get_by_role("link", name="Toon weer alles").first.click()
    await expect(page.locator(".step").first).to_be_visible()
    # Without script there is nothing that prints but the browser itself.
    await expect(page.get_by_text("Afdrukken")).to_be_hidden()


async def test_each_step_of_ours_says_who_reads_it(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient
) -> None:
    alone = await opened(refer=False)
    intake = {"targetGroup": "livingWage", "workWish": "partTime", "situation": "Woont alleen."}
    first = await _ocmw(instance).step(alone, "intake.recorded", intake)
    page = (await reading.get(f"/dossiers/{alone}")).text
    assert "Alleen jouw organisatie leest dit" in _step(page, first["sequence"])
    await _ocmw(instance).step(alone, "handover.requested", REQUEST)
    page = (await reading.get(f"/dossiers/{alone}")).text
    # The referral opens what was before it: what we wrote then is read now.
    assert "VDAB leest dit" in _step(page, first["sequence"])
    theirs = await _accepted(instance, alone)
    page = (await reading.get(f"/dossiers/{alone}")).text
    sequence = max(_steps(page))
    assert theirs
    assert "leest dit" not in _step(page, sequence)


def _step(page: str, sequence: int) -> str:
    return page.split(f'id="s-{sequence}"')[1].partition("</li>")[0]


# What is confidential


async def test_what_is_confidential_stands_apart_with_who_may_see_it(opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    ocmw = _ocmw(instance)
    today = datetime.now(UTC).date().isoformat()
    intake = {"targetGroup": "livingWage", "workWish": "partTime", "situation": "Woont alleen.", "health": "Rugpijn."}
    event = await ocmw.step(dossier_id, "intake.recorded", intake)
    async with await _browser(instance) as ours, await _browser(instance, "vdab.bemiddelaar-1") as theirs:
        page = (await ours.get(f"/dossiers/{dossier_id}")).text
        section, rest = _apart(page)
        assert "Rugpijn." in section
        assert "leest alleen jouw organisatie" in section
        assert "Rugpijn." not in rest
        assert f'href="#v-{event["sequence"]}"' in _step(page, event["sequence"])
        # Who never had a mandate is not even told that there is something.
        page = (await theirs.get(f"/dossiers/{dossier_id}")).text
        assert "Vertrouwelijk luik" not in page
        assert "Rugpijn" not in page

        mandate = {"scope": "shareConfidential", "sharedWith": "vdab", "givenOn": today}
        given = await ocmw.step(dossier_id, "dossier.mandateGiven", mandate)
        section, rest = _apart((await theirs.get(f"/dossiers/{dossier_id}")).text)
        assert "Rugpijn." in section
        assert "Jullie lezen wat OCMW Lindedal schreef, door het mandaat van de cliënt van" in section
        assert "Rugpijn." not in rest
        section, _ = _apart((await ours.get(f"/dossiers/{dossier_id}")).text)
        assert "lezen ook: VDAB (sinds" in section

        await ocmw.step(dossier_id, "dossier.mandateWithdrawn", {"mandateId": given["eventId"]})
        page = (await theirs.get(f"/dossiers/{dossier_id}")).text
        section, _ = _apart(page)
        assert "Rugpijn" not in page
        assert "Een deel is afgeschermd." in section
        assert "geen mandaat (meer) om te lezen wat OCMW Lindedal schreef" in section


def _apart(page: str) -> tuple[str, str]:
    before, _, after = page.partition('<section class="confidential"')
    section, _, rest = after.partition("</section>")
    return section, before + rest


async def test_what_is_confidential_is_gathered_from_older_pages_too(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient
) -> None:
    dossier_id = await opened(refer=False)
    ocmw = _ocmw(instance)
    intake = {"targetGroup": "livingWage", "workWish": "partTime", "situation": "Woont alleen.", "health": "Rugpijn."}
    event = await ocmw.step(dossier_id, "intake.recorded", intake)
    for n in range(62):
        await ocmw.step(
            dossier_id, "dossier.benefitStated", {"benefit": "livingWage", "since": f"2026-01-{n % 28 + 1:02}"}
        )
    page = (await reading.get(f"/dossiers/{dossier_id}")).text
    assert event["sequence"] not in _steps(page)
    section, _ = _apart(page)
    assert section.count("Rugpijn.") == 1


# Who looked, what arrived


async def test_who_looked_is_told_by_name_at_home_and_by_function_elsewhere(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    vdab, ocmw = await visit(VDAB), await visit(OCMW)
    await vdab.goto(f"/dossiers/{dossier_id}")
    await ocmw.goto(f"/dossiers/{dossier_id}")
    await ocmw.get_by_role("link", name="Wie keek mee?").click()
    await expect(ocmw.get_by_role("heading", level=1)).to_have_text("Wie keek mee?")
    theirs = ocmw.locator(".log-line", has_text="VDAB")
    await expect(theirs.first).to_contain_text("Een medewerker")
    await expect(theirs.first).to_contain_text("begeleider")
    await expect(ocmw.locator(".log-line", has_text="Trajectbegeleider Lindedal 1").first).to_contain_text(
        "dat ben jij"
    )
    assert "Bemiddelaar VDAB 1" not in await ocmw.content()
    assert visit.complaints == []


async def test_who_oversees_the_log_is_not_told_whose_it_is(opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    async with await _browser(instance, "ocmw-lindedal.trajectbegeleider-2", "dataProtectionOfficer") as officer:
        answer = await officer.get(f"/dossiers/{dossier_id}/access")
        assert answer.status_code == 200
        assert "Voorbeeld" not in answer.text
        assert f'href="/dossiers/{dossier_id}"' not in answer.text
        assert (await officer.get(f"/dossiers/{dossier_id}")).status_code == 404
        assert (await officer.get(f"/dossiers/{dossier_id}/deliveries")).status_code == 404


async def test_a_long_log_is_read_page_by_page(opened: Opened, instance: Instance, reading: httpx.AsyncClient) -> None:
    dossier_id = await opened(refer=False)
    await instance.pool.execute(
        "INSERT INTO access_log (reference, at, organisation_id, service, application, counsellor_id, action, outcome,"
        " role, relation, legal_basis_id, dossier_id) SELECT gen_random_uuid(), now() - n * interval '1 day',"
        " 'ocmw-lindedal', 'screens', '', $2, 'readDossier', 'seen', 'counsellor', 'assigned', '', $1"
        " FROM generate_series(1, 150) n ORDER BY n DESC",
        dossier_id,
        _WHO,
    )
    first = (await reading.get(f"/dossiers/{dossier_id}/access")).text
    older = re.search(r'class="older"><a class="button plain" href="([^"]+)', first)
    assert older
    second = (await reading.get(older[1])).text
    days = re.findall(r"<h2>([^<]+)</h2>", first + second)
    # Every day once, also where a page ends; the last line is the oldest that came in: opening it, today.
    assert len(set(days)) == 151
    assert len(days[:-1]) == 151
    assert "Naar de nieuwste" in second


async def test_what_did_not_arrive_says_how_often_and_whom_to_phone(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient
) -> None:
    dossier_id = await opened(refer=False)
    now = instance.services.clock.now()
    await instance.pool.execute(
        "INSERT INTO subscription (subscription_id, organisation_id, url, secrets, created_at, changed_at)"
        " VALUES (gen_random_uuid(), 'vdab', 'http://127.0.0.1:9/', 'x', $1, $1)",
        now,
    )
    event = await _ocmw(instance).step(dossier_id, "handover.requested", REQUEST)
    await instance.pool.execute("UPDATE delivery SET state = 'dead' WHERE sequence = $1", event["sequence"])
    page = (await reading.get(f"/dossiers/{dossier_id}/deliveries")).text
    assert "1 stap kwam niet aan bij VDAB. Bel even:" in page
    assert "Coördinator VDAB" in page
    assert 'class="arrival arrival-failed"' in page
    await instance.pool.execute("UPDATE delivery SET state = 'succeeded', delivered_at = $1", now)
    page = (await reading.get(f"/dossiers/{dossier_id}/deliveries")).text
    assert "kwam niet aan" not in page
    assert re.search(r"Afgeleverd bij VDAB om \d\d:\d\d", page)


# On paper, and at the end


async def test_it_prints_without_what_is_pressed(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    page = await visit(OCMW)
    await page.goto(f"/dossiers/{dossier_id}")
    await page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    await page.get_by_role("button", name="Afdrukken").click()
    await expect(page.locator("body")).to_have_attribute("data-printed", "yes")
    await page.emulate_media(media="print")
    for shown in (page.locator("h1"), page.locator(".card").first, page.locator(".step").first, page.locator(".today")):
        await expect(shown).to_be_visible()
    for pressed in (".button", ".top", ".foot", ".pick", ".tabs"):
        assert await _visible(page.locator(pressed)) == 0, pressed


async def _visible(found: Locator) -> int:
    return sum([await one.is_visible() for one in await found.all()])


async def test_a_closed_dossier_says_so_and_offers_to_reopen_it(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient
) -> None:
    dossier_id = await opened(refer=False)
    await _ocmw(instance).step(dossier_id, "dossier.closed", {"reason": "goalReached"})
    page = (await reading.get(f"/dossiers/{dossier_id}")).text
    assert "Dit dossier is afgesloten op" in page
    assert "Er loopt niets meer." in page
    assert "/steps/dossier.reopened" in page
    assert "/steps/handover.requested" not in page


# What it costs, and what it does not open


async def test_a_denial_opens_no_step(opened: Opened, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    dossier_id = await opened(refer=False)
    elsewhere = Counsellor(counsellor_id="ocmw-lindedal.elders", organisation_id="ocmw-lindedal", name="Elders")
    await save_counsellor(instance.worker.pool, elsewhere)
    await instance.services.refresh_directory()
    opened_steps: list[int] = []
    plain = DossierKey.open_event

    def counting(self: DossierKey, sequence: int, kept: bytes) -> bytes:
        opened_steps.append(sequence)
        return plain(self, sequence, kept)

    monkeypatch.setattr(DossierKey, "open_event", counting)
    async with await _browser(instance, elsewhere.counsellor_id) as near, await _browser(instance) as reader:
        assert (await near.get(f"/dossiers/{dossier_id}")).status_code == 403
        assert opened_steps == []
        assert (await reader.get(f"/dossiers/{dossier_id}")).status_code == 200
        assert opened_steps != []


async def test_a_page_takes_three_statements_and_two_when_nothing_is_new(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier_id = await opened()
    thread = await _accepted(instance, dossier_id)
    asked: list[str] = []
    for name in _STATEMENTS:
        _counted(monkeypatch, name, asked)

    async def statements() -> list[str]:
        asked.clear()
        assert (await reading.get(f"/dossiers/{dossier_id}")).status_code == 200
        return list(asked)

    # The dossier, the access log, and what was seen of it. The session is one more, for every screen.
    assert len(await statements()) == 3

    async def noticed() -> bool:
        return len(await statements()) == 2

    await eventually(noticed)
    await _vdab(instance).step(dossier_id, "handover.contactAttempted", _ATTEMPT, thread)
    assert len(await statements()) == 3


_ATTEMPT = {"attemptedAt": "2026-11-20T10:00:00Z", "means": "phone", "result": "noAnswer"}


def _counted(monkeypatch: pytest.MonkeyPatch, name: str, asked: list[str]) -> None:
    plain = getattr(Walled, name)

    async def counting(self: Walled, query: str, *arguments: object) -> object:
        asked.append(query)
        return await plain(self, query, *arguments)

    monkeypatch.setattr(Walled, name, counting)


class _Huge(dict[str, Counsellor]):
    """Counsellors that may be looked up and not gone through: there may be 5,000 of them."""

    def __iter__(self) -> None:  # type: ignore[override]
        raise AssertionError

    def values(self) -> None:  # type: ignore[override]
        raise AssertionError

    def items(self) -> None:  # type: ignore[override]
        raise AssertionError


async def test_no_page_of_a_dossier_goes_through_all_counsellors(
    opened: Opened, instance: Instance, reading: httpx.AsyncClient
) -> None:
    dossier_id = await opened()
    await _accepted(instance, dossier_id)
    live = instance.services.directory
    object.__setattr__(live.current, "counsellors", _Huge(live.current.counsellors))
    with pytest.raises(AssertionError):
        list(live.current.counsellors)
    for page in ("", "/access", "/deliveries", "/news"):
        assert (await reading.get(f"/dossiers/{dossier_id}{page}")).status_code == 200, page
