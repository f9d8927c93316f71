"""Reading a posted event: the envelope, then the data of its type, to the letter; every field that is wrong is named."""

import re
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.web.problems import BadInput, Issue


class Envelope(Protocol):
    """What every posted body has."""

    @property
    def type(self) -> str: ...
    @property
    def data(self) -> msgspec.Raw: ...
    @property
    def thread_id(self) -> UUID | None: ...


Body = TypeVar("Body", bound=Envelope)
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
_data = {name: msgspec.json.Decoder(kind.strict).decode for name, kind in EVENT_TYPES.items()}
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")


def payload_of(raw: bytes, body: type[Body]) -> tuple[Body, Payload]:
    """Give the envelope and the checked data. Raises BadInput; the values themselves are never repeated."""
    decoder = _decoders.get(body) or _decoders.setdefault(body, msgspec.json.Decoder(body))
    try:
        posted: Body = decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(_issue(error, "")) from None
    read = _data.get(posted.type)
    if read is None:
        detail = "No such event type. See GET /v1/refData/eventTypes."
        raise BadInput(Issue.of("invalidInput", detail, name="type"))
    try:
        return posted, read(posted.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(*_all_issues(posted, error)) from None


def _all_issues(posted: Envelope, first: Exception) -> list[Issue]:
    """The decoder stops at the first fault; here each field is tried on its own, so that one answer names all."""
    fallback = [_issue(first, "data")]
    try:
        given = msgspec.json.decode(posted.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return fallback
    if not isinstance(given, dict):
        return fallback
    strict = EVENT_TYPES[posted.type].strict
    fields = {field.encode_name: field for field in msgspec.structs.fields(strict)}
    found = [
        Issue.of("unknownInput", "This field is not known here. Leave it out.", name=f"data.{_plain(name)}")
        for name in given
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in given:
            if field.required:
                found.append(Issue.of("schemaViolation", "This field is required.", name=f"data.{name}"))
            continue
        try:
            msgspec.convert(given[name], field.type)
        except msgspec.ValidationError as error:
            found.append(_issue(error, f"data.{name}"))
    return found or fallback


def _plain(name: str) -> str:
    """A name that the caller made up is repeated only when it is a plain word."""
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "?"


def _issue(error: Exception, name: str) -> Issue:
    text = str(error)
    path = _PATH.search(text)
    where = ".".join(part for part in (name, path[1] if path else "") if part)
    kind, detail = "schemaViolation", "Does not have the required type or form; see the API description."
    if not isinstance(error, msgspec.ValidationError):
        detail = "The body is not valid JSON in UTF-8, or nested too deep."
    elif "missing required field" in text:
        where = ".".join(part for part in (where, text.split("`")[1]) if part)
        detail = "This field is required."
    elif "unknown field" in text:
        kind, detail = "unknownInput", "A field is not known here. Leave it out."
    elif "Invalid enum" in text:
        detail = "Is not one of the codes; see GET /v1/refData."
    return Issue.of(kind, detail, name=where)
