"""Bearer tokens that are almost right: one token, changed in thousands of ways that must all be noticed."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from handover.access import demonstration

VISIBLE = bytes([*range(0x21, 0x7F), *range(0x80, 0x100)])
"""What a header's value may hold."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _plain(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Forger:
    """Makes tokens from a good one, without the key that it was signed with."""

    def __init__(self, good: str, place: Path, seed: int) -> None:
        self._parts = good.split(".")
        self._header: dict[str, Any] = json.loads(_plain(self._parts[0]))
        self._claims: dict[str, Any] = json.loads(_plain(self._parts[1]))
        self._published = json.loads(demonstration.key_files(place)[1].read_text("ascii"))["keys"][0]
        self._stranger = ECKey.generate_key("P-256", parameters={"kid": self._header["kid"]})
        self._rng = random.Random(seed)  # noqa: S311 - a reproducible choice, no secret
        self.ways: tuple[Callable[[], bytes], ...] = (
            self._letter_changed,
            self._letter_changed,
            self._cut_off,
            self._lengthened,
            self._shuffled,
            self._unsigned,
            self._claims_changed,
            self._other_key,
            self._signed_with_what_is_public,
            self._header_odd,
            self._noise,
            self._huge,
            self._deep,
        )

    def tokens(self, count: int) -> Iterator[bytes]:
        """Give so many tokens, each way in turn; none of them says and proves what the good one does."""
        good = ".".join(self._parts).encode()
        for n in range(count):
            made = self.ways[n % len(self.ways)]()
            assert made != good
            yield made

    def _letter_changed(self) -> bytes:
        parts, place = list(self._parts), self._rng.randrange(3)
        # The last letter of a part holds bits that no byte is made of: changing those changes nothing.
        at = self._rng.randrange(len(parts[place]) - 1)
        other = self._rng.choice([letter for letter in _LETTERS if letter != parts[place][at]])
        parts[place] = parts[place][:at] + other + parts[place][at + 1 :]
        return ".".join(parts).encode()

    def _cut_off(self) -> bytes:
        whole = ".".join(self._parts)
        return whole[: self._rng.randrange(1, len(whole) - 2)].encode()

    def _lengthened(self) -> bytes:
        more = "".join(self._rng.choices(_LETTERS + ".", k=self._rng.randrange(4, 60)))
        return (".".join(self._parts) + more).encode()

    def _shuffled(self) -> bytes:
        order = self._rng.choice([(1, 0, 2), (2, 1, 0), (0, 2, 1), (0, 1), (0, 1, 1), (0, 1, 2, 2), (0,)])
        return ".".join(self._parts[n] for n in order).encode()

    def _unsigned(self) -> bytes:
        header = {**self._header, "alg": self._rng.choice(["none", "None", "NONE", "nOnE", "", None, "HS256"])}
        header["kid"] = self._rng.choice([header["kid"], "", self._rng.randrange(10**6)])
        signature = self._rng.choice(["", self._parts[2], _coded(b"\0" * 64)])
        return f"{_coded(json.dumps(header).encode())}.{self._parts[1]}.{signature}".encode()

    def _claims_changed(self) -> bytes:
        changed = {
            **self._claims,
            **self._rng.choice(
                [
                    {"organisation": "vdab"},
                    {"exp": self._claims["exp"] + self._rng.randrange(1, 10**6)},
                    {"scope": "everything"},
                    {"iss": "https://issuer.example"},
                    {"aud": ["handover", "x"]},
                ]
            ),
        }
        return f"{self._parts[0]}.{_coded(json.dumps(changed).encode())}.{self._parts[2]}".encode()

    def _other_key(self) -> bytes:
        return jwt.encode(self._header, {**self._claims, "jti": str(self._rng.random())}, self._stranger).encode()

    def _signed_with_what_is_public(self) -> bytes:
        secret = OctKey.import_key(json.dumps(self._published).encode())
        return jwt.encode(
            {**self._header, "alg": "HS256"}, {**self._claims, "jti": str(self._rng.random())}, secret
        ).encode()

    def _header_odd(self) -> bytes:
        odd: object = self._rng.choice(
            [
                [],
                None,
                "at+jwt",
                1e400,
                {**self._header, "kid": "../../etc/passwd"},
                {**self._header, "kid": {"a": 1}},
                {**self._header, "kid": None},
                {**self._header, "typ": "JWT"},
                {**self._header, "crit": ["exp"]},
                {**self._header, "jwk": self._published},
                {**self._header, "jku": "http://127.0.0.1:9/keys"},
                {**self._header, "b64": False, "crit": ["b64"]},
                {**self._header, "zip": "DEF"},
                {**self._header, "enc": "A256GCM", "alg": "dir"},
            ]
        )
        return f"{_coded(json.dumps(odd).encode())}.{self._parts[1]}.{self._parts[2]}".encode()

    def _noise(self) -> bytes:
        return bytes(self._rng.choices(VISIBLE, k=self._rng.randrange(1, 600)))

    def _huge(self) -> bytes:
        size = self._rng.choice([8_000, 9_000, 30_000]) + self._rng.randrange(100)
        return f"{self._parts[0]}.{self._parts[1]}{'A' * size}.{self._parts[2]}".encode()

    def _deep(self) -> bytes:
        depth = self._rng.randrange(500, 1100)
        nested = _coded(b"[" * depth if depth % 2 else b'{"a":' * depth + b"1" + b"}" * depth)
        return ".".join(self._rng.choice([(nested, *self._parts[1:]), (self._parts[0], nested, "x")])).encode()
