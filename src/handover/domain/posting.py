"""A posted step: its row (`choosing`), its thread (`stepping`), others (`taking_over`), the rest (`following`)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from handover.domain.choosing import choose, may
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Acknowledge, Event, PostEvent
from handover.domain.following import check_dossier_step, follow, inscribe
from handover.domain.kinds import KIND
from handover.domain.kinds.common import EnteredInError, ParticipantInvited, Received
from handover.domain.parties import Actor, Directory, Party
from handover.domain.refusals import InvalidField, UnknownThread, WrongParty, WrongState
from handover.domain.revolving import marked
from handover.domain.stepping import Stepping, check_needs, reopened
from handover.domain.taking_back import take_back
from handover.domain.taking_over import elsewhere
from handover.domain.threads import Asked, Status, Thread, Transition

__all__ = ["acknowledge", "may", "post"]


def post(
    draft: Draft, dossier: Dossier, command: PostEvent, directory: Directory, history: Sequence[Event] = ()
) -> None:
    """Record a posted step and what follows from it. `history` is needed to take a step back."""
    if isinstance(command.data, EnteredInError):
        take_back(draft, dossier, command, command.data, history, directory)
        return
    thread, row = choose(dossier, command, directory)
    occurred_at = _occurred(command.occurred_at, draft.at)
    asked = Asked(
        dossier=dossier, thread=thread, caller=command.caller, directory=directory, at=draft.at, data=command.data
    )
    check_needs(row, asked, command.type)
    if row.everywhere and thread:
        _invite(draft, thread, command, directory)
    elif row.on_dossier:
        check_dossier_step(dossier, command, directory)
        changed = elsewhere(dossier, command, (), directory, draft.at)
        draft.add(command.type, command.data, occurred_at=occurred_at, threads=changed)
    else:
        _step(draft, Stepping(row, command, thread, dossier, directory, draft.at), occurred_at)
    follow(draft, dossier, command, directory)


def _step(draft: Draft, stepping: Stepping, occurred_at: datetime) -> None:
    command, thread = stepping.command, stepping.thread
    thread_id = thread.thread_id if thread else draft.new_id()
    step = stepping.stepped(thread_id)
    touched: tuple[Thread, ...] = (step,)
    if stepping.row.reopens and thread:
        touched = (step, reopened(stepping, step, type(thread_id)(int=draft.new_id().int + 1)))
    touched = tuple(marked(t, stepping.dossier, command.data, draft.at) for t in touched)
    changed = elsewhere(stepping.dossier, command, touched, stepping.directory, draft.at)
    draft.add(command.type, command.data, thread_id=thread_id, threads=(*touched, *changed), occurred_at=occurred_at)
    inscribe(draft, touched[-1], command, stepping.directory)


def _invite(draft: Draft, thread: Thread, command: PostEvent, directory: Directory) -> None:
    """One more organisation takes part; whoever is there already is not invited again."""
    data, own = command.data, command.caller.organisation.organisation_id
    if not isinstance(data, ParticipantInvited):
        raise WrongState
    if not thread.is_open:
        raise WrongState("That thread has ended; nobody can be invited to it any more.")
    if thread.part_of(own) is None:
        raise WrongParty("Only who takes part in a thread invites others to it.")
    if data.organisation not in directory.organisations:
        raise InvalidField("organisation", "No such organisation.", unknown_reference=True)
    if data.counsellor and directory.counsellor_of(data.organisation, data.counsellor) is None:
        raise InvalidField("counsellor", f"No such counsellor at {data.organisation}.", unknown_reference=True)
    if thread.part_of(data.organisation):
        raise WrongState("That organisation takes part in the thread already.")
    party = Party(organisation=data.organisation, counsellor=data.counsellor or "")
    joined = replace(thread, participants=(*thread.participants, party))
    draft.add(command.type, data, thread_id=thread.thread_id, threads=(joined,))
    inscribe(draft, joined, command, directory)


def acknowledge(draft: Draft, dossier: Dossier, command: Acknowledge, directory: Directory, *, actor: Actor) -> None:
    """Move what was requested to received, when whoever must act has it; nothing when that happened already."""
    thread = dossier.threads.get(command.thread_id)
    rows = _receipts(thread) if thread else ()
    if thread is None or not rows:
        raise UnknownThread
    if not awaits_receipt(thread, command.caller.organisation.organisation_id):
        if thread.side_of(command.caller.organisation.organisation_id) is None:
            raise WrongParty
        if thread.status is Status.REQUESTED:
            raise WrongParty
        return
    if dossier.closed:
        return
    row = next(row for row in rows if row.fits(dossier, thread))
    payload = Received(how=command.how)
    step = PostEvent(
        command_id=command.command_id,
        dossier_id=command.dossier_id,
        caller=command.caller,
        type=f"{thread.kind}.{row.name}",
        data=payload,
        thread_id=thread.thread_id,
    )
    received = Stepping(row, step, thread, dossier, directory, draft.at).stepped(thread.thread_id)
    draft.add(step.type, payload, thread_id=thread.thread_id, threads=(received,), actor=actor)


def awaits_receipt(thread: Thread, organisation_id: str) -> bool:
    """Tell whether that organisation's having it moves the thread on: it was requested, and it is its turn."""
    in_turn = thread.turn is not None and thread.turn.organisation == organisation_id
    return thread.status is Status.REQUESTED and in_turn and bool(_receipts(thread))


def _receipts(thread: Thread) -> tuple[Transition, ...]:
    return KIND[thread.kind].rows.get(f"{thread.kind}.received", ())


def _occurred(given: datetime | None, at: datetime) -> datetime:
    if given is None:
        return at
    if given > at:
        raise InvalidField("occurredAt", "A step cannot have happened in the future.")
    return given.astimezone(UTC)
