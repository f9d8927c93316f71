"""What a caller may post now, read from the tables that decide about it: a screen offers this and no more."""

from uuid import UUID

from handover.domain.choosing import may, too_early
from handover.domain.dossier import Dossier
from handover.domain.kinds import EVENT_TYPES, EventType
from handover.domain.parties import Caller
from handover.domain.threads import Thread, Transition

Step = tuple[str, UUID | None]
"""An event type, and the thread it belongs to (None: it opens one, or concerns the dossier itself)."""


def allowed(dossier: Dossier, caller: Caller) -> list[Step]:
    """Give every step whose party and state are right, in the order of the tables.

    Empty without an active inscription. What is wrong with a step's data is known once it is posted.
    """
    if dossier.inscription_of(caller.organisation.organisation_id) is None:
        return []
    found: list[Step] = []
    for event_type in EVENT_TYPES.values():
        if event_type.is_posted:
            found += _steps(event_type, dossier, caller)
    return found


def _steps(event_type: EventType, dossier: Dossier, caller: Caller) -> list[Step]:
    threads = [thread for thread in dossier.threads.values() if thread.kind == event_type.kind.name]
    found: list[Step] = []
    for row in event_type.rows:
        if row.on_closed is not dossier.closed:
            continue
        if not row.starts:
            if may(row, dossier, None, caller) and not _waits(row, dossier):
                found.append((event_type.name, None))
            continue
        found += [(event_type.name, t.thread_id) for t in threads if _fits(row, t) and may(row, dossier, t, caller)]
    return found


def _fits(row: Transition, thread: Thread) -> bool:
    return row.topic == thread.topic and thread.status in row.starts


def _waits(row: Transition, dossier: Dossier) -> bool:
    """A dossier closes only when nothing in it waits for anybody."""
    busy = row.on_dossier and row.name == "closed" and bool(dossier.open_threads)
    return busy or too_early(row, dossier)
