"""Answers of the reference data and the directory, as the API description shows them; see `views`."""

from datetime import date
from typing import Any

from pydantic import Field

from handover.domain.codes import OrganisationKind
from handover.domain.codes_training import Instrument
from handover.domain.fields import Visibility
from handover.domain.threads import By, Turn
from handover.web.api.views import Page, View


class EventTypeView(View):
    """One row of the tables: an event in these states, by this side, leads there; `example` can be posted.

    `after`: only right after one of these steps. `when`: which of several rows holds. `guards`: what else is checked.
    `everyThread`: every thread of every kind has it.
    """

    type: str
    thread_kind: str
    topic: str | None = None
    opens_with: list[str] | None = None
    from_: list[str] = Field(alias="from")
    to: str
    by: By
    required: list[str]
    optional: list[str]
    visibility: dict[str, Visibility]
    turn: Turn
    due: str | None = None
    after: list[str] | None = None
    when: str | None = None
    guards: list[str] | None = None
    every_thread: bool | None = None
    example: dict[str, Any]
    posted: bool
    description: str
    href: str


class EventTypes(Page):
    """Event types."""

    items: list[EventTypeView]


class InstrumentView(View):
    """A training instrument explained, by language (nl, en): `what`, `suits`, `endsIn`, `ask`."""

    instrument: Instrument
    label: dict[str, str]
    explained: dict[str, dict[str, str]]
    href: str


class TrainingGuide(Page):
    """The guide to training instruments."""

    items: list[InstrumentView]


class LegalBasisView(View):
    """A published protocol or deliberation, with the purposes it allows."""

    legal_basis_id: str
    title: str
    reference: str
    purposes: list[str]
    valid_from: date
    valid_until: date | None = None
    href: str


class LegalBases(Page):
    """Legal bases."""

    items: list[LegalBasisView]


class CodeListView(View):
    """A code list."""

    name: str
    href: str


class CodeLists(Page):
    """Code lists."""

    items: list[CodeListView]


class Labels(View):
    """Words for a code."""

    nl: str
    fr: str
    de: str
    en: str


class CodeView(View):
    """A code and its words. `means`: the code of ours that one of another system's stands for."""

    code: str
    label: Labels
    href: str
    means: str | None = None


class Codes(Page):
    """The codes of a list."""

    items: list[CodeView]


class OrganisationView(View):
    """An organisation and whom to call; `coordinator` is a counsellor's id."""

    organisation_id: str
    kind: OrganisationKind
    enterprise_number: str
    name: str
    phone: str | None = None
    email: str | None = None
    coordinator: str | None = None
    href: str
    counsellors: str


class Organisations(Page):
    """Organisations that take part."""

    items: list[OrganisationView]


class CounsellorView(View):
    """Who works there and how to reach them."""

    counsellor_id: str
    organisation: str
    name: str
    team: str | None = None
    function: str | None = None
    phone: str | None = None
    email: str | None = None
    href: str


class Counsellors(Page):
    """An organisation's counsellors."""

    items: list[CounsellorView]
