import asyncio
import gzip
import struct
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from tests.delivery.support import Hook, Receiver, receiving, status

from handover.delivery.destinations import Destinations
from handover.delivery.sender import Attempt, Sender
from handover.delivery.signing import Key


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender(Destinations(demonstration=True), deadline=0.3) as made:
        yield made


async def _send(sender: Sender, url: str) -> Attempt:
    return await sender.send(url, message_id="one", timestamp=1, keys=(Key(b"k" * 32),), body=b"{}")


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(receiver: Receiver, sender: Sender, code: int) -> None:
    receiver.answer = status(code)
    attempt = await _send(sender, receiver.url)
    assert (attempt.succeeded, attempt.status, attempt.outcome) == (True, code, "succeeded")


@pytest.mark.parametrize("code", [300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410, 418, 429, 500, 503, 599])
async def test_anything_else_is_a_failure_and_nothing_is_followed(
    receiver: Receiver, sender: Sender, code: int
) -> None:
    receiver.answer = status(code, {"Location": receiver.url + "/elsewhere", "Retry-After": "7"})
    attempt = await _send(sender, receiver.url)
    assert (attempt.succeeded, attempt.status, attempt.error) == (False, code, f"HTTP {code}")
    assert attempt.retry_after == "7"
    assert attempt.gone is (code == 410)
    assert len(receiver.hooks) == 1


async def _drip(hook: Hook) -> web.StreamResponse:
    response = web.StreamResponse(status=200)
    await response.prepare(hook.request)
    for _ in range(200):
        await response.write(b".")
        await asyncio.sleep(0.02)
    return response


async def test_a_slow_drip_ends_at_the_deadline_of_the_whole_attempt(receiver: Receiver, sender: Sender) -> None:
    receiver.answer = _drip
    began = time.monotonic()
    attempt = await _send(sender, receiver.url)
    assert 0.3 <= time.monotonic() - began < 1
    assert (attempt.status, attempt.error, attempt.outcome) == (
        None,
        "no complete answer within 0.3 s",
        "noAnswer",
    )


async def test_an_endless_answer_is_cut_and_its_status_counts(receiver: Receiver, sender: Sender) -> None:
    written = 0

    async def endless(hook: Hook) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(status=200)
        await response.prepare(hook.request)
        while True:
            await response.write(b"x" * 16_384)
            written += 16_384

    receiver.answer = endless
    attempt = await _send(sender, receiver.url)
    assert attempt.succeeded
    await asyncio.sleep(0.1)
    assert written < 32 * 1024 * 1024  # what the kernel's buffers took before the connection was closed


async def test_a_gzip_bomb_is_not_unpacked(receiver: Receiver, sender: Sender) -> None:
    bomb = gzip.compress(bytes(30_000_000))
    assert len(bomb) < 64 * 1024

    async def answer(_hook: Hook) -> web.StreamResponse:
        return web.Response(status=200, body=bomb, headers={"Content-Encoding": "gzip"})

    receiver.answer = answer
    attempt = await _send(sender, receiver.url)
    assert attempt.succeeded
    assert receiver.hooks[0].headers["accept-encoding"] == "identity"


async def test_a_reset_after_the_request_is_a_failure(receiver: Receiver, sender: Sender) -> None:
    async def reset(hook: Hook) -> web.StreamResponse:
        transport = hook.request.transport
        assert transport is not None
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(1, 13, linger)  # SOL_SOCKET, SO_LINGER: close is a reset
        transport.abort()
        return web.Response()

    receiver.answer = reset
    attempt = await _send(sender, receiver.url)
    assert (attempt.succeeded, attempt.status, attempt.connected) == (False, None, True)


async def test_nobody_there_is_told_apart_from_no_answer(sender: Sender) -> None:
    async with receiving() as gone:
        url = gone.url
    attempt = await _send(sender, url)
    assert (attempt.error, attempt.connected, attempt.outcome) == (
        "connection refused",
        False,
        "notConnected",
    )


async def test_an_answer_that_is_no_http_is_a_failure(sender: Sender) -> None:
    async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-nothing\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(noise, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        attempt = await _send(sender, f"http://127.0.0.1:{port}/")
    assert (attempt.error, attempt.connected) == ("no HTTP answer", True)


async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_attempt(receiver: Receiver, sender: Sender) -> None:
    assert (await _send(sender, receiver.url)).succeeded

    async def close_once(hook: Hook) -> web.StreamResponse:
        receiver.answer = status(204)
        assert hook.request.transport is not None
        hook.request.transport.close()
        return web.Response()

    receiver.answer = close_once
    attempt = await _send(sender, receiver.url)
    assert attempt.succeeded
    assert len(receiver.hooks) == 3
