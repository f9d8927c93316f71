"""From the bytes of a file to sheets of rows, whoever made it: CSV or Excel, within limits, and never run.

A workbook is a zip of XML that somebody else wrote. It is unpacked here, as much as its directory says and no more;
what holds no cells (macros, links to elsewhere, pictures) is left out; each part is looked through for entities and for
cells far away, because a reader would make room for all that lies between. Only then a reader sees it.
"""

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from handover.adapters.files.cells import Cell, text
from handover.adapters.files.columns import Header, Kind, read_header

_PACKED: Final = b"PK\x03\x04"
_OLD: Final = b"\xd0\xcf\x11\xe0"
"""The first bytes of Excel's older files, and of those that are locked with a password."""
_WANTED: Final = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/(?:workbook|sharedStrings|styles)\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/worksheets/[A-Za-z0-9_. -]+\.xml",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"([A-Z]{1,3})?([0-9]{1,7})?")
_HEADER_WITHIN: Final = 10
RUNS: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""With one of these at its beginning a spreadsheet takes a text for a formula."""
_DELIMITERS: Final = (";", ",", "\t", "|")


class FileRefused(Exception):  # noqa: N818 - an answer, as all refusals are
    """The file as a whole cannot be used; `code` says why, `names` what it is about."""

    def __init__(self, code: str, *names: str) -> None:
        super().__init__(code)
        self.code, self.names = code, names


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is taken."""

    bytes: int = 1_000_000
    """Under what a form parser keeps in memory: nothing of an upload comes to lie on a disk."""
    rows: int = 2_000
    columns: int = 60
    cell: int = 4_000
    unpacked: int = 24_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row with something in it; `number` is what the program shows beside it."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, header: Header, column: str) -> Cell:
        """Give a cell by the name of its column; None where there is none."""
        place = header.places.get(column)
        return self.cells[place] if place is not None and place < len(self.cells) else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of one kind under their titles. `name` is that of the sheet in a workbook, else ""."""

    name: str
    titles: tuple[str, ...]
    header: Header
    rows: tuple[Row, ...]

    @property
    def kind(self) -> Kind:
        """What the rows are."""
        return self.header.kind


@dataclass(frozen=True, slots=True)
class Document:
    """A file, read."""

    sheets: tuple[Sheet, ...]
    is_workbook: bool

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(len(sheet.rows) for sheet in self.sheets)


def read_document(content: bytes, limits: Limits | None = None) -> Document:
    """Read a file. Raises FileRefused."""
    limits = limits or Limits()
    if len(content) > limits.bytes:
        raise FileRefused("tooLarge")
    if not content.strip():
        raise FileRefused("empty")
    if content.startswith(_OLD):
        raise FileRefused("locked")
    is_workbook = content.startswith(_PACKED)
    tables = _workbook(content, limits) if is_workbook else [("", _csv(content, limits))]
    sheets = []
    left = limits.rows
    for name, rows in tables:
        sheet = _sheet(name, rows, limits, left)
        if sheet is not None:
            left -= len(sheet.rows)
            sheets.append(sheet)
    if not sheets:
        raise FileRefused("noHeader")
    kinds = [sheet.kind for sheet in sheets]
    if len(set(kinds)) < len(kinds):
        raise FileRefused("twoAlike", *(sheet.name for sheet in sheets))
    return Document(tuple(sheets), is_workbook)


def _sheet(name: str, rows: Iterator[tuple[int, Sequence[Cell]]], limits: Limits, most: int) -> Sheet | None:
    """Give a sheet from its titles on; None where no titles stand near its beginning: it is something else."""
    titles: tuple[str, ...] = ()
    header: Header | None = None
    found: list[Row] = []
    for seen, (number, cells) in enumerate(rows):
        if header is None:
            if seen >= _HEADER_WITHIN:
                return None
            titles = tuple(text(cell) for cell in cells)
            header = read_header(titles)
            continue
        if not any(text(cell) for cell in cells):
            continue
        if len(found) >= most:
            raise FileRefused("tooManyRows", str(limits.rows))
        if any(isinstance(cell, str) and len(cell) > limits.cell for cell in cells):
            raise FileRefused("longCell", str(number))
        found.append(Row(number, tuple(_plain(cell) for cell in cells)))
    if header is None:
        return None
    if header.missing:
        raise FileRefused("missingColumns", *(column.name for column in header.missing))
    if header.doubled:
        raise FileRefused("doubledColumns", *(column.name for column in header.doubled))
    return Sheet(name, titles, header, tuple(found))


def _plain(cell: Cell) -> Cell:
    """Take away the apostrophe that `writing` puts before what a spreadsheet would run."""
    if isinstance(cell, str) and len(cell) > 1 and cell[0] == "'" and cell[1] in RUNS:
        return cell[1:]
    return None if cell == "" else cell


# -- CSV -----------------------------------------------------------------------------------------------------------


def _csv(content: bytes, limits: Limits) -> Iterator[tuple[int, Sequence[Cell]]]:
    written = _decoded(content)
    if "\0" in written:
        raise FileRefused("notAFile")
    delimiter = _delimiter(written)
    csv.field_size_limit(max(limits.cell * 4, 131_072))
    reader = csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if len(cells) > limits.columns:
                raise FileRefused("tooManyColumns", str(limits.columns))
            if cells:
                yield reader.line_num, cells
    except csv.Error:
        raise FileRefused("notAFile") from None


def _decoded(content: bytes) -> str:
    """Give the text, in whichever of the encodings that Excel and other programs export."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ["utf-16"] if is_wide else ["utf-8-sig", "cp1252"]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("notAFile")


def _delimiter(written: str) -> str:
    """Give what stands between cells: that under which the titles mean most."""
    lines = [one for one in written[:20_000].splitlines() if one.strip()][:_HEADER_WITHIN]

    def known(delimiter: str) -> int:
        headers = (read_header([text(t) for t in row]) for row in csv.reader(lines, delimiter=delimiter))
        return max((len(header.places) for header in headers if header), default=0)

    try:
        return max(_DELIMITERS, key=known)
    except csv.Error:
        return _DELIMITERS[0]


# -- Excel ---------------------------------------------------------------------------------------------------------


def _workbook(content: bytes, limits: Limits) -> Iterator[tuple[str, Iterator[tuple[int, Sequence[Cell]]]]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(_harmless(content, limits)))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            rows: Sequence[Sequence[Cell]] = sheet.to_python(skip_empty_area=False)
            yield name, ((number, row) for number, row in enumerate(rows, 1) if any(cell != "" for cell in row))
    except CalamineError:
        raise FileRefused("notAWorkbook") from None
    except BaseException as error:
        # A reader in Rust that gives up does so with an exception that is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise FileRefused("notAWorkbook") from None


def _harmless(content: bytes, limits: Limits) -> bytes:
    """Give the workbook anew: only the parts that hold cells, unpacked, each looked through. Raises FileRefused."""
    made, left = io.BytesIO(), limits.unpacked
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(made, "w") as plain:
            names = [one for one in packed.infolist() if _WANTED.fullmatch(one.filename)]
            if len({one.filename for one in names}) < len(names):
                raise FileRefused("notAWorkbook")
            for one in names:
                if one.flag_bits & 1:
                    raise FileRefused("locked")
                if one.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    raise FileRefused("notAWorkbook")
                left -= one.file_size
                if left < 0:
                    raise FileRefused("tooLarge")
                # What the directory says is the most that is unpacked, whatever the stream would go on to give: read()
                # without a size unpacks all of it first.
                with packed.open(one) as stream:
                    part = stream.read(one.file_size)
                _look_through(part, limits)
                plain.writestr(zipfile.ZipInfo(one.filename), part)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError):
        raise FileRefused("notAWorkbook") from None
    return made.getvalue()


def _look_through(part: bytes, limits: Limits) -> None:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise FileRefused("notAWorkbook")

    row, cell = "", ""

    def begun(name: str, attributes: dict[str, str]) -> None:
        """Look where a cell with a value lies; empty ones, which only have a colour, lie anywhere."""
        nonlocal row, cell
        match name.rpartition(":")[2]:
            case "row":
                row = attributes.get("r", "")
            case "c":
                cell = attributes.get("r", "")
            case "v" | "is":
                for found in (row, cell):
                    _refuse_far(found, limits)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    parser.StartElementHandler = begun
    try:
        parser.Parse(part, True)  # noqa: FBT003 - expat knows no names
    except (expat.ExpatError, LookupError, ValueError):
        # The last two: letters in an encoding that nobody knows.
        raise FileRefused("notAWorkbook") from None


def _refuse_far(found: str, limits: Limits) -> None:
    place = _PLACE.fullmatch(found)
    if place is None:
        raise FileRefused("notAWorkbook")
    if int(place[2] or 0) > limits.rows + 2 * _HEADER_WITHIN:
        raise FileRefused("tooManyRows", str(limits.rows))
    if _number_of(place[1] or "") > limits.columns:
        raise FileRefused("tooManyColumns", str(limits.columns))


def _number_of(letters: str) -> int:
    """Give the number of a column: A is 1, AA is 27."""
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found
