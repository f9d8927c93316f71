"""Procrastinate carrying the same POST: one worker on psycopg, as its documentation shows.

`python -m benchmarks.peers.procrastinate_worker DSN URL`
"""

import sys
from collections.abc import Sequence

import uvloop
from procrastinate import App, PsycopgConnector
from procrastinate.types import JSONDict

from benchmarks.peers.posting import deliver, session

_TASK = "post"
_AT_ONCE = 128
Message = tuple[str, bytes]


def application(dsn: str) -> App:
    """Give its application on a database."""
    return App(connector=PsycopgConnector(conninfo=dsn, min_size=6, max_size=6))


async def install(dsn: str) -> None:
    """Make its tables."""
    app = application(dsn)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def enqueue(app: App, messages: Sequence[Message]) -> None:
    """Enqueue messages, each with its id; several are one statement."""
    task = app.configure_task(_TASK)
    arguments: list[JSONDict] = [{"message_id": message_id, "body": body.decode()} for message_id, body in messages]
    if len(arguments) == 1:
        await task.defer_async(**arguments[0])
    else:
        await task.batch_defer_async(*arguments)


async def work(dsn: str, url: str) -> None:
    """Work until terminated."""
    app = application(dsn)
    async with app.open_async(), session() as client:

        @app.task(name=_TASK)
        async def post(message_id: str, body: str) -> None:
            await deliver(client, url, message_id, body.encode())

        await app.run_worker_async(concurrency=_AT_ONCE)


if __name__ == "__main__":
    uvloop.run(work(*sys.argv[1:]))
