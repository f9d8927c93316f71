"""Stored events as one organisation sees them: the policy (`domain.visibility`) applied to stored bytes.

The API, the feed and full deliveries all pass here, so that what is withheld is withheld everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from handover.domain.codes import OrganisationKind
from handover.domain.dossier import Dossier
from handover.domain.parties import Directory
from handover.domain.visibility import Reader, shows_all, visible_data
from handover.record import codec


class Glance(msgspec.Struct, frozen=True, rename="camel"):
    """Just enough of a stored event to know who may see it, and whether anything must be left out."""

    type: str
    organisation: str
    event_id: str
    sequence: int
    thread_id: UUID | None = None


_glance = msgspec.json.Decoder(Glance).decode


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it is seen, encoded; `redacted` in it names fields that are there but withheld."""

    glance: Glance
    body: bytes


class Sight:
    """What one organisation sees on a day."""

    def __init__(self, organisation: str, directory: Directory, *, on: date) -> None:
        self._organisation = organisation
        self._directory = directory
        self._on = on

    def of(self, dossier: Dossier, kept: bytes) -> Seen | None:
        """Give one of a dossier's stored events as it is seen, or None when it is not.

        Raises msgspec.DecodeError for bytes that are no event.
        """
        body = codec.opened(kept)
        glance = _glance(body)
        reader = self.reader(dossier, glance)
        if reader is None:
            return None
        classes = reader.classes(glance.type, glance.organisation)
        is_partner = reader.inscription.kind is OrganisationKind.PARTNER
        if shows_all(glance.type, classes) and not is_partner:
            return Seen(glance, body)
        event = msgspec.json.decode(body)
        redacted = reader.redacted(glance.type, glance.organisation, event["data"])
        event["data"] = visible_data(glance.type, event["data"], classes)
        if redacted:
            event["redacted"] = redacted
        if is_partner:
            self._without_hidden_threads(dossier, reader, event)
        return Seen(glance, msgspec.json.encode(event))

    def reader(self, dossier: Dossier, glance: Glance) -> Reader | None:
        """Give the organisation as the reader of an event, or None where it may not see it."""
        place = dossier.place_to_see(self._organisation, glance.sequence, glance.type, glance.thread_id)
        return Reader.of(dossier, place, self._directory, on=self._on) if place else None

    def _without_hidden_threads(self, dossier: Dossier, reader: Reader, event: dict[str, Any]) -> None:
        def shown(thread: Mapping[str, Any]) -> bool:
            return not dossier.hides(reader.inscription, thread["kind"], UUID(thread["threadId"]))

        if "threads" in event:
            event["threads"] = [thread for thread in event["threads"] if shown(thread)]
