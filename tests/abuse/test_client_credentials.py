"""Tokens for software, from an issuer that we did not write (npm's `oidc-provider`), while its keys change too."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from handover.access import key_sets
from handover.access.client_credentials import Client, ClientCredentials, TokenUnavailable
from handover.access.compact import read
from tests.instance import Instance, running

_NODE = Path(__file__).parents[1] / "node"
_SECONDS = 3
_RESOURCE = "https://handover.example/api"


@dataclass
class Issuer:
    """The issuer's process, and how our client calls it."""

    client: Client
    http: httpx.AsyncClient

    def credentials(self, **changes: Any) -> ClientCredentials:  # noqa: ANN401 - fields of `Client`
        return ClientCredentials(replace(self.client, **changes), self.http)

    async def step(self, name: str) -> None:
        (await self.http.post(f"{self.client.issuer}/test/{name}")).raise_for_status()

    async def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"{self.client.issuer}/test/counts")).json()
        return found


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = ECKey.generate_key("P-256", parameters={"kid": "client-1", "use": "sig", "alg": "ES256"})
    argument = {
        "port": port,
        "client": "lindedal-software",
        "jwk": key.as_dict(private=False),
        "resource": _RESOURCE,
        "audience": "handover",
        "organisation": "ocmw-lindedal",
        "seconds": _SECONDS,
    }
    process = await asyncio.create_subprocess_exec(
        "node", "token_issuer.mjs", json.dumps(argument), cwd=_NODE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(30):
            while b"ready\n" not in said:
                line = await process.stdout.readline()
                said += line
                assert line, said.decode()
        drained = asyncio.create_task(process.stdout.read())
        address = f"http://127.0.0.1:{port}"
        client = Client(address, f"{address}/token", "lindedal-software", key, scope="dossier:read", resource=_RESOURCE)
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            yield Issuer(client, http)
    finally:
        process.kill()
        await process.wait()
    await drained


@pytest.fixture
async def instance(issuer: Issuer, database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    known = {"issuer": issuer.client.issuer, "audience": "handover", "jwksUrl": f"{issuer.client.issuer}/jwks"}
    async with running(database, tmp_path, work=False, issuers=[known]) as found:
        yield found


async def _ask(instance: Instance, token: str) -> httpx.Response:
    return await instance.http.get("/v1/dossiers", headers={"Authorization": f"Bearer {token}"})


async def test_a_token_is_fetched_once_for_all_who_wait_and_counts_here(issuer: Issuer, instance: Instance) -> None:
    credentials = issuer.credentials()
    tokens = set(await asyncio.gather(*(credentials.token() for _ in range(20))))
    assert len(tokens) == 1
    assert (await issuer.counts())["tokens"] == 1
    (token,) = tokens
    answer = await _ask(instance, token)
    assert answer.status_code == 200, answer.text
    caller = await instance.services.tokens.holder(token)
    assert caller.organisation.organisation_id == "ocmw-lindedal"
    assert caller.actor.application == "lindedal-software"
    assert caller.roles == {"integration"}
    await asyncio.sleep(_SECONDS / 2 + 0.1)
    later = await credentials.token()
    assert later != token, "a token is replaced before it ends"
    assert (await _ask(instance, later)).status_code == 200
    credentials.forget(token)
    assert await credentials.token() == later, "only the one in use is forgotten"
    credentials.forget(later)
    assert await credentials.token() != later
    assert (await issuer.counts())["tokens"] == 3


async def test_the_assertion_is_short_lived_and_counts_once(issuer: Issuer) -> None:
    made = [issuer.client.assertion() for _ in range(2)]
    said = [jwt.decode(one, issuer.client.key, algorithms=["ES256"]).claims for one in made]
    for claims in said:
        assert claims["iss"] == claims["sub"] == "lindedal-software"
        assert claims["aud"] == issuer.client.issuer
        assert 0 < claims["exp"] - claims["iat"] <= 600
    assert said[0]["jti"] != said[1]["jti"]
    body = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": made[0],
        "resource": _RESOURCE,
    }
    first, second = [await issuer.http.post(issuer.client.token_endpoint, data=body) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert second.json()["error"] == "invalid_client"


async def test_what_the_issuer_refuses(issuer: Issuer) -> None:
    stranger = ECKey.generate_key("P-256", parameters={"kid": "client-1"})
    for changes, error in (
        ({"key": stranger}, "invalid_client"),
        ({"client_id": "someone-else"}, "invalid_client"),
        ({"issuer": "https://other.example"}, "invalid_client"),
        ({"resource": "https://other.example/api"}, "invalid_target"),
        ({"token_endpoint": f"{issuer.client.issuer}/nowhere"}, "JSONDecodeError"),
        ({"token_endpoint": "http://127.0.0.1:9/token"}, "ConnectError"),
    ):
        with pytest.raises(TokenUnavailable) as raised:
            await issuer.credentials(**changes).token()
        assert raised.value.error == error, changes
    assert (await issuer.counts())["tokens"] == 0
    with pytest.raises(ValueError, match="https"):
        issuer.credentials(token_endpoint="http://issuer.example/token")


async def test_a_token_for_another_api_does_not_count_here(issuer: Issuer, instance: Instance) -> None:
    """Without a resource the issuer gives an opaque token."""
    token = await issuer.credentials(resource="", scope="").token()
    assert (await _ask(instance, token)).status_code == 401


async def test_its_keys_change_while_requests_run(
    issuer: Issuer, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order that every issuer keeps: publish the new key, sign with it, withdraw the old one."""
    monkeypatch.setattr(key_sets, "COOLDOWN_SECONDS", 0.2)
    credentials, ended, statuses = issuer.credentials(), asyncio.Event(), list[int]()
    signers = set[str]()

    async def follow() -> None:
        while not ended.is_set():
            token = await credentials.token()
            signers.add(read(token).key_id)
            statuses.append((await _ask(instance, token)).status_code)

    following = [asyncio.create_task(follow()) for _ in range(4)]
    await asyncio.sleep(1)
    for step in ("publish", "sign", "withdraw") * 2:
        await issuer.step(step)
        await asyncio.sleep(_SECONDS / 2 + 0.5)
    ended.set()
    await asyncio.gather(*following)
    counts = await issuer.counts()
    print(f"\nkey rotation: {len(statuses)} requests, signed by {sorted(signers)}, JWKS {counts['keys']}")  # noqa: T201
    assert set(statuses) == {200}
    assert signers == {"key-1", "key-2", "key-3"}
    assert counts["keys"] == 3, "the keys are asked for when one is not known, and then once"
