"""The same dossier as an aggregate of PyPI `eventsourcing`: its Aggregate class, @event, its PostgreSQL recorder.

Every event carries what ours carries: who, when, the payload, and the threads as they are afterwards. What the payload
and the threads hold stays plain JSON here, while ours become dates, ids and codes: a transcoding of its own for each
would only cost it more.
"""
# ruff: noqa: ARG002 - what a decorated method takes is what its event records

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from handover.domain.events import Event

Json = dict[str, Any]


class Dossier(Aggregate):
    """A client's dossier: its threads, its inscriptions, who works with the client, whose step came last."""

    @event("Opened")
    def __init__(self, organisation: str, actor: Json, occurred_at: datetime, data: Json) -> None:
        self.given_name: str = data["givenName"]
        self.family_name: str = data["familyName"]
        self.birth_date: str = data["birthDate"]
        self.target_group: str = data["targetGroup"]
        self.inscriptions: list[Json] = []
        self.contacts: dict[str, datetime] = {}
        self.threads: dict[str, Json] = {}
        self.last_by: dict[str, int] = {organisation: 1}

    @event("InscriptionOpened")
    def inscribe(self, organisation: str, actor: Json, occurred_at: datetime, data: Json) -> None:
        """Let an organisation in."""
        self.inscriptions.append(data)
        self.last_by[organisation] = self.version

    @event("Stepped")
    def step(
        self, kind: str, organisation: str, actor: Json, occurred_at: datetime, data: Json, threads: list[Json]
    ) -> None:
        """Record a step, with what it made of its threads."""
        for thread in threads:
            self.threads[thread["threadId"]] = thread
            for side in (thread["sender"], thread.get("receiver")):
                if side and side.get("counsellor"):
                    self.contacts.setdefault(side["counsellor"], occurred_at)
        self.last_by[organisation] = self.version


class Dossiers(Application[UUID]):
    """The application that keeps them."""


def application(dsn: str) -> Dossiers:
    """Give the application on a database, with the library's PostgreSQL module in its default form."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    return Dossiers(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": parts.path.strip("/"),
            "POSTGRES_HOST": query["host"][0],
            "POSTGRES_PORT": query["port"][0],
            "POSTGRES_USER": parts.netloc.rpartition("@")[0],
            "POSTGRES_PASSWORD": "",
        }
    )


def same(events: list[tuple[Event, Json]]) -> Dossier:
    """Build the aggregate that the same events make; each comes with its wire form."""
    first, wire = events[0]
    made = Dossier(first.organisation, wire["actor"], first.occurred_at, wire["data"])
    for found, written in events[1:]:
        who = (found.organisation, written["actor"], found.occurred_at, written["data"])
        if found.type == "dossier.inscriptionOpened":
            made.inscribe(*who)
        else:
            made.step(found.type, *who, written.get("threads", []))
    return made


def replay_by_aggregate(app: Dossiers, ids: list[UUID]) -> int:
    """Select, decode and fold as it documents: its repository, aggregate by aggregate; give how many events it was."""
    return sum(app.repository.get(dossier_id).version for dossier_id in ids)


def replay_by_log(app: Dossiers, page: int = 5000) -> int:
    """Page through its notification log by hand and fold: the fastest we found; give how many events it was."""
    found: dict[UUID, Any] = {}
    count, start = 0, 1
    while notifications := app.recorder.select_notifications(start=start, limit=page):
        for notification in notifications:
            happened: Any = app.mapper.to_domain_event(notification)
            found[happened.originator_id] = happened.mutate(found.get(happened.originator_id))
        count, start = count + len(notifications), notifications[-1].id + 1
    return count
