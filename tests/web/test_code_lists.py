"""Every code list of the domain is served by itself, without anybody naming it."""

from importlib import import_module
from pathlib import Path

import handover.domain
from handover.adapters.vdab.reasons import VdabReason
from handover.domain.codes import Coded
from handover.domain.kinds import EVENT_TYPES
from handover.web.api.reference import CODE_LISTS, labels
from handover.web.ui.fields import Shape, shapes_of

_MODULES = sorted(path.stem for path in Path(handover.domain.__file__).parent.glob("codes*.py"))


def _declared() -> list[type[Coded]]:
    modules = [import_module(f"handover.domain.{name}") for name in _MODULES]
    return [
        found
        for module in modules
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Coded) and found.__module__ == module.__name__
    ]


def test_every_code_list_of_every_module_is_served_under_a_name_of_its_own() -> None:
    # The one list that is another system's, with what each of its codes means here.
    declared = [*(kind for kind in _declared() if kind is not Coded), VdabReason]
    assert len(_MODULES) >= 6
    assert len(declared) == len(CODE_LISTS), "two lists with one name would hide each other"
    assert set(declared) == set(CODE_LISTS.values())
    assert {"ticketTypes", "trainingRefusalReasons", "instruments", "nonCooperationOutcomes"} <= set(CODE_LISTS)


def test_every_code_that_a_field_can_hold_is_in_a_served_list() -> None:
    served = set(CODE_LISTS.values())

    def used(shapes: tuple[Shape, ...]) -> set[type[Coded]]:
        return {type(code) for s in shapes for code in s.codes} | {k for s in shapes for k in used(s.parts)}

    lists = set().union(*(used(shapes_of(name)) for name in EVENT_TYPES))
    assert len(lists) > 30
    assert lists <= served


def test_every_code_has_its_label_in_four_languages_and_no_label_is_there_twice() -> None:
    for name, kind in CODE_LISTS.items():
        for language in ("nl", "fr", "de", "en"):
            told = [labels(code)[language].strip() for code in kind]
            assert all(told), (name, language)
            assert len(set(told)) == len(told), (name, language)
