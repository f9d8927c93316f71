"""What a step does to the rest of the dossier: inscriptions, proposals, warnings (other threads: `taking_over`)."""

from uuid import UUID

from msgspec.structs import replace

from handover.domain.codes import LeadKind, OrganisationKind
from handover.domain.dossier import Dossier, Inscription
from handover.domain.draft import Draft
from handover.domain.events import PostEvent
from handover.domain.kinds import KIND
from handover.domain.kinds import dossier as d
from handover.domain.kinds.follow_up_payloads import ContractEnded, ContractStarted
from handover.domain.kinds.handover import HANDOVER, Requested
from handover.domain.kinds.training import ContractCrossed
from handover.domain.parties import CAPACITY_BY_REFERRAL, SYSTEM, Directory
from handover.domain.refusals import DossierBusy, InvalidField, WrongParty, WrongState
from handover.domain.stepping import Stepping
from handover.domain.taking_over import works_with
from handover.domain.threads import Status, Thread

_STILL_IN = "That organisation still takes part in open threads. Complete, conclude or cancel them first."
_CAME_TO_NOTHING = frozenset({Status.REJECTED, Status.CANCELLED, Status.ENTERED_IN_ERROR})


def check_dossier_step(dossier: Dossier, command: PostEvent, directory: Directory) -> None:
    """Refuse a step on the dossier itself that its state or the directory does not allow."""
    own, data = command.caller.organisation.organisation_id, command.data
    match data:
        case d.CounsellorAssigned() | d.CounsellorReplaced():
            # Who left the organisation cannot be named any more, but can be replaced: their clients are still there.
            names = {"counsellor": data.counsellor}
            if isinstance(data, d.CounsellorReplaced) and not works_with(dossier, own, data.replaced):
                names["replaced"] = data.replaced
            for field, name in names.items():
                if directory.counsellor_of(own, name) is None:
                    raise InvalidField(field, f"No such counsellor at {own}.", unknown_reference=True)
            if data.counsellor == getattr(data, "replaced", ""):
                raise InvalidField("counsellor", "Name somebody else than who leaves.")
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
    if not thread.is_open or thread.part_of(organisation_id) is None:
        return False
    return thread.status is not Status.REJECTED or thread.sender.organisation == organisation_id


def inscribe(draft: Draft, thread: Thread, command: PostEvent, directory: Directory) -> None:
    """Being addressed or invited opens an inscription; a referral that comes to nothing closes the one it opened.

    An OCMW that joined by itself, as the second, reads from its join on; a referral to it opens the rest.
    """
    own = command.caller.organisation.organisation_id
    for party in thread.parties[1:]:
        if party.organisation != own:
            _inscribe(draft, thread, party.organisation, command, directory)
    if thread.receiver and thread.receiver.organisation == own and thread.status in _CAME_TO_NOTHING:
        _inscribe(draft, thread, own, command, directory)
    if thread.sender.organisation != own and _needs(thread, thread.sender.organisation):
        _inscribe(draft, thread, thread.sender.organisation, command, directory)


def _inscribe(draft: Draft, thread: Thread, organisation_id: str, command: PostEvent, directory: Directory) -> None:
    dossier = draft.state
    if dossier is None:
        return
    inscription = dossier.inscription_of(organisation_id)
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
    elif inscription is None and _needs(thread, organisation_id):
        organisation = directory.organisations[organisation_id]
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
            d.InscriptionClosed(organisation=organisation_id, why=str(thread.status)),
        )


def _ends_with_referral(inscription: Inscription, dossier: Dossier) -> bool:
    """Tell whether the referral that opened the inscription came to nothing, and nothing else needs it."""
    opener = dossier.threads.get(UUID(inscription.by_thread)) if inscription.by_thread else None
    if opener is None or any(_needs(thread, inscription.organisation) for thread in dossier.open_threads):
        return False
    # A rejected one that was retried or concluded is closed; nobody was named on the receiver's side.
    never_taken_up = opener.status is Status.CLOSED and not (opener.receiver and opener.receiver.counsellor)
    return opener.status in _CAME_TO_NOTHING or never_taken_up


def follow(draft: Draft, before: Dossier, command: PostEvent, directory: Directory) -> None:
    """Record what a step brings about beside its own thread: a warning, a proposal."""
    match command.data:
        case ContractStarted() if command.type == "followUp.art60Started":
            _warn_trainings(draft, before)
        case ContractEnded():
            _propose(draft, command, command.data, directory)
        case _:
            pass


def _warn_trainings(draft: Draft, before: Dossier) -> None:
    """A contract art. 60 across a running training raises a warning: to talk about, not to forbid (survey)."""
    contract = str(draft.events[0].event_id)
    row = KIND["training"].rows["training.contractCrossed"][0]
    for thread in before.open_threads:
        if thread.kind == "training" and thread.status in {Status.IN_PROGRESS, Status.ON_HOLD}:
            name = f"training.{row.name}"
            warned = replace(thread, since=draft.at, last_type=name)
            data = ContractCrossed(contract=contract)
            draft.add(name, data, thread_id=thread.thread_id, threads=(warned,), actor=SYSTEM)


def _propose(draft: Draft, command: PostEvent, data: ContractEnded, directory: Directory) -> None:
    """A contract that ends proposes target group and lead anew: done where the caller directs, else asked."""
    dossier, own = draft.state, command.caller.organisation.organisation_id
    if dossier is None or (data.proposed_target_group is None and data.proposed_lead is None):
        return
    group = data.proposed_target_group or dossier.target_group
    lead = data.proposed_lead or dossier.lead.kind
    other = _proposed_lead(dossier, lead, own, directory)
    if other is None:
        if group is not dossier.target_group and dossier.lead.organisation in {own, ""}:
            draft.add("dossier.targetGroupChanged", d.TargetGroupChanged(target_group=group, since=data.ended_on))
        return
    waits = any(t.topic == "lead" and t.status is Status.REQUESTED for t in dossier.open_threads)
    if waits or (other == dossier.lead.organisation and group is dossier.target_group):
        return
    _ask_lead(draft, command, d.LeadChanged(lead=other, why=_WHY, target_group=group), directory)


_WHY = "Het contract via het OCMW is gestopt."


def _proposed_lead(dossier: Dossier, lead: LeadKind, own: str, directory: Directory) -> str | None:
    """Give the other organisation that is to direct; None where the caller does, or a body outside the dossier."""
    if lead is LeadKind.EXTERNAL:
        return None
    kind = OrganisationKind.of(str(lead))
    inside = [i.organisation for i in dossier.inscriptions if i.active and i.kind is kind]
    known = inside or [o.organisation_id for o in directory.organisations.values() if o.kind is kind]
    if own in known or len(known) != 1:
        return None
    return known[0]


def _ask_lead(draft: Draft, command: PostEvent, data: d.LeadChanged, directory: Directory) -> None:
    dossier = draft.state
    if dossier is None:
        return
    name = "dossier.leadChanged"
    row = KIND["dossier"].rows[name][0]
    step = PostEvent(
        command_id=command.command_id, dossier_id=command.dossier_id, caller=command.caller, type=name, data=data
    )
    thread_id = draft.new_id()
    thread = Stepping(row, step, None, dossier, directory, draft.at).stepped(thread_id)
    draft.add(name, data, thread_id=thread_id, threads=(thread,))
    inscribe(draft, thread, step, directory)
