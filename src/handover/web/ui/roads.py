"""The usual road of each process: its stations in order, and where a thread stands on it.

A thread's table says what may follow what; this says what that looks like to who waits for it. One place for all
kinds: a test holds that every process has a road, and that each state of its table has a place on it or is off it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from handover.domain.threads import Status, Thread

OFF_ROAD = frozenset(
    {Status.REJECTED, Status.FAILED, Status.CANCELLED, Status.CLOSED, Status.ENTERED_IN_ERROR},
)
"""Here the usual road is left: the page says what happened instead of pretending progress."""


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the road: a status, and where the status alone does not tell, after which steps."""

    name: str
    status: Status
    stages: tuple[str, ...] = ()


Road = tuple[Station, ...]


def _along(*statuses: Status) -> Road:
    return tuple(Station(str(status), status) for status in statuses)


def _contract(article: str) -> Road:
    """Work under article 60 or 61: what counts is whether its end was talked about in time."""
    return (
        Station("contract", Status.IN_PROGRESS),
        Station("consulted", Status.IN_PROGRESS, (f"{article}ConsultationHeld",)),
        Station("completed", Status.COMPLETED),
    )


_SETTLED = _along(Status.REQUESTED, Status.COMPLETED)

ROADS: dict[str, Road] = {
    "handover": _along(Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED),
    "question": _along(Status.REQUESTED, Status.IN_PROGRESS, Status.COMPLETED),
    "intake": _along(Status.ACCEPTED, Status.COMPLETED),
    "label": _along(Status.REQUESTED, Status.RECEIVED, Status.IN_PROGRESS, Status.ACCEPTED, Status.COMPLETED),
    "training": _along(Status.REQUESTED, Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED),
    "nonCooperation": (
        Station("requested", Status.REQUESTED),
        # The client's reasons may stand between; without them the report follows at once.
        Station("received", Status.RECEIVED),
        Station("reported", Status.REQUESTED, ("reported",)),
        Station("accepted", Status.ACCEPTED),
        Station("inProgress", Status.IN_PROGRESS),
        Station("decided", Status.IN_PROGRESS, ("outcomeDecided",)),
        Station("completed", Status.COMPLETED),
    ),
    "lead": _SETTLED,
    "mandate": _SETTLED,
    "statusConflict": _SETTLED,
    "appointment": _along(Status.ACCEPTED, Status.COMPLETED),
    "plan": _along(Status.IN_PROGRESS, Status.COMPLETED),
    "employment": _along(Status.IN_PROGRESS, Status.COMPLETED),
    "art60": _contract("art60"),
    "art61": _contract("art61"),
    "aftercare": (
        Station("inProgress", Status.IN_PROGRESS),
        Station("checked", Status.IN_PROGRESS, ("aftercareChecked",)),
        Station("completed", Status.COMPLETED),
    ),
}
"""By the word for a process: a kind, or a topic where a kind holds several."""

_WAITS = {Status.ON_HOLD: Status.IN_PROGRESS}
"""Who waits has not left the road: they stand still where they were."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thread stands: the stations of its road, the present one, and whether it waits there."""

    stations: Road
    position: int
    waits: bool


def place_of(thread: Thread) -> Place | None:
    """Give a thread's place on its road; None when it left the road."""
    road = ROADS[thread.topic or thread.kind]
    position = position_on(road, thread.status, thread.stage)
    return None if position is None else Place(road, position, thread.status in _WAITS)


def position_on(road: Sequence[Station], status: Status, stage: str) -> int | None:
    """Give the number of the station for a status and the last step that moved the thread; None: off the road."""
    at = _WAITS.get(status, status)
    found = None
    for number, station in enumerate(road):
        if station.status is at and (not station.stages or stage in station.stages):
            found = number
            if station.stages:
                break
    return found
