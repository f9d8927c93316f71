"""Open conversations with outside systems, one per link: signed in once, and anew when somebody touches the link."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar
from uuid import UUID

import msgspec

from handover.adapters.kit.adapter import Denied, Inbound
from handover.adapters.kit.filing import Outbound
from handover.exchange.links import Link, Links

_UNKNOWN: Final = "This version knows no system {!r}; remove the link, or run the version that does."


@dataclass(frozen=True, slots=True)
class Kind:
    """A system that can be joined: what a link to it is made with, what reads it, and what writes notes into it."""

    settings: type[msgspec.Struct]
    adapter: Callable[[Any], Inbound]
    notes: Callable[[Any], Outbound] | None = None


class _Speaks(Protocol):
    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Speaks = TypeVar("Speaks", bound=_Speaks)


class Conversations(Generic[Speaks]):
    """Gives the conversation of a link. `opened` says with what a kind of system is spoken with."""

    def __init__(
        self, links: Links, kinds: Mapping[str, Kind], opened: Callable[[Kind], Callable[[Any], Speaks] | None]
    ) -> None:
        self._links = links
        self._kinds = kinds
        self._opened = opened
        self._open: dict[UUID, tuple[tuple[bytes, datetime], Speaks, AsyncExitStack]] = {}

    async def of(self, link: Link) -> Speaks:
        """Give the open one; a new one when there is none, or somebody touched the link since. Raises AdapterError.

        Who asks to read at once has repaired something: what was remembered of the system is forgotten with it.
        """
        kept, made = self._open.get(link.link_id), (link.sealed, link.changed_at)
        if kept is not None and kept[0] == made:
            return kept[1]
        await self.let_go(link.link_id)
        kind = self._kinds.get(link.system)
        opened = self._opened(kind) if kind else None
        if kind is None or opened is None:
            raise Denied(_UNKNOWN.format(link.system))
        try:
            settings = self._links.settings(link, kind.settings)
        except ValueError as error:
            raise Denied(str(error)) from error
        stack = AsyncExitStack()
        speaks = opened(settings)
        await stack.enter_async_context(speaks)
        self._open[link.link_id] = (made, speaks, stack)
        return speaks

    async def let_go(self, link_id: UUID) -> None:
        """Close a link's conversation, if there is one."""
        kept = self._open.pop(link_id, None)
        if kept is not None:
            with suppress(Exception):
                await kept[2].aclose()

    async def close(self) -> None:
        """Close them all."""
        for link_id in list(self._open):
            await self.let_go(link_id)
