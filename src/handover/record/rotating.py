"""Changing keys while the service runs: everything is wrapped, or looked up, by the present key, a page at a time.

Only keys are wrapped anew; what they seal is not touched. A row that changed or went meanwhile is left as it is now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from handover.record.lookups import SSIN
from handover.record.sealing import KEY_OF, Sealer

_AT_ONCE = 500
_OLD_KEYS = """
SELECT dossier_id, content, confidential FROM keys.dossier_key
WHERE (get_byte(content, 0) <> $1 OR get_byte(confidential, 0) <> $1) AND ($2::uuid IS NULL OR dossier_id > $2)
ORDER BY dossier_id LIMIT $3
"""
_REWRAP = """
UPDATE keys.dossier_key k SET content = n.content, confidential = n.confidential, changed_at = $5
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[]) AS n (dossier_id, was, content, confidential)
WHERE k.dossier_id = n.dossier_id AND k.content = n.was
"""
_OLD_NUMBERS = f"""
SELECT s.digest, s.key_version, s.dossier_id, s.sealed, {KEY_OF.format("s")} AS keys FROM ssin_lookup s
WHERE s.key_version <> $1 AND s.sealed IS NOT NULL AND ($2::bytea IS NULL OR s.digest > $2)
ORDER BY s.digest LIMIT $3
"""  # noqa: S608 - a constant
_REKEY = """
UPDATE ssin_lookup s SET digest = n.digest, key_version = $3
FROM unnest($1::bytea[], $2::bytea[]) AS n (was, digest) WHERE s.digest = n.was AND s.key_version <> $3
"""
# What is sealed by the key-encryption key itself: the table, its sealed column, and what tells its rows apart.
_VALUES = (
    ("subscription", "secrets", "subscription_id"),
    ("adapter_link", "settings", "link_id"),
    ("request_once", "answer", "NULL::uuid"),
)
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How much is under which version of the key-encryption key, and of the lookup key."""

    wrapped: dict[int, int]
    values: dict[int, int]
    numbers: dict[int, int]
    keyless: int
    """Dossiers without keys that were not erased: from before there was sealing, or restored without their keys."""


async def standing(pool: asyncpg.Pool) -> Standing:
    """Count what is under which version."""
    wrapped = await pool.fetch("SELECT get_byte(content, 0) AS v, count(*) AS n FROM keys.dossier_key GROUP BY 1")
    values = await pool.fetch(
        """
        SELECT v, count(*) AS n FROM (
            SELECT get_byte(secrets, 0) AS v FROM subscription WHERE length(secrets) > 0
            UNION ALL SELECT get_byte(settings, 0) FROM adapter_link
            UNION ALL SELECT get_byte(answer, 0) FROM request_once WHERE length(answer) > 0
        ) q GROUP BY 1
        """
    )
    numbers = await pool.fetch("SELECT key_version AS v, count(*) AS n FROM ssin_lookup GROUP BY 1")
    keyless = await pool.fetchval(
        """
        SELECT count(*) FROM dossier d WHERE erased_at IS NULL
        AND NOT EXISTS (SELECT FROM keys.dossier_key k WHERE k.dossier_id = d.dossier_id)
        """
    )
    found = [{row["v"]: row["n"] for row in rows} for rows in (wrapped, values, numbers)]
    return Standing(found[0], found[1], found[2], keyless)


async def rewrap(
    pool: asyncpg.Pool, sealer: Sealer, at: datetime, progress: Callable[[int], None] = lambda _n: None
) -> int:
    """Wrap every data key, and seal every value, by the present key-encryption key; give how many that were."""
    done, after = 0, None
    while page := await pool.fetch(_OLD_KEYS, sealer.seal_keys.current, after, _AT_ONCE):
        new = [sealer.rewrap(row["dossier_id"], row["content"] + row["confidential"]) for row in page]
        was = [row["content"] for row in page]
        ids = [row["dossier_id"] for row in page]
        await pool.execute(_REWRAP, ids, was, [one for one, _ in new], [other for _, other in new], at)
        done, after = done + len(page), ids[-1]
        progress(done)
    return done + await _reseal(pool, sealer)


async def _reseal(pool: asyncpg.Pool, sealer: Sealer) -> int:
    done = 0
    for table, column, owner in _VALUES:
        rows = await pool.fetch(
            f"SELECT {owner} AS owner, {column} AS kept FROM {table} "  # noqa: S608 - our own names
            f"WHERE length({column}) > 0 AND get_byte({column}, 0) <> $1",
            sealer.seal_keys.current,
        )
        for row in rows:
            place, whose = f"{table}.{column}", row["owner"] or _NOBODY
            sealed = sealer.seal(place, whose, sealer.open(place, whose, row["kept"]))
            await pool.execute(f"UPDATE {table} SET {column} = $2 WHERE {column} = $1", row["kept"], sealed)  # noqa: S608
        done += len(rows)
    return done


async def rekey_numbers(pool: asyncpg.Pool, sealer: Sealer) -> int:
    """Put every national number under the present lookup key; give how many that were.

    A number that was replaced before there was sealing is not kept anywhere, so it stays under the key that it has.
    """
    done, after = 0, None
    while page := await pool.fetch(_OLD_NUMBERS, sealer.lookup_version, after, _AT_ONCE):
        keys = [sealer.dossier(row["dossier_id"], row["keys"]) for row in page]
        numbers = [key.open(SSIN, row["sealed"]).decode() for key, row in zip(keys, page, strict=True)]
        digests = [sealer.digest(number) for number in numbers]
        await pool.execute(_REKEY, [row["digest"] for row in page], digests, sealer.lookup_version)
        done, after = done + len(page), page[-1]["digest"]
    return done
