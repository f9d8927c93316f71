from datetime import date

import pytest

from handover.domain.identity import is_enterprise_number, is_ssin, same_name

TODAY = date(2026, 11, 23)
VALID = {
    "80010100107": "born 1980",
    "05061533343": "born 1905",
    "05061533372": "born 2005",
    "00010100204": "born 2000",
    "00022910142": "29 February 2000",
    "71050501897": "born 1971",
    "75231401738": "BIS, month + 20",
    "12222999822": "BIS 2012, leap day",
    "75431401880": "BIS, month + 40",
    "60000002175": "unknown date",
}
INVALID = {
    "80010100108": "check digits",
    "80100100107": "check digits",
    "80130100191": "month 13",
    "80043100101": "31 April",
    "81022900168": "29 February 1981",
    "99010100147": "in the future",
    "12345678901": "month 34",
}
TEST_RANGE = ("80610100139", "75631401826", "03713000572")


def _made(first: int, base: int = 0) -> str:
    return f"{first:09}{97 - (base + first) % 97:02}"


@pytest.mark.parametrize("number", VALID, ids=lambda n: VALID[n].replace(" ", "-"))
def test_valid_ssin(number: str) -> None:
    assert is_ssin(number, today=TODAY, allow_test_range=False)
    assert is_ssin(number, today=TODAY, allow_test_range=True)


@pytest.mark.parametrize("number", INVALID)
@pytest.mark.parametrize("demonstration", [False, True])
def test_invalid_ssin(number: str, demonstration: bool) -> None:  # noqa: FBT001 - a pytest parameter
    assert not is_ssin(number, today=TODAY, allow_test_range=demonstration)


@pytest.mark.parametrize("number", TEST_RANGE)
def test_test_range_only_in_demonstrations(number: str) -> None:
    assert is_ssin(number, today=TODAY, allow_test_range=True)
    assert not is_ssin(number, today=TODAY, allow_test_range=False)
    wrong_check = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_ssin(wrong_check, today=TODAY, allow_test_range=True)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "8001010010",
        "800101001070",
        "80.01.01-001.07",
        " 80010100107",
        "80010100107\n",
        "8001010010\N{FULLWIDTH DIGIT SEVEN}",
        "\N{ARABIC-INDIC DIGIT EIGHT}0010100107",
        "8001010010x",
    ],
)
def test_only_eleven_ascii_digits(number: str) -> None:
    assert not is_ssin(number, today=TODAY, allow_test_range=True)


@pytest.mark.parametrize("month", [13, 19, 33, 39, 53, 60, 73, 80, 99])
def test_months_that_nobody_gives(month: int) -> None:
    assert not is_ssin(_made(80_00_01_001 + month * 10**5), today=TODAY, allow_test_range=True)


def test_born_today_but_not_tomorrow() -> None:
    today, tomorrow = _made(26_11_23_001, 2 * 10**9), _made(26_11_24_001, 2 * 10**9)
    assert is_ssin(today, today=TODAY, allow_test_range=False)
    assert not is_ssin(tomorrow, today=TODAY, allow_test_range=False)


def test_unknown_day_of_a_year_to_come() -> None:
    assert is_ssin(_made(26_00_00_001, 2 * 10**9), today=TODAY, allow_test_range=False)
    assert not is_ssin(_made(27_00_00_001, 2 * 10**9), today=TODAY, allow_test_range=False)


@pytest.mark.parametrize("number", ["0876543270", "0123456749", "1000012392"])
def test_valid_enterprise_number(number: str) -> None:
    assert is_enterprise_number(number)


@pytest.mark.parametrize(
    "number", ["0884303370", "0123456789", "BE0884303369", "2111111111", "", "876543270", "0876.543.270"]
)
def test_invalid_enterprise_number(number: str) -> None:
    assert not is_enterprise_number(number)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Voorbeeld", "VOORBEELD"),
        ("Voor Beeld", "Voor-Beeld"),
        ("Voorbéëld", "Voorbeeld"),
        ("D'Voorbeeld", "D\N{RIGHT SINGLE QUOTATION MARK}Voorbeeld"),
        ("Straße", "STRASSE"),
    ],
)
def test_same_name(one: str, other: str) -> None:
    assert same_name(one, other)


def test_other_name() -> None:
    assert not same_name("Een", "Eén twee")
