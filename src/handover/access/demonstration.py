"""The issuer built in for demonstrations: on this machine only, and never in production."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from handover.platform.ids import new_id

ISSUER = "urn:handover:demonstration"
AUDIENCE = "handover"
SCOPES = (
    "dossier:read",
    "dossier:write",
    "dossier:confidential",
    "subscription:manage",
    "agreement:manage",
    "offer:manage",
)
LIFETIME = timedelta(hours=12)
_KEY_FILE, _PUBLIC_FILE = "demonstration-issuer.json", "demonstration-jwks.json"


def key_files(data_dir: Path) -> tuple[Path, Path]:
    """Give the private key's file and the public key set's file; make the key at first."""
    private, public = data_dir / _KEY_FILE, data_dir / _PUBLIC_FILE
    if not private.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        key = ECKey.generate_key("P-256", parameters={"kid": "demonstration-1", "use": "sig", "alg": "ES256"})
        draft = private.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - the mode holds from the first byte
            json.dump(key.as_dict(private=True), file)
        try:
            os.link(draft, private)  # of two processes that start together, one's key counts for both
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = ECKey.import_key(json.loads(private.read_text("ascii")))
    if not public.exists():
        draft = public.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"keys": [key.as_dict(private=False)]}), "ascii")
        draft.replace(public)  # nobody reads half a file
    return private, public


def issue(
    data_dir: Path,
    *,
    organisation: str,
    counsellor: str = "",
    at: datetime,
    lifetime: timedelta = LIFETIME,
    scopes: tuple[str, ...] = SCOPES,
    roles: tuple[str, ...] = (),
) -> str:
    """Give an access token for an organisation, and for one of its counsellors where named; `roles` as claimed."""
    private, _ = key_files(data_dir)
    key = ECKey.import_key(json.loads(private.read_text("ascii")))
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": counsellor or organisation,
        "client_id": f"{organisation}-software",
        "iat": int(at.timestamp()),
        "exp": int((at + lifetime).timestamp()),
        "jti": str(new_id()),
        "scope": " ".join(scopes),
        "organisation": organisation,
    }
    if counsellor:
        claims["counsellor"] = counsellor
    if roles:
        claims["roles"] = list(roles)
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key)
