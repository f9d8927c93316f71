"""The operator's program as a process of its own: what it prints, where, and how it ends."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import httpx
from tests.instance import Instance, eventually

from handover.platform.ids import new_id

PROGRAM = Path(sys.executable).with_name("handover")


async def _run(dsn: str, data_dir: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        env={**os.environ, "HANDOVER_DATABASE_URL": dsn, "HANDOVER_DATA_DIR": str(data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_database_without_tables_says_what_to_do(empty_database: str, tmp_path: Path) -> None:
    code, out, err = await _run(empty_database, tmp_path, "token", "--organisation", "vdab")
    assert (code, out) == (2, "")
    assert "handover migrate" in err
    assert "Traceback" not in err


async def test_migrate_and_seed_can_be_repeated(empty_database: str, tmp_path: Path) -> None:
    for command in ("migrate", "migrate", "seed", "seed"):
        code, _, err = await _run(empty_database, tmp_path, command)
        assert code == 0, err
    code, out, err = await _run(empty_database, tmp_path, "replay", "--rebuild", "inbox")
    assert (code, out) == (0, "")
    assert "3 dossiers" in err
    code, out, err = await _run(empty_database, tmp_path, "replay", "--check")
    assert (code, out) == (0, "")
    assert "0 differences" in err


async def test_token_prints_the_token_alone(instance: Instance) -> None:
    code, out, err = await _run(instance.services.dsn, instance.data_dir, "token", "--organisation", "vdab")
    assert (code, err) == (0, "")
    answer = await instance.http.get("/v1/dossiers", headers={"Authorization": f"Bearer {out.strip()}"})
    assert answer.status_code == 200
    code, out, err = await _run(instance.services.dsn, instance.data_dir, "token", "--organisation", "nobody")
    assert code == 2
    assert "ocmw-lindedal" in err, "it says which there are"


async def test_replay_prints_lines_and_sends_a_period_again(instance: Instance) -> None:
    ocmw = instance.party("ocmw-lindedal")
    first, second = await ocmw.open(), await ocmw.open(ssin="00010100204", birthDate="2000-01-01")
    place = (instance.services.dsn, instance.data_dir)
    code, out, err = await _run(*place, "replay", "--dossier", first)
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert [(e["dossierId"], e["sequence"]) for e in events] == [(first, 1), (first, 2)]
    _, out, _ = await _run(*place, "replay", "--organisation", "vdab")
    assert out == "", "VDAB is entitled to none of it"
    _, out, err = await _run(*place, "replay", "--dry-run")
    assert out == ""
    assert "4 events" in err
    _, out, _ = await _run(*place, "replay", "--from-sequence", "2", "--since", "2020-01-01")
    assert {json.loads(line)["dossierId"] for line in out.splitlines()} == {first, second}

    made = await ocmw.post("/v1/subscriptions", {"url": "http://127.0.0.1:9/"})
    subscription = made.json()["subscriptionId"]
    for _ in range(2):
        code, _, err = await _run(*place, "replay", "--to", subscription)
        assert code == 0, err
    waiting = (await ocmw.get(f"/v1/subscriptions/{subscription}/deliveries")).json()["items"]
    assert len(waiting) == 4, "a second replay doubles nothing that waits"
    assert (await _run(*place, "replay", "--to", str(new_id())))[0] == 2


async def test_lines_go_on_where_a_killed_replay_stopped(instance: Instance) -> None:
    ocmw = instance.party("ocmw-lindedal")
    dossiers = sorted([await ocmw.open(), await ocmw.open(ssin="00010100204", birthDate="2000-01-01")])
    await instance.pool.execute(
        "INSERT INTO replay_progress (job, xid, position, dossier_id, changed_at) "
        "VALUES ('lines:night', '0', 1, $1, now())",
        dossiers[0],
    )
    place = (instance.services.dsn, instance.data_dir)
    _, out, _ = await _run(*place, "replay", "--job", "night")
    assert [(e["dossierId"], e["sequence"]) for e in map(json.loads, out.splitlines())] == [
        (dossiers[0], 2),
        (dossiers[1], 1),
        (dossiers[1], 2),
    ]
    _, out, _ = await _run(*place, "replay", "--job", "night")
    assert len(out.splitlines()) == 4, "a finished job begins anew"


async def test_hosts_that_webhooks_may_go_to(instance: Instance) -> None:
    place = (instance.services.dsn, instance.data_dir)
    code, out, err = await _run(*place, "hosts", "vdab", "--allow", "Hooks.vdab.example", "--allow", "*.b.example")
    assert (code, out, err) == (0, "*.b.example\nhooks.vdab.example\n", "")
    vdab = instance.party("vdab")
    refused = await vdab.post("/v1/subscriptions", {"url": "https://other.example/"})
    assert refused.status_code == 400
    assert "*.b.example, hooks.vdab.example" in refused.text
    assert (await vdab.post("/v1/subscriptions", {"url": "https://hooks.vdab.example/x"})).status_code == 201
    code, out, _ = await _run(*place, "hosts", "vdab", "--withdraw", "*.b.example")
    assert (code, out) == (0, "hooks.vdab.example\n")
    code, _, err = await _run(*place, "hosts", "vdab", "--allow", "https://x/")
    assert code == 2
    assert "no host name" in err
    assert (await _run(*place, "hosts", "nobody"))[0] == 2


async def test_an_export_is_verified_without_the_service(instance: Instance, tmp_path: Path) -> None:
    ocmw = instance.party("ocmw-lindedal")
    first = await ocmw.open()
    place, file = (instance.services.dsn, instance.data_dir), tmp_path / "record.jsonl"
    code, _, err = await _run(*place, "export", str(file))
    assert code == 0, err
    assert file.stat().st_mode & 0o777 == 0o600
    assert [name.name for name in tmp_path.iterdir() if name.name.startswith(".record")] == []
    assert (await _run(*place, "export", str(file)))[0] == 2, "it is there already"
    # Offline: neither a database nor a directory with keys.
    nowhere = ("postgresql://nobody@127.0.0.1:1/none", tmp_path / "none")
    code, out, _ = await _run(*nowhere, "verify", str(file))
    assert (code, out) == (0, "ok: 2 events of 1 dossiers, 2 of them in the log, 1 checkpoints\n")
    kept = (await ocmw.get("/v1/checkpoints/latest")).json()
    note = tmp_path / "kept"
    note.write_text(kept["note"], "utf-8")
    trusting = ("--key", kept["verifierKey"], "--trusted-checkpoint", str(note))
    assert (await _run(*nowhere, "verify", str(file), *trusting))[0] == 0

    lines = file.read_text("utf-8").splitlines()
    cut = tmp_path / "cut.jsonl"
    cut.write_text("\n".join([*lines[:2], *lines[3:-1], lines[-1].replace("2", "1")]), "utf-8")
    code, out, _ = await _run(*nowhere, "verify", str(cut), *trusting, "--earlier", str(file))
    assert code == 4
    assert f"truncated: dossier {first}: event 2: it was exported before and is not there now" in out
    changed = tmp_path / "changed.jsonl"
    changed.write_text("\n".join([lines[0], lines[1].replace('"sequence":1', '"sequence":7'), *lines[2:]]), "utf-8")
    code, out, _ = await _run(*nowhere, "verify", str(changed))
    assert code == 3
    assert f"tampered: dossier {first}: event 7" in out
    code, _, err = await _run(*nowhere, "verify", str(note))
    assert (code, "line 1 is none of an export" in err) == (1, True)


async def test_a_worker_gives_its_own_figures(instance: Instance) -> None:
    """The API's `/metrics` knows nothing of deliveries: another process makes them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "HANDOVER_DATABASE_URL": instance.services.dsn,
        "HANDOVER_DATA_DIR": str(instance.data_dir),
        "HANDOVER_WORKER_METRICS_PORT": str(port),
        "HANDOVER_LOG_LEVEL": "error",
    }
    worker = await asyncio.create_subprocess_exec(PROGRAM, "work", env=env)

    async def told() -> str:
        try:
            return (await instance.http.get(f"http://127.0.0.1:{port}/metrics")).text
        except httpx.TransportError:
            return ""

    try:
        figures = await eventually(told, seconds=30)
        assert "handover_delivery_waiting" in figures
        assert "handover_adapter_runs" in figures
        other = await asyncio.create_subprocess_exec(PROGRAM, "work", env=env, stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(other.communicate(), 30)
        assert (other.returncode, b"HANDOVER_WORKER_METRICS_PORT" in said) == (2, True)
    finally:
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 30) == 0
