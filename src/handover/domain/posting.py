"""A posted step: its row (`choosing`), what becomes of its thread (`stepping`), and of the rest (`following`)."""

from datetime import UTC, datetime

from msgspec.structs import replace

from handover.domain.choosing import choose, may
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Acknowledge, PostEvent
from handover.domain.following import check_dossier_step, elsewhere, inscribe_receiver
from handover.domain.kinds.handover import HANDOVER, Received
from handover.domain.parties import Actor, Directory
from handover.domain.refusals import InvalidField, UnknownThread, WrongParty
from handover.domain.stepping import check_needs, reopened, sides, stepped, with_turn
from handover.domain.threads import Status, Thread

__all__ = ["acknowledge", "may", "post"]


def post(draft: Draft, dossier: Dossier, command: PostEvent, directory: Directory) -> None:
    """Record a posted step and what follows from it."""
    thread, row = choose(dossier, command)
    occurred_at = _occurred(command.occurred_at, draft.at)
    check_needs(command.data, directory, draft.at)
    if row.on_dossier:
        check_dossier_step(dossier, command, directory)
        changed = elsewhere(dossier, command, (), draft.at)
        draft.add(command.type, command.data, occurred_at=occurred_at, threads=changed)
        return
    sender, receiver = sides(row, command, thread, dossier, directory)
    thread_id = thread.thread_id if thread else draft.new_id()
    step = stepped(row, command, thread, (sender, receiver), thread_id, draft.at)
    touched: tuple[Thread, ...] = (with_turn(step, row, thread, directory),)
    if row.reopens and thread:
        touched = (*touched, reopened(thread, step, command, directory, draft))
    changed = elsewhere(dossier, command, touched, draft.at)
    draft.add(command.type, command.data, thread_id=thread_id, threads=(*touched, *changed), occurred_at=occurred_at)
    inscribe_receiver(draft, touched[-1], command, directory)


def acknowledge(draft: Draft, dossier: Dossier, command: Acknowledge, directory: Directory, *, actor: Actor) -> None:
    """Move a referral from requested to received; nothing when that happened already."""
    thread = dossier.threads.get(command.thread_id)
    if thread is None or thread.kind != HANDOVER.name:
        raise UnknownThread
    if thread.receiver is None or thread.receiver.organisation != command.caller.organisation.organisation_id:
        raise WrongParty
    if thread.status is not Status.REQUESTED or dossier.closed:
        return
    row = HANDOVER.rows["handover.received"][0]
    payload = Received(how=command.how)
    step = replace(
        thread,
        status=row.to,
        since=draft.at,
        last_type="handover.received",
        due_at=row.due.compute(draft.at, payload),
        due_rule=row.due.name,
    )
    draft.add(
        "handover.received",
        payload,
        thread_id=thread.thread_id,
        threads=(with_turn(step, row, thread, directory),),
        actor=actor,
    )


def _occurred(given: datetime | None, at: datetime) -> datetime:
    if given is None:
        return at
    if given > at:
        raise InvalidField("occurredAt", "A step cannot have happened in the future.")
    return given.astimezone(UTC)
