"""Which row of a table a posted step is, and which thread it belongs to."""

from collections.abc import Callable

from handover.domain.codes import OrganisationKind
from handover.domain.dossier import Dossier
from handover.domain.events import PostEvent
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Caller, Directory, Organisation
from handover.domain.refusals import InvalidField, UnknownThread, WrongParty, WrongState
from handover.domain.threads import By, Thread, Transition


def choose(dossier: Dossier, command: PostEvent, directory: Directory) -> tuple[Thread | None, Transition]:
    """Find the thread and the row; a wrong party is told so before a wrong state."""
    caller, event_type = command.caller, EVENT_TYPES[command.type]
    rows = event_type.rows
    if not event_type.is_posted:
        detail = "This event is recorded by the system itself and cannot be posted."
        raise WrongParty(detail)
    thread = _thread(dossier, command, rows)
    if thread is not None:
        rows = tuple(row for row in rows if not row.opens) or rows
    allowed = [row for row in rows if may(row, dossier, thread if row.starts else None, caller, directory)]
    if not allowed:
        raise WrongParty
    for row in allowed:
        if row.fits(dossier, thread):
            return thread, row
    raise WrongState


def _thread(dossier: Dossier, command: PostEvent, rows: tuple[Transition, ...]) -> Thread | None:
    if rows[0].on_dossier:
        return None
    if command.thread_id is not None:
        thread = dossier.threads.get(command.thread_id)
        own = dossier.inscription_of(command.caller.organisation.organisation_id)
        hidden = thread and own and dossier.hides(own, thread.last_type, thread.thread_id)
        if thread is None or hidden or thread.kind != EVENT_TYPES[command.type].kind.name:
            raise UnknownThread
        return thread
    if rows[0].everywhere:
        raise InvalidField("threadId", "Say which thread this is about.")
    if any(row.opens for row in rows):
        return None
    return _only_candidate(dossier, command, rows)


def _only_candidate(dossier: Dossier, command: PostEvent, rows: tuple[Transition, ...]) -> Thread:
    """Without a thread id the step goes to the one thread it can belong to."""
    kind = EVENT_TYPES[command.type].kind.name
    same = [t for t in dossier.threads.values() if t.kind == kind and t.topic == rows[0].topic]
    fitting = [t for t in same if any(row.fits(dossier, t) for row in rows)]
    if len(fitting) > 1:
        raise InvalidField("threadId", "Several threads could be meant: say which one.")
    if fitting:
        return fitting[0]
    if len(same) == 1:
        return same[0]
    raise WrongState


_Party = Callable[[Dossier, Thread | None, Organisation, Directory], bool]


def may(row: Transition, dossier: Dossier, thread: Thread | None, caller: Caller, directory: Directory) -> bool:
    """Tell whether the caller is the party that the row is for; states are looked at elsewhere."""
    return _MAY[row.by](dossier, thread, caller.organisation, directory)


def organiser(thread: Thread, directory: Directory) -> str:
    """Give the side that gives a training: who is not the OCMW, else the receiver, else the sender."""
    for party in (thread.receiver, thread.sender):
        if party and kind_of(party.organisation, directory) is not OrganisationKind.OCMW:
            return party.organisation
    return (thread.receiver or thread.sender).organisation


def kind_of(organisation_id: str, directory: Directory) -> OrganisationKind | None:
    """Give what an organisation is, or None for one that the directory does not know any more."""
    organisation = directory.organisations.get(organisation_id)
    return organisation.kind if organisation else None


def _is_sender(_: Dossier, thread: Thread | None, own: Organisation, __: Directory) -> bool:
    if thread is None:
        return own.kind is not OrganisationKind.PARTNER
    return thread.sender.organisation == own.organisation_id


def _is_receiver(_: Dossier, thread: Thread | None, own: Organisation, __: Directory) -> bool:
    return bool(thread and thread.receiver and thread.receiver.organisation == own.organisation_id)


def _is_side(_: Dossier, thread: Thread | None, own: Organisation, __: Directory) -> bool:
    return bool(thread and thread.side_of(own.organisation_id))


def _is_organiser(_: Dossier, thread: Thread | None, own: Organisation, directory: Directory) -> bool:
    return bool(thread and organiser(thread, directory) == own.organisation_id)


def _is_ocmw(_: Dossier, thread: Thread | None, own: Organisation, __: Directory) -> bool:
    # Among several OCMWs in one dossier only the one in the thread is its employer, or heard the client.
    return own.kind is OrganisationKind.OCMW and (thread is None or thread.side_of(own.organisation_id) is not None)


def _is_vdab(_: Dossier, thread: Thread | None, own: Organisation, __: Directory) -> bool:
    return own.kind is OrganisationKind.VDAB and (thread is None or thread.side_of(own.organisation_id) is not None)


def _directs(dossier: Dossier, _: Thread | None, own: Organisation, __: Directory) -> bool:
    """A lead that is not in the dossier (a paying body, or not or no longer inscribed) cannot post anything.

    Then an OCMW or VDAB that is in it acts in its place, else nobody could ever close it or change the lead.
    """
    lead = dossier.lead.organisation
    if lead and dossier.inscription_of(lead):
        return lead == own.organisation_id
    return own.kind is not OrganisationKind.PARTNER


_MAY: dict[By, _Party] = {
    By.SENDER: _is_sender,
    By.RECEIVER: _is_receiver,
    By.SIDE: _is_side,
    By.ORGANISER: _is_organiser,
    By.OCMW: _is_ocmw,
    By.VDAB: _is_vdab,
    By.LEAD: _directs,
    By.OCMW_OR_VDAB: lambda _dossier, _thread, own, _directory: own.kind is not OrganisationKind.PARTNER,
    By.ANY: lambda _dossier, _thread, _own, _directory: True,
    By.SYSTEM: lambda _dossier, _thread, _own, _directory: False,
}
