"""What VDAB's software sends us: CloudEvents, one or several, read into what may be recorded.

Source: CloudEvents 1.0 (JSON event format, batch format); `type` in the grammar of Belgif's CloudEvents profile, as our
own events have it with VDAB's service in front: `vdab.v1.dossiers.handovers.notify.accepted`. Pure: no I/O.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct, field

from handover.adapters.vdab.reasons import ours
from handover.adapters.vdab.toeleiding import Toeleiding
from handover.adapters.vdab.toeleiding import read as read_toeleiding
from handover.domain.dossier import Dossier
from handover.domain.kinds import EVENT_TYPES

SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
MOST_EVENTS: Final = 100
TYPES: Final = MappingProxyType(
    {f"vdab.{kind.cloud_type.partition('.')[2]}": name for name, kind in EVENT_TYPES.items()}
)
"""Their names of event types, and ours."""
_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_LONGEST: Final = 500
_XML: Final = frozenset({"application/xml", "text/xml"})


class Misfit(ValueError):  # noqa: N818 - what was found, not a fault
    """Something in an event is wrong; `name` says where, the message what to do. Neither repeats a value."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


class CloudEvent(Struct, frozen=True, kw_only=True):
    """An event as it came. Attributes that we have no use for are left alone, as CloudEvents asks."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    datacontenttype: str = "application/json"
    sequence: str = ""
    correlationid: str = ""
    data: Raw = field(default_factory=lambda: Raw(b"{}"))

    @property
    def key(self) -> str:
        """What it is known by: `source` and `id` together, as CloudEvents says. Always as long."""
        return "vdab:" + hashlib.sha256(msgspec.json.encode([self.source, self.id])).hexdigest()

    @property
    def fingerprint(self) -> bytes:
        """What it says, however its JSON is spaced."""
        about = [self.type, self.subject, self.time, self.datacontenttype, self.correlationid]
        said = msgspec.json.encode([*about, msgspec.json.decode(self.data)], order="sorted")
        return hashlib.sha256(said).digest()


class Told(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`data` of an event: what happened, and in which thread ("": the one that it can only be)."""

    step: dict[str, object]
    thread_id: UUID | None = None


_events = msgspec.json.Decoder(list[Raw])
_event = msgspec.json.Decoder(CloudEvent)
_told = msgspec.json.Decoder(Told)


def split(body: bytes, *, batch: bool) -> Sequence[Raw]:
    """Give the events of a body, not looked into yet. Raises Misfit when it is no batch, or too long a one."""
    if not batch:
        return (Raw(body),)
    try:
        found = _events.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Misfit("", "A batch is a JSON array of events.") from None
    if len(found) > MOST_EVENTS:
        raise Misfit("", f"Send at most {MOST_EVENTS} events at a time.")
    return found


def read(raw: Raw) -> CloudEvent:
    """Give one event. Raises Misfit."""
    try:
        event = _event.decode(raw)
        msgspec.json.decode(event.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        detail = "This is no CloudEvent: specversion, id, source and type are needed, as text; time with an offset."
        raise Misfit("", detail) from None
    if event.specversion != "1.0":
        raise Misfit("specversion", "Send CloudEvents 1.0.")
    if not event.id or not event.source:
        raise Misfit("id" if not event.id else "source", "This attribute cannot be empty.")
    if max(len(event.id), len(event.source)) > _LONGEST:
        raise Misfit("id", f"Give `id` and `source` in at most {_LONGEST} characters each.")
    if event.time is not None and event.time.tzinfo is None:
        raise Misfit("time", "Give the moment with its offset (RFC 3339).")
    if event.type not in TYPES:
        raise Misfit("type", "No such type: it is `vdab.` and the rest of one of ours; see GET /v1/refData/eventTypes.")
    return event


def in_order(events: Sequence[CloudEvent | None]) -> list[int]:
    """Give the places in the order to take them: those of one dossier by `sequence`, where all of them have one."""
    numbers = {n: event for n, event in enumerate(events) if event is not None}
    unnumbered = {event.subject.lower() for event in numbers.values() if not _NUMBER.fullmatch(event.sequence)}

    def place(n: int) -> tuple[int, int]:
        event = numbers.get(n)
        if event is None or event.subject.lower() in unnumbered:
            return n, 0
        first = min(m for m, other in numbers.items() if other.subject.lower() == event.subject.lower())
        return first, int(event.sequence)

    return sorted(range(len(events)), key=place)


def is_referral(event: CloudEvent) -> bool:
    """Tell whether the event holds a referral in MAGDA's XML."""
    return TYPES[event.type] == "handover.requested" and event.datacontenttype.partition(";")[0].strip() in _XML


def referral_of(event: CloudEvent) -> Toeleiding:
    """Give the referral that the event holds, as text. Raises Misfit."""
    try:
        return read_toeleiding(msgspec.json.decode(event.data, type=str).encode())
    except (msgspec.MsgspecError, ValueError) as error:
        detail = str(error) if isinstance(error, ValueError) and not isinstance(error, msgspec.MsgspecError) else ""
        raise Misfit("data", detail or "XML is sent as one text.") from None


def posted(event: CloudEvent, dossier: Dossier | None) -> bytes:
    """Give the step as it would be posted to the API: type, data, thread, moment. Raises Misfit."""
    try:
        told = _told.decode(event.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Misfit("data", "Send an object with `step`, and `threadId` where there are several threads.") from None
    name = TYPES[event.type]
    thread = told.thread_id or _thread(event, name, dossier)
    return msgspec.json.encode(
        {
            "type": name,
            "data": {field: ours(field, value) for field, value in told.step.items()},
            **({"threadId": thread} if thread else {}),
            **({"occurredAt": event.time} if event.time else {}),
        }
    )


def _thread(event: CloudEvent, name: str, dossier: Dossier | None) -> UUID | None:
    """Give the thread by its correlation, or the only one that the step fits in: a sender need not look it up."""
    kind = name.partition(".")[0]
    if dossier is None or any(row.opens or row.on_dossier for row in EVENT_TYPES[name].rows):
        return None
    rows = EVENT_TYPES[name].rows
    threads = [one for one in dossier.threads.values() if one.kind == kind]
    if event.correlationid:
        threads = [one for one in threads if str(one.correlation_id) == event.correlationid]
    fits = [
        one
        for one in threads
        if any(one.status in row.starts and (not row.topic or row.topic == one.topic) for row in rows)
    ]
    # One that fits in no state any more is named all the same: the answer then says that it is too late, or too early.
    found = fits or threads
    return found[0].thread_id if len(found) == 1 else None
