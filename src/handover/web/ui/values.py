"""What a step says, in words: each field that may be seen, with its label and its value."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Protocol

from babel.numbers import format_decimal

from handover.domain.codes import Coded
from handover.domain.events import Event
from handover.domain.fields import Part, Payload, Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds.dossier import InscriptionClosed, InscriptionOpened
from handover.domain.visibility import Reader
from handover.web.ui.dates import Dates
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.people import People
from handover.web.ui.words import WORDS, Language, Words

_UNTOLD = {
    "dossier.opened": frozenset({"givenName", "familyName", "birthDate"}),
    "dossier.inscriptionOpened": frozenset({"organisation", "organisationKind", "seesFrom", "byThread"}),
    "dossier.inscriptionClosed": frozenset({"organisation"}),
    "dossier.merged": frozenset({"into"}),
    "dossier.absorbed": frozenset({"merged"}),
}
"""What the page says elsewhere, or what is for programs only."""


class Writer(Protocol):
    """What writing a value takes: a page has it, and so has a file for the client."""

    @property
    def t(self) -> Words:
        """The language."""

    @property
    def dates(self) -> Dates:
        """How moments are written."""

    @property
    def people(self) -> People:
        """How organisations and people are named."""


@dataclass(frozen=True, slots=True)
class PlainWriter:
    """A writer of something that is no page."""

    t: Words
    dates: Dates
    people: People


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a step; `note` says who else cannot see it, `long` that it is running text."""

    label: str
    value: str
    note: str = ""
    long: bool = False
    withheld: bool = False
    """It was written, but this reader may not read it (any more)."""
    confidential: bool = False
    """Of the confidential class: a page shows it apart from the rest."""


def said(page: Writer, event: Event, reader: Reader) -> tuple[Said, ...]:
    """Give the lines of a step that the reader may see, and a word for each that is withheld."""
    classes = reader.classes(event.type, event.organisation)
    lines = list(lines_of(page, event.type, event.data, classes))
    present = [s.name for s in shapes_of(event.type) if getattr(event.data, s.attribute) not in (None, (), "")]
    withheld = reader.redacted(event.type, event.organisation, present)
    apart = EVENT_TYPES[event.type].visibility
    lines += [
        Said(
            label_of(page, name),
            page.t("dossier.withheld"),
            withheld=True,
            confidential=apart[name] is Visibility.CONFIDENTIAL,
        )
        for name in withheld
    ]
    return tuple(lines)


def label_of(page: Writer, name: str) -> str:
    """Give the label of a field that is shown."""
    return _label(page.t.language, name)


@cache
def _label(language: Language, name: str) -> str:
    """A page says the same few labels over and over."""
    return WORDS[language].first(f"field.shown.{name}", f"field.{name}").rstrip("?")


def about(page: Writer, event: Event) -> str:
    """Give the organisation that a step is about, where it is not its author's doing alone."""
    data = event.data
    if isinstance(data, InscriptionOpened | InscriptionClosed):
        return page.people.organisation(data.organisation)
    return ""


def lines_of(page: Writer, event_type: str, data: Payload, classes: frozenset[Visibility]) -> Iterable[Said]:
    """Give a line for each field of these classes that says something."""
    untold = _UNTOLD.get(event_type, frozenset())
    for shape in shapes_of(event_type):
        value = getattr(data, shape.attribute)
        if value in (None, (), "", False) or shape.visibility not in classes or shape.name in untold:
            continue
        if shape.widget in _FOR_PROGRAMS:
            continue
        yield Said(
            label=label_of(page, shape.name),
            value=text_of(page, shape, value),
            note=page.t(f"dossier.{shape.visibility.value}") if shape.visibility in _OWN else "",
            long=shape.widget in {Widget.TEXT, Widget.ROWS},
            confidential=shape.visibility is Visibility.CONFIDENTIAL,
        )


_FOR_PROGRAMS = {Widget.EVENT, Widget.MANDATE, Widget.THREAD}
"""Identifiers that lead to something else in the dossier: a reader sees that itself."""
_OWN = {Visibility.INTERNAL, Visibility.CONFIDENTIAL}


def text_of(page: Writer, shape: Shape, value: object) -> str:  # noqa: PLR0911 - one return per type
    """Give a value as people write it."""
    t = page.t
    match value:
        case bool():
            return t("page.yes" if value else "page.no")
        case Coded():
            return t.code(value)
        case datetime():
            return page.dates.moment(value)
        case date():
            return page.dates.plain(value)
        case float():
            return format_decimal(value, locale=t.language.locale)
        case tuple() if shape.part:
            return "\n".join(_row(page, shape, row) for row in value)
        case tuple():
            return ", ".join(text_of(page, shape, item) for item in value)
        case _:
            return _named(page, shape, str(value))


def _row(page: Writer, shape: Shape, row: Part) -> str:
    first, *rest = [text_of(page, part, getattr(row, part.attribute)) for part in shape.parts]
    return f"{first}: {', '.join(rest)}"


def _named(page: Writer, shape: Shape, text: str) -> str:  # noqa: PLR0911 - one return per meaning
    t, people = page.t, page.people
    match shape.widget:
        case Widget.ORGANISATION:
            return people.organisation(text)
        case Widget.COUNSELLOR:
            return people.counsellor(text)
        case Widget.LEGAL_BASIS:
            found = people.directory.legal_bases.get(text)
            return found.title if found else text
        case Widget.LANGUAGE:
            return t(f"language.{text}") if f"language.{text}" in t else text
        case _ if shape.name == "why" and f"status.{text}" in t:
            return t(f"status.{text}")
        case _ if shape.name == "how":
            return {"delivery acknowledged": t("received.delivery"), "first view": t("received.view")}.get(text, text)
        case _:
            return text
