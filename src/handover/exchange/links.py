"""Which organisation is joined to which system of its own, how that goes, and what could not be placed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from cryptography.exceptions import InvalidTag

from handover.adapters.kit.contract import Reject, Report
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.record.sealing import Sealer

LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=15)
_PLACE = "adapter_link.settings"
_Settings = TypeVar("_Settings")


class Status(StrEnum):
    """Whether a link is read."""

    ACTIVE = "active"
    PAUSED = "paused"


class Trouble(StrEnum):
    """Why the latest run did not get through; the sentence beside it says what to do."""

    AWAY = "away"
    DENIED = "denied"
    CHANGED = "changed"
    OURS = "ours"


class Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the latest run that got through did, in numbers."""

    clients: int = 0
    opened: int = 0
    joined: int = 0
    recorded: int = 0
    unchanged: int = 0
    rejects: int = 0
    left: int = 0

    @classmethod
    def of(cls, report: Report) -> "Outcome":
        """Count a report."""
        return cls(
            clients=report.clients,
            opened=report.opened,
            joined=report.joined,
            recorded=report.recorded,
            unchanged=report.unchanged,
            rejects=len(report.rejects),
            left=report.not_imported.total(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One organisation's link with one system. `sealed` opens with `Links.settings`; times in UTC."""

    link_id: UUID
    organisation_id: str
    system: str
    legal_basis_id: str
    interval: timedelta
    status: Status
    due_at: datetime
    began_at: datetime | None
    read_at: datetime | None
    failures: int
    failing_since: datetime | None
    trouble: Trouble | None
    said: str
    outcome: Outcome
    fence: int
    changed_at: datetime
    """When somebody last made it otherwise, paused it or asked to read it at once."""
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A reject as it stands: since when, and when it was last met."""

    reject: Reject
    first_at: datetime
    last_at: datetime


_FIELDS = """
    link_id, organisation_id, system, settings, legal_basis_id, interval_seconds, status, due_at, began_at, read_at,
    failures, failing_since, trouble, said, outcome, fence, changed_at
"""
_CLAIM = f"""
UPDATE adapter_link SET lease_until = $1::timestamptz + $2::interval, fence = fence + 1, began_at = $1
WHERE link_id IN (
    SELECT link_id FROM adapter_link
    WHERE status = 'active' AND due_at <= $1 AND (lease_until IS NULL OR lease_until < $1)
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING {_FIELDS}
"""  # noqa: S608 - our own names
_RENEW = """
UPDATE adapter_link SET lease_until = $3::timestamptz + $4::interval WHERE link_id = $1 AND fence = $2 RETURNING true
"""
# The interval is a promise: what is typed there is recorded within it, so the next reading begins early enough to be
# done by then. A reading that takes long rests for half as long, whatever was promised.
# What was met again keeps its first moment; what was not met is placed by now, or gone.
_GOT_THROUGH = """
WITH held AS (
    UPDATE adapter_link
    SET lease_until = NULL, read_at = $3,
        due_at = greatest(
            began_at + interval_seconds * interval '1 second' - ($3 - began_at), $3 + ($3 - began_at) / 2
        ),
        failures = 0, failing_since = NULL, trouble = '', said = '', outcome = $4::jsonb
    WHERE link_id = $1 AND fence = $2 RETURNING link_id
), met AS (
    INSERT INTO adapter_reject (link_id, source, key, reason, first_at, last_at)
    SELECT DISTINCT held.link_id, r.source, r.key, r.reason, $3::timestamptz, $3::timestamptz
    FROM held, unnest($5::text[], $6::bigint[], $7::text[]) AS r (source, key, reason)
    ON CONFLICT (link_id, source, key, reason) DO UPDATE SET last_at = excluded.last_at
    RETURNING source, key, reason
), gone AS (
    DELETE FROM adapter_reject a USING held WHERE a.link_id = held.link_id
    AND NOT EXISTS (SELECT FROM met WHERE met.source = a.source AND met.key = a.key AND met.reason = a.reason)
)
SELECT count(*) FROM held
"""
_FAILED = """
UPDATE adapter_link
SET lease_until = NULL, due_at = $3, failures = least(failures + 1, 1000), failing_since = coalesce(failing_since, $4),
    trouble = $5, said = $6
WHERE link_id = $1 AND fence = $2
"""
_REMOVE = "DELETE FROM adapter_link WHERE organisation_id = $1 AND system = $2 RETURNING true"
_PAUSE = """
UPDATE adapter_link SET status = 'paused', changed_at = $3 WHERE organisation_id = $1 AND system = $2 RETURNING true
"""
_READ_NOW = """
UPDATE adapter_link SET status = 'active', failures = 0, due_at = $3, changed_at = $3
WHERE organisation_id = $1 AND system = $2 RETURNING true
"""


class Links:
    """The links of all organisations; for the worker and for who runs the service. Raises asyncpg's errors."""

    def __init__(self, pool: asyncpg.Pool, sealer: Sealer, clock: Clock) -> None:
        self._pool = pool
        self._sealer = sealer
        self._clock = clock

    async def put(
        self, organisation_id: str, system: str, settings: msgspec.Struct, *, legal_basis_id: str, interval: timedelta
    ) -> None:
        """Make a link, or change what it is made with; it is read at once, also when it was paused."""
        async with self._pool.acquire() as connection, connection.transaction():
            known = await connection.fetchval(
                "SELECT link_id FROM adapter_link WHERE organisation_id = $1 AND system = $2 FOR UPDATE",
                organisation_id,
                system,
            )
            link_id: UUID = known or new_id()
            await connection.execute(
                """
                INSERT INTO adapter_link (
                    link_id, organisation_id, system, settings, legal_basis_id, interval_seconds,
                    created_at, changed_at, due_at
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
                ON CONFLICT (link_id) DO UPDATE SET
                    settings = excluded.settings, legal_basis_id = excluded.legal_basis_id, status = 'active',
                    interval_seconds = excluded.interval_seconds, changed_at = excluded.changed_at,
                    due_at = excluded.due_at, lease_until = NULL, fence = adapter_link.fence + 1
                """,
                link_id,
                organisation_id,
                system,
                self._sealer.seal(_PLACE, link_id, msgspec.json.encode(settings)),
                legal_basis_id,
                round(interval.total_seconds()),
                self._clock.now(),
            )

    async def all(self) -> list[Link]:
        """Give every link, by organisation."""
        rows = await self._pool.fetch(
            f"SELECT {_FIELDS} FROM adapter_link ORDER BY organisation_id, system"  # noqa: S608 - our own names
        )
        return [_link(row) for row in rows]

    async def find(self, organisation_id: str, system: str) -> Link | None:
        """Give one link."""
        row = await self._pool.fetchrow(
            f"SELECT {_FIELDS} FROM adapter_link WHERE organisation_id = $1 AND system = $2",  # noqa: S608 - our own
            organisation_id,
            system,
        )
        return None if row is None else _link(row)

    async def remove(self, organisation_id: str, system: str) -> bool:
        """Remove a link with its rejects; what it recorded stays, and so does the memory of it. False: not there."""
        return bool(await self._pool.fetchval(_REMOVE, organisation_id, system))

    async def pause(self, organisation_id: str, system: str) -> bool:
        """Read it no more until it is due again (`read_now`). False: not there."""
        return await self._touch(_PAUSE, organisation_id, system)

    async def read_now(self, organisation_id: str, system: str) -> bool:
        """Read it at once, whatever it waits for, and go on doing so. False: not there."""
        return await self._touch(_READ_NOW, organisation_id, system)

    async def rejects(self, link_id: UUID) -> list[Standing]:
        """Give what could not be placed, by where it is in the outside system."""
        rows = await self._pool.fetch(
            """
            SELECT source, key, reason, first_at, last_at FROM adapter_reject WHERE link_id = $1
            ORDER BY source, key, reason
            """,
            link_id,
        )
        return [
            Standing(
                reject=Reject(row["source"], row["key"], row["reason"]),
                first_at=row["first_at"],
                last_at=row["last_at"],
            )
            for row in rows
        ]

    def settings(self, link: Link, kind: type[_Settings]) -> _Settings:
        """Open what a link is made with. Raises ValueError when it cannot be opened or is of another time."""
        try:
            return msgspec.json.decode(self._sealer.open(_PLACE, link.link_id, link.sealed), type=kind)
        except (InvalidTag, KeyError, msgspec.DecodeError) as error:
            message = "What the link is made with cannot be opened: make it anew with `handover adapters add`."
            raise ValueError(message) from error

    # -- for the worker ------------------------------------------------------------------------------------

    async def claim(self, *, most: int) -> list[Link]:
        """Take links that are due, for LEASE; nobody else reads them meanwhile."""
        return [_link(row) for row in await self._pool.fetch(_CLAIM, self._clock.now(), LEASE, most)]

    async def renew(self, link: Link) -> bool:
        """Keep a claim; False when it is no longer ours."""
        now = self._clock.now()
        return bool(await self._pool.fetchval(_RENEW, link.link_id, link.fence, now, LEASE))

    async def got_through(self, link: Link, report: Report) -> bool:
        """Note what a run did and what it could not place; False when the claim was no longer ours."""
        sources, keys, reasons = _columns(report.rejects)
        outcome = msgspec.json.encode(Outcome.of(report)).decode()
        now = self._clock.now()
        held = await self._pool.fetchval(_GOT_THROUGH, link.link_id, link.fence, now, outcome, sources, keys, reasons)
        return bool(held)

    async def failed(self, link: Link, trouble: Trouble, said: str) -> None:
        """Note why a run did not get through; it is tried again after its interval, and ever later."""
        now = self._clock.now()
        pause = min(link.interval * 2 ** min(link.failures, 16), max(LONGEST_PAUSE, link.interval))
        await self._pool.execute(_FAILED, link.link_id, link.fence, now + pause, now, trouble, said)

    async def _touch(self, statement: str, organisation_id: str, system: str) -> bool:
        return bool(await self._pool.fetchval(statement, organisation_id, system, self._clock.now()))


def _link(row: Any) -> Link:  # noqa: ANN401 - asyncpg.Record, whose values have no types
    return Link(
        link_id=row["link_id"],
        organisation_id=row["organisation_id"],
        system=row["system"],
        legal_basis_id=row["legal_basis_id"],
        interval=timedelta(seconds=row["interval_seconds"]),
        status=Status(row["status"]),
        due_at=row["due_at"],
        began_at=row["began_at"],
        read_at=row["read_at"],
        failures=row["failures"],
        failing_since=row["failing_since"],
        trouble=Trouble(row["trouble"]) if row["trouble"] else None,
        said=row["said"],
        outcome=msgspec.json.decode(row["outcome"], type=Outcome),
        fence=row["fence"],
        changed_at=row["changed_at"],
        sealed=row["settings"],
    )


def _columns(rejects: Sequence[Reject]) -> tuple[list[str], list[int], list[str]]:
    return [r.source for r in rejects], [r.key for r in rejects], [r.reason for r in rejects]
