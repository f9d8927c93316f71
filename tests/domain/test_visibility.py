from datetime import date

import msgspec
import pytest
from tests.domain.world import AT, DIRECTORY, OCMW, OCMW_1, OCMW_2, VDAB, VDAB_1, Case, example

from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds import dossier as d
from handover.domain.kinds import intake as i
from handover.domain.visibility import Reader, shows_all, visible_data

ALL = frozenset(Visibility)
OPEN = frozenset({Visibility.STEP, Visibility.CONTENT})
STEP_ONLY = frozenset({Visibility.STEP})
TODAY = AT.date()


def _classes(
    author: str, basis: str = "demo-protocol", *, on: date = TODAY, kind: str = "handover.requested"
) -> frozenset[Visibility]:
    case = Case()
    case.open(VDAB_1)
    inscription = case.dossier.inscription_of(VDAB)
    assert inscription
    place = msgspec.structs.replace(inscription, legal_basis_id=basis)
    return Reader.of(case.dossier, place, DIRECTORY, on=on).classes(kind, author)


def test_an_organisation_sees_all_of_its_own() -> None:
    assert _classes(VDAB) == _classes(VDAB, "none-such") == ALL


@pytest.mark.parametrize(
    ("basis", "seen"),
    [
        ("demo-protocol", OPEN),
        ("training-only", OPEN),
        ("until-yesterday", STEP_ONLY),
        ("from-tomorrow", STEP_ONLY),
        ("none-such", STEP_ONLY),
    ],
)
def test_the_legal_basis_opens_step_and_content(basis: str, seen: frozenset[Visibility]) -> None:
    assert _classes(OCMW, basis) == seen


def test_a_process_with_a_purpose_needs_a_basis_that_allows_it() -> None:
    assert _classes(OCMW, "training-only", kind="training.proposed") == OPEN
    assert _classes(OCMW, "training-only", kind="label.requested") == STEP_ONLY


def test_the_day_of_reading_counts() -> None:
    assert _classes(OCMW, "until-yesterday", on=date(2026, 11, 22)) == OPEN


INTAKE = i.Recorded(
    target_group=example("intake.recorded").target_group,  # type: ignore[attr-defined]
    work_wish=example("intake.recorded").work_wish,  # type: ignore[attr-defined]
    situation="Alleenstaand.",
    health="Rugklachten.",
    own_note="Nog eens bellen.",
)


@pytest.mark.parametrize(
    ("classes", "seen"),
    [
        (ALL, {"targetGroup", "workWish", "situation", "health", "ownNote"}),
        (OPEN, {"targetGroup", "workWish", "situation"}),
        (STEP_ONLY, {"targetGroup"}),
        (frozenset[Visibility](), set[str]()),
    ],
)
def test_what_is_left_of_an_intake(classes: frozenset[Visibility], seen: set[str]) -> None:
    wire = msgspec.to_builtins(INTAKE)
    left = visible_data("intake.recorded", wire, classes)
    assert set(left) == seen
    assert all(wire[name] == value for name, value in left.items())


def test_a_field_of_a_newer_version_is_kept_in() -> None:
    assert visible_data("handover.contacted", {"means": "phone", "unheardOf": 1}, OPEN) == {"means": "phone"}


@pytest.mark.parametrize("name", EVENT_TYPES)
@pytest.mark.parametrize("classes", [ALL, OPEN, STEP_ONLY], ids=["all", "open", "step"])
def test_the_quick_way_leaves_out_what_the_slow_way_would(name: str, classes: frozenset[Visibility]) -> None:
    everything = dict.fromkeys(EVENT_TYPES[name].visibility, "x")
    if shows_all(name, classes):
        assert visible_data(name, everything, classes) == everything
    else:
        assert visible_data(name, everything, classes) != everything or classes == STEP_ONLY


def test_classes_of_the_specification() -> None:
    """Who, what, when, status, due are steps; text and plans are content; health is confidential."""

    def of(name: str, field: str) -> Visibility:
        return EVENT_TYPES[name].visibility[field]

    assert of("handover.requested", "receiver") is Visibility.STEP
    assert of("handover.requested", "summary") is Visibility.CONTENT
    assert of("handover.accepted", "firstAppointmentAt") is Visibility.STEP
    assert of("handover.rejected", "reason") is Visibility.STEP
    assert of("handover.rejected", "explanation") is Visibility.CONTENT
    assert of("handover.held", "reviewOn") is Visibility.STEP
    assert of("handover.progressed", "nextStep") is Visibility.CONTENT
    assert of("intake.recorded", "health") is Visibility.CONFIDENTIAL
    assert of("dossier.counsellorReplaced", "why") is Visibility.INTERNAL


def test_why_a_counsellor_left_stays_inside() -> None:
    data = d.CounsellorReplaced(replaced=OCMW_1, counsellor=OCMW_2, why="Langdurig ziek.")
    left = visible_data("dossier.counsellorReplaced", msgspec.to_builtins(data), OPEN)
    assert set(left) == {"replaced", "counsellor"}
