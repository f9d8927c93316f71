"""The thread as a step leaves it: its sides, whose turn it becomes and until when."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from handover.domain.agreements import Agreement
from handover.domain.choosing import kind_of, organiser
from handover.domain.codes import OrganisationKind
from handover.domain.codes_dossier import QuestionRole
from handover.domain.deadlines import DueRule, local_day
from handover.domain.dossier import Dossier
from handover.domain.events import PostEvent
from handover.domain.fields import Payload, Visibility
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds.dossier import MandateWithdrawn
from handover.domain.kinds.handover import Requested
from handover.domain.kinds.question import Asked as Question
from handover.domain.parties import Directory, Party
from handover.domain.refusals import (
    InvalidField,
    LegalBasisEnded,
    PurposeNotAllowed,
    UnknownThread,
    WrongParty,
)
from handover.domain.threads import NEEDS_REASON, UNCHANGED, Asked, Thread, Transition, Turn


def check_needs(row: Transition, asked: Asked, event_type: str) -> None:
    """Refuse what the fields' own types cannot: a missing alternative, a basis that is not enough, a row's guards."""
    data = asked.data
    assert data is not None  # noqa: S101 - a posted step has data; only screens ask without
    lacking = data.lacks()
    if lacking:
        raise InvalidField(*lacking)
    _check_basis(row, asked, data, event_type)
    _check_actor(row, asked, data)
    for guard in row.guards:
        guard.check(asked)


def _check_basis(row: Transition, asked: Asked, data: Payload, event_type: str) -> None:
    """The legal basis, not consent, opens texts and processes: on write as on read and on delivery."""
    today, directory, kind = local_day(asked.at), asked.directory, EVENT_TYPES[event_type].kind
    if isinstance(data, Requested):
        basis = directory.legal_bases.get(data.legal_basis_id)
        if basis is None:
            raise InvalidField("legalBasisId", "No such legal basis.", unknown_reference=True)
        if not basis.allows(data.purpose, today):
            raise PurposeNotAllowed
        return
    own = asked.dossier.inscription_of(asked.caller.organisation.organisation_id)
    basis = directory.legal_bases.get(own.legal_basis_id) if own else None
    in_force = basis is not None and basis.in_force(today)
    if not in_force and _tells_content(data, event_type):
        raise LegalBasisEnded
    if (row.opens or row.reopens) and kind.purpose and not (basis and basis.allows(kind.purpose, today)):
        raise PurposeNotAllowed


def _tells_content(data: Payload, event_type: str) -> bool:
    classes = EVENT_TYPES[event_type].visibility
    named = zip(data.__struct_fields__, data.__struct_encode_fields__, strict=True)
    return any(classes[wire] is Visibility.CONTENT and getattr(data, name) not in (None, ()) for name, wire in named)


def _check_actor(row: Transition, asked: Asked, data: Payload) -> None:
    if not row.names_actor:
        return
    named, caller = getattr(data, row.names_actor), asked.caller
    if asked.directory.counsellor_of(caller.organisation.organisation_id, named) is None:
        detail = f"No such counsellor at {caller.organisation.organisation_id}."
        raise InvalidField(_camel(row.names_actor), detail, unknown_reference=True)
    if caller.counsellor_id and caller.counsellor_id != named:
        raise InvalidField(_camel(row.names_actor), "You can sign for yourself only. Let your colleague do this.")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@dataclass(frozen=True)
class Stepping:
    """One step of one thread, being decided."""

    row: Transition
    command: PostEvent
    thread: Thread | None
    dossier: Dossier
    directory: Directory
    at: datetime

    @property
    def own(self) -> str:
        """The organisation that takes the step."""
        return self.command.caller.organisation.organisation_id

    def sides(self) -> tuple[Party, Party | None]:
        """Give sender and receiver after the step, with the counsellors that it names."""
        row, data, caller, thread = self.row, self.command.data, self.command.caller, self.thread
        sender = thread.sender if thread else caller.party
        receiver = thread.receiver if thread else self._counterpart()
        if row.addresses and not row.reopens:
            receiver = addressed(row, self.command, self.dossier, self.directory) or receiver
        if row.names_sender:
            sender = self._named(row.names_sender, sender)
        elif thread and sender.organisation == self.own and not sender.counsellor:
            sender = caller.party
        if row.names_receiver and receiver:
            receiver = self._named(row.names_receiver, receiver)
        elif row.names_receiver and getattr(data, row.names_receiver):
            raise InvalidField(_camel(row.names_receiver), "Name the other organisation as well.")
        return sender, receiver

    def _counterpart(self) -> Party | None:
        """Give who must answer where the step names nobody: the other side of a mandate."""
        data = self.command.data
        if not isinstance(data, MandateWithdrawn):
            return None
        mandate = next(m for m in self.dossier.mandates if str(m.mandate_id) == data.mandate_id)
        other = mandate.given_to if mandate.given_to != self.own else mandate.shared_with
        if not other:
            vdab = (i for i in self.dossier.inscriptions if i.active and i.kind is OrganisationKind.VDAB)
            other = next((i.organisation for i in vdab if i.organisation != self.own), "")
        return Party(organisation=other) if self.dossier.inscription_of(other) else None

    def _named(self, field: str, side: Party) -> Party:
        counsellor_id = getattr(self.command.data, field)
        if counsellor_id is None:
            return side
        if self.directory.counsellor_of(side.organisation, counsellor_id) is None:
            detail = f"No such counsellor at {side.organisation}."
            raise InvalidField(_camel(field), detail, unknown_reference=True)
        return Party(organisation=side.organisation, counsellor=counsellor_id)

    def stepped(self, thread_id: UUID) -> Thread:
        """Give the thread after the row, with whose turn it is."""
        row, command, thread, data = self.row, self.command, self.thread, self.command.data
        sender, receiver = self.sides()
        if row.remark and thread:
            return replace(thread, sender=sender, receiver=receiver, since=self.at, last_type=command.type)
        status = row.to_alone if row.to_alone and receiver is None else row.to
        due_at, due_rule = self._due((sender, receiver), ended=status is not row.to)
        fresh = thread or Thread(
            thread_id=thread_id,
            kind=EVENT_TYPES[command.type].kind.name,
            topic=row.topic,
            status=status,
            sender=sender,
            opened_at=self.at,
            since=self.at,
            last_type=command.type,
            correlation_id=thread_id,
            about=self._about(),
        )
        step = replace(
            fresh,
            status=status,
            stage=row.name,
            sender=sender,
            receiver=receiver,
            participants=self._participants(),
            since=self.at,
            last_type=command.type,
            due_at=due_at,
            due_rule=due_rule,
            outcome=self._outcome(),
            purpose=self._code(row.subject) or fresh.purpose,
            route=self._code(row.route) or fresh.route,
            review_on=self._review_on(),
            starts_on=getattr(data, "starts_on", None) or fresh.starts_on,
            assessor=getattr(data, row.names_actor) if row.first_eyes else fresh.assessor,
            rung=0,
            escalated=(),
        )
        return step if status is not row.to else self.with_turn(step)

    def _code(self, field: str) -> str:
        value = getattr(self.command.data, field) if field else None
        return "" if value is None else str(value)

    def _outcome(self) -> str:
        """What was decided stays said until the thread leaves the setback or pause that it explains."""
        row, thread = self.row, self.thread
        if row.outcome:
            return self._code(row.outcome)
        left = thread is None or (thread.status in NEEDS_REASON and row.to is not thread.status)
        return "" if left or thread is None else thread.outcome

    def _review_on(self) -> object:
        # A question about a thread that waits does not make it wait without review date.
        waits_on = self.thread if self.thread and self.thread.status is self.row.to and not self.row.outcome else None
        return waits_on.review_on if waits_on else getattr(self.command.data, "review_on", None)

    def _about(self) -> UUID | None:
        data = self.command.data
        if not isinstance(data, Question) or data.thread is None:
            return None
        seen = {str(t.thread_id): t.thread_id for t in self.dossier.threads_seen_by(self.own)}
        if data.thread not in seen:
            raise InvalidField("thread", "This dossier has no such thread.", unknown_reference=True)
        return seen[data.thread]

    def _participants(self) -> tuple[Party, ...]:
        known = self.thread.participants if self.thread else ()
        for organisation in getattr(self.command.data, self.row.invites) if self.row.invites else ():
            if organisation not in self.directory.organisations:
                raise InvalidField(_camel(self.row.invites), "No such organisation.", unknown_reference=True)
            if organisation != self.own:
                known = (*known, Party(organisation=organisation))
        return known

    def _due(self, sides: tuple[Party, Party | None], *, ended: bool) -> tuple[datetime | None, str]:
        row, data, thread = self.row, self.command.data, self.thread
        if ended:
            return None, ""
        tells_no_end = bool(row.moves_due) and getattr(data, row.moves_due) is None
        if thread and (row.due is UNCHANGED or tells_no_end):
            return thread.due_at, thread.due_rule
        return self.agreed(row.due, self.command.type, sides).due(self.at, data)

    def agreed(self, rule: DueRule, event_type: str, sides: tuple[Party, Party | None]) -> DueRule:
        """Give the rule with the answer time of the agreement that holds between the two sides today."""
        agreement = self._agreement(sides)
        if agreement is None:
            return rule
        return rule.agreed(agreement.answer_time(event_type, priority=self.dossier.priority_line))

    def _agreement(self, sides: tuple[Party, Party | None]) -> Agreement | None:
        return agreement_between(sides, self.dossier, self.directory, self.at)

    def with_turn(self, step: Thread) -> Thread:
        """Say whose turn it is after the row."""
        side: Party | None
        match self.row.turn:
            case Turn.SENDER:
                side = step.sender
            case Turn.RECEIVER:
                side = step.receiver
            case Turn.OCMW:
                side = self._of_kind(step, OrganisationKind.OCMW)
            case Turn.VDAB:
                side = self._of_kind(step, OrganisationKind.VDAB)
            case Turn.ORGANISER:
                side = step.side_of(organiser(step, self.directory))
            case Turn.OTHER:
                side = step.receiver if step.sender.organisation == self.own else step.sender
            case Turn.UNCHANGED:
                return replace(step, turn=self.thread.turn if self.thread else None)
            case Turn.NOBODY:
                return replace(step, turn=None)
            case _:
                assert_never(self.row.turn)
        return replace(step, turn=self._someone(side or step.sender, step))

    def _of_kind(self, step: Thread, kind: OrganisationKind) -> Party | None:
        sides = (step.receiver, step.sender)
        return next((s for s in sides if s and kind_of(s.organisation, self.directory) is kind), None)

    def _someone(self, side: Party, step: Thread) -> Party:
        """Before someone is named the turn goes to who works with the client there, or the agreement's contact."""
        if side.counsellor:
            return side
        asked_for = self.command.data.role if isinstance(self.command.data, Question) else None
        sides = (step.sender, step.receiver)
        return someone(side, asked_for, self.dossier, self.directory, self._agreement(sides), self.at)


def someone(
    side: Party,
    role: QuestionRole | None,
    dossier: Dossier,
    directory: Directory,
    agreement: Agreement | None,
    at: datetime,
) -> Party:
    """Give who at an organisation takes a turn: never nobody."""
    own = side.organisation
    if role is QuestionRole.COORDINATOR:
        desk = agreement.desk_of(own) if agreement else None
        organisation = directory.organisations.get(own)
        named = (desk.coordinator if desk else None) or (organisation.coordinator if organisation else "")
        return Party(organisation=own, counsellor=named)
    present = dossier.counsellor_of(own)
    if present and role is not QuestionRole.FIXED_CONTACT and directory.counsellor_of(own, present):
        return Party(organisation=own, counsellor=present)
    return directory.contact(own, agreement, local_day(at), priority=dossier.priority_line)


def agreement_between(
    sides: tuple[Party, Party | None], dossier: Dossier, directory: Directory, at: datetime
) -> Agreement | None:
    """Give the agreement that two sides work under; with one side, that of the OCMW with the VDAB in the dossier."""
    if not directory.agreements:
        return None
    named = {side.organisation for side in sides if side}
    if len(named) == 1:
        named |= {i.organisation for i in dossier.inscriptions if i.active and i.kind is OrganisationKind.VDAB}
    elif not any(kind_of(o, directory) is OrganisationKind.VDAB for o in named):
        return None
    return directory.agreement_of(named, local_day(at))


def addressed(row: Transition, command: PostEvent, dossier: Dossier, directory: Directory) -> Party | None:
    """Give the organisation that a step addresses, or None where it names none. Raises a Refusal for a wrong one."""
    organisation_id, own = getattr(command.data, row.addresses), command.caller.organisation.organisation_id
    if organisation_id is None:
        return None
    if organisation_id not in directory.organisations:
        raise InvalidField(_camel(row.addresses), "No such organisation.", unknown_reference=True)
    # Only where the lead is not in the dossier can someone else post this, and then it may offer itself.
    offers_itself = row.topic == "lead" and dossier.lead.organisation != own
    if organisation_id == own and not offers_itself:
        detail = "An organisation cannot hand over to itself. Name the other organisation as receiver."
        raise WrongParty(detail)
    if row.topic == "lead" and kind_of(organisation_id, directory) is OrganisationKind.PARTNER:
        raise InvalidField(_camel(row.addresses), "Only an OCMW or VDAB can direct a trajectory.")
    return Party(organisation=organisation_id)


def reopened(stepping: Stepping, step: Thread, thread_id: UUID) -> Thread:
    """Give the new thread that a retry opens: same road, same correlation, from its first state."""
    old, row = stepping.thread, stepping.row
    if old is None:
        raise UnknownThread
    table = EVENT_TYPES[stepping.command.type].kind.table
    opening = next(
        r for r in table if r.opens and r.topic == old.topic and (not r.when or r.when.holds(stepping.dossier, None))
    )
    receiver = old.receiver
    if row.addresses:
        receiver = addressed(row, stepping.command, stepping.dossier, stepping.directory) or receiver
    receiver = Party(organisation=receiver.organisation) if receiver else None
    opened_by = f"{old.kind}.{opening.name}"
    rule = stepping.agreed(opening.due, opened_by, (step.sender, receiver))
    due_at, due_rule = rule.due(stepping.at, stepping.command.data)
    fresh = Thread(
        thread_id=thread_id,
        kind=old.kind,
        topic=old.topic,
        status=opening.to,
        stage=opening.name,
        sender=step.sender,
        receiver=receiver,
        opened_at=stepping.at,
        since=stepping.at,
        last_type=stepping.command.type,
        correlation_id=old.correlation_id,
        due_at=due_at,
        due_rule=due_rule,
        purpose=old.purpose,
        route=old.route,
    )
    return Stepping(opening, stepping.command, None, stepping.dossier, stepping.directory, stepping.at).with_turn(fresh)
