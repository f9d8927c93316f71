"""Tokens that an honest provider never makes, signed by a provider of our own on loopback: none counts."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

from handover.access.id_tokens import LOGOUT_EVENT, NotForUs, TokenCheck
from handover.access.provider import Provider, ProviderAway

CLIENT, NONCE = "handover", "n-0S6_WzA2Mj"


@dataclass
class Hostile:
    """A provider whose key we hold; `said` is its metadata."""

    issuer: str
    key: ECKey
    said: dict[str, object]

    def check(self) -> TokenCheck:
        return TokenCheck(Provider(self.issuer), CLIENT)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = None) -> str:  # noqa: ANN401
        head = {"alg": "ES256", "kid": "one", "typ": "JWT"} | (header or {})
        return jwt.encode(head, claims, key or self.key, algorithms=[head["alg"]])

    def id_claims(self, **changes: object) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "s", "exp": now + 60, "iat": now, "nonce": NONCE}
        return _without_none(claims | changes)

    def logout_claims(self, **changes: object) -> dict[str, Any]:
        claims = self.id_claims(nonce=None, events={LOGOUT_EVENT: {}}, jti="j", sid="sess")
        return _without_none(claims | changes)


def _without_none(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


@pytest.fixture(scope="module")
async def hostile() -> AsyncIterator[Hostile]:
    key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
    app = web.Application()
    runner = web.AppRunner(app)
    found = Hostile("", key, {})

    async def metadata(_request: web.Request) -> web.Response:
        return web.json_response(found.said)

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False)]})

    app.router.add_get("/.well-known/openid-configuration", metadata)
    app.router.add_get("/jwks", keys)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    found.said = {
        "issuer": found.issuer,
        "authorization_endpoint": f"{found.issuer}/auth",
        "token_endpoint": f"{found.issuer}/token",
        "jwks_uri": f"{found.issuer}/jwks",
    }
    yield found
    await runner.cleanup()


def _now() -> datetime:
    return datetime.now(UTC)


async def test_an_honest_id_token_counts(hostile: Hostile) -> None:
    for changes in ({}, {"aud": [CLIENT]}, {"aud": [CLIENT, "other"], "azp": CLIENT}, {"azp": CLIENT}):
        token = hostile.sign(hostile.id_claims(**changes))
        assert (await hostile.check().id_token(token, nonce=NONCE, now=_now()))["sub"] == "s"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"azp": "other"},
        {"azp": None, "aud": {"x": CLIENT}},
        {"exp": 1},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"nonce": None},
        {"nonce": "another"},
        {"nonce": ""},
        {"nonce": [NONCE]},
        {"nonce": "é"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
)
async def test_an_id_token_with_a_claim_that_does_not_fit(hostile: Hostile, changes: dict[str, Any]) -> None:
    token = hostile.sign(hostile.id_claims(**changes))
    with pytest.raises(NotForUs):
        await hostile.check().id_token(token, nonce=NONCE, now=_now())


async def test_an_id_token_that_is_not_signed_as_it_should(hostile: Hostile) -> None:
    claims, check = hostile.id_claims(), hostile.check()
    honest = hostile.sign(claims)
    head, body, mac = honest.split(".")
    by_secret = urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').rstrip(b"=").decode()
    public = hostile.key.as_pem(private=False)
    made = hmac.digest(public, f"{by_secret}.{body}".encode(), "sha256")
    other = ECKey.generate_key("P-256", {"kid": "one"})
    tokens = {
        "another key": hostile.sign(claims, key=other),
        "public key as secret": f"{by_secret}.{body}.{urlsafe_b64encode(made).rstrip(b'=').decode()}",
        "unsigned": f"{head}.{body}.",
        "alg none": f"eyJhbGciOiJub25lIn0.{body}.",
        "changed": f"{head}.{body[:-2]}AA.{mac}",
        "logout token": hostile.sign(claims, {"typ": "logout+jwt"}),
        "access token": hostile.sign(claims, {"typ": "at+jwt"}),
        "unknown kid": hostile.sign(claims, {"kid": "two"}),
        "too long": honest + "A" * 20_000,
        "two parts": f"{head}.{body}",
        "no token": "",
        "no base64": "é.é.é",
        "no object": "W10.W10.W10",
        "deep": "W1tbW1tbW1tbW1s" * 500 + "..",
    }
    for name, token in tokens.items():
        with pytest.raises(NotForUs) as refused:
            await check.id_token(token, nonce=NONCE, now=_now())
        assert token not in str(refused.value) or not token, name
    print(f"\n{len(tokens)} forged id tokens refused")  # noqa: T201 - the figure


async def test_an_honest_logout_token_says_which_session(hostile: Hostile) -> None:
    token = hostile.sign(hostile.logout_claims(), {"typ": "logout+jwt"})
    said = await hostile.check().logout_token(token, now=_now())
    assert (said.subject, said.session) == ("s", "sess")
    only = await hostile.check().logout_token(hostile.sign(hostile.logout_claims(sid=None)), now=_now())
    assert (only.subject, only.session) == ("s", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": NONCE},
        {"events": None},
        {"events": []},
        {"events": {}},
        {"events": {LOGOUT_EVENT: "yes"}},
        {"sub": None, "sid": None},
        {"sid": 7},
        {"jti": None},
        {"iss": "https://another.example"},
        {"aud": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
    ],
)
async def test_a_logout_token_that_does_not_fit(hostile: Hostile, changes: dict[str, Any]) -> None:
    with pytest.raises(NotForUs):
        await hostile.check().logout_token(hostile.sign(hostile.logout_claims(**changes)), now=_now())


async def test_an_id_token_ends_no_session(hostile: Hostile) -> None:
    with pytest.raises(NotForUs):
        await hostile.check().logout_token(hostile.sign(hostile.id_claims()), now=_now())


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://another.example"},
        {"jwks_uri": ""},
        {"token_endpoint": "http://192.0.2.7/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "http://other.example/end"},
        {"token_endpoint": 7},
    ],
)
async def test_metadata_that_lead_astray_are_not_taken(hostile: Hostile, changes: dict[str, object]) -> None:
    before = dict(hostile.said)
    hostile.said = before | changes
    try:
        with pytest.raises(ProviderAway):
            await Provider(hostile.issuer).metadata()
    finally:
        hostile.said = before
