"""Files that go out: the template, rows that could not be placed, and what others did.

A cell that begins like a formula gets an apostrophe before it, in CSV and in workbooks alike: what a client is called
must not run in anybody's spreadsheet. `reading` takes it away again.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import xlsxwriter

from handover.adapters.files.cells import Cell, text
from handover.adapters.files.columns import COLUMNS, EXAMPLE, LANGUAGES, WHY, Column, Kind
from handover.adapters.files.reading import RUNS, Document, Row
from handover.domain.codes import Coded

_WIDEST: Final = 60
_LONGEST_SHEET: Final = 31
_NO_SHEET: Final = re.compile(r"[\[\]:*?/\\]")
"""What Excel takes in no name of a sheet."""
_NAMES: Final = {
    Kind.CLIENTS: ("Cliënten", "Clients", "Kunden", "Clients"),
    Kind.STEPS: ("Stappen", "Étapes", "Schritte", "Steps"),
}
_EXAMPLES: Final[dict[Kind, dict[str, str]]] = {
    Kind.CLIENTS: {
        "clientReference": EXAMPLE,
        "ssin": "80.01.01-001.07",
        "givenName": "Voorbeeld",
        "familyName": "Een",
        "birthDate": "01/01/1980",
        "targetGroup": "livingWage",
        "capacity": "livingWage",
    },
    Kind.STEPS: {
        "clientReference": EXAMPLE,
        "ssin": "80.01.01-001.07",
        "stepReference": "GPMI-1",
        "kind": "plan",
        "begin": "01/09/2026",
        "end": "31/08/2027",
        "title": "GPMI",
    },
}
_FORM_ROWS: Final = 500
"""How many rows of the template offer their codes to choose from."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a sheet says."""

    name: str
    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    columns: Sequence[Column] = ()
    """Where they are those of a template: what may be chosen in them."""


def harmless(value: str) -> str:
    """Give a text that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] and value[0] in RUNS else value


def template(kind: Kind, language: str) -> Table:
    """Give the columns of a kind with one example row, in a language (nl, fr, de, en)."""
    columns = COLUMNS[kind]
    example = [_example(column, kind, language) for column in columns]
    titles = [column.title(language) for column in columns]
    return Table(_NAMES[kind][LANGUAGES.index(language)], titles, [example], columns)


def code_lists(language: str) -> Table:
    """Give every code that may stand in a column, with its word."""
    titles = [Column("column", ("Kolom", "Colonne", "Spalte", "Column")).title(language)]
    titles += ["Code", Column("word", ("Woord", "Mot", "Wort", "Word")).title(language)]
    rows = [
        [column.title(language), str(member), _word(member, language)]
        for kind in Kind
        for column in COLUMNS[kind]
        for codes in column.codes
        for member in codes
    ]
    return Table("Codes", titles, rows)


def errors_of(document: Document, wrong: Sequence[Sequence[tuple[Row, str]]], language: str) -> list[Table]:
    """Give the rows that failed, sheet by sheet as they came, with why behind them."""
    tables = []
    for sheet, rows in zip(document.sheets, wrong, strict=True):
        if not rows:
            continue
        own = [place for place, title in enumerate(sheet.titles) if title not in WHY.titles]
        tables.append(
            Table(
                sheet.name or _NAMES[sheet.kind][LANGUAGES.index(language)],
                [*(sheet.titles[place] for place in own), WHY.title(language)],
                [[*(_shown(row, place) for place in own), why] for row, why in rows],
            )
        )
    return tables


def as_csv(table: Table) -> bytes:
    """Write CSV as Excel opens it in Belgium: UTF-8 with its mark, and semicolons."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow([harmless(title) for title in table.titles])
    writer.writerows([harmless(value) for value in row] for row in table.rows)
    return written.getvalue().encode("utf-8-sig")


def as_workbook(tables: Iterable[Table]) -> bytes:
    """Write a workbook. Every cell is text, so that no number loses its zeros."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        title = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        plain = book.add_format({"num_format": "@", "valign": "top"})
        long = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        taken: set[str] = set()
        for table in tables:
            sheet = book.add_worksheet(_sheet_name(table.name, taken))
            sheet.freeze_panes(1, 0)
            for place, name in enumerate(table.titles):
                widths = [len(name), *(len(row[place]) for row in table.rows)]
                sheet.set_column(place, place, min(max(widths) + 3, _WIDEST), plain)
                sheet.write_string(0, place, name, title)
            for number, row in enumerate(table.rows, 1):
                for place, value in enumerate(row):
                    sheet.write_string(number, place, harmless(value), long if len(value) > _WIDEST else plain)
            _offer_codes(sheet, table)
            if not table.columns and table.rows:
                sheet.autofilter(0, 0, len(table.rows), len(table.titles) - 1)
    return made.getvalue()


def _sheet_name(name: str, taken: set[str]) -> str:
    """Give a name that Excel takes, and no other sheet has: what came in may have been made by something else."""
    plain = _NO_SHEET.sub(" ", name).strip(" '")[:_LONGEST_SHEET] or "-"
    number, found = 1, plain
    while found.lower() in taken:
        number += 1
        found = f"{plain[: _LONGEST_SHEET - 1 - len(str(number))]} {number}"
    taken.add(found.lower())
    return found


def _offer_codes(sheet: Any, table: Table) -> None:  # noqa: ANN401 - the library ships no types
    for place, column in enumerate(table.columns):
        codes = [str(member) for one in column.codes for member in one]
        if codes and len(",".join(codes)) <= 255:  # noqa: PLR2004 - Excel's own limit
            rule = {"validate": "list", "source": codes, "error_type": "information"}
            sheet.data_validation(1, place, _FORM_ROWS, place, rule)


def _example(column: Column, kind: Kind, language: str) -> str:
    found = _EXAMPLES[kind].get(column.name, "")
    member = next((m for codes in column.codes for m in codes if str(m) == found), None)
    return _word(member, language) if member else found


def _word(member: Coded, language: str) -> str:
    return str(getattr(member, language))


def _shown(row: Row, place: int) -> str:
    cell: Cell = row.cells[place] if place < len(row.cells) else None
    return text(cell)
