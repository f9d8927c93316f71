"""What a client is given: everything that is recorded, and every look, as data and as a page in Dutch."""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.instance import Instance, number

SSIN = number(41)
_INTAKE = {
    "targetGroup": "livingWage",
    "workWish": "partTime",
    "situation": "Woont bij een <zus>.",
    "health": "Rugklachten sinds 2024.",
    "ownNote": "Nabellen over de huur.",
}


async def _export(instance: Instance, file: Path, ssin: str) -> tuple[int, str]:
    environment = {
        **os.environ,
        "HANDOVER_DATA_DIR": str(instance.data_dir),
        "HANDOVER_DATABASE_URL": instance.services.dsn,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "handover",
        "export",
        str(file),
        "--client",
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(f"{ssin}\n".encode())
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_client_gets_everything_and_every_look(api: Instance, tmp_path: Path) -> None:
    ocmw, vdab = api.party("ocmw-lindedal"), api.party("vdab")
    dossier_id = await ocmw.open(ssin=SSIN)
    await ocmw.step(dossier_id, "intake.recorded", _INTAKE)
    await vdab.open(ssin=SSIN, capacity="jobSeeker")
    assert (await vdab.get(f"/v1/dossiers/{dossier_id}/events")).status_code == 200
    assert (await api.party("ocmw-waterhoek").get(f"/v1/dossiers/{dossier_id}")).status_code == 404
    file = tmp_path / "client.json"
    code, said = await _export(api, file, f"{SSIN[:2]}.{SSIN[2:4]}.{SSIN[4:6]}-{SSIN[6:9]}.{SSIN[9:]}")
    assert code == 0, said
    assert SSIN not in said
    data, page = json.loads(file.read_bytes()), file.with_suffix(".html").read_text("utf-8")
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("client.*")} == {0}, "for their owner only"
    assert data["client"]["ssin"] == SSIN
    stored = await api.pool.fetchval("SELECT count(*) FROM event WHERE dossier_id = $1", dossier_id)
    assert len(data["events"]) == stored
    intake = next(event for event in data["events"] if event["type"] == "intake.recorded")
    assert intake["data"] == _INTAKE, "also what is confidential, and what is internal"
    lines = await api.pool.fetchval("SELECT count(*) FROM access_log WHERE dossier_id = $1", dossier_id)
    assert len(data["accesses"]) == lines > 2
    looks = {(line["organisationId"], line["outcome"]) for line in data["accesses"]}
    assert {("vdab", "seen"), ("ocmw-waterhoek", "denied")} <= looks
    for text in (
        "Rugklachten sinds 2024.",
        "Nabellen over de huur.",
        "Woont bij een &lt;zus&gt;.",
        "VDAB",
        "1 januari 1980",
    ):
        assert text in page
    assert "http" not in page, "nothing is loaded from elsewhere"


async def test_an_unknown_number_gives_nothing(api: Instance, tmp_path: Path) -> None:
    code, said = await _export(api, tmp_path / "client.json", number(42))
    assert code == 1
    assert "no dossier" in said
    assert list(tmp_path.glob("client*")) == []
