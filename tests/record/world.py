"""One or more records on one real database, and what is needed to look under them."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from msgspec.structs import replace
from tests.domain.world import AT, DIRECTORY, OCMW_1, caller, example, opening

from handover.domain.dossier import fold
from handover.domain.events import PostEvent
from handover.domain.fields import Payload
from handover.platform.clock import Clock
from handover.platform.db import open_pool
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.handle import Handled, Record, Request
from handover.record.reading import Reader
from handover.record.sealing import Sealer

SEALER = Sealer(seal_key=b"s" * 32, ssin_key=b"l" * 32)
_people = count(1)


def ssin() -> str:
    """Another valid national number each time."""
    first = 800101_000 + next(_people)
    return f"{first}{97 - first % 97:02}"


class Node:
    """What one process has of the record: a pool and its own batches."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.woken = 0
        self.record = Record(pool, pool, SEALER, lambda: DIRECTORY, self._wake)
        self.reader = Reader(pool, SEALER)

    def _wake(self) -> None:
        self.woken += 1

    async def open(
        self,
        who: str = OCMW_1,
        *,
        number: str | None = None,
        key: str | None = None,
        fingerprint: bytes = b"",
    ) -> Handled:
        command = replace(opening(who), command_id=new_id(), dossier_id=new_id())
        request = Request(key=key, fingerprint=fingerprint, ssin=number or ssin())
        return await self.record.handle(command, request, at=AT)

    async def post(
        self,
        dossier_id: UUID,
        who: str,
        kind: str,
        data: Payload | None = None,
        *,
        thread: UUID | None = None,
        **asked: Any,  # noqa: ANN401 - what a Request may hold
    ) -> Handled:
        command = PostEvent(
            command_id=new_id(),
            dossier_id=dossier_id,
            caller=caller(who),
            type=kind,
            data=data or example(kind),
            thread_id=thread,
        )
        return await self.record.handle(command, Request(**asked), at=Clock().now())

    async def opened(self, who: str = OCMW_1) -> UUID:
        return (await self.open(who)).dossier.dossier_id


@contextlib.asynccontextmanager
async def node(dsn: str, *, size: int = 4) -> AsyncIterator[Node]:
    pool = await open_pool(dsn, size=size, application_name="handover-node")
    try:
        yield Node(pool)
    finally:
        await pool.close()


@contextlib.asynccontextmanager
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the pools, for faults and for looking."""
    found = await asyncpg.connect(dsn)
    try:
        yield found
    finally:
        await found.close()


def expected_links(dossier_id: UUID, bodies: list[bytes]) -> list[bytes]:
    """The chain as anyone can compute it: over the stored bytes, without a key and without our code."""
    links, previous = [], bytes(32)
    for sequence, body in enumerate(bodies, start=1):
        digest = hashlib.sha256(body).digest()
        place = dossier_id.bytes + sequence.to_bytes(8, "big")
        previous = hashlib.sha256(b"handover.v1\0" + previous + place + digest).digest()
        links.append(previous)
    return links


async def problems(pool: asyncpg.Pool, dossier_id: UUID, sealer: Sealer = SEALER) -> list[str]:
    """What is wrong with a stored dossier: gaps, broken links, a head or state that the events do not give."""
    rows = await pool.fetch("SELECT * FROM event WHERE dossier_id = $1 ORDER BY sequence", dossier_id)
    head = await pool.fetchrow("SELECT * FROM dossier WHERE dossier_id = $1", dossier_id)
    found = []
    if [row["sequence"] for row in rows] != list(range(1, len(rows) + 1)):
        found.append("gap")
    links = expected_links(dossier_id, [row["body"] for row in rows])
    found += [f"link {row['sequence']}" for row, link in zip(rows, links, strict=True) if row["link"] != link]
    if head["version"] != len(rows) or head["head"] != (links[-1] if links else bytes(32)):
        found.append("head")
    with contextlib.suppress(ValueError):
        keys = await pool.fetchval(
            "SELECT content || confidential FROM keys.dossier_key WHERE dossier_id = $1", dossier_id
        )
        key = sealer.dossier(dossier_id, keys)
        events = [codec.decode_event(key.open_event(row["sequence"], row["body"])) for row in rows]
        if fold(events) != codec.open_state(key, head["state"]):
            found.append("state")
        columns = [(r["event_id"], r["type"], r["thread_id"], r["organisation_id"]) for r in rows]
        if columns != [(e.event_id, e.type, e.thread_id, e.organisation) for e in events]:
            found.append("columns")
        return found
    return [*found, "unreadable"]


async def until(beside: asyncpg.Connection, query: str, *arguments: object) -> None:
    """Wait until a query gives true; fail after ten seconds."""
    for _ in range(1000):
        if await beside.fetchval(query, *arguments):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in time")


async def counted(pool: asyncpg.Pool, table: str) -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a table of ours
