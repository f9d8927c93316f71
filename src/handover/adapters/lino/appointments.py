"""Calendar entries as they concern clients: who was invited, and what became of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, time
from enum import Enum
from typing import Final

from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Origin
from handover.adapters.lino.cells import Ref
from handover.adapters.lino.records import CalendarEntry, EntryState, GuestState, Presence

_CAME: Final = frozenset({GuestState.PRESENT, GuestState.WAITING, GuestState.BUSY, GuestState.GONE})


class Outcome(Enum):
    """What is known of an appointment: how the entry ended, and whether this client came."""

    SUGGESTED = "suggested"
    """Lino or a worker pencilled it in; the client has not been told."""
    PLANNED = "planned"
    ATTENDED = "attended"
    MISSED = "missed"
    EXCUSED = "excused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A calendar entry as it concerns one client; with two clients it is two appointments. Local time."""

    origin: Origin
    entry_id: int
    client_id: int
    day: date
    at: time | None
    summary: str = field(repr=False)
    kind: Ref | None
    user: Ref | None
    state: EntryState
    presence: GuestState | None
    outcome: Outcome


def appointments_of(
    entries: Iterable[CalendarEntry],
    presences: Iterable[Presence],
    known_clients: Collection[int],
    rejects: list[Reject],
) -> tuple[list[Appointment], int]:
    """Join entries with who was invited; give the appointments of clients and the number of other entries.

    A client is concerned as the project of the entry, as one of its guests, or both.
    """
    guests: dict[int, dict[int, GuestState]] = defaultdict(dict)
    for presence in presences:
        if presence.partner_id in known_clients and presence.partner_id is not None:
            guests[presence.entry_id][presence.partner_id] = presence.state
    appointments = []
    without_client = 0
    for entry in entries:
        came = guests.get(entry.origin.key, {})
        concerned = {*came} | ({entry.client_id} if entry.client_id is not None else set())
        if not concerned:
            without_client += 1
        elif entry.day is None:
            rejects.append(Reject(entry.origin.table, entry.origin.key, "it has no date"))
        elif entry.client_id is not None and entry.client_id not in known_clients:
            rejects.append(Reject(entry.origin.table, entry.origin.key, "its client cannot be seen or read"))
        else:
            appointments += [_appointment(entry, entry.day, one, came.get(one)) for one in sorted(concerned)]
    return appointments, without_client


def _appointment(entry: CalendarEntry, day: date, client_id: int, presence: GuestState | None) -> Appointment:
    return Appointment(
        origin=entry.origin,
        entry_id=entry.origin.key,
        client_id=client_id,
        day=day,
        at=entry.at,
        summary=entry.summary,
        kind=entry.kind,
        user=entry.user,
        state=entry.state,
        presence=presence,
        outcome=outcome_of(entry.state, presence),
    )


def outcome_of(state: EntryState, presence: GuestState | None) -> Outcome:
    """Say what became of an appointment: what the client did says more than the state of the whole entry."""
    if state is EntryState.CANCELLED:
        return Outcome.CANCELLED
    if presence is GuestState.MISSING:
        return Outcome.MISSED
    if presence in {GuestState.EXCUSED, GuestState.REJECTED}:
        return Outcome.EXCUSED
    if presence in _CAME or state is EntryState.TOOK_PLACE:
        return Outcome.ATTENDED
    return Outcome.PLANNED if state is EntryState.PUBLISHED else Outcome.SUGGESTED
