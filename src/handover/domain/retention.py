"""How long a dossier is kept: without a step it closes, and some time after that its personal data is erased."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from handover.domain.codes_follow_up import ClosingReason
from handover.domain.deadlines import add_months, local_day
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import CloseUnused, Event
from handover.domain.kinds.dossier import Closed
from handover.domain.parties import SYSTEM
from handover.domain.refusals import Unseen

_WHY = "Er gebeurde niets meer in dit dossier."


@dataclass(frozen=True, slots=True)
class Periods:
    """What an organisation states, in months: without a step until it closes, and from then until it is erased."""

    close_after: int
    erase_after: int


class Due(Enum):
    """What the periods bring a dossier to now."""

    CLOSING = "closing"
    ERASURE = "erasure"


def due(dossier: Dossier, periods: Mapping[str, Periods], *, on: date) -> Due | None:
    """Give what is due on a day, by the longest periods of all that are or were in the dossier.

    Nothing while one of them states none, and nothing while a thread is open: silence never closes a thread.
    """
    stated = [periods.get(inscription.organisation) for inscription in dossier.inscriptions]
    known = [one for one in stated if one is not None]
    if dossier.erased or not known or len(known) < len(stated):
        return None
    if dossier.closed_at is not None:
        months = max(one.erase_after for one in known)
        return Due.ERASURE if add_months(local_day(dossier.closed_at), months) <= on else None
    if dossier.open_threads:
        return None
    months = max(one.close_after for one in known)
    return Due.CLOSING if add_months(local_day(dossier.changed_at), months) <= on else None


def close_unused(dossier: Dossier | None, command: CloseUnused, *, at: datetime) -> tuple[tuple[Event, ...], Dossier]:
    """Decide the closing of a dossier in which nothing happens; no events when it is closed. Raises Unseen."""
    if dossier is None:
        raise Unseen
    if dossier.closed or dossier.open_threads:
        return (), dossier
    draft = Draft(dossier, command, at=at)
    told_by = dossier.lead.organisation or dossier.inscriptions[0].organisation
    draft.add("dossier.closed", Closed(reason=ClosingReason.OTHER, note=_WHY), actor=SYSTEM, organisation=told_by)
    assert draft.state is not None  # noqa: S101 - a draft of a dossier has a state
    return tuple(draft.events), draft.state
