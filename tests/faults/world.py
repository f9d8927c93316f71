"""What lies outside the product when webhooks are tried on it: names, a public address, a service nobody may reach."""

import asyncio
import base64
import json
import secrets
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from handover.access import demonstration
from tests.faults.house import House
from tests.faults.receiver import read_request

PUBLIC = "193.190.1.1"
"""A public address; here it leads to a listener of the test, which speaks TLS."""
SPELLINGS = ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1")
"""Ways to write this machine's own address that a resolver understands."""
FORBIDDEN = (
    *(f"https://{spelling}:{{port}}/" for spelling in SPELLINGS),
    "https://localhost:{port}/",
    "https://[::1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[fe80::1]:{port}/",
    "https://[fd12:3456::1]:{port}/",
    "https://0.0.0.0:{port}/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://user:word@loop.example:{port}/",
    "https://hook.example@127.0.0.1:{port}/",
    "https://hook.example\\@127.0.0.1:{port}/",
    "http://hook.example:{port}/",
    "http://127.0.0.1:{port}/",
    "ftp://hook.example/",
    "gopher://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "https://hook.example:0/",
    "https://hook.example/#part",
)
LEADING = {
    "loop.example": ["127.0.0.1"],
    "loop-6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "private.example": ["10.0.0.1"],
    "link-local.example": ["169.254.169.254"],
    "several.example": ["192.168.1.1", "127.0.0.1", "fd12:3456::1"],
}
REFUSED = "the host name leads to an address that webhooks may not go to"


@dataclass
class World:
    """What lies outside the product: a public address with TLS, and a service on loopback that nobody may reach."""

    requests: list[str] = field(default_factory=list)
    protected: int = 0
    protected_port: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the public address: take everything, but lead on to the protected service where the path says how."""
        path = (await read_request(reader)).split(b" ")[1].decode().strip("/")
        self.requests.append(path)
        location = f"Location: https://127.0.0.1:{self.protected_port}/\r\n" if path.isdecimal() else ""
        writer.write(f"HTTP/1.1 {path or 204} x\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    async def count(self, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Be the protected service: one connection is one too many."""
        self.protected += 1


async def naive(port: int) -> None:
    """Connect as a client would that checks nothing."""
    for host in SPELLINGS:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()


def production(home: House) -> dict[str, str]:
    """Give settings of production in which the house's own tokens count."""
    _, public = demonstration.key_files(home.place)
    issuer = {"issuer": demonstration.ISSUER, "audience": demonstration.AUDIENCE, "jwksFile": str(public)}
    keys = {
        f"HANDOVER_{name}_KEY": base64.b64encode(secrets.token_bytes(32)).decode() for name in ("SSIN", "SEAL", "LOG")
    }
    return {
        "HANDOVER_MODE": "production",
        "HANDOVER_ISSUERS": json.dumps([issuer]),
        "HANDOVER_PUBLIC_URL": "https://handover.example",
        "SSL_CERT_FILE": str(home.place / "world.pem"),
        **keys,
    }


def certified(place: Path, names: Iterable[str]) -> ssl.SSLContext:
    """Make a certificate for those names, `place`/world.pem, and give what a server needs to show it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the world of a test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (place / "world.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (place / "world.key").write_bytes(secret)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(place / "world.pem", place / "world.key")
    return context
