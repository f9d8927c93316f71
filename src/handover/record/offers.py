"""Offers as they are kept and found: one statement each."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg
import msgspec

from handover.domain.offers import Offer, Proposed, Search, check
from handover.domain.parties import Directory
from handover.domain.refusals import StaleVersion
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.platform.walls import Database

_COLUMNS = "offer_id, organisation_id, body, version, changed_by"
# For everybody (an empty list) fits as well as by name; by name comes first.
_FOUND = f"""
SELECT {_COLUMNS} FROM offer
WHERE ($1::date IS NULL OR (valid_from <= $1 AND (valid_until IS NULL OR valid_until >= $1)))
  AND ($2 = '' OR places = '{{}}' OR places && ARRAY[$2])
  AND ($3 = '' OR target_groups = '{{}}' OR target_groups && ARRAY[$3])
  AND ($4::text[] = '{{}}' OR barriers = '{{}}' OR barriers && $4)
  AND ($5::text[] = '{{}}' OR kind = ANY ($5)) AND ($6 = '' OR instrument = $6) AND ($7 = '' OR organisation_id = $7)
  AND ($8 = '' OR strpos(words, $8) > 0)
ORDER BY (places <> '{{}}' AND $2 <> '')::int + (target_groups <> '{{}}' AND $3 <> '')::int
       + (barriers <> '{{}}' AND $4::text[] <> '{{}}')::int DESC, title, offer_id
LIMIT $9 OFFSET $10
"""  # noqa: S608 - a constant


class Offers:
    """The offer map. An organisation changes its own offers only; those of others are refused (None)."""

    def __init__(self, pool: Database, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def find(self, search: Search, *, on: date | None, limit: int = 50, skip: int = 0) -> Sequence[Offer]:
        """Give the offers that fit and hold on a day (None: whenever), the more precise ones first."""
        rows = await self._pool.fetch(
            _FOUND,
            on,
            search.municipality.strip().casefold(),
            search.target_group,
            list(search.barriers),
            list(search.kinds),
            search.instrument,
            search.organisation,
            search.text.strip().casefold(),
            limit,
            skip,
        )
        return [_offer(row) for row in rows]

    async def get(self, offer_id: UUID) -> Offer | None:
        """Give one offer, whether or not it still holds."""
        row = await self._pool.fetchrow(f"SELECT {_COLUMNS} FROM offer WHERE offer_id = $1", offer_id)  # noqa: S608
        return _offer(row) if row else None

    async def places(self) -> Sequence[str]:
        """Give the municipalities that offers name, for a list to choose from."""
        rows = await self._pool.fetch(
            """
            SELECT DISTINCT m ->> 'name' AS name
            FROM offer, jsonb_array_elements(coalesce(body -> 'municipalities', '[]')) AS m ORDER BY 1
            """
        )
        return [row["name"] for row in rows]

    async def add(self, organisation: str, proposed: Proposed, directory: Directory, *, by: str) -> Offer:
        """Add an offer. Raises InvalidField."""
        check(proposed, organisation, directory)
        row = await self._pool.fetchrow(
            f"""
            INSERT INTO offer (
                offer_id, organisation_id, kind, title, instrument, places, target_groups, barriers, words, body,
                valid_from, valid_until, changed_by, changed_at
            ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            new_id(),
            organisation,
            *_searchable(proposed),
            by,
            self._clock.now(),
        )
        return _offer(row)

    async def change(
        self,
        organisation: str,
        offer_id: UUID,
        proposed: Proposed,
        directory: Directory,
        *,
        by: str,
        expected: int | None = None,
    ) -> Offer | None:
        """Write an offer anew. Raises InvalidField, StaleVersion when it is no longer at `expected`."""
        check(proposed, organisation, directory)
        row = await self._pool.fetchrow(
            f"""
            UPDATE offer SET
                kind = $3, title = $4, instrument = $5, places = $6, target_groups = $7, barriers = $8, words = $9,
                body = $10, valid_from = $11, valid_until = $12, changed_by = $13, changed_at = $14,
                version = version + 1
            WHERE offer_id = $1 AND organisation_id = $2 AND ($15::integer IS NULL OR version = $15)
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            offer_id,
            organisation,
            *_searchable(proposed),
            by,
            self._clock.now(),
            expected,
        )
        if row is None:
            await self._refuse_stale(organisation, offer_id)
            return None
        return _offer(row)

    async def delete(self, organisation: str, offer_id: UUID, *, expected: int | None = None) -> bool:
        """Delete an offer of one's own; tell whether it was there. Raises StaleVersion as `change` does."""
        found = await self._pool.fetchval(
            """
            DELETE FROM offer WHERE offer_id = $1 AND organisation_id = $2 AND ($3::integer IS NULL OR version = $3)
            RETURNING true
            """,
            offer_id,
            organisation,
            expected,
        )
        if not found:
            await self._refuse_stale(organisation, offer_id)
        return bool(found)

    async def _refuse_stale(self, organisation: str, offer_id: UUID) -> None:
        """Tell an offer that moved on from one that is not there, or not theirs."""
        there = await self.get(offer_id)
        if there and there.organisation == organisation:
            raise StaleVersion("The offer changed since you read it. Read it again and decide anew.")


def _searchable(proposed: Proposed) -> tuple[object, ...]:
    """Give what `offer` holds beside the whole, from `kind` to `valid_until`."""
    return (
        str(proposed.kind),
        proposed.title,
        str(proposed.instrument or ""),
        proposed.places,
        [str(group) for group in proposed.target_groups],
        [str(barrier) for barrier in proposed.barriers],
        f"{proposed.title}\n{proposed.description}".casefold(),
        msgspec.json.encode(proposed).decode(),
        proposed.valid_from,
        proposed.valid_until,
    )


def _offer(row: asyncpg.Record) -> Offer:
    return Offer(
        offer_id=UUID(int=row["offer_id"].int),
        organisation=row["organisation_id"],
        offer=msgspec.json.decode(row["body"], type=Proposed),
        version=row["version"],
        changed_by=row["changed_by"],
    )
