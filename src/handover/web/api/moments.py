"""Dates and moments that can be reckoned with.

Deadlines are counted from them in months, working days and time zones; at either end of Python's calendar
that has no answer, for us or for those who read it later.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

Day = TypeVar("Day", date, datetime)
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


def within_reach(day: date) -> bool:
    """Tell whether a date or moment lies in 1900-2199."""
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


def _checked(day: Day) -> Day:
    if not within_reach(day):
        raise PydanticCustomError("out_of_reach", "out of reach")
    return day


def _written(form: str) -> BeforeValidator:
    """Only as RFC 3339 writes it: pydantic would also take a number in text for seconds since 1970."""

    def check(given: object) -> object:
        if not isinstance(given, str) or not re.match(form, given):
            raise PydanticCustomError("not_written_out", "not written out")
        return given

    return BeforeValidator(check)


# Not strict: what comes out of a check above is a text for pydantic, no longer JSON.
_Loose = Field(strict=False)
ReachableDay = Annotated[date, _Loose, _written(r"\d{4}-\d\d-\d\d\Z"), AfterValidator(_checked)]
ReachableMoment = Annotated[AwareDatetime, _Loose, _written(r"\d{4}-\d\d-\d\dT"), AfterValidator(_checked)]


def finder(struct: type) -> Callable[[Any], list[str]] | None:
    """Give a function that names a payload's dates out of reach (`items[0].since`); None: it has no dates."""
    steps = [
        (name, wire, *found)
        for name, wire in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)  # type: ignore[attr-defined]
        if (found := _inside(get_type_hints(struct)[name]))
    ]
    if not steps:
        return None

    def find(payload: Any) -> list[str]:  # noqa: ANN401 - any payload
        wrong = []
        for name, wire, many, inner in steps:
            given = getattr(payload, name)
            if given is None:
                continue
            for number, one in enumerate(given if many else (given,)):
                place = f"{wire}[{number}]" if many else wire
                if inner is not None:
                    wrong += [f"{place}.{deeper}" for deeper in inner(one)]
                elif not within_reach(one):
                    wrong.append(place)
        return wrong

    return find


def _inside(hint: Any) -> tuple[bool, Callable[[Any], list[str]] | None] | None:  # noqa: ANN401 - a type hint
    """Tell how a field holds dates: (whether several, how to look into each); None when it does not."""
    if get_origin(hint) in {Union, UnionType}:
        return next((found for option in get_args(hint) if (found := _inside(option))), None)
    if get_origin(hint) is tuple:
        found = _inside(get_args(hint)[0])
        return (True, found[1]) if found else None
    if not isinstance(hint, type):
        return None
    if issubclass(hint, date):
        return False, None
    inner = finder(hint) if issubclass(hint, msgspec.Struct) else None
    return (False, inner) if inner else None
