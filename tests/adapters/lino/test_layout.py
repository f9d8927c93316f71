"""Which cell is which: read from the screen script, and never guessed."""

import pytest
from tests.adapters.lino.screens import SCRIPT, cells

from handover.adapters.kit.adapter import Changed, Denied
from handover.adapters.lino.layout import Layout, client_type_of, layout_of

WANTED = ("id", "stateHidden", "seen_on")


def clients() -> Layout:
    return layout_of(SCRIPT, "pcsw/AllClients")


def test_columns_come_in_the_order_of_the_cells() -> None:
    assert clients().columns == (
        "state",
        "stateHidden",
        "id",
        "seen_on",
        "disabled_fields",
        "disable_editing",
    )


def test_filters_come_from_the_panel_the_table_borrows() -> None:
    assert clients().parameters == ("aged_from", "also_obsolete")
    assert clients().filter_values({"also_obsolete": "true"}) == ["", "true"]


def test_a_table_without_filters_takes_none() -> None:
    assert layout_of(SCRIPT, "cal/Rooms").filter_values({}) == []


def test_the_kind_of_record_client_is_looked_up() -> None:
    assert client_type_of(SCRIPT) == 60
    with pytest.raises(Changed, match="the page of one client"):
        client_type_of("")


def test_a_row_gets_names() -> None:
    row = clients().row(cells(17), WANTED)
    assert (row.table, row.key) == ("pcsw/AllClients", 17)
    assert row.cells == {"id": 17, "stateHidden": "30", "seen_on": "07.02.2026"}


@pytest.mark.parametrize(
    ("strange", "said"),
    [
        (cells(17)[1:], "has 6 cells where 7 were announced"),
        ([*cells(17), None], "has 8 cells where 7 were announced"),
        (["Coached", "30", 17, "07.02.2026", False, {"id": True}, {"meta": True}], "in another order"),
        (cells("17"), "no number in the column 'id'"),
        (cells(key=True), "no number in the column 'id'"),
    ],
)
def test_a_row_of_another_shape_stops_the_reading(strange: list[object], said: str) -> None:
    with pytest.raises(Changed, match=said):
        clients().row(strange, WANTED)


def test_a_column_or_filter_that_is_gone_is_named() -> None:
    with pytest.raises(Changed, match="does not show birth_date, name"):
        clients().require(("id", "name", "birth_date"))
    with pytest.raises(Changed, match="cannot be filtered by colour"):
        clients().filter_values({"colour": "red"})


def test_a_table_that_is_not_offered_is_named() -> None:
    with pytest.raises(Denied, match="does not offer the table isip/Contracts"):
        layout_of(SCRIPT, "isip/Contracts")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("  ls_store_fields : [", "  columns : [", "does not say which columns"),
        ('"dateFormat": "d.m.Y"', '"dateFormat": "Y-m-d"', "writes dates in another way"),
        ('"dateFormat": "d.m.Y", "name": "seen_on"', '"dateFormat": "d.m.Y"', "has no name"),
        ('"boxLabel": "y", "name": "also_obsolete"', '"boxLabel": "y"', "has a field without a name"),
    ],
)
def test_a_script_of_another_form_stops_the_reading(was: str, becomes: str, said: str) -> None:
    assert was in SCRIPT
    with pytest.raises(Changed, match=said):
        layout_of(SCRIPT.replace(was, becomes), "pcsw/AllClients")
