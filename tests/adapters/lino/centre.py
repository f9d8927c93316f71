"""A small OCMW in Lino, made by hand: one client with everything, to be changed one thing at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

from handover.adapters.kit.plan import Origin
from handover.adapters.lino.appointments import Appointment, Outcome
from handover.adapters.lino.cells import Ref
from handover.adapters.lino.reader import LinoSnapshot
from handover.adapters.lino.records import (
    Art60Contract,
    ClientState,
    Coaching,
    EntryState,
    Granting,
    IsipContract,
    LinoClientRow,
    LinoUser,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
HELPER, OTHER_HELPER = Ref(1, "Hulpverlener 1"), Ref(2, "Hulpverlener 2")


def ssin(number: int) -> str:
    """A national number of someone born on 1 January 1980."""
    base = 800101000 + number
    return f"{base:09}{97 - base % 97:02}"


def client(key: int) -> LinoClientRow:
    return LinoClientRow(
        origin=Origin("pcsw/AllClients", key),
        client_id=key,
        first_name="Voorbeeld",
        last_name=f"Cliënt {key}",
        birth_date=date(1980, 1, 1),
        national_id=ssin(key),
        email="",
        phone="",
        mobile="",
        language="nl",
        state=ClientState.COACHED,
        archived=False,
    )


def coaching(key: int, of: int) -> Coaching:
    return Coaching(
        origin=Origin("coachings/Coachings", key),
        client_id=of,
        coach=HELPER,
        service=None,
        since=date(2026, 3, 2),
        until=None,
        primary=True,
        ending=None,
    )


def isip(key: int, of: int) -> IsipContract:
    return IsipContract(
        origin=Origin("isip/Contracts", key),
        client_id=of,
        since=date(2026, 4, 1),
        until=date(2027, 3, 31),
        ended=date(2027, 3, 31),
        kind=Ref(3, "GPMI opleiding"),
        user=HELPER,
        decided=None,
        ending=None,
        study=None,
        evaluated=None,
    )


def art60(key: int, of: int) -> Art60Contract:
    return Art60Contract(
        origin=Origin("jobs/Contracts", key),
        client_id=of,
        since=date(2026, 5, 4),
        until=date(2027, 5, 3),
        ended=date(2027, 5, 3),
        kind=Ref(1, "sociale economie"),
        user=HELPER,
        decided=None,
        ending=None,
        employer=Ref(9, "Kringwinkel"),
        function="Kok",
        days=312,
    )


def appointment(key: int, of: int, outcome: Outcome = Outcome.PLANNED) -> Appointment:
    return Appointment(
        origin=Origin("cal/Events", key),
        entry_id=key,
        client_id=of,
        day=date(2026, 11, 30) if outcome is Outcome.PLANNED else date(2026, 11, 2),
        at=time(9, 30),
        summary="persoonlijke tekst die niet mee mag",
        kind=Ref(5, "Gesprek"),
        user=HELPER,
        state=EntryState.PUBLISHED,
        presence=None,
        outcome=outcome,
    )


def granting(of: int, label: str, *, until: date | None = None) -> Granting:
    return Granting(
        origin=Origin("aids/Grantings", of * 10 + len(label)),
        client_id=of,
        aid=Ref(len(label), label),
        since=date(2026, 1, 1),
        until=until,
        decided=None,
        confirmed=False,
    )


def user(key: int, username: str) -> LinoUser:
    return LinoUser(origin=Origin("users/AllUsers", key), username=username, name=f"Hulpverlener {key}", email="")


BARE = LinoSnapshot(
    users=(user(1, "hulp1"), user(2, "Hulp Twee")),
    clients=(),
    coachings=(),
    isip=(),
    art60=(),
    art61=(),
    grantings=(),
    appointments=(),
    rejects=(),
    rows_read={},
    entries_without_client=0,
)
CENTRE = replace(
    BARE,
    clients=(client(17),),
    coachings=(coaching(1, 17),),
    isip=(isip(3, 17),),
    art60=(art60(5, 17),),
    appointments=(appointment(7, 17), appointment(8, 17, Outcome.ATTENDED)),
)


def with_art60(**changes: object) -> LinoSnapshot:
    return replace(CENTRE, art60=(replace(CENTRE.art60[0], **changes),))  # type: ignore[arg-type]
