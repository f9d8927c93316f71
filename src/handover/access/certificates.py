"""The client's certificate as a trusted proxy passes it on, and its thumbprint (RFC 8705, section 3.1)."""

import base64
import hashlib
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handover.access.denials import InvalidToken

_MOST_CHARACTERS = 16_384


def thumbprint(header: str) -> str:
    """Give base64url of the SHA-256 of a certificate's DER form. Raises InvalidToken for what is no certificate.

    `header` is `:base64 of DER:` (RFC 9440, `Client-Cert`), or PEM with percent signs, as nginx gives it
    (`$ssl_client_escaped_cert`).
    """
    if len(header) > _MOST_CHARACTERS:
        raise InvalidToken
    try:
        der = _der(header.strip())
    except ValueError as error:
        raise InvalidToken from error
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def _der(header: str) -> bytes:
    if header.startswith(":") and header.endswith(":"):
        der = base64.b64decode(header[1:-1].encode(), validate=True)
        x509.load_der_x509_certificate(der)
        return der
    return x509.load_pem_x509_certificate(unquote(header).encode()).public_bytes(Encoding.DER)
