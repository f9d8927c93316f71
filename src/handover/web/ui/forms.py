"""A form for one step, made from its payload: which fields, what to choose from, what stands in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.threads import Thread
from handover.web.ui.choices import SIGNED, Choice, Chooser, Finder
from handover.web.ui.dates import for_input, rounded
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.glossary import explained
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, Wrong, row_count

_RADIO_MOST = 5
_FIRST_ROWS, _MORE_ROWS = 2, 2
_NOW = {"attemptedAt", "contactedAt"}
_TODAY = {"checkedOn", "endedOn", "heldOn"}
_KEPT = {"title", "startsOn", "endsOn", "workplace", "function", "hoursPerWeek"}
"""Facts of a running plan or contract: a later step starts from them, so that nobody types them again."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it stands in the form."""

    name: str
    shape: Shape
    label: str
    help: str
    values: tuple[str, ...]
    error: str
    choices: tuple[Choice, ...] = ()
    rows: tuple[tuple["Field", ...], ...] = ()
    prefix: str = "f-"
    finder: Finder | None = None

    @property
    def id(self) -> str:
        """The id of its input in the page."""
        return self.prefix + self.name.replace(".", "-")

    @property
    def value(self) -> str:
        """What stands in it."""
        return self.values[0] if self.values else ""

    @property
    def kind(self) -> str:
        """How the template draws it."""
        widget = self.shape.widget
        if widget is Widget.CODE:
            return "radios" if len(self.choices) <= _RADIO_MOST and "." not in self.name else "select"
        return _DRAWN.get(widget, str(widget))

    @property
    def described_by(self) -> str:
        """The ids of what explains it."""
        parts = [f"{self.id}-help" if self.help else "", f"{self.id}-error" if self.error else ""]
        return " ".join(part for part in parts if part)

    @property
    def target(self) -> str:
        """The id that a link to it goes to: of the first choice where there are several."""
        return f"{self.id}-0" if self.kind in {"radios", "codes"} else self.id


_DRAWN = {
    Widget.ORGANISATION: "select",
    Widget.COUNSELLOR: "select",
    Widget.LEGAL_BASIS: "select",
    Widget.LANGUAGE: "select",
    Widget.THREAD: "select",
    Widget.MANDATE: "select",
    Widget.ORGANISATIONS: "codes",
    Widget.EVENT: "hidden",
    Widget.REFERENCE: "line",
}


class Former:
    """Makes the fields of one step for one person."""

    def __init__(
        self, page: Page, dossier: Dossier, event_type: str, thread: Thread | None, *, prefix: str = "f-"
    ) -> None:
        self.page, self.dossier, self.event_type, self.thread = page, dossier, event_type, thread
        self.prefix = prefix
        self.chooser = Chooser(page, dossier, event_type)

    def fields(self, typed: Typed, wrong: Mapping[str, Wrong], *, more: str = "") -> list[Field]:
        """Give the fields with what stands in them; `more` names a field that gets more rows, or is looked for."""
        return [self._field(shape, typed, wrong, more=more) for shape in shapes_of(self.event_type)]

    def start(self, earlier: Sequence[Payload]) -> dict[str, list[str]]:
        """Give what stands in a fresh form: what is known or likely after the thread's `earlier` steps."""
        now, found = self.page.services.clock.now(), dict[str, list[str]]()
        kept: dict[str, object] = {}
        for payload in earlier:
            kept |= msgspec.to_builtins(payload)
        for shape in shapes_of(self.event_type):
            likely = self._likely(shape, now)
            if shape.name in _KEPT and shape.name in kept:
                likely = _plain(kept[shape.name])
            if likely:
                found[shape.name] = [likely]
        return found

    def _likely(self, shape: Shape, now: datetime) -> str:
        likely = ""
        if shape.name in _NOW:
            likely = for_input(rounded(now))
        elif shape.name in _TODAY:
            likely = local_day(now).isoformat()
        elif shape.name in SIGNED or (shape.name in {"counsellor", "contact"} and shape.required):
            likely = self.page.caller.counsellor_id
        elif shape.name == "targetGroup":
            likely = str(self.dossier.target_group)
        elif shape.widget is Widget.LEGAL_BASIS:
            own = self.dossier.inscription_of(self.page.own)
            likely = own.legal_basis_id if own else ""
        elif shape.widget is Widget.EVENT:
            likely = self.page.request.query_params.get("event", "")
        elif shape.widget is Widget.MANDATE and len(self.dossier.standing_mandates) == 1:
            likely = str(self.dossier.standing_mandates[0].mandate_id)
        elif shape.name == "receiver" and shape.required:
            likely = self._likely_receiver()
        return likely

    def _likely_receiver(self) -> str:
        """An OCMW mostly refers to VDAB, VDAB to the OCMW that is in the dossier."""
        others = self.page.people.others(self.page.own)
        others = [o for o in others if self.chooser.may_receive(o)]
        inside = [o for o in others if self.dossier.inscription_of(o.organisation_id)]
        vdab = [o for o in others if o.kind is OrganisationKind.VDAB]
        likely = [o for o in inside if o.kind is not OrganisationKind.PARTNER] or vdab
        return likely[0].organisation_id if len(likely) == 1 else ""

    def _field(self, shape: Shape, typed: Typed, wrong: Mapping[str, Wrong], *, more: str, within: str = "") -> Field:
        t, name = self.page.t, within + shape.name
        error = wrong.get(name)
        whole = within.partition(".")[0]
        keys = (
            f"field.{self.event_type}.{shape.name}",
            f"field.{self.event_type.partition('.')[2]}.{shape.name}",
            f"part.{whole}.{shape.name}",
            f"field.{shape.name}",
        )
        help_key = f"help.{shape.name}"
        label = t.first(*keys)
        help_text = t(help_key) if help_key in t and not within else ""
        choices, given = self.chooser.of(shape, typed, name), tuple(typed.get(name, ()))
        field = Field(
            name=name,
            # A row may be left empty as a whole, so no part of it is required by itself.
            shape=replace(shape, required=False) if within else shape,
            label=label,
            help="" if within else explained(t, label, help_text, self.prefix + name),
            values=given if more != name or not choices.only else _with_found(shape, given, choices.only),
            error=t(error.key, **error.values) if error else "",
            choices=choices.listed,
            finder=choices.finder,
            prefix=self.prefix,
        )
        return replace(field, rows=self._rows(shape, typed, wrong, more)) if shape.widget is Widget.ROWS else field

    def _rows(self, shape: Shape, typed: Typed, wrong: Mapping[str, Wrong], more: str) -> tuple[tuple[Field, ...], ...]:
        count = max(row_count(shape, typed), _FIRST_ROWS) + (_MORE_ROWS if more == shape.name else 0)
        return tuple(
            tuple(self._field(part, typed, wrong, more="", within=f"{shape.name}.{n}.") for part in shape.parts)
            for n in range(count)
        )


def payload_of(event_type: str, data: Mapping[str, object]) -> Payload:
    """Give the checked payload. Raises msgspec.ValidationError for what no field's own check found."""
    return msgspec.convert(data, EVENT_TYPES[event_type].strict)


def _with_found(shape: Shape, given: tuple[str, ...], found: str) -> tuple[str, ...]:
    """Who looked for somebody and found one, meant that one."""
    return (*given, found) if shape.widget is Widget.ORGANISATIONS else (found,)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
