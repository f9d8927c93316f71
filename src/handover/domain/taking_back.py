"""Marking a step as a mistake: nothing is deleted, its thread is again where it was before (design: threads).

Only a thread's latest transition can be taken back, and of the facts only the latest word; whatever else went wrong
is put right by a further step. The restored thread is recorded in the event, so receivers need not work it out.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from handover.domain.dossier import Dossier, fold
from handover.domain.draft import Draft
from handover.domain.events import Event, PostEvent
from handover.domain.following import inscribe
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds.common import EnteredInError
from handover.domain.kinds.intake import BenefitStated, RegisteredAtVdab, TrajectoryStarted
from handover.domain.parties import Directory, Party
from handover.domain.refusals import InvalidField, NotTakenBack, WrongParty
from handover.domain.threads import Status, Thread

_FACTS = (RegisteredAtVdab, TrajectoryStarted, BenefitStated)
_PASSIVE = frozenset({"escalated", "enteredInError", "participantInvited", "contractCrossed"})
"""Steps that left their thread where it was."""


def take_back(
    draft: Draft,
    dossier: Dossier,
    command: PostEvent,
    data: EnteredInError,
    history: Sequence[Event],
    directory: Directory,
) -> None:
    """Mark a step as a mistake and restore what it changed. Raises InvalidField, WrongParty or NotTakenBack."""
    own = command.caller.organisation.organisation_id
    mistake = next((event for event in history if str(event.event_id) == data.event_id), None)
    if mistake is None or dossier.place_to_see(own, mistake.sequence, mistake.type, mistake.thread_id) is None:
        raise InvalidField("eventId", "This dossier has no such event.", unknown_reference=True)
    if mistake.organisation != own:
        raise WrongParty("Only the organisation that recorded a step can mark it as a mistake.")
    if command.type.partition(".")[0] != mistake.type.partition(".")[0]:
        kind = mistake.type.partition(".")[0]
        raise InvalidField("eventId", f"This is a step of another kind: post {kind}.enteredInError.")
    if isinstance(mistake.data, _FACTS):
        _take_back_fact(draft, dossier, command, mistake, history)
        return
    # It moved now; so a screen can tell that what is latest again was not just done.
    restored = replace(_restored(dossier, mistake, history), since=draft.at)
    draft.add(command.type, data, thread_id=restored.thread_id, threads=(restored,))
    inscribe(draft, restored, command, directory)


def seems_latest(dossier: Dossier, own: str, event: Event) -> bool:
    """Tell from the state alone whether that organisation could mark the step as a mistake; for screens."""
    thread = dossier.threads.get(event.thread_id) if event.thread_id else None
    if thread is None or dossier.closed or event.organisation != own or not _can_be_undone(event):
        return False
    return event.type == thread.last_type and event.recorded_at == thread.since


def _can_be_undone(event: Event) -> bool:
    name = event.type.partition(".")[2]
    return name not in _PASSIVE and not any(row.final or row.on_dossier for row in EVENT_TYPES[event.type].rows)


def _restored(dossier: Dossier, mistake: Event, history: Sequence[Event]) -> Thread:
    thread = dossier.threads.get(mistake.thread_id) if mistake.thread_id else None
    if thread is None or not _can_be_undone(mistake):
        raise NotTakenBack
    if _latest(thread, history) != mistake:
        raise NotTakenBack
    state = fold(event for event in history if event.sequence < mistake.sequence)
    before = state.threads.get(thread.thread_id) if state else None
    if before is None:
        return replace(
            thread, status=Status.ENTERED_IN_ERROR, turn=None, due_at=None, due_rule="", outcome="", review_on=None
        )
    return _with_people_of_today(before, thread, dossier)


def _latest(thread: Thread, history: Sequence[Event]) -> Event | None:
    """Give the thread's latest transition; one that was taken back counts no more, nor can its like be twice."""
    steps = [
        event
        for event in history
        if event.thread_id == thread.thread_id and event.type.partition(".")[2] not in _PASSIVE
    ]
    undone = {e.data.event_id for e in history if isinstance(e.data, EnteredInError)}
    if not steps or str(steps[-1].event_id) in undone:
        return None
    return steps[-1]


def _with_people_of_today(before: Thread, now: Thread, dossier: Dossier) -> Thread:
    """Who was replaced or invited meanwhile stays so."""
    gone = {c.counsellor for c in dossier.contacts if c.until is not None}

    def today(party: Party | None) -> Party | None:
        if party is None or party.counsellor not in gone:
            return party
        return Party(organisation=party.organisation, counsellor=dossier.counsellor_of(party.organisation))

    return replace(
        before,
        sender=today(before.sender) or before.sender,
        receiver=today(before.receiver),
        turn=today(before.turn),
        participants=now.participants,
    )


def _take_back_fact(
    draft: Draft, dossier: Dossier, command: PostEvent, mistake: Event, history: Sequence[Event]
) -> None:
    later = [e for e in history if e.sequence > mistake.sequence and (e.type == mistake.type or e.facts)]
    if later:
        raise NotTakenBack("Something was stated since. State what is right now instead.")
    before = fold(event for event in history if event.sequence < mistake.sequence)
    facts, was = dossier.facts, before.facts if before else None
    if was is None:
        raise NotTakenBack
    match mistake.data:
        case RegisteredAtVdab():
            facts = replace(facts, registered_at_vdab_since=was.registered_at_vdab_since)
        case TrajectoryStarted():
            facts = replace(facts, trajectory_since=was.trajectory_since)
        case _:
            others = {o: b for o, b in facts.benefits.items() if o != mistake.organisation}
            mine = {o: b for o, b in was.benefits.items() if o == mistake.organisation}
            facts = replace(facts, benefits=others | mine)
    draft.add(command.type, command.data, facts=facts)
