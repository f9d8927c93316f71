"""The words on the screen: one gettext catalogue per language, the same keys in each (a test keeps that so).

A message's id is its key, so that a Dutch sentence can be bettered without touching code or the other languages.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from string import Formatter
from typing import cast

from babel import Locale
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from markupsafe import Markup, escape

from handover.domain.codes import Coded


class Language(StrEnum):
    """A language of the screens; the first is the one that counts when nobody asks for another."""

    NL = "nl"
    FR = "fr"
    DE = "de"
    EN = "en"

    @property
    def locale(self) -> Locale:
        """The locale for dates, numbers and lists: of Belgium where it speaks the language."""
        return Locale.parse("en_GB" if self is Language.EN else f"{self}_BE")

    @property
    def own_name(self) -> str:
        """What its speakers call it: "Nederlands"."""
        name = Locale.parse(str(self)).get_language_name() or str(self)
        return name[:1].upper() + name[1:]


class Words:
    """Gives sentences in one language. What is filled in is escaped, the sentence itself is not."""

    def __init__(self, language: Language, catalogue: Catalog) -> None:
        self.language = language
        self.catalogue = catalogue
        self._keys = frozenset(_key(message.id) for message in catalogue if message.id)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        self._translations = Translations(compiled)
        self._taken_apart: dict[str, _Parts | Markup] = {}

    def __call__(self, key: str, **values: object) -> Markup:
        """Give the sentence of a key with its places filled in; raise KeyError for an unknown key."""
        parts = self._taken_apart.get(key)
        if parts is None:
            self._known(key)
            parts = self._taken_apart[key] = _whole(_parts(self._translations.gettext(key)))
        return parts if isinstance(parts, Markup) else _filled(parts, values)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def first(self, *keys: str, **values: object) -> Markup:
        """Give the sentence of the first key that is there; the last one must be."""
        return self(next((key for key in keys if key in self._keys), keys[-1]), **values)

    def event(self, event_type: str, part: str, **values: object) -> Markup:
        """Give an event's `title`, `news` or `do`; what every kind has is said once, by its short name."""
        return self.first(f"event.{event_type}.{part}", f"event.{event_type.partition('.')[2]}.{part}", **values)

    def count(self, key: str, n: int, **values: object) -> Markup:
        """Give the sentence for so many, as the language counts."""
        self._known(key)
        return _filled(_parts(self._translations.ngettext(key, key, n)), {"n": n, **values})

    def code(self, member: Coded) -> str:
        """Give the label of a code."""
        return str(getattr(member, self.language))

    def listed(self, names: Iterable[str]) -> str:
        """Give names as a sentence says them: "A, B en C"."""
        return format_list(list(names), locale=self.language.locale)

    def _known(self, key: str) -> None:
        if key not in self._keys:
            raise KeyError(key)


_Parts = tuple[tuple[str, str | None], ...]
"""A sentence as pieces of text, each with the name of the place after it."""


def _parts(sentence: str) -> _Parts:
    return tuple((text, name) for text, name, _, _ in Formatter().parse(sentence))


def _whole(parts: _Parts) -> _Parts | Markup:
    """Give a sentence without places as it is said; most are."""
    is_whole = len(parts) == 1 and parts[0][1] is None
    return Markup(parts[0][0]) if is_whole else parts  # noqa: S704 - the sentence is ours


def _filled(parts: _Parts, values: Mapping[str, object]) -> Markup:
    """A page says hundreds of sentences: taking each apart every time was most of its cost."""
    said: list[str] = []
    for text, name in parts:
        said.append(text)
        if name is not None:
            said.append(escape(values[name]))
    return Markup("".join(said))  # noqa: S704 - what is filled in is escaped


def _key(message_id: object) -> str:
    """A message that counts has its key twice."""
    return str(message_id[0]) if isinstance(message_id, tuple) else str(message_id)


class _Shelf(dict[Language, Words]):
    """Takes a language down when it is first asked for: reading all of them would delay each start."""

    def __missing__(self, language: Language) -> Words:
        with (files(__package__) / f"{language}.po").open("rb") as file:
            found = self[language] = Words(language, read_po(cast("io.BufferedReader", file)))
        return found


WORDS: Mapping[Language, Words] = _Shelf()
