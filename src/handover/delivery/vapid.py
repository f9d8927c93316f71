"""Who sends a push, proved to the push service (VAPID, RFC 8292): a token signed by a key that browsers were told."""

import base64
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

LASTS = timedelta(hours=12)
"""How long a token counts; at most a day (RFC 8292, 2)."""
# FIPS 186-5: the order of P-256.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@lru_cache(maxsize=4)
def public_key(key: bytes) -> str:
    """Give the public key as browsers take it: the uncompressed point, base64url."""
    point = _private(key).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode("ascii")


def authorization(key: bytes, endpoint: str, *, contact: str, at: datetime) -> str:
    """Give the header's value for a push to this endpoint. `contact` (mailto: or https:) says whom to call, or ""."""
    parts = urlsplit(endpoint)
    claims: dict[str, object] = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((at + LASTS).timestamp()),
    }
    if contact:
        claims["sub"] = contact
    token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, _signer(key), algorithms=["ES256"])
    return f"vapid t={token},k={public_key(key)}"


@lru_cache(maxsize=4)
def _signer(key: bytes) -> ECKey:
    return ECKey.import_key(_private(key))


@lru_cache(maxsize=4)
def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    """Any 32 bytes give a key: those few that are no number below the order are brought below it."""
    return ec.derive_private_key(int.from_bytes(key) % (_ORDER - 1) + 1, ec.SECP256R1())
