"""The words a payload is written in: field types, and the visibility class that each field states once.

Every field of every payload is `Annotated[type, <class>]`; API schema, validation, storage and the
visibility policy all read that one line.
"""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct


class Visibility(Enum):
    """Who sees a field (design: "Who sees what")."""

    STEP = "step"
    """Who, what, when, status, due: everyone with an active inscription."""
    CONTENT = "content"
    """Text and plans: needs a purpose that the legal basis allows."""
    CONFIDENTIAL = "confidential"
    """Health, ICF, sanction motivation: own scope, mandate, named roles."""
    INTERNAL = "internal"
    """The author's own organisation only."""


STEP, CONTENT, INTERNAL = Visibility.STEP, Visibility.CONTENT, Visibility.INTERNAL
CONFIDENTIAL = Visibility.CONFIDENTIAL

# PostgreSQL text cannot hold NUL, and a blank text tells the other organisation nothing.
_NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NOT_BLANK)]
Text = Annotated[str, Meta(min_length=1, max_length=4000, pattern=_NOT_BLANK)]
OrganisationId = Annotated[str, Meta(min_length=2, max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
CounsellorId = Annotated[str, Meta(min_length=2, max_length=80, pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
Reference = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:/#-]+$")]
Moment = Annotated[datetime, Meta(tz=True)]
Day = date
Hours = Annotated[float, Meta(gt=0, le=60)]


class Payload(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an event says, beside who said it and when."""

    def lacks(self) -> tuple[str, str] | None:
        """Give the field (its name on the wire) that is needed beside the required ones, and why, or None."""
        return None


class Part(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A structure inside a payload; its class is that of the field that holds it."""


def visibility_of(payload: type[Payload]) -> dict[str, Visibility]:
    """Give the class of each field, by its name on the wire; raise TypeError for a field that states none."""
    hints = get_type_hints(payload, include_extras=True)
    classes: dict[str, Visibility] = {}
    for name, wire_name in zip(payload.__struct_fields__, payload.__struct_encode_fields__, strict=True):
        found = [mark for mark in _marks(hints[name]) if isinstance(mark, Visibility)]
        if len(found) != 1:
            message = f"{payload.__name__}.{name} must state exactly one visibility class"
            raise TypeError(message)
        classes[wire_name] = found[0]
    return classes


def _marks(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - type hints have no common type
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()
