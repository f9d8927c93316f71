"""What a webhook says: a CloudEvent, which tells that something happened and where to read it.

Source: CloudEvents 1.0 with the Belgif profile (openapi-cloudevents). No attribute holds a name or an SSIN. A thin
one says no more: the receiver reads the event with its own token, so that access is decided at that moment. A full
one also carries the event as the receiver may see it when it is sent.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from handover.delivery.addresses import event_href, with_href
from handover.domain.kinds import EVENT_TYPES
from handover.domain.threads import Status

CONTENT_TYPE = "application/cloudevents+json"
SERVICE = "handover"
TEST_TYPE = "handover.v1.test"
CHECKPOINT_TYPE = "handover.v1.checkpoint"


class _Turn(msgspec.Struct, frozen=True):
    organisation: str


class _Thread(msgspec.Struct, frozen=True, rename="camel"):
    thread_id: str
    kind: str
    status: str
    correlation_id: str
    turn: _Turn | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a stored event as delivery needs; the payload is never looked at.

    Identifiers and moments stay the text they are stored as: they only travel on.
    """

    event_id: str
    dossier_id: str
    sequence: int
    type: str
    organisation: str
    occurred_at: str
    thread_id: str = ""
    threads: tuple[_Thread, ...] = ()

    def asks(self, organisation: str) -> tuple[UUID, ...]:
        """Give the threads in which this event asks something of that organisation, that it may say it received."""
        return tuple(
            UUID(t.thread_id)
            for t in self.threads
            if t.status == Status.REQUESTED
            and t.turn
            and t.turn.organisation == organisation
            and f"{t.kind}.received" in EVENT_TYPES
        )


class _Data(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    dossier_id: str
    event_id: str
    type: str
    sequence: int
    organisation: str
    href: str
    thread_id: str = ""
    event: msgspec.Raw | None = None


class _CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    specversion: str
    id: str
    type: str
    source: str
    service: str
    subject: str
    time: str | datetime
    datacontenttype: str
    data: _Data | dict[str, str]
    sequence: str = ""
    previoussequence: str = ""
    correlationid: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Step).decode


def read_step(body: bytes) -> Step:
    """Read an event's body. Raises msgspec.DecodeError when it is not one."""
    return _decode(body)


def webhook_body(step: Step, *, base_url: str, previous: int, event: bytes | None = None) -> bytes:
    """Write the body of an event's webhook; `previous` is the sequence sent before it, 0 at first.

    `event` is the event as the receiver sees it, for a full one. Raises KeyError for an event type that this
    version does not know.
    """
    href = event_href(base_url, step.dossier_id, step.event_id)
    correlation = next((t.correlation_id for t in step.threads if t.thread_id == step.thread_id), "")
    return _encode(
        _CloudEvent(
            specversion="1.0",
            id=step.event_id,
            type=EVENT_TYPES[step.type].cloud_type,
            source=f"{base_url}/v1",
            service=SERVICE,
            subject=step.dossier_id,
            time=step.occurred_at,
            datacontenttype="application/json",
            sequence=f"{step.sequence:010}",
            previoussequence=f"{previous:010}" if previous else "",
            correlationid=correlation,
            data=_Data(
                dossier_id=step.dossier_id,
                event_id=step.event_id,
                type=step.type,
                sequence=step.sequence,
                organisation=step.organisation,
                thread_id=step.thread_id,
                href=href,
                event=None if event is None else msgspec.Raw(with_href(event, href)),
            ),
        )
    )


def probe_event(event_id: UUID, subscription_id: UUID, *, base_url: str, at: datetime) -> bytes:
    """Write the body of a test webhook, which concerns no dossier."""
    return _encode(
        _CloudEvent(
            specversion="1.0",
            id=str(event_id),
            type=TEST_TYPE,
            source=f"{base_url}/v1",
            service=SERVICE,
            subject=str(subscription_id),
            time=at,
            datacontenttype="application/json",
            data={"subscriptionId": str(subscription_id)},
        )
    )


def checkpoint_event(message_id: str, *, note: str, size: int, base_url: str, at: datetime) -> bytes:
    """Write the body of a webhook with a checkpoint of the log, which concerns no dossier."""
    return _encode(
        _CloudEvent(
            specversion="1.0",
            id=message_id,
            type=CHECKPOINT_TYPE,
            source=f"{base_url}/v1",
            service=SERVICE,
            subject="log",
            time=at,
            datacontenttype="application/json",
            data={"size": str(size), "note": note, "href": f"{base_url}/v1/checkpoints/{size}"},
        )
    )
