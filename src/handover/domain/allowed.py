"""What a caller may post now, read from the tables that decide about it: a screen offers this and no more."""

from datetime import datetime
from uuid import UUID

from handover.domain.choosing import may
from handover.domain.dossier import Dossier
from handover.domain.kinds import EVENT_TYPES, KIND, EventType
from handover.domain.parties import SYSTEM, Caller, Directory, Organisation
from handover.domain.refusals import Refusal
from handover.domain.threads import Asked, Thread, Transition

Step = tuple[str, UUID | None]
"""An event type, and the thread it belongs to (None: it opens one, or concerns the dossier itself)."""


def allowed(dossier: Dossier, caller: Caller, directory: Directory, *, at: datetime) -> list[Step]:
    """Give every step whose party and state are right and that no guard refuses yet, in the order of the tables.

    Empty without an active inscription. What is wrong with a step's data is known once it is posted.
    """
    if dossier.inscription_of(caller.organisation.organisation_id) is None or dossier.merged_into:
        return []
    looking = _Looking(dossier, caller, directory, at)
    found: list[Step] = []
    for event_type in EVENT_TYPES.values():
        if event_type.is_posted:
            found += looking.steps(event_type)
    return list(dict.fromkeys(found))


def onward(dossier: Dossier, thread: Thread, organisation_id: str) -> tuple[str, ...]:
    """Give the steps by which an organisation's side moves a thread on, in the order of its table: the usual one first.

    Of the state alone, whoever looks: guards are asked when the step is taken. Remarks and what every thread has are
    left out. Empty where the organisation has no active inscription.
    """
    inscriptions = {i.organisation: i for i in dossier.inscriptions}
    own = inscriptions.get(organisation_id)
    if own is None or not own.active or dossier.merged_into:
        return ()
    kinds = {
        i.organisation: Organisation(organisation_id=i.organisation, kind=i.kind, enterprise_number="", name="")
        for i in inscriptions.values()
    }
    directory, caller = Directory(organisations=kinds), Caller(organisation=kinds[organisation_id], actor=SYSTEM)
    return tuple(
        dict.fromkeys(
            f"{thread.kind}.{row.name}"
            for row in KIND[thread.kind].table
            if row.starts
            and not (row.remark or row.everywhere)
            and row.on_closed is dossier.closed
            and EVENT_TYPES[f"{thread.kind}.{row.name}"].is_posted
            and row.fits(dossier, thread)
            and may(row, dossier, thread, caller, directory)
        )
    )


class _Looking:
    def __init__(self, dossier: Dossier, caller: Caller, directory: Directory, at: datetime) -> None:
        self.dossier, self.caller, self.directory, self.at = dossier, caller, directory, at
        self.own = caller.organisation.organisation_id
        self.threads = dossier.threads_seen_by(self.own)

    def steps(self, event_type: EventType) -> list[Step]:
        threads = [thread for thread in self.threads if thread.kind == event_type.kind.name]
        found: list[Step] = []
        for row in event_type.rows:
            if row.on_closed is not self.dossier.closed:
                continue
            candidates: list[Thread | None] = [*threads] if row.starts else [None]
            found += [
                (event_type.name, thread.thread_id if thread else None)
                for thread in candidates
                if row.fits(self.dossier, thread) and self._may(row, thread) and not self._refused(row, thread)
            ]
        return found

    def _may(self, row: Transition, thread: Thread | None) -> bool:
        if row.everywhere and row.name == "participantInvited":
            # Whoever takes part in an open thread asks others to join it.
            return bool(thread and thread.is_open and thread.part_of(self.own)) and self._party(row, thread)
        if row.everywhere:
            return False  # what can be taken back depends on the steps, which a screen has and this has not
        return self._party(row, thread)

    def _party(self, row: Transition, thread: Thread | None) -> bool:
        return may(row, self.dossier, thread, self.caller, self.directory)

    def _refused(self, row: Transition, thread: Thread | None) -> bool:
        # A dossier closes only when nothing in it waits for anybody.
        if row.on_dossier and row.name == "closed" and self.dossier.open_threads:
            return True
        asked = Asked(dossier=self.dossier, thread=thread, caller=self.caller, directory=self.directory, at=self.at)
        try:
            for guard in row.guards:
                guard.check(asked)
        except Refusal:
            return True
        return False
