"""The JWT matrix: whatever is wrong with a token, it is refused with the right problem, and never a fault of ours."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from tests.instance import Instance
from tests.web.support import BELGIF, NOBODY, problem

from handover.access import demonstration

PATH = "/v1/dossiers"
Forge = Callable[[Instance], str]
Claims = dict[str, Any]


def key_of(instance: Instance) -> ECKey:
    private, _ = demonstration.key_files(instance.data_dir)
    return ECKey.import_key(json.loads(private.read_text("ascii")))


def claims(**changes: object) -> Claims:
    now = int(time.time())
    standard: Claims = {
        "iss": demonstration.ISSUER,
        "aud": demonstration.AUDIENCE,
        "sub": "ocmw-lindedal",
        "client_id": "software",
        "jti": "one-of-the-test",
        "iat": now,
        "exp": now + 600,
        "scope": "dossier:read dossier:write subscription:manage",
        "organisation": "ocmw-lindedal",
    }
    merged = standard | changes
    return {name: merged[name] for name in merged if name not in changes or changes[name] is not ...}


def signed(changes: Claims | None = None, header: Claims | None = None) -> Forge:
    """A token that the demonstration issuer's own key signs, with changes."""

    def forge(instance: Instance) -> str:
        key = key_of(instance)
        head: Claims = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not ...}
        return jws.serialize_compact(head, json.dumps(claims(**(changes or {}))).encode(), key)

    return forge


def raw(payload: bytes) -> Forge:
    """A token signed over these very bytes."""

    def forge(instance: Instance) -> str:
        key = key_of(instance)
        return jws.serialize_compact({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, payload, key)

    return forge


def b64(part: bytes | Claims) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(algorithm: str) -> Forge:
    return lambda instance: f"{b64({'alg': algorithm, 'typ': 'at+jwt', 'kid': key_of(instance).kid})}.{b64(claims())}."


def with_public_key_as_secret(instance: Instance) -> str:
    """The classic confusion: the public key, which everyone has, used as the secret of an HMAC."""
    key = key_of(instance)
    text = f"{b64({'alg': 'HS256', 'typ': 'at+jwt', 'kid': key.kid})}.{b64(claims())}"
    return f"{text}.{b64(hmac.digest(key.as_pem(private=False), text.encode(), 'sha256'))}"


def by_a_stranger(instance: Instance) -> str:
    """Right in everything but the key."""
    stranger = ECKey.generate_key("P-256", parameters={"kid": str(key_of(instance).kid)})
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": stranger.kid}, claims(), stranger)


def with_its_own_key(instance: Instance) -> str:
    """A token that brings the key to check it with (RFC 7515, `jwk`)."""
    del instance
    stranger = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "typ": "at+jwt", "jwk": stranger.as_dict(private=False)}
    return jwt.encode(header, claims(), stranger)


def of_another_kind_of_key(instance: Instance) -> str:
    stranger = RSAKey.generate_key(2048, parameters={"kid": str(key_of(instance).kid)})
    return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": stranger.kid}, claims(), stranger)


def changed(part: int, change: Callable[[str], str]) -> Forge:
    """A good token with one of its parts changed."""

    def forge(instance: Instance) -> str:
        parts = signed()(instance).split(".")
        parts[part] = change(parts[part])
        return ".".join(parts)

    return forge


def _elsewhere(payload: str) -> str:
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return b64(found | {"organisation": "vdab"})


def _flipped(signature: str) -> str:
    return ("A" if signature[0] != "A" else "B") + signature[1:]


def literal(token: str) -> Forge:
    return lambda _: token


NOW = int(time.time())
INVALID: dict[str, Forge] = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg NONE": unsigned("NONE"),
    "alg missing": lambda i: f"{b64({'typ': 'at+jwt', 'kid': key_of(i).kid})}.{b64(claims())}.{b64(b'x' * 64)}",
    "alg a list": lambda i: f"{b64({'alg': ['ES256'], 'typ': 'at+jwt', 'kid': key_of(i).kid})}.{b64(claims())}.eA",
    "alg a number": lambda i: f"{b64({'alg': 5, 'typ': 'at+jwt', 'kid': key_of(i).kid})}.{b64(claims())}.eA",
    "HS256 with the public key": with_public_key_as_secret,
    "another key under the same name": by_a_stranger,
    "a key of its own": with_its_own_key,
    "an RSA key under the same name": of_another_kind_of_key,
    "wrong iss": signed({"iss": "https://elsewhere.example"}),
    "iss missing": signed({"iss": ...}),
    "iss a list": signed({"iss": [demonstration.ISSUER]}),
    "wrong aud": signed({"aud": "elsewhere"}),
    "aud missing": signed({"aud": ...}),
    "aud null": signed({"aud": None}),
    "aud empty": signed({"aud": []}),
    "aud nearly": signed({"aud": ["handover2", "hand", ["handover"]]}),
    "aud an object": signed({"aud": {"handover": 1}}),
    "typ JWT": signed(header={"typ": "JWT"}),
    "typ missing": signed(header={"typ": ...}),
    "typ id_token": signed(header={"typ": "id+jwt"}),
    "kid unknown": signed(header={"kid": "another"}),
    "kid a path": signed(header={"kid": "../../../dev/null"}),
    "crit unknown": changed(
        0, lambda _: b64({"alg": "ES256", "typ": "at+jwt", "kid": "demonstration-1", "crit": ["x"], "x": 1})
    ),
    "exp missing": signed({"exp": ...}),
    "exp null": signed({"exp": None}),
    "exp text": signed({"exp": str(NOW + 600)}),
    "exp true": signed({"exp": True}),
    "exp a list": signed({"exp": [NOW + 600]}),
    "exp huge": signed({"exp": 10**400}),
    "exp huge fraction": raw(json.dumps(claims()).replace(f'"exp": {claims()["exp"]}', '"exp": 1e400').encode()),
    "exp NaN": signed({"exp": float("nan")}),
    "exp Infinity": signed({"exp": float("inf")}),
    "exp -Infinity": signed({"exp": float("-inf")}),
    "exp in milliseconds": signed({"exp": (NOW + 600) * 1000}),
    "exp negative": signed({"exp": -1}),
    "nbf in the future": signed({"nbf": NOW + 600}),
    "nbf text": signed({"nbf": "0"}),
    "nbf NaN": signed({"nbf": float("nan")}),
    "nbf true": signed({"nbf": True}),
    "nbf huge": signed({"nbf": 10**400}),
    "payload tampered": changed(1, _elsewhere),
    "header tampered": changed(0, lambda _: b64({"alg": "ES384", "typ": "at+jwt", "kid": "demonstration-1"})),
    "signature flipped": changed(2, _flipped),
    "signature cut": changed(2, lambda s: s[:-8]),
    "signature empty": changed(2, lambda _: ""),
    "signature zero": changed(2, lambda _: b64(bytes(64))),
    "signature too long": changed(2, lambda s: s * 50),
    "payload empty": changed(1, lambda _: ""),
    "payload a list": raw(b"[]"),
    "payload a text": raw(b'"x"'),
    "payload no JSON": raw(b"{"),
    "payload not UTF-8": raw(b'{"iss":"\xff"}'),
    "payload nested deep": raw(b'{"iss":' + b"[" * 2500 + b"]" * 2500 + b"}"),
    "payload nested to the limit": raw(
        b'{"iss":"' + demonstration.ISSUER.encode() + b'","x":' + b"[" * 900 + b"]" * 900 + b"}"
    ),
    "organisation unknown": signed({"organisation": "ocmw-nergens"}),
    "organisation missing": signed({"organisation": ...}),
    "organisation empty": signed({"organisation": ""}),
    "organisation a list": signed({"organisation": ["ocmw-lindedal"]}),
    "organisation by a wrong number": signed({"organisation": "0884303370"}),
    "counsellor of another": signed({"counsellor": "vdab.bemiddelaar-1"}),
    "counsellor unknown": signed({"counsellor": "ocmw-lindedal.niemand"}),
    "counsellor a number": signed({"counsellor": 5}),
    "counsellor null": signed({"counsellor": None}),
    "client_id missing": signed({"client_id": ...}),
    "client_id a number": signed({"client_id": 5}),
    "client_id a lone surrogate": signed({"client_id": "\ud800"}),
    "client_id with NUL": signed({"client_id": "a\x00b"}),
    "scope a list": signed({"scope": ["dossier:read"]}),
    "oversize": signed({"filler": "x" * 9000}),
    "two dots only": literal(".."),
    "one dot": literal("a.b"),
    "three dots": literal("a.b.c.d"),
    "five parts": literal("a.b.c.d.e"),
    "no dot": literal("opaque0token0without0dots"),
    "no base64": literal("!!!.???.***"),
    "half a character": literal("a.a.a"),
    "not ASCII": literal("é.é.é"),
    "blanks inside": literal("a b.c d.e f"),
}


async def ask(instance: Instance, token: str, path: str = PATH) -> httpx.Response:
    headers = {b"Authorization": f"Bearer {token}".encode("latin-1", "replace")}
    return await instance.http.get(path, headers=headers)


async def test_the_token_that_all_others_are_changed_from_is_good(shared: Instance) -> None:
    for good in (
        signed(),
        signed(header={"typ": "application/at+jwt"}),
        signed(header={"typ": "AT+JWT"}),
        signed({"aud": ["elsewhere", "handover"]}),
        signed({"exp": NOW + 600.5, "nbf": NOW}),
        signed({"organisation": "0123456749"}),
        signed({"counsellor": "ocmw-lindedal.trajectbegeleider-1", "roles": ["coordinator"]}),
    ):
        assert (await ask(shared, good(shared))).status_code == 200


@pytest.mark.parametrize("name", INVALID)
async def test_a_token_that_is_not_valid(shared: Instance, name: str) -> None:
    token = INVALID[name](shared)
    for _ in range(2):
        answer = await ask(shared, token)
        problem(answer, 401, f"{BELGIF}invalidAccessToken")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert token not in answer.text


@pytest.mark.parametrize(
    "path", [PATH, "/v1/inbox", "/v1/events", "/v1/subscriptions", f"{PATH}/{NOBODY}", "/v1/refData"]
)
async def test_no_token(shared: Instance, path: str) -> None:
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}):
        answer = await shared.http.get(path, headers=headers)
        problem(answer, 401, f"{BELGIF}noAccessToken")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("age", [31, 600, 10**9])
async def test_an_expired_token(shared: Instance, age: int) -> None:
    token = signed({"exp": int(time.time()) - age})(shared)
    for _ in range(2):
        problem(await ask(shared, token), 401, f"{BELGIF}expiredAccessToken")


async def test_an_expired_token_with_a_wrong_signature_is_not_called_expired(shared: Instance) -> None:
    """Nobody learns what a token that we did not check would have said."""
    parts = signed({"exp": 1000})(shared).split(".")
    problem(await ask(shared, ".".join([*parts[:2], _flipped(parts[2])])), 401, f"{BELGIF}invalidAccessToken")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/dossiers", "dossier:read"),
        ("POST", "/v1/dossiers", "dossier:write"),
        ("POST", "/v1/dossiers/search", "dossier:read"),
        ("POST", "/v1/identifications/search", "dossier:read"),
        ("GET", f"/v1/dossiers/{NOBODY}", "dossier:read"),
        ("GET", f"/v1/dossiers/{NOBODY}/threads", "dossier:read"),
        ("GET", f"/v1/dossiers/{NOBODY}/events", "dossier:read"),
        ("GET", f"/v1/dossiers/{NOBODY}/events/{NOBODY}/toeleiding", "dossier:read"),
        ("POST", f"/v1/dossiers/{NOBODY}/events", "dossier:write"),
        ("POST", f"/v1/dossiers/{NOBODY}/numberReplacement", "dossier:write"),
        ("POST", f"/v1/dossiers/{NOBODY}/merge", "dossier:write"),
        ("GET", f"/v1/dossiers/{NOBODY}/events/{NOBODY}", "dossier:read"),
        ("POST", f"/v1/dossiers/{NOBODY}/breakGlass", "dossier:read"),
        ("GET", f"/v1/dossiers/{NOBODY}/accessLog", "dossier:read"),
        ("GET", "/v1/breakGlass", "dossier:read"),
        ("GET", "/v1/accessLog", "dossier:read"),
        ("GET", "/v1/accessLog/signals", "dossier:read"),
        ("GET", "/v1/events", "dossier:read"),
        ("GET", "/v1/inbox", "dossier:read"),
        ("POST", "/v1/inbox/seen", "dossier:read"),
        ("GET", "/v1/inbox/stream", "dossier:read"),
        ("GET", "/v1/events/stream", "dossier:read"),
        ("GET", "/v1/subscriptions", "subscription:manage"),
        ("POST", "/v1/subscriptions", "subscription:manage"),
        ("GET", f"/v1/subscriptions/{NOBODY}", "subscription:manage"),
        ("PATCH", f"/v1/subscriptions/{NOBODY}", "subscription:manage"),
        ("DELETE", f"/v1/subscriptions/{NOBODY}", "subscription:manage"),
        ("POST", f"/v1/subscriptions/{NOBODY}/test", "subscription:manage"),
        ("POST", f"/v1/subscriptions/{NOBODY}/rotateSecret", "subscription:manage"),
        ("POST", f"/v1/subscriptions/{NOBODY}/resend", "subscription:manage"),
        ("POST", f"/v1/subscriptions/{NOBODY}/skip", "subscription:manage"),
        ("POST", f"/v1/subscriptions/{NOBODY}/replay", "subscription:manage"),
        ("GET", f"/v1/subscriptions/{NOBODY}/replays", "subscription:manage"),
        ("GET", f"/v1/subscriptions/{NOBODY}/replays/{NOBODY}", "subscription:manage"),
        ("GET", f"/v1/subscriptions/{NOBODY}/deliveries", "subscription:manage"),
        ("GET", "/v1/checkpoints/latest", "dossier:read"),
        ("GET", "/v1/checkpoints/1", "dossier:read"),
        ("GET", "/v1/checkpoints/1/growth?since=1", "dossier:read"),
        ("GET", f"/v1/dossiers/{NOBODY}/events/{NOBODY}/receipt", "dossier:read"),
        ("GET", "/v1/agreements", "dossier:read"),
        ("POST", "/v1/agreements", "agreement:manage"),
        ("GET", f"/v1/agreements/{NOBODY}", "dossier:read"),
        ("PUT", f"/v1/agreements/{NOBODY}", "agreement:manage"),
        ("GET", "/v1/refData/answerTimes", "dossier:read"),
        ("GET", "/v1/refData/trainingGuide", "dossier:read"),
        ("GET", "/v1/offers", "dossier:read"),
        ("POST", "/v1/offers", "offer:manage"),
        ("GET", f"/v1/offers/{NOBODY}", "dossier:read"),
        ("PUT", f"/v1/offers/{NOBODY}", "offer:manage"),
        ("DELETE", f"/v1/offers/{NOBODY}", "offer:manage"),
        ("GET", "/v1/organisations", "dossier:read"),
        ("GET", "/v1/organisations/vdab", "dossier:read"),
        ("GET", "/v1/organisations/vdab/counsellors", "dossier:read"),
        ("GET", "/v1/organisations/vdab/counsellors/vdab.coordinator", "dossier:read"),
        ("GET", "/v1/refData", "dossier:read"),
        ("GET", "/v1/refData/eventTypes", "dossier:read"),
        ("GET", "/v1/refData/legalBases", "dossier:read"),
        ("GET", "/v1/refData/rejectionReasons", "dossier:read"),
    ],
)
async def test_a_missing_scope(shared: Instance, method: str, path: str, scope: str) -> None:
    """Every operation, with every other scope: 403 names what is needed. Without a token: 401."""
    others = set(demonstration.SCOPES) - {scope}
    for held in (" ".join(sorted(others)), "", f"{scope}x", scope.upper(), scope.replace(":", ".")):
        headers = {"Authorization": f"Bearer {signed({'scope': held})(shared)}", "Content-Type": "application/json"}
        answer = await shared.http.request(method, path, headers=headers, content=b"{}" if method != "GET" else b"")
        found = problem(answer, 403, f"{BELGIF}missingScope")
        assert found["requiredScopes"] == [scope]
    problem(await shared.http.request(method, path), 401, f"{BELGIF}noAccessToken")


OPEN: Final = {"/v1/context.jsonld", "/v1/profile"}
"""Read by software that knows no token: what our names mean."""
SIGNED: Final = {"/v1/inbound/vdab"}
"""Let in by a signature, and not by a token."""


async def test_every_operation_is_in_the_scope_table(shared: Instance) -> None:
    """An operation that is added must be added above as well."""
    description = (await shared.http.get("/doc/openapi.json")).json()
    marks = test_a_missing_scope.pytestmark  # type: ignore[attr-defined]
    rows = {(method, path.partition("?")[0]): scope for method, path, scope in marks[0].args[1]}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/v1/") or path in OPEN | SIGNED:
                continue
            pieces = path.split("/")
            found = [
                row
                for row in rows
                if row[0] == method.upper()
                and len(row[1].split("/")) == len(pieces)
                and all(a == b or a.startswith("{") for a, b in zip(pieces, row[1].split("/"), strict=True))
            ]
            assert found, f"{method} {path}"
            scopes = operation["security"][0]["accessToken"]
            assert any([rows[row]] == scopes for row in found), path


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    private, public = demonstration.key_files(tmp_path)
    assert private.stat().st_mode & 0o777 == 0o600
    assert "d" not in json.loads(public.read_text("ascii"))["keys"][0]
    assert demonstration.key_files(tmp_path) == (private, public)
