"""Events as one organisation sees them: the policy (`domain.visibility`) applied to their bytes.

The API, the feed and full deliveries all pass here, so that what is withheld is withheld everywhere.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from handover.domain.codes import OrganisationKind
from handover.domain.dossier import Dossier, Inscription
from handover.domain.fields import Visibility
from handover.domain.parties import Directory
from handover.domain.policy import ALL, narrowed
from handover.domain.visibility import Reader, shows_all, visible_data


class Glance(msgspec.Struct, frozen=True, rename="camel"):
    """Just enough of a stored event to know who may see it, and whether anything must be left out."""

    type: str
    organisation: str
    event_id: str
    sequence: int
    thread_id: str = ""


_glance = msgspec.json.Decoder(Glance).decode


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it is seen, encoded; `redacted` in it names fields that are there but withheld."""

    glance: Glance
    body: bytes


class Sight:
    """What one organisation sees of one dossier on a day; `granted`: what its caller sees of that, by the policy."""

    def __init__(
        self,
        dossier: Dossier,
        organisation: str,
        directory: Directory,
        *,
        on: date,
        granted: frozenset[Visibility] = ALL,
    ) -> None:
        self._dossier = dossier
        self._organisation = organisation
        self._places = [
            (inscription, Reader.of(dossier, inscription, directory, on=on, granted=granted))
            for inscription in dossier.inscriptions
            if inscription.organisation == organisation
        ]
        self._is_partner = any(i.kind is OrganisationKind.PARTNER for i, _ in self._places)
        self._whole: dict[tuple[int, str, str], bool] = {}
        """Whether events of a type by an author go out as they are stored, by place: a timeline has few of these."""

    def of(self, body: bytes) -> Seen | None:
        """Give one of the dossier's events as it is seen, or None when it is not.

        Raises msgspec.DecodeError for bytes that are no event.
        """
        glance = _glance(body)
        number = next((n for n, (i, _) in enumerate(self._places) if i.covers(glance.sequence)), None)
        if number is None:
            return None
        inscription, reader = self._places[number]
        if self._is_partner and self._hides(inscription, glance):
            return None
        key = (number, glance.type, glance.organisation)
        whole = self._whole.get(key)
        if whole is None:
            whole = shows_all(glance.type, reader.classes(glance.type, glance.organisation)) and not self._is_partner
            self._whole[key] = whole
        return Seen(glance, body if whole else self._narrowed(body, glance, inscription, reader))

    def _hides(self, inscription: Inscription, glance: Glance) -> bool:
        thread_id = UUID(glance.thread_id) if glance.thread_id else None
        return self._dossier.hides(inscription, glance.type, thread_id)

    def _narrowed(self, body: bytes, glance: Glance, inscription: Inscription, reader: Reader) -> bytes:
        event: dict[str, Any] = msgspec.json.decode(body)
        redacted = reader.redacted(glance.type, glance.organisation, event["data"])
        event["data"] = visible_data(glance.type, event["data"], reader.classes(glance.type, glance.organisation))
        if redacted:
            event["redacted"] = redacted
        if self._is_partner and "threads" in event:
            event["threads"] = [
                thread
                for thread in event["threads"]
                if not self._dossier.hides(inscription, thread["kind"], UUID(thread["threadId"]))
            ]
        return msgspec.json.encode(event)


def restricted(seen: Seen, organisation: str, granted: frozenset[Visibility]) -> Seen:
    """Give an event as an organisation sees it, narrowed to what the policy grants its caller."""
    glance = seen.glance
    classes = narrowed(ALL, granted, own=glance.organisation == organisation)
    if classes == ALL or shows_all(glance.type, classes):
        return seen
    event: dict[str, Any] = msgspec.json.decode(seen.body)
    data = visible_data(glance.type, event["data"], classes)
    withheld = [name for name in event["data"] if name not in data]
    if not withheld:
        return seen
    event |= {"data": data, "redacted": [*event.get("redacted", ()), *withheld]}
    return Seen(glance, msgspec.json.encode(event))
