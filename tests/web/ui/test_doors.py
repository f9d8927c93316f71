"""Who gets in and who does not; what leaves the server; what a second click does."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.async_api import expect
from tests.instance import Instance, eventually, running
from tests.web.ui.conftest import OCMW, STRANGER, VDAB, Opened, Visits, sign_out

from handover.web.ui import pages
from handover.web.ui.session import COOKIE


def _session(secret: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={secret}"}


async def _begun(instance: Instance) -> str:
    return await instance.services.sessions.begin("ocmw-lindedal", "ocmw-lindedal.trajectbegeleider-1", {"counsellor"})


async def _form_token(instance: Instance, secret: str) -> str:
    session = await instance.services.sessions.find(secret)
    assert session is not None
    return session.form_token()


async def test_signing_in_and_out(visit: Visits) -> None:
    page = await visit()
    await page.goto("/")
    assert urlsplit(page.url).path == "/sign-in"
    await expect(page.get_by_role("heading", level=2)).to_have_text(
        ["OCMW Lindedal", "OCMW Waterhoek", "VDAB", "Partner IGO"]
    )
    await page.get_by_role("button", name=OCMW).click()
    await expect(page.get_by_role("heading", level=2)).to_have_text(
        [re.compile("^Jij bent aan zet"), re.compile("^Wacht op de ander"), re.compile("^Ter kennisname")]
    )
    (cookie,) = [c for c in await page.context.cookies() if c["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    await sign_out(page)
    await page.goto("/")
    assert urlsplit(page.url).path == "/sign-in"
    assert visit.complaints == []


async def test_a_spoiled_session_leads_back_to_signing_in(instance: Instance) -> None:
    answer = await instance.http.get("/", headers=_session("not.a.token"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?expired=1")
    part = await instance.http.get("/inbox/list", headers=_session("x") | {"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in?expired=1")
    assert (await instance.http.get("/inbox/stream")).status_code == 401


async def test_a_token_of_an_application_is_no_session(instance: Instance) -> None:
    token = instance.party("ocmw-lindedal").token
    answer = await instance.http.get("/", headers=_session(token))
    assert answer.headers["location"] == "/sign-in?expired=1"


async def test_a_stranger_sees_what_nobody_sees(visit: Visits, opened: Opened) -> None:
    dossier_id = await opened()
    page = await visit(STRANGER)
    texts = []
    for address in (dossier_id, "00000000-0000-7000-8000-000000000000", "no-id"):
        for rest in ("", "/steps/intake.recorded", "/news"):
            answer = await page.goto(f"/dossiers/{address}{rest}")
            assert answer is not None
            assert answer.status == 404
            texts.append(await page.locator("main").inner_html())
    assert len(set(texts)) == 1
    assert "je organisatie volgt dit dossier niet" in texts[0]


async def test_a_form_sent_twice_counts_once(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened(refer=False)
    page = await visit(OCMW)
    address = f"{instance.base_url}/dossiers/{dossier_id}/steps/intake.recorded"
    await page.goto(address)
    key = await page.locator("input[name=key]").input_value()
    token = await _form_token(instance, next(c["value"] for c in await page.context.cookies() if c["name"] == COOKIE))
    form = {
        "csrf": token,
        "key": key,
        "targetGroup": "livingWage",
        "workWish": "partTime",
        "situation": "Woont alleen.",
    }
    session = {c["name"]: c["value"] for c in await page.context.cookies()}
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(trust_env=False, cookies=session, headers=headers) as http:
        answers = await asyncio.gather(*(http.post(address, data=form) for _ in range(3)))
        assert {(a.status_code, a.headers.get("location")) for a in answers} == {
            (303, f"/dossiers/{dossier_id}?done=intake.recorded")
        }
        other = await http.post(address, data=form | {"situation": "Iets anders."})
    assert other.status_code == 422
    assert "Iets anders." in other.text
    assert "was al opgeslagen, met een andere tekst" in other.text
    party = instance.party("ocmw-lindedal")
    events = (await party.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"]
    assert [e["type"] for e in events].count("intake.recorded") == 1


async def test_forms_of_other_sites_are_refused(instance: Instance, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    secret = await _begun(instance)
    session = _session(secret)
    token = await _form_token(instance, secret)
    address = f"/dossiers/{dossier_id}/steps/dossier.counsellorAssigned"
    for headers in (
        {},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": instance.base_url},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ):
        answer = await instance.http.post(address, data={"counsellor": "x", "csrf": token}, headers=session | headers)
        assert answer.status_code == 403, headers
        assert "urn:uuid:" in answer.text
    own = await instance.http.post(address, data={"csrf": token}, headers=session | {"Origin": instance.base_url})
    assert own.status_code == 400
    assert "Maak een keuze." in own.text


async def test_a_form_must_be_of_the_session_in_the_browser(instance: Instance, opened: Opened) -> None:
    dossier_id = await opened(refer=False)
    secret, other = await _begun(instance), await _begun(instance)
    token, foreign = await _form_token(instance, secret), await _form_token(instance, other)
    headers = _session(secret) | {"Sec-Fetch-Site": "same-origin"}
    step = f"/dossiers/{dossier_id}/steps/dossier.counsellorAssigned"
    twisted = token[:-1] + ("0" if token[-1] != "0" else "1")
    for address in (step, "/sign-out", "/inbox/seen", "/dossiers", "/dossiers/new", "/offers/new"):
        for wrong in (
            {},
            {"csrf": ""},
            {"csrf": foreign},
            {"csrf": twisted},
            {"csrf": token + "0"},
            {"csrf": "é" * 96},
        ):
            answer = await instance.http.post(address, data=wrong, headers=headers)
            assert answer.status_code == 403, (address, wrong)
    for address in (step, "/dossiers/new"):
        assert (await instance.http.post(address, data={"csrf": token}, headers=headers)).status_code == 400
        assert (await instance.http.post(address, headers=headers | {"X-CSRF-Token": token})).status_code == 400


def test_every_form_carries_the_token_of_its_session() -> None:
    folder = Path(pages.__file__).parents[1] / "templates"
    without = {
        (file.name, form)
        for file in folder.glob("*.html")
        for form in re.findall(r'<form[^>]*method="post".*', file.read_text("utf-8"))
        if "{{ csrf }}" not in form
    }
    # Before someone signed in there is no session yet.
    assert without == {("sign_in.html", '<form method="post" action="/sign-in">')}


async def test_a_fault_of_ours_is_a_page_with_a_number_and_nothing_else(instance: Instance) -> None:
    session = _session(await _begun(instance))
    await instance.pool.execute("ALTER TABLE inbox_seen RENAME TO elsewhere")
    answer = await instance.http.get("/", headers=session)
    assert answer.status_code == 500
    assert "Er ging bij ons iets mis." in answer.text
    assert re.search(r"urn:uuid:[0-9a-f-]{36}", answer.text)
    assert "inbox_seen" not in answer.text


async def test_what_every_page_tells_the_browser(instance: Instance) -> None:
    answer = await instance.http.get("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "'self'" not in policy.partition("script-src")[2].partition(";")[0]
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert f"script-src 'nonce-{nonce}';" in policy
    assert answer.text.count("<script") == answer.text.count(f'nonce="{nonce}"') == 2
    assert nonce not in (await instance.http.get("/sign-in")).text
    assert (
        answer.headers["cross-origin-opener-policy"] == answer.headers["cross-origin-resource-policy"] == "same-origin"
    )
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == "no-store, max-age=0"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<style|<script>| style=| on\w+=", answer.text)


async def test_a_stream_ends_when_its_page_is_closed(visit: Visits, instance: Instance) -> None:
    page = await visit(VDAB)
    screens = instance.services.broadcast._screens  # noqa: SLF001 - nothing else tells who listens

    async def listens() -> bool:
        return bool(screens.get("vdab"))

    async def is_gone() -> bool:
        return not screens.get("vdab")

    await eventually(listens)
    await page.close()
    await eventually(is_gone)


async def test_a_new_dossier_then_the_same_again(visit: Visits) -> None:
    page = await visit(OCMW)
    for done in ("Het dossier is geopend.", "Je organisatie volgde dit dossier al."):
        await page.goto("/dossiers/new")
        await page.get_by_label("Rijksregisternummer").fill("80.01.01-001.07")
        await page.get_by_label("Voornaam").fill("Voorbeeld")
        await page.get_by_label("Familienaam").fill("Een")
        await page.get_by_label("Geboortedatum").fill("1980-01-01")
        await page.get_by_label("Doelgroep").select_option("livingWage")
        await page.get_by_label("Hoe kent je organisatie de cliënt?").select_option("livingWage")
        await page.get_by_role("button", name="Dossier openen of volgen").click()
        await expect(page.get_by_role("status").first).to_have_text(done)
        assert "800101" not in page.url
    await page.goto("/dossiers/new")
    await page.get_by_label("Rijksregisternummer").fill("80010100108")
    await page.get_by_label("Voornaam").fill("Voorbeeld")
    await page.get_by_role("button", name="Dossier openen of volgen").click()
    await expect(page.locator("#f-ssin-error")).to_contain_text("Dit nummer klopt niet")
    await expect(page.get_by_label("Voornaam")).to_have_value("Voorbeeld")
    assert urlsplit(page.url).query == ""


async def test_dossiers_are_listed_and_looked_up(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened(refer=False)

    async def is_listed() -> bool:
        found = await instance.worker.reader.of_organisation("ocmw-lindedal", after=None, limit=1)
        return bool(found)

    await eventually(is_listed)
    page = await visit(OCMW)
    await page.get_by_role("link", name="Dossiers", exact=True).click()
    await expect(page.get_by_role("link", name="Voorbeeld Een")).to_be_visible()
    for number, outcome in (("80010100108", "Dit nummer klopt niet"), ("71050501897", "volgt geen dossier")):
        await page.get_by_label("Naam of rijksregisternummer").fill(number)
        await page.get_by_role("button", name="Zoeken").click()
        await expect(page.locator("#f-q-error")).to_contain_text(outcome)
    await page.get_by_label("Naam of rijksregisternummer").fill("800101 001 07")
    await page.get_by_role("button", name="Zoeken").click()
    await page.wait_for_url(f"**/dossiers/{dossier_id}")


async def test_with_https_the_cookie_is_of_this_host_alone(database: str, tmp_path: Path) -> None:
    async with (
        running(database, tmp_path, work=False, public_url="https://handover.example") as found,
        # The proxy that ends https is left out: this is what it would ask.
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{found.services.settings.port}", trust_env=False) as http,
    ):
        form = {"organisation": "vdab", "counsellor": "vdab.bemiddelaar-1"}
        own = {"Origin": "https://handover.example"}
        answer = await http.post("/sign-in", data=form, headers=own)
        (cookie,) = answer.headers.get_list("set-cookie")
        value, *attributes = cookie.split("; ")
        assert value.startswith(f"__Host-{COOKIE}=")
        assert {a.lower() for a in attributes} == {"httponly", "max-age=36000", "path=/", "samesite=strict", "secure"}
        secret = value.partition("=")[2]
        for response in (answer, await http.get("/sign-in"), await http.get("/")):
            assert response.headers["strict-transport-security"].startswith("max-age=31536000")
        inside = await http.get("/", headers={"Cookie": f"__Host-{COOKIE}={secret}"})
        assert inside.status_code == 200
        # Set by a host beside ours, or over plain http: not ours.
        assert (await http.get("/", headers={"Cookie": f"{COOKIE}={secret}"})).status_code == 303


async def test_a_session_ends_with_who_leaves_and_with_signing_out(instance: Instance) -> None:
    secret = await _begun(instance)
    sessions, pool = instance.services.sessions, instance.pool
    out = {"csrf": await _form_token(instance, secret)}
    answer = await instance.http.post("/sign-out", data=out, headers=_session(secret) | {"Origin": instance.base_url})
    assert answer.headers["location"] == "/sign-in"
    assert await sessions.find(secret) is None
    other = await _begun(instance)
    await pool.execute("UPDATE session SET counsellor_id = 'ocmw-lindedal.gone'")
    assert await sessions.find(other) is None
