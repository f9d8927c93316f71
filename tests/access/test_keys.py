"""Keys of issuers: read once for all who wait, renewed, withdrawn; and tokens that are remembered, not for ever."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from handover.access import key_sets, tokens
from handover.access.compact import verify
from handover.access.denials import ExpiredToken, InvalidToken, KeysUnavailable
from handover.access.tokens import Issuer, Keys, Tokens
from handover.domain.codes import OrganisationKind
from handover.domain.parties import Directory, Organisation

DIRECTORY = Directory(
    organisations={
        "vdab": Organisation(
            organisation_id="vdab", kind=OrganisationKind.VDAB, enterprise_number="0887010362", name="VDAB"
        )
    }
)
NAME = "https://issuer.example"


class Provider:
    """A real identity provider's key set on a real address, which counts who asks."""

    def __init__(self) -> None:
        self.document: Any = {"keys": []}
        self.asked = 0
        self.status = 200
        self.url = ""

    def publish(self, *keys: ECKey | RSAKey | OKPKey) -> None:
        self.document = {"keys": [key.as_dict(private=False) for key in keys]}

    async def answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(0.05)
        return web.Response(status=self.status, text=json.dumps(self.document), content_type="application/json")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found = Provider()
    application = web.Application()
    application.router.add_get("/", found.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield found
    await runner.cleanup()


def key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": name, "use": "sig", "alg": "ES256"})


def token(by: ECKey | RSAKey | OKPKey, *, alg: str = "ES256", **changes: object) -> str:
    claims = {
        "iss": NAME,
        "aud": "handover",
        "sub": "x",
        "client_id": "software",
        "jti": "1",
        "iat": int(time.time()),
        "exp": int(time.time()) + 3600,
        "scope": "dossier:read",
        "organisation": "vdab",
    }
    return jwt.encode({"alg": alg, "typ": "at+jwt", "kid": by.kid}, claims | changes, by, algorithms=[alg])


def checking(keys: Keys, now: Any = lambda: datetime.now(UTC)) -> Tokens:  # noqa: ANN401 - a clock
    return Tokens([Issuer(NAME, "handover", keys)], lambda: DIRECTORY, now)


async def accepts(found: Tokens, given: str) -> bool:
    return (await found.holder(given)).organisation.organisation_id == "vdab"


async def test_twenty_first_callers_wait_for_one_reading(provider: Provider) -> None:
    own = key("a")
    provider.publish(own)
    found = checking(Keys(url=provider.url))
    callers = await asyncio.gather(*(found.holder(token(own, jti=str(n))) for n in range(20)))
    assert {caller.organisation.organisation_id for caller in callers} == {"vdab"}
    assert provider.asked == 1


async def test_unknown_keys_do_not_make_us_ask_again_and_again(provider: Provider) -> None:
    own = key("a")
    provider.publish(own)
    found = checking(Keys(url=provider.url))
    await found.holder(token(own))
    for n in range(30):
        with pytest.raises(InvalidToken):
            await found.holder(token(key(f"stranger-{n}")))
    assert provider.asked == 1
    assert await accepts(found, token(own, jti="later"))


async def test_a_new_key_is_found(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = key("a"), key("b")
    provider.publish(old)
    found = checking(Keys(url=provider.url))
    await found.holder(token(old))
    provider.publish(old, new)
    with pytest.raises(InvalidToken):
        await found.holder(token(new))
    monkeypatch.setattr(key_sets, "COOLDOWN_SECONDS", 0.0)
    assert await accepts(found, token(new))
    assert await accepts(found, token(old, jti="later"))


async def test_a_key_that_was_not_there_is_not_asked_for_again_at_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "COOLDOWN_SECONDS", 0.0)
    old, new = key("a"), key("b")
    provider.publish(old)
    found = checking(Keys(url=provider.url))
    await found.holder(token(old))
    for n in range(20):
        with pytest.raises(InvalidToken):
            await found.holder(token(new, jti=str(n)))
    assert provider.asked == 2
    provider.publish(old, new)
    with pytest.raises(InvalidToken):
        await found.holder(token(key("c")))
    assert provider.asked == 3, "another one is asked for"
    assert await accepts(found, token(new)), "and what came with it counts at once"


async def test_a_token_that_was_refused_costs_no_second_look(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = key("a")
    provider.publish(own)
    found, looks = checking(Keys(url=provider.url)), 0

    def counted(*given: Any) -> None:  # noqa: ANN401 - what `verify` takes
        nonlocal looks
        looks += 1
        verify(*given)

    monkeypatch.setattr(tokens, "verify", counted)
    forged, expired = token(key("a")), token(own, exp=int(time.time()) - 60)
    for _ in range(20):
        with pytest.raises(InvalidToken):
            await found.holder(forged)
        with pytest.raises(ExpiredToken):
            await found.holder(expired)
    assert looks == 2
    assert provider.asked == 1


async def test_a_key_serves_for_what_it_is_meant(provider: Provider) -> None:
    """A key for encryption checks no signature, and one for RS256 none of PS256."""
    sealing = ECKey.generate_key("P-256", parameters={"kid": "enc", "use": "enc"})
    rsa = RSAKey.generate_key(2048, parameters={"kid": "rsa", "alg": "RS256"})
    okp = OKPKey.generate_key("Ed25519", parameters={"kid": "okp", "alg": "Ed25519"})
    provider.publish(sealing, rsa, okp)
    found = checking(Keys(url=provider.url))
    signing = ECKey.import_key({n: v for n, v in sealing.as_dict(private=True).items() if n != "use"})
    any_rsa = RSAKey.import_key({n: v for n, v in rsa.as_dict(private=True).items() if n != "alg"})
    for wrong in (token(signing), token(any_rsa, alg="PS256")):
        with pytest.raises(InvalidToken):
            await found.holder(wrong)
    assert await accepts(found, token(any_rsa, alg="RS256"))
    assert await accepts(found, token(okp, alg="Ed25519"))


async def test_a_withdrawn_key_stops_counting(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tokens that were checked before as well."""
    monkeypatch.setattr(key_sets, "COOLDOWN_SECONDS", 0.0)
    monkeypatch.setattr(key_sets, "KEYS_SECONDS", 0.2)
    old, new = key("a"), key("b")
    provider.publish(old)
    found = checking(Keys(url=provider.url))
    kept = token(old)
    assert await accepts(found, kept)
    provider.publish(new)
    assert await accepts(found, kept)
    await asyncio.sleep(0.3)
    with pytest.raises(InvalidToken):
        await found.holder(kept)
    assert await accepts(found, token(new))


async def test_an_issuer_that_is_away_keeps_its_last_keys(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "COOLDOWN_SECONDS", 0.0)
    monkeypatch.setattr(key_sets, "KEYS_SECONDS", 0.1)
    own = key("a")
    provider.publish(own)
    found = checking(Keys(url=provider.url))
    await found.holder(token(own))
    asked, provider.status = provider.asked, 503
    await asyncio.sleep(0.2)
    assert await accepts(found, token(own, jti="later"))
    assert provider.asked > asked, "it was asked, and did not answer"


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"keys": []}, {"keys": 5}, {"keys": [None, 5, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"}]}],
    ids=str,
)
async def test_key_sets_that_hold_no_key(provider: Provider, document: object) -> None:
    """Not the caller's fault: 503, not 401, so that nobody throws a good token away."""
    provider.document = document
    with pytest.raises(KeysUnavailable) as raised:
        await checking(Keys(url=provider.url)).holder(token(key("a")))
    assert raised.value.status == 503
    assert provider.asked == 1


async def test_an_address_where_nobody_is_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    for keys in (Keys(url="http://127.0.0.1:9/"), Keys(file=tmp_path / "missing.json")):
        with pytest.raises(KeysUnavailable):
            await checking(keys).holder(token(key("a")))


async def test_one_bad_key_does_not_spoil_the_others(provider: Provider) -> None:
    own = key("a")
    provider.publish(own)
    provider.document["keys"][:0] = [{"kty": "AKP", "kid": "pq"}, {"kty": "EC", "crv": "P-999", "kid": "x"}, None]
    assert await accepts(checking(Keys(url=provider.url)), token(own))


async def test_algorithms_of_other_keys(provider: Provider) -> None:
    rsa = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
    okp = OKPKey.generate_key("Ed25519", parameters={"kid": "okp"})
    provider.publish(rsa, okp)
    found = checking(Keys(url=provider.url))
    for by, alg in ((rsa, "RS256"), (rsa, "PS256"), (okp, "Ed25519")):
        assert await accepts(found, token(by, alg=alg))
    for by, alg in ((rsa, "RS512"), (rsa, "PS384")):
        with pytest.raises(InvalidToken):
            await found.holder(token(by, alg=alg))


async def test_a_secret_among_the_keys_is_never_used(provider: Provider) -> None:
    secret = OctKey.import_key("s" * 32, parameters={"kid": "secret"})
    provider.document = {"keys": [secret.as_dict(private=True)]}
    now = int(time.time())
    claims = {"iss": NAME, "aud": "handover", "client_id": "x", "sub": "x", "jti": "1", "iat": now, "exp": now + 60}
    claims["organisation"] = "vdab"
    forged = jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": "secret"}, claims, secret, algorithms=["HS256"])
    with pytest.raises(InvalidToken):
        await checking(Keys(url=provider.url)).holder(forged)


async def test_a_remembered_token_expires(provider: Provider) -> None:
    own = key("a")
    provider.publish(own)
    moment = datetime.now(UTC)
    found = checking(Keys(url=provider.url), lambda: moment)
    kept = token(own, exp=int(moment.timestamp()) + 60)
    assert await accepts(found, kept)
    moment += timedelta(seconds=89)
    assert await accepts(found, kept), "clocks differ by up to half a minute"
    moment += timedelta(seconds=2)
    for _ in range(3):
        with pytest.raises(ExpiredToken):
            await found.holder(kept)


async def test_what_is_remembered_is_bounded(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_KEPT_TOKENS", 5)
    own = key("a")
    provider.publish(own)
    found = checking(Keys(url=provider.url))
    for n in range(12):
        await found.holder(token(own, jti=str(n)))
    assert len(found._known) == 5  # noqa: SLF001 - nothing else shows it


async def test_an_issuer_speaks_for_itself_only(provider: Provider, tmp_path: Path) -> None:
    """A key of one issuer signs nothing in the name of another, though both keys have the same name."""
    one, other, second = key("a"), key("a"), "https://other.example"
    provider.publish(one)
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"keys": [other.as_dict(private=False)]}))
    found = Tokens(
        [Issuer(NAME, "handover", Keys(url=provider.url)), Issuer(second, "handover", Keys(file=file))],
        lambda: DIRECTORY,
        lambda: datetime.now(UTC),
    )
    assert await accepts(found, token(one))
    assert await accepts(found, token(other, iss=second))
    for wrong in (token(other), token(one, iss=second), token(one, iss="https://third.example")):
        with pytest.raises(InvalidToken):
            await found.holder(wrong)
