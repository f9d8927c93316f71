"""Reading tables of a Lino to their end, with named cells."""

import re
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from handover.adapters.kit.adapter import Changed
from handover.adapters.lino.layout import Layout, Row, client_type_of, layout_of
from handover.adapters.lino.session import Limits, LinoSession, Query, decode

_READINGS: Final = 3
_Shape = TypeVar("_Shape")
_SCRIPT: Final = re.compile(r'src="(/media/cache/js/lino_[\w.-]+\.js)"')


class _TableMovedError(Exception):
    """The table changed while it was being read."""


class _Page(msgspec.Struct):
    count: int
    rows: list[list[object]]


class _Detail(msgspec.Struct):
    data: dict[str, object]


class LinoClient:
    """One signed-in reader of one Lino; use it as `async with LinoClient(url, name, password) as lino`.

    Raises `Away`, `Denied` or `Changed`, each with a sentence that says what to do.
    Lists are read from `/api/`, which checks the rights of the account; `/restful/` names its cells but
    answers people who did not sign in, so a site that knows closes it.
    """

    def __init__(self, base_url: str, username: str, password: str, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._session = LinoSession(base_url, username, password, self._limits)
        self._script: str | None = None
        self._layouts: dict[str, Layout] = {}

    async def __aenter__(self) -> Self:
        try:
            await self._session.sign_in()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def forget_layouts(self) -> None:
        """Read the columns anew from here on: an update or a restart of the Lino may have moved them."""
        self._layouts, self._script = {}, None

    async def layout(self, table: str) -> Layout:
        """Give the columns and filters of a table (`app/Table`) as this account sees them."""
        if table not in self._layouts:
            self._layouts[table] = layout_of(await self._screen_script(), table)
        return self._layouts[table]

    async def rows(
        self,
        table: str,
        fields: Collection[str],
        *,
        filters: Mapping[str, str] | None = None,
        of_client: int | None = None,
    ) -> list[Row]:
        """Read all rows of a table (`app/Table`) in the order of their keys, with the cells of `fields`.

        No filter of Lino's own stays on (it hides archived clients, old appointments); `filters` sets some.
        `of_client` keeps one client's rows, for the tables that Lino links to a client (`...ByClient`).
        """
        layout = await self.layout(table)
        layout.require(fields)
        query: dict[str, str | int | list[str]] = {
            "fmt": "json",
            "sort": "id",
            "pv": layout.filter_values(filters or {}),
        }
        if of_client is not None:
            query |= await self._of_client(of_client)
        for _ in range(_READINGS):
            try:
                return await self._all_pages(layout, fields, query)
            except _TableMovedError:
                continue
        raise Changed(
            f"The Lino table {table} kept changing while it was read. Import again when fewer people work in it."
        )

    async def detail(self, table: str, key: int, *, filters: Mapping[str, str] | None = None) -> dict[str, object]:
        """Give one row with its cells named by Lino itself: the measure `rows` is checked against.

        Lino looks for it among the rows of the list, so it takes the same filters.
        """
        query = {"fmt": "json", "pv": (await self.layout(table)).filter_values(filters or {})}
        return decode(await self._session.get(f"/api/{table}/{key}", query), _Detail, table).data

    async def insert(self, table: str, client: int, values: Mapping[str, str], shape: type[_Shape]) -> _Shape:
        """Add a row to a client's rows of a table that Lino links to a client; give the answer in this shape."""
        data = {"an": "submit_insert", **await self._of_client(client), **values}
        return decode(await self._session.send("POST", f"/api/{table}", data), shape, table)

    async def change(self, table: str, key: int, client: int, values: Mapping[str, str], shape: type[_Shape]) -> _Shape:
        """Change a row among a client's rows; give the answer in this shape."""
        data = {"an": "submit_detail", **await self._of_client(client), **values}
        return decode(await self._session.send("PUT", f"/api/{table}/{key}", data), shape, table)

    async def _of_client(self, client: int) -> dict[str, str]:
        return {"mt": str(client_type_of(await self._screen_script())), "mk": str(client)}

    async def _all_pages(
        self, layout: Layout, fields: Collection[str], query: Mapping[str, str | int | list[str]]
    ) -> list[Row]:
        found: dict[int, Row] = {}
        expected: int | None = None
        while True:
            page = await self._page(layout.table, {**query, "start": len(found), "limit": self._limits.page_rows})
            if expected is not None and page.count != expected:
                raise _TableMovedError
            expected = page.count
            # The empty row in which people type a new one is counted as well, shown or not.
            real = [cells for cells in page.rows if not _is_empty_row(cells)]
            total = page.count - (len(page.rows) - len(real))
            for cells in real:
                row = layout.row(cells, fields)
                if row.key in found:
                    raise _TableMovedError
                found[row.key] = row
            if len(found) >= total:
                return list(found.values())
            if not real:
                raise _TableMovedError

    async def _page(self, table: str, query: Query) -> _Page:
        return decode(await self._session.get(f"/api/{table}", query), _Page, table)

    async def _screen_script(self) -> str:
        if self._script is None:
            home = (await self._session.get("/")).decode("utf-8", "replace")
            address = _SCRIPT.search(home)
            if address is None:
                raise Changed(
                    "The Lino shows another kind of screen than this adapter reads its columns from. "
                    "Give the address of its screens with the classic (ExtJS) look."
                )
            script = await self._session.get(address[1], limit=self._limits.script_bytes)
            self._script = script.decode("utf-8", "replace")
        return self._script


def _is_empty_row(cells: list[object]) -> bool:
    last = cells[-1] if cells else None
    return isinstance(last, dict) and last.get("phantom") is True
