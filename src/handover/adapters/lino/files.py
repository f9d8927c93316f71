"""All rows of a snapshot that are about one client, together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from handover.adapters.kit.plan import Origin
from handover.adapters.lino.appointments import Appointment, Outcome
from handover.adapters.lino.reader import LinoSnapshot
from handover.adapters.lino.records import Art60Contract, Art61Contract, Coaching, Granting, IsipContract, LinoClientRow

CALLED_OFF: Final = {
    Outcome.SUGGESTED: "appointment that is only suggested or a draft",
    Outcome.CANCELLED: "appointment that was cancelled",
}


@dataclass(frozen=True, slots=True)
class ClientFile:
    """One client with what Lino holds about the road to work."""

    client: LinoClientRow
    coachings: list[Coaching] = field(default_factory=list)
    isip: list[IsipContract] = field(default_factory=list)
    employment: list[Art60Contract | Art61Contract] = field(default_factory=list)
    grantings: list[Granting] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)

    @property
    def is_followed(self) -> bool:
        """Tell whether the OCMW works with this client: there was a coaching or a contract."""
        return bool(self.coachings or self.isip or self.employment)

    def dependents(self) -> Iterator[Origin]:
        """Give the rows that would be recorded in the client's dossier."""
        for row in (*self.coachings, *self.isip, *self.employment):
            yield row.origin
        for entry in self.appointments:
            if entry.outcome not in CALLED_OFF:
                yield entry.origin


def files_of(snapshot: LinoSnapshot) -> list[ClientFile]:
    """Give one file per client, in the order of the clients."""
    files = {client.client_id: ClientFile(client) for client in snapshot.clients}
    for coaching in snapshot.coachings:
        files[coaching.client_id].coachings.append(coaching)
    for isip in snapshot.isip:
        files[isip.client_id].isip.append(isip)
    for art60 in snapshot.art60:
        files[art60.client_id].employment.append(art60)
    for art61 in snapshot.art61:
        files[art61.client_id].employment.append(art61)
    for granting in snapshot.grantings:
        files[granting.client_id].grantings.append(granting)
    for entry in snapshot.appointments:
        files[entry.client_id].appointments.append(entry)
    return list(files.values())


def origins_of(snapshot: LinoSnapshot) -> Iterable[Origin]:
    """Give every row that Lino still has, those that could not be read included."""
    for rows in (
        snapshot.clients,
        snapshot.coachings,
        snapshot.isip,
        snapshot.art60,
        snapshot.art61,
        snapshot.appointments,
    ):
        yield from (row.origin for row in rows)
    yield from (Origin(reject.source, reject.key) for reject in snapshot.rejects)
