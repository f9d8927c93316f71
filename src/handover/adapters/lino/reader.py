"""Everything of one Lino that becomes part of dossiers, gathered in one snapshot."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from handover.adapters.kit.adapter import Changed, Denied
from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Origin
from handover.adapters.lino import records, wire
from handover.adapters.lino.appointments import Appointment, appointments_of
from handover.adapters.lino.calendar import Calendar, KeptCalendar
from handover.adapters.lino.client import LinoClient
from handover.adapters.lino.layout import Row

USERS: Final = "users/AllUsers"
CLIENTS: Final = "pcsw/AllClients"
COACHINGS: Final = "coachings/Coachings"
ISIP: Final = "isip/Contracts"
ART60: Final = "jobs/Contracts"
ART61: Final = "art61/Contracts"
GRANTINGS: Final = "aids/Grantings"
ENTRIES: Final = "cal/Events"
PRESENCES: Final = "cal/Guests"

# Coachings have no page of their own in Lino, so there is nothing to compare their rows with.
_WITHOUT_DETAIL: Final = frozenset({COACHINGS})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinoSnapshot:
    """What was read: the records, what was rejected and why, and how many rows each table gave.

    Clients without a readable national number are in `clients` and in `rejects`. `entries_without_client`
    counts calendar entries about nobody's file (holidays, meetings, absences): read, and not needed.
    """

    users: tuple[records.LinoUser, ...]
    clients: tuple[records.LinoClientRow, ...]
    coachings: tuple[records.Coaching, ...]
    isip: tuple[records.IsipContract, ...]
    art60: tuple[records.Art60Contract, ...]
    art61: tuple[records.Art61Contract, ...]
    grantings: tuple[records.Granting, ...]
    appointments: tuple[Appointment, ...]
    rejects: tuple[Reject, ...]
    rows_read: Mapping[str, int]
    entries_without_client: int


class _OfClient(Protocol):
    @property
    def origin(self) -> Origin: ...

    @property
    def client_id(self) -> int: ...


_Parsed = TypeVar("_Parsed")
_Owned = TypeVar("_Owned", bound=_OfClient)


async def read(
    client: LinoClient, *, began: Callable[[str], None] = lambda _: None, calendar: KeptCalendar | None = None
) -> LinoSnapshot:
    """Read all tables of one Lino, telling `began` which; an unreadable row is a reject.

    `calendar` is kept by who reads again and again. Raises the errors of `LinoClient`.
    """
    reading = _Reading(client, began)
    users = await reading.users()
    clients = await reading.clients()
    known = {row.client_id for row in clients}
    coachings = await reading.owned(COACHINGS, wire.COACHING_FIELDS, wire.parse_coaching, known)
    isip = await reading.owned(ISIP, wire.ISIP_FIELDS, wire.parse_isip, known)
    art60 = await reading.owned(ART60, wire.ART60_FIELDS, wire.parse_art60, known)
    art61 = await reading.owned(ART61, wire.ART61_FIELDS, wire.parse_art61, known)
    grantings = await reading.owned(GRANTINGS, wire.GRANTING_FIELDS, wire.parse_granting, known)
    dates = await (calendar or KeptCalendar()).get(_Reading(client, began).calendar)
    rejects = [*reading.rejects, *dates.rejects]
    appointments, without_client = appointments_of(dates.entries, dates.presences, known, rejects)
    return LinoSnapshot(
        users=tuple(users),
        clients=tuple(clients),
        coachings=tuple(coachings),
        isip=tuple(isip),
        art60=tuple(art60),
        art61=tuple(art61),
        grantings=tuple(grantings),
        appointments=tuple(appointments),
        rejects=tuple(rejects),
        rows_read={**reading.rows_read, **dates.rows_read},
        entries_without_client=without_client,
    )


class _Reading:
    """The tables of one run, with what was rejected on the way."""

    def __init__(self, client: LinoClient, began: Callable[[str], None]) -> None:
        self._client = client
        self._began = began
        self.rejects: list[Reject] = []
        self.rows_read: dict[str, int] = {}

    async def users(self) -> list[records.LinoUser]:
        try:
            return await self.table(USERS, wire.USER_FIELDS, wire.parse_user)
        except Denied as refused:
            # User names make the counsellors; names on screen change and are not unique.
            raise Denied(
                "The Lino does not show this account who its users are (users/AllUsers). "
                "Sign in with an account that has the rights of an administrator, then try again."
            ) from refused

    async def clients(self) -> list[records.LinoClientRow]:
        parsed = await self.table(CLIENTS, wire.CLIENT_FIELDS, wire.parse_client, {"also_obsolete": "true"})
        self.rejects += [reject for _, rejects in parsed for reject in rejects]
        return [row for row, _ in parsed]

    async def calendar(self) -> Calendar:
        entries = await self.table(ENTRIES, wire.ENTRY_FIELDS, wire.parse_entry)
        presences = await self.table(PRESENCES, wire.PRESENCE_FIELDS, wire.parse_presence)
        return Calendar(
            entries=tuple(entries),
            presences=tuple(presences),
            rejects=tuple(self.rejects),
            rows_read=self.rows_read,
        )

    async def owned(
        self,
        table: str,
        fields: Collection[str],
        parse: Callable[[Row], _Owned],
        known_clients: Collection[int],
    ) -> list[_Owned]:
        parsed = await self.table(table, fields, parse)
        self.rejects += [
            Reject(row.origin.table, row.origin.key, "its client cannot be seen or read")
            for row in parsed
            if row.client_id not in known_clients
        ]
        return [row for row in parsed if row.client_id in known_clients]

    async def table(
        self,
        table: str,
        fields: Collection[str],
        parse: Callable[[Row], _Parsed],
        filters: Mapping[str, str] | None = None,
    ) -> list[_Parsed]:
        self._began(table)
        rows = await self._client.rows(table, fields, filters=filters)
        if rows and table not in _WITHOUT_DETAIL:
            compare(rows[0], await self._client.detail(table, rows[0].key, filters=filters))
        self.rows_read[table] = len(rows)
        return wire.parse_all(rows, parse, self.rejects)


def compare(row: Row, detail: Mapping[str, object]) -> None:
    """Check a row against the same record as Lino names its fields; raise `Changed` when they differ."""
    shared = [column for column in row.cells if column in detail]
    wrong = sorted(column for column in shared if row.cells[column] != detail[column])
    if wrong or "id" not in shared:
        raise Changed(
            f"The Lino table {row.table} gives other values in a list than on the page of one record "
            f"({', '.join(wrong) or 'id'}). Restart the Lino so that it renews its screens, then import "
            "again; if it stays, its version is newer than this adapter."
        )
