"""Reading a posted event: the envelope, then the data of its type; every field that is wrong is named."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.web.api.moments import finder, within_reach
from handover.web.problems import OUT_OF_REACH, BadInput, Issue, plain_name


class Envelope(Protocol):
    """What every posted body has."""

    @property
    def type(self) -> str:
        """The event type's name."""

    @property
    def data(self) -> msgspec.Raw:
        """What the event says, not looked into yet."""

    @property
    def thread_id(self) -> UUID | None:
        """The thread it belongs to, where the caller says so."""

    @property
    def occurred_at(self) -> datetime | None:
        """When it happened, where that was before now."""


Body = TypeVar("Body", bound=Envelope)
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
_data = {name: msgspec.json.Decoder(kind.strict).decode for name, kind in EVENT_TYPES.items()}
_dates = {name: find for name, kind in EVENT_TYPES.items() if (find := finder(kind.strict))}
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def payload_of(raw: bytes, body: type[Body]) -> tuple[Body, Payload]:
    """Give the envelope and the checked data. Raises BadInput; the values themselves are never repeated."""
    decoder = _decoders.get(body) or _decoders.setdefault(body, msgspec.json.Decoder(body))
    try:
        posted: Body = decoder.decode(raw)
    except _UNREADABLE as error:
        raise BadInput(*_all_issues(raw, body, "", error)) from None
    read = _data.get(posted.type)
    if read is None:
        detail = "No such event type. See GET /v1/refData/eventTypes."
        raise BadInput(Issue.of("invalidInput", detail, name="type"))
    try:
        data: Payload = read(posted.data)
    except _UNREADABLE as error:
        raise BadInput(*_all_issues(posted.data, EVENT_TYPES[posted.type].strict, "data", error)) from None
    _check_dates(posted, data)
    return posted, data


Struct = TypeVar("Struct", bound=msgspec.Struct)


def struct_of(raw: bytes, struct: type[Struct]) -> Struct:
    """Give a body that is a structure of the domain. Raises BadInput, naming every field that is wrong."""
    try:
        found: Struct = msgspec.json.decode(raw, type=struct)
    except _UNREADABLE as error:
        raise BadInput(*_all_issues(raw, struct, "", error)) from None
    find = finder(struct)
    wrong = list(find(found)) if find else []
    if wrong:
        raise BadInput(*(Issue.of("invalidInput", OUT_OF_REACH, name=name) for name in wrong))
    return found


def _check_dates(posted: Envelope, data: Payload) -> None:
    find = _dates.get(posted.type)
    wrong = [f"data.{place}" for place in find(data)] if find else []
    if posted.occurred_at is not None and not within_reach(posted.occurred_at):
        wrong.append("occurredAt")
    if wrong:
        raise BadInput(*(Issue.of("invalidInput", OUT_OF_REACH, name=name) for name in wrong))


def _all_issues(raw: bytes | msgspec.Raw, struct: type, where: str, first: Exception) -> list[Issue]:
    """The decoder stops at the first fault; here each field is tried on its own, so that all are named."""
    fallback = [_issue(first, where)]
    try:
        given = msgspec.json.decode(raw)
    except _UNREADABLE:
        return fallback
    if not isinstance(given, dict):
        return fallback
    return list(_field_issues(given, struct, where)) or fallback


def _field_issues(given: dict[str, object], struct: type, where: str) -> Iterator[Issue]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name in given:
        if name not in fields:
            detail = "This field is not known here. Leave it out."
            yield Issue.of("unknownInput", detail, name=_join(where, plain_name(name)))
    for name, field in fields.items():
        if name not in given:
            if field.required:
                yield Issue.of("schemaViolation", "This field is required.", name=_join(where, name))
            continue
        try:
            # `data` is read by its type afterwards; here it must only be an object.
            msgspec.convert(given[name], dict if field.type is msgspec.Raw else field.type)
        except msgspec.ValidationError as error:
            yield _issue(error, _join(where, name))


def _join(where: str, name: str) -> str:
    return f"{where}{name}" if not where or name.startswith("[") else f"{where}.{name}"


def _issue(error: Exception, name: str) -> Issue:
    text = str(error)
    path = _PATH.search(text)
    where = _join(name, path[1]) if path and path[1] else name
    kind, detail = "schemaViolation", "Does not have the required type or form; see the API description."
    if not isinstance(error, msgspec.ValidationError):
        where, detail = "", "The body is not valid JSON in UTF-8, or nested too deep."
    elif "missing required field" in text:
        where, detail = _join(where, text.split("`")[1]), "This field is required."
    elif "unknown field" in text:
        where = _join(where, plain_name(text.split("`")[1]))
        kind, detail = "unknownInput", "This field is not known here. Leave it out."
    elif "Invalid enum" in text:
        detail = "Is not one of the codes; see GET /v1/refData."
    return Issue.of(kind, detail, name=where)
