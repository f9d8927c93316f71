"""What rows mean: cells as people write them, who is who, and a reason for each row that cannot be placed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from tests.adapters.files.sheets import CLIENTS, FRAME, STEPS, client, csv_of, step, workbook_of
from tests.domain.world import OCMW_1, Case
from tests.instance import number

from handover.adapters.files import cells
from handover.adapters.files.cells import Cell, Unreadable
from handover.adapters.files.columns import COLUMNS, LANGUAGES, Kind
from handover.adapters.files.inbound import Frame, Known, Reading, key_for, plan_of, ssins_of
from handover.adapters.files.reading import read_document
from handover.domain.codes import Capacity, TargetGroup
from handover.domain.codes_follow_up import AbsenceReason, EndReason
from handover.domain.dossier import Dossier
from handover.domain.kinds.follow_up_payloads import (
    AppointmentPlanned,
    Attended,
    ContractEnded,
    ContractStarted,
    PlanAgreed,
    Unattended,
)


def read(content: bytes, frame: Frame = FRAME) -> Reading:
    return plan_of(read_document(content), frame)


def book(clients: Sequence[Sequence[object]], steps: Sequence[Sequence[object]]) -> bytes:
    return workbook_of({"A": [CLIENTS, *clients], "B": [STEPS, *steps]})


def why(reading: Reading) -> list[tuple[str, str]]:
    return [(reject.code, reject.column) for reject in reading.plan.rejects]


@pytest.mark.parametrize(
    "written", ["31/12/2026", "31-12-2026", "31.12.2026", "2026-12-31", "31/12/2026 14:30", date(2026, 12, 31)]
)
def test_days_as_belgians_write_them(written: Cell) -> None:
    assert cells.day(written) == date(2026, 12, 31)


@pytest.mark.parametrize("written", ["12/31/2026", "31/12/26", "46387", 46387.0, "29/02/2026", "x", "31/12/0026"])
def test_what_is_no_day(written: Cell) -> None:
    with pytest.raises(Unreadable):
        cells.day(written)


@pytest.mark.parametrize("written", ["14:30", "14u30", "14h30", "14.30", 14.5 / 24, "31/12/2026 14:30"])
def test_times_as_people_write_them(written: Cell) -> None:
    found = cells.clock(written)
    assert found is not None
    assert (found.hour, found.minute) == (14, 30)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("80.01.01-001.07", "80010100107"),
        ("80010100107", "80010100107"),
        ("800101 001 07", "80010100107"),
        (80010100107.0, "80010100107"),
        (5010112345.0, "05010112345"),
        ("5010112345", "05010112345"),
        (10112345.0, "00010112345"),
        ("", ""),
        (None, ""),
    ],
)
def test_national_numbers_with_signs_and_without_the_zeros_that_excel_took(written: Cell, digits: str) -> None:
    assert cells.ssin(written) == digits


@pytest.mark.parametrize("written", ["800101", "8001010010712", "80.01.01-001", "abc", "٨٠٠١٠١٠٠١٠٧"])
def test_what_is_no_national_number(written: Cell) -> None:
    with pytest.raises(Unreadable):
        cells.ssin(written)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_code_by_itself_or_by_its_word_in_any_language(kind: Kind) -> None:
    tried = 0
    for column in COLUMNS[kind]:
        for codes in column.codes:
            for member in codes:
                for word in (str(member), *(getattr(member, language) for language in LANGUAGES)):
                    assert cells.code(word.upper(), codes) == member, (column.name, word)
                    tried += 1
    assert tried > 50


def test_a_client_of_a_csv() -> None:
    reading = read(csv_of(CLIENTS, client(1, Medewerker="BEGELEIDER@lindedal.example")))
    (placement,) = reading.plan.placements
    assert reading.plan.rejects == ()
    opening = placement.opening
    assert (opening.ssin, opening.family_name, opening.birth_date) == (number(1), "Cliënt 1", date(1980, 1, 1))
    assert (opening.target_group, opening.capacity) == (TargetGroup.LIVING_WAGE, Capacity.LIVING_WAGE)
    assert placement.coach
    assert placement.coach.counsellor_id == "ocmw-lindedal.begeleider-1"
    assert reading.plan.clients_read == 1


def test_each_kind_of_step() -> None:
    reading = read(
        book(
            [client(1)],
            [
                step(1),
                step(
                    1,
                    **{"Referentie stap": "C1", "Soort": "Artikel 60", "Begin": "01/01/2026", "Einde": "31/10/2026"},
                    Plaats="Groendienst",
                    Afloop="ander werk gevonden",
                ),
                step(1, **{"Referentie stap": "A1", "Soort": "afspraak", "Begin": "20/11/2026", "Uur": "9u30"}),
                step(1, **{"Referentie stap": "A2", "Soort": "rendez-vous", "Begin": "20/11/2026"}, Afloop="venu"),
                step(1, **{"Referentie stap": "A3", "Soort": "Termin", "Begin": "20/11/2026"}, Afloop="Krankheit"),
                step(1, **{"Referentie stap": "A4", "Soort": "afspraak", "Begin": "20/12/2026"}),
            ],
        )
    )
    assert reading.plan.rejects == ()
    (placement,) = reading.plan.placements
    by_type = {(type(p.first.data), type(p.end.data) if p.end else None) for p in placement.processes}
    assert by_type == {
        (PlanAgreed, None),
        (ContractStarted, ContractEnded),
        (AppointmentPlanned, None),
        (AppointmentPlanned, Attended),
        (AppointmentPlanned, Unattended),
    }
    contract = next(p for p in placement.processes if isinstance(p.first.data, ContractStarted))
    assert contract.end
    assert contract.end.data == ContractEnded(ended_on=date(2026, 10, 31), reason=EndReason.FOUND_WORK)
    assert contract.first.occurred_at == datetime(2025, 12, 31, 23, 0, tzinfo=UTC), "midnight in Brussels"
    ill = next(p for p in placement.processes if p.end and isinstance(p.end.data, Unattended))
    assert ill.end
    assert ill.end.data == Unattended(reason=AbsenceReason.ILLNESS)
    times = [p.first.occurred_at for p in placement.processes]
    assert times[-1] is None, "what is still to come goes last"
    assert [t for t in times if t] == sorted(t for t in times if t)


def test_cells_as_excel_holds_them() -> None:
    row: list[object] = [7.0, float(number(1)), "Voorbeeld", "Een", date(1980, 1, 1), "leefloon", "leefloon", ""]
    reading = read(book([row], [["7", "", 12.0, "plan", date(2026, 9, 1), "", "", "GPMI", "", ""]]))
    assert reading.plan.rejects == ()
    (placement,) = reading.plan.placements
    assert placement.origin.key == 7
    assert placement.opening.birth_date == date(1980, 1, 1)
    assert len(placement.processes) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Referentie cliënt": ""}, ("missing", "clientReference")),
        ({"Referentie cliënt": "x" * 101}, ("tooLong", "clientReference")),
        ({"Referentie cliënt": number(1)}, ("isANumber", "clientReference")),
        ({"Referentie cliënt": "80.01.01-005.03"}, ("isANumber", "clientReference")),
        (
            {"Referentie cliënt": "5010112345", "Rijksregisternummer": "05010112345"},
            ("isANumber", "clientReference"),
        ),
        ({"Rijksregisternummer": ""}, ("missing", "ssin")),
        ({"Rijksregisternummer": "80010100108"}, ("wrongSsin", "ssin")),
        ({"Rijksregisternummer": "80x"}, ("notASsin", "ssin")),
        ({"Voornaam": ""}, ("missing", "givenName")),
        ({"Geboortedatum": "gisteren"}, ("notADay", "birthDate")),
        ({"Geboortedatum": "30/02/1980"}, ("noSuchDay", "birthDate")),
        ({"Geboortedatum": "01/01/2027"}, ("inFuture", "birthDate")),
        ({"Doelgroep": ""}, ("missing", "targetGroup")),
        ({"Doelgroep": "rijk"}, ("notACode", "targetGroup")),
        ({"Doelgroep": "inactiveWithoutBenefit"}, ("needsLead", "lead")),
        ({"Doelgroep": "inactiveWithBenefit"}, ("needsLeadName", "leadName")),
        ({"Hoedanigheid": ""}, ("missing", "capacity")),
        ({"Medewerker": "niemand"}, ("unknownCounsellor", "counsellor")),
    ],
)
def test_a_client_who_cannot_be_placed_says_which_field_and_why(
    changes: dict[str, str], expected: tuple[str, str]
) -> None:
    reading = read(book([client(1, **changes), client(2)], [step(1), step(2)]))
    assert why(reading)[0] == expected
    assert [one.opening.family_name for one in reading.plan.placements] == ["Cliënt 2"], "others are placed"
    assert len(reading.plan.placements[0].processes) == 1
    assert reading.plan.clients_read == 2
    assert len(reading.lines) == 4, "each row has its line"
    assert all(str(value) not in str(reading.plan.rejects) for value in client(1, **changes)[1:4] if value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Referentie stap": ""}, ("missing", "stepReference")),
        ({"Soort": ""}, ("missing", "kind")),
        ({"Soort": "cursus"}, ("notACode", "kind")),
        ({"Begin": ""}, ("missing", "begin")),
        ({"Begin": "01/13/2026"}, ("noSuchDay", "begin")),
        ({"Uur": "half tien"}, ("notATime", "time")),
        ({"Einde": "01/08/2026"}, ("endsBefore", "end")),
        ({"Afloop": "gekomen"}, ("notACode", "outcome")),
        ({"Afloop": "ziekte"}, ("outcomeNotHere", "outcome")),
        ({"Soort": "afspraak", "Begin": "01/12/2026", "Afloop": "gekomen"}, ("notYet", "outcome")),
        ({"Referentie cliënt": "L-9"}, ("needsSsin", "ssin")),
        ({"Referentie cliënt": "L-9", "Rijksregisternummer": number(9)}, ("noDossier", "ssin")),
        ({"Rijksregisternummer": number(9)}, ("notThatClient", "ssin")),
    ],
)
def test_a_step_that_cannot_be_placed_says_which_field_and_why(
    changes: dict[str, str], expected: tuple[str, str]
) -> None:
    reading = read(book([client(1)], [step(1, **changes), step(1, **{"Referentie stap": "P2"})]))
    assert why(reading) == [expected]
    (placement,) = reading.plan.placements
    assert len(placement.processes) == 1


def test_the_steps_of_a_client_who_cannot_be_placed_say_so() -> None:
    reading = read(book([client(1, Voornaam="")], [step(1)]))
    assert why(reading) == [("missing", "givenName"), ("client", "clientReference")]


def test_two_rows_under_one_name_are_told_apart_and_the_second_is_refused() -> None:
    reading = read(csv_of(CLIENTS, client(1), client(2, **{"Referentie cliënt": "L-1"}), client(3), client(3)))
    assert why(reading) == [("twice", "clientReference"), ("twice", "clientReference")]
    reading = read(csv_of(CLIENTS, client(1), client(2, Rijksregisternummer=number(1))))
    assert why(reading) == [("twice", "ssin")]
    assert len({line.origin for line in reading.lines}) == 2


def test_a_key_tells_no_national_number_and_moves_with_its_reference() -> None:
    assert key_for("12") == 12
    for reference in ("1234567", "0012", "L-1", "1234567890123"):
        assert key_for(reference) >= 1 << 62
        assert key_for(reference) < 1 << 63
    assert key_for("a", "b") != key_for("ab")
    one, other = read(csv_of(CLIENTS, client(1), client(2))), read(csv_of(CLIENTS, client(2), client(1)))
    assert {p.origin for p in one.plan.placements} == {p.origin for p in other.plan.placements}


def opened() -> Dossier:
    case = Case()
    case.open(OCMW_1)
    return case.dossier


def test_steps_alone_find_their_client_by_number() -> None:
    known = {number(9): Known(opened(), follows=True)}
    frame = replace(FRAME, known=known)
    content = csv_of(STEPS, step(9, Rijksregisternummer=number(9)))
    assert ssins_of(read_document(content)) == [number(9)]
    reading = read(content, frame)
    assert reading.plan.rejects == ()
    (placement,) = reading.plan.placements
    assert placement.opening.ssin == number(9)
    assert placement.origin.key == key_for("L-9"), "the same client as when it was brought in with its own row"
    assert reading.plan.clients_read == 0


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"follows": False}, "closed"),
        ({"follows": True, "replaced": True}, "replaced"),
        ({"follows": True, "may_post": False}, "colleagues"),
    ],
)
def test_a_dossier_that_is_not_ours_to_write_in(known: dict[str, bool], code: str) -> None:
    frame = replace(FRAME, known={number(9): Known(opened(), **known)})
    assert why(read(csv_of(STEPS, step(9, Rijksregisternummer=number(9))), frame)) == [(code, "ssin")]


def test_a_typing_error_in_a_number_does_not_write_in_the_dossier_of_somebody_else() -> None:
    frame = replace(FRAME, known={number(1): Known(opened(), follows=True)})
    reading = read(book([client(1)], [step(1)]), frame)
    assert [code for code, _ in why(reading)] == ["notThisPerson", "client"]
    assert reading.plan.placements == ()
