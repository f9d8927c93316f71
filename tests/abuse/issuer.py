"""An issuer of tokens whose key set is on a real address, which counts who asks; and tokens, good and spoilt."""

import base64
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

NAME = "https://issuer.example"
Members = dict[str, Any]


def b64(part: bytes | Mapping[str, Any]) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@dataclass
class Issuer:
    """Its keys, where they are, and how often they were asked for."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", parameters={"kid": "a", "alg": "ES256"}))
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "r"}))
    url: str = ""
    asked: int = 0

    @property
    def document(self) -> Members:
        return {"keys": [key.as_dict(private=False) for key in (self.key, self.rsa)]}

    def header(self, **changes: object) -> Members:
        return _changed({"alg": "ES256", "typ": "at+jwt", "kid": "a"}, changes)

    def claims(self, **changes: object) -> Members:
        now = int(time.time())
        good: Members = {
            "iss": NAME,
            "aud": "handover",
            "sub": "lindedal-software",
            "client_id": "lindedal-software",
            "jti": "one",
            "iat": now,
            "exp": now + 600,
            "scope": "dossier:read",
            "organisation": "ocmw-lindedal",
        }
        return _changed(good, changes)

    def signed(self, claims: bytes | Members, header: bytes | Members | None = None) -> str:
        """Sign these very bytes with the issuer's key, whatever they say: a fault that only a reader can notice."""
        head = header if header is not None else self.header()
        text = f"{b64(head)}.{b64(claims)}"
        algorithm = jws.JWSRegistry.algorithms["ES256"]
        return f"{text}.{b64(algorithm.sign(text.encode(), self.key))}"

    def good(self, **claims: object) -> str:
        return self.signed(self.claims(**claims))

    def by_hmac(self, secret: bytes, algorithm: str = "HS256") -> str:
        text = f"{b64(self.header(alg=algorithm))}.{b64(self.claims())}"
        return f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha256'))}"


def _changed(good: Members, changes: Mapping[str, object]) -> Members:
    """Change members; `...` takes one away."""
    merged = good | dict(changes)
    return {name: value for name, value in merged.items() if value is not ...}


@contextlib.asynccontextmanager
async def publishing() -> AsyncIterator[Issuer]:
    """Serve an issuer's key set on loopback."""
    found = Issuer()

    async def answer(_request: web.Request) -> web.Response:
        found.asked += 1
        return web.json_response(found.document)

    application = web.Application()
    application.router.add_get("/keys", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    try:
        yield found
    finally:
        await runner.cleanup()
