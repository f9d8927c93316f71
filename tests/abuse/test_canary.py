"""Line 40: a canary's number, name and texts are nowhere but where they may be, and the sweep finds a planted one.

The server's own files are swept too: tables, indexes and the write-ahead log, for what no query would show.
"""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiohttp import web

from handover.platform.db import driver_dsn
from handover.platform.embedded import EmbeddedPostgres
from tests.abuse.forms import forms, leaks
from tests.instance import Instance, eventually, number

_RANDOM = secrets.token_hex(6)
CANARIES = {
    "number": number(secrets.randbelow(900) + 90),
    "given name": f"Kanarie{_RANDOM}",
    "family name": f"Vogelzang{_RANDOM}",
    "text": f"zoekt-werk-{_RANDOM}",
    "health": f"rugklachten-{_RANDOM}",
}
_FOLDERS = ("base", "pg_wal", "pg_xact", "global")


class Heard:
    """What left the instance: every answer's headers, the bodies of refusals, and webhooks whole."""

    def __init__(self) -> None:
        self.headers = b""
        self.refusals = b""
        self.hooks: list[bytes] = []
        self.url = ""

    async def answer(self, response: httpx.Response) -> None:
        await response.aread()
        self.headers += str(response.url).encode() + b"".join(b"%s: %s\n" % pair for pair in response.headers.raw)
        if response.status_code >= 300:
            self.refusals += response.content

    async def hook(self, request: web.Request) -> web.Response:
        head = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        self.hooks.append(head.encode() + await request.read())
        return web.Response(status=204)


@pytest.fixture
async def heard(instance: Instance) -> AsyncIterator[Heard]:
    found = Heard()
    instance.http.event_hooks["response"].append(found.answer)
    application = web.Application()
    application.router.add_post("/", found.hook)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield found
    await runner.cleanup()


async def _live(instance: Instance, heard: Heard) -> None:
    """A dossier of both sides in which whatever can hold a text holds a canary; read, searched, refused, delivered."""
    ocmw, vdab, other = (instance.party(name) for name in ("ocmw-lindedal", "vdab", "ocmw-waterhoek"))
    assert (await vdab.post("/v1/subscriptions", {"url": heard.url})).status_code == 201
    person = {"givenName": CANARIES["given name"], "familyName": CANARIES["family name"]}
    dossier_id = await ocmw.open(ssin=CANARIES["number"], **person)
    intake = {
        "targetGroup": "livingWage",
        "workWish": "partTime",
        "situation": CANARIES["text"],
        "needs": CANARIES["text"],
        "health": CANARIES["health"],
        "ownNote": CANARIES["text"],
    }
    await ocmw.step(dossier_id, "intake.recorded", intake)
    await vdab.open(ssin=CANARIES["number"], capacity="jobSeeker", **person)
    await ocmw.step(dossier_id, "dossier.benefitStated", {"benefit": "livingWage", "since": "2026-11-02"})
    await eventually(lambda: _arrived(heard))
    for path in ("", "/events", "/threads"):
        assert (await vdab.get(f"/v1/dossiers/{dossier_id}{path}")).status_code == 200
        assert (await other.get(f"/v1/dossiers/{dossier_id}{path}")).status_code == 404
    # Refusals that have the number or a text in what they refuse.
    refused = [
        await other.post("/v1/dossiers", {"ssin": CANARIES["number"], "givenName": 3}),
        await ocmw.post("/v1/dossiers/search", {"ssin": CANARIES["number"], CANARIES["text"]: 1}),
        await ocmw.post("/v1/dossiers/search", {"ssin": CANARIES["number"] + "0"}),
        await ocmw.try_step(dossier_id, "intake.recorded", {**intake, "workWish": CANARIES["text"]}),
        await ocmw.post("/v1/dossiers", {"ssin": CANARIES["number"], **person, "birthDate": CANARIES["health"]}),
    ]
    assert {answer.status_code for answer in refused} <= {400, 403, 404, 409, 422}, [a.text for a in refused]


async def _arrived(heard: Heard) -> bool:
    return len(heard.hooks) > 0


async def _dump(postgres: EmbeddedPostgres, dsn: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        postgres.programs / "pg_dump", f"--dbname={driver_dsn(dsn)}", stdout=asyncio.subprocess.PIPE
    )
    content, _ = await process.communicate()
    assert process.returncode == 0
    return content


def _in_files(cluster: Path) -> list[str]:
    """Sweep every file of the server, its write-ahead log included."""
    found = []
    for path in (path for folder in _FOLDERS for path in sorted((cluster / folder).rglob("*")) if path.is_file()):
        found += [f"{path.relative_to(cluster)}: {leak}" for leak in leaks(path.read_bytes(), CANARIES)]
    return found


async def _written(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CHECKPOINT")
    await connection.close()


async def test_no_canary_is_anywhere_but_where_it_may_be(
    instance: Instance, heard: Heard, postgres: EmbeddedPostgres, database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await _live(instance, heard)
    metrics = (await instance.http.get("/metrics")).content
    await _written(database)
    said = capfd.readouterr()
    places = {
        "log": (said.out + said.err).encode(),
        "headers": heard.headers,
        "refusals": heard.refusals,
        "webhooks": b"".join(heard.hooks),
        "metrics": metrics,
        "dump": await _dump(postgres, database),
    }
    assert all(len(content) > 100 for name, content in places.items() if name != "log"), "there was something to sweep"
    found = [f"{place}: {leak}" for place, content in places.items() for leak in leaks(content, CANARIES)]
    found += await asyncio.to_thread(_in_files, postgres.cluster)
    assert found == []
    kept = (await instance.party("ocmw-lindedal").post("/v1/dossiers/search", {"ssin": CANARIES["number"]})).content
    assert CANARIES["given name"].encode() in kept, "and who may read it reads it"
    forms_tried = sum(len(forms(canary)) for canary in CANARIES.values())
    sys.stdout.write(
        f"\n0 leaks of {len(CANARIES)} canaries in {forms_tried} forms, in {len(places)} places and all files\n"
    )


@pytest.mark.parametrize("canary", CANARIES)
def test_the_sweep_finds_a_planted_one_in_every_form(canary: str) -> None:
    for form, needle in forms(CANARIES[canary]).items():
        found = leaks(b"before " + needle + b" after", CANARIES)
        assert f"{canary}, {form}" in found


async def test_the_sweep_finds_one_planted_in_the_database_and_its_log(
    database: str, postgres: EmbeddedPostgres
) -> None:
    planted = f"geplant-{secrets.token_hex(8)}"
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE planted (t text)")
    await connection.execute("INSERT INTO planted VALUES ($1), ($2)", planted, planted.encode().hex())
    await connection.execute("CHECKPOINT")
    await connection.close()
    dumped = leaks(await _dump(postgres, database), {"planted": planted})
    assert {"planted, plain", "planted, plain in hex"} <= set(dumped)
    folders = {
        folder
        for folder in _FOLDERS
        for path in (postgres.cluster / folder).rglob("*")
        if path.is_file() and leaks(path.read_bytes(), {"planted": planted})
    }
    assert {"base", "pg_wal"} <= folders
