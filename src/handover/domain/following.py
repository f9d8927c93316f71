"""What a step does to the rest of the dossier: other threads, turns and inscriptions."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from handover.domain.dossier import Dossier, Inscription
from handover.domain.draft import Draft
from handover.domain.events import PostEvent
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.kinds import dossier as d
from handover.domain.kinds.handover import HANDOVER, Requested
from handover.domain.parties import CAPACITY_BY_REFERRAL, Directory, Party
from handover.domain.refusals import DossierBusy, InvalidField, WrongParty, WrongState
from handover.domain.threads import By, Status, Thread

_RESTARTS = {(kind.name, status): rule for kind in KINDS for status, rule in kind.restarts}
_STILL_IN = "That organisation still takes part in open threads. Complete, conclude or cancel them first."
_CAME_TO_NOTHING = frozenset({Status.REJECTED, Status.CANCELLED})


def check_dossier_step(dossier: Dossier, command: PostEvent, directory: Directory) -> None:
    """Refuse a step on the dossier itself that its state or the directory does not allow."""
    own, data = command.caller.organisation.organisation_id, command.data
    match data:
        case d.CounsellorAssigned() | d.CounsellorReplaced():
            for field in ("counsellor", "replaced"):
                name = getattr(data, field, None)
                if name and directory.counsellor_of(own, name) is None:
                    raise InvalidField(field, f"No such counsellor at {own}.", unknown_reference=True)
        case d.InscriptionClosed():
            _check_leaving(dossier, data.organisation, own)
        case d.Closed() if dossier.open_threads:
            raise DossierBusy
        case _:
            pass


def _check_leaving(dossier: Dossier, leaving: str, own: str) -> None:
    if own not in {leaving, dossier.lead.organisation}:
        raise WrongParty("Only the organisation itself or the lead closes an inscription.")
    if dossier.inscription_of(leaving) is None:
        raise WrongState("That organisation has no open inscription.")
    # Whoever left can act no more, and a client would wait for an organisation that is not there.
    if any(_needs(thread, leaving) for thread in dossier.open_threads):
        raise DossierBusy(_STILL_IN)


def _needs(thread: Thread, organisation_id: str) -> bool:
    """Tell whether an open thread needs the organisation; who rejected it has done its part."""
    if not thread.is_open or thread.side_of(organisation_id) is None:
        return False
    return thread.status is not Status.REJECTED or thread.sender.organisation == organisation_id


def elsewhere(dossier: Dossier, command: PostEvent, touched: tuple[Thread, ...], at: datetime) -> tuple[Thread, ...]:
    """Give the open threads that the step changes beside those it belongs to."""
    own = {thread.thread_id for thread in touched}
    others = [thread for thread in dossier.open_threads if thread.thread_id not in own]
    after = [_restarted(_taken_over(thread, command), command, at) for thread in others]
    return tuple(new for old, new in zip(others, after, strict=True) if new != old)


def _restarted(thread: Thread, command: PostEvent, at: datetime) -> Thread:
    """Any step of the receiver in the dossier restarts its progress period."""
    rule = _RESTARTS.get((thread.kind, thread.status))
    if rule is None or thread.receiver is None:
        return thread
    # What the sender asked last (to cancel) waits for an answer of its own.
    asked = any(row.by is By.SENDER for row in EVENT_TYPES[thread.last_type].rows)
    if asked or thread.receiver.organisation != command.caller.organisation.organisation_id:
        return thread
    return replace(thread, due_at=rule.compute(at, command.data), due_rule=rule.name)


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
    )


def inscribe_receiver(draft: Draft, thread: Thread, command: PostEvent, directory: Directory) -> None:
    """Being addressed opens an inscription; a rejected or cancelled referral closes the one it opened.

    An OCMW that joined by itself, as the second, reads from its join on; a referral to it opens the rest.
    """
    receiver, dossier = thread.receiver, draft.state
    if receiver is None or dossier is None:
        return
    inscription = dossier.inscription_of(receiver.organisation)
    referred = thread.kind == HANDOVER.name and thread.status is Status.REQUESTED
    if inscription and referred and inscription.sees_from > 1:
        draft.add(
            "dossier.inscriptionOpened",
            d.InscriptionOpened(
                organisation=inscription.organisation,
                organisation_kind=inscription.kind,
                capacity=inscription.capacity,
                legal_basis_id=inscription.legal_basis_id,
                sees_from=1,
            ),
        )
    elif inscription is None and _needs(thread, receiver.organisation):
        organisation = directory.organisations[receiver.organisation]
        own = dossier.inscription_of(command.caller.organisation.organisation_id)
        stated = command.data if isinstance(command.data, Requested) else own
        draft.add(
            "dossier.inscriptionOpened",
            d.InscriptionOpened(
                organisation=organisation.organisation_id,
                organisation_kind=organisation.kind,
                capacity=CAPACITY_BY_REFERRAL[organisation.kind],
                legal_basis_id=stated.legal_basis_id if stated else "",
                sees_from=1,  # a warm handover brings the history along
                by_thread=str(thread.thread_id),
            ),
        )
    elif inscription and thread.status in _CAME_TO_NOTHING and _ends_with_referral(inscription, dossier):
        draft.add(
            "dossier.inscriptionClosed",
            d.InscriptionClosed(organisation=receiver.organisation, why=str(thread.status)),
        )


def _ends_with_referral(inscription: Inscription, dossier: Dossier) -> bool:
    """Tell whether the referral that opened the inscription came to nothing, and nothing else needs it."""
    opener = dossier.threads.get(UUID(inscription.by_thread)) if inscription.by_thread else None
    if opener is None or any(_needs(thread, inscription.organisation) for thread in dossier.open_threads):
        return False
    # A rejected one that was retried or concluded is closed; nobody was named on the receiver's side.
    never_taken_up = opener.status is Status.CLOSED and not (opener.receiver and opener.receiver.counsellor)
    return opener.status in _CAME_TO_NOTHING or never_taken_up
