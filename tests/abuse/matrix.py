"""What may be wrong with a token, one thing at a time. Each is made from the issuer's good one."""

import json
import time
from collections.abc import Callable, Iterator

from joserfc.jwk import ECKey, RSAKey

from tests.abuse.issuer import Issuer, Members, b64, unpadded

Spoilt = Callable[[Issuer], str]
NOW = int(time.time())
_STRANGER = ECKey.generate_key("P-256", parameters={"kid": "a"})
_STRANGERS = Issuer(key=_STRANGER, rsa=RSAKey.generate_key(2048, parameters={"kid": "r"}))


def header(**changes: object) -> Spoilt:
    return lambda issuer: issuer.signed(issuer.claims(), issuer.header(**changes))


def claims(**changes: object) -> Spoilt:
    return lambda issuer: issuer.signed(issuer.claims(**changes))


def twice(member: str, *, in_header: bool = False) -> Spoilt:
    """The good member, and before it another of that name."""

    def made(issuer: Issuer) -> str:
        plain = json.dumps(issuer.header() if in_header else issuer.claims())
        doubled = f'{{"{member}": "other", {plain[1:]}'.encode()
        return issuer.signed(issuer.claims(), doubled) if in_header else issuer.signed(doubled)

    return made


def nested(issuer: Issuer) -> str:
    plain = json.dumps(issuer.claims())
    return issuer.signed(f'{{"x": {"[" * 900}{"]" * 900}, {plain[1:]}'.encode())


def part(place: int, change: Callable[[str], str]) -> Spoilt:
    def made(issuer: Issuer) -> str:
        parts = issuer.good().split(".")
        parts[place] = change(parts[place])
        return ".".join(parts)

    return made


def raw(payload: bytes) -> Spoilt:
    return lambda issuer: issuer.signed(payload)


def _unsigned(algorithm: str) -> Spoilt:
    return lambda issuer: f"{b64(issuer.header(alg=algorithm))}.{b64(issuer.claims())}."


def _last_bits(text: str) -> str:
    """The same bytes in another spelling: bits that no byte is made of."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + letters[letters.index(text[-1]) ^ 1]


def _elsewhere(text: str) -> str:
    return b64(json.loads(unpadded(text)) | {"organisation": "vdab"})


HEADERS: dict[str, Members] = {
    "alg a list": {"alg": ["ES256"]},
    "alg missing": {"alg": ...},
    "alg of another curve": {"alg": "ES384"},
    "alg RS256 with an EC key": {"alg": "RS256"},
    "alg ES256 with an RSA key": {"kid": "r"},
    "typ JWT": {"typ": "JWT"},
    "typ missing": {"typ": ...},
    "typ a number": {"typ": 5},
    "kid unknown": {"kid": "b"},
    "kid missing": {"kid": ...},
    "kid empty": {"kid": ""},
    "kid a path": {"kid": "../../dev/null"},
    "kid a statement": {"kid": "a' OR 1=1 --"},
    "kid a number": {"kid": 1},
    "kid long": {"kid": "a" * 201},
    "crit": {"crit": ["exp"]},
    "crit empty": {"crit": []},
    "b64 false": {"b64": False},
    "b64 false, critical": {"b64": False, "crit": ["b64"]},
    "jwk": {"jwk": _STRANGER.as_dict(private=False)},
    "jku": {"jku": "http://127.0.0.1:9/keys"},
    "x5u": {"x5u": "http://127.0.0.1:9/certificate"},
    "x5c": {"x5c": ["AAAA"]},
    "zip": {"zip": "DEF"},
    "enc": {"enc": "A256GCM"},
}
_MOMENTS = {
    "missing": ...,
    "null": None,
    "text": str(NOW),
    "true": True,
    "a list": [NOW],
    "NaN": float("nan"),
    "infinite": float("inf"),
    "huge": 10**400,
    "negative": -1,
    "in milliseconds": NOW * 1000,
}
_TEXTS = {"missing": ..., "null": None, "empty": "", "a number": 5, "a list": ["x"], "long": "x" * 300, "NUL": "a\0b"}
_NAMES = ("sub", "client_id", "jti", "organisation")
CLAIMS: dict[str, Members] = {
    **{f"exp {what}": {"exp": value} for what, value in _MOMENTS.items()},
    **{f"iat {what}": {"iat": value} for what, value in _MOMENTS.items()},
    **{
        f"{name} {what}": {name: v}
        for name in ("sub", "client_id", "jti", "organisation")
        for what, v in _TEXTS.items()
    },
    "exp past": {"exp": NOW - 3600},
    "iat in the future": {"iat": NOW + 3600},
    "nbf in the future": {"nbf": NOW + 3600},
    "nbf text": {"nbf": "0"},
    "iss another": {"iss": "https://other.example"},
    "iss with a slash": {"iss": "https://issuer.example/"},
    "iss missing": {"iss": ...},
    "iss a list": {"iss": ["https://issuer.example"]},
    "aud another": {"aud": "other"},
    "aud missing": {"aud": ...},
    "aud nearly": {"aud": ["handover2", ["handover"]]},
    "organisation unknown": {"organisation": "ocmw-nergens"},
    "counsellor of another": {"counsellor": "vdab.bemiddelaar-1"},
    "counsellor a number": {"counsellor": 5},
    "scope a list": {"scope": ["dossier:read"]},
    "roles a text": {"roles": "coordinator"},
    "roles of numbers": {"roles": [1]},
    "roles with a blank": {"roles": ["a b"]},
    "roles too many": {"roles": [f"r{n}" for n in range(51)]},
    "cnf without a certificate": {"cnf": {"x5t#S256": "A" * 43}},
    "cnf of a key": {"cnf": {"jkt": "A" * 43}},
    "cnf null": {"cnf": None},
    "cnf short": {"cnf": {"x5t#S256": "A"}},
    "too large": {"filler": "x" * 9000},
}
OTHERS: dict[str, Spoilt] = {
    **{f"alg {name}": _unsigned(name) for name in ("none", "None", "NONE", "nOnE", "")},
    "none with a signature": lambda issuer: issuer.signed(issuer.claims(), issuer.header(alg="none")),
    "HMAC with the public key, PEM": lambda issuer: issuer.by_hmac(issuer.key.as_pem(private=False)),
    "HMAC with the public key, DER": lambda issuer: issuer.by_hmac(issuer.key.as_der(private=False)),
    "HMAC with the public key, JSON": lambda i: i.by_hmac(json.dumps(i.document["keys"][0]).encode()),
    "HMAC with nothing, named ES256": lambda issuer: issuer.by_hmac(b"", "ES256"),
    "another key of the same name": lambda _: _STRANGERS.good(),
    "a key that it brings": lambda _: _STRANGERS.signed(
        _STRANGERS.claims(), _STRANGERS.header(jwk=_STRANGER.as_dict(private=False))
    ),
    **{f"{name} twice": twice(name) for name in ("iss", "aud", "exp", "organisation", "x")[:4]},
    **{f"{name} twice in the header": twice(name, in_header=True) for name in ("alg", "kid", "typ")},
    "claims changed": part(1, _elsewhere),
    "signature gone": part(2, lambda _: ""),
    "signature zero": part(2, lambda _: b64(bytes(64))),
    "signature cut": part(2, lambda text: text[:-8]),
    "signature longer": part(2, lambda text: text + "AAAA"),
    "signature in another spelling": part(2, _last_bits),
    "signature padded": part(2, lambda text: text + "=="),
    "claims with a line break": part(1, lambda text: text[:20] + "%0A" + text[20:]),
    "claims a list": raw(b"[]"),
    "claims no JSON": raw(b"{"),
    "claims not UTF-8": raw(b'{"iss": "\xff"}'),
    "claims with a mark": lambda issuer: issuer.signed(b"\xef\xbb\xbf" + json.dumps(issuer.claims()).encode()),
    "claims deep": nested,
    "claims deeper": raw(b'{"iss":' + b"[" * 2500 + b"]" * 2500 + b"}"),
    "claims of UTF-16": lambda issuer: issuer.signed(json.dumps(issuer.claims()).encode("utf-16")),
    "one part": lambda _: "opaque",
    "two parts": lambda issuer: issuer.good().rpartition(".")[0],
    "four parts": lambda issuer: f"{issuer.good()}.AAAA",
    "five parts, as if encrypted": lambda issuer: f"{issuer.good()}.AAAA.AAAA",
    "only dots": lambda _: "..",
    "JSON form": lambda issuer: json.dumps({"payload": b64(issuer.claims()), "signatures": []}),
    "a blank within": lambda issuer: issuer.good().replace(".", " .", 1),
    "not ASCII": lambda issuer: issuer.good().replace(".", "\u00e9", 1),
}


def kinds() -> Iterator[tuple[str, Spoilt]]:
    """Every kind by its name."""
    yield from ((f"header: {name}", header(**changes)) for name, changes in HEADERS.items())
    yield from ((f"claims: {name}", claims(**changes)) for name, changes in CLAIMS.items())
    yield from OTHERS.items()
