"""Whoever made a file: its letters, its separators, its titles; and what a file may not do to us."""

import io
import random
import tracemalloc
import zipfile

import pytest
from tests.adapters.files.sheets import CLIENTS, FRAME, STEPS, changed, client, csv_of, step, workbook_of

from handover.adapters.files.columns import COLUMNS, LANGUAGES, Kind, folded, read_header
from handover.adapters.files.inbound import plan_of
from handover.adapters.files.reading import FileRefused, Limits, read_document

_SHEET = "xl/worksheets/sheet1.xml"
_XML = '<?xml version="1.0"?>{}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_letters_and_separators_as_programs_export_them(delimiter: str, encoding: str) -> None:
    document = read_document(csv_of(CLIENTS, client(1), delimiter=delimiter, encoding=encoding))
    (sheet,) = document.sheets
    assert sheet.kind is Kind.CLIENTS
    assert sheet.rows[0].cell(sheet.header, "familyName") == "Cliënt 1"
    assert sheet.rows[0].number == 2, "as the spreadsheet numbers it"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", [*LANGUAGES, ""])
def test_titles_in_each_language_and_as_the_api_says_them(kind: Kind, language: str) -> None:
    titles = [column.title(language) if language else column.name for column in COLUMNS[kind]]
    header = read_header(titles)
    assert header is not None
    assert (header.kind, header.unknown, header.missing, header.doubled) == (kind, (), (), ())
    assert list(header.places) == [column.name for column in COLUMNS[kind]]


@pytest.mark.parametrize("kind", list(Kind))
def test_no_title_means_two_columns(kind: Kind) -> None:
    seen: dict[str, str] = {}
    for column in COLUMNS[kind]:
        for name in {folded(text) for text in (column.name, *column.titles, *column.also)}:
            assert seen.setdefault(name, column.name) == column.name


def test_titles_may_stand_lower_and_in_another_order() -> None:
    order = [7, 3, 1, 0, 6, 5, 4, 2]
    rows = [["Lijst van het OCMW"], [], [CLIENTS[n] for n in order], [client(1)[n] for n in order]]
    (sheet,) = read_document(workbook_of({"Blad1": rows})).sheets
    assert sheet.rows[0].cell(sheet.header, "clientReference") == "L-1"
    assert sheet.rows[0].number == 4


def test_a_workbook_holds_both_kinds_and_other_sheets_are_left() -> None:
    book = workbook_of({"Notities": [["zomaar iets"]], "A": [CLIENTS, client(1)], "B": [STEPS, step(1)]})
    document = read_document(book)
    assert [sheet.kind for sheet in document.sheets] == [Kind.CLIENTS, Kind.STEPS]
    assert document.rows == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "locked"),
        (b"PK\x03\x04" + bytes(100), "notAWorkbook"),
        (b"\x00\x01\x02\x03", "notAFile"),
        (b"\x81\x8d\x8f", "notAFile"),
        (b"a;b;c\n1;2;3", "noHeader"),
        (csv_of(CLIENTS[:4], client(1)[:4]), "missingColumns"),
        (csv_of([*CLIENTS, "INSZ"], [*client(1), "x"]), "doubledColumns"),
        (csv_of(CLIENTS, *(client(n) for n in range(1, 12))), "tooManyRows"),
        (csv_of(CLIENTS, client(1, Voornaam="x" * 200)), "longCell"),
        (csv_of([*CLIENTS, *(f"c{n}" for n in range(60))], client(1)), "tooManyColumns"),
        (b"x" * 30_001, "tooLarge"),
        (workbook_of({"A": [CLIENTS, client(1)], "B": [CLIENTS, client(2)]}), "twoAlike"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read_document(content, Limits(bytes=30_000, rows=10, cell=100))
    assert refused.value.code == code


def _with_sheet(xml: str) -> bytes:
    return changed(workbook_of({"A": [CLIENTS, client(1)]}), _SHEET, xml.encode())


@pytest.mark.parametrize(
    "part",
    [
        _XML.format('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>', "<row><c><v>1</v></c></row>"),
        _XML.format('<!DOCTYPE x SYSTEM "file:///etc/passwd">', ""),
        _XML.format("", "<row><c>"),
        _XML.format("", '<row r="1"><c r="$A$1"><v>1</v></c></row>'),
    ],
)
def test_xml_that_is_more_than_cells_is_refused(part: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read_document(_with_sheet(part))
    assert refused.value.code == "notAWorkbook"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "tooManyRows"),
        ('<row r="1"><c t="n"   r = "XFD1"><v>1</v></c></row>', "tooManyColumns"),
        ('<row r="1048576"><c><v>1</v></c></row>', "tooManyRows"),
        ('<row r="1"><c r="&#65;1048576" t="inlineStr"><is><t>x</t></is></c></row>', "tooManyRows"),
    ],
)
def test_a_cell_far_away_makes_no_room_for_all_that_lies_between(cells: str, code: str) -> None:
    tracemalloc.start()
    with pytest.raises(FileRefused) as refused:
        read_document(_with_sheet(_XML.format("", cells)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == code
    assert most < 10_000_000


def test_a_part_is_looked_through_however_its_name_is_written() -> None:
    far = _XML.format("", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>').encode()
    book = workbook_of({"A": [CLIENTS, client(1)]})
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w") as new:
        for one in old.infolist():
            is_sheet = one.filename == _SHEET
            new.writestr(one.filename.upper() if is_sheet else one.filename, far if is_sheet else old.read(one))
    with pytest.raises(FileRefused) as refused:
        read_document(made.getvalue())
    assert refused.value.code == "tooManyRows"


def test_a_coloured_column_without_values_is_no_harm() -> None:
    far = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    book = _with_sheet(_XML.format("", f'<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>{far}'))
    with pytest.raises(FileRefused) as refused:
        read_document(book)
    assert refused.value.code == "noHeader", "it was read; there are only no titles in it"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = changed(workbook_of({"A": [CLIENTS, client(1)]}), "xl/sharedStrings.xml", b"<sst>" + b" " * 200_000_000)
    assert len(bomb) < 1_000_000, "it comes within the limit of bytes"
    tracemalloc.start()
    with pytest.raises(FileRefused) as refused:
        read_document(bomb)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == "tooLarge"
    assert most < 30_000_000


def test_a_bomb_that_says_it_is_small_is_broken_off() -> None:
    book = bytearray(changed(workbook_of({"A": [CLIENTS, client(1)]}), _SHEET, b"<a>" + b" " * 50_000_000))
    size, small = (50_000_003).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    book = book.replace(size, small)
    tracemalloc.start()
    with pytest.raises(FileRefused) as refused:
        read_document(bytes(book))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == "notAWorkbook"
    assert most < 30_000_000


def test_what_holds_no_cells_does_not_reach_the_reader() -> None:
    book = workbook_of({"A": [CLIENTS, client(1)]})
    link = b'<externalLink xmlns="x"><!DOCTYPE'
    for part in ("xl/externalLinks/externalLink1.xml", "xl/vbaProject.bin", "../../outside", "xl/drawings/d.xml"):
        book = changed(book, part, link)
    assert read_document(book).rows == 1


def test_a_formula_is_what_excel_made_of_it_and_is_not_run() -> None:
    formula = '<c r="A3"><f>WEBSERVICE("http://127.0.0.1:9/"&amp;A1)</f><v>12</v></c>'
    book = workbook_of({"A": [CLIENTS, client(1)]})
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        sheet = packed.read(_SHEET).decode()
    sheet = sheet.replace("</sheetData>", f'<row r="3">{formula}</row></sheetData>')
    (read,) = read_document(changed(book, _SHEET, sheet.encode())).sheets
    assert read.rows[1].cells[0] == 12


def test_whatever_is_wrong_with_a_file_it_is_refused_in_words() -> None:
    chance = random.Random(7)  # noqa: S311 - the same spoilt files each time
    book = workbook_of({"A": [CLIENTS, client(1), client(2)], "B": [STEPS, step(1)]})
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        parts = {one.filename: packed.read(one) for one in packed.infolist() if one.filename.startswith("xl/")}
    plain, seen = csv_of(CLIENTS, client(1), client(2)), set()
    for _ in range(600):
        name = chance.choice(sorted(parts))
        for content in (spoilt(book, chance), spoilt(plain, chance), changed(book, name, spoilt(parts[name], chance))):
            try:
                plan_of(read_document(content), FRAME)
            except FileRefused as refused:
                seen.add(refused.code)
            else:
                seen.add("read")
    with pytest.raises(FileRefused):
        read_document(changed(book, _SHEET, b'<?xml version="1.0" encoding="no-such"?><a/>'))
    assert {"read", "notAWorkbook", "missingColumns"} <= seen


def spoilt(content: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, take some away, put some between."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(found))
        match chance.randrange(4):
            case 0:
                del found[at : at + chance.randint(1, 20)]
            case 1:
                found[at:at] = bytes(chance.choice(b'<>&"=09AZ') for _ in range(chance.randint(1, 8)))
            case _:
                found[at] = chance.randrange(256)
    return bytes(found)
