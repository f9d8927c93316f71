"""What the web layer needs; `wiring.Services` gives it."""

from typing import TYPE_CHECKING, Protocol

from fastapi import Request

if TYPE_CHECKING:
    import asyncpg

    from handover.access.tokens import Tokens
    from handover.delivery.subscriptions import Subscriptions
    from handover.domain.parties import Directory
    from handover.inbox.stream import InboxBroadcast
    from handover.inbox.views import Inbox
    from handover.platform.clock import Clock
    from handover.platform.settings import Settings
    from handover.record.handle import Record
    from handover.record.reading import Reader


class Services(Protocol):
    """The services of an API process."""

    @property
    def settings(self) -> "Settings": ...
    @property
    def pool(self) -> "asyncpg.Pool": ...
    @property
    def clock(self) -> "Clock": ...
    @property
    def record(self) -> "Record": ...
    @property
    def reader(self) -> "Reader": ...
    @property
    def tokens(self) -> "Tokens": ...
    @property
    def inbox(self) -> "Inbox": ...
    @property
    def broadcast(self) -> "InboxBroadcast": ...
    @property
    def subscriptions(self) -> "Subscriptions": ...
    def directory_now(self) -> "Directory": ...


def services_of(request: Request) -> Services:
    """Give the services of the application that serves this request."""
    found: Services = request.app.state.services
    return found
