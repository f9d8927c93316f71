"""What became of an appointment, and whose it is."""

from datetime import date

import pytest

from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Origin
from handover.adapters.lino.appointments import Outcome, appointments_of, outcome_of
from handover.adapters.lino.records import CalendarEntry, EntryState, GuestState, Presence


@pytest.mark.parametrize(
    ("state", "presence", "outcome"),
    [
        (EntryState.SUGGESTED, GuestState.ACCEPTED, Outcome.SUGGESTED),
        (EntryState.DRAFT, None, Outcome.SUGGESTED),
        (EntryState.PUBLISHED, None, Outcome.PLANNED),
        (EntryState.PUBLISHED, GuestState.ACCEPTED, Outcome.PLANNED),
        (EntryState.PUBLISHED, GuestState.WAITING, Outcome.ATTENDED),
        (EntryState.PUBLISHED, GuestState.GONE, Outcome.ATTENDED),
        (EntryState.PUBLISHED, GuestState.MISSING, Outcome.MISSED),
        (EntryState.TOOK_PLACE, GuestState.ACCEPTED, Outcome.ATTENDED),
        (EntryState.TOOK_PLACE, GuestState.MISSING, Outcome.MISSED),
        (EntryState.TOOK_PLACE, GuestState.EXCUSED, Outcome.EXCUSED),
        (EntryState.CANCELLED, GuestState.ACCEPTED, Outcome.CANCELLED),
        (EntryState.CANCELLED, GuestState.PRESENT, Outcome.CANCELLED),
    ],
)
def test_the_outcome(state: EntryState, presence: GuestState | None, outcome: Outcome) -> None:
    assert outcome_of(state, presence) is outcome


def entry(key: int, client_id: int | None, day: date | None = date(2026, 11, 22)) -> CalendarEntry:
    return CalendarEntry(
        origin=Origin("cal/Events", key),
        client_id=client_id,
        day=day,
        at=None,
        summary="",
        kind=None,
        user=None,
        state=EntryState.PUBLISHED,
    )


def guest(entry_id: int, partner_id: int | None, state: GuestState) -> Presence:
    return Presence(origin=Origin("cal/Guests", 1), entry_id=entry_id, partner_id=partner_id, state=state)


def test_an_entry_concerns_its_client_and_every_client_it_invites() -> None:
    rejects: list[Reject] = []
    found, others = appointments_of(
        [entry(1, 17), entry(2, None), entry(3, None)],
        [
            guest(1, 17, GuestState.GONE),
            guest(1, 18, GuestState.MISSING),
            guest(1, 500, GuestState.PRESENT),
            guest(2, 18, GuestState.INVITED),
            guest(3, None, GuestState.INVITED),
        ],
        {17, 18},
        rejects,
    )
    assert [(a.entry_id, a.client_id, a.outcome) for a in found] == [
        (1, 17, Outcome.ATTENDED),
        (1, 18, Outcome.MISSED),
        (2, 18, Outcome.PLANNED),
    ]
    assert (others, rejects) == (1, [])


def test_entries_that_cannot_be_placed_are_rejected() -> None:
    rejects: list[Reject] = []
    found, others = appointments_of([entry(1, 17, day=None), entry(2, 99), entry(3, None, day=None)], [], {17}, rejects)
    assert (found, others) == ([], 1)
    assert rejects == [
        Reject("cal/Events", 1, "it has no date"),
        Reject("cal/Events", 2, "its client cannot be seen or read"),
    ]
