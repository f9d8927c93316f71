"""What the web layer needs; `wiring.Services` gives it."""

from typing import TYPE_CHECKING, Protocol

from fastapi import Request

if TYPE_CHECKING:
    from handover.access.attempts import Attempts
    from handover.access.guard import Guard
    from handover.access.limits import Limits
    from handover.access.oidc import OpenId
    from handover.access.senders import Senders
    from handover.access.sessions import Sessions
    from handover.access.tokens import Tokens
    from handover.delivery.push_subscriptions import PushSubscriptions
    from handover.delivery.subscriptions import Subscriptions
    from handover.domain.parties import Directory
    from handover.inbox.preferences import Preferences
    from handover.inbox.stream import InboxBroadcast
    from handover.inbox.views import Inbox
    from handover.platform.clock import Clock
    from handover.platform.settings import Settings
    from handover.platform.walls import Database
    from handover.record.agreements import Agreements
    from handover.record.handle import Record
    from handover.record.log import Log
    from handover.record.offers import Offers
    from handover.record.once import Once
    from handover.record.reading import Reader
    from handover.record.sealing import Sealer
    from handover.record.tail import Tail


class Services(Protocol):
    """The services of an API process."""

    @property
    def settings(self) -> "Settings":
        """What steers the instance."""

    @property
    def pool(self) -> "Database":
        """Connections of the hot path."""

    @property
    def clock(self) -> "Clock":
        """What time it is."""

    @property
    def record(self) -> "Record":
        """The one door to write."""

    @property
    def reader(self) -> "Reader":
        """The journal, read."""

    @property
    def limits(self) -> "Limits":
        """How much one may ask."""

    @property
    def tokens(self) -> "Tokens":
        """Who is asking."""

    @property
    def senders(self) -> "Senders":
        """Whose software signed a message."""

    @property
    def guard(self) -> "Guard":
        """Who may see what, and the access log."""

    @property
    def sessions(self) -> "Sessions":
        """Who is signed in."""

    @property
    def attempts(self) -> "Attempts":
        """Who is on the way to the identity provider."""

    @property
    def open_id(self) -> "OpenId | None":
        """Where people sign in; None where they cannot."""

    @property
    def sealer(self) -> "Sealer":
        """Seals values, and makes digests of identifiers."""

    @property
    def inbox(self) -> "Inbox":
        """The inbox, read."""

    @property
    def broadcast(self) -> "InboxBroadcast":
        """Tells open screens that an inbox changed."""

    @property
    def preferences(self) -> "Preferences":
        """What counsellors want to hear outside the screens."""

    @property
    def push_subscriptions(self) -> "PushSubscriptions":
        """Browsers that show notices."""

    @property
    def push_key(self) -> bytes | None:
        """What signs web pushes; None where none are sent."""

    @property
    def subscriptions(self) -> "Subscriptions":
        """Webhooks."""

    @property
    def once(self) -> "Once":
        """Carries writes beside the journal out once per key."""

    @property
    def agreements(self) -> "Agreements":
        """What OCMWs and VDAB agreed."""

    @property
    def offers(self) -> "Offers":
        """Who offers what."""

    @property
    def tail(self) -> "Tail":
        """The newest end of the feeds."""

    @property
    def log(self) -> "Log":
        """All events as one tree."""

    async def refresh_directory(self) -> None:
        """Read the directory anew, so that this process knows at once what it changed itself."""

    def directory_now(self) -> "Directory":
        """Give the directory as last read."""


def services_of(request: Request) -> Services:
    """Give the services of the application that serves this request."""
    found: Services = request.app.state.services
    return found
