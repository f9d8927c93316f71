"""How a row of Lino becomes a record.

Every parser takes a `Row` and gives one frozen record, or raises `Unreadable`; `parse_all` turns those into
rejects, so that nothing is dropped silently.
"""

from collections.abc import Callable, Iterable
from datetime import date
from enum import Enum
from typing import Final, TypeVar

from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Origin
from handover.adapters.lino import cells
from handover.adapters.lino.cells import Unreadable
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
    LinoUser,
    Presence,
)

Parsed = TypeVar("Parsed")
_State = TypeVar("_State", bound=Enum)

CLIENT_FIELDS: Final = (
    "id", "first_name", "last_name", "birth_date", "national_id", "email", "phone", "gsm", "languageHidden",
    "client_stateHidden", "is_obsolete",
)  # fmt: skip


def parse_client(row: Row) -> tuple[LinoClientRow, list[Reject]]:
    """Read `pcsw/AllClients`. A file that lacks its identity is rejected, and given for what points to it."""
    rejects: list[Reject] = []

    def identity(read: Callable[[Row, str], Parsed], column: str) -> Parsed | None:
        try:
            return read(row, column)
        except Unreadable as reason:
            rejects.append(Reject(row.table, row.key, str(reason)))
            return None

    parsed = LinoClientRow(
        origin=_origin(row),
        client_id=row.key,
        first_name=cells.text(row, "first_name"),
        last_name=cells.text(row, "last_name"),
        birth_date=identity(cells.day, "birth_date"),
        national_id=identity(cells.national_id, "national_id"),
        email=cells.text(row, "email"),
        phone=cells.text(row, "phone"),
        mobile=cells.text(row, "gsm"),
        language=cells.code(row, "language"),
        state=_state(row, "client_state", ClientState),
        archived=cells.flag(row, "is_obsolete"),
    )
    return parsed, rejects


USER_FIELDS: Final = ("id", "username", "first_name", "last_name", "email")


def parse_user(row: Row) -> LinoUser:
    """Read `users/AllUsers`; who has no name there goes by the user name."""
    username = cells.text(row, "username")
    if not username:
        raise Unreadable("it has no user name")
    name = f"{cells.text(row, 'first_name')} {cells.text(row, 'last_name')}".strip()
    return LinoUser(origin=_origin(row), username=username, name=name or username, email=cells.text(row, "email"))


COACHING_FIELDS: Final = (
    "id", "client", "clientHidden", "user", "userHidden", "type", "typeHidden", "start_date", "end_date",
    "primary", "ending", "endingHidden",
)  # fmt: skip


def parse_coaching(row: Row) -> Coaching:
    """Read `coachings/Coachings`."""
    since, until = _period(row, "start_date", "end_date")
    return Coaching(
        origin=_origin(row),
        client_id=cells.client(row),
        coach=cells.ref(row, "user"),
        service=cells.ref(row, "type"),
        since=since,
        until=until,
        primary=cells.flag(row, "primary"),
        ending=cells.ref(row, "ending"),
    )


_CONTRACT_FIELDS: Final = (
    "id", "client", "clientHidden", "applies_from", "applies_until", "date_ended", "date_decided", "type",
    "typeHidden", "user", "userHidden", "ending", "endingHidden",
)  # fmt: skip
ISIP_FIELDS: Final = (
    *_CONTRACT_FIELDS,
    "study_type", "study_typeHidden", "exam_policy", "exam_policyHidden",
)  # fmt: skip
ART60_FIELDS: Final = (
    *_CONTRACT_FIELDS,
    "company", "companyHidden", "job", "jobHidden", "duration",
)  # fmt: skip
ART61_FIELDS: Final = (
    *_CONTRACT_FIELDS,
    "company", "companyHidden", "job_title", "function", "functionHidden", "duration",
)  # fmt: skip


def parse_isip(row: Row) -> IsipContract:
    """Read `isip/Contracts`."""
    since, until = _period(row, "applies_from", "applies_until")
    return IsipContract(
        origin=_origin(row),
        client_id=cells.client(row),
        since=since,
        until=until,
        ended=cells.day(row, "date_ended"),
        kind=cells.ref(row, "type"),
        user=cells.ref(row, "user"),
        decided=cells.day(row, "date_decided"),
        ending=cells.ref(row, "ending"),
        study=cells.ref(row, "study_type"),
        evaluated=cells.ref(row, "exam_policy"),
    )


def parse_art60(row: Row) -> Art60Contract:
    """Read `jobs/Contracts`; the job's name holds the function and, in most sites, the employer again."""
    since, until = _period(row, "applies_from", "applies_until")
    return Art60Contract(
        origin=_origin(row),
        client_id=cells.client(row),
        since=since,
        until=until,
        ended=cells.day(row, "date_ended"),
        kind=cells.ref(row, "type"),
        user=cells.ref(row, "user"),
        decided=cells.day(row, "date_decided"),
        ending=cells.ref(row, "ending"),
        employer=cells.ref(row, "company"),
        function=cells.text(row, "job"),
        days=cells.number(row, "duration"),
    )


def parse_art61(row: Row) -> Art61Contract:
    """Read `art61/Contracts`; the free job title, where there is one, says more than the function."""
    since, until = _period(row, "applies_from", "applies_until")
    return Art61Contract(
        origin=_origin(row),
        client_id=cells.client(row),
        since=since,
        until=until,
        ended=cells.day(row, "date_ended"),
        kind=cells.ref(row, "type"),
        user=cells.ref(row, "user"),
        decided=cells.day(row, "date_decided"),
        ending=cells.ref(row, "ending"),
        employer=cells.ref(row, "company"),
        function=cells.text(row, "job_title") or cells.text(row, "function"),
        days=cells.number(row, "duration"),
    )


GRANTING_FIELDS: Final = (
    "id", "client", "clientHidden", "aid_type", "aid_typeHidden", "start_date", "end_date", "decision_date",
    "stateHidden",
)  # fmt: skip
_CONFIRMED: Final = "02"


def parse_granting(row: Row) -> Granting:
    """Read `aids/Grantings`."""
    since, until = _period(row, "start_date", "end_date")
    return Granting(
        origin=_origin(row),
        client_id=cells.client(row),
        aid=cells.ref(row, "aid_type"),
        since=since,
        until=until,
        decided=cells.day(row, "decision_date"),
        confirmed=cells.code(row, "state") == _CONFIRMED,
    )


ENTRY_FIELDS: Final = (
    "id", "project", "projectHidden", "start_date", "start_time", "summary", "event_type",
    "event_typeHidden", "user", "userHidden", "stateHidden",
)  # fmt: skip
PRESENCE_FIELDS: Final = (
    "id", "eventHidden", "partnerHidden", "stateHidden",
)  # fmt: skip


def parse_entry(row: Row) -> CalendarEntry:
    """Read `cal/Events`; its project is the client."""
    return CalendarEntry(
        origin=_origin(row),
        client_id=cells.key(row, "project"),
        day=cells.day(row, "start_date"),
        at=cells.clock(row, "start_time"),
        summary=cells.text(row, "summary"),
        kind=cells.ref(row, "event_type"),
        user=cells.ref(row, "user"),
        state=_state(row, "state", EntryState),
    )


def parse_presence(row: Row) -> Presence:
    """Read `cal/Guests`."""
    entry = cells.key(row, "event")
    if entry is None:
        raise Unreadable("it names no calendar entry")
    return Presence(
        origin=_origin(row),
        entry_id=entry,
        partner_id=cells.key(row, "partner"),
        state=_state(row, "state", GuestState),
    )


def parse_all(rows: Iterable[Row], parse: Callable[[Row], Parsed], rejects: list[Reject]) -> list[Parsed]:
    """Read rows of one table; what cannot be read is added to `rejects`."""
    parsed = []
    for row in rows:
        try:
            parsed.append(parse(row))
        except Unreadable as reason:
            rejects.append(Reject(row.table, row.key, str(reason)))
    return parsed


def _origin(row: Row) -> Origin:
    return Origin(row.table, row.key)


def _state(row: Row, column: str, states: type[_State]) -> _State:
    written = cells.code(row, column)
    try:
        return states(written)
    except ValueError:
        raise Unreadable(f"{column} is not one this adapter knows") from None


def _period(row: Row, first: str, last: str) -> tuple[date | None, date | None]:
    since, until = cells.day(row, first), cells.day(row, last)
    if since is not None and until is not None and until < since:
        raise Unreadable("it ends before it starts")
    return since, until
