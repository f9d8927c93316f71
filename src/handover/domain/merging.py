"""Two dossiers of one client become one.

The merged one closes and keeps its chain, what was open goes on in the other.
"""

from datetime import datetime

from msgspec.structs import replace

from handover.domain.codes import OrganisationKind
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Event, Merge
from handover.domain.kinds.dossier import Absorbed, InscriptionOpened, Merged
from handover.domain.refusals import DossierMerged, IdentityMismatch, InvalidField, Unseen, WrongParty, WrongState
from handover.domain.threads import Status, Thread


def merge(
    merged: Dossier | None, survivor: Dossier | None, command: Merge, *, at: datetime
) -> tuple[tuple[tuple[Event, ...], Dossier], tuple[tuple[Event, ...], Dossier]]:
    """Decide a merger: the events and state of the merged dossier, and of the one that goes on.

    Raises Unseen for a dossier that the caller is not in, WrongParty for a partner, WrongState for a closed one,
    IdentityMismatch when the two are not of one person by their birth date.
    """
    own = command.caller.organisation
    if merged is None or survivor is None:
        raise Unseen
    for dossier in (merged, survivor):
        if dossier.inscription_of(own.organisation_id) is None:
            raise Unseen
        if dossier.merged_into:
            raise DossierMerged
    if own.kind is OrganisationKind.PARTNER:
        raise WrongParty("Only an OCMW or VDAB merges dossiers.")
    if merged.dossier_id == survivor.dossier_id:
        raise InvalidField("into", "A dossier cannot be merged into itself.")
    if merged.birth_date != survivor.birth_date:
        raise IdentityMismatch("The two dossiers have different birth dates. Correct that before you merge them.")
    if survivor.closed:
        raise WrongState("The dossier to go on in is closed. Post dossier.reopened there first.")
    return _closed(merged, command, at), _taken_in(merged, survivor, command, at)


def _closed(merged: Dossier, command: Merge, at: datetime) -> tuple[tuple[Event, ...], Dossier]:
    draft = Draft(merged, command, at=at)
    moved = tuple(
        replace(thread, status=Status.CLOSED, turn=None, due_at=None, due_rule="", since=at, outcome="", review_on=None)
        for thread in merged.open_threads
    )
    draft.add("dossier.merged", Merged(into=str(command.into)), threads=moved)
    assert draft.state is not None  # noqa: S101 - a draft of a dossier has a state
    return tuple(draft.events), draft.state


def _taken_in(merged: Dossier, survivor: Dossier, command: Merge, at: datetime) -> tuple[tuple[Event, ...], Dossier]:
    onward = Merge(
        command_id=type(command.command_id)(int=command.command_id.int + (1 << 32)),
        dossier_id=survivor.dossier_id,
        caller=command.caller,
        into=survivor.dossier_id,
    )
    draft = Draft(survivor, onward, at=at)
    going_on: tuple[Thread, ...] = merged.open_threads
    draft.add("dossier.absorbed", Absorbed(merged=str(merged.dossier_id)), threads=going_on)
    for inscription in merged.inscriptions:
        if inscription.active and draft.state and draft.state.inscription_of(inscription.organisation) is None:
            draft.add(
                "dossier.inscriptionOpened",
                InscriptionOpened(
                    organisation=inscription.organisation,
                    organisation_kind=inscription.kind,
                    capacity=inscription.capacity,
                    legal_basis_id=inscription.legal_basis_id,
                    # What it could not see before the merger stays unseen: from here on.
                    sees_from=draft.state.version,
                ),
            )
    assert draft.state is not None  # noqa: S101 - a draft of a dossier has a state
    return tuple(draft.events), draft.state
