"""By which identifiers the identity provider knows our people and organisations."""

from dataclasses import dataclass

import asyncpg

from handover.platform.walls import Database


@dataclass(frozen=True, slots=True)
class Known:
    """Counsellor ids behind a subject, and the enterprise number behind an OVO code ("": none)."""

    counsellors: tuple[str, ...]
    enterprise_number: str


async def look_up(pool: Database, subject: str, organisation_code: str) -> Known:
    """Give what is known of a `vo_id` and a `vo_orgcode`."""
    row = await pool.fetchrow(
        """
        SELECT ARRAY(SELECT counsellor_id FROM counsellor_subject WHERE subject = $1 ORDER BY counsellor_id) AS ids,
               coalesce((SELECT enterprise_number FROM ovo_code WHERE ovo_code = $2), '') AS number
        """,
        subject,
        organisation_code,
    )
    return Known(tuple(row["ids"]), row["number"])


async def save_subject(pool: asyncpg.Pool, counsellor_id: str, subject: str) -> None:
    """Note by which `vo_id` a counsellor is known; "" forgets it."""
    if not subject:
        await pool.execute("DELETE FROM counsellor_subject WHERE counsellor_id = $1", counsellor_id)
        return
    await pool.execute(
        """
        INSERT INTO counsellor_subject (counsellor_id, subject) VALUES ($1, $2)
        ON CONFLICT (counsellor_id) DO UPDATE SET subject = excluded.subject
        """,
        counsellor_id,
        subject,
    )


async def save_ovo_code(pool: asyncpg.Pool, ovo_code: str, enterprise_number: str) -> None:
    """Note which enterprise number (ten digits) an OVO code stands for."""
    await pool.execute(
        """
        INSERT INTO ovo_code (ovo_code, enterprise_number) VALUES ($1, $2)
        ON CONFLICT (ovo_code) DO UPDATE SET enterprise_number = excluded.enterprise_number
        """,
        ovo_code,
        enterprise_number,
    )
