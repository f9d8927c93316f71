"""The thread as a step leaves it: its sides, whose turn it becomes and until when."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.draft import Draft
from handover.domain.events import PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds.handover import Requested
from handover.domain.parties import Caller, Directory, Party
from handover.domain.refusals import InvalidField, PurposeNotAllowed, WrongParty
from handover.domain.threads import UNCHANGED, Thread, Transition, Turn


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


