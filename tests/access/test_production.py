"""Production: it does not start half-configured, says what is missing, and knows no demonstration issuer."""

import asyncio
import base64
import contextlib
import json
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.instance import eventually
from tests.web.support import BELGIF, problem

from handover.access import demonstration
from handover.cli.seed import seed_directory
from handover.platform.db import with_login
from handover.platform.embedded import SERVICE
from handover.platform.settings import Settings
from handover.wiring import services

KEYS = {
    "HANDOVER_SSIN_KEY": base64.b64encode(bytes(range(32))).decode(),
    "HANDOVER_SEAL_KEY": base64.b64encode(bytes(range(32, 64))).decode(),
    "HANDOVER_LOG_KEY": base64.b64encode(bytes(range(64, 96))).decode(),
}


def environment(tmp_path: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HANDOVER_")}
    return kept | {"HANDOVER_MODE": "production", "HANDOVER_DATA_DIR": str(tmp_path / "data")} | settings


async def ran(*arguments: str, env: dict[str, str], cwd: Path) -> tuple[int, str]:
    """Run the program to its end and give its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "handover",
        *arguments,
        env=env,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, " ".join(said.decode().split())


@pytest.mark.parametrize("command", ["serve", "work", "up"])
async def test_it_does_not_start_without_issuer_and_keys(tmp_path: Path, command: str) -> None:
    code, said = await ran(command, env=environment(tmp_path), cwd=tmp_path)
    assert code == 2, said
    for name in ("HANDOVER_ISSUERS", *KEYS, "HANDOVER_PUBLIC_URL"):
        assert re.search(rf"{name} (is missing|must)", said), f"{name} is not named: {said}"
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists(), "nothing is made before the settings are right"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"HANDOVER_ISSUERS": ""}, "HANDOVER_ISSUERS is missing"),
        ({"HANDOVER_ISSUERS": "{"}, "HANDOVER_ISSUERS is not valid JSON"),
        ({"HANDOVER_ISSUERS": '[{"issuer": "x", "audience": "y"}]'}, "jwksFile or jwksUrl"),
        (
            {"HANDOVER_ISSUERS": '[{"issuer": "x", "audience": "y", "jwksUrl": "http://issuer.example/"}]'},
            "not https",
        ),
        ({"HANDOVER_SEAL_KEY": ""}, "HANDOVER_SEAL_KEY is missing"),
        ({"HANDOVER_SSIN_KEY": "short"}, "HANDOVER_SSIN_KEY"),
        ({"HANDOVER_SEAL_KEY": KEYS["HANDOVER_SSIN_KEY"]}, "are the same"),
        ({"HANDOVER_PUBLIC_URL": "http://handover.example"}, "HANDOVER_PUBLIC_URL"),
        ({"HANDOVER_CLOCK_OFFSET": "3600"}, "HANDOVER_CLOCK_OFFSET"),
    ],
)
async def test_one_thing_missing_is_named(tmp_path: Path, changes: dict[str, str], named: str) -> None:
    good = {
        **KEYS,
        "HANDOVER_ISSUERS": '[{"issuer": "x", "audience": "y", "jwksUrl": "https://issuer.example/keys"}]',
        "HANDOVER_PUBLIC_URL": "https://handover.example",
        "HANDOVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }
    code, said = await ran("serve", env=environment(tmp_path, **(good | changes)), cwd=tmp_path)
    assert code == 2, said
    assert named in said
    assert not any(key in said for key in KEYS.values()), "no key is ever printed"


async def test_a_demonstration_stays_on_this_machine(tmp_path: Path) -> None:
    env = environment(tmp_path, HANDOVER_MODE="demonstration", HANDOVER_HOST="0.0.0.0")
    code, said = await ran("serve", env=env, cwd=tmp_path)
    assert code == 2
    assert "HANDOVER_HOST" in said


@contextlib.asynccontextmanager
async def production(dsn: str, tmp_path: Path, key: ECKey) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """A real production process with an issuer of its own."""
    keys = tmp_path / "issuer.json"
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    issuers = [{"issuer": "https://issuer.example", "audience": "handover", "jwksFile": str(keys)}]
    env = environment(
        tmp_path,
        **KEYS,
        HANDOVER_ISSUERS=json.dumps(issuers),
        HANDOVER_PUBLIC_URL="https://handover.example",
        HANDOVER_DATABASE_URL=with_login(dsn, SERVICE),
        HANDOVER_PORT=str(port),
        HANDOVER_POOL_SIZE="2",
    )
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "handover", "serve", env=env, cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{port}", env
    finally:
        process.terminate()
        async with asyncio.timeout(30):
            await process.wait()


async def test_the_login_that_owns_the_tables_does_not_serve(database: str, tmp_path: Path) -> None:
    """It could step over the wall: only a demonstration may run so."""
    issuers = [{"issuer": "https://issuer.example", "audience": "handover", "jwksUrl": "https://issuer.example/jwks"}]
    env = environment(
        tmp_path,
        **KEYS,
        HANDOVER_ISSUERS=json.dumps(issuers),
        HANDOVER_PUBLIC_URL="https://handover.example",
        HANDOVER_DATABASE_URL=database,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "handover", "serve", env=env, cwd=tmp_path, stdout=-1, stderr=-1
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, b"the role handover is a superuser" in said) == (2, True), said.decode()


async def test_a_demonstration_token_is_worth_nothing_in_production(database: str, tmp_path: Path) -> None:
    async with services(Settings(data_dir=tmp_path / "seed", database_url=database, pool_size=1)) as ready:
        await seed_directory(ready)
    key = ECKey.generate_key("P-256", parameters={"kid": "a"})
    demonstrated = demonstration.issue(tmp_path / "data", organisation="vdab", at=datetime.now(UTC))
    claims = {
        "iss": "https://issuer.example",
        "aud": "handover",
        "sub": "x",
        "client_id": "software",
        "jti": "1",
        "iat": int(time.time()),
        "exp": int(time.time()) + 600,
        "scope": "dossier:read",
        "organisation": "0887010362",
    }
    good = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "a"}, claims, key)
    claimed = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "a"}, claims | {"iss": demonstration.ISSUER}, key)
    async with production(database, tmp_path, key) as (address, env), httpx.AsyncClient(base_url=address) as http:

        async def up() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return (await http.get("/health")).status_code == 200
            return False

        await eventually(up, seconds=30)

        async def ask(token: str) -> httpx.Response:
            return await http.get("/v1/organisations/vdab", headers={"Authorization": f"Bearer {token}"})

        answer = await ask(good)
        assert answer.status_code == 200, answer.text
        assert answer.json()["href"].startswith("https://handover.example/v1/")
        for wrong in (demonstrated, claimed):
            problem(await ask(wrong), 401, f"{BELGIF}invalidAccessToken")
        code, said = await ran("token", "--organisation", "vdab", env=env, cwd=tmp_path)
        assert code == 2
        assert "demonstration mode only" in said
