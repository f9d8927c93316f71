"""How a posted step changes its thread: choose the row, check the people it names, say whose turn it becomes."""

from datetime import UTC, datetime
from typing import Protocol, assert_never
from uuid import UUID

from msgspec.structs import replace

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Acknowledge, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES, KINDS, EventType
from handover.domain.kinds import dossier as d
from handover.domain.kinds.handover import HANDOVER, Received, Requested
from handover.domain.parties import CAPACITY_BY_REFERRAL, Actor, Caller, Directory, Party
from handover.domain.refusals import (
    DossierBusy,
    InvalidField,
    PurposeNotAllowed,
    UnknownThread,
    WrongParty,
    WrongState,
)
from handover.domain.threads import UNCHANGED, By, Status, Thread, Transition, Turn

_RESTARTS = {(kind.name, status): rule for kind in KINDS for status, rule in kind.restarts}


class Draft(Protocol):
    """What a step is written into; see `decide.Draft`."""

    at: datetime
    state: Dossier | None

    def new_id(self) -> UUID: ...
    def add(
        self,
        kind: str,
        data: Payload,
        *,
        thread_id: UUID | None = None,
        threads: tuple[Thread, ...] = (),
        actor: Actor | None = None,
        occurred_at: datetime | None = None,
    ) -> None: ...


def post(draft: Draft, dossier: Dossier, command: PostEvent, directory: Directory) -> None:
    """Record a posted step and what follows from it."""
    event_type = EVENT_TYPES[command.type]
    thread, row = _choose(dossier, command, event_type)
    occurred_at = _occurred(command.occurred_at, draft.at)
    if row.on_dossier:
        _check_dossier_step(dossier, command, directory)
        draft.add(command.type, command.data, occurred_at=occurred_at, threads=_moved_turns(dossier, command))
        return
    sender, receiver = _parties(row, command, thread, directory)
    if isinstance(command.data, Requested):
        _check_basis(command.data, directory, draft.at)
    thread_id = thread.thread_id if thread else draft.new_id()
    step = _step(row, command, thread, (sender, receiver), thread_id, draft.at)
    touched: tuple[Thread, ...] = (_with_turn(step, row, thread, directory),)
    if row.reopens and thread:
        touched = (*touched, _reopened(thread, step, command, directory, draft))
    restarted = _restarted(dossier, command.caller, {t.thread_id for t in touched}, command.data, draft.at)
    draft.add(
        command.type, command.data, thread_id=thread_id, threads=(*touched, *restarted), occurred_at=occurred_at
    )
    _follow(draft, touched[-1], command, directory)


def acknowledge(
    draft: Draft, dossier: Dossier, command: Acknowledge, directory: Directory, *, actor: Actor
) -> None:
    """Move a referral from requested to received; nothing when that happened already."""
    thread = dossier.threads.get(command.thread_id)
    if thread is None:
        raise UnknownThread
    if thread.receiver is None or thread.receiver.organisation != command.caller.organisation.organisation_id:
        raise WrongParty
    if thread.status is not Status.REQUESTED or dossier.closed:
        return
    row = HANDOVER.rows["handover.received"][0]
    payload = Received(how=command.how)
    step = replace(thread, status=row.to, since=draft.at, last_type="handover.received", due_rule=row.due.name)
    step = replace(step, due_at=row.due.compute(draft.at, payload))
    draft.add(
        "handover.received",
        payload,
        thread_id=thread.thread_id,
        threads=(_with_turn(step, row, thread, directory),),
        actor=actor,
    )


def _occurred(given: datetime | None, at: datetime) -> datetime:
    if given is None:
        return at
    if given > at:
        raise InvalidField("occurredAt", "A step cannot have happened in the future.")
    return given.astimezone(UTC)


def _choose(dossier: Dossier, command: PostEvent, event_type: EventType) -> tuple[Thread | None, Transition]:
    """Find the thread and the row; a wrong party is told so before a wrong state."""
    caller, rows = command.caller, event_type.rows
    if not event_type.is_posted:
        detail = "This event is recorded by the system itself and cannot be posted."
        raise WrongParty(detail)
    thread = _thread(dossier, command, rows)
    if thread is not None:
        rows = tuple(row for row in rows if not row.opens) or rows
    allowed = [row for row in rows if may(row, dossier, thread if row.starts else None, caller)]
    if not allowed:
        raise WrongParty
    for row in allowed:
        if row.on_dossier or (row.opens if thread is None else row.topic == thread.topic and thread.status in row.starts):
            return thread, row
    raise WrongState


def _thread(dossier: Dossier, command: PostEvent, rows: tuple[Transition, ...]) -> Thread | None:
    if rows[0].on_dossier:
        return None
    if command.thread_id is not None:
        thread = dossier.threads.get(command.thread_id)
        if thread is None or thread.kind != EVENT_TYPES[command.type].kind.name:
            raise UnknownThread
        return thread
    if any(row.opens for row in rows):
        return None
    return _only_candidate(dossier, command, rows)


def _only_candidate(dossier: Dossier, command: PostEvent, rows: tuple[Transition, ...]) -> Thread:
    """Without a thread id the step goes to the one thread it can belong to."""
    kind = EVENT_TYPES[command.type].kind.name
    same = [t for t in dossier.threads.values() if t.kind == kind and t.topic == rows[0].topic]
    fitting = [t for t in same if any(t.status in row.starts for row in rows)]
    if len(fitting) > 1:
        raise InvalidField("threadId", "Several threads could be meant: say which one.")
    if fitting:
        return fitting[0]
    if len(same) == 1:
        return same[0]
    raise WrongState


def may(row: Transition, dossier: Dossier, thread: Thread | None, caller: Caller) -> bool:
    """Tell whether the caller is the party that the row is for; states are looked at elsewhere."""
    organisation = caller.organisation
    own = organisation.organisation_id
    match row.by:
        case By.SENDER:
            if thread is None:
                return organisation.kind is not OrganisationKind.PARTNER
            return thread.sender.organisation == own
        case By.RECEIVER:
            return bool(thread and thread.receiver and thread.receiver.organisation == own)
        case By.LEAD:
            return dossier.lead.organisation == own
        case By.OCMW:
            # Among several OCMWs in one dossier, only the one that opened the thread is its employer.
            mine = thread is None or thread.sender.organisation == own
            return organisation.kind is OrganisationKind.OCMW and mine
        case By.VDAB:
            return organisation.kind is OrganisationKind.VDAB
        case By.ANY:
            return True
        case By.SYSTEM:
            return False


def _parties(
    row: Transition, command: PostEvent, thread: Thread | None, directory: Directory
) -> tuple[Party, Party | None]:
    data, caller = command.data, command.caller
    sender = thread.sender if thread else caller.party
    receiver = thread.receiver if thread else None
    if row.addresses and not row.reopens:
        receiver = _addressed(row, data, caller, directory) or receiver
    if row.names_sender:
        sender = _named(row.names_sender, data, sender, directory)
    elif thread and sender.organisation == caller.organisation.organisation_id and not sender.counsellor:
        sender = caller.party
    if row.names_receiver and receiver:
        receiver = _named(row.names_receiver, data, receiver, directory)
    elif row.names_receiver and getattr(data, row.names_receiver):
        raise InvalidField(_camel(row.names_receiver), "Name the other organisation as well.")
    return sender, receiver


def _addressed(row: Transition, data: Payload, caller: Caller, directory: Directory) -> Party | None:
    organisation_id = getattr(data, row.addresses)
    if organisation_id is None:
        return None
    if organisation_id not in directory.organisations:
        raise InvalidField(_camel(row.addresses), "No such organisation.", unknown_reference=True)
    if organisation_id == caller.organisation.organisation_id:
        detail = "An organisation cannot hand over to itself. Name the other organisation as receiver."
        raise WrongParty(detail)
    if row.topic == "lead" and directory.organisations[organisation_id].kind is OrganisationKind.PARTNER:
        raise InvalidField(_camel(row.addresses), "Only an OCMW or VDAB can direct a trajectory.")
    return Party(organisation=organisation_id)


def _named(field: str, data: Payload, side: Party, directory: Directory) -> Party:
    counsellor_id = getattr(data, field)
    if counsellor_id is None:
        return side
    if directory.counsellor_of(side.organisation, counsellor_id) is None:
        detail = f"No such counsellor at {side.organisation}."
        raise InvalidField(_camel(field), detail, unknown_reference=True)
    return replace(side, counsellor=counsellor_id)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _check_basis(data: Requested, directory: Directory, at: datetime) -> None:
    basis = directory.legal_bases.get(data.legal_basis_id)
    if basis is None:
        raise InvalidField("legalBasisId", "No such legal basis.", unknown_reference=True)
    if not basis.allows(data.purpose, local_day(at)):
        raise PurposeNotAllowed


def _step(
    row: Transition,
    command: PostEvent,
    thread: Thread | None,
    sides: tuple[Party, Party | None],
    thread_id: UUID,
    at: datetime,
) -> Thread:
    """The thread after the row, turn not yet said."""
    data = command.data
    keeps_due = thread is not None and row.due is UNCHANGED
    purpose = str(data.purpose) if isinstance(data, Requested) else thread.purpose if thread else ""
    return Thread(
        thread_id=thread_id,
        kind=EVENT_TYPES[command.type].kind.name,
        topic=row.topic,
        status=row.to,
        sender=sides[0],
        receiver=sides[1],
        opened_at=thread.opened_at if thread else at,
        since=at,
        last_type=command.type,
        correlation_id=thread.correlation_id if thread else thread_id,
        due_at=thread.due_at if thread and keeps_due else row.due.compute(at, data),
        due_rule=thread.due_rule if thread and keeps_due else row.due.name,
        outcome=str(getattr(data, row.outcome)) if row.outcome else "",
        purpose=purpose,
        review_on=getattr(data, "review_on", None),
    )


def _with_turn(step: Thread, row: Transition, before: Thread | None, directory: Directory) -> Thread:
    match row.turn:
        case Turn.SENDER:
            turn: Party | None = _someone(step.sender, directory)
        case Turn.RECEIVER:
            turn = _someone(step.receiver, directory) if step.receiver else None
        case Turn.UNCHANGED:
            turn = before.turn if before else None
        case Turn.NOBODY:
            turn = None
        case _:
            assert_never(row.turn)
    return replace(step, turn=turn)


def _someone(side: Party, directory: Directory) -> Party:
    """Before someone is named the turn goes to the organisation's contact: never to nobody."""
    return side if side.counsellor else replace(side, counsellor=directory.contact(side.organisation))


def _reopened(old: Thread, step: Thread, command: PostEvent, directory: Directory, draft: Draft) -> Thread:
    """The new thread that a retry opens: same road, same correlation, from its first state."""
    opening = next(r for rows in EVENT_TYPES[command.type].kind.rows.values() for r in rows if r.opens and r.topic == old.topic)
    receiver = old.receiver
    field = next((r.addresses for r in EVENT_TYPES[command.type].rows if r.addresses), "")
    if field and getattr(command.data, field) is not None:
        row = EVENT_TYPES[command.type].rows[0]
        receiver = _addressed(row, command.data, command.caller, directory)
    fresh = Thread(
        thread_id=UUID(int=draft.new_id().int + 1),
        kind=old.kind,
        topic=old.topic,
        status=opening.to,
        sender=step.sender,
        receiver=Party(organisation=receiver.organisation) if receiver else None,
        opened_at=draft.at,
        since=draft.at,
        last_type=command.type,
        correlation_id=old.correlation_id,
        due_at=opening.due.compute(draft.at, command.data),
        due_rule=opening.due.name,
        purpose=old.purpose,
    )
    return _with_turn(fresh, opening, None, directory)


def _restarted(
    dossier: Dossier, caller: Caller, touched: set[UUID], data: Payload, at: datetime
) -> tuple[Thread, ...]:
    """Any step of the receiver in the dossier restarts its progress period."""
    own = caller.organisation.organisation_id
    found = []
    for thread in dossier.threads.values():
        rule = _RESTARTS.get((thread.kind, thread.status))
        if rule and thread.thread_id not in touched and thread.receiver and thread.receiver.organisation == own:
            found.append(replace(thread, due_at=rule.compute(at, data), due_rule=rule.name))
    return tuple(found)


def _check_dossier_step(dossier: Dossier, command: PostEvent, directory: Directory) -> None:
    own, data = command.caller.organisation.organisation_id, command.data
    match data:
        case d.CounsellorAssigned() | d.CounsellorReplaced():
            names = (data.counsellor, data.replaced) if isinstance(data, d.CounsellorReplaced) else (data.counsellor,)
            for field, name in zip(("counsellor", "replaced"), names, strict=False):
                if directory.counsellor_of(own, name) is None:
                    raise InvalidField(field, f"No such counsellor at {own}.", unknown_reference=True)
        case d.InscriptionClosed():
            if own not in {data.organisation, dossier.lead.organisation}:
                detail = "Only the organisation itself or the lead closes an inscription."
                raise WrongParty(detail)
            if dossier.inscription_of(data.organisation) is None:
                detail = "That organisation has no open inscription."
                raise WrongState(detail)
        case d.Closed() if dossier.open_threads:
            raise DossierBusy
        case _:
            pass


def _moved_turns(dossier: Dossier, command: PostEvent) -> tuple[Thread, ...]:
    """A replacement takes over the open turns of the counsellor who leaves."""
    data, own = command.data, command.caller.organisation.organisation_id
    if not isinstance(data, d.CounsellorReplaced):
        return ()
    old = Party(organisation=own, counsellor=data.replaced)
    new = Party(organisation=own, counsellor=data.counsellor)
    return tuple(
        replace(
            thread,
            sender=new if thread.sender == old else thread.sender,
            receiver=new if thread.receiver == old else thread.receiver,
            turn=new if thread.turn == old else thread.turn,
        )
        for thread in dossier.open_threads
        if old in (thread.sender, thread.receiver, thread.turn)
    )


def _follow(draft: Draft, thread: Thread, command: PostEvent, directory: Directory) -> None:
    """Being addressed opens an inscription; a rejected or cancelled referral closes the one it opened."""
    receiver, dossier = thread.receiver, draft.state
    if receiver is None or dossier is None:
        return
    inscription = dossier.inscription_of(receiver.organisation)
    if inscription is None and thread.is_open and thread.status is not Status.REJECTED:
        organisation = directory.organisations[receiver.organisation]
        own = dossier.inscription_of(command.caller.organisation.organisation_id)
        basis = command.data.legal_basis_id if isinstance(command.data, Requested) else own.legal_basis_id if own else ""
        draft.add(
            "dossier.inscriptionOpened",
            d.InscriptionOpened(
                organisation=organisation.organisation_id,
                organisation_kind=organisation.kind,
                capacity=CAPACITY_BY_REFERRAL[organisation.kind],
                legal_basis_id=basis,
                sees_from=dossier.version,
                by_thread=str(thread.thread_id),
            ),
        )
    elif inscription and thread.status in {Status.REJECTED, Status.CANCELLED}:
        if inscription.by_thread == str(thread.thread_id) and not _other_open(dossier, thread):
            draft.add(
                "dossier.inscriptionClosed",
                d.InscriptionClosed(organisation=receiver.organisation, why=str(thread.status)),
            )


def _other_open(dossier: Dossier, thread: Thread) -> bool:
    receiver = thread.receiver
    return any(
        t.is_open and t.thread_id != thread.thread_id and receiver and t.side_of(receiver.organisation)
        for t in dossier.threads.values()
    )
