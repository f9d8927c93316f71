"""Tokens bound to a client certificate (RFC 8705): good with that certificate from the proxy, and with nothing else."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.abuse.issuer import NAME, Issuer, b64, publishing
from tests.instance import Instance, running
from tests.web.support import BELGIF, problem

HEADER = "Client-Cert"


def certificate(name: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256())


def bound_to(own: x509.Certificate) -> dict[str, object]:
    return {"cnf": {"x5t#S256": b64(hashlib.sha256(own.public_bytes(Encoding.DER)).digest())}}


def field(own: x509.Certificate) -> str:
    """As RFC 9440 writes it."""
    return f":{base64.b64encode(own.public_bytes(Encoding.DER)).decode()}:"


def escaped(own: x509.Certificate) -> str:
    """As nginx writes it."""
    return quote(own.public_bytes(Encoding.PEM).decode(), safe="")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with publishing() as found:
        yield found


async def _status(instance: Instance, token: str, *certificates: str) -> int:
    headers = [("Authorization", f"Bearer {token}"), *((HEADER, text) for text in certificates)]
    answer = await instance.http.get("/v1/dossiers", headers=headers)
    if answer.status_code != 200:
        problem(answer, 401, f"{BELGIF}invalidAccessToken")
    return answer.status_code


async def test_a_bound_token(issuer: Issuer, database: str, tmp_path: Path) -> None:
    own, other = certificate("own"), certificate("other")
    bound, free = issuer.good(**bound_to(own)), issuer.good()
    issuers = [{"issuer": NAME, "audience": "handover", "jwksUrl": issuer.url}]
    settings = {"issuers": issuers, "client_certificate_header": HEADER}
    async with running(database, tmp_path, work=False, **settings) as instance:
        for good in (field(own), escaped(own), own.public_bytes(Encoding.PEM).decode().replace("\n", "%0A")):
            assert await _status(instance, bound, good) == 200
        wrong = ("", ":", "::", ":AAAA:", "%", "x", field(other), escaped(other), field(own)[1:], field(own)[:-9])
        for text in wrong:
            assert await _status(instance, bound, text) == 401, text
        assert await _status(instance, bound) == 401
        assert await _status(instance, bound, field(own), field(own)) == 401, "one may be the client's own"
        for certificates in ([], [field(other)]):
            assert await _status(instance, free, *certificates) == 200, "what is not bound needs none"
    async with running(database, tmp_path, work=False, issuers=issuers) as instance:
        assert await _status(instance, bound, field(own)) == 401, "without a trusted proxy the header is anyone's"
        assert await _status(instance, free) == 200


async def test_an_issuer_whose_tokens_must_be_bound(issuer: Issuer, database: str, tmp_path: Path) -> None:
    own = certificate("own")
    issuers = [{"issuer": NAME, "audience": "handover", "jwksUrl": issuer.url, "requireCnf": True}]
    settings = {"issuers": issuers, "client_certificate_header": HEADER}
    async with running(database, tmp_path, work=False, **settings) as instance:
        assert await _status(instance, issuer.good(**bound_to(own)), field(own)) == 200
        assert await _status(instance, issuer.good(), field(own)) == 401
