"""No text is missing, in any language."""

import re
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import cast

import pytest

import handover.web
from handover.domain import refusals
from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import BY_AGREEMENT
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.kinds.common import EVERYWHERE
from handover.domain.passing import LADDER
from handover.domain.threads import ENDED, UNCHANGED, Status, Turn
from handover.record.handle import Contended, KeyReused
from handover.record.lookups import SsinReplaced
from handover.web.problems import STATUS_OF_REFUSAL
from handover.web.ui.fields import Widget, shapes_of
from handover.web.ui.header import rule_text
from handover.web.ui.pages import Page
from handover.web.ui.words import WORDS, Language

_SOURCES = Path(handover.web.__file__).parent
_USED = re.compile(r"""\bt(?:\.count|\.first)?\(\s*["']([a-z_]+\.[A-Za-z_.]+)["']""")
LANGUAGES = pytest.mark.parametrize("language", list(Language))


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _sentences(language: Language) -> dict[str, tuple[str, ...]]:
    """Give the forms of each message by its key: one, or as many as the language counts."""
    found = {}
    for message in WORDS[language].catalogue:
        if message.id:
            key = str(message.id[0] if isinstance(message.id, tuple) else message.id)
            found[key] = message.string if isinstance(message.string, tuple) else (str(message.string),)
    return found


@LANGUAGES
def test_no_message_is_missing_in_any_language(language: Language) -> None:
    dutch, here = _sentences(Language.NL), _sentences(language)
    assert set(dutch) == set(here)
    assert len(here) > 1000
    for key, forms in here.items():
        assert all(form.strip() for form in forms), key
        assert len(forms) == len(dutch[key]), key
        places = set().union(*map(_places, dutch[key]))
        for form in forms:
            # "1 dag" need not say {n}.
            assert _places(form) <= places, key
            assert places - _places(form) <= {"n"} if len(forms) > 1 else _places(form) == places, key
    fuzzy = [message.id for message in WORDS[language].catalogue if message.id and message.fuzzy]
    assert fuzzy == [], "a message that someone still doubts"


@LANGUAGES
def test_a_language_counts_as_its_speakers_do(language: Language) -> None:
    words = WORDS[language]
    assert words.count("due.late", 1) != words.count("due.late", 2).replace("2", "1")
    none_is_one = words.count("due.late", 0).replace("0", "1") == words.count("due.late", 1)
    assert none_is_one is (language is Language.FR)


@pytest.mark.parametrize("language", [Language.FR, Language.DE, Language.EN])
def test_a_translation_is_one(language: Language) -> None:
    dutch, here = _sentences(Language.NL), _sentences(language)
    sentences = [key for key, (first, *_) in dutch.items() if len(first.split()) > 3]
    assert len(sentences) > 500
    assert [key for key in sentences if here[key] == dutch[key]] == []


@LANGUAGES
def test_every_key_that_a_screen_names_is_there(language: Language) -> None:
    files = [*(_SOURCES / "templates").glob("*.html"), *(_SOURCES / "ui").glob("*.py")]
    used = {key for file in files for key in _USED.findall(file.read_text("utf-8"))}
    assert len(used) > 60
    words = WORDS[language]
    missing = {k for k in used if k not in words and not k.endswith(("_", "."))}
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
def test_what_every_thread_has_is_said_once_for_all_kinds(language: Language) -> None:
    words = WORDS[language]
    for row in EVERYWHERE:
        assert f"event.{row.name}.title" in words
        for kind in KINDS:
            own = f"event.{kind.name}.{row.name}.title"
            assert own not in words, "one sentence serves all kinds"
            assert words.event(f"{kind.name}.{row.name}", "title") == words(f"event.{row.name}.title")


_SHAPES = [shape for name in EVENT_TYPES for shape in shapes_of(name)]
_FIELDS = {shape.name for shape in _SHAPES} | {"ssin"}
_PARTS = {part.name for shape in _SHAPES for part in shape.parts}
_SHORT = {name.partition(".")[2] for name in EVENT_TYPES}
_PROCESSES = {row.topic or kind.name for kind in KINDS for row in kind.table} | {kind.name for kind in KINDS}
_STATES = {str(status) for status in Status} | {"contact"}


def _is_field(event: str, name: str) -> bool:
    return name in _FIELDS | _PARTS if event in {"", "shown"} else event in {*EVENT_TYPES, *_SHORT} and name in _FIELDS


def _is_sentence(process: str, which: str) -> bool:
    process, _, name = process.partition(".")
    return process in _PROCESSES and name in _STATES | _SHORT and which in {"said", "expected"}


_NAMES: dict[str, Callable[[str, str], bool]] = {
    "event": lambda event, which: event in {*EVENT_TYPES, *_SHORT} and which in {"title", "news", "do"},
    "field": _is_field,
    "help": lambda _, name: name in _FIELDS,
    "part": lambda whole, name: whole in _FIELDS and name in _PARTS,
    "process": lambda _, name: name in _PROCESSES,
    "group": lambda _, name: name in _PROCESSES,
    "status": lambda process, name: process in _PROCESSES | {""} and name in _STATES,
    "yours": _is_sentence,
    "theirs": _is_sentence,
}
"""By the first part of a key: whether what stands between, and its last part, name something that there is."""


def _names(key: str) -> bool:
    root, _, rest = key.partition(".")
    between, _, last = rest.rpartition(".")
    return root not in _NAMES or _NAMES[root](between, last)


def test_no_word_is_left_of_what_no_longer_exists() -> None:
    assert [key for key in WORDS[Language.NL] if not _names(key)] == []


@LANGUAGES
def test_a_step_that_is_read_back_has_labels_and_no_questions(language: Language) -> None:
    words = WORDS[language]
    for name in EVENT_TYPES:
        for shape in shapes_of(name):
            if shape.widget in {Widget.EVENT, Widget.MANDATE, Widget.THREAD}:
                continue  # they lead to something else in the dossier, and are not written out
            label = words.first(f"field.shown.{shape.name}", f"field.{shape.name}")
            assert not label.endswith("?"), (name, shape.name, label)


@LANGUAGES
def test_a_field_that_others_do_not_see_says_so_in_the_form(language: Language) -> None:
    words, hidden = WORDS[language], set()
    for name in EVENT_TYPES:
        for shape in shapes_of(name):
            if shape.visibility not in _OWN[language]:
                continue
            keys = [f"field.{name}.{shape.name}", f"field.{name.partition('.')[2]}.{shape.name}"]
            told = words.first(*keys, f"field.{shape.name}")
            told += words(f"help.{shape.name}") if f"help.{shape.name}" in words else ""
            assert _OWN[language][shape.visibility] in told, (name, shape.name)
            hidden.add(f"{name}.{shape.name}")
    assert len(hidden) > 10


_OWN = {
    Language.NL: {Visibility.CONFIDENTIAL: "ertrouwelijk", Visibility.INTERNAL: "lleen jouw organisatie"},
    Language.FR: {Visibility.CONFIDENTIAL: "onfidentiel", Visibility.INTERNAL: "eule votre organisation"},
    Language.DE: {Visibility.CONFIDENTIAL: "ertraulich", Visibility.INTERNAL: "ur Ihre Organisation"},
    Language.EN: {Visibility.CONFIDENTIAL: "onfidential", Visibility.INTERNAL: "nly your organisation"},
}


def _rules() -> set[str]:
    """The names of all rules that a due moment can come from, those of an agreement as well."""
    found: set[str] = set()
    open_ones = [row.due for kind in KINDS for row in kind.table]
    open_ones += [rule for kind in KINDS for _, rule in kind.restarts]
    while open_ones:
        rule = open_ones.pop()
        found |= {rule.name, rule.agreed(1).name, rule.agreed(2).name}
        open_ones += [rule.otherwise] if rule.otherwise else []
    return found - {"", UNCHANGED.name}


@LANGUAGES
def test_every_due_rule_has_its_text(language: Language) -> None:
    page = cast("Page", SimpleNamespace(t=WORDS[language]))
    rules = _rules()
    assert len(rules) > 20
    for rule in rules:
        text = rule_text(page, rule)
        assert text, rule
        assert "_" not in text, rule
        for number in re.findall(r"\b[0-9]+\b", rule):
            assert number in text, (rule, text)
        assert (text != rule_text(page, rule.removesuffix(BY_AGREEMENT))) is rule.endswith(BY_AGREEMENT)


@LANGUAGES
def test_every_kind_group_rung_and_language_has_its_word(language: Language) -> None:
    words = WORDS[language]
    needed = {f"{root}.{kind.name}" for kind in KINDS for root in ("group", "process")}
    needed |= {f"{root}.escalated_{told}" for told, _ in LADDER for root in ("inbox", "dossier")}
    needed |= {f"dossier.lane_{kind}" for kind in OrganisationKind}
    needed |= {f"language.{screen}" for screen in Language}
    assert {key for key in needed if key not in words} == set()


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
    assert set(own) == {*STATUS_OF_REFUSAL, SsinReplaced}, "all that are told over HTTP, wherever they are declared"
    for refusal in own:
        assert f"refusal.{refusal.name}" in words
