"""A command becomes events, or a refusal. Everything about threads is read from the tables in `kinds/`."""

from datetime import datetime
from typing import assert_never

from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Acknowledge, Command, Event, OpenDossier, PostEvent
from handover.domain.kinds import EVENT_TYPES
from handover.domain.opening import open_or_join
from handover.domain.parties import SYSTEM, Directory
from handover.domain.posting import acknowledge, post
from handover.domain.refusals import DossierClosed, Unseen, WrongState

Decision = tuple[tuple[Event, ...], Dossier]
"""The events to record, in order, and the dossier after them."""


def decide(dossier: Dossier | None, command: Command, directory: Directory, *, at: datetime) -> Decision:
    """Decide what a command leads to.

    `dossier` is None only when it does not exist. Gives no events when everything is already so.
    Raises a Refusal; then nothing happened.
    """
    draft = Draft(dossier, command, at=at)
    if isinstance(command, OpenDossier):
        for name, payload in open_or_join(dossier, command, directory, at=at):
            draft.add(name, payload)
    else:
        visible = _seen(dossier, command)
        match command:
            case PostEvent():
                _check_open(visible, command)
                post(draft, visible, command, directory)
            case Acknowledge():
                acknowledge(draft, visible, command, directory, actor=SYSTEM)
            case _:
                assert_never(command)
    if draft.state is None:
        raise Unseen
    return tuple(draft.events), draft.state


def _seen(dossier: Dossier | None, command: PostEvent | Acknowledge) -> Dossier:
    """No active inscription, no access: the refusal is the same as for a dossier that does not exist."""
    if dossier is None or dossier.inscription_of(command.caller.organisation.organisation_id) is None:
        raise Unseen
    return dossier


def _check_open(dossier: Dossier, command: PostEvent) -> None:
    reopening = any(row.on_closed for row in EVENT_TYPES[command.type].rows)
    if dossier.closed and not reopening:
        raise DossierClosed
    if reopening and not dossier.closed:
        detail = "The dossier is open; there is nothing to reopen."
        raise WrongState(detail)
