"""Requests as bytes on a few kept connections: for thousands of them, and for headers that no library would send."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request without a body; `path` is sent as it is."""

    method: str
    path: str
    headers: Headers = ()

    def encoded(self, host: str) -> bytes:
        """Give its bytes."""
        given = [(b"Host", host.encode()), (b"Content-Length", b"0"), *self.headers]
        lines = [f"{self.method} {self.path} HTTP/1.1".encode(), *(name + b": " + value for name, value in given)]
        return b"\r\n".join(lines) + b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - a JSON document
        """Read the body."""
        return json.loads(self.body)


async def ask(url: str, asks: Sequence[Ask], *, connections: int = 8) -> list[Answer]:
    """Send all of them over so many connections; the answers stand in the order of the requests."""
    answers: list[Answer | None] = [None] * len(asks)
    waiting = iter(enumerate(asks))
    await asyncio.gather(*(_talk(urlsplit(url).netloc, waiting, answers) for _ in range(connections)))
    return [answer for answer in answers if answer is not None]


async def _talk(host: str, waiting: Iterator[tuple[int, Ask]], answers: list[Answer | None]) -> None:
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    for n, one in waiting:
        writer.write(one.encoded(host))
        answer = await asyncio.wait_for(_answer(reader), 30)
        answers[n] = answer
        if answer.headers.get("connection") == "close":
            writer.close()
            reader, writer = await asyncio.open_connection(name, int(port))
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length")
    body = await reader.readexactly(int(length)) if length else await reader.read()
    return Answer(int(first.split(" ")[1]), headers, body)
