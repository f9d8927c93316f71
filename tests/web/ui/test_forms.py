"""Every step's form can say what the step's own example says, and nothing that it may not."""

from datetime import date, datetime

import msgspec
import pytest
from msgspec import Struct

from handover.domain.codes import Coded
from handover.domain.kinds import EVENT_TYPES
from handover.web.ui.dates import for_input
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.forms import payload_of
from handover.web.ui.reading import read

POSTED = [name for name, event_type in EVENT_TYPES.items() if event_type.is_posted]


def _text(value: object) -> str:
    match value:
        case datetime():
            return for_input(value)
        case date():
            return value.isoformat()
        case float():
            return f"{value:g}".replace(".", ",")
        case _:
            return str(value)


def _typed(shape: Shape, value: object, within: str = "") -> dict[str, list[str]]:
    """What a person would fill in to say this value."""
    name = within + shape.name
    if value is None or value is False:
        return {}
    if value is True:
        return {name: ["yes"]}
    if shape.widget is Widget.ROWS:
        assert isinstance(value, tuple)
        found: dict[str, list[str]] = {}
        for n, row in enumerate(value):
            for part in shape.parts:
                found |= _typed(part, getattr(row, part.attribute), f"{name}.{n}.")
        return found
    values = value if isinstance(value, tuple) else (value,)
    return {name: [_text(item) for item in values]}


@pytest.mark.parametrize("name", POSTED)
def test_a_form_says_what_the_example_says(name: str) -> None:
    example = EVENT_TYPES[name].rows[0].example
    typed: dict[str, list[str]] = {}
    for shape in shapes_of(name):
        typed |= _typed(shape, getattr(example, shape.attribute))
    data, wrong = read(shapes_of(name), typed)
    assert wrong == {}
    payload = payload_of(name, data)
    assert msgspec.to_builtins(payload) == msgspec.to_builtins(example)


@pytest.mark.parametrize("name", POSTED)
def test_an_empty_form_names_each_field_that_is_required(name: str) -> None:
    data, wrong = read(shapes_of(name), {})
    required = {f.encode_name for f in msgspec.structs.fields(EVENT_TYPES[name].payload) if f.required}
    assert set(wrong) == required
    if not required:
        assert isinstance(payload_of(name, data), Struct)


def _shape(event_type: str, name: str) -> Shape:
    return next(shape for shape in shapes_of(event_type) if shape.name == name)


@pytest.mark.parametrize(
    ("event_type", "name", "typed", "key"),
    [
        ("handover.requested", "summary", "x" * 4001, "form.too_long"),
        ("handover.requested", "summary", "een\x00teken", "form.bad_text"),
        ("handover.requested", "purpose", "noSuchPurpose", "form.bad_choice"),
        ("handover.contacted", "contactedAt", "morgen", "form.bad_moment"),
        ("handover.contacted", "contactedAt", "2026-11-02", "form.bad_moment"),
        ("handover.contacted", "contactedAt", "2026-11-02T09:00+05:00", "form.bad_moment"),
        ("handover.contacted", "contactedAt", "9999-12-31T23:59", "form.bad_moment"),
        ("handover.held", "reviewOn", "2026-02-30", "form.bad_day"),
        ("handover.held", "reviewOn", "9999-12-31", "form.bad_day"),
        ("handover.held", "reviewOn", "0001-01-01", "form.bad_day"),
        ("followUp.employmentStarted", "hoursPerWeek", "1e3", "form.bad_number"),
        ("followUp.employmentStarted", "hoursPerWeek", "veel", "form.bad_number"),
    ],
)
def test_what_cannot_be_used_is_named_beside_its_field(event_type: str, name: str, typed: str, key: str) -> None:
    _, wrong = read([_shape(event_type, name)], {name: [typed]})
    assert wrong[name].key == key


def test_moments_are_read_in_brussels_time() -> None:
    shape = _shape("handover.contacted", "contactedAt")
    summer, _ = read([shape], {shape.name: ["2026-07-01T09:00"]})
    winter, _ = read([shape], {shape.name: ["2026-12-01T09:00"]})
    found = [value for data in (summer, winter) for value in data.values()]
    assert [v.isoformat() for v in found if isinstance(v, datetime)] == [
        "2026-07-01T07:00:00+00:00",
        "2026-12-01T08:00:00+00:00",
    ]


def test_every_field_that_is_chosen_has_codes() -> None:
    for name in EVENT_TYPES:
        for shape in shapes_of(name):
            has_codes = shape.widget in {Widget.CODE, Widget.CODES}
            assert bool(shape.codes) is has_codes
            assert all(isinstance(code, Coded) for code in shape.codes)
