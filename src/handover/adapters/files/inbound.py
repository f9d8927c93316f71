"""From a file to what should be so in the dossiers of its organisation. Pure: it asks nobody anything.

A row is known by the organisation's own reference, of which the memory of the import holds a digest: so a row may move
in the file, and a mark holds nothing that a person could read a national number from.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeVar

from handover.adapters.files import cells
from handover.adapters.files.cells import SSIN_DIGITS, Cell, Unreadable
from handover.adapters.files.columns import EXAMPLE, Came, Kind, StepKind
from handover.adapters.files.processes import StepRow, process_of
from handover.adapters.files.reading import Document, Row, Sheet
from handover.adapters.kit.contract import Reject, unfit_fields
from handover.adapters.kit.plan import Coach, Opening, Origin, Placement, Plan, Process, key_of
from handover.domain.codes import Capacity, Coded, LeadKind, TargetGroup
from handover.domain.codes_follow_up import AbsenceReason, EndReason
from handover.domain.deadlines import BRUSSELS
from handover.domain.dossier import Dossier
from handover.domain.identity import is_ssin, same_name

_DIGEST_FROM: Final = 1 << 62
_NOBODY_ELSE: Final = "client"
_WORDS: Final = {
    "missing": "is empty and must be filled in",
    "tooLong": "is too long",
    "notADay": "is not a day such as 31/12/2026",
    "noSuchDay": "is a day that does not exist, or too far away",
    "notATime": "is not a time such as 14:30",
    "notANumber": "is not a number such as 19 or 19,5",
    "notASsin": "is not a national number: 11 digits",
    "wrongSsin": "is a national number whose digits do not fit together",
    "notACode": "is none of the words on the list of codes",
    "inFuture": "lies in the future",
    "unfit": "cannot be kept as it is written",
    "twice": "stands in an earlier row too",
    "isANumber": "is a national number: take the number of the case in your own software",
    "collision": "cannot be told from another row: change it",
    "notThatClient": "is not that of the client with this reference in the other sheet",
    "needsSsin": "is needed: the client is not in this file",
    "noDossier": "has no dossier of yours yet: bring the client in first",
    "endsBefore": "lies before the begin",
    "outcomeNotHere": "does not go with this kind of step, or its end is missing",
    "notYet": "is filled in, and the appointment is still to come",
    "unknownCounsellor": "is nobody of this organisation: give the email or the identifier",
    "needsLead": "is needed for this target group: ocmw or vdab",
    "needsLeadName": "is needed for this target group",
    "notThisPerson": "differs from the dossier with this national number: check the identity document",
    "closed": "is of a dossier that your organisation no longer follows: open it again in handover",
    "replaced": "was replaced by another national number: correct it in your own system",
    "colleagues": "is of a client with whom colleagues work: let them or a coordinator bring this row in",
    "client": "is of a client who could not be placed",
}
"""What is wrong with a field, for who reads English; a screen has its own words by the code."""
_Code = TypeVar("_Code", bound=Coded)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Known:
    """A dossier that a national number leads to and the organisation is or was in."""

    dossier: Dossier
    follows: bool
    replaced: bool = False
    may_post: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a reading needs besides the file. `counsellors` gives an identifier for each name that a file may use."""

    organisation_id: str
    now: datetime
    allow_test_range: bool = False
    counsellors: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict, repr=False)

    @property
    def today(self) -> date:
        """The day in Brussels."""
        return self.now.astimezone(BRUSSELS).date()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file and the name under which plan and report speak of it."""

    sheet: int
    row: Row
    origin: Origin


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, understood: what should be so, and which row is which."""

    document: Document
    plan: Plan
    lines: tuple[Line, ...]


@dataclass(slots=True)
class _Client:
    opening: Opening
    origin: Origin
    counsellor: str | None
    processes: list[Process] = field(default_factory=list)


@dataclass(slots=True)
class _Draft:
    frame: Frame
    rejects: list[Reject] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    taken: dict[Origin, str] = field(default_factory=dict)
    clients: dict[str, _Client] = field(default_factory=dict)
    """By own reference; None of them twice, nor a national number."""
    failed: set[str] = field(default_factory=set)
    examples: int = 0
    by_ssin: dict[str, str] = field(default_factory=dict, repr=False)

    def reject(self, origin: Origin, why: Unreadable) -> None:
        reason = f"its {why.column or _NOBODY_ELSE} {_WORDS[why.code]}"
        self.rejects.append(Reject(origin.table, origin.key, reason, why.code, why.column))

    def line(self, sheet: int, row: Row, origin: Origin, name: str) -> None:
        """Name a row. Raises Unreadable when another one has that name; it gets one of its own."""
        other = self.taken.get(origin)
        if other is None:
            self.taken[origin] = name
            self.lines.append(Line(sheet, row, origin))
            return
        raise Unreadable("twice" if other == name else "collision", _reference_of(origin))


def plan_of(document: Document, frame: Frame) -> Reading:
    """Give everything that a file says should be so, at the moment of the frame. Every row is placed or rejected."""
    draft = _Draft(frame)
    counted = 0
    for index, sheet in sorted(enumerate(document.sheets), key=lambda one: one[1].kind is not Kind.CLIENTS):
        for row in sheet.rows:
            if cells.text(row.cell(sheet.header, "clientReference")) == EXAMPLE:
                draft.examples += 1
                continue
            counted += sheet.kind is Kind.CLIENTS
            _read_row(index, sheet, row, draft)
    placements = [
        Placement(
            origin=client.origin,
            opening=client.opening,
            coach=Coach(origin=client.origin, counsellor_id=client.counsellor, since=None)
            if client.counsellor
            else None,
            processes=tuple(sorted(client.processes, key=_moment)),
        )
        for client in draft.clients.values()
    ]
    plan = Plan(
        clients_read=counted,
        placements=tuple(placements),
        counsellors=(),
        rejects=tuple(draft.rejects),
        not_imported=Counter({"example of the template": draft.examples} if draft.examples else {}),
        withdrawn={},
        origins=frozenset(key_of(line.origin) for line in draft.lines),
    )
    return Reading(document, plan, tuple(sorted(draft.lines, key=lambda line: (line.sheet, line.row.number))))


def ssins_of(document: Document) -> list[str]:
    """Give the national numbers that stand in a file, as far as they can be read."""
    found: dict[str, None] = {}
    for sheet in document.sheets:
        for row in sheet.rows:
            try:
                found[cells.ssin(row.cell(sheet.header, "ssin"))] = None
            except Unreadable:
                continue
    return [ssin for ssin in found if ssin]


def key_for(*references: str) -> int:
    """Give the number by which a row is remembered: a short number itself, of anything else a digest.

    Six digits at most: what could be a national number is never kept as it is.
    """
    if len(references) == 1:
        (only,) = references
        if re.fullmatch(r"[1-9][0-9]{0,5}", only):
            return int(only)
    digest = hashlib.sha256("\0".join(references).encode()).digest()
    return int.from_bytes(digest[:8], "big") % _DIGEST_FROM + _DIGEST_FROM


def _read_row(index: int, sheet: Sheet, row: Row, draft: _Draft) -> None:
    own = Origin(sheet.kind.table, -row.number)
    origin = own
    name = ""
    try:
        references = [_required(row, sheet, column, cells.reference) for column in _references(sheet.kind)]
        _refuse_numbers(sheet, row, references)
        name = "\0".join(references)
        origin = Origin(sheet.kind.table, key_for(*references))
        draft.line(index, row, origin, name)
    except Unreadable as why:
        draft.lines.append(Line(index, row, own))
        draft.reject(own, why)
        return
    try:
        if sheet.kind is Kind.CLIENTS:
            _read_client(sheet, row, origin, references[0], draft)
        else:
            _read_step(sheet, row, origin, references[0], draft)
    except Unreadable as why:
        draft.reject(origin, why)
        if sheet.kind is Kind.CLIENTS:
            draft.failed.add(references[0])


def _refuse_numbers(sheet: Sheet, row: Row, references: Sequence[str]) -> None:
    """Refuse a national number as a reference: a digest of one is found again by trying all of them."""
    try:
        own = cells.ssin(row.cell(sheet.header, "ssin"))
    except Unreadable:
        own = ""
    for column, reference in zip(_references(sheet.kind), references, strict=True):
        digits = re.sub(r"[\s.\-/]", "", reference)
        is_number = is_ssin(digits, today=date.max, allow_test_range=True)
        if is_number or (own and digits.isdecimal() and digits.zfill(SSIN_DIGITS) == own):
            raise Unreadable("isANumber", column)


def _references(kind: Kind) -> tuple[str, ...]:
    return ("clientReference",) if kind is Kind.CLIENTS else ("clientReference", "stepReference")


def _reference_of(origin: Origin) -> str:
    return "clientReference" if origin.table == Kind.CLIENTS.table else "stepReference"


# -- clients -------------------------------------------------------------------------------------------------------


def _read_client(sheet: Sheet, row: Row, origin: Origin, reference: str, draft: _Draft) -> None:
    opening = _opening(sheet, row, draft.frame)
    first = draft.by_ssin.setdefault(opening.ssin, reference)
    if first != reference:
        raise Unreadable("twice", "ssin")
    counsellor = _counsellor(sheet, row, draft.frame)
    _check_known(draft.frame.known.get(opening.ssin), opening)
    draft.clients[reference] = _Client(opening, origin, counsellor)


def _opening(sheet: Sheet, row: Row, frame: Frame) -> Opening:
    ssin = _ssin(sheet, row, frame)
    if not ssin:
        raise Unreadable("missing", "ssin")
    given = _required(row, sheet, "givenName", cells.line)
    family = _required(row, sheet, "familyName", cells.line)
    born = _required(row, sheet, "birthDate", cells.day)
    if born > frame.today:
        raise Unreadable("inFuture", "birthDate")
    group = _code(row, sheet, "targetGroup", TargetGroup)
    capacity = _code(row, sheet, "capacity", Capacity)
    if group is None or capacity is None:
        raise Unreadable("missing", "targetGroup" if group is None else "capacity")
    lead = _code(row, sheet, "lead", LeadKind)
    lead_name = _read(row, sheet, "leadName", cells.line)
    if group is TargetGroup.INACTIVE_WITHOUT_BENEFIT and lead is None:
        raise Unreadable("needsLead", "lead")
    if group is TargetGroup.INACTIVE_WITH_BENEFIT and not lead_name:
        raise Unreadable("needsLeadName", "leadName")
    opening = Opening(
        ssin=ssin,
        given_name=given,
        family_name=family,
        birth_date=born,
        target_group=group,
        capacity=capacity,
        lead=lead,
        lead_name=lead_name or "",
    )
    for name in unfit_fields(opening.opened):
        raise Unreadable("unfit", name)
    return opening


def _ssin(sheet: Sheet, row: Row, frame: Frame) -> str:
    ssin = _read(row, sheet, "ssin", cells.ssin) or ""
    if ssin and not is_ssin(ssin, today=frame.today, allow_test_range=frame.allow_test_range):
        raise Unreadable("wrongSsin", "ssin")
    return ssin


def _counsellor(sheet: Sheet, row: Row, frame: Frame) -> str | None:
    written = _read(row, sheet, "counsellor", cells.text)
    if not written:
        return None
    found = frame.counsellors.get(written.casefold())
    if found is None:
        raise Unreadable("unknownCounsellor", "counsellor")
    return found


def _check_known(known: Known | None, opening: Opening | None) -> None:
    """Refuse what would be recorded in a dossier of somebody else, or in one where it is not ours to."""
    if known is None:
        return
    dossier = known.dossier
    if opening and not same_name(dossier.family_name, opening.family_name):
        raise Unreadable("notThisPerson", "familyName")
    if opening and not same_name(dossier.given_name, opening.given_name):
        raise Unreadable("notThisPerson", "givenName")
    if opening and dossier.birth_date != opening.birth_date:
        raise Unreadable("notThisPerson", "birthDate")
    if known.replaced:
        raise Unreadable("replaced", "ssin")
    if not known.follows:
        raise Unreadable("closed", "ssin")
    if not known.may_post:
        raise Unreadable("colleagues", "ssin")


# -- steps ---------------------------------------------------------------------------------------------------------


def _read_step(sheet: Sheet, row: Row, origin: Origin, reference: str, draft: _Draft) -> None:
    step = _step(sheet, row, origin, draft.frame)
    process = process_of(step, draft.frame.now)
    for post in (process.first, process.again, process.end):
        for name in unfit_fields(post.data) if post else ():
            raise Unreadable("unfit", name)
    _client_of(sheet, row, reference, draft).processes.append(process)


def _client_of(sheet: Sheet, row: Row, reference: str, draft: _Draft) -> _Client:
    """Give whose step it is: by the reference in this file, else by the national number in its row."""
    if reference in draft.failed:
        raise Unreadable("client", "clientReference")
    ssin = _ssin(sheet, row, draft.frame)
    client = draft.clients.get(reference)
    if client is not None:
        if ssin and ssin != client.opening.ssin:
            raise Unreadable("notThatClient", "ssin")
        return client
    if not ssin:
        raise Unreadable("needsSsin", "ssin")
    known = draft.frame.known.get(ssin)
    if known is None:
        raise Unreadable("noDossier", "ssin")
    _check_known(known, None)
    if draft.by_ssin.setdefault(ssin, reference) != reference:
        raise Unreadable("notThatClient", "clientReference")
    client = _Client(_as_known(known, ssin, draft.frame), Origin(Kind.CLIENTS.table, key_for(reference)), None)
    draft.clients[reference] = client
    return client


def _as_known(known: Known, ssin: str, frame: Frame) -> Opening:
    dossier = known.dossier
    place = dossier.inscription_of(frame.organisation_id)
    return Opening(
        ssin=ssin,
        given_name=dossier.given_name,
        family_name=dossier.family_name,
        birth_date=dossier.birth_date,
        target_group=dossier.target_group,
        capacity=place.capacity if place else Capacity.OTHER_GUIDANCE,
        lead=None,
    )


def _step(sheet: Sheet, row: Row, origin: Origin, frame: Frame) -> StepRow:
    kind = _code(row, sheet, "kind", StepKind)
    if kind is None:
        raise Unreadable("missing", "kind")
    begin = _required(row, sheet, "begin", cells.day)
    at = _read(row, sheet, "time", cells.clock)
    if kind is StepKind.APPOINTMENT and at is None:
        at = _read(row, sheet, "begin", cells.clock)
    lists: tuple[type[Coded], ...] = (Came, AbsenceReason) if kind is StepKind.APPOINTMENT else (EndReason,)
    return StepRow(
        origin=origin,
        kind=kind,
        begin=begin,
        time=at,
        end=_read(row, sheet, "end", cells.day) if kind is not StepKind.APPOINTMENT else None,
        title=_read(row, sheet, "title", cells.line),
        place=_read(row, sheet, "place", cells.line),
        function=_read(row, sheet, "function", cells.line),
        hours_per_week=_read(row, sheet, "hoursPerWeek", cells.number),
        outcome=_code(row, sheet, "outcome", *lists),
        counsellor=_counsellor(sheet, row, frame),
    )


def _moment(process: Process) -> tuple[bool, float]:
    """In the order in which they happened; what is still to come goes last."""
    at = process.first.occurred_at
    return (False, at.timestamp()) if at else (True, 0.0)


# -- cells ---------------------------------------------------------------------------------------------------------


def _read(row: Row, sheet: Sheet, column: str, read: Callable[[Cell], _Value]) -> _Value:
    """Read a cell. Raises Unreadable, with the column."""
    try:
        return read(row.cell(sheet.header, column))
    except Unreadable as why:
        raise Unreadable(why.code, column) from None


def _required(row: Row, sheet: Sheet, column: str, read: Callable[[Cell], _Value | None]) -> _Value:
    found = _read(row, sheet, column, read)
    if found is None:
        raise Unreadable("missing", column)
    return found


def _code(row: Row, sheet: Sheet, column: str, *lists: type[_Code]) -> _Code | None:
    return _read(row, sheet, column, lambda cell: cells.code(cell, *lists))
