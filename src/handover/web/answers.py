"""Writing an answer: JSON without nulls, absolute links, nothing cached, stored bytes as they are."""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
from starlette.responses import Response

from handover.delivery.addresses import event_href, with_href
from handover.domain.dossier import Dossier
from handover.domain.fields import Visibility
from handover.domain.parties import Directory
from handover.record.sight import Sight
from handover.record.tail import Told

NO_STORE = {"Cache-Control": "no-store, max-age=0"}
LINKED_MEDIA_TYPE = "application/ld+json"
LINKED = {"Link": f'</v1/context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="{LINKED_MEDIA_TYPE}"'}
"""On an answer: how to read it as linked data (JSON-LD 1.1, *Interpreting JSON as JSON-LD*)."""


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Give a JSON answer; bytes go out as they are."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status, {**NO_STORE, **(headers or {})}, "application/json")


def without_nulls(content: object) -> object:
    """Leave out what is None, at every depth: answers hold no null."""
    if isinstance(content, dict):
        return {k: without_nulls(v) for k, v in content.items() if v is not None}
    if isinstance(content, list | tuple):
        return [without_nulls(v) for v in content]
    return content


def collection(
    items: Iterable[bytes],
    here: str,
    *,
    following: str = "",
    total: int | None = None,
    more: Mapping[str, object] | None = None,
) -> bytes:
    """Give a collection of items that are encoded already."""
    rest: dict[str, object] = {"self": here}
    if following:
        rest["next"] = following
    if total is not None:
        rest["total"] = total
    rest |= more or {}
    return b'{"items":[' + b",".join(items) + b"]," + msgspec.json.encode(rest)[1:]


class EventView:
    """Stored events as a caller of one organisation sees them (`granted`, by the policy), each with its link."""

    def __init__(
        self, base_url: str, organisation: str, directory: Directory, *, on: date, granted: frozenset[Visibility]
    ) -> None:
        self._base = base_url
        self._organisation = organisation
        self._directory = directory
        self._on = on
        self._granted = granted

    def events(self, dossier: Dossier, bodies: Iterable[bytes]) -> list[bytes]:
        """Give those of a dossier's events that the organisation may see, without the fields it may not."""
        sight = Sight(dossier, self._organisation, self._directory, on=self._on, granted=self._granted)
        seen = (sight.of(kept) for kept in bodies)
        return [
            with_href(event.body, event_href(self._base, dossier.dossier_id, event.glance.event_id))
            for event in seen
            if event
        ]


def feed_item(told: Told, base_url: str) -> bytes | None:
    """Give an event of a feed, with its address and its place; None when the organisation may not see it."""
    if told.seen is None:
        return None
    href = event_href(base_url, told.dossier_id, told.seen.glance.event_id)
    return with_href(told.seen.body, href)[:-1] + f',"cursor":"{told.cursor}"}}'.encode()
