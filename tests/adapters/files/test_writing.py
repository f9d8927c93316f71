"""Files that go out can come in again, and run nothing in anybody's spreadsheet."""

import csv
import io
from dataclasses import replace

import pytest
from python_calamine import CalamineWorkbook
from tests.adapters.files.sheets import CLIENTS, FRAME, STEPS, client, csv_of, step, workbook_of

from handover.adapters.files.columns import COLUMNS, LANGUAGES, Kind
from handover.adapters.files.inbound import plan_of
from handover.adapters.files.reading import Document, read_document
from handover.adapters.files.writing import Table, as_csv, as_workbook, code_lists, errors_of, template

_EVIL = ("=1+1", "+32 9 000 00 00", "-2", "@SUM(A1)", "\tx", '=HYPERLINK("http://x.example")', "\uff1d1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_is_read_and_its_example_passed_over(language: str) -> None:
    book = as_workbook([*(template(kind, language) for kind in Kind), code_lists(language)])
    document = read_document(book)
    assert [sheet.kind for sheet in document.sheets] == list(Kind), "the sheet with codes is none of them"
    reading = plan_of(document, FRAME)
    assert (reading.plan.placements, reading.plan.rejects, reading.plan.clients_read) == ((), (), 0)
    assert reading.plan.not_imported.total() == 2
    for kind in Kind:
        assert read_document(as_csv(template(kind, language))).sheets[0].kind is kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_would_be_right_under_another_name(language: str) -> None:
    tables = [template(kind, language) for kind in Kind]
    other = [replace(one, rows=[["L-1", *one.rows[0][1:]]]) for one in tables]
    reading = plan_of(read_document(as_workbook(other)), FRAME)
    assert reading.plan.rejects == ()
    (placement,) = reading.plan.placements
    assert len(placement.processes) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_stands_on_the_list(language: str) -> None:
    listed = {(row[0], row[1]) for row in code_lists(language).rows}
    for kind in Kind:
        for column in COLUMNS[kind]:
            assert {(column.title(language), str(m)) for codes in column.codes for m in codes} <= listed


@pytest.mark.parametrize("evil", _EVIL)
def test_nothing_runs_in_a_spreadsheet(evil: str) -> None:
    table = Table("Rijen", ["a", "b"], [["gewoon", evil]])
    (_, row) = csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig")), delimiter=";")
    assert row == ["gewoon", f"'{evil}"]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(as_workbook([table]))).get_sheet_by_index(0)
    assert sheet.to_python()[1] == ["gewoon", f"'{evil}"]
    assert b"<f>" not in as_workbook([table])


def _errors(document: Document) -> list[Table]:
    return errors_of(document, [[(row, "Daarom.") for row in sheet.rows] for sheet in document.sheets], "nl")


@pytest.mark.parametrize("as_book", [True, False])
def test_an_error_file_comes_in_again_as_it_was(as_book: bool) -> None:  # noqa: FBT001
    row = client(1, Voornaam="=cmd|' /C calc'!A0", Familienaam="-Streepje")
    content = workbook_of({"A": [CLIENTS, row], "B": [STEPS, step(1)]}) if as_book else csv_of(CLIENTS, row)
    document = read_document(content)
    tables = _errors(document)
    assert tables[0].titles[-1] == "Waarom niet"
    written = as_workbook(tables) if as_book else as_csv(tables[0])
    again = read_document(written)
    assert again.sheets[0].header.unknown == ()
    assert again.sheets[0].rows[0].cells[: len(row) - 1] == document.sheets[0].rows[0].cells[: len(row) - 1]
    assert plan_of(again, FRAME).plan.placements == plan_of(document, FRAME).plan.placements
    assert _errors(again)[0].titles == tables[0].titles, "the reason stands there once, however often it goes round"
