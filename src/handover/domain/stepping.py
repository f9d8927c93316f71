"""The thread as a step leaves it: its sides, whose turn it becomes and until when."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds.handover import Requested
from handover.domain.parties import Directory, Party
from handover.domain.refusals import InvalidField, PurposeNotAllowed, WrongParty
from handover.domain.threads import UNCHANGED, Thread, Transition, Turn


def check_needs(data: Payload, directory: Directory, at: datetime) -> None:
    """Refuse what the fields' own types cannot: a missing alternative, a legal basis that is not enough."""
    lacking = data.lacks()
    if lacking:
        raise InvalidField(*lacking)
    if not isinstance(data, Requested):
        return
    basis = directory.legal_bases.get(data.legal_basis_id)
    if basis is None:
        raise InvalidField("legalBasisId", "No such legal basis.", unknown_reference=True)
    if not basis.allows(data.purpose, local_day(at)):
        raise PurposeNotAllowed


def sides(
    row: Transition, command: PostEvent, thread: Thread | None, dossier: Dossier, directory: Directory
) -> tuple[Party, Party | None]:
    """Give sender and receiver after the step, with the counsellors that it names."""
    data, caller = command.data, command.caller
    sender = thread.sender if thread else caller.party
    receiver = thread.receiver if thread else None
    if row.addresses and not row.reopens:
        receiver = _addressed(row, command, dossier, directory) or receiver
    if row.names_sender:
        sender = _named(row.names_sender, data, sender, directory)
    elif thread and sender.organisation == caller.organisation.organisation_id and not sender.counsellor:
        sender = caller.party
    if row.names_receiver and receiver:
        receiver = _named(row.names_receiver, data, receiver, directory)
    elif row.names_receiver and getattr(data, row.names_receiver):
        raise InvalidField(_camel(row.names_receiver), "Name the other organisation as well.")
    return sender, receiver


def _addressed(row: Transition, command: PostEvent, dossier: Dossier, directory: Directory) -> Party | None:
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


def stepped(
    row: Transition,
    command: PostEvent,
    thread: Thread | None,
    sides: tuple[Party, Party | None],
    thread_id: UUID,
    at: datetime,
) -> Thread:
    """Give the thread after the row, turn not yet said."""
    data = command.data
    keeps_due = thread is not None and (row.due is UNCHANGED or _tells_no_end(row, data))
    # A question about a thread that waits does not make it wait without reason or review date.
    waits_on = thread if thread and thread.status is row.to and not row.outcome else None
    outcome = str(getattr(data, row.outcome)) if row.outcome else ""
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
        outcome=waits_on.outcome if waits_on else outcome,
        purpose=purpose,
        review_on=waits_on.review_on if waits_on else getattr(data, "review_on", None),
    )


def _tells_no_end(row: Transition, data: Payload) -> bool:
    return bool(row.moves_due) and getattr(data, row.moves_due) is None


def with_turn(step: Thread, row: Transition, before: Thread | None, directory: Directory) -> Thread:
    """Say whose turn it is after the row."""
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


def reopened(old: Thread, step: Thread, command: PostEvent, directory: Directory, draft: Draft) -> Thread:
    """Give the new thread that a retry opens: same road, same correlation, from its first state."""
    event_type = EVENT_TYPES[command.type]
    opening = next(row for row in event_type.kind.table if row.opens and row.topic == old.topic)
    row = event_type.rows[0]
    receiver = old.receiver
    if row.addresses and draft.state:
        receiver = _addressed(row, command, draft.state, directory) or receiver
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
    return with_turn(fresh, opening, None, directory)
