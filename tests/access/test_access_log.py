"""Break-glass and the access log over real HTTP: every look leaves a line before the answer, and lines stay."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from tests.conftest import fresh
from tests.instance import Instance, Party, number, running
from tests.web.support import BELGIF, NOBODY, OWN, problem
from tests.web.test_belgif import REFERRAL

from handover.access.log import Line
from handover.access.signals import signals
from handover.domain.deadlines import BRUSSELS
from handover.domain.kinds.intake import INTAKE
from handover.domain.parties import Counsellor
from handover.platform.clock import Clock
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.ids import new_id
from handover.platform.walls import ask_for
from handover.record.directory import save_counsellor
from handover.record.housekeeping import forget_old_lines

OCMW = "ocmw-lindedal"
ELDERS = f"{OCMW}.elders"
REASON = "Mijn collega is ziek en Kanarietje staat aan het onthaal"
_clients = iter(range(1, 900))


@pytest.fixture(scope="module")
async def house(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instance]:
    """An instance with a counsellor, `elders`, in a team of their own."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("log"), work=False) as found:
            ready = found.services
            elders = Counsellor(counsellor_id=ELDERS, organisation_id=OCMW, name="Elders", team="Andere ploeg")
            await save_counsellor(found.pool, elders)
            await ready.refresh_directory()
            yield found


async def of_a_colleague(house: Instance) -> str:
    """A dossier that somebody of another team works on."""
    software = house.party(OCMW)
    dossier_id = await software.open(ssin=number(next(_clients)))
    await software.step(dossier_id, "dossier.counsellorAssigned", {"counsellor": f"{OCMW}.trajectbegeleider-1"})
    return dossier_id


async def lines(house: Instance, dossier_id: str) -> list[Line]:
    ask_for(OCMW)
    kept = await house.services.guard.log.of_dossier(UUID(dossier_id), limit=1000)
    return [one.line for one in reversed(kept)]


async def newest(house: Instance) -> Line:
    ask_for(OCMW)
    (kept,) = await house.services.guard.log.of_organisation(OCMW, limit=1)
    return kept.line


async def glass(party: Party, dossier_id: str, reason: str = REASON, **headers: str) -> Any:  # noqa: ANN401 - JSON
    answer = await party.post(f"/v1/dossiers/{dossier_id}/breakGlass", {"reason": reason}, **headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_every_way_of_looking_leaves_a_line(house: Instance) -> None:
    ssin = number(next(_clients))
    party = house.party(OCMW, "trajectbegeleider-1")
    dossier_id = await party.open(ssin=ssin)
    event = (await party.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"][0]["eventId"]
    for path, action in {
        f"/v1/dossiers/{dossier_id}": "readDossier",
        f"/v1/dossiers/{dossier_id}/threads": "readTimeline",
        f"/v1/dossiers/{dossier_id}/events": "readTimeline",
        f"/v1/dossiers/{dossier_id}/events/{event}": "readEvent",
        f"/v1/dossiers/{dossier_id}/accessLog": "readAccessLog",
        "/v1/events?pageSize=1000": "readFeed",
    }.items():
        before = len(await lines(house, dossier_id))
        answer = await party.get(path)
        assert answer.status_code == 200
        found = await lines(house, dossier_id)
        assert len(found) == before + 1, path
        line = found[-1]
        assert (line.action, line.outcome, line.relation) == (action, "seen", "assigned")
        assert (line.counsellor_id, line.role, line.legal_basis_id) == (party_id(1), "counsellor", "demo-protocol")
        assert str(line.reference) == answer.headers["belgov-trace-id"]
    assert (await party.post("/v1/dossiers/search", {"ssin": ssin})).status_code == 200
    assert (await lines(house, dossier_id))[-1].action == "searchDossiers"


def party_id(n: int) -> str:
    return f"{OCMW}.trajectbegeleider-{n}"


async def test_what_is_denied_and_what_is_not_found_leave_a_line_too(house: Instance) -> None:
    party = house.party(OCMW, "trajectbegeleider-1")
    assert (await party.get(f"/v1/dossiers/{NOBODY}")).status_code == 404
    line = await newest(house)
    assert (line.action, line.outcome, line.relation, str(line.dossier_id)) == (
        "readDossier",
        "denied",
        "outside",
        NOBODY,
    )
    found = await party.post("/v1/dossiers/search", {"ssin": number(998 - 1)})
    assert found.json()["items"] == []
    line = await newest(house)
    assert (line.action, line.outcome, line.dossier_id) == ("searchDossiers", "notFound", None)
    step = await party.post(f"/v1/dossiers/{NOBODY}/events", {"type": "handover.requested", "data": REFERRAL})
    assert step.status_code == 404
    assert (await newest(house)).action == "postStep"
    narrow = house.party(OCMW, scopes=("dossier:write",))
    assert (await narrow.get(f"/v1/dossiers/{NOBODY}")).status_code == 403
    line = await newest(house)
    assert (line.action, line.outcome, line.application) == ("readDossier", "denied", f"{OCMW}-software")


async def test_a_colleagues_dossier_is_found_and_read_only_with_a_reason(house: Instance) -> None:
    dossier_id, elders = await of_a_colleague(house), house.party(OCMW, "elders")
    path = f"/v1/dossiers/{dossier_id}"
    for what in (path, f"{path}/events", f"{path}/threads", f"{path}/accessLog"):
        problem(await elders.get(what), 403, f"{OWN}breakGlassNeeded")
    feed = (await elders.get("/v1/events", pageSize=1000)).json()["items"]
    assert dossier_id not in {item["dossierId"] for item in feed}
    made = await glass(elders, dossier_id)
    opened, until = (datetime.fromisoformat(made[name]) for name in ("openedAt", "until"))
    assert until - opened == timedelta(hours=4)
    read = await elders.get(path)
    assert read.status_code == 200
    assert "breakGlassNeeded" not in read.json()
    line = (await lines(house, dossier_id))[-1]
    assert (line.outcome, line.relation, line.counsellor_id) == ("breakGlass", "brokenGlass", ELDERS)
    posted = await elders.try_step(
        dossier_id, "dossier.benefitStated", {"benefit": "livingWage", "since": "2026-01-05"}
    )
    problem(posted, 403, f"{BELGIF}missingPermission")


async def test_a_reason_opens_for_four_hours_and_no_longer(house: Instance) -> None:
    dossier_id, elders = await of_a_colleague(house), house.party(OCMW, "elders")
    await glass(elders, dossier_id)
    kept = house.services.guard.glass
    ask_for(OCMW)
    assert await kept.open_for(ELDERS, [UUID(dossier_id)]) == {UUID(dossier_id)}
    for later, is_open in ((timedelta(hours=3, minutes=59), True), (timedelta(hours=4), False)):
        there = type(kept)(house.pool, house.services.sealer, Clock(later))
        assert bool(await there.open_for(ELDERS, [UUID(dossier_id)])) is is_open
    assert not await kept.open_for(party_id(2), [UUID(dossier_id)]), "for who gave the reason, and nobody else"


async def test_a_search_shows_that_it_exists_and_no_more(house: Instance) -> None:
    ssin, software = number(next(_clients)), house.party(OCMW)
    dossier_id = await software.open(ssin=ssin)
    await software.step(dossier_id, "dossier.counsellorAssigned", {"counsellor": party_id(1)})
    (found,) = (await house.party(OCMW, "elders").post("/v1/dossiers/search", {"ssin": ssin})).json()["items"]
    assert found["breakGlassNeeded"] is True
    assert found["dossierId"] == dossier_id
    assert found["contacts"][0]["counsellor"] == party_id(1), "whom to ask"
    assert not {"facts", "mandates", "targetGroup", "lead", "openThreads"} & set(found)


async def test_the_same_key_opens_once(house: Instance) -> None:
    dossier_id, elders = await of_a_colleague(house), house.party(OCMW, "elders")
    key = str(new_id())
    first, second = [await glass(elders, dossier_id, Idempotency_Key=key) for _ in range(2)]
    assert first == second
    again = await elders.post(
        f"/v1/dossiers/{dossier_id}/breakGlass", {"reason": "Een heel andere reden"}, Idempotency_Key=key
    )
    assert again.status_code == 422
    for reason in ("", "kort", " " * 20, "x" * 1001):
        bad = await elders.post(f"/v1/dossiers/{dossier_id}/breakGlass", {"reason": reason})
        assert bad.status_code == 400


async def test_the_officer_reads_reasons_and_no_content(house: Instance) -> None:
    dossier_id = await of_a_colleague(house)
    made = await glass(house.party(OCMW, "elders"), dossier_id)
    officer = house.party(OCMW, "coordinator", roles=("dataProtectionOfficer",))
    listed = (await officer.get("/v1/breakGlass")).json()["items"]
    assert listed[0] == made
    page = (await officer.get("/v1/breakGlass", pageSize=1)).json()
    following = await officer.get(page["next"])
    assert following.json()["items"] == listed[1:2]
    assert made in (await officer.get("/v1/accessLog/signals")).json()["breakGlass"], "even one: it is their own"
    problem(await officer.get(f"/v1/dossiers/{dossier_id}"), 404, f"{BELGIF}resourceNotFound")
    other = house.party("vdab", "coordinator", roles=("dataProtectionOfficer",))
    assert (await other.get("/v1/breakGlass")).json()["items"] == []
    stored = await house.pool.fetchval("SELECT string_agg(reason, '') FROM break_glass")
    assert b"Kanarietje" not in stored, "the reason is sealed"


async def test_people_of_another_organisation_are_shown_by_capacity_only(house: Instance) -> None:
    ocmw, vdab = house.party(OCMW, "trajectbegeleider-1"), house.party("vdab", "bemiddelaar-1")
    dossier_id = await ocmw.open(ssin=number(next(_clients)))
    await ocmw.step(dossier_id, "handover.requested", REFERRAL)
    for party in (ocmw, vdab):
        assert (await party.get(f"/v1/dossiers/{dossier_id}")).status_code == 200
    path = f"/v1/dossiers/{dossier_id}/accessLog"
    items = (await vdab.get(path)).json()["items"]
    assert {item["organisation"] for item in items} == {OCMW, "vdab"}
    for item in items:
        assert item["capacity"]["roles"] == ["counsellor"]
        assert ("counsellor" in item) is (item["organisation"] == "vdab")
    first = (await vdab.get(path, pageSize=1)).json()
    second = (await vdab.get(first["next"])).json()["items"]
    assert second[0]["entry"] < first["items"][0]["entry"]


async def test_who_is_shown_what_a_mandate_opens(house: Instance) -> None:
    """Health goes to VDAB by the client's mandate: to who is assigned there and to software with the scope."""
    ocmw, vdab = house.party(OCMW), house.party("vdab")
    dossier_id = await ocmw.open(ssin=number(next(_clients)))
    await ocmw.step(dossier_id, "handover.requested", REFERRAL)
    mandate = {"scope": "shareConfidential", "sharedWith": "vdab", "givenOn": "2026-01-05"}
    await ocmw.step(dossier_id, "dossier.mandateGiven", mandate)
    await ocmw.step(dossier_id, "dossier.counsellorAssigned", {"counsellor": party_id(1)})
    example = next(row.example for row in INTAKE.table if row.name == "recorded")
    recorded = msgspec.json.decode(msgspec.json.encode(example)) | {"health": "Rugklachten"}
    event = await ocmw.step(dossier_id, "intake.recorded", recorded)
    narrow = ("dossier:read", "dossier:write")
    for party, sees in (
        (vdab, True),
        (house.party("vdab", scopes=narrow), False),
        (house.party("vdab", "bemiddelaar-1", scopes=narrow), True),
        (house.party(OCMW, scopes=narrow), True),
        (house.party(OCMW, "trajectbegeleider-1"), True),
    ):
        for path in (f"/v1/dossiers/{dossier_id}/events", "/v1/events?pageSize=1000"):
            items = (await party.get(path)).json()["items"]
            (item,) = (one for one in items if one["eventId"] == event["eventId"])
            assert ("health" in item["data"]) is sees
            assert ("health" in item.get("redacted", ())) is not sees
    full = {"url": "http://127.0.0.1:9/", "content": "full"}
    refused = await house.party("vdab", scopes=("subscription:manage",)).post("/v1/subscriptions", full)
    assert problem(refused, 403, f"{BELGIF}missingScope")["requiredScopes"] == ["dossier:confidential"]


async def test_lines_only_grow(house: Instance) -> None:
    await house.party(OCMW).get(f"/v1/dossiers/{NOBODY}")
    await glass(house.party(OCMW, "elders"), await of_a_colleague(house))
    pool = house.pool
    for table in ("access_log", "break_glass"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET counsellor_id = ''", f"TRUNCATE {table}"):  # noqa: S608
            before = await pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)
            assert await pool.fetchval(f"SELECT count(*) FROM {table}") == before > 0  # noqa: S608


def a_line(at: datetime, **changes: Any) -> Line:  # noqa: ANN401 - a line's fields
    standard: dict[str, Any] = {
        "reference": new_id(),
        "at": at,
        "organisation_id": "ocmw-waterhoek",
        "service": "api",
        "application": "",
        "counsellor_id": "a",
        "action": "readDossier",
        "outcome": "seen",
        "role": "counsellor",
        "relation": "assigned",
        "legal_basis_id": "demo-protocol",
        "dossier_id": UUID(NOBODY),
    }
    return Line(**standard | changes)


async def test_old_lines_go_after_their_years(house: Instance) -> None:
    log, pool, now = house.services.guard.log, house.pool, house.services.clock.now()
    await log.add([a_line(now - timedelta(days=age)) for age in (365 * 11, 365 * 10 + 10, 365 * 9)])
    assert await forget_old_lines(pool, Clock(), years=10) == 2
    assert await forget_old_lines(pool, Clock(), years=10) == 0
    assert await forget_old_lines(pool, Clock(), years=8) == 1


async def test_signals_stand_out_from_five_on(house: Instance) -> None:
    """Thursday 5 November 2026 is a working day; the 11th is Armistice Day, the 7th a Saturday."""

    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 11, day, hour, 30, tzinfo=BRUSSELS)

    work = [a_line(at(5, hour), counsellor_id="day") for hour in range(7, 19)]
    night = [a_line(at(5, hour), counsellor_id="night") for hour in (5, 6, 19, 23)]
    feast = [a_line(at(11, 10), counsellor_id="night")]
    few = [a_line(at(7, 10), counsellor_id="few", dossier_id=new_id()) for _ in range(4)]
    nothing = [
        a_line(at(5, 10), counsellor_id=who, outcome="notFound", action="searchDossiers", dossier_id=None)
        for who, count in (("curious", 5), ("once", 4))
        for _ in range(count)
    ]
    await house.services.guard.log.add([*work, *night, *feast, *few, *nothing])
    found = await signals(house.pool, "ocmw-waterhoek", since=at(1, 0), until=at(30, 0))
    assert found.out_of_hours == (("night", 5),)
    assert found.most_read == ((UUID(NOBODY), 17),)
    assert found.found_nothing == (("curious", 5),)


async def test_many_readers_share_an_insert_and_each_has_its_line(house: Instance) -> None:
    dossier_id = await of_a_colleague(house)
    party, log = house.party(OCMW), house.services.guard.log
    ask_for(OCMW)
    before, inserts = len(await lines(house, dossier_id)), log.inserts
    answers = await asyncio.gather(*(party.get(f"/v1/dossiers/{dossier_id}") for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    found = (await lines(house, dossier_id))[before:]
    assert {str(line.reference) for line in found} == {answer.headers["belgov-trace-id"] for answer in answers}
    assert len(found) == 60
    assert log.inserts - inserts < 60


async def test_nothing_is_shown_when_the_line_cannot_be_written(house: Instance) -> None:
    dossier_id, pool = await of_a_colleague(house), house.pool
    party = house.party(OCMW)
    await pool.execute("ALTER TABLE access_log ADD CONSTRAINT no CHECK (false) NOT VALID")
    try:
        for path in (f"/v1/dossiers/{dossier_id}", f"/v1/dossiers/{dossier_id}/events", "/v1/events"):
            answer = await party.get(path)
            assert answer.status_code == 500
            assert "Voorbeeld" not in answer.text
    finally:
        await pool.execute("ALTER TABLE access_log DROP CONSTRAINT no")
