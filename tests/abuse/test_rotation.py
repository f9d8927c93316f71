"""Keys changed while people work: no request fails, and what was written before is read after."""

import asyncio
import os
import sys
from itertools import cycle

from handover.platform.keys import read_key_file
from tests.instance import Instance, number

_WRITERS = 4


async def _handover(instance: Instance, *arguments: str) -> str:
    environment = {
        **os.environ,
        "HANDOVER_DATA_DIR": str(instance.data_dir),
        "HANDOVER_DATABASE_URL": instance.services.dsn,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "handover",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_keys_rotated_under_load(instance: Instance) -> None:
    ocmw, vdab = instance.party("ocmw-lindedal"), instance.party("vdab")
    dossiers = [await ocmw.open(ssin=number(n)) for n in range(1, 21)]
    for dossier_id in dossiers:
        await ocmw.step(dossier_id, "dossier.counsellorAssigned", {"counsellor": "ocmw-lindedal.trajectbegeleider-1"})
    subscribed = await vdab.post("/v1/subscriptions", {"url": "http://127.0.0.1:9/hook"})
    assert subscribed.status_code == 201, subscribed.text
    ended, statuses = asyncio.Event(), list[int]()
    opened = list[str]()

    async def write(n: int) -> None:
        mine = cycle(dossiers[n::_WRITERS])
        count = 0
        while not ended.is_set():
            dossier_id = next(mine)
            body = {"type": "dossier.benefitStated", "data": {"benefit": "livingWage", "since": "2026-11-02"}}
            statuses.append((await ocmw.post(f"/v1/dossiers/{dossier_id}/events", body)).status_code)
            statuses.append((await ocmw.get(f"/v1/dossiers/{dossier_id}/events")).status_code)
            if count % 20 == 0 and len(opened) < 60:
                opened.append(await ocmw.open(ssin=number(100 + 10 * len(opened) + n)))
            count += 1
            statuses.append((await ocmw.post("/v1/dossiers/search", {"ssin": number(n + 1)})).status_code)

    running = [asyncio.create_task(write(n)) for n in range(_WRITERS)]
    await asyncio.sleep(0.5)
    before = read_key_file(instance.data_dir / "keys.json")
    try:
        await _handover(instance, "keys", "rotate", "--retire")
        await _handover(instance, "keys", "rotate", "--ssin", "--retire")
        during = len(statuses)
    finally:
        ended.set()
        await asyncio.gather(*running)
    assert during > 100
    failed = [status for status in statuses if status >= 300]
    assert failed == [], f"{len(failed)} of {len(statuses)} requests failed"
    after = read_key_file(instance.data_dir / "keys.json")
    assert after["sealKey"].startswith("2:")
    assert after["ssinKey"].startswith("2:")
    assert not {after["sealKey"], after["ssinKey"]} & set(before.values())
    pool = instance.pool
    versions = await pool.fetch("SELECT DISTINCT get_byte(content, 0), get_byte(confidential, 0) FROM keys.dossier_key")
    assert [tuple(row) for row in versions] == [(2, 2)], "every data key is wrapped by the new key"
    assert await pool.fetchval("SELECT array_agg(DISTINCT key_version) FROM ssin_lookup") == [2]
    assert await pool.fetchval("SELECT get_byte(secrets, 0) FROM subscription") == 2
    for dossier_id in (*dossiers, *opened):
        answer = await ocmw.get(f"/v1/dossiers/{dossier_id}/events")
        assert answer.status_code == 200
        assert answer.json()["items"][0]["data"]["givenName"] == "Voorbeeld"
    found = await ocmw.post("/v1/dossiers/search", {"ssin": number(1)})
    assert [item["dossierId"] for item in found.json()["items"]] == [dossiers[0]]
    assert "present" in await _handover(instance, "keys", "status")
    sys.stdout.write(
        f"\nkeys rotated twice under load: {len(statuses)} requests, 0 failed, {len(opened)} dossiers opened\n"
    )
