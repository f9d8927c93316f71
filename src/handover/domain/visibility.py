"""Who sees which field: one decision per field class, applied on read, on delivery and on the screen."""

from collections.abc import Mapping
from datetime import date

from handover.domain.dossier import Inscription
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Directory

_OPEN_CLASSES = frozenset({Visibility.STEP, Visibility.CONTENT})
_PLAIN_TYPES = frozenset(
    name for name, event_type in EVENT_TYPES.items() if set(event_type.visibility.values()) <= _OPEN_CLASSES
)
"""Event types that hold nothing beyond step and content: most of them, and the quick way for a timeline."""


def classes_for(inscription: Inscription, author: str, directory: Directory, *, on: date) -> frozenset[Visibility]:
    """Give the field classes that the holder of an inscription sees in an event of organisation `author`.

    The legal basis, not consent, opens `step` and `content`. `confidential` stays with the organisation that
    wrote it until a mandate shares it.
    """
    if inscription.organisation == author:
        return frozenset(Visibility)
    basis = directory.legal_bases.get(inscription.legal_basis_id)
    if basis is None or not basis.in_force(on) or not basis.purposes:
        return frozenset({Visibility.STEP})
    return _OPEN_CLASSES


def shows_all(event_type: str, classes: frozenset[Visibility]) -> bool:
    """Tell whether nothing has to be left out of events of this type."""
    return classes >= _OPEN_CLASSES and (event_type in _PLAIN_TYPES or len(classes) == len(Visibility))


def visible_data(event_type: str, data: Mapping[str, object], classes: frozenset[Visibility]) -> dict[str, object]:
    """Leave out the fields of other classes, by their names on the wire."""
    table = EVENT_TYPES[event_type].visibility
    return {name: value for name, value in data.items() if table.get(name, Visibility.INTERNAL) in classes}
