"""Where mail goes, as settings say it. Apart from `mail`, whose library only who sends need load."""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def is_address(text: str) -> bool:
    """Tell whether mail can be sent to this: one plain address."""
    return bool(_ADDRESS.fullmatch(text))


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes: `smtp://host`, `smtp+starttls://user:secret@host:587` or `smtps://user:secret@host`."""

    host: str
    port: int
    security: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """Read an address; ValueError ends a sentence that begins with its name, and never holds a value."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError("is no address of a mail server") from None
        if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be smtp+starttls://user:secret@host:587, smtps://... or smtp://host")
        if parts.scheme == "smtp" and parts.password and host not in _LOCAL:
            raise ValueError("would send its password in clear: use smtp+starttls:// or smtps://")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(host, port or _PORTS[parts.scheme], parts.scheme, user, password)
