"""Notices in a real browser: turning them on, and what the service worker shows when an empty push comes."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect
from tests.instance import Instance, eventually
from tests.web.ui import chromium
from tests.web.ui.conftest import OCMW, OCMW_2, VDAB, VDAB_2, Opened, Visits

ENDPOINT = "http://127.0.0.1:9/push/geheim"
# A browser under test has no push service: its answer is put in, all else is the browser's own.
_FAKE = """
(() => {
  let held = JSON.parse(localStorage.getItem("held") || "null");
  const made = (endpoint) => ({ endpoint, unsubscribe: async () => { held = null; localStorage.removeItem("held");
    localStorage.setItem("ended", (localStorage.getItem("ended") || "") + endpoint + " "); return true; } });
  PushManager.prototype.getSubscription = async () => (held ? made(held) : null);
  PushManager.prototype.subscribe = async (options) => {
    held = "%s" + (localStorage.getItem("ended") || "").length;
    localStorage.setItem("held", JSON.stringify(held));
    localStorage.setItem("asked", JSON.stringify([options.userVisibleOnly, options.applicationServerKey.length]));
    return made(held);
  };
})();
"""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser that can show notices."""
    async with chromium.launched(whole=True) as browser:
        yield browser


async def turn_on(page: Page) -> None:
    await page.goto("/settings")
    await page.get_by_role("button", name="Meldingen aanzetten").click()
    await expect(page.get_by_role("status").first).to_have_text("Meldingen staan aan in deze browser.")


async def with_push(context: BrowserContext) -> None:
    await context.add_init_script(_FAKE % ENDPOINT)
    await context.grant_permissions(["notifications"])


async def test_notices_are_turned_on_and_off_in_this_browser(visit: Visits, instance: Instance) -> None:
    page = await visit(OCMW)
    await with_push(page.context)
    await turn_on(page)
    assert await page.evaluate("localStorage.asked") == "[true,65]"
    rows = await instance.pool.fetch("SELECT counsellor_id, endpoint, digest, browser FROM push_subscription")
    (row,) = rows
    assert row["counsellor_id"] == "ocmw-lindedal.trajectbegeleider-1"
    assert row["digest"] == hashlib.sha256(row["endpoint"].encode()).digest()
    listed = page.locator(".browsers > li")
    await expect(listed.locator("[data-browser-this]")).to_have_text("deze browser")
    await expect(page.get_by_role("button", name="Meldingen aanzetten")).to_be_hidden()
    # The address is as good as a key to that browser: it is not shown.
    assert row["endpoint"] not in await page.content()

    await listed.get_by_role("button", name=re.compile("^Verwijderen")).click()
    await expect(listed).to_have_count(0)
    assert await page.evaluate("localStorage.ended") == f"{row['endpoint']} "
    await expect(page.get_by_role("button", name="Meldingen aanzetten")).to_be_visible()
    assert visit.complaints == []
    assert visit.outside == []


async def test_who_sits_down_after_somebody_ends_what_they_turned_on(visit: Visits, instance: Instance) -> None:
    page = await visit(OCMW)
    await with_push(page.context)
    await turn_on(page)
    await page.locator(".me > summary").click()
    await page.get_by_role("button", name="Afmelden", exact=True).click()
    await page.get_by_role("button", name=OCMW_2, exact=True).click()
    await page.goto("/settings")
    # On for somebody else is not on.
    await turn_on(page)
    rows = await instance.pool.fetch("SELECT counsellor_id, endpoint FROM push_subscription ORDER BY counsellor_id")
    first, second = rows
    assert (await page.evaluate("localStorage.ended")).split() == [first["endpoint"]]
    assert first["endpoint"] != second["endpoint"]


async def test_a_browser_that_blocks_notices_says_so(visit: Visits) -> None:
    page = await visit(OCMW)
    await page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
    await page.goto("/settings")
    await expect(page.get_by_text("Je browser houdt meldingen van deze site tegen.")).to_be_visible()
    await expect(page.get_by_role("button", name="Meldingen aanzetten")).to_be_hidden()


async def test_without_javascript_it_says_what_is_needed(visit: Visits) -> None:
    page = await visit(OCMW, java_script_enabled=False)
    await page.goto("/settings")
    await expect(page.get_by_text("Meldingen aanzetten kan alleen met JavaScript.")).to_be_visible()
    await expect(page.get_by_role("button", name="Meldingen aanzetten")).to_be_hidden()


class Worker:
    """The service worker of a page, and the push that its browser would get."""

    def __init__(self, page: Page, session: CDPSession, registration: str) -> None:
        self.page, self._session, self._registration = page, session, registration

    @classmethod
    async def of(cls, page: Page) -> "Worker":
        await page.context.grant_permissions(["notifications"])
        session = await page.context.new_cdp_session(page)
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def registered(event: dict[str, Any]) -> None:
            for one in event["registrations"]:
                if not one["isDeleted"] and not found.done():
                    found.set_result(one["registrationId"])

        session.on("ServiceWorker.workerRegistrationUpdated", registered)
        await session.send("ServiceWorker.enable")
        await page.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
        return cls(page, session, await asyncio.wait_for(found, 10))

    async def push(self) -> dict[str, str]:
        """Let an empty push come; give the notice that is shown."""
        before = await self._shown()
        origin = await self.page.evaluate("location.origin")
        message = {"origin": origin, "registrationId": self._registration, "data": ""}
        await self._session.send("ServiceWorker.deliverPushMessage", message)

        async def changed() -> dict[str, str] | None:
            now = await self._shown()
            return now[0] if now and now != before else None

        found: dict[str, str] = await eventually(changed)
        return found

    async def _shown(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = await self.page.evaluate(
            "navigator.serviceWorker.ready.then((r) => r.getNotifications())"
            ".then((all) => all.map(({ title, body, tag, lang, timestamp: at }) => ({ title, body, tag, lang, at })))"
        )
        return found


async def test_an_empty_push_shows_how_much_waits_and_no_name(
    visit: Visits, opened: Opened, instance: Instance
) -> None:
    await opened(givenName="Kanarie", familyName="Vogelzang")
    page = await visit(VDAB)

    async def projected() -> bool:
        return bool(await instance.pool.fetchval("SELECT count(*) FROM inbox_thread WHERE your_turn"))

    await eventually(projected)
    # The referral is the coordinator's by name; it waits for this counsellor once it is nobody's.
    await instance.pool.execute("UPDATE inbox_thread SET counsellor_id = '' WHERE organisation_id = 'vdab'")
    worker = await Worker.of(page)
    shown = await worker.push()
    assert (shown["title"], shown["body"], shown["tag"]) == ("1 dossier wacht op jou", "", "inbox")
    assert shown["lang"] == "nl"
    assert "Kanarie" not in str(shown)

    await instance.pool.execute("UPDATE inbox_thread SET due_at = '2026-01-05' WHERE organisation_id = 'vdab'")
    assert (await worker.push())["body"] == "1 daarvan is te laat."

    # Signed out, the same browser is told nothing of anybody.
    await page.locator(".me > summary").click()
    await page.get_by_role("button", name="Afmelden", exact=True).click()
    neutral = await worker.push()
    assert neutral["title"] == "Warme overdracht"
    assert neutral["body"] == "Er is iets nieuws. Meld je aan om het te zien."

    # And somebody else who sits there sees their own figures.
    await page.get_by_role("button", name=VDAB_2, exact=True).click()
    await instance.pool.execute("UPDATE inbox_thread SET counsellor_id = 'vdab.bemiddelaar-1' WHERE your_turn")
    shown = await worker.push()
    assert (shown["title"], shown["body"]) == ("Niets wacht nu op jou.", "")
    assert visit.outside == []


async def test_a_push_that_can_ask_nobody_still_shows_something(visit: Visits, instance: Instance) -> None:
    """Browsers take the permission away from who shows nothing."""
    page = await visit(OCMW)
    worker = await Worker.of(page)
    await instance.pool.execute("ALTER TABLE inbox_thread RENAME TO inbox_thread_away")
    shown = await worker.push()
    assert (shown["title"], shown["body"]) == ("127.0.0.1", "")
    await instance.pool.execute("ALTER TABLE inbox_thread_away RENAME TO inbox_thread")


async def test_asking_for_figures_keeps_no_session_alive(api: Instance) -> None:
    who = ("ocmw-lindedal", "ocmw-lindedal.trajectbegeleider-1")
    secret = await api.services.sessions.begin(*who, ["counsellor"])
    await api.pool.execute("UPDATE session SET seen_at = seen_at - interval '20 minutes'")
    before = await api.pool.fetchval("SELECT seen_at FROM session")
    headers = {"Cookie": f"handover={secret}"}
    assert (await api.http.get("/inbox/count", headers=headers)).status_code == 200
    assert await api.pool.fetchval("SELECT seen_at FROM session") == before
    assert (await api.http.get("/settings", headers=headers)).status_code == 200
    assert await api.pool.fetchval("SELECT seen_at FROM session") > before


async def test_the_service_worker_may_ask_this_site_only(api: Instance) -> None:
    answer = await api.http.get("/sw.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_signed_out_it_answers_in_the_browser_s_language(api: Instance, language: str) -> None:
    answer = await api.http.get("/inbox/count", headers={"Accept-Language": language})
    assert answer.status_code == 401
    assert set(answer.json()) == {"title", "body", "language"}
    assert answer.json()["language"] == language
    assert answer.headers["cache-control"] == "no-store, max-age=0"
