"""Who sees which field: one decision per field class, applied on read, on delivery and on the screen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from handover.domain.dossier import Dossier, Inscription, Mandate
from handover.domain.fields import Visibility
from handover.domain.kinds import EVENT_TYPES, KIND
from handover.domain.parties import Directory
from handover.domain.policy import narrowed

_OPEN_CLASSES = frozenset({Visibility.STEP, Visibility.CONTENT})
_STEP_ONLY = frozenset({Visibility.STEP})
_ALL = frozenset(Visibility)
_PLAIN_TYPES = frozenset(
    name for name, event_type in EVENT_TYPES.items() if set(event_type.visibility.values()) <= _OPEN_CLASSES
)
"""Event types that hold nothing beyond step and content: most of them, and the quick way for a timeline."""


@dataclass(frozen=True, slots=True)
class Reader:
    """An organisation that reads a dossier on a day: its inscription, and the mandates that name it.

    `granted`: the classes that the policy grants to who reads for it (`domain.policy`); all: for the organisation.
    """

    inscription: Inscription
    mandates: tuple[Mandate, ...]
    directory: Directory
    on: date
    granted: frozenset[Visibility] = _ALL

    @classmethod
    def of(
        cls,
        dossier: Dossier,
        inscription: Inscription,
        directory: Directory,
        *,
        on: date,
        granted: frozenset[Visibility] = _ALL,
    ) -> "Reader":
        """Give the reader behind an inscription."""
        return cls(inscription, dossier.mandates_for(inscription.organisation), directory, on, granted)

    def classes(self, event_type: str, author: str) -> frozenset[Visibility]:
        """Give the field classes that the reader sees in an event of that type by organisation `author`."""
        found = self._of_organisation(event_type, author)
        return narrowed(found, self.granted, own=self.inscription.organisation == author)

    def _of_organisation(self, event_type: str, author: str) -> frozenset[Visibility]:
        """Give what the organisation sees.

        The legal basis, not consent, opens `step` and `content`, and only for the purposes that it allows.
        `confidential` stays with the organisation that wrote it until the client's mandate shares it.
        """
        own = self.inscription.organisation
        if own == author:
            return _ALL
        kind = KIND[event_type.partition(".")[0]]
        basis = self.directory.legal_bases.get(self.inscription.legal_basis_id)
        if basis is None or not basis.in_force(self.on) or not basis.purposes:
            return _STEP_ONLY
        if kind.purpose and kind.purpose not in basis.purposes:
            return _STEP_ONLY
        shared = kind.mandate_opens and any(m.opens(author, own) and m.active(self.on) for m in self.mandates)
        return _OPEN_CLASSES | {Visibility.CONFIDENTIAL} if shared else _OPEN_CLASSES

    def redacted(self, event_type: str, author: str, data: Iterable[str]) -> tuple[str, ...]:
        """Name the fields that are there but left out, so that the reader knows that something was withheld.

        Texts always; confidential fields only to whom a mandate once opened them: that they exist is itself
        something to know. Internal ones never.
        """
        classes = self.classes(event_type, author)
        once = KIND[event_type.partition(".")[0]].mandate_opens and any(
            m.opens(author, self.inscription.organisation) for m in self.mandates
        )
        told = {Visibility.CONTENT, Visibility.CONFIDENTIAL} if once else {Visibility.CONTENT}
        table = EVENT_TYPES[event_type].visibility
        return tuple(name for name in data if (level := table.get(name)) in told and level not in classes)


def shows_all(event_type: str, classes: frozenset[Visibility]) -> bool:
    """Tell whether nothing has to be left out of events of this type."""
    return classes >= _OPEN_CLASSES and (event_type in _PLAIN_TYPES or len(classes) == len(Visibility))


def visible_data(event_type: str, data: Mapping[str, object], classes: frozenset[Visibility]) -> dict[str, object]:
    """Leave out the fields of other classes, by their names on the wire."""
    table = EVENT_TYPES[event_type].visibility
    return {name: value for name, value in data.items() if table.get(name, Visibility.INTERNAL) in classes}
