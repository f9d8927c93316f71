import socket
from urllib.parse import urlsplit

import pytest
from tests.delivery.support import Receiver

from handover.delivery.destinations import AddressRefusedError, Destinations
from handover.delivery.sender import Attempt, Sender
from handover.delivery.signing import Key
from handover.domain.refusals import InvalidField

PRODUCTION, DEMONSTRATION = Destinations(), Destinations(demonstration=True)
PUBLIC = ["8.8.8.8", "193.190.1.1", "2001:4860:4860::8888", "2a02:1800::1"]
LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1"]
NEVER = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::7f00:1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "2a02:1800::1%lo",
    "ff02::1",
    "100::1",
    "5f00::1",
    "localhost",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert PRODUCTION.permits(address)
    assert DEMONSTRATION.permits(address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_this_machine_is_permitted_in_a_demonstration_only(address: str) -> None:
    assert not PRODUCTION.permits(address)
    assert DEMONSTRATION.permits(address)


@pytest.mark.parametrize("address", NEVER)
def test_addresses_that_are_never_permitted(address: str) -> None:
    assert not PRODUCTION.permits(address)
    assert not DEMONSTRATION.permits(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://casemanagement.example/handover",
        "https://casemanagement.example:8443/a/b?c=d%20e",
        "https://8.8.8.8/",
        "https://[2001:4860:4860::8888]/x",
    ],
)
def test_good_destinations(url: str) -> None:
    assert PRODUCTION.checked(url, [_host(url)]) == url
    assert DEMONSTRATION.checked(url, ()) == url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/x", "http://localhost/x", "http://[::1]:1/", "https://127.0.0.1/"]
)
def test_loopback_destinations_are_for_a_demonstration(url: str) -> None:
    assert DEMONSTRATION.checked(url, ()) == url
    with pytest.raises(InvalidField):
        PRODUCTION.checked(url, [_host(url)])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "casemanagement.example/handover",
        "ftp://casemanagement.example/",
        "file:///etc/passwd",
        "http://casemanagement.example/",
        "http://8.8.8.8/",
        "https://",
        "https:///path",
        "https://user:word@casemanagement.example/",
        "https://user@casemanagement.example/",
        "https://@casemanagement.example/",
        "https://casemanagement.example/#part",
        "https://casemanagement.example/#",
        "https://casemanagement.example:99999/",
        "https://casemanagement.example:0/",
        "https://casemanagement.example/a b",
        "https://casemanagement.example/\r\nx: y",
        "https://casemanagement.example\\@10.0.0.1/",
        "https://casemanagement.exämple/",
        "https://[::1",
        "https://10.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://10.0.0.1./",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://casemanagement.example/" + "x" * 2000,
    ],
)
def test_bad_destinations(url: str) -> None:
    for rule in (PRODUCTION, DEMONSTRATION):
        with pytest.raises(InvalidField) as refused:
            rule.checked(url, ["*.example"])
        assert refused.value.field == "url"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        ([], "https://casemanagement.example/", False),
        (["casemanagement.example"], "https://casemanagement.example/x", True),
        (["casemanagement.example"], "https://CASEMANAGEMENT.example.:8443/x", True),
        (["casemanagement.example"], "https://other.example/", False),
        (["casemanagement.example"], "https://a.casemanagement.example/", False),
        (["*.ocmw.example"], "https://lindedal.ocmw.example/", True),
        (["*.ocmw.example"], "https://a.b.ocmw.example/", True),
        (["*.ocmw.example"], "https://ocmw.example/", False),
        (["*.ocmw.example"], "https://evilocmw.example/", False),
    ],
)
def test_only_hosts_on_the_organisations_list(hosts: list[str], url: str, allowed: bool) -> None:  # noqa: FBT001
    assert PRODUCTION.listed(url, hosts) is allowed
    if not allowed:
        with pytest.raises(InvalidField, match="ask whoever runs this service"):
            PRODUCTION.checked(url, hosts)
    assert DEMONSTRATION.listed(url, hosts) is (allowed or not hosts)


def test_a_socket_is_made_only_for_a_permitted_address() -> None:
    tcp = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    with pytest.raises(AddressRefusedError):
        PRODUCTION.socket((*tcp, ("127.0.0.1", 80)))
    made = DEMONSTRATION.socket((*tcp, ("127.0.0.1", 80)))
    assert made.getblocking() is False
    made.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f000001"])
async def test_what_is_dialled_is_what_was_checked(receiver: Receiver, host: str) -> None:
    """The name was fine when it was given and leads to this machine now."""
    url = f"http://{host}:{receiver.port}/hook"
    refused = await _send(PRODUCTION, url)
    assert (refused.status, refused.connected) == (None, False)
    assert "may not go to" in refused.error
    assert receiver.hooks == []
    assert (await _send(DEMONSTRATION, url)).status == 204
    assert len(receiver.hooks) == 1


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1"])
async def test_old_ways_to_write_an_address_lead_nowhere(receiver: Receiver, host: str) -> None:
    refused = await _send(DEMONSTRATION, f"http://{host}:{receiver.port}/hook")
    assert (refused.status, refused.connected) == (None, False)
    assert receiver.hooks == []


async def _send(rule: Destinations, url: str) -> Attempt:
    async with Sender(rule) as sender:
        return await sender.send(url, message_id="one", timestamp=1, keys=(Key(b"k" * 32),), body=b"{}")
