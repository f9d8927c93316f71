"""What one command leads to, as it comes up."""

from datetime import datetime
from uuid import UUID

from handover.domain.dossier import Dossier, evolve
from handover.domain.events import CloseUnused, Command, Erase, Event, Merge
from handover.domain.facts import Facts
from handover.domain.fields import Payload
from handover.domain.parties import Actor, Caller
from handover.domain.threads import Thread


class Draft:
    """Events of one command; each is applied at once, so that the next sees its effect."""

    def __init__(
        self, dossier: Dossier | None, command: Command | Merge | Erase | CloseUnused, *, at: datetime
    ) -> None:
        self.before = self.state = dossier
        self.at = at
        self.events: list[Event] = []
        self._command = command
        self._ids: list[UUID] = []

    def new_id(self) -> UUID:
        """Give the id of the event that comes up next; a thread it opens has the same."""
        number = len(self.events)
        if number == len(self._ids):
            self._ids.append(UUID(int=self._command.command_id.int + number))
        return self._ids[number]

    def add(  # noqa: PLR0913 - an event's parts, each named
        self,
        kind: str,
        data: Payload,
        *,
        thread_id: UUID | None = None,
        threads: tuple[Thread, ...] = (),
        actor: Actor | None = None,
        organisation: str = "",
        occurred_at: datetime | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Add an event in the name of the caller, or of `actor`; of `organisation` where that is another."""
        caller: Caller = self._command.caller
        event = Event(
            event_id=self.new_id(),
            dossier_id=self._command.dossier_id,
            sequence=self.state.version + 1 if self.state else 1,
            type=kind,
            organisation=organisation or caller.organisation.organisation_id,
            actor=actor or caller.actor,
            occurred_at=occurred_at or self.at,
            recorded_at=self.at,
            data=data,
            thread_id=thread_id,
            threads=threads,
            facts=facts,
        )
        self.events.append(event)
        self.state = evolve(self.state, event)
