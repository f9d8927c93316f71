"""People sign in at an OpenID provider: authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core).

authlib builds what is sent (its client for httpx wants another HTTP library, its client for Starlette keeps the state
in a cookie; both do not fit here), joserfc checks what comes back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, RSAKey

from handover.access.attempts import Attempt
from handover.access.id_tokens import LoggedOut, NotForUs, TokenCheck
from handover.access.provider import TIMEOUT_SECONDS, Metadata, Provider, ProviderAway
from handover.platform.sign_in import SignIn

_ASSERTION_SECONDS = 300
"""How long a client assertion counts; ACM/IDM takes at most ten minutes."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REFUSED, _BROKEN = 400, 500
_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the provider vouches for: the claims, and the id token that shows it when signing out."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


class OpenId:
    """This service as a client of one OpenID provider."""

    def __init__(self, settings: SignIn, base_url: str) -> None:
        self.settings = settings
        self.provider = Provider(settings.issuer)
        self._check = TokenCheck(self.provider, settings.client_id)
        self._redirect, self._after = f"{base_url}/sign-in/callback", f"{base_url}/sign-in"
        self._key = _private_key(settings.private_key_file) if settings.private_key_file else None

    async def address(self, attempt: Attempt, *, again: bool = False) -> str:
        """Give where to send the browser; `again` makes the provider ask who it is. Raises ProviderAway."""
        found = await self.provider.metadata()
        more = {"prompt": "login"} if again else {}
        address: str = prepare_grant_uri(
            found.authorization_endpoint,
            client_id=self.settings.client_id,
            response_type="code",
            redirect_uri=self._redirect,
            scope=self.settings.scope,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            **more,
        )
        return address

    async def signed_in(self, code: str, attempt: Attempt, issuer: str | None, *, now: datetime) -> SignedIn:
        """Exchange a code. Raises NotForUs, or ProviderAway.

        `issuer` is the `iss` beside the code (RFC 9207), where there is one: a code of another provider goes nowhere.
        """
        found = await self.provider.metadata()
        if issuer != self.provider.issuer and (issuer is not None or found.says_who_answers):
            raise NotForUs("another provider answered")
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": attempt.verifier,
        }
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            given = await self._exchange(client, found, body)
            id_token, access_token = given.get("id_token"), given.get("access_token")
            if not isinstance(id_token, str):
                raise NotForUs("no id token")
            claims = await self._check.id_token(id_token, nonce=attempt.nonce, now=now)
            if "vo_id" not in claims and found.userinfo_endpoint and isinstance(access_token, str):
                said = await _json(client, "GET", found.userinfo_endpoint, bearer=access_token)
                if said.get("sub") != claims["sub"]:
                    raise NotForUs("claims about someone else")
                claims = {**said, **claims}
        return SignedIn(claims, id_token)

    async def logged_out(self, token: str, *, now: datetime) -> LoggedOut:
        """Give what a logout token of the provider says. Raises NotForUs, or a Denial when it cannot be checked."""
        return await self._check.logout_token(token, now=now)

    async def sign_out_address(self, id_token: str) -> str:
        """Give where to sign out at the provider as well (RP-Initiated Logout 1.0); "" where that cannot be done."""
        try:
            end = (await self.provider.metadata()).end_session_endpoint
        except ProviderAway:
            return ""
        hint = {
            "id_token_hint": id_token,
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": self._after,
        }
        return f"{end}{'&' if '?' in end else '?'}{urlencode(hint)}" if end else ""

    async def _exchange(self, client: httpx.AsyncClient, found: Metadata, body: dict[str, str]) -> dict[str, Any]:
        headers: dict[str, str] = {}
        if self._key:
            body |= {
                "client_id": self.settings.client_id,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._assertion(self._key),
            }
        elif self.settings.client_secret:
            secret = self.settings.client_secret.get_secret_value()
            auth = ClientAuth(self.settings.client_id, secret, "client_secret_basic")
            _, headers, _ = auth.prepare("POST", found.token_endpoint, {}, "")
        return await _json(client, "POST", found.token_endpoint, body=body, headers=headers)

    def _assertion(self, key: RSAKey | ECKey) -> str:
        algorithm = _ALGORITHMS[key.curve_name] if isinstance(key, ECKey) else "RS256"
        header = {"typ": "JWT"} | ({"kid": str(key.kid)} if key.kid else {})
        made: str = private_key_jwt_sign(
            key,
            self.settings.client_id,
            self.provider.issuer,
            alg=algorithm,
            header=header,
            expires_in=_ASSERTION_SECONDS,
        )
        return made


async def _json(
    client: httpx.AsyncClient,
    method: str,
    address: str,
    *,
    body: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    bearer: str = "",
) -> dict[str, Any]:
    sent = {**(headers or {}), "Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        answer = await client.request(method, address, data=body, headers=sent)
        said = answer.json() if answer.status_code < _BROKEN else None
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderAway from error
    if answer.status_code >= _BROKEN or not isinstance(said, dict):
        raise ProviderAway
    if answer.status_code >= _REFUSED:
        raise NotForUs("the provider refused the code")
    return said


def _private_key(file: Path) -> RSAKey | ECKey:
    """Read a private key, PEM or JWK (RFC 7517), RSA or EC."""
    text = file.read_text("ascii")
    if text.lstrip().startswith("{"):
        jwk = json.loads(text)
        return ECKey.import_key(jwk) if jwk.get("kty") == "EC" else RSAKey.import_key(jwk)
    key = load_pem_private_key(text.encode(), None)
    return RSAKey.import_key(text) if isinstance(key, RSAPrivateKey) else ECKey.import_key(text)
