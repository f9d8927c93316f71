"""No secret is among the tracked files: private keys, tokens and keys of known forms. First it finds planted ones."""

import base64
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from handover.delivery.signing import new_private, new_secret

ROOT = Path(__file__).parents[2]
_LARGEST = 5_000_000
FORMS: dict[str, re.Pattern[bytes]] = {
    "a private key in PEM": re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*[A-Za-z0-9+/=]{20}"),
    "a private JWK": re.compile(
        rb"[{,]\s*\"(?:d|p|q|dp|dq|qi|k)\"\s*:\s*\"[A-Za-z0-9_-]{32,}\"",
    ),
    "a signed token": re.compile(rb"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{40,}"),
    "a webhook secret": re.compile(rb"\bwhsec_[A-Za-z0-9+/]{32,}={0,2}"),
    "a webhook's private key": re.compile(rb"\bwhsk_[A-Za-z0-9+/]{32,}={0,2}"),
    "a key in a setting": re.compile(rb"HANDOVER_(?:SSIN|SEAL|LOG)_KEY\"?\s*[:=]\s*\"?(?:\d+:)?[A-Za-z0-9+/]{43}="),
    "an access key of AWS": re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a token of GitHub": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    "a token of GitLab": re.compile(rb"\bglpat-[A-Za-z0-9_-]{20}"),
    "a token of npm or PyPI": re.compile(rb"\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{60,})"),
    "a token of Slack": re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
    "a password in an address": re.compile(rb"\b[a-z][a-z0-9+]{2,20}://[A-Za-z0-9._-]+:[^\s:@/\"'{}<>$.]{8,}@[A-Za-z0-9.-]+"),
}  # fmt: skip
PUBLIC = {
    b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "the vector of the Standard Webhooks specification",
}


def _found(content: bytes) -> Iterator[tuple[str, bytes]]:
    for name, form in FORMS.items():
        for match in form.finditer(content):
            if match[0] not in PUBLIC:
                yield name, match[0]


def _tracked() -> list[Path]:
    """Give the files of the repository, those that git does not know yet but would take among them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is where it is
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git repository, so nothing is tracked")
    return [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]


def _planted() -> dict[str, bytes]:
    """Real ones, made for the moment; they are never written down here."""
    key = ECKey.generate_key("P-256")
    letters = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(80))
    return {
        "EC in PEM": key.as_pem(private=True),
        "RSA in PEM": RSAKey.generate_key(2048).as_pem(private=True),
        "Ed25519 in PEM": OKPKey.generate_key("Ed25519").as_pem(private=True),
        "JWK": b'{"kty": "EC", "d": "' + str(key.as_dict(private=True)["d"]).encode() + b'"}',
        "token": jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {"sub": "someone", "iss": "x"}, key).encode(),
        "webhook secret": new_secret().encode(),
        "webhook private": new_private().encode(),
        "setting": b"HANDOVER_SEAL_KEY=" + base64.b64encode(secrets.token_bytes(32)),
        "AWS": f"AKIA{letters[:16]}".encode(),
        "GitHub": f"ghp_{letters[:36]}".encode(),
        "GitLab": f"glpat-{letters[:20]}".encode(),
        "npm": f"npm_{letters[:36]}".encode(),
        "Slack": f"xoxb-{letters[:30]}".encode(),
        "address": f"postgresql://handover:{letters[:12]}@db.example/handover".encode(),
    }


@pytest.mark.parametrize("name", sorted(_planted()))
def test_a_planted_secret_is_found(name: str, tmp_path: Path) -> None:
    planted = tmp_path / "settings.env"
    planted.write_bytes(b"# an ordinary file\nX=1\nY=" + _planted()[name] + b"\nZ=2\n")
    assert list(_found(planted.read_bytes())), name


def test_no_tracked_file_holds_a_secret() -> None:
    files = [path for path in _tracked() if path.is_file() and path.stat().st_size < _LARGEST]
    found = [
        f"{path.relative_to(ROOT)}: {name}"  # never what was found
        for path in files
        for name, _ in _found(path.read_bytes())
    ]
    print(f"\nsecret scan: {len(files)} files, {len(FORMS)} forms, {len(found)} found")  # noqa: T201 - a figure of the report
    assert len(files) > 100
    assert found == []
