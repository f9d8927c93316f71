"""Where a webhook may go: a host that its organisation is known by, at an address on the public internet.

Both are checked when the address is given and again at each attempt.

A name can point elsewhere tomorrow, so what counts is the check of the socket's own address, at connect. The
networks are listed here because `ipaddress.is_global` of Python 3.11 also says yes to NAT64 and 6to4 forms of
private addresses, to IPv4-compatible ones and to multicast.
"""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import AddrInfoType

from handover.domain.refusals import InvalidField

SCHEME: Final = "adapter:"
"""How the address of a subscription begins that is no webhook: the name of a system that we speak with follows."""
WEBHOOKS: Final = f"url NOT LIKE '{SCHEME}%'"
"""Which subscriptions are an organisation's own software's, and no link of an adapter's."""
MOST_CHARACTERS = 2000
# A last label that begins like a number is an address in some old notation (127.1, 0x7f000001), or nothing.
_LOOKS_NUMERIC = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)

# IANA's special-purpose registry: everything that is not a place on the public internet.
_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Global unicast is 2000::/3; ::ffff:0:0/96, 64:ff9b::/96, fc00::/7 and the like lie outside it.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")  # Teredo is 2001::/32
)


class AddressRefusedError(OSError):
    """The name of a destination leads to an address that webhooks may not go to."""

    def __init__(self) -> None:
        super().__init__("address not permitted")


@dataclass(frozen=True, slots=True)
class Destinations:
    """The rule for one instance; a demonstration may also call this machine itself, over http as well."""

    demonstration: bool = False

    def checked(self, url: str, hosts: Sequence[str]) -> str:
        """Give the URL back when a webhook may be sent to it; else raise InvalidField with what to change.

        `hosts` are those that the organisation's webhooks may go to.
        """
        problem = self._problem(url)
        if not problem and not self.listed(url, hosts):
            listed = f"go to {', '.join(hosts)} only" if hosts else "may go to no host yet"
            problem = f"Webhooks of your organisation {listed}; ask whoever runs this service to add yours."
        if problem:
            raise InvalidField("url", problem)
        return url

    def listed(self, url: str, hosts: Sequence[str]) -> bool:
        """Tell whether the host is one of `hosts`. A demonstration without any lets them go anywhere."""
        if not hosts and self.demonstration:
            return True
        host = (urlsplit(url).hostname or "").rstrip(".")
        return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)

    def permits(self, address: str) -> bool:
        """Tell whether a connection to this IP address may be made."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if self.demonstration and _is_loopback(found):
            return True
        if isinstance(found, IPv4Address):
            return not any(found in network for network in _REFUSED_V4)
        return found.scope_id is None and found in _GLOBAL_V6 and not any(found in network for network in _REFUSED_V6)

    def socket(self, address: AddrInfoType) -> socket.socket:
        """Make the socket that dials this very address; raise AddressRefusedError instead of an unfit one.

        Names and literal addresses both end here: what was checked is what is connected to.
        """
        family, kind, protocol, _, target = address
        if not self.permits(str(target[0])):
            raise AddressRefusedError
        made = socket.socket(family, kind, protocol)
        made.settimeout(0)
        return made

    def _problem(self, url: str) -> str:
        if len(url) > MOST_CHARACTERS:
            return f"The address is longer than {MOST_CHARACTERS} characters."
        if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            return "The address holds characters that have no place in one; write it percent-encoded."
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            return "This is no web address."
        if parts.scheme not in {"https", "http"} or not host or port == 0:
            return "Give an address that starts with https://."
        if "@" in parts.netloc or "#" in url:
            return "Leave user names, passwords and everything from # on out of the address."
        return self._host_problem(parts.scheme, host)

    def _host_problem(self, scheme: str, host: str) -> str:
        try:
            literal = ip_address(host)
        except ValueError:
            if _LOOKS_NUMERIC.search(host):
                return "This is no web address."
            public, local = host != "localhost", host == "localhost"
        else:
            public, local = self.permits(host), _is_loopback(literal)
        if not public and not (local and self.demonstration):
            return "Webhooks go to public addresses only."
        if scheme == "http" and not local:
            return "Give an address that starts with https://; http would be readable on the way."
        return ""


def _is_loopback(address: IPv4Address | IPv6Address) -> bool:
    # Never through an IPv4-mapped form: nobody needs it, and it is how filters are passed by.
    return address in IPv4Network("127.0.0.0/8") if isinstance(address, IPv4Address) else address == IPv6Address("::1")
