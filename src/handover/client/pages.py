"""Collections, read page by page while they are gone through."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from handover.client.sending import Query

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


class Page(Protocol[Item_co]):
    """One page of a collection."""

    @property
    def items(self) -> tuple[Item_co, ...]:
        """What is on it."""

    @property
    def next(self) -> str | None:
        """The address of the next one."""


class Pages(Generic[Item]):
    """A collection: `async for item in pages` reads on as it goes, `await pages` gives all of it in a list."""

    def __init__(self, read: Callable[[Query], Awaitable[Page[Item]]], query: Query) -> None:
        self._read, self._query = read, query

    async def __aiter__(self) -> AsyncIterator[Item]:
        query: Query | None = self._query
        while query is not None:
            page = await self._read(query)
            for item in page.items:
                yield item
            # Only what the address asks, never where it leads: a token goes to nobody but the service.
            query = parse_qs(urlsplit(page.next).query) if page.next else None

    def __await__(self) -> Generator[Any, None, list[Item]]:
        return self._all().__await__()

    async def _all(self) -> list[Item]:
        return [item async for item in self]
