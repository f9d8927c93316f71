"""What follows from a step elsewhere in the dossier: other threads, turns and inscriptions."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import KINDS
from handover.domain.kinds import dossier as d
from handover.domain.kinds.handover import Requested
from handover.domain.parties import CAPACITY_BY_REFERRAL, Caller, Directory, Party
from handover.domain.refusals import DossierBusy, InvalidField, WrongParty, WrongState
from handover.domain.threads import Status, Thread

_RESTARTS = {(kind.name, status): rule for kind in KINDS for status, rule in kind.restarts}


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
