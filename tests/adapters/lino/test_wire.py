"""Rows become records, or rejects that say why."""

from datetime import date, time

import pytest

from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Origin
from handover.adapters.lino import wire
from handover.adapters.lino.cells import Ref, Unreadable
from handover.adapters.lino.layout import Row
from handover.adapters.lino.records import (
    Art60Contract,
    Art61Contract,
    CalendarEntry,
    ClientState,
    Coaching,
    EntryState,
    Granting,
    GuestState,
    IsipContract,
    LinoClientRow,
    Presence,
)

CLIENT: dict[str, object] = {
    "id": 17,
    "first_name": "Een",
    "last_name": "Voorbeeld",
    "birth_date": "15.06.2005",
    "national_id": "050615 333=72",
    "email": "een@example.com",
    "phone": "",
    "gsm": None,
    "languageHidden": "nl",
    "client_stateHidden": "30",
    "is_obsolete": False,
}
CONTRACT: dict[str, object] = {
    "id": 3,
    "client": "Voorbeeld Een (17)",
    "clientHidden": 17,
    "applies_from": "08.04.2025",
    "applies_until": "07.04.2026",
    "date_ended": "07.04.2026",
    "date_decided": None,
    "type": "social economy",
    "typeHidden": 1,
    "user": "Trajectbegeleider 1",
    "userHidden": 7,
    "ending": None,
    "endingHidden": None,
    "study_type": None,
    "study_typeHidden": None,
    "exam_policy": "Every month",
    "exam_policyHidden": 1,
    "company": "Werkplaats",
    "companyHidden": 89,
    "job": "Cook at Werkplaats",
    "jobHidden": 2,
    "job_title": "",
    "function": "Cook",
    "functionHidden": 4,
    "duration": 312,
}
ENTRY: dict[str, object] = {
    "id": 285,
    "project": "Voorbeeld Een (17)",
    "projectHidden": 17,
    "start_date": "22.11.2026",
    "start_time": "09:00",
    "summary": "Evaluation",
    "event_type": "Evaluation",
    "event_typeHidden": 6,
    "user": None,
    "userHidden": None,
    "stateHidden": "40",
}


def row(table: str, cells: dict[str, object], fields: tuple[str, ...], **changed: object) -> Row:
    cells = cells | changed
    return Row(table=table, key=int(str(cells["id"])), cells={name: cells[name] for name in fields})


def client(**changed: object) -> Row:
    return row("pcsw/AllClients", CLIENT, wire.CLIENT_FIELDS, **changed)


def test_a_client_file() -> None:
    assert wire.parse_client(client()) == (
        LinoClientRow(
            origin=Origin("pcsw/AllClients", 17),
            client_id=17,
            first_name="Een",
            last_name="Voorbeeld",
            birth_date=date(2005, 6, 15),
            national_id="05061533372",
            email="een@example.com",
            phone="",
            mobile="",
            language="nl",
            state=ClientState.COACHED,
            archived=False,
        ),
        [],
    )


def test_a_client_without_identity_is_kept_and_rejected() -> None:
    parsed, rejects = wire.parse_client(client(national_id=None, birth_date="00.00.2005"))
    assert (parsed.client_id, parsed.national_id, parsed.birth_date) == (17, None, None)
    assert rejects == [
        Reject("pcsw/AllClients", 17, "birth_date is not a complete, existing date"),
        Reject("pcsw/AllClients", 17, "it has no national number"),
    ]


def test_a_client_in_an_unknown_state_is_refused() -> None:
    with pytest.raises(Unreadable, match="client_state is not one this adapter knows"):
        wire.parse_client(client(client_stateHidden="31"))


def test_what_is_printed_of_a_client_is_not_personal() -> None:
    printed = repr(wire.parse_client(client())[0])
    assert "client_id=17" in printed
    for personal in ("Een", "Voorbeeld", "05061533372", "2005", "een@example.com"):
        assert personal not in printed


def test_a_coaching() -> None:
    cells: dict[str, object] = {
        "id": 2,
        "client": "Voorbeeld Een (17)",
        "clientHidden": 17,
        "user": "Trajectbegeleider 2",
        "userHidden": 6,
        "type": "Integ",
        "typeHidden": 2,
        "start_date": "13.09.2024",
        "end_date": None,
        "primary": True,
        "ending": None,
        "endingHidden": None,
    }
    assert wire.parse_coaching(row("coachings/Coachings", cells, wire.COACHING_FIELDS)) == Coaching(
        origin=Origin("coachings/Coachings", 2),
        client_id=17,
        coach=Ref(6, "Trajectbegeleider 2"),
        service=Ref(2, "Integ"),
        since=date(2024, 9, 13),
        until=None,
        primary=True,
        ending=None,
    )


def test_the_three_kinds_of_contract() -> None:
    isip = wire.parse_isip(row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS))
    assert isip == IsipContract(
        origin=Origin("isip/Contracts", 3),
        client_id=17,
        since=date(2025, 4, 8),
        until=date(2026, 4, 7),
        ended=date(2026, 4, 7),
        kind=Ref(1, "social economy"),
        user=Ref(7, "Trajectbegeleider 1"),
        decided=None,
        ending=None,
        study=None,
        evaluated=Ref(1, "Every month"),
    )
    art60 = wire.parse_art60(row("jobs/Contracts", CONTRACT, wire.ART60_FIELDS))
    assert isinstance(art60, Art60Contract)
    assert (art60.employer, art60.function, art60.days) == (Ref(89, "Werkplaats"), "Cook at Werkplaats", 312)
    art61 = wire.parse_art61(row("art61/Contracts", CONTRACT, wire.ART61_FIELDS, job_title=" Head  cook "))
    assert isinstance(art61, Art61Contract)
    assert art61.function == "Head cook"
    assert wire.parse_art61(row("art61/Contracts", CONTRACT, wire.ART61_FIELDS)).function == "Cook"


def test_a_contract_that_ended_early_says_why() -> None:
    early = row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS, date_ended="01.12.2025", ending="Health", endingHidden=3)
    parsed = wire.parse_isip(early)
    assert (parsed.until, parsed.ended, parsed.ending) == (
        date(2026, 4, 7),
        date(2025, 12, 1),
        Ref(3, "Health"),
    )


def test_missing_dates_are_left_to_the_mapping() -> None:
    parsed = wire.parse_isip(row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS, applies_from=None, applies_until=""))
    assert (parsed.since, parsed.until) == (None, None)


def test_a_granting() -> None:
    cells: dict[str, object] = {
        "id": 1,
        "client": "Voorbeeld Een (17)",
        "clientHidden": 17,
        "aid_type": "Eingliederungseinkommen",
        "aid_typeHidden": 1,
        "start_date": "01.04.2025",
        "end_date": None,
        "decision_date": "20.03.2025",
        "stateHidden": "02",
    }
    assert wire.parse_granting(row("aids/Grantings", cells, wire.GRANTING_FIELDS)) == Granting(
        origin=Origin("aids/Grantings", 1),
        client_id=17,
        aid=Ref(1, "Eingliederungseinkommen"),
        since=date(2025, 4, 1),
        until=None,
        decided=date(2025, 3, 20),
        confirmed=True,
    )
    assert not wire.parse_granting(row("aids/Grantings", cells, wire.GRANTING_FIELDS, stateHidden="01")).confirmed


def test_a_calendar_entry_and_who_is_invited() -> None:
    assert wire.parse_entry(row("cal/Events", ENTRY, wire.ENTRY_FIELDS)) == CalendarEntry(
        origin=Origin("cal/Events", 285),
        client_id=17,
        day=date(2026, 11, 22),
        at=time(9),
        summary="Evaluation",
        kind=Ref(6, "Evaluation"),
        user=None,
        state=EntryState.PUBLISHED,
    )
    guest: dict[str, object] = {"id": 9, "eventHidden": 285, "partnerHidden": 17, "stateHidden": "46"}
    assert wire.parse_presence(row("cal/Guests", guest, wire.PRESENCE_FIELDS)) == Presence(
        origin=Origin("cal/Guests", 9), entry_id=285, partner_id=17, state=GuestState.GONE
    )
    with pytest.raises(Unreadable, match="it names no calendar entry"):
        wire.parse_presence(row("cal/Guests", guest, wire.PRESENCE_FIELDS, eventHidden=None))


def test_what_cannot_be_read_is_counted_with_its_reason() -> None:
    rejects: list[Reject] = []
    rows = [
        row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS),
        row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS, id=4, clientHidden=None),
        row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS, id=5, applies_from="soon"),
        row("isip/Contracts", CONTRACT, wire.ISIP_FIELDS, id=6, applies_from="08.04.2027"),
    ]
    assert [parsed.origin.key for parsed in wire.parse_all(rows, wire.parse_isip, rejects)] == [3]
    assert rejects == [
        Reject("isip/Contracts", 4, "it names no client"),
        Reject("isip/Contracts", 5, "applies_from is not a date"),
        Reject("isip/Contracts", 6, "it ends before it starts"),
    ]
