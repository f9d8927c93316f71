"""Which row of a table a posted step is, and which thread it belongs to."""

from handover.domain.codes import OrganisationKind
from handover.domain.dossier import Dossier
from handover.domain.events import PostEvent
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Caller, Organisation
from handover.domain.refusals import InvalidField, UnknownThread, WrongParty, WrongState
from handover.domain.threads import By, Status, Thread, Transition


def choose(dossier: Dossier, command: PostEvent) -> tuple[Thread | None, Transition]:
    """Find the thread and the row; a wrong party is told so before a wrong state."""
    caller, event_type = command.caller, EVENT_TYPES[command.type]
    rows = event_type.rows
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
        if not _fits(row, thread):
            continue
        if too_early(row, dossier):
            raise WrongState(_ASKED_ALREADY)
        return thread, row
    raise WrongState


_ASKED_ALREADY = "Another organisation was asked to direct and has not answered yet. Wait for its answer."


def _fits(row: Transition, thread: Thread | None) -> bool:
    if row.on_dossier:
        return True
    return row.opens if thread is None else row.topic == thread.topic and thread.status in row.starts


def too_early(row: Transition, dossier: Dossier) -> bool:
    """Tell whether a change of lead is asked while an earlier one waits: only one of the two can count."""
    if not (row.opens and row.topic == "lead"):
        return False
    return any(t.topic == "lead" and t.status is Status.REQUESTED for t in dossier.open_threads)


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


def may(row: Transition, dossier: Dossier, thread: Thread | None, caller: Caller) -> bool:  # noqa: PLR0911
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
            return _directs(organisation, dossier)
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


def _directs(organisation: Organisation, dossier: Dossier) -> bool:
    """A lead that is not in the dossier (a paying body, or not or no longer inscribed) cannot post anything.

    Then an OCMW or VDAB that is in it acts in its place, else nobody could ever close it or change the lead.
    """
    lead = dossier.lead.organisation
    if lead and dossier.inscription_of(lead):
        return lead == organisation.organisation_id
    return organisation.kind is not OrganisationKind.PARTNER
