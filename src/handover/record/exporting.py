"""An export: everything that is recorded, as lines that can be checked without the service (`record.verifying`).

The stored bytes go out as they are stored, with their links, their places in the log and every checkpoint.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

FORMAT = "handover-export-1"
_PAGE = 2000
_EVENTS = """
SELECT e.dossier_id, e.sequence, e.body, e.link, l.position
FROM event e LEFT JOIN log_leaf l ON l.dossier_id = e.dossier_id AND l.sequence = e.sequence
WHERE ($1::uuid IS NULL OR (e.dossier_id, e.sequence) > ($1, $2::int)) ORDER BY e.dossier_id, e.sequence LIMIT $3
"""


class Header(msgspec.Struct, frozen=True, rename="camel", tag_field="line", tag="header"):
    """The first line."""

    format: str
    verifier_key: str
    exported_at: datetime


class Exported(msgspec.Struct, frozen=True, rename="camel", tag_field="line", tag="event", omit_defaults=True):
    """An event: the stored bytes and the link in base64, and its place in the log (None: not sealed yet)."""

    dossier_id: UUID
    sequence: int
    body: bytes
    link: bytes
    position: int | None = None


class Erased(msgspec.Struct, frozen=True, rename="camel", tag_field="line", tag="erased"):
    """A dossier whose data key was destroyed: its stored bytes stay, and cannot be read by anyone."""

    dossier_id: UUID


class Signed(msgspec.Struct, frozen=True, rename="camel", tag_field="line", tag="checkpoint"):
    """A checkpoint."""

    note: str


class End(msgspec.Struct, frozen=True, rename="camel", tag_field="line", tag="end"):
    """The last line: how many events went before it."""

    events: int


Line = Header | Exported | Erased | Signed | End


async def lines(connection: asyncpg.Connection, verifier_key: str, at: datetime) -> AsyncIterator[bytes]:
    """Give the lines of an export, all of one moment. `connection` is not in a transaction yet."""
    encode = msgspec.json.Encoder().encode
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield encode(Header(FORMAT, verifier_key, at))
        after: tuple[UUID | None, int] = (None, 0)
        events = 0
        while page := await connection.fetch(_EVENTS, *after, _PAGE):
            for row in page:
                dossier_id = UUID(int=row["dossier_id"].int)
                yield encode(Exported(dossier_id, row["sequence"], row["body"], row["link"], row["position"]))
            after = page[-1]["dossier_id"], page[-1]["sequence"]
            events += len(page)
        for row in await connection.fetch(
            "SELECT dossier_id FROM dossier WHERE erased_at IS NOT NULL ORDER BY dossier_id"
        ):
            yield encode(Erased(UUID(int=row["dossier_id"].int)))
        for row in await connection.fetch("SELECT note FROM checkpoint ORDER BY size"):
            yield encode(Signed(row["note"]))
        yield encode(End(events))
