"""What comes before a body is bounded, whoever sends it: nobody needs a token to make a server remember bytes."""

import asyncio
import contextlib

from tests.instance import Instance

from handover.web.bounded import MOST_HEAD_BYTES


async def _send(instance: Instance, chunk: bytes, times: int) -> tuple[bytes, int]:
    host, port = instance.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sent = 0
    with contextlib.suppress(ConnectionError):
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        for _ in range(times):
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)
            await asyncio.sleep(0)
    answer = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            answer = await reader.read(4096)
    writer.close()
    return answer, sent


async def test_one_endless_header_is_refused(api: Instance) -> None:
    answer, _ = await _send(api, b"X-Long: " + b"a" * MOST_HEAD_BYTES, 1)
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_endless_headers_are_refused(api: Instance) -> None:
    answer, sent = await _send(api, b"X-More: 1\r\n" * 1000, 4000)
    assert answer.startswith(b"HTTP/1.1 400 ") or sent < 4000 * 11_000, "the connection ended long before"


async def test_long_but_bounded_headers_are_served(api: Instance) -> None:
    long = "a" * (MOST_HEAD_BYTES // 2)
    answer = await api.http.get("/health", headers={"X-Long": long})
    assert answer.status_code == 200
    again = await api.http.get("/health", headers={"X-Long": long})
    assert again.status_code == 200, "each request on a connection has the whole bound"
