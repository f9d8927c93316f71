"""The words on the screen: one table per language, the same keys in each (a test keeps that so)."""

import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType

from markupsafe import Markup

from handover.domain.codes import Coded


class Language(StrEnum):
    """A language of the screens; the first is the one that counts when nobody asks for another."""

    NL = "nl"
    EN = "en"

    @property
    def locale(self) -> str:
        """The locale for dates and numbers, as Babel names it."""
        return {"nl": "nl_BE", "en": "en_GB"}[self]


class Words:
    """Gives sentences in one language. What is filled in is escaped, the sentence itself is not."""

    def __init__(self, language: Language, table: Mapping[str, str]) -> None:
        self.language = language
        self._table = table

    def __call__(self, key: str, **values: object) -> Markup:
        """Give the sentence of a key with its places filled in; raise KeyError for an unknown key."""
        return Markup(self._table[key]).format(**values)  # noqa: S704 - the table is ours, values are escaped

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def first(self, *keys: str, **values: object) -> Markup:
        """Give the sentence of the first key that is there; the last one must be."""
        return self(next((key for key in keys if key in self._table), keys[-1]), **values)

    def event(self, event_type: str, part: str, **values: object) -> Markup:
        """Give an event's `title`, `news` or `do`; what every kind has is said once, by its short name."""
        return self.first(f"event.{event_type}.{part}", f"event.{event_type.partition('.')[2]}.{part}", **values)

    def count(self, key: str, n: int, **values: object) -> Markup:
        """Give the sentence for one or for several."""
        return self(f"{key}_one" if n == 1 else f"{key}_other", n=n, **values)

    def code(self, member: Coded) -> str:
        """Give the label of a code."""
        return str(getattr(member, self.language))


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)


def _load(language: Language) -> Words:
    text = (files(__package__) / f"{language}.toml").read_text("utf-8")
    return Words(language, MappingProxyType(dict(_flat(tomllib.loads(text)))))


WORDS: Mapping[Language, Words] = MappingProxyType({language: _load(language) for language in Language})
