"""What imports from outside systems remember, and which dossiers they may find."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from handover.platform.walls import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMark:
    """What was last recorded for one thing of an outside system; see the table `inbound_mark`."""

    key: str
    digest: str
    revision: int
    dossier_id: UUID
    thread_id: UUID | None


async def load_marks(pool: asyncpg.Pool, organisation: str, system: str) -> list[InboundMark]:
    """Give all marks of an organisation's import from one system."""
    rows = await pool.fetch(
        """
        SELECT key, digest, revision, dossier_id, thread_id FROM inbound_mark
        WHERE organisation_id = $1 AND system = $2
        """,
        organisation,
        system,
    )
    return [
        InboundMark(
            key=row["key"],
            digest=row["digest"],
            revision=row["revision"],
            dossier_id=_plain(row["dossier_id"]),
            thread_id=_plain(row["thread_id"]) if row["thread_id"] else None,
        )
        for row in rows
    ]


async def save_marks(
    pool: asyncpg.Pool, organisation: str, system: str, marks: Sequence[InboundMark], *, at: datetime
) -> None:
    """Keep marks, each with its own key, all of them or none."""
    await pool.execute(
        """
        INSERT INTO inbound_mark (
            organisation_id, system, key, digest, revision, dossier_id, thread_id, changed_at
        )
        SELECT $1, $2, m.key, m.digest, m.revision, m.dossier_id, m.thread_id, $3
        FROM unnest($4::text[], $5::text[], $6::integer[], $7::uuid[], $8::uuid[])
            AS m (key, digest, revision, dossier_id, thread_id)
        ORDER BY m.key
        ON CONFLICT (organisation_id, system, key) DO UPDATE SET
            digest = excluded.digest, revision = excluded.revision, dossier_id = excluded.dossier_id,
            thread_id = excluded.thread_id, changed_at = excluded.changed_at
        """,
        organisation,
        system,
        at,
        [mark.key for mark in marks],
        [mark.digest for mark in marks],
        [mark.revision for mark in marks],
        [mark.dossier_id for mark in marks],
        [mark.thread_id for mark in marks],
    )


async def find_dossiers(pool: Database, digests: Sequence[bytes]) -> dict[bytes, UUID]:
    """Give the dossiers behind lookup digests (`Sealer.digest` of an SSIN), where there is one."""
    rows = await pool.fetch("SELECT digest, dossier_id FROM ssin_lookup WHERE digest = ANY ($1)", digests)
    return {row["digest"]: _plain(row["dossier_id"]) for row in rows}


def _plain(found: UUID) -> UUID:
    """The driver gives a subclass, which encoders outside it refuse."""
    return UUID(int=found.int)
