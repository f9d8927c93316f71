"""What one OCMW and VDAB agreed: contacts, answer times that replace the defaults, the priority line.

Source: Pact 4.2 and 8.2 (a fixed contact, concrete answer times, a *samenwerkingslijn* whose clients VDAB follows
with priority, all written down in the cooperation agreement).
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from handover.domain.fields import CounsellorId, Line, OrganisationId

AnswerTime = Annotated[int, Meta(ge=1, le=365)]
"""In the unit of the rule that it replaces: working days, days or months."""


class _Term(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    pass


class Absence(_Term, frozen=True, kw_only=True):
    """Days on which the fixed contact is away, both ends included."""

    first: date
    last: date


class Desk(_Term, frozen=True, kw_only=True):
    """Whom to turn to at one side before somebody is named for a client."""

    fixed_contact: CounsellorId | None = None
    substitute: CounsellorId | None = None
    absences: tuple[Absence, ...] = ()
    """Of the fixed contact; the substitute stands in on these days."""
    team: Line | None = None
    coordinator: CounsellorId | None = None

    def away(self, on: date) -> bool:
        """Tell whether the fixed contact is absent on that day."""
        return any(a.first <= on <= a.last for a in self.absences)

    def first_in_line(self, on: date, works_here: Callable[[str], bool]) -> tuple[str, str]:
        """Give the counsellor who takes a turn on that day, or the team ("" for what there is not).

        The fixed contact, else the substitute, else the team, else the coordinator. Who works there no more is
        passed over.
        """
        fixed = None if self.away(on) else self.fixed_contact
        for counsellor in (fixed, self.substitute):
            if counsellor and works_here(counsellor):
                return counsellor, ""
        if self.team:
            return "", self.team
        return (self.coordinator, "") if self.coordinator and works_here(self.coordinator) else ("", "")


class PriorityLine(_Term, frozen=True, kw_only=True):
    """Clients whom VDAB follows with priority (*samenwerkingslijn*): own contacts, own answer times."""

    ocmw_contact: CounsellorId | None = None
    vdab_contact: CounsellorId | None = None
    answer_times: dict[str, AnswerTime] = {}


class Terms(_Term, frozen=True, kw_only=True):
    """What was agreed. `answer_times` is by event type: the answer that is due after that event."""

    ocmw_desk: Desk = Desk()
    vdab_desk: Desk = Desk()
    answer_times: dict[str, AnswerTime] = {}
    priority_line: PriorityLine | None = None


class Agreement(Struct, frozen=True, kw_only=True):
    """A cooperation agreement (*samenwerkingsovereenkomst*) between one OCMW and VDAB, with its period."""

    agreement_id: UUID
    ocmw: OrganisationId
    vdab: OrganisationId
    terms: Terms
    valid_from: date
    valid_until: date | None = None

    def in_force(self, on: date) -> bool:
        """Tell whether it holds on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def desk_of(self, organisation_id: str) -> Desk:
        """Give one side's desk; an empty one for who is no side of it."""
        if organisation_id == self.ocmw:
            return self.terms.ocmw_desk
        return self.terms.vdab_desk if organisation_id == self.vdab else Desk()

    def line_contact(self, organisation_id: str) -> str:
        """Give who takes turns for clients on the priority line at that side, or ""."""
        line = self.terms.priority_line
        if line is None:
            return ""
        found = {self.ocmw: line.ocmw_contact, self.vdab: line.vdab_contact}.get(organisation_id)
        return found or ""

    def answer_time(self, event_type: str, *, priority: bool) -> int | None:
        """Give the agreed answer time after an event, or None where the default holds."""
        line = self.terms.priority_line if priority else None
        own = line.answer_times.get(event_type) if line else None
        return own if own is not None else self.terms.answer_times.get(event_type)
