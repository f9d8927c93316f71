"""Erasing the personal data of a dossier (GDPR, article 17): what is left says that it was there, not of whom."""

from datetime import datetime

from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Erase, Event
from handover.domain.kinds.dossier import PersonalDataErased
from handover.domain.parties import SYSTEM
from handover.domain.refusals import Unseen, WrongState


def erase(dossier: Dossier | None, command: Erase, *, at: datetime) -> tuple[tuple[Event, ...], Dossier]:
    """Decide an erasure; no events when it was done before.

    Raises Unseen where there is no such dossier, WrongState for one that is still open: the client would wait for steps
    that nobody can see any more.
    """
    if dossier is None:
        raise Unseen
    if dossier.erased:
        return (), dossier
    if not dossier.closed:
        raise WrongState("The dossier is open. Close it before its personal data is erased.")
    draft = Draft(dossier, command, at=at)
    told_by = dossier.lead.organisation or dossier.inscriptions[0].organisation
    draft.add(
        "dossier.personalDataErased", PersonalDataErased(ground=command.reason), actor=SYSTEM, organisation=told_by
    )
    assert draft.state is not None  # noqa: S101 - a draft of a dossier has a state
    return tuple(draft.events), draft.state
