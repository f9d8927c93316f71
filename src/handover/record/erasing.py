"""Erasing a dossier: its keys are destroyed, and everything that was made of what they opened goes with them.

The stored events stay, unreadable, so that the chain and the log still verify. What waits to be sent of them is
skipped; the event that tells of the erasure, which is in clear, follows.
"""

from datetime import datetime
from uuid import UUID

import asyncpg

from handover.domain.erasing import erase
from handover.domain.events import Erase
from handover.record.handle import Handled, Record, Request

LEFT_OVERS = (
    "DELETE FROM ssin_lookup WHERE dossier_id = $1",
    "DELETE FROM inbox_dossier WHERE dossier_id = $1",
    "DELETE FROM inbox_thread WHERE dossier_id = $1",
    "DELETE FROM inbox_seen WHERE dossier_id = $1",
    "DELETE FROM inbound_mark WHERE dossier_id = $1",
    "DELETE FROM wake WHERE dossier_id = $1",
)
"""What goes with the keys of a dossier: all that was made of what they opened."""
_SKIP = """
UPDATE delivery SET state = 'skipped', last_error = 'erased', settled_at = $3
WHERE dossier_id = $1 AND state IN ('pending', 'dead') AND sequence < $2
"""
_RECOUNT = """
SELECT recount_lanes($2, l.subscription_id, ARRAY[$1::uuid]) FROM lane l WHERE l.dossier_id = $1
ORDER BY l.subscription_id
"""


async def erase_dossier(record: Record, command: Erase, *, at: datetime) -> Handled:
    """Destroy a dossier's keys and record that it was done, in one transaction; doing it twice changes nothing.

    Raises Unseen, WrongState (it is open), Contended, and asyncpg's errors; then nothing happened.
    """

    async def beside(connection: asyncpg.Connection, dossier_id: UUID, sequence: int) -> None:
        for statement in ("DELETE FROM keys.dossier_key WHERE dossier_id = $1", *LEFT_OVERS):
            await connection.execute(statement, dossier_id)
        await connection.execute(
            "UPDATE dossier SET erased_at = $2, ssin_sealed = '' WHERE dossier_id = $1", dossier_id, at
        )
        await connection.execute(_SKIP, dossier_id, sequence, at)
        await connection.execute(_RECOUNT, dossier_id, at)

    return await record.handle_beside(command, Request(), erase, beside, at=at)
