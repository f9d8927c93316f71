"""A command becomes events, or a refusal. Everything about threads is read from the tables in `kinds/`."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from handover.domain.codes import OrganisationKind
from handover.domain.conflicts import detect
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Acknowledge, Command, Event, OpenDossier, PassTime, PostEvent, ReplaceSsin
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds.common import EnteredInError
from handover.domain.kinds.dossier import SsinReplaced
from handover.domain.opening import open_or_join
from handover.domain.parties import SYSTEM, Directory
from handover.domain.passing import pass_time
from handover.domain.posting import acknowledge, post
from handover.domain.refusals import DossierClosed, DossierMerged, Unseen, WrongParty, WrongState

Decision = tuple[tuple[Event, ...], Dossier]
"""The events to record, in order, and the dossier after them."""


def decide(
    dossier: Dossier | None, command: Command, directory: Directory, *, at: datetime, history: Sequence[Event] = ()
) -> Decision:
    """Decide what a command leads to.

    `dossier` is None only when it does not exist. `history`, all its events, is needed where `needs_history`.
    Gives no events when everything is already so. Raises a Refusal; then nothing happened.
    """
    draft = Draft(dossier, command, at=at)
    if dossier is not None and dossier.merged_into and not isinstance(command, PassTime):
        _seen(dossier, command)
        raise DossierMerged
    match command:
        case OpenDossier():
            for name, payload in open_or_join(dossier, command, directory, at=at):
                draft.add(name, payload)
        case PostEvent():
            visible = _seen(dossier, command)
            _check_open(visible, command)
            post(draft, visible, command, directory, history)
        case Acknowledge():
            acknowledge(draft, _seen(dossier, command), command, directory, actor=SYSTEM)
        case PassTime():
            pass_time(draft, directory)
        case ReplaceSsin():
            _replace_ssin(draft, _seen(dossier, command), command)
        case _:
            assert_never(command)
    detect(draft, command, directory)
    if draft.state is None:
        raise Unseen
    return tuple(draft.events), draft.state


def needs_history(command: Command) -> bool:
    """Tell whether a decision looks at the events themselves: only taking a step back does."""
    return isinstance(command, PostEvent) and isinstance(command.data, EnteredInError)


def _seen(dossier: Dossier | None, command: Command) -> Dossier:
    """No active inscription, no access: the refusal is the same as for a dossier that does not exist."""
    if dossier is None or dossier.inscription_of(command.caller.organisation.organisation_id) is None:
        raise Unseen
    return dossier


def _replace_ssin(draft: Draft, dossier: Dossier, command: ReplaceSsin) -> None:
    if command.caller.organisation.kind is OrganisationKind.PARTNER:
        raise WrongParty("Only an OCMW or VDAB tells that a national number was replaced.")
    if dossier.closed:
        raise DossierClosed
    draft.add("dossier.ssinReplaced", SsinReplaced(replaced_on=command.replaced_on))


def _check_open(dossier: Dossier, command: PostEvent) -> None:
    reopening = any(row.on_closed for row in EVENT_TYPES[command.type].rows)
    if dossier.closed and not reopening:
        raise DossierClosed
    if reopening and not dossier.closed:
        detail = "The dossier is open; there is nothing to reopen."
        raise WrongState(detail)
