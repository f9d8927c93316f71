"""Every process has a road, and every state that its table can reach has a place on it or is off it on purpose."""

import itertools

import pytest

from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.threads import Status, Transition
from handover.web.ui import roads
from handover.web.ui.cards import station_name
from handover.web.ui.fields import Widget, shapes_of
from handover.web.ui.words import WORDS, Language

_ROWS = [
    (row.topic or kind.name, row) for kind in KINDS for row in kind.table if not (row.on_dossier or row.everywhere)
]
_PROCESSES = sorted({process for process, _ in _ROWS})
_USUAL = {
    "handover": ("requested", "received", "accepted", "contacted", "completed"),
    "question": ("asked", "answered", "closed"),
    "label": ("requested", "received", "assessed", "granted", "placed"),
    "training": ("proposed", "approved", "started", "completed"),
    "art60": ("art60Started", "art60ConsultationHeld", "art60Ended"),
    "aftercare": ("aftercareStarted", "aftercareChecked", "aftercareEnded"),
    "nonCooperation": (
        "observed",
        "justified",
        "reported",
        "acknowledged",
        "clientHeard",
        "outcomeDecided",
        "closed",
    ),
}
"""How it goes when it goes well, step by step."""


def _reached(process: str) -> set[tuple[Status, str]]:
    """Give the states of a process, each with the step that may have led to it; a remark leads nowhere."""
    found = set()
    for of, row in _ROWS:
        if of == process and not row.remark:
            found |= {(to, row.name) for to in (row.to, row.to_alone) if to}
    return found


def _row(process: str, name: str) -> Transition:
    return next(row for of, row in _ROWS if of == process and row.name == name)


def test_each_process_has_a_road_and_no_other() -> None:
    assert sorted(roads.ROADS) == _PROCESSES


@pytest.mark.parametrize("process", _PROCESSES)
def test_each_state_has_a_place_or_is_off_the_road(process: str) -> None:
    road = roads.ROADS[process]
    places = {at: roads.position_on(road, *at) for at in _reached(process)}
    for (status, stage), place in places.items():
        assert (place is None) == (status in roads.OFF_ROAD), f"{process}: {status} after {stage}"
    # A station where nobody ever comes would be a promise that is not kept.
    assert {place for place in places.values() if place is not None} == set(range(len(road)))


@pytest.mark.parametrize("process", _USUAL)
def test_the_usual_steps_lead_along_the_road(process: str) -> None:
    road = roads.ROADS[process]
    places = [roads.position_on(road, _row(process, name).to, name) for name in _USUAL[process]]
    assert places == list(range(len(road)))


def test_who_waits_stands_still_on_the_road() -> None:
    for process in ("handover", "training"):
        road = roads.ROADS[process]
        assert roads.position_on(road, Status.ON_HOLD, "held") == roads.position_on(road, Status.IN_PROGRESS, "started")


def test_each_station_has_a_name_of_its_own() -> None:
    for process, language in itertools.product(_PROCESSES, Language):
        names = [station_name(WORDS[language], process, station.name) for station in roads.ROADS[process]]
        assert len(set(names)) == len(names), (process, language)


def test_what_is_planned_is_for_all_to_see() -> None:
    """The timeline shows planned moments without asking who looks: none of them may be more than a step."""
    times = {Widget.MOMENT, Widget.DAY}
    shapes = [(name, shape) for name in EVENT_TYPES for shape in shapes_of(name) if shape.widget in times]
    assert len(shapes) > 20
    assert [(name, s.name) for name, s in shapes if s.visibility is not Visibility.STEP] == []
