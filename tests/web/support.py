"""What the tests of the API share: problem documents read closely, and requests down to the byte."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from tests.instance import Instance, Party

from handover.platform.ids import new_id

BELGIF = "urn:problem-type:belgif:"
OWN = "urn:problem-type:handover:"
CBSS = "urn:problem-type:cbss:"
INPUT = "urn:problem-type:belgif:input-validation:"
CANARY = {"givenName": "Kanarietje", "familyName": "Geelvleugel"}
NOBODY = "01a2039f-8f32-7d21-ab59-99e3cbca2aa3"
"""A well-formed id that no dossier has."""


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Check that an answer is a problem document of that type, to the letter, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store, max-age=0"
    UUID(answer.headers["belgov-trace-id"])
    found: dict[str, Any] = answer.json()
    assert set(found) <= {
        "type",
        "href",
        "title",
        "status",
        "detail",
        "instance",
        "issues",
        "requiredScopes",
    }
    assert found["type"] == kind
    assert found["status"] == status
    assert found["title"]
    assert len(found["detail"].split()) > 3, "a detail is a sentence that says what to do"
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", found["instance"])
    assert urlsplit(found["href"]).scheme == "https"
    for issue in found.get("issues", []):
        assert set(issue) <= {"type", "title", "detail", "in", "name"} | (
            {"replacedBy"} if CBSS in issue["type"] else set()
        )
        assert issue["type"].startswith((INPUT, f"{CBSS}input-validation:"))
        assert issue["in"] in {"body", "path", "query", "header"}
        assert issue["title"]
        assert issue["detail"].endswith(".")
    return found


def issues(answer: httpx.Response) -> set[tuple[str, str]]:
    """Check that an answer is a 400 for bad input and give each issue's kind and name."""
    found = problem(answer, 400, f"{BELGIF}badRequest")
    assert found["issues"], "a bad request says what is bad"
    return {(issue["type"].removeprefix(INPUT), issue.get("name", "")) for issue in found["issues"]}


async def send(party: Party, path: str, body: bytes, method: str = "POST", **headers: str) -> httpx.Response:
    """Send these very bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    standard = {
        "Authorization": f"Bearer {party.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(new_id()),
    }
    return await party.http.request(method, path, content=body, headers=standard | named)


async def stored(instance: Instance) -> tuple[int, ...]:
    """Count what writing leaves behind: dossiers, events, used keys, subscriptions."""
    row = await instance.pool.fetchrow(
        "SELECT (SELECT count(*) FROM dossier), (SELECT count(*) FROM event), "
        "(SELECT count(*) FROM idempotency), (SELECT count(*) FROM subscription)"
    )
    return tuple(row)


@dataclass(frozen=True)
class Plain:
    """An answer as it came over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - a JSON document
        """The body read as JSON."""
        return json.loads(self.body)


async def over_the_wire(instance: Instance, request: bytes, *, slowly: bytes = b"") -> Plain:
    """Send bytes over a socket of one's own, then `slowly` again and again until an answer comes.

    After HEAD everything up to the end of the connection counts as body.
    """
    host, port = urlsplit(instance.base_url).hostname, urlsplit(instance.base_url).port
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        head = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
        while slowly and not head.done():
            writer.write(slowly)
            # A server that reads no further must still be heard.
            sent = asyncio.ensure_future(writer.drain())
            await asyncio.wait((head, sent), return_when=asyncio.FIRST_COMPLETED, timeout=20)
            sent.cancel()
        async with asyncio.timeout(20):
            lines = (await head).decode("latin-1").split("\r\n")
            fields = (line.partition(": ") for line in lines[1:] if line)
            headers = {name.lower(): value for name, _, value in fields}
            length = -1 if request.startswith(b"HEAD ") else int(headers.get("content-length", "0"))
            body = await reader.read() if length < 0 else await reader.readexactly(length)
    finally:
        writer.close()
    return Plain(int(lines[0].split(" ")[1]), headers, body)


async def until(done: Callable[[], bool]) -> None:
    """Wait four seconds at most for something to happen."""
    for _ in range(200):
        if done():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not happen in time")
