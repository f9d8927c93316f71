"""The data keys of dossiers as a file of their own: backups of the journal leave them out, and are kept for longer.

What was erased since the journal was copied has no key in a newer copy of the keys: so it stays erased after a restore.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from handover.domain.codes import LeadKind, TargetGroup
from handover.domain.dossier import Dossier, Lead
from handover.platform.db import DatabaseUnfitError
from handover.platform.walls import Database
from handover.record import codec
from handover.record.erasing import LEFT_OVERS

TABLE = "keys.dossier_key"
_AT_ONCE = 2000
_ALL = """
SELECT dossier_id, content, confidential, changed_at FROM keys.dossier_key
WHERE $1::uuid IS NULL OR dossier_id > $1 ORDER BY dossier_id LIMIT $2
"""
_TAKE = """
INSERT INTO keys.dossier_key (dossier_id, content, confidential, changed_at)
SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::timestamptz[]) ON CONFLICT DO NOTHING
"""
_KEYLESS = """
SELECT d.dossier_id, d.version, d.opened_at FROM dossier d
WHERE d.erased_at IS NULL AND NOT EXISTS (SELECT FROM keys.dossier_key k WHERE k.dossier_id = d.dossier_id)
"""
_FORGOTTEN = (
    *LEFT_OVERS,
    "UPDATE delivery SET state = 'skipped', last_error = 'erased' WHERE dossier_id = $1 AND state <> 'succeeded'",
    "DELETE FROM lane WHERE dossier_id = $1",
)


class KeyLine(msgspec.Struct, frozen=True, rename="camel"):
    """A dossier's data keys, wrapped as they are stored (base64)."""

    dossier_id: UUID
    content: bytes
    confidential: bytes
    changed_at: datetime


_decode = msgspec.json.Decoder(KeyLine).decode


async def key_lines(pool: asyncpg.Pool) -> AsyncIterator[bytes]:
    """Give the data keys of all dossiers, a line each."""
    after = None
    while page := await pool.fetch(_ALL, after, _AT_ONCE):
        for row in page:
            yield msgspec.json.encode(KeyLine(UUID(int=row["dossier_id"].int), *tuple(row)[1:])) + b"\n"
        after = page[-1]["dossier_id"]


async def take_keys(pool: asyncpg.Pool, lines: Iterable[bytes], at: datetime) -> tuple[int, int]:
    """Put keys back, all of them or none, and forget what has no key; give how many keys, how many were forgotten.

    Raises msgspec.DecodeError for a line that is none of such a file.
    """
    found = [_decode(line) for line in lines if line.strip()]
    columns = [[getattr(line, name) for line in found] for name in KeyLine.__struct_fields__]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_TAKE, *columns)
        keyless = await connection.fetch(_KEYLESS)
        for row in keyless:
            await _forget(connection, row, at)
    return len(found), len(keyless)


async def refuse_keyless(pool: Database) -> None:
    """Raise DatabaseUnfitError when dossiers have no keys: a restored database whose keys were not put back yet."""
    if await pool.fetchval("SELECT keys_missing()"):
        message = (
            "The dossiers in this database have no keys. Put them back from the newest copy with `handover keys "
            "restore FILE`. (A demonstration from before there was sealing: remove its data directory.)"
        )
        raise DatabaseUnfitError(message)


async def _forget(connection: asyncpg.Connection, row: asyncpg.Record, at: datetime) -> None:
    dossier_id = row["dossier_id"]
    state = Dossier(
        dossier_id=UUID(int=dossier_id.int),
        version=row["version"],
        given_name="",
        family_name="",
        birth_date=date.min,
        target_group=TargetGroup.JOB_SEEKER,
        lead=Lead(kind=LeadKind.EXTERNAL),
        opened_at=row["opened_at"],
        changed_at=at,
        closed_at=at,
        erased_at=at,
    )
    for statement in _FORGOTTEN:
        await connection.execute(statement, dossier_id)
    await connection.execute(
        "UPDATE dossier SET erased_at = $2, ssin_sealed = '', state = $3 WHERE dossier_id = $1",
        dossier_id,
        at,
        codec.encode_state(state),
    )
