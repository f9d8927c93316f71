"""Where an event is read: the address that answers and webhooks give of it."""

from uuid import UUID


def event_href(base: str, dossier_id: UUID | str, event_id: UUID | str) -> str:
    """Give the address of an event."""
    return f"{base}/v1/dossiers/{dossier_id}/events/{event_id}"


def with_href(body: bytes, href: str) -> bytes:
    """Add its own address to an encoded object."""
    return body[:-1] + b',"href":"' + href.encode() + b'"}'
