"""Which cell of a Lino row holds which field, read from the script Lino makes for its own screens.

Lino answers a list as arrays without names. The same server publishes, per kind of user, a script in which
each table states its columns in that order (`ls_store_fields`), a foreign key and a choice as two (`client`,
`clientHidden`), and its filter fields in the order it expects them. Reading it at run time makes this adapter
independent of the columns a site has hidden or added.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from handover.adapters.kit.adapter import Changed, Denied

_DATE_FORMAT = "d.m.Y"
_COLUMN = re.compile(r"""\{(?P<options>[^{}]*)\}|'(?P<hidden>\w+)'""")
_NAME = re.compile(r'"name": "(\w+)"')
_FORMAT = re.compile(r'"dateFormat": "([^"]*)"')
_CONTENT_TYPE = re.compile(r"^  content_type: (\d+),", re.MULTILINE)
_PARAMETERS = re.compile(r"new Lino\.(\w+\.\w+)\.ParamsPanel\(")
_FIELD_ORDER = re.compile(r"this\.fields = \[ ([\w, ]*) \]")
_FIELD = re.compile(r"^ *var (\w+) = (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one table in the order of its cells, and its filters in the order Lino wants them."""

    table: str
    columns: tuple[str, ...]
    parameters: tuple[str, ...]

    def row(self, cells: list[object], wanted: Collection[str]) -> "Row":
        """Name the wanted cells of a row; raise `Changed` when it is not shaped as this layout says."""
        announced = len(self.columns) + 1  # Lino closes each row with its remarks on it ({"meta": true, ...})
        if len(cells) != announced:
            raise Changed(self._strange(f"has {len(cells)} cells where {announced} were announced"))
        named = dict(zip(self.columns, cells, strict=False))
        # This column holds an object and nothing else does: were the order another one, it would show here.
        if "disabled_fields" in named and not isinstance(named["disabled_fields"], dict):
            raise Changed(self._strange("has its cells in another order than announced"))
        key = named.get("id")
        if not isinstance(key, int) or isinstance(key, bool):
            raise Changed(self._strange("has no number in the column 'id'"))
        return Row(table=self.table, key=key, cells={name: named[name] for name in wanted})

    def require(self, wanted: Collection[str]) -> None:
        """Raise `Changed` naming the columns this table does not have."""
        missing = sorted(set(wanted) - set(self.columns))
        if missing:
            raise Changed(
                f"The Lino table {self.table} does not show {', '.join(missing)}. "
                "Ask the administrator of the Lino to show these columns to this account."
            )

    def filter_values(self, filters: Mapping[str, str]) -> list[str]:
        """Put filter values in Lino's order, empty where nothing is filtered."""
        unknown = sorted(set(filters) - set(self.parameters))
        if unknown:
            raise Changed(
                f"The Lino table {self.table} cannot be filtered by {', '.join(unknown)} any more. "
                "Its version is newer than this adapter: update handover."
            )
        return [filters.get(name, "") for name in self.parameters]

    def _strange(self, what: str) -> str:
        return (
            f"A row of the Lino table {self.table} {what}. Restart the Lino so that it renews its screens, "
            "then import again; if it stays, its version is newer than this adapter."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a Lino table: where it comes from, and its wanted cells by column name."""

    table: str
    key: int
    cells: Mapping[str, object] = field(repr=False)


def layout_of(script: str, table: str) -> Layout:
    """Read the layout of `table` (`app/Table`) from the screen script.

    Raises `Denied` when the account is not offered this table, `Changed` when its form is unknown.
    """
    actor = table.replace("/", ".")
    block = _block(script, f"\nLino.{actor}.GridPanel = ", "\n  initComponent")
    if not block:
        raise Denied(
            f"The Lino does not offer the table {table} to this account. "
            "Give the account the rights of a social worker who also sees all clients, then try again."
        )
    stated = next((line for line in block.splitlines() if line.startswith("  ls_store_fields : [")), None)
    if stated is None:
        raise Changed(
            f"The Lino does not say which columns the table {table} has. "
            "Its version is newer than this adapter: update handover."
        )
    return Layout(table=table, columns=_columns(stated, table), parameters=_parameters(script, actor))


def client_type_of(script: str) -> int:
    """Give the number under which this Lino knows the kind of record 'client' (`mt`); sites differ in it."""
    panel = _block(script, "\nLino.pcsw.Clients.DetailFormPanel = ", "\n  initComponent")
    found = _CONTENT_TYPE.search(panel)
    if found is None:
        raise Changed(
            "The Lino does not show this account the page of one client. "
            "Give it the rights of a social worker; if it has them, update handover for this version of Lino."
        )
    return int(found[1])


def _columns(stated: str, table: str) -> tuple[str, ...]:
    columns = []
    for column in _COLUMN.finditer(stated):
        options = column["options"]
        name = _NAME.search(options) if options is not None else None
        if options is not None and name is None:
            raise Changed(f"A column of the Lino table {table} has no name. Update handover for this version of Lino.")
        columns.append(column["hidden"] if name is None else name[1])
        form = _FORMAT.search(options or "")
        if form is not None and form[1] != _DATE_FORMAT:
            raise Changed(
                f"The Lino table {table} writes dates in another way than dd.mm.yyyy. "
                "Set date_format back to its default in the settings of the Lino."
            )
    return tuple(columns)


def _parameters(script: str, actor: str) -> tuple[str, ...]:
    """Filter fields; a table may borrow the panel of another, which only its window says."""
    window = _block(script, f"\nLino.{actor}.grid = ", "\n});")
    borrowed = _PARAMETERS.search(window)
    panel = _block(script, f"\nLino.{borrowed[1] if borrowed else actor}.ParamsPanel = ", "\n});")
    order = _FIELD_ORDER.search(panel)
    if order is None:
        return ()
    names = {variable[1]: _NAME.search(variable[2]) for variable in _FIELD.finditer(panel)}
    found = [names.get(variable) for variable in order[1].split(", ")]
    if None in found:
        raise Changed(
            f"The filter of the Lino table {actor.replace('.', '/')} has a field without a name. "
            "Update handover for this version of Lino."
        )
    return tuple(name[1] for name in found if name is not None)


def _block(script: str, start: str, end: str) -> str:
    """The text between two marks; empty when the first is not there."""
    begin = script.find(start)
    stop = script.find(end, begin + len(start))
    return "" if begin < 0 or stop < 0 else script[begin + len(start) : stop]
