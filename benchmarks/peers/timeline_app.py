"""A timeline as it is commonly written: SQLAlchemy Core, pydantic, a FastAPI route. Nothing is sealed or logged.

`python -m benchmarks.peers.timeline_app DSN PORT`
"""

import sys
from datetime import date, datetime
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Uuid, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from handover.platform.db import sqlalchemy_url

_event = Table(
    "plain_event",
    MetaData(),
    Column("dossier_id", Uuid, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("body", LargeBinary),
)


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ActorOut(_Wire):
    """Who did it."""

    name: str
    counsellor_id: str | None = None
    application: str | None = None


class PartyOut(_Wire):
    """One side of a thread."""

    organisation: str
    counsellor: str | None = None


class ThreadOut(_Wire):
    """A thread as the event left it."""

    thread_id: UUID
    kind: str
    topic: str | None = None
    status: str
    sender: PartyOut
    receiver: PartyOut | None = None
    turn: PartyOut | None = None
    due_at: datetime | None = None
    due_rule: str | None = None
    opened_at: datetime
    since: datetime
    last_type: str
    correlation_id: UUID
    outcome: str | None = None
    purpose: str | None = None
    review_on: date | None = None


class EventOut(_Wire):
    """An event; its link is added on the way out."""

    event_id: UUID
    dossier_id: UUID
    thread_id: UUID | None = None
    sequence: int
    type: str
    organisation: str
    actor: ActorOut
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    threads: list[ThreadOut] | None = None
    href: str = ""


class EventsOut(BaseModel):
    """The page."""

    items: list[EventOut]
    self: str


def create(engine: AsyncEngine) -> FastAPI:
    """Give the application."""
    app = FastAPI()

    @app.get("/v1/dossiers/{dossier_id}/events", response_model_exclude_none=True)
    async def timeline(dossier_id: UUID, after: int = 0) -> EventsOut:
        here = f"http://localhost/v1/dossiers/{dossier_id}/events"
        query = (
            select(_event.c.body)
            .where(_event.c.dossier_id == dossier_id, _event.c.sequence > after)
            .order_by(_event.c.sequence)
            .limit(1000)
        )
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).scalars().all()
        items: list[EventOut] = []
        for body in rows:
            found = EventOut.model_validate_json(body)
            found.href = f"{here}/{found.event_id}"
            items.append(found)
        return EventsOut(items=items, self=here)

    return app


def main() -> None:
    """Serve as `handover serve` does: one process, the same server, the same number of connections."""
    dsn, port = sys.argv[1:]
    engine = create_async_engine(sqlalchemy_url(dsn), pool_size=12)
    uvicorn.run(create(engine), port=int(port), access_log=False, log_level="warning", loop="uvloop", http="httptools")


if __name__ == "__main__":
    main()
