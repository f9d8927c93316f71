"""A form for one step, made from its payload: which fields, what to choose from, what stands in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier, Mandate
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Organisation
from handover.domain.threads import Thread
from handover.web.ui import header
from handover.web.ui.dates import for_input, rounded
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.glossary import explained
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, Wrong, row_count

_RADIO_MOST = 5
_FIRST_ROWS, _MORE_ROWS = 2, 2
_NOW = {"attemptedAt", "contactedAt"}
_TODAY = {"checkedOn", "endedOn", "heldOn"}
_SIGNED = {"assessedBy", "decidedBy"}
"""Who signs: only for oneself."""
_NAMES_OTHERS = {"asked", "participantInvited"}
"""Steps whose `counsellor` works elsewhere."""
_OCMW, _VDAB = OrganisationKind.OCMW, OrganisationKind.VDAB
_RECEIVERS = {
    ("label.requested", _OCMW): {_VDAB},
    ("label.requested", _VDAB): {_OCMW},
    ("nonCooperation.observed", _VDAB): {_OCMW},
}
_KEPT = {"title", "startsOn", "endsOn", "workplace", "function", "hoursPerWeek"}
"""Facts of a running plan or contract: a later step starts from them, so that nobody types them again."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    value: str
    label: str
    group: str = ""


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

    def fields(self, typed: Typed, wrong: Mapping[str, Wrong], *, more: str = "") -> list[Field]:
        """Give the fields with what stands in them; `more` names a repeated field that gets more rows."""
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
        elif shape.name in _SIGNED or (shape.name in {"counsellor", "contact"} and shape.required):
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
        others = [o for o in others if self._may_receive(o)]
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
        field = Field(
            name=name,
            # A row may be left empty as a whole, so no part of it is required by itself.
            shape=replace(shape, required=False) if within else shape,
            label=label,
            help="" if within else explained(t, label, help_text, self.prefix + name),
            values=tuple(typed.get(name, ())),
            error=t(error.key, **error.values) if error else "",
            choices=self._choices(shape),
            prefix=self.prefix,
        )
        return replace(field, rows=self._rows(shape, typed, wrong, more)) if shape.widget is Widget.ROWS else field

    def _rows(self, shape: Shape, typed: Typed, wrong: Mapping[str, Wrong], more: str) -> tuple[tuple[Field, ...], ...]:
        count = max(row_count(shape, typed), _FIRST_ROWS) + (_MORE_ROWS if more == shape.name else 0)
        return tuple(
            tuple(self._field(part, typed, wrong, more="", within=f"{shape.name}.{n}.") for part in shape.parts)
            for n in range(count)
        )

    def _choices(self, shape: Shape) -> tuple[Choice, ...]:  # noqa: PLR0911 - one return per kind of choice
        t, people = self.page.t, self.page.people
        match shape.widget:
            case Widget.CODE | Widget.CODES:
                return tuple(Choice(str(code), t.code(code)) for code in shape.codes)
            case Widget.LANGUAGE:
                found = [Choice(key[9:], t(key)) for key in t if key.startswith("language.")]
                return tuple(sorted(found, key=lambda choice: choice.label))
            case Widget.LEGAL_BASIS:
                today = self.page.dates.today
                bases = people.directory.legal_bases.values()
                return tuple(Choice(b.legal_basis_id, b.title) for b in bases if b.in_force(today))
            case Widget.ORGANISATION | Widget.ORGANISATIONS:
                return self._organisations(shape)
            case Widget.THREAD:
                return self._threads()
            case Widget.MANDATE:
                return tuple(Choice(str(m.mandate_id), self._mandate(m)) for m in self.dossier.standing_mandates)
            case Widget.COUNSELLOR:
                return self._counsellors(shape)
            case _:
                return ()

    def _organisations(self, shape: Shape) -> tuple[Choice, ...]:
        people, own, dossier = self.page.people, self.page.own, self.dossier
        if shape.name == "organisation" and self.event_type == "dossier.inscriptionClosed":
            inside = [i.organisation for i in dossier.inscriptions if i.active]
            mine = [o for o in inside if own in {o, dossier.lead.organisation}]
            return tuple(Choice(o, people.organisation(o)) for o in mine)
        return tuple(
            Choice(o.organisation_id, o.name)
            for o in people.others(own)
            if (shape.name != "lead" or o.kind is not OrganisationKind.PARTNER)
            and (shape.name != "receiver" or self._may_receive(o))
        )

    def _may_receive(self, organisation: Organisation) -> bool:
        """Leave out whom the step cannot go to by the tables' own guards."""
        among = _RECEIVERS.get((self.event_type, self.page.caller.organisation.kind))
        return among is None or organisation.kind in among

    def _threads(self) -> tuple[Choice, ...]:
        """Give the processes that a step can be about: those we see, open ones first."""
        seen = sorted(self.dossier.threads_seen_by(self.page.own), key=lambda th: (not th.is_open, th.opened_at))
        return tuple(Choice(str(th.thread_id), header.title_of(self.page, th)) for th in seen)

    def _mandate(self, mandate: Mandate) -> str:
        t, people = self.page.t, self.page.people
        words = f"{t.code(mandate.scope)} ({people.organisation(mandate.given_to)})"
        if mandate.shared_with:
            words += f" → {people.organisation(mandate.shared_with)}"
        return f"{words}, {self.page.dates.plain(mandate.given_on)}"

    def _counsellors(self, shape: Shape) -> tuple[Choice, ...]:
        people, own = self.page.people, self.page.own
        if shape.name == "replaced":
            now = [c.counsellor for c in self.dossier.contacts if c.organisation == own and c.until is None]
            return tuple(Choice(c, people.counsellor(c)) for c in now)
        if shape.name in _SIGNED and self.page.caller.counsellor_id:
            own_name = self.page.caller.counsellor_id
            return (Choice(own_name, people.counsellor(own_name)),)
        if shape.name == "otherCounsellor" or self.event_type.partition(".")[2] in _NAMES_OTHERS:
            return tuple(
                Choice(c.counsellor_id, c.name, o.name)
                for o in people.others(own)
                for c in people.of(o.organisation_id)
            )
        return tuple(Choice(c.counsellor_id, c.name) for c in people.of(own))


def payload_of(event_type: str, data: Mapping[str, object]) -> Payload:
    """Give the checked payload. Raises msgspec.ValidationError for what no field's own check found."""
    return msgspec.convert(data, EVENT_TYPES[event_type].strict)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
