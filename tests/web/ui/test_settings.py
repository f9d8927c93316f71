"""One's own settings, in a real browser: language, daily mail, and signing out elsewhere."""

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from tests.conftest import fresh
from tests.instance import Instance, running
from tests.web.ui.conftest import OCMW, OCMW_2, VDAB, Visits

from handover.domain.deadlines import BRUSSELS, is_working_day
from handover.platform.embedded import EmbeddedPostgres

_WHO = ("ocmw-lindedal", "ocmw-lindedal.trajectbegeleider-1")
ENDPOINT = "http://127.0.0.1:9/push/abc"


@pytest.fixture
async def mailing(database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    """An instance that has a mail server."""
    more = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "handover@example.org"}
    async with running(database, tmp_path, work=False, **more) as found:
        yield found


@pytest.fixture
async def visiting(browser: Browser, mailing: Instance) -> AsyncIterator[Visits]:
    """Opens pages of it."""
    yield Visits(browser, mailing)
    for context in browser.contexts:
        await context.close()


async def test_what_is_chosen_is_kept(visiting: Visits, mailing: Instance) -> None:
    page = await visiting(OCMW)
    await page.goto("/agreements")
    await page.locator(".me > summary").click()
    await page.get_by_role("link", name="Instellingen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Mijn instellingen")
    await expect(page.get_by_label("Stuur mij elke werkdag een mail")).not_to_be_checked()
    await page.get_by_label("Stuur mij elke werkdag een mail").check()
    await page.get_by_label("Vanaf welk uur?").select_option("09:00")
    await page.get_by_label("English").check()
    await page.get_by_role("button", name="Bewaren").click()

    await expect(page.get_by_role("status").first).to_have_text("Saved.")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_label("Send me a mail every working day")).to_be_checked()
    await expect(page.get_by_label("From what time?")).to_have_value("9")
    row = await mailing.pool.fetchrow("SELECT * FROM notice_preference")
    assert (row["organisation_id"], row["counsellor_id"]) == _WHO
    assert (row["language"], row["daily_mail"], row["mail_hour"]) == ("en", True, 9)
    assert visiting.complaints == []
    assert visiting.outside == []


async def test_the_chosen_language_comes_along_to_another_computer(visiting: Visits) -> None:
    page = await visiting(OCMW)
    await page.goto("/settings")
    await page.get_by_label("English").check()
    await page.get_by_role("button", name="Bewaren").click()
    elsewhere = await visiting(OCMW, locale="nl-BE")
    await expect(elsewhere.locator("html")).to_have_attribute("lang", "en")
    # Whoever chose nothing is spoken to as their browser asks.
    colleague = await visiting(OCMW_2, locale="nl-BE")
    await expect(colleague.locator("html")).to_have_attribute("lang", "nl")


async def test_the_first_mail_is_still_to_come(visiting: Visits, mailing: Instance) -> None:
    """Whoever asks for it after the hour gets none at once; turning it off and on again is asking again."""
    page = await visiting(OCMW, java_script_enabled=False)

    async def ask() -> None:
        await page.goto("/settings")
        await page.get_by_label("Stuur mij elke werkdag een mail").check()
        await page.get_by_role("button", name="Bewaren").click()

    clock = mailing.services.clock
    here = clock.now().astimezone(BRUSSELS)
    clock.offset += timedelta(hours=10 - here.hour) + timedelta(days=(2 - here.weekday()) % 7)  # a Wednesday, 10-11 h
    while not (is_working_day(clock.now().date()) and is_working_day((clock.now() + timedelta(days=1)).date())):
        clock.offset += timedelta(days=7)
    today = clock.now().astimezone(BRUSSELS).date()
    # The session was begun before the clock moved.
    page = await visiting(OCMW, java_script_enabled=False)
    await ask()
    assert await mailing.pool.fetchval("SELECT mail_from FROM notice_preference") == today + timedelta(days=1)
    await expect(page.get_by_text("Je eerste mail komt donderdag")).to_be_visible()
    # Once it is on, other changes leave the day as it is.
    clock.offset += timedelta(days=7)
    page = await visiting(OCMW, java_script_enabled=False)
    await ask()
    assert await mailing.pool.fetchval("SELECT mail_from FROM notice_preference") == today + timedelta(days=1)
    await expect(page.get_by_text("Je eerste mail komt")).to_have_count(0)


async def test_without_a_mail_server_none_is_offered(visit: Visits) -> None:
    page = await visit(OCMW)
    await page.goto("/settings")
    await expect(page.get_by_text("Deze dienst verstuurt nog geen mail.")).to_be_visible()
    await expect(page.get_by_label("Stuur mij elke werkdag een mail")).to_have_count(0)


async def test_signing_out_elsewhere_leaves_this_browser_in(visit: Visits) -> None:
    here, there, colleague = await visit(OCMW), await visit(OCMW), await visit(OCMW_2)
    await here.goto("/settings")
    await here.get_by_role("button", name="Overal elders afmelden").click()
    await expect(here.get_by_role("status").first).to_have_text("Je bent op 1 andere plaats afgemeld.")
    await here.get_by_role("button", name="Overal elders afmelden").click()
    await expect(here.get_by_role("status").first).to_have_text("Je was nergens anders aangemeld.")
    await there.goto("/settings")
    await expect(there.get_by_role("heading", level=1)).to_have_text("Aanmelden")
    await colleague.goto("/settings")
    await expect(colleague.get_by_role("heading", level=1)).to_have_text("Mijn instellingen")


async def test_a_browser_is_listed_and_removed_by_its_own_counsellor_only(visit: Visits, instance: Instance) -> None:
    page, other = await visit(OCMW), await visit(VDAB)
    for each in (page, other):
        await each.goto("/settings")
        await each.evaluate(
            "endpoint => { const form = document.querySelector('[data-push-key]');"
            " form.elements.endpoint.value = endpoint; HTMLFormElement.prototype.submit.call(form); }",
            ENDPOINT,
        )
        await expect(each.get_by_role("status").first).to_have_text("Meldingen staan aan in deze browser.")
    await expect(page.locator(".browsers > li")).to_have_count(1)
    # The digest of another's browser removes nothing of theirs.
    await page.get_by_role("button", name=re.compile("^Verwijderen: Chrome, Linux")).click()
    await expect(page.locator(".browsers > li")).to_have_count(0)
    rows = await instance.pool.fetch("SELECT organisation_id, digest FROM push_subscription")
    assert [(row[0], row[1]) for row in rows] == [("vdab", hashlib.sha256(ENDPOINT.encode()).digest())]


REFUSED = (
    "",
    "https://push.example/x",
    "https://fcm.googleapis.com.evil.example/x",
    "https://fcm.googleapis.com@evil.example/x",
    "http://fcm.googleapis.com/x",
    "https://127.0.0.1@fcm.googleapis.com/x",
    "https://169.254.169.254/x",
    "https://fcm.googleapis.com/" + "x" * 2000,
    "file:///etc/passwd",
)


async def test_a_push_service_that_is_not_listed_is_refused(api: Instance) -> None:
    secret = await api.services.sessions.begin(*_WHO, ["counsellor"])
    session = await api.services.sessions.find(secret)
    assert session is not None
    headers = {"Cookie": f"handover={secret}", "Sec-Fetch-Site": "same-origin"}
    form = {"csrf": session.form_token()}
    for endpoint in REFUSED:
        answer = await api.http.post("/settings/browsers", headers=headers, data=form | {"endpoint": endpoint})
        assert answer.status_code == 400, endpoint
        assert "staat niet op onze lijst" in answer.text
    assert await api.pool.fetchval("SELECT count(*) FROM push_subscription") == 0
    form["endpoint"] = "https://updates.push.services.mozilla.com/wpush/v2/x"
    assert (await api.http.post("/settings/browsers", headers=headers, data=form)).status_code == 303
    assert await api.pool.fetchval("SELECT count(*) FROM push_subscription") == 1


async def test_there_are_ten_browsers_at_most(api: Instance) -> None:
    from handover.platform.walls import asking_for  # noqa: PLC0415

    kept = api.services.push_subscriptions
    at = api.services.clock.now()
    with asking_for(["ocmw-lindedal"]):
        for n in range(13):
            assert await kept.add(*_WHO, f"{ENDPOINT}{n}", f"b{n}", at=at + timedelta(seconds=n))
        assert [one.name for one in await kept.of(*_WHO)] == [f"b{n}" for n in range(12, 2, -1)]
        # The same once more is the same, and pushes nobody else out.
        assert await kept.add(*_WHO, f"{ENDPOINT}5", "again", at=at + timedelta(minutes=1))
        assert len(await kept.of(*_WHO)) == 10


async def test_who_has_no_inbox_chooses_a_language_only(
    postgres: EmbeddedPostgres, template: str, tmp_path: Path
) -> None:
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        more = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "handover@example.org"}
        async with running(dsn, tmp_path, work=False, **more) as found:
            secret = await found.services.sessions.begin(*_WHO, ["administrator"])
            session = await found.services.sessions.find(secret)
            assert session is not None
            headers = {"Cookie": f"handover={secret}", "Sec-Fetch-Site": "same-origin"}
            page = (await found.http.get("/settings", headers=headers)).text
            assert 'name="language"' in page
            assert "daily_mail" not in page
            assert "data-push-key" not in page
            form = {"csrf": session.form_token(), "language": "en", "daily_mail": "yes", "mail_hour": "8"}
            assert (await found.http.post("/settings", headers=headers, data=form)).status_code == 303
            row = await found.pool.fetchrow("SELECT language, daily_mail FROM notice_preference")
            assert tuple(row) == ("en", False)
