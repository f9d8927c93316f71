"""Reading a form: what was typed becomes an event's data, or an error beside each field that is wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.datastructures import FormData

from handover.web.api.moments import within_reach
from handover.web.ui.dates import from_input
from handover.web.ui.fields import Shape, Widget
from handover.web.ui.session import FORM_FIELD

Typed = Mapping[str, Sequence[str]]
"""What stands in a form, by field name, exactly as typed."""

_REFERENCE = re.compile(r"[A-Za-z0-9._:/#-]{1,200}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_MOST_ROWS = 30
_CHOSEN = {
    Widget.CODE,
    Widget.CODES,
    Widget.ORGANISATION,
    Widget.ORGANISATIONS,
    Widget.THREAD,
    Widget.MANDATE,
    Widget.EVENT,
    Widget.COUNSELLOR,
    Widget.LEGAL_BASIS,
    Widget.LANGUAGE,
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a field: a key of the words, and what is filled in there."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


class _Refused(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.wrong = Wrong(key, values)


def typed_in(form: FormData) -> dict[str, list[str]]:
    """Give the texts of a form; line ends as one character, however the browser sends them.

    Without the session's token, which is another one each time: what was filled in is the same without it.
    """
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name != FORM_FIELD:
            found.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return found


def read(shapes: Sequence[Shape], typed: Typed, *, within: str = "") -> tuple[dict[str, object], dict[str, Wrong]]:
    """Give the data by wire name, and what is wrong by field name in the form."""
    data: dict[str, object] = {}
    wrong: dict[str, Wrong] = {}
    for shape in shapes:
        name = within + shape.name
        if shape.widget is Widget.ROWS:
            rows, found = _rows(shape, typed)
            wrong |= found
            if rows:
                data[shape.name] = rows
            continue
        try:
            value = _value(shape, [text.strip() for text in typed.get(name, ())])
        except _Refused as refused:
            wrong[name] = refused.wrong
            continue
        if value is not None:
            data[shape.name] = value
    return data, wrong


def row_count(shape: Shape, typed: Typed) -> int:
    """Give how many rows of a repeated field stand in the form."""
    numbers = [int(found[1]) for name in typed if (found := re.match(rf"{shape.name}\.(\d{{1,2}})\.", name))]
    return min(max(numbers, default=-1) + 1, _MOST_ROWS)


def _rows(shape: Shape, typed: Typed) -> tuple[list[dict[str, object]], dict[str, Wrong]]:
    rows: list[dict[str, object]] = []
    wrong: dict[str, Wrong] = {}
    for number in range(row_count(shape, typed)):
        within = f"{shape.name}.{number}."
        if not any(text.strip() for part in shape.parts for text in typed.get(within + part.name, ())):
            continue
        row, found = read(shape.parts, typed, within=within)
        wrong |= {name: Wrong("form.half_row") if _is_missing(one) else one for name, one in found.items()}
        rows.append(row)
    return rows, wrong


def _is_missing(wrong: Wrong) -> bool:
    return wrong.key in {"form.missing", "form.missing_choice"}


def _value(shape: Shape, texts: list[str]) -> object:
    given = [text for text in texts if text]
    if shape.widget is Widget.TICK:
        return bool(given)
    if not given:
        if shape.required:
            raise _Refused("form.missing_choice" if shape.widget in _CHOSEN else "form.missing")
        return None
    if shape.widget is Widget.CODES:
        return [_code(shape, text) for text in given]
    if shape.widget is Widget.ORGANISATIONS:
        return [_text(shape, text) for text in given]
    return _one(shape, given[0])


def _one(shape: Shape, text: str) -> object:
    match shape.widget:
        case Widget.DAY:
            return _parsed(date.fromisoformat, text, "form.bad_day")
        case Widget.MOMENT:
            return _parsed(from_input, text, "form.bad_moment")
        case Widget.NUMBER:
            return _number(text)
        case Widget.CODE:
            return _code(shape, text)
        case Widget.LANGUAGE if not _LANGUAGE.fullmatch(text):
            raise _Refused("form.bad_language")
        case Widget.REFERENCE | Widget.THREAD | Widget.MANDATE | Widget.EVENT if not _REFERENCE.fullmatch(text):
            raise _Refused("form.bad_reference")
        case _:
            return _text(shape, text)


def _parsed(parse: Callable[[str], date], text: str, key: str) -> date:
    try:
        day = parse(text)
    except ValueError:
        raise _Refused(key) from None
    if not within_reach(day):
        raise _Refused(key)
    return day


def _number(text: str) -> float:
    if not re.fullmatch(r"\d{1,3}(?:[.,]\d{1,2})?", text):
        raise _Refused("form.bad_number")
    return float(text.replace(",", "."))


def _code(shape: Shape, text: str) -> str:
    if text not in {str(code) for code in shape.codes}:
        raise _Refused("form.bad_choice")
    return text


def _text(shape: Shape, text: str) -> str:
    if shape.most and len(text) > shape.most:
        raise _Refused("form.too_long", most=shape.most)
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _Refused("form.bad_text")
    return text
