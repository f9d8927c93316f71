"""One cell of Lino: what is read from it, and what is refused without repeating it."""

from datetime import date, time

import pytest

from handover.adapters.lino import cells
from handover.adapters.lino.cells import Ref, Unreadable
from handover.adapters.lino.layout import Row


def row(**named: object) -> Row:
    return Row(table="app/Table", key=7, cells=named)


@pytest.mark.parametrize(
    ("written", "ssin"),
    [
        ("800101 001-07", "80010100107"),
        ("050615 333-43", "05061533343"),
        ("050615 333=72", "05061533372"),
        ("000229 101=42", "00022910142"),
        ("752314 017-38", "75231401738"),
        ("122229 998=22", "12222999822"),
        ("600000 021-75", "60000002175"),
        ("05061533372", "05061533372"),
        ("80010100107", "80010100107"),
    ],
)
def test_a_national_number_becomes_eleven_digits(written: str, ssin: str) -> None:
    assert cells.national_id(row(nr=written), "nr") == ssin


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (None, "it has no national number"),
        ("  ", "it has no national number"),
        ("800101 001-08", "the check digits of its national number are wrong"),
        ("050615 333-72", "the check digits of its national number are wrong"),
        ("050615 333=43", "the check digits of its national number are wrong"),
        ("800101 001", "its national number is not written as one"),
        ("800101 001-07 bis", "its national number is not written as one"),
        ("\u0668\u0660\u0660\u0661\u0660\u0661 001-07", "its national number is not written as one"),
        (80010100107, "nr is not a text"),
    ],
)
def test_a_number_that_is_none_is_refused_without_repeating_it(written: object, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        cells.national_id(row(nr=written), "nr")
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("written", "day"),
    [("07.02.2026", date(2026, 2, 7)), ("29.02.2000", date(2000, 2, 29)), (None, None), ("", None)],
)
def test_a_date_is_read(written: object, day: date | None) -> None:
    assert cells.day(row(since=written), "since") == day


@pytest.mark.parametrize("written", ["00.00.1980", "31.04.2026", "2026-02-07", "7.2.2026", "01.01.-0300", 20260207])
def test_an_incomplete_or_impossible_date_is_refused_without_repeating_it(written: object) -> None:
    with pytest.raises(Unreadable) as refused:
        cells.day(row(since=written), "since")
    assert str(refused.value).startswith("since is not a ")
    assert str(written) not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "clock"), [("09:00", time(9)), ("23:59:30", time(23, 59)), (None, None), ("", None)]
)
def test_a_time_is_read(written: object, clock: time | None) -> None:
    assert cells.clock(row(at=written), "at") == clock


@pytest.mark.parametrize("written", ["24:00", "9h", 9])
def test_an_impossible_time_is_refused(written: object) -> None:
    with pytest.raises(Unreadable, match="at is not a"):
        cells.clock(row(at=written), "at")


def test_a_foreign_key_is_two_cells() -> None:
    assert cells.ref(row(user="Some   one", userHidden=6), "user") == Ref(6, "Some one")
    assert cells.ref(row(user=None, userHidden=None), "user") is None
    with pytest.raises(Unreadable, match="userHidden is not a whole number"):
        cells.ref(row(user="Some one", userHidden="6"), "user")


def test_yes_and_numbers_are_not_mixed_up() -> None:
    assert cells.flag(row(primary=True), "primary") is True
    with pytest.raises(Unreadable, match="primary is not a yes or no"):
        cells.flag(row(primary=1), "primary")
    with pytest.raises(Unreadable, match="duration is not a whole number"):
        cells.number(row(duration=True), "duration")


def test_a_row_about_nobody_is_refused() -> None:
    assert cells.client(row(clientHidden=17)) == 17
    with pytest.raises(Unreadable, match="it names no client"):
        cells.client(row(clientHidden=None))


def test_what_is_printed_of_a_row_holds_no_value() -> None:
    assert "Some one" not in repr(row(user="Some one")) + repr(Ref(6, "Some one"))
