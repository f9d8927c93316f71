"""Subscriptions of an organisation: where its software wants to hear of events.

Every method takes the organisation that asks; what is not its own is as if it did not exist (None, False).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from handover.delivery import keyring, outbox, replays, signing
from handover.delivery.cloud_event import probe_event
from handover.delivery.destinations import WEBHOOKS, Destinations
from handover.delivery.outbox import Delivery
from handover.delivery.queue import State
from handover.delivery.replays import Replay, Which
from handover.delivery.sender import UNLISTED, Attempt, Sender
from handover.domain.kinds import EVENT_TYPES
from handover.domain.refusals import InvalidField
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.platform.walls import Database
from handover.record.sealing import Sealer

_COLUMNS = """
    subscription_id, organisation_id, url, event_types, content, status, status_reason,
    created_at, changed_at, down_since, public_key
"""
_MINE = f"organisation_id = $1 AND subscription_id = $2 AND status <> 'deleted' AND {WEBHOOKS}"


class Content(StrEnum):
    """How much a webhook says."""

    THIN = "thin"
    """That something happened, and where to read it."""
    FULL = "full"
    """Also the event itself, as the receiver may see it at the moment of sending."""


class Status(StrEnum):
    """What a subscription does."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Queues, and sends nothing until it is made active."""
    DISABLED = "disabled"
    """Its address answered 410 Gone: it queues nothing. Making it active queues what it missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where events go, and which (`event_types` None: all). Its secrets are not in it."""

    subscription_id: UUID
    organisation: str
    url: str
    event_types: tuple[str, ...] | None
    content: Content
    status: Status
    status_reason: str
    created_at: datetime
    changed_at: datetime
    down_since: datetime | None
    """Since when the address does not answer at all; it is tried every 30 s."""
    public_key: str = ""
    """What verifies the `v1a` signatures, `whpk_...`; "" for a secret from before they were."""


class Subscriptions:
    """The subscriptions and their deliveries. Raises asyncpg's errors when the database fails.

    `wake` is called when something became due, so that a worker looks at once.
    """

    def __init__(
        self,
        pool: Database,
        sealer: Sealer,
        clock: Clock,
        *,
        base_url: str,
        destinations: Destinations,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._clock = clock
        self._base_url = base_url
        self._destinations = destinations
        self._wake = wake

    async def create(
        self,
        organisation: str,
        url: str,
        event_types: Sequence[str] | None = None,
        *,
        content: Content = Content.THIN,
    ) -> tuple[Subscription, str]:
        """Add a subscription; its secret is shown this once. Raises InvalidField (url, eventTypes)."""
        subscription_id, secret, at = new_id(), keyring.new(), self._clock.now()
        row = await self._pool.fetchrow(
            f"""
            INSERT INTO subscription (
                subscription_id, organisation_id, url, event_types, secrets, created_at, changed_at, content,
                public_key
            ) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8) RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            subscription_id,
            organisation,
            await self._checked(organisation, url),
            _checked(event_types),
            keyring.seal(self._sealer, subscription_id, (secret,)),
            at,
            str(content),
            signing.public_of(secret.private),
        )
        return _subscription(row), secret.secret

    async def list(self, organisation: str) -> list[Subscription]:
        """Give the organisation's subscriptions, oldest first."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM subscription "  # noqa: S608 - constants
            f"WHERE organisation_id = $1 AND status <> 'deleted' AND {WEBHOOKS} ORDER BY subscription_id",
            organisation,
        )
        return [_subscription(row) for row in rows]

    async def get(self, organisation: str, subscription_id: UUID) -> Subscription | None:
        """Give one of them."""
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM subscription WHERE {_MINE}",  # noqa: S608 - constants
            organisation,
            subscription_id,
        )
        return None if row is None else _subscription(row)

    async def change(
        self,
        organisation: str,
        subscription_id: UUID,
        *,
        url: str | None = None,
        event_types: Sequence[str] | None = None,
        content: Content | None = None,
        status: Status | None = None,
    ) -> Subscription | None:
        """Change what is given; None stays as it is. Raises InvalidField (url, eventTypes, status).

        Making it active forgets why it was disabled, lets resting lanes go at once, and has what a disabled
        subscription missed queued. Lanes that a dead delivery stops stay stopped: resend or skip it.
        """
        if status is Status.DISABLED:
            raise InvalidField("status", "Choose active or paused; only a 410 answer disables a subscription.")
        at = self._clock.now()
        row = await self._pool.fetchrow(
            f"""
            WITH before AS (
                SELECT subscription_id AS id, missed_from AS missed FROM subscription WHERE {_MINE} FOR UPDATE
            )
            UPDATE subscription s SET
                url = coalesce($3, s.url), event_types = coalesce($4, s.event_types), changed_at = $6,
                content = coalesce($7, s.content),
                status = coalesce($5, s.status),
                status_reason = CASE WHEN $5::text IS NULL THEN s.status_reason ELSE '' END,
                missed_from = CASE WHEN $5::text = 'active' THEN NULL ELSE s.missed_from END,
                down_since = CASE WHEN $5::text IS NULL AND $3::text IS NULL THEN s.down_since END,
                probe_at = CASE WHEN $5::text IS NULL AND $3::text IS NULL THEN s.probe_at END
            FROM before WHERE s.subscription_id = before.id
            RETURNING {_COLUMNS}, before.missed::text
            """,  # noqa: S608 - constants
            organisation,
            subscription_id,
            None if url is None else await self._checked(organisation, url),
            _checked(event_types),
            None if status is None else str(status),
            at,
            None if content is None else str(content),
        )
        if row is None:
            return None
        if status is Status.ACTIVE:
            await outbox.let_rest_end(self._pool, subscription_id, at)
            if row["missed"] is not None:
                await replays.begin(
                    self._pool, subscription_id, at=at, which=Which.MISSING, missed_from=int(row["missed"])
                )
        self._wake()
        return _subscription(row)

    async def delete(self, organisation: str, subscription_id: UUID) -> bool:
        """Delete it; what is still pending is skipped, what was delivered stays on record."""
        found = await self._pool.fetchval(
            f"""
            UPDATE subscription SET status = 'deleted', changed_at = $3, down_since = NULL, probe_at = NULL
            WHERE {_MINE} RETURNING subscription_id
            """,  # noqa: S608 - a constant
            organisation,
            subscription_id,
            self._clock.now(),
        )
        if found is not None:
            await outbox.skip_all(self._pool, subscription_id, self._clock.now())
        return found is not None

    async def rotate_secret(self, organisation: str, subscription_id: UUID) -> tuple[str, str] | None:
        """Give a new secret, shown this once, and its public key; the old one signs beside it for 24 hours."""
        secret, at = keyring.new(), self._clock.now()
        public = signing.public_of(secret.private)
        async with self._pool.acquire() as connection, connection.transaction():
            sealed = await connection.fetchval(
                f"SELECT secrets FROM subscription WHERE {_MINE} FOR UPDATE",  # noqa: S608 - a constant
                organisation,
                subscription_id,
            )
            if sealed is None:
                return None
            ring = keyring.rotated(keyring.unseal(self._sealer, subscription_id, sealed), secret, at)
            await connection.execute(
                "UPDATE subscription SET secrets = $2, changed_at = $3, public_key = $4 WHERE subscription_id = $1",
                subscription_id,
                keyring.seal(self._sealer, subscription_id, ring),
                at,
                public,
            )
        return secret.secret, public

    async def deliveries(
        self,
        organisation: str,
        subscription_id: UUID,
        *,
        state: State | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Delivery] | None:
        """Give deliveries, latest first; `after` is the cursor of the last one seen (else ValueError)."""
        if await self.get(organisation, subscription_id) is None:
            return None
        return await outbox.deliveries(self._pool, subscription_id, state=state, after=after, limit=limit)

    async def resend(
        self,
        organisation: str,
        subscription_id: UUID,
        dossier_id: UUID,
        *,
        sequence: int | None = None,
        event_id: UUID | None = None,
    ) -> bool | None:
        """Send one delivery again, in its place within its dossier, by its sequence or event id.

        Gives False when nothing was queued for that event, None when there is no such subscription. A
        delivery that is pending anyway only goes sooner.
        """
        if await self.get(organisation, subscription_id) is None:
            return None
        found = await outbox.resend(
            self._pool,
            subscription_id,
            dossier_id,
            sequence=sequence,
            event_id=event_id,
            at=self._clock.now(),
        )
        self._wake()
        return found

    async def skip(
        self, organisation: str, subscription_id: UUID, dossier_id: UUID, sequence: int, reason: str
    ) -> bool | None:
        """Record that a pending or dead delivery need not arrive; what is behind it goes on. As `resend`."""
        if await self.get(organisation, subscription_id) is None:
            return None
        found = await outbox.skip(
            self._pool, subscription_id, dossier_id, sequence, reason=reason, at=self._clock.now()
        )
        self._wake()
        return found

    async def replay(
        self,
        organisation: str,
        subscription_id: UUID,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        which: Which = Which.ALL,
    ) -> Replay | None:
        """Send again what the organisation is entitled to and was recorded in a period, up to now.

        The workers queue it, as fast as the receiver takes it. What is pending stays so: doing it twice sends nothing
        twice that still waits.
        """
        if await self.get(organisation, subscription_id) is None:
            return None
        job = await replays.begin(
            self._pool, subscription_id, at=self._clock.now(), which=which, since=since, until=until
        )
        self._wake()
        return job

    async def replays(self, organisation: str, subscription_id: UUID) -> Sequence[Replay] | None:
        """Give the latest 100 replays of a subscription, latest first."""
        if await self.get(organisation, subscription_id) is None:
            return None
        return await replays.of_subscription(self._pool, subscription_id)

    async def find_replay(self, organisation: str, subscription_id: UUID, job_id: UUID) -> Replay | None:
        """Give one replay."""
        if await self.get(organisation, subscription_id) is None:
            return None
        return await replays.find(self._pool, subscription_id, job_id)

    async def _checked(self, organisation: str, url: str) -> str:
        hosts = await self._pool.fetchval(
            "SELECT webhook_hosts FROM organisation WHERE organisation_id = $1", organisation
        )
        return self._destinations.checked(url, hosts or ())

    async def send_test(self, organisation: str, subscription_id: UUID) -> Attempt | None:
        """Send one signed `handover.v1.test` event right now and give what came of it."""
        row = await self._pool.fetchrow(
            f"""
            SELECT url, secrets, webhook_hosts FROM subscription JOIN organisation USING (organisation_id) WHERE {_MINE}
            """,  # noqa: S608 - a constant
            organisation,
            subscription_id,
        )
        if row is None:
            return None
        event_id, at = new_id(), self._clock.now()
        ring = keyring.unseal(self._sealer, subscription_id, row["secrets"])
        if not self._destinations.listed(row["url"], row["webhook_hosts"]):
            return UNLISTED
        async with Sender(self._destinations, connections=1) as sender:
            return await sender.send(
                row["url"],
                message_id=str(event_id),
                timestamp=int(at.timestamp()),
                keys=keyring.keys_at(ring, at),
                body=probe_event(event_id, subscription_id, base_url=self._base_url, at=at),
            )


def _checked(event_types: Sequence[str] | None) -> list[str] | None:
    if event_types is None:
        return None
    unknown = [name for name in event_types if name not in EVENT_TYPES]
    if unknown or not event_types:
        detail = "Name event types of GET /v1/refData/eventTypes, or leave the field out for all of them."
        raise InvalidField("eventTypes", detail, unknown_reference=bool(unknown))
    return sorted(set(event_types))


def _subscription(row: asyncpg.Record) -> Subscription:
    types = row["event_types"]
    return Subscription(
        subscription_id=row["subscription_id"],
        organisation=row["organisation_id"],
        url=row["url"],
        event_types=None if types is None else tuple(types),
        content=Content(row["content"]),
        status=Status(row["status"]),
        status_reason=row["status_reason"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        down_since=row["down_since"],
        public_key=row["public_key"],
    )
