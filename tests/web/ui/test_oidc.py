"""People sign in through an identity provider that we did not write, in a real browser; and who may not, does not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey
from playwright.async_api import Browser, Page, expect
from tests.conftest import fresh
from tests.instance import eventually
from tests.web.ui.conftest import Visits, sign_out
from tests.web.ui.identity import CLIENT, COUNSELLOR, House, house

from handover.platform.embedded import EmbeddedPostgres
from handover.web.ui.session import COOKIE, SIGN_IN_COOKIE


@pytest.fixture(scope="module")
async def there(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One instance and one provider for the tests of this module."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with house(dsn, tmp_path_factory.mktemp("oidc")) as found:
            yield found


class Indoors(Visits):
    """Pages that reach nothing outside this machine: the provider's own pages ask for a font elsewhere."""

    async def __call__(self, who: str = "", **options: object) -> Page:
        page = await super().__call__(who, **options)
        await page.context.route(re.compile("^https://"), lambda route: route.fulfill(body="", content_type="text/css"))
        return page


@pytest.fixture
async def visit(browser: Browser, there: House) -> AsyncIterator[Visits]:
    visits = Indoors(browser, there.instance)
    yield visits
    for context in visits.browser.contexts:
        await context.close()


async def _cookie(page: Page, name: str = COOKIE) -> str:
    return next((c["value"] for c in await page.context.cookies() if c.get("name") == name), "")


async def _is_in(page: Page) -> bool:
    await page.goto("/")
    return urlsplit(page.url).path == "/"


async def _count(there: House) -> int:
    found: int = await there.instance.pool.fetchval("SELECT count(*) FROM session WHERE ended_at IS NULL")
    return found


async def _callback(page: Page, there: House, login: str) -> str:
    """Sign in at the provider, and stop where it sends the browser back: give that address."""
    await page.goto("/sign-in/start")
    door = page.context.request
    address = await page.locator("form").first.evaluate("form => form.action")
    form: dict[str, str | float | bool] = {"prompt": "login", "login": login, "password": "any"}
    answer = await door.post(address, form=form, max_redirects=0)
    while not (address := answer.headers["location"]).startswith(there.instance.base_url):
        answer = await door.get(address, max_redirects=0)
    return str(address)


async def test_signing_in_and_out_with_the_provider(visit: Visits, there: House) -> None:
    page = await visit()
    await page.goto("/sign-in")
    await expect(page.get_by_role("link", name="Aanmelden", exact=True)).to_be_visible()
    await there.sign_in(page, "lindedal")
    await expect(page.locator(".me-name")).to_contain_text("Trajectbegeleider Lindedal 1")
    assert urlsplit(page.url).path == "/"
    (cookie,) = [c for c in await page.context.cookies() if c.get("name") == COOKIE]
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Lax", "/")
    assert await _cookie(page, SIGN_IN_COOKIE) == ""
    secret = await _cookie(page)
    found = await there.instance.services.sessions.find(secret)
    assert found is not None
    assert (found.caller.counsellor_id, found.caller.roles) == (COUNSELLOR, frozenset({"counsellor"}))
    kept = await there.instance.pool.fetch("SELECT s::text FROM session s")
    assert all(text not in row["s"] for row in kept for text in (secret, "5d3f-lindedal", "eyJ"))
    await sign_out(page)
    # Our page goes on to the provider by itself; that asks, and sends back.
    await page.wait_for_url(f"{there.issuer}/session/end**")
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_url(f"{there.instance.base_url}/sign-in**")
    assert await there.instance.services.sessions.find(secret) is None
    assert not await _is_in(page)
    await page.goto("/sign-in/start")
    await expect(page.locator("input[name=login]")).to_be_visible()
    assert visit.complaints == []


async def test_an_ovo_code_leads_to_the_organisation(visit: Visits, there: House) -> None:
    page = await visit()
    await there.sign_in(page, "vdab")
    await expect(page.locator(".me-name")).to_contain_text("Bemiddelaar VDAB 1")


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("elsewhere", "werkt hier nog niet mee"),
        ("stranger", "niet bekend als medewerker"),
        ("idle", "nog geen rol"),
        ("nobody", "niet alles wat we nodig hebben"),
    ],
)
async def test_who_is_not_known_is_told_whom_to_call(visit: Visits, there: House, login: str, said: str) -> None:
    before = await _count(there)
    page = await visit()
    await there.sign_in(page, login)
    await expect(page.locator("main")).to_contain_text(said)
    await expect(page.locator("main")).to_contain_text("de helpdesk, 02 000 00 00")
    text = await page.content()
    for claim in ("5d3f", "0000-nobody", "0202239951", "Trajectbegeleider", "Lindedal", "eyJ"):
        assert claim not in text
    assert (await _cookie(page), await _count(there)) == ("", before)
    await page.get_by_role("link", name="Anders aanmelden").click()
    await expect(page.locator("input[name=login]")).to_be_visible()


async def test_the_way_back_is_for_the_browser_that_went(visit: Visits, there: House) -> None:
    thief, victim = await visit(), await visit()
    address = await _callback(thief, there, "lindedal")
    before = await _count(there)
    answer = await victim.goto(address)
    assert answer is not None
    assert answer.status == 403
    await expect(victim.locator("main")).to_contain_text("begon niet in deze browser")
    # Also when the victim was on the way itself: a state belongs to the browser that it was made for.
    await victim.goto("/sign-in/start")
    await victim.goto(address)
    await expect(victim.locator("main")).to_contain_text("begon niet in deze browser")
    assert (await _cookie(victim), await _count(there)) == ("", before)
    await thief.goto(address)
    assert urlsplit(thief.url).path == "/"


async def test_a_code_counts_once_and_a_state_too(visit: Visits, there: House) -> None:
    page = await visit()
    address = await _callback(page, there, "lindedal")
    binding = await _cookie(page, SIGN_IN_COOKIE)
    await page.goto(address)
    assert urlsplit(page.url).path == "/"
    code = parse_qs(urlsplit(address).query)["code"][0]
    for state in (parse_qs(urlsplit(address).query)["state"][0], "", "x" * 43):
        again = await there.instance.http.get(
            "/sign-in/callback",
            params={"code": code, "state": state, "iss": there.issuer},
            headers={"Cookie": f"{SIGN_IN_COOKIE}={binding}"},
        )
        assert (again.status_code, "begon niet in deze browser" in again.text) == (403, True)
    # With a state of its own, so that it is the provider who refuses the code that was used.
    attempt = await there.instance.services.attempts.begin(binding)
    replayed = await there.instance.http.get(
        "/sign-in/callback",
        params={"code": code, "state": attempt.state, "iss": there.issuer},
        headers={"Cookie": f"{SIGN_IN_COOKIE}={binding}"},
    )
    assert (replayed.status_code, "niet nagaan wie je bent" in replayed.text) == (403, True)
    assert "set-cookie" not in replayed.headers


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://another.example"}, {"iss": ""}, {"code": "made-up"}, {"error": "access_denied"}, {"code": ""}],
)
async def test_an_answer_that_does_not_fit_is_no_sign_in(visit: Visits, there: House, changes: dict[str, str]) -> None:
    page = await visit()
    address = await _callback(page, there, "lindedal")
    given = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} | changes
    answer = await page.goto(f"/sign-in/callback?{httpx.QueryParams(given)}")
    assert answer is not None
    assert answer.status == 403
    assert await _cookie(page) == ""


async def test_an_attempt_that_took_too_long_is_over(visit: Visits, there: House) -> None:
    page = await visit()
    address = await _callback(page, there, "lindedal")
    await there.instance.pool.execute("UPDATE sign_in SET created_at = created_at - interval '10 minutes'")
    await page.goto(address)
    await expect(page.locator("main")).to_contain_text("het duurde te lang")


@pytest.mark.parametrize(
    ("moved", "is_over"),
    [
        ("seen_at = seen_at - interval '29 minutes'", False),
        ("seen_at = seen_at - interval '31 minutes'", True),
        ("created_at = created_at - interval '595 minutes'", False),
        ("created_at = created_at - interval '601 minutes'", True),
    ],
)
async def test_a_session_ends_unused_and_at_all(visit: Visits, there: House, moved: str, is_over: bool) -> None:  # noqa: FBT001
    page = await visit("Trajectbegeleider Lindedal 2")
    await there.instance.pool.execute(f"UPDATE session SET {moved}")  # noqa: S608 - from the table above
    assert await _is_in(page) is not is_over
    if is_over:
        assert page.url.endswith("/sign-in?expired=1")
        # What is over stays over, also for who tries again at once.
        assert not await _is_in(page)


async def test_looking_keeps_a_session_alive_at_one_write_a_minute(visit: Visits, there: House) -> None:
    page = await visit("Trajectbegeleider Lindedal 2")
    pool = there.instance.pool
    seen = "SELECT max(seen_at) FROM session"
    first = await pool.fetchval(seen)
    await page.goto("/")
    assert await pool.fetchval(seen) == first
    await pool.execute("UPDATE session SET seen_at = seen_at - interval '2 minutes'")
    await page.goto("/")
    assert await pool.fetchval(seen) >= first


async def test_a_changed_cookie_is_nobody(visit: Visits, there: House) -> None:
    page = await visit("Trajectbegeleider Lindedal 2")
    secret = await _cookie(page)
    digest = await there.instance.pool.fetchval("SELECT digest FROM session ORDER BY created_at DESC LIMIT 1")
    flipped = ("A" if secret[0] != "A" else "B") + secret[1:]
    for value in (flipped, secret[:-1], secret + "A", "A" * 43, digest.hex(), "x" * 4000, "' OR 1=1 --", "%00" * 20):
        answer = await there.instance.http.get("/", headers={"Cookie": f"{COOKIE}={value}"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?expired=1"), value
    assert await _is_in(page)


async def test_signing_in_makes_a_new_session_and_ends_the_one_before(visit: Visits, there: House) -> None:
    page = await visit("Trajectbegeleider Lindedal 2")
    first = await _cookie(page)
    await there.sign_in(page, "lindedal")
    second = await _cookie(page)
    assert first != second
    sessions = there.instance.services.sessions
    assert (await sessions.find(first), bool(await sessions.find(second))) == (None, True)


async def test_a_chosen_session_is_never_taken_over(visit: Visits, there: House) -> None:
    page = await visit()
    chosen = "C" * 43
    await page.context.add_cookies([{"name": COOKIE, "value": chosen, "url": there.instance.base_url}])
    await there.sign_in(page, "lindedal")
    assert await _cookie(page) not in {"", chosen}
    assert await there.instance.services.sessions.find(chosen) is None


async def test_the_provider_ends_the_session_from_behind(visit: Visits, there: House) -> None:
    page, other = await visit(), await visit()
    await there.sign_in(page, "lindedal")
    await there.sign_in(other, "lindedal")
    secret, others = await _cookie(page), await _cookie(other)
    # The person signs out at the provider itself, which tells us by its own way.
    await page.goto(f"{there.issuer}/session/end")
    await page.get_by_role("button", name="Yes, sign me out").click()
    sessions = there.instance.services.sessions

    async def is_over() -> bool:
        return await sessions.find(secret) is None

    await eventually(is_over)
    assert await sessions.find(others) is not None
    assert not await _is_in(page)
    assert await _is_in(other)


async def test_two_at_once_take_a_state_once(there: House) -> None:
    attempts = there.instance.services.attempts
    attempt = await attempts.begin("a browser")
    taken = await asyncio.gather(*(attempts.take(attempt.state, "a browser") for _ in range(5)))
    assert [t for t in taken if t] == [attempt]


@pytest.mark.parametrize("kind", ["jwk-ec", "pem-rsa"])
async def test_the_client_proves_itself_with_a_key_and_reads_claims_elsewhere(
    visit: Visits, database: str, tmp_path: Path, kind: str
) -> None:
    key = ECKey.generate_key("P-256", {"kid": "screens-1"}) if kind == "jwk-ec" else RSAKey.generate_key(2048)
    file = tmp_path / "client-key"
    file.write_text(json.dumps(key.as_dict(private=True)) if kind == "jwk-ec" else key.as_pem(private=True).decode())
    client = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256" if kind == "jwk-ec" else "RS256",
        "jwks": {"keys": [key.as_dict(private=False) | {"use": "sig"}]},
    }
    proof = {"settings": {"privateKeyFile": str(file)}, "client": client}
    async with house(database, tmp_path / "data", in_id_token=False, **proof) as elsewhere:
        page = await Indoors(visit.browser, elsewhere.instance)()
        await elsewhere.sign_in(page, "lindedal")
        await expect(page.locator(".me-name")).to_contain_text("Trajectbegeleider Lindedal 1")


async def test_without_its_provider_nobody_gets_in_and_who_is_in_stays(database: str, tmp_path: Path) -> None:
    async with house(database, tmp_path) as found:
        services = found.instance.services
        assert services.open_id is not None
        assert CLIENT in await services.open_id.address(await services.attempts.begin("b"))
        secret = await services.sessions.begin("ocmw-lindedal", COUNSELLOR, {"counsellor"})
        services.open_id.provider.issuer = "http://127.0.0.1:9"
        services.open_id.provider._found = None  # noqa: SLF001 - as after a start
        services.open_id.provider._read_at = services.open_id.provider._asked = -1e9  # noqa: SLF001
        away = await found.instance.http.get("/sign-in/start")
        assert (away.status_code, "Probeer het over een minuut opnieuw" in away.text) == (503, True)
        inside = await found.instance.http.get("/", headers={"Cookie": f"{COOKIE}={secret}"})
        assert inside.status_code == 200


async def test_an_address_that_only_ever_begins_to_sign_in_must_wait(database: str, tmp_path: Path) -> None:
    """Each beginning leaves a row, so somebody who does nothing else has an end."""
    async with house(database, tmp_path, limits={"refusals_per_minute": 3}) as found:
        begun = [await found.instance.http.get("/sign-in/start") for _ in range(5)]
        assert [answer.status_code for answer in begun] == [303, 303, 303, 429, 429]
        assert 1 <= int(begun[-1].headers["retry-after"]) <= 60
        assert await found.instance.pool.fetchval("SELECT count(*) FROM sign_in") == 3
