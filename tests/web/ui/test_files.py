"""Files on the screen: what would happen row by row, what was brought in, what could not be, and what others did."""

import asyncio
import csv
import html
import io
import re
import secrets
import zipfile
from dataclasses import dataclass

import httpx
import pytest
from tests.adapters.files.sheets import CLIENTS, STEPS, client, csv_of, step, workbook_of
from tests.instance import Instance, eventually, number

from handover.adapters.files.reading import read_document
from handover.adapters.files.writing import Table, as_workbook
from handover.domain.parties import Counsellor
from handover.record import reading
from handover.record.directory import save_counsellor
from handover.web.ui import files_export
from handover.web.ui.files_held import LASTS

OCMW, VDAB, OTHER = "ocmw-lindedal", "vdab", "ocmw-waterhoek"
_TABLES = """
SELECT format('%I.%I', schemaname, relname) FROM pg_stat_user_tables WHERE relname NOT IN ('access_log', 'session')
"""
_PAGE = {"Sec-Fetch-Site": "same-origin"}
_numbers = iter(range(300, 900))


@dataclass
class Desk:
    """Somebody at a browser without JavaScript."""

    http: httpx.AsyncClient
    cookie: str
    token: str

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers={"Cookie": self.cookie})

    async def look(self, content: bytes, name: str = "lijst.csv") -> httpx.Response:
        return await self.http.post(
            "/files",
            data={"csrf": self.token},
            files={"file": (name, content)},
            headers=_PAGE | {"Cookie": self.cookie},
        )

    async def send(self, path: str, held: str) -> httpx.Response:
        return await self.http.post(
            path, data={"csrf": self.token, "held": held}, headers=_PAGE | {"Cookie": self.cookie}
        )

    async def bring(self, content: bytes) -> httpx.Response:
        looked = await self.look(content)
        assert looked.status_code == 200, looked.text
        return await self.send("/files/bring", held(looked))


async def desk(instance: Instance, who: str = f"{OCMW}.coordinator") -> Desk:
    roles = ["counsellor", "coordinator"] if who.endswith(".coordinator") else ["counsellor"]
    secret = await instance.services.sessions.begin(who.partition(".")[0], who, roles)
    session = await instance.services.sessions.find(secret)
    assert session
    return Desk(instance.http, f"handover={secret}", session.form_token())


def held(answer: httpx.Response) -> str:
    found = re.search(r'name="held" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def rows(answer: httpx.Response) -> dict[str, list[str]]:
    """Give what stands in the tables, by what rows do."""
    found: dict[str, list[str]] = {}
    for does, body in re.findall(r'<table class="file-table is-(\w+)".*?<tbody>(.*?)</tbody>', answer.text, re.DOTALL):
        lines = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        found[does] = [html.unescape(re.sub(r"<[^>]+>", "|", line)) for line in lines]
    return found


def fresh(n: int, **changes: str) -> list[str]:
    return client(n, Rijksregisternummer=number(n), **changes)


async def elsewhere(instance: Instance) -> str:
    """Give somebody of another team."""
    who = Counsellor(
        counsellor_id=f"{OCMW}.elders",
        organisation_id=OCMW,
        name="Elders",
        team="Andere ploeg",
    )
    await save_counsellor(instance.worker.pool, who)
    await instance.services.refresh_directory()
    return who.counsellor_id


async def counted(instance: Instance) -> tuple[int, int]:
    row = await instance.pool.fetchrow("SELECT (SELECT count(*) FROM dossier), (SELECT count(*) FROM event)")
    return tuple(row)


async def logged(instance: Instance, action: str) -> int:
    found: int = await instance.pool.fetchval("SELECT count(*) FROM access_log WHERE action = $1", action)
    return found


async def test_a_list_is_looked_through_brought_in_and_changes_nothing_the_second_time(shared: Instance) -> None:
    at, first, second = await desk(shared), next(_numbers), next(_numbers)
    own = {"Referentie cliënt": f"L-{first}"}
    book = workbook_of(
        {
            "Cliënten": [CLIENTS, fresh(first, Medewerker="trajectbegeleider-1"), fresh(second, Voornaam="")],
            "Stappen": [STEPS, step(first, **own), step(second)],
        }
    )
    before = await counted(shared)
    looked = await at.look(book, "lijst.xlsx")
    assert looked.status_code == 200
    assert await counted(shared) == before, "looking records nothing"
    found = rows(looked)
    assert {does: len(lines) for does, lines in found.items()} == {"fails": 2, "opens": 1, "adds": 1}
    assert "Voornaam is leeg. Vul dit in." in found["fails"][0]
    assert "Verbeter eerst de rij van de cliënt." in found["fails"][1]
    assert "Actieplan afgesproken" in found["adds"][0]
    brought = await at.send("/files/bring", held(looked))
    assert "2 rijen zijn binnengebracht." in brought.text
    after = await counted(shared)
    assert after[0] == before[0] + 1
    assert {does: len(lines) for does, lines in rows(brought).items()} == {"fails": 2, "opens": 1, "adds": 1}
    again = await at.look(book, "lijst.xlsx")
    assert {does: len(lines) for does, lines in rows(again).items()} == {"fails": 2, "nothing": 2}
    for _ in range(2):
        await at.send("/files/bring", held(again))
    assert await counted(shared) == after, "the same file again changes nothing"
    changed = workbook_of(
        {
            "Cliënten": [CLIENTS, fresh(first, Medewerker="trajectbegeleider-1")],
            "Stappen": [STEPS, step(first, **own, Einde="31/08/2027")],
        }
    )
    await at.bring(changed)
    assert await counted(shared) == (after[0], after[1] + 1), "a changed row adds one step"


async def test_the_error_file_is_mended_and_brought_in(shared: Instance) -> None:
    at, one, two = await desk(shared), next(_numbers), next(_numbers)
    content = csv_of(CLIENTS, fresh(one), fresh(two, Geboortedatum="1 januari"))
    looked = await at.look(content)
    errors = await at.send("/files/errors", held(looked))
    assert errors.headers["content-disposition"] == 'attachment; filename="niet-binnengebracht.csv"'
    assert errors.headers["content-type"] == "text/csv; charset=utf-8"
    titles, *wrong = csv.reader(io.StringIO(errors.content.decode("utf-8-sig")), delimiter=";")
    assert titles[-1] == "Waarom niet"
    assert [(row[0], row[-1]) for row in wrong] == [
        (f"L-{two}", "Geboortedatum is geen datum. Schrijf bijvoorbeeld 31/12/2026.")
    ]
    mended = errors.content.replace(b"1 januari", b"01/01/1980")
    brought = await at.bring(mended)
    assert {does: len(lines) for does, lines in rows(brought).items()} == {"opens": 1}


async def test_nothing_of_a_file_is_kept_and_what_a_form_carries_tells_nothing(shared: Instance) -> None:
    at, n = await desk(shared), next(_numbers)
    tables = [row[0] for row in await shared.pool.fetch(_TABLES)]
    assert len(tables) > 30
    before = [await shared.pool.fetchval(f"SELECT count(*) FROM {name}") for name in tables]  # noqa: S608
    looked = await at.look(csv_of(CLIENTS, fresh(n, Familienaam="Geheimpje")))
    assert [await shared.pool.fetchval(f"SELECT count(*) FROM {name}") for name in tables] == before  # noqa: S608
    carried = held(looked)
    assert number(n) not in carried
    colleague, stranger = await desk(shared, f"{OCMW}.trajectbegeleider-1"), await desk(shared, f"{OTHER}.coordinator")
    spoilt = carried[:-8] + ("A" * 8 if carried[-8:] != "A" * 8 else "B" * 8)
    for who, what in ((colleague, carried), (stranger, carried), (at, spoilt), (at, ""), (at, "é"), (at, "AAAA")):
        answer = await who.send("/files/bring", what)
        assert (answer.status_code, "Kies het opnieuw" in answer.text) == (400, True)
        assert (await who.send("/files/errors", what)).status_code == 400
    shared.services.clock.offset += LASTS
    try:
        late = await desk(shared)
        assert (await late.send("/files/bring", carried)).status_code == 400
    finally:
        shared.services.clock.offset -= LASTS
    assert (await at.send("/files/bring", carried)).status_code == 200


async def test_a_form_of_another_session_is_refused(shared: Instance) -> None:
    at = await desk(shared)
    at.token = "x"
    assert (await at.look(csv_of(CLIENTS, fresh(next(_numbers))))).status_code == 403
    assert (await at.send("/files/bring", "x")).status_code == 403


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Kies eerst een bestand."),
        (b"a;b\n1;2", "titels die we kennen"),
        (csv_of(CLIENTS[:4], client(1)[:4]), "Deze kolommen ontbreken: Geboortedatum, Doelgroep, Hoedanigheid"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "wachtwoord"),
        (b"x" * 1_000_001, "te groot"),
    ],
)
async def test_a_file_that_cannot_be_used_says_why(shared: Instance, content: bytes, said: str) -> None:
    answer = await (await desk(shared)).look(content)
    assert answer.status_code == 400
    assert said in html.unescape(answer.text)


async def test_more_than_a_file_may_be_is_not_read_on(shared: Instance) -> None:
    at = await desk(shared)
    assert (await at.look(b"x" * 1_100_000)).status_code == 413
    assert (await at.send("/files/bring", "x" * 3_100_000)).status_code == 413
    other = await shared.http.post("/dossiers", data={"q": "x" * 300_000}, headers=_PAGE | {"Cookie": at.cookie})
    assert other.status_code == 413, "other forms take what they took"


async def test_a_dossier_of_others_is_joined_and_looking_is_noted(shared: Instance) -> None:
    n, m = next(_numbers), next(_numbers)
    for one in (n, m):
        await shared.party(VDAB).open(
            ssin=number(one), familyName=f"Cliënt {one}", targetGroup="jobSeeker", capacity="jobSeeker"
        )
    at = await desk(shared)
    before = await logged(shared, "identifyPerson")
    looked = await at.look(csv_of(CLIENTS, fresh(n), fresh(m, Familienaam="Iemand Anders")))
    assert {does: len(lines) for does, lines in rows(looked).items()} == {"fails": 1, "joins": 1}
    assert "op een andere naam of geboortedatum" in rows(looked)["fails"][0]
    assert "Iemand Anders" not in str(rows(looked)["joins"])
    assert await logged(shared, "identifyPerson") == before + 2
    opened = await logged(shared, "openDossier")
    await at.send("/files/bring", held(looked))
    assert await logged(shared, "openDossier") == opened + 1
    lines = await shared.pool.fetch(
        """
        SELECT counsellor_id, outcome, legal_basis_id FROM access_log
        WHERE action = 'openDossier' ORDER BY entry DESC LIMIT 1
        """
    )
    assert tuple(lines[0]) == (f"{OCMW}.coordinator", "seen", "demo-protocol")


async def test_a_counsellor_writes_not_in_the_dossiers_of_colleagues(shared: Instance) -> None:
    n = next(_numbers)
    coordinator = await desk(shared)
    await coordinator.bring(csv_of(CLIENTS, fresh(n, Medewerker=f"{OCMW}.trajectbegeleider-1")))
    content = csv_of(STEPS, step(n, Rijksregisternummer=number(n)))
    colleague = await desk(shared, await elsewhere(shared))
    own = await desk(shared, f"{OCMW}.trajectbegeleider-1")
    before = await counted(shared)
    refused = await colleague.look(content)
    assert [*rows(refused)] == ["fails"]
    assert "begeleiden deze cliënt." in rows(refused)["fails"][0]
    await colleague.send("/files/bring", held(refused))
    assert await counted(shared) == before
    assert [*rows(await own.bring(content))] == ["adds"]


async def test_the_same_references_of_another_client_are_other_rows(shared: Instance) -> None:
    """A list that begins anew, a number that was mistyped, or somebody who tries: no step goes astray, none is lost."""
    first, other = next(_numbers), next(_numbers)
    coordinator = await desk(shared)
    colleague = await desk(shared, await elsewhere(shared))
    mine = fresh(first, Medewerker=f"{OCMW}.trajectbegeleider-1")
    await coordinator.bring(workbook_of({"Cliënten": [CLIENTS, mine], "Stappen": [STEPS, step(first)]}))

    # All the same but the national number, which leads to nobody yet.
    taken = [number(other) if cell == number(first) else cell for cell in fresh(first)]
    assert number(other) in taken
    looked = await colleague.look(workbook_of({"Cliënten": [CLIENTS, taken], "Stappen": [STEPS, step(first)]}))
    assert {does: len(lines) for does, lines in rows(looked).items()} == {"opens": 1, "adds": 1}
    brought = await colleague.send("/files/bring", held(looked))
    assert {does: len(lines) for does, lines in rows(brought).items()} == {"opens": 1, "adds": 1}, "as was promised"
    plans = await shared.pool.fetch("SELECT dossier_id, event_id FROM event WHERE type = 'followUp.planAgreed'")
    ids = [row["event_id"] for row in plans]
    assert len(ids) == len(set(ids)), "receivers know an event by its id"
    address = re.search(r'href="(/dossiers/[0-9a-f-]{36})"', brought.text)
    assert address, "a row leads to its dossier"
    assert (await colleague.get(address[1])).status_code == 200


async def test_what_stands_in_a_row_is_that_rows(shared: Instance) -> None:
    n = next(_numbers)
    looked = await (await desk(shared)).look(
        csv_of(CLIENTS, fresh(n, Familienaam="Eerste"), fresh(n, Familienaam="Tweede"))
    )
    assert "Eerste" in rows(looked)["opens"][0]
    assert "Tweede" in rows(looked)["fails"][0]


async def test_a_workbook_as_large_as_may_be_can_be_brought_in(shared: Instance) -> None:
    book = io.BytesIO(workbook_of({"Cliënten": [CLIENTS, fresh(next(_numbers))]}))
    with zipfile.ZipFile(book, "a") as packed:
        packed.writestr("xl/media/foto.png", secrets.token_bytes(960_000))
    content = book.getvalue()
    assert 900_000 < len(content) < 1_000_000
    assert [*rows(await (await desk(shared)).bring(content))] == ["opens"]


async def test_a_form_that_is_none_is_refused_as_such(shared: Instance) -> None:
    at = await desk(shared)
    headers = _PAGE | {"Cookie": at.cookie, "Content-Type": "multipart/form-data"}
    assert (await at.http.post("/files", content=b"--x", headers=headers)).status_code == 400


@pytest.mark.parametrize(
    "names", [("2026/2027", "a:b"), ("x" * 40 + "1", "x" * 40 + "2"), ("abc", "ABC"), ("'x'", "-")]
)
def test_any_name_of_a_sheet_can_be_given_back(names: tuple[str, str]) -> None:
    tables = [Table(name, ["titel"], [["waarde"]]) for name in names]
    document = zipfile.ZipFile(io.BytesIO(as_workbook(tables)))
    assert document.read("xl/workbook.xml").count(b"<sheet ") == 2


async def test_asking_by_file_who_somebody_is_has_the_same_limit(shared: Instance) -> None:
    n = next(_numbers)
    await shared.party(OTHER).open(ssin=number(n))
    at = await desk(shared)
    answers = [await at.look(csv_of(CLIENTS, fresh(n, Familienaam=f"Gok {guess}"))) for guess in range(12)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429


async def test_what_a_person_did_in_the_dossier_since_is_left_alone(shared: Instance) -> None:
    n = next(_numbers)
    at = await desk(shared)
    content = csv_of(CLIENTS, fresh(n, Medewerker="trajectbegeleider-1"))
    await at.bring(content)
    party = shared.party(OCMW)
    dossier_id = await party.open(ssin=number(n), familyName=f"Cliënt {n}")
    await party.step(
        dossier_id,
        "dossier.counsellorReplaced",
        {"replaced": f"{OCMW}.trajectbegeleider-1", "counsellor": f"{OCMW}.trajectbegeleider-2"},
    )
    assert [*rows(await at.look(content))] == ["nothing"], "an old list does not undo what people did since"
    ended = {"Referentie stap": "C1", "Soort": "art60", "Begin": "01/01/2026"}
    own = {"Rijksregisternummer": number(n)}
    await at.bring(csv_of(STEPS, step(n, **own, **ended, Einde="30/06/2026")))
    again = await at.bring(csv_of(STEPS, step(n, **own, **ended, Einde="30/06/2028")))
    assert [*rows(again)] == ["adds"], "what was ended and runs again goes on as a new contract"
    assert [*rows(await at.look(csv_of(STEPS, step(n, **own, **ended, Einde="30/06/2028"))))] == ["nothing"]
    finished = await at.bring(csv_of(STEPS, step(n, **own, **ended, Einde="30/06/2026")))
    assert [*rows(finished)] == ["adds"], "and may end on the same day as the first one"
    assert [*rows(await at.look(csv_of(STEPS, step(n, **own, **ended, Einde="30/06/2026"))))] == ["nothing"]


async def test_a_closed_inscription_is_not_opened_by_an_old_list(shared: Instance) -> None:
    n = next(_numbers)
    at, party = await desk(shared), shared.party(OCMW)
    content = csv_of(CLIENTS, fresh(n))
    await at.bring(content)
    dossier_id = await party.open(ssin=number(n), familyName=f"Cliënt {n}")
    await party.step(dossier_id, "dossier.inscriptionClosed", {"organisation": OCMW, "why": "verhuisd"})
    before = await counted(shared)
    looked = await at.look(content)
    assert "volgt dit dossier niet meer" in rows(looked)["fails"][0]
    assert await counted(shared) == before


async def test_two_people_bring_the_same_list_in_at_the_same_moment(shared: Instance) -> None:
    numbers = [next(_numbers) for _ in range(12)]
    one, other = await desk(shared), await desk(shared)
    steps = [step(n, Rijksregisternummer=number(n)) for n in numbers]
    book = workbook_of({"A": [CLIENTS, *(fresh(n) for n in numbers)], "B": [STEPS, *steps]})
    first, second = held(await one.look(book)), held(await other.look(book))
    before = await counted(shared)
    await asyncio.gather(one.send("/files/bring", first), other.send("/files/bring", second))
    after = await counted(shared)
    assert (after[0] - before[0], after[1] - before[1]) == (12, 36), "opened, followed and a plan, each once"


async def test_templates_in_the_language_of_the_page(shared: Instance) -> None:
    at = await desk(shared)
    for name in ("handover.xlsx", "clients.csv", "steps.csv"):
        answer = await at.get(f"/files/template/{name}?lang=fr")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        titles = read_document(answer.content).sheets[0].titles
        assert "Numéro de registre national" in titles
    assert (await at.get("/files/template/other.csv")).status_code == 404


async def test_what_others_did_comes_back_by_the_rules_of_the_timeline(working: Instance) -> None:
    ocmw, vdab = working.party(OCMW), working.party(VDAB)
    dossier_id = await ocmw.open(familyName="=Meeneem")
    await ocmw.step(dossier_id, "dossier.counsellorAssigned", {"counsellor": f"{OCMW}.trajectbegeleider-1"})
    request = await ocmw.step(
        dossier_id,
        "handover.requested",
        {
            "receiver": VDAB,
            "purpose": "guidanceToWork",
            "summary": "Van ons zelf.",
            "contact": f"{OCMW}.trajectbegeleider-1",
            "legalBasisId": "demo-protocol",
        },
    )
    await vdab.step(
        dossier_id,
        "handover.accepted",
        {"counsellor": f"{VDAB}.bemiddelaar-1", "reachedBy": "threeWayTalk"},
        request["threadId"],
    )
    question = {"receiver": OCMW, "question": "Heeft ze al een attest?"}
    await vdab.step(dossier_id, "question.asked", question)
    noted = await logged(working, "readTimeline")

    async def listed() -> list[list[str]]:
        answer = await (await desk(working, f"{OCMW}.trajectbegeleider-1")).get("/files/steps.csv")
        assert answer.status_code == 200
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))

    titles, *found = await eventually(listed)
    assert titles[:4] == ["Wanneer", "Cliënt", "Geboren", "Organisatie"]
    assert len(found) >= 2
    assert all(row[3] == "VDAB" for row in found), "our own steps we know"
    assert any("Heeft ze al een attest?" in row[7] for row in found)
    assert "Van ons zelf." not in str(found)
    assert all(row[1] == "Voorbeeld =Meeneem" for row in found)
    assert await logged(working, "readTimeline") > noted
    colleague = await (await desk(working, await elsewhere(working))).get("/files/steps.csv")
    assert "attest" not in colleague.text, "a colleague who does not work with the client"
    stranger = await (await desk(working, f"{OTHER}.coordinator")).get("/files/steps.xlsx")
    assert stranger.status_code == 200
    assert b"Meeneem" not in stranger.content
    later = await (await desk(working)).get("/files/steps.csv?since=2099-01-01")
    assert later.status_code == 200


async def test_a_file_holds_nothing_confidential_even_of_what_may_be_read(shared: Instance) -> None:
    n = next(_numbers)
    ocmw, vdab = shared.party(OCMW), shared.party(VDAB)
    dossier_id = await ocmw.open(ssin=number(n), familyName=f"Cliënt {n}")
    await vdab.open(ssin=number(n), familyName=f"Cliënt {n}", capacity="jobSeeker")
    intake = {"targetGroup": "livingWage", "workWish": "partTime", "situation": "Woont alleen.", "health": "Rugpijn."}
    await ocmw.step(dossier_id, "intake.recorded", intake)
    mandate = {"scope": "shareConfidential", "sharedWith": VDAB, "givenOn": "2026-01-05"}
    await ocmw.step(dossier_id, "dossier.mandateGiven", mandate)
    at = await desk(shared, f"{VDAB}.bemiddelaar-1")
    assert "Rugpijn." in (await at.get(f"/dossiers/{dossier_id}")).text, "who reads there may read it here"
    taken = await at.get("/files/steps.csv")
    assert "Woont alleen." in taken.text
    assert "Rugpijn" not in taken.text
    assert number(n) not in taken.text


async def test_the_newest_steps_come_first_however_many_pages_the_feed_has(
    shared: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = next(_numbers)
    ocmw = shared.party(OCMW)
    dossier_id = await ocmw.open(ssin=number(n), familyName=f"Cliënt {n}")
    await shared.party(VDAB).open(ssin=number(n), familyName=f"Cliënt {n}", capacity="jobSeeker")
    for day in range(1, 8):
        await ocmw.step(dossier_id, "dossier.benefitStated", {"benefit": "livingWage", "since": f"2026-01-0{day}"})
    at = await desk(shared, f"{VDAB}.coordinator")

    async def taken(query: str = "") -> list[list[str]]:
        answer = await at.get(f"/files/steps.csv{query}")
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))

    whole = await taken()
    assert len(whole) > 8
    assert ["7 januari 2026" in row[7] for row in whole[1:3]] == [True, False], "the newest first"
    monkeypatch.setattr(reading, "_BACKWARDS", 2)
    assert await taken() == whole
    monkeypatch.setattr(files_export, "MOST", 3)
    assert await taken() == whole[:4]
    monkeypatch.undo()
    assert await taken("?since=2099-01-01") == whole[:1]
    assert await taken("?since=gisteren") == whole
