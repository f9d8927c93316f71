"""The browsers that a counsellor wants notices in: added, listed and removed by themselves."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from handover.delivery.destinations import Destinations
from handover.domain.refusals import InvalidField
from handover.platform.walls import Database

MOST = 10
"""Of one counsellor; the oldest goes when there is one more."""
_LOCAL = ("127.0.0.1", "localhost")
_BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""In this order: what claims to be several is the first."""


@dataclass(frozen=True, slots=True)
class PushBrowser:
    """A browser that shows notices. `digest` is the SHA-256 of its endpoint, by which it is known."""

    digest: bytes
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PushHosts:
    """Which push services there are for this instance; a demonstration may also have one on this machine."""

    hosts: tuple[str, ...]
    destinations: Destinations

    def refuses(self, endpoint: str) -> bool:
        """Tell whether nothing is sent to this address."""
        known = (*self.hosts, *_LOCAL) if self.destinations.demonstration else self.hosts
        if not known:
            return True
        try:
            self.destinations.checked(endpoint, known)
        except InvalidField:
            return True
        return False


class PushSubscriptions:
    """Keeps them."""

    def __init__(self, pool: Database, hosts: PushHosts) -> None:
        self._pool = pool
        self._hosts = hosts

    async def of(self, organisation: str, counsellor_id: str) -> list[PushBrowser]:
        """Give a counsellor's browsers, the newest first."""
        rows = await self._pool.fetch(
            """
            SELECT digest, browser, created_at FROM push_subscription
            WHERE organisation_id = $1 AND counsellor_id = $2 ORDER BY created_at DESC, digest
            """,
            organisation,
            counsellor_id,
        )
        return [PushBrowser(row["digest"], row["browser"], row["created_at"]) for row in rows]

    async def add(self, organisation: str, counsellor_id: str, endpoint: str, browser: str, *, at: datetime) -> bool:
        """Add a browser; False when its push service is none of ours. What lies there already is not told."""
        if self._hosts.refuses(endpoint):
            return False
        await self._pool.execute(
            f"""
            WITH oldest AS (
                DELETE FROM push_subscription WHERE organisation_id = $1 AND counsellor_id = $2 AND digest IN (
                    SELECT digest FROM push_subscription
                    WHERE organisation_id = $1 AND counsellor_id = $2 AND digest <> $3
                    ORDER BY created_at DESC, digest OFFSET {MOST - 1}
                )
            )
            INSERT INTO push_subscription
                (organisation_id, counsellor_id, digest, endpoint, browser, created_at, told_at, due_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6, $6)
            ON CONFLICT (organisation_id, counsellor_id, digest) DO UPDATE SET
                browser = excluded.browser, told_at = excluded.told_at, due_at = excluded.due_at, failures = 0
            """,  # noqa: S608 - a constant
            organisation,
            counsellor_id,
            hashlib.sha256(endpoint.encode()).digest(),
            endpoint,
            browser,
            at,
        )
        return True

    async def remove(self, organisation: str, counsellor_id: str, digest: bytes) -> None:
        """Remove a browser; one that is not theirs is passed over without a word."""
        await self._pool.execute(
            "DELETE FROM push_subscription WHERE organisation_id = $1 AND counsellor_id = $2 AND digest = $3",
            organisation,
            counsellor_id,
            digest,
        )


def browser_name(user_agent: str) -> str:
    """Give what to call a browser, "Firefox, Windows", or "": as much as tells one's own apart, and no more."""
    found = [next((name for mark, name in known if re.search(mark, user_agent)), "") for known in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name)
