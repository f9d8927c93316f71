"""What may be agreed: who is named must work there, and only answer times that a table knows can be set otherwise."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from uuid import UUID

from msgspec import Struct

from handover.domain.agreements import Agreement, Desk, Terms
from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import DueRule
from handover.domain.fields import Day, OrganisationId
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Directory
from handover.domain.refusals import InvalidField, Refusal


class AgreementOverlaps(Refusal):
    """Another agreement between these two holds in that period. Change that one, or choose other dates."""

    name = "agreementOverlaps"
    title = "Agreements overlap"


class Proposed(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """An agreement as somebody writes it down; `ocmw` and `vdab` are its two parties."""

    ocmw: OrganisationId
    vdab: OrganisationId
    terms: Terms
    valid_from: Day
    valid_until: Day | None = None


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """An answer time that can be agreed otherwise: after which event, and what holds where nothing is agreed."""

    event_type: str
    rule: str
    count: int
    unit: str
    """`workingDays`, `days` or `months`."""


_UNITS = (("working days", "workingDays"), ("days", "days"), ("months", "months"))


@cache
def adjustable() -> dict[str, AnswerTime]:
    """Give every answer time that an agreement can set, by the event after which it counts."""
    found: dict[str, AnswerTime] = {}
    for name, event_type in EVENT_TYPES.items():
        for row in event_type.rows:
            rule = _counted(row.due)
            if rule and name not in found:
                count, unit = next(
                    (int(match[1]), unit)
                    for words, unit in _UNITS
                    if (match := re.search(rf"(\d+) {words}", rule.name))
                )
                found[name] = AnswerTime(name, rule.name, count, unit)
    return found


def _counted(rule: DueRule) -> DueRule | None:
    """Give the rule where its number can be set, or None."""
    return rule if rule.with_count else None


def check(proposed: Proposed, directory: Directory, others: Iterable[Agreement], own_id: UUID | None = None) -> None:
    """Refuse what cannot be agreed. `others` are the agreements there are; `own_id` is the one that is changed.

    Raises InvalidField for who or what does not exist, AgreementOverlaps.
    """
    for field, kind in (("ocmw", OrganisationKind.OCMW), ("vdab", OrganisationKind.VDAB)):
        organisation = directory.organisations.get(getattr(proposed, field))
        if organisation is None or organisation.kind is not kind:
            raise InvalidField(field, f"No such {kind.en}.", unknown_reference=True)
    if proposed.valid_until is not None and proposed.valid_until < proposed.valid_from:
        raise InvalidField("validUntil", "The agreement ends before it begins.")
    _check_desk("terms.ocmwDesk", proposed.terms.ocmw_desk, proposed.ocmw, directory)
    _check_desk("terms.vdabDesk", proposed.terms.vdab_desk, proposed.vdab, directory)
    _check_times("terms.answerTimes", proposed.terms.answer_times)
    line = proposed.terms.priority_line
    if line:
        _check_person("terms.priorityLine.ocmwContact", line.ocmw_contact, proposed.ocmw, directory)
        _check_person("terms.priorityLine.vdabContact", line.vdab_contact, proposed.vdab, directory)
        _check_times("terms.priorityLine.answerTimes", line.answer_times)
    for other in others:
        same = (other.ocmw, other.vdab) == (proposed.ocmw, proposed.vdab)
        if same and other.agreement_id != own_id and _overlap(other, proposed):
            raise AgreementOverlaps


def _check_desk(where: str, desk: Desk, organisation: str, directory: Directory) -> None:
    for name in ("fixed_contact", "substitute", "coordinator"):
        first, *rest = name.split("_")
        wire = first + "".join(word.title() for word in rest)
        _check_person(f"{where}.{wire}", getattr(desk, name), organisation, directory)
    if desk.substitute and desk.substitute == desk.fixed_contact:
        raise InvalidField(f"{where}.substitute", "Name somebody else than the fixed contact.")
    for absence in desk.absences:
        if absence.last < absence.first:
            raise InvalidField(f"{where}.absences", "An absence ends before it begins.")


def _check_person(where: str, counsellor: str | None, organisation: str, directory: Directory) -> None:
    if counsellor and directory.counsellor_of(organisation, counsellor) is None:
        raise InvalidField(where, f"No such counsellor at {organisation}.", unknown_reference=True)


def _check_times(where: str, times: dict[str, int]) -> None:
    for event_type in times:
        if event_type not in adjustable():
            detail = "No answer time can be agreed after that event. See GET /v1/refData/answerTimes."
            raise InvalidField(where, detail, unknown_reference=True)


def _overlap(one: Agreement, other: Proposed) -> bool:
    ends = (one.valid_until or date.max, other.valid_until or date.max)
    return max(one.valid_from, other.valid_from) <= min(ends)
