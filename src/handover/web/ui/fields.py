"""What a payload's fields are on a screen, read from the payload itself: nothing is written down twice."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from handover.domain import fields as words
from handover.domain.codes import Coded
from handover.domain.fields import Part, Visibility
from handover.domain.kinds import EVENT_TYPES, KIND


class Widget(StrEnum):
    """How a field is filled in."""

    LINE = "line"
    TEXT = "text"
    DAY = "day"
    MOMENT = "moment"
    NUMBER = "number"
    TICK = "tick"
    CODE = "code"
    CODES = "codes"
    LANGUAGE = "language"
    ORGANISATION = "organisation"
    ORGANISATIONS = "organisations"
    COUNSELLOR = "counsellor"
    LEGAL_BASIS = "legalBasis"
    REFERENCE = "reference"
    THREAD = "thread"
    MANDATE = "mandate"
    EVENT = "event"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Shape:
    """One field: its name on the wire, how it is filled in, and what it may hold."""

    name: str
    attribute: str
    widget: Widget
    required: bool
    visibility: Visibility = Visibility.STEP
    codes: tuple[Coded, ...] = ()
    most: int = 0
    """Most characters; 0: not a text."""
    parts: tuple["Shape", ...] = ()
    part: type[Part] | None = None


def _meta(alias: object) -> Meta:
    return next(mark for mark in get_args(alias) if isinstance(mark, Meta))


_BY_META = (
    (_meta(words.Text), Widget.TEXT),
    (_meta(words.Line), Widget.LINE),
    (_meta(words.OrganisationId), Widget.ORGANISATION),
    (_meta(words.CounsellorId), Widget.COUNSELLOR),
    (_meta(words.Reference), Widget.REFERENCE),
    (_meta(words.Moment), Widget.MOMENT),
    (_meta(words.Hours), Widget.NUMBER),
)
_BY_TYPE = {"date": Widget.DAY, "bool": Widget.TICK, "int": Widget.NUMBER, "float": Widget.NUMBER}
_BY_NAME = {
    "legalBasisId": Widget.LEGAL_BASIS,
    "thread": Widget.THREAD,
    "mandateId": Widget.MANDATE,
    "eventId": Widget.EVENT,
}
"""References that a person chooses rather than types."""
_LANGUAGE = "ISO 639-1"


@cache
def shapes_of(event_type: str) -> tuple[Shape, ...]:
    """Give the fields of an event type, in order."""
    return _shapes(EVENT_TYPES[event_type].payload)


def _shapes(struct: type[msgspec.Struct]) -> tuple[Shape, ...]:
    return tuple(_shape(field) for field in msgspec.structs.fields(struct))


def _shape(field: msgspec.structs.FieldInfo) -> Shape:
    marks: list[object] = []
    kind, optional = _unwrapped(field.type, marks)
    visibility = next((mark for mark in marks if isinstance(mark, Visibility)), Visibility.STEP)
    required = field.required and not optional
    if get_origin(kind) is tuple:
        return _several(field, get_args(kind)[0], visibility, required=required)
    if isinstance(kind, type) and issubclass(kind, Coded):
        return Shape(field.encode_name, field.name, Widget.CODE, required, visibility, codes=tuple(kind))
    meta = next((mark for mark in marks if isinstance(mark, Meta)), None)
    widget = next((widget for known, widget in _BY_META if meta == known), None)
    widget = _BY_NAME.get(field.encode_name, widget)
    if _LANGUAGE in marks:
        widget = Widget.LANGUAGE
    widget = widget or _BY_TYPE[kind.__name__]
    most = (meta.max_length or 0) if meta else 0
    return Shape(field.encode_name, field.name, widget, required, visibility, most=most)


def _several(field: msgspec.structs.FieldInfo, item: Any, visibility: Visibility, *, required: bool) -> Shape:  # noqa: ANN401 - a type
    if get_origin(item) is Annotated:
        return Shape(field.encode_name, field.name, Widget.ORGANISATIONS, required, visibility)
    if issubclass(item, Coded):
        return Shape(field.encode_name, field.name, Widget.CODES, required, visibility, codes=tuple(item))
    return Shape(field.encode_name, field.name, Widget.ROWS, required, visibility, parts=_shapes(item), part=item)


@cache
def subject_of(kind: str, topic: str, code: str) -> Coded | None:
    """Give what a thread is about (`Thread.purpose`) as the code that its first step stated, or None."""
    for row in KIND[kind].table:
        if not row.subject or row.topic != topic:
            continue
        for shape in shapes_of(f"{kind}.{row.name}"):
            found = [c for c in shape.codes if shape.attribute == row.subject and str(c) == code]
            if found:
                return found[0]
    return None


def _unwrapped(hint: Any, marks: list[object]) -> tuple[Any, bool]:  # noqa: ANN401 - type hints have no common type
    """Take `Annotated` and `| None` off a hint; the marks are collected, and whether None was there."""
    optional = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *found = get_args(hint)
            marks += found
        elif origin in {Union, UnionType}:
            optional = True
            hint = next(arg for arg in get_args(hint) if arg is not type(None))
        else:
            return hint, optional
