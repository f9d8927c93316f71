"""What a step does to the other open threads: who takes over their sides and turns, and which period begins anew."""

from datetime import datetime

from msgspec.structs import replace

from handover.domain.dossier import Dossier
from handover.domain.events import PostEvent
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.kinds import dossier as d
from handover.domain.kinds.question import QUESTION
from handover.domain.parties import Directory, Party
from handover.domain.threads import By, Thread

_RESTARTS = {(kind.name, status): rule for kind in KINDS for status, rule in kind.restarts}


def works_with(dossier: Dossier, organisation_id: str, counsellor: str) -> bool:
    """Tell whether the organisation has that counsellor on the dossier, or in one of its open threads."""
    named = {(c.organisation, c.counsellor) for c in dossier.contacts if c.until is None}
    named |= {(p.organisation, p.counsellor) for thread in dossier.open_threads for p in thread.parties}
    return (organisation_id, counsellor) in named


def working_for(dossier: Dossier, organisation_id: str, directory: Directory) -> list[str]:
    """Give who works with the client for the organisation; who left it counts no more."""
    contacts = [c.counsellor for c in dossier.contacts if c.organisation == organisation_id and c.until is None]
    return [name for name in contacts if directory.counsellor_of(organisation_id, name)]


def elsewhere(
    dossier: Dossier, command: PostEvent, touched: tuple[Thread, ...], directory: Directory, at: datetime
) -> tuple[Thread, ...]:
    """Give the open threads that the step changes beside those it belongs to."""
    own = {thread.thread_id for thread in touched}
    others = [thread for thread in dossier.open_threads if thread.thread_id not in own]
    present = working_for(dossier, command.caller.organisation.organisation_id, directory)
    unnamed = isinstance(command.data, d.CounsellorAssigned) and not present
    after = [
        _restarted(_taken_up(thread, command) if unnamed else _taken_over(thread, command), command, at)
        for thread in others
    ]
    return tuple(new for old, new in zip(others, after, strict=True) if new != old)


def _restarted(thread: Thread, command: PostEvent, at: datetime) -> Thread:
    """Any step of the receiver in the dossier restarts its progress period; naming another counsellor is none.

    Else handing over a colleague's dossiers would make all that is late in them look as if it were in time.
    """
    rule = _RESTARTS.get((thread.kind, thread.status))
    if isinstance(command.data, d.CounsellorAssigned | d.CounsellorReplaced):
        return thread
    if rule is None or thread.receiver is None:
        return thread
    if thread.receiver.organisation != command.caller.organisation.organisation_id:
        return thread
    # What the sender asked last (to cancel) waits for an answer of its own.
    if any(row.by is By.SENDER for row in EVENT_TYPES[thread.last_type].rows):
        return thread
    due_at, due_rule = rule.due(at, command.data)
    return replace(thread, due_at=due_at, due_rule=due_rule, rung=0, escalated=())


def _taken_over(thread: Thread, command: PostEvent) -> Thread:
    """A replacement takes over the sides and turns of the counsellor who leaves."""
    data, own = command.data, command.caller.organisation.organisation_id
    if not isinstance(data, d.CounsellorReplaced):
        return thread
    old = Party(organisation=own, counsellor=data.replaced)
    new = Party(organisation=own, counsellor=data.counsellor)
    return replace(
        thread,
        sender=new if thread.sender == old else thread.sender,
        receiver=new if thread.receiver == old else thread.receiver,
        turn=new if thread.turn == old else thread.turn,
        participants=tuple(new if party == old else party for party in thread.participants),
    )


def _taken_up(thread: Thread, command: PostEvent) -> Thread:
    """The first who is named takes the turns that the agreement's contact, a team or the coordinator kept.

    Not a question's: it may have been put to the coordinator or the fixed contact as such, who can pass it on.
    """
    own, turn = command.caller.organisation.organisation_id, thread.turn
    part = thread.part_of(own)
    stands_in = turn is not None and turn.organisation == own and not (part and part.counsellor)
    if not stands_in or thread.kind == QUESTION.name or not isinstance(command.data, d.CounsellorAssigned):
        return thread
    return replace(thread, turn=Party(organisation=own, counsellor=command.data.counsellor))
