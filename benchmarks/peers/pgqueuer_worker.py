"""PgQueuer carrying the same POST: one worker on asyncpg, as its documentation shows.

`python -m benchmarks.peers.pgqueuer_worker DSN URL`
"""

import sys
from collections.abc import Sequence

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from benchmarks.peers.posting import deliver, session

ENTRYPOINT = "post"
# What our own worker claims at once and keeps in hand; the defaults are 10 and no cap.
_BATCH, _AT_ONCE = 64, 128
Message = tuple[str, bytes]


async def install(dsn: str) -> None:
    """Make its tables."""
    connection = await asyncpg.connect(dsn)
    await Queries(AsyncpgDriver(connection)).install()
    await connection.close()


async def enqueue(pool: asyncpg.Pool, messages: Sequence[Message]) -> None:
    """Enqueue messages, each with its id; several are one statement."""
    payloads: list[bytes | None] = [message_id.encode() + b"\n" + body for message_id, body in messages]
    queries = Queries(AsyncpgPoolDriver(pool))
    if len(payloads) == 1:
        await queries.enqueue(ENTRYPOINT, payloads[0])
    else:
        await queries.enqueue([ENTRYPOINT] * len(payloads), payloads, [0] * len(payloads))


async def work(dsn: str, url: str) -> None:
    """Work until terminated."""
    async with asyncpg.create_pool(dsn, min_size=6, max_size=6) as pool, session() as client:
        queue = PgQueuer(AsyncpgPoolDriver(pool))

        @queue.entrypoint(ENTRYPOINT)
        async def post(job: Job) -> None:
            message_id, _, body = (job.payload or b"").partition(b"\n")
            await deliver(client, url, message_id.decode(), body)

        await queue.run(batch_size=_BATCH, max_concurrent_tasks=_AT_ONCE)


if __name__ == "__main__":
    uvloop.run(work(*sys.argv[1:]))
