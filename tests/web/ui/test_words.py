"""No text is missing, in either language."""

import re
from pathlib import Path
from string import Formatter

import pytest

import handover.web
from handover.domain import refusals
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.threads import ENDED, Turn
from handover.record.handle import Contended, KeyReused
from handover.web.ui.fields import shapes_of
from handover.web.ui.words import WORDS, Language

_SOURCES = Path(handover.web.__file__).parent
_USED = re.compile(r"""\bt(?:\.count|\.first)?\(\s*["']([a-z_]+\.[A-Za-z_.]+)["']""")
LANGUAGES = pytest.mark.parametrize("language", list(Language))


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    dutch, english = WORDS[Language.NL], WORDS[Language.EN]
    assert set(dutch) == set(english)
    for key in dutch:
        assert _places(dutch._table[key]) == _places(english._table[key]), key  # noqa: SLF001 - the bare sentence
        assert dutch._table[key].strip()  # noqa: SLF001
        assert english._table[key].strip()  # noqa: SLF001


@LANGUAGES
def test_every_key_that_a_screen_names_is_there(language: Language) -> None:
    files = [*(_SOURCES / "templates").glob("*.html"), *(_SOURCES / "ui").glob("*.py")]
    used = {key for file in files for key in _USED.findall(file.read_text("utf-8"))}
    assert len(used) > 60
    words = WORDS[language]
    missing = {k for k in used if k not in words and f"{k}_one" not in words and not k.endswith(("_", "."))}
    assert missing == set()


@LANGUAGES
def test_every_event_type_has_its_words(language: Language) -> None:
    words = WORDS[language]
    for name, event_type in EVENT_TYPES.items():
        short = name.partition(".")[2]
        for which, needed in (("title", True), ("news", True), ("do", event_type.is_posted)):
            assert any(f"event.{n}.{which}" in words for n in (name, short)) is needed, (name, which)
        for shape in shapes_of(name):
            assert f"field.{shape.name}" in words, shape.name
            for part in shape.parts:
                assert f"field.{part.name}" in words or f"part.{shape.name}.{part.name}" in words, part.name
            for code in shape.codes:
                assert words.code(code)


@LANGUAGES
def test_every_state_in_which_someone_waits_has_its_sentences(language: Language) -> None:
    words, seen = WORDS[language], 0
    for kind in KINDS:
        for row in kind.table:
            process = row.topic or kind.name
            assert row.on_dossier or f"process.{process}" in words
            waits = row.to not in ENDED and row.turn is not Turn.NOBODY
            # One-sided or not: the ladder, or an invitation, brings it to the other side as well.
            for side in ("yours", "theirs") if waits and not row.on_dossier else ():
                for part in ("said", "expected"):
                    keys = [f"{side}.{process}.{name}.{part}" for name in (row.name, row.to)]
                    assert any(key in words for key in keys), (side, process, row.name, row.to)
                    seen += 1
            assert row.on_dossier or f"status.{row.to}" in words
    assert seen > 160


@LANGUAGES
def test_every_refusal_has_its_sentence(language: Language) -> None:
    words = WORDS[language]
    # InvalidField is told beside its field, in the words of that field.
    own = [c for c in refusals.Refusal.__subclasses__() if c is not refusals.InvalidField]
    assert {KeyReused, Contended, refusals.WrongState} <= set(own)
    for refusal in own:
        assert f"refusal.{refusal.name}" in words
