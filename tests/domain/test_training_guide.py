"""The guide explains every instrument, in every language, in sentences that a counsellor can say to a client."""

import re

import msgspec
import pytest

from handover.domain.codes_training import Instrument
from handover.domain.training_guide import GUIDE, Explained

OPENINGS = {
    "nl": {"suits": "Past bij ", "ends_in": "Eindigt ", "ask": "Vraag eerst: "},
    "fr": {"suits": "Convient à ", "ends_in": "Se termine ", "ask": "Demandez d'abord : "},
    "de": {"suits": "Passt zu ", "ends_in": "Endet ", "ask": "Fragen Sie zuerst: "},
    "en": {"suits": "Suits ", "ends_in": "Ends ", "ask": "Ask first: "},
}
ALL = [(language, instrument) for language in OPENINGS for instrument in Instrument]
_MOST_WORDS = 22


def test_no_language_and_no_instrument_is_missing() -> None:
    assert set(GUIDE) == set(OPENINGS)
    assert all(list(guide) == list(Instrument) for guide in GUIDE.values()), "in the order of the code list"


@pytest.mark.parametrize(("language", "instrument"), ALL)
def test_it_says_what_it_is_whom_it_suits_what_it_ends_in_and_what_to_ask(
    language: str, instrument: Instrument
) -> None:
    explained: Explained = GUIDE[language][instrument]
    for name, opening in OPENINGS[language].items():
        assert getattr(explained, name).startswith(opening)
    assert explained.ask.endswith("?")
    for text in msgspec.structs.astuple(explained):
        assert text[0].isupper()
        assert text[-1] in ".?"
        assert all(len(sentence.split()) <= _MOST_WORDS for sentence in re.split(r"(?<=[.?]) ", text))


@pytest.mark.parametrize("language", list(OPENINGS))
def test_no_two_instruments_are_explained_alike(language: str) -> None:
    told = [explained.what for explained in GUIDE[language].values()]
    assert len(set(told)) == len(Instrument)


def test_only_the_ibo_promises_a_contract() -> None:
    must_hire = {i for i, explained in GUIDE["nl"].items() if "moet de cliënt daarna aanwerven" in explained.ends_in}
    need_not = {i for i, explained in GUIDE["nl"].items() if "moet niemand aanwerven" in explained.ends_in}
    assert must_hire == {Instrument.IBO}
    assert need_not == {Instrument.OS, Instrument.BIS, Instrument.WES}
    same = {i for i, explained in GUIDE["en"].items() if "must hire" in explained.ends_in}
    assert same == must_hire
    assert {i for i, explained in GUIDE["en"].items() if "need not hire" in explained.ends_in} == need_not


def test_a_training_placement_is_told_as_part_of_a_course() -> None:
    assert "opleiding" in GUIDE["nl"][Instrument.OS].what
    assert "course" in GUIDE["en"][Instrument.OS].what
