"""No SSIN, name or birth date of a client in any answer that refuses, any header, log line or figure."""

import base64
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from tests.instance import OPENING, Instance, Party, number
from tests.web.support import problem, send

from handover.platform import log

SSIN = number(700)
CLIENT = {
    "ssin": SSIN,
    "givenName": "Zonnestraaltje",
    "familyName": "Kanarievogel",
    "birthDate": "1980-01-01",
}
SECRETS = (SSIN, "Zonnestraaltje", "Kanarievogel", "1980-01-01", "Verslaafd")
FORMATTED = (f"{SSIN[:2]}.{SSIN[2:4]}.{SSIN[4:6]}-{SSIN[6:9]}.{SSIN[9:]}", f"{SSIN[:6]} {SSIN[6:9]} {SSIN[9:]}")


def traces(text: str) -> set[str]:
    """Find what points at the client: plain, formatted, in hex, in base64 at each of its three offsets."""
    found = {secret for secret in (*SECRETS, *FORMATTED) if secret.lower() in text.lower()}
    for secret in SECRETS[:3]:
        raw = secret.encode()
        found |= {
            f"hex of {secret}" for form in (raw.hex(), "\\x" + "\\x".join(f"{b:02x}" for b in raw)) if form in text
        }
        for shift in range(3):
            core = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4].decode()
            if core in text:
                found.add(f"base64 of {secret}")
    return found


def test_the_search_finds_what_is_planted() -> None:
    """A sweep that finds nothing proves nothing until it has found something."""
    for secret in SECRETS[:3]:
        raw = secret.encode()
        for text in (secret, raw.hex(), *(base64.b64encode(b"x" * n + raw + b"yz").decode() for n in range(3))):
            assert traces(f"before {text} after"), text
    assert all(traces(form) for form in FORMATTED)
    assert not traces("Nothing here: 01a2039f-8f32-7d21-ab59-99e3cbca2aa3")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process logs, at the most talkative level."""
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure("debug", stream=stream, pretty=False)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**kept)


async def refused(instance: Instance, party: Party, dossier_id: str) -> list[str]:
    """Ask for many things that are refused, with the client in each, and give the answers whole."""
    opening = OPENING | CLIENT
    path = f"/v1/dossiers/{dossier_id}/events"
    bad = json.dumps(CLIENT).encode()
    answers = [
        await party.post("/v1/dossiers", opening | {"ssin": SSIN[:-1] + str((int(SSIN[-1]) + 1) % 10)}),
        await party.post("/v1/dossiers", opening | {"familyName": "Verslaafd" + "x" * 200}),
        await party.post("/v1/dossiers", opening | {"targetGroup": "Kanarievogel", "lead": SSIN}),
        await party.post("/v1/dossiers", opening | {"legalBasisId": SSIN}),
        await party.post("/v1/dossiers", opening | {SSIN: 1, f"x{SSIN}": 2}),
        await instance.party("vdab").post("/v1/dossiers", opening | {"givenName": "Verslaafd"}),
        await send(party, "/v1/dossiers", bad + b"}"),
        await send(party, "/v1/dossiers", bad, Content_Type="text/plain"),
        await send(party, "/v1/dossiers", bad.ljust(300_000)),
        await send(party, path, json.dumps({"type": SSIN, "data": CLIENT}).encode()),
        await party.try_step(dossier_id, "handover.requested", CLIENT | {SSIN: SSIN}),
        await party.try_step(dossier_id, "handover.requested", {"summary": ["Verslaafd"], "receiver": SSIN}),
        await party.try_step(dossier_id, "dossier.counsellorAssigned", {"counsellor": SSIN}),
        await party.post(path, {"type": "dossier.closed", "data": {"reason": "goalReached"}}, If_Match=SSIN),
        await party.post("/v1/subscriptions", {"url": f"ftp://{SSIN}"}),
        await party.post("/v1/inbox/seen", {"items": [{"dossierId": SSIN, "sequence": SSIN}]}),
        await party.get("/v1/dossiers", ssin=SSIN),
        await party.get("/v1/dossiers", after=SSIN),
        await party.get(f"/v1/dossiers/{SSIN}"),
        await party.get(f"/v1/{SSIN}/Kanarievogel"),
        await party.get(f"/v1/organisations/{SSIN}/counsellors"),
        await instance.http.get("/v1/dossiers", headers={"Authorization": f"Bearer {SSIN}.Kanarievogel.x"}),
        await instance.http.get("/v1/dossiers", headers={"Authorization": f"Basic {SSIN}"}),
        await party.get("/v1/nothing", **{SSIN: "1"}),
        await instance.http.put(f"/v1/dossiers/{SSIN}"),
        await instance.http.get("/v1/nothing", headers={"BelGov-Trace-Id": SSIN}),
        await instance.http.get("/v1/nothing", headers={"BelGov-Trace-Id": "-".join((SSIN[:6], SSIN[6:]))}),
        await send(party, path, b"{}", Idempotency_Key=f"{SSIN} x"),
    ]
    assert {answer.status_code for answer in answers} <= {400, 401, 403, 404, 405, 409, 413, 415}
    return [f"{answer.text} {answer.headers}" for answer in answers]


async def test_refusals_repeat_nothing(shared: Instance, lines: io.StringIO) -> None:
    party = shared.party("ocmw-lindedal")
    dossier_id = await party.open(**CLIENT)
    logging.getLogger("handover.test").warning("planted %s", SSIN)
    for answer in await refused(shared, party, dossier_id):
        assert not traces(answer), answer
    assert "planted" in lines.getvalue(), "the log is the one that is read here"
    assert not traces(lines.getvalue())
    assert not traces((await shared.http.get("/metrics")).text)


async def test_answers_show_the_number_only_in_the_dossier(shared: Instance, lines: io.StringIO) -> None:
    party = shared.party("ocmw-lindedal")
    dossier_id = await party.open(**CLIENT)
    answer = await party.get(f"/v1/dossiers/{dossier_id}")
    assert answer.json()["client"]["ssin"] == SSIN
    assert not traces(str(answer.headers))
    for path in ("", "/events", "/threads"):
        found = await party.get(f"/v1/dossiers/{dossier_id}{path}")
        assert path == "" or SSIN not in found.text
    assert SSIN not in (await party.get("/v1/events")).text
    assert not traces(lines.getvalue())


async def test_a_fault_of_ours_says_nothing_of_the_client(api: Instance, lines: io.StringIO) -> None:
    """A database error that holds the whole row in its message: 500, and neither answer nor log repeats it."""
    party = api.party("ocmw-lindedal")
    dossier_id = await party.open(**CLIENT)
    await api.pool.execute("ALTER TABLE dossier ADD CONSTRAINT broken CHECK (version < 3) NOT VALID")
    data = {
        "receiver": "vdab",
        "purpose": "guidanceToWork",
        "summary": "Verslaafd",
        "contact": "ocmw-lindedal.trajectbegeleider-1",
        "legalBasisId": "demo-protocol",
    }
    answer = await party.try_step(dossier_id, "handover.requested", data)
    found = problem(answer, 500, "urn:problem-type:belgif:internalServerError")
    assert not traces(f"{answer.text} {answer.headers}")
    written = lines.getvalue()
    assert "CheckViolationError" in written, "the fault must have happened"
    assert found["instance"].removeprefix("urn:uuid:") in written, "the instance leads to the log"
    assert "journal.py" in written, "where it went wrong is told"
    assert not traces(written)
    await api.pool.execute("ALTER TABLE dossier DROP CONSTRAINT broken")
    assert (await party.try_step(dossier_id, "handover.requested", data)).status_code == 201


async def test_a_broken_lookup_says_nothing_either(api: Instance, lines: io.StringIO) -> None:
    party = api.party("ocmw-lindedal")
    await party.open(**CLIENT)
    await api.pool.execute("ALTER TABLE ssin_lookup RENAME TO elsewhere")
    answer = await party.post("/v1/dossiers/search", {"ssin": SSIN})
    assert answer.status_code == 500
    assert not traces(f"{answer.text} {answer.headers} {lines.getvalue()}")
