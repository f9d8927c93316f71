"""The one gate: asks the policy, and writes the access log before anything is shown.

Everything that reaches a dossier passes here. What is denied looks like absence, but for two things that a caller may
know: that their role does not do such tasks, and that a dossier of their own organisation needs a reason.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from handover.access.break_glass import BreakGlass, BrokenGlass
from handover.access.log import AccessLog, Line, Outcome
from handover.domain.dossier import Dossier
from handover.domain.parties import Caller, Directory
from handover.domain.policy import Action, Classes, Relation, Role, Task, decide, may, works_everywhere
from handover.domain.refusals import BreakGlassNeeded, NotPermitted, Unseen
from handover.domain.relations import relation_of, roles_of
from handover.platform.clock import Clock


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: who asks, its trace id, and through which door (`api`, `screens`)."""

    caller: Caller
    reference: UUID
    service: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A dossier that may be seen, with the classes of fields that are seen of it."""

    dossier: Dossier
    classes: Classes
    relation: Relation
    whole: bool
    """Whether it may be read, and not only be found."""

    @property
    def outcome(self) -> Outcome:
        """How the access log calls it."""
        return Outcome.BREAK_GLASS if self.relation is Relation.BROKEN_GLASS else Outcome.SEEN


class Guard:
    """Decides, and notes what was decided."""

    def __init__(self, log: AccessLog, glass: BreakGlass, directory: Callable[[], Directory], clock: Clock) -> None:
        self.log, self.glass = log, glass
        self._directory, self._clock = directory, clock

    async def permit(self, visit: Visit, task: Task) -> None:
        """Raise NotPermitted, noted, unless the caller's role does this for its organisation."""
        if not may(roles_of(visit.caller), task):
            await self.denied(visit, task)
            raise NotPermitted

    async def see(self, visit: Visit, action: Action, dossier: Dossier | None, asked: UUID | None) -> Grant:
        """Let the caller do something with a dossier, and note that they saw it. Raises as `check`."""
        grant = await self.check(visit, action, dossier, asked)
        await self.log.add([self.line(visit, action, grant.outcome, grant)])
        return grant

    async def check(self, visit: Visit, action: Action, dossier: Dossier | None, asked: UUID | None) -> Grant:
        """Decide without noting what is allowed: for what the journal notes itself. `asked`: the id in the address.

        Raises Unseen; BreakGlassNeeded for who is inscribed and not assigned; NotPermitted for what a role does not do
        in a dossier that it may know of. All are noted.
        """
        (relation,) = await self._relations(visit, [dossier])
        grant = self._grant(visit, action, dossier, relation)
        if grant is not None:
            return grant
        await self.denied(visit, action, asked, relation)
        roles = roles_of(visit.caller)
        if decide(roles, Action.FIND_DOSSIER, relation) is None:
            raise Unseen
        if relation is Relation.INSCRIBED and decide(roles, Action.BREAK_GLASS, relation) is not None:
            raise BreakGlassNeeded
        raise NotPermitted

    async def posting(self, visit: Visit, asked: UUID | None) -> Callable[[Dossier | None], Awaitable[None]] | None:
        """Give what checks a step once its dossier is loaded; None where it does not matter who works with the client.

        Raises Unseen for a role that takes no steps. An unknown dossier, and one of others, the journal refuses.
        """
        roles = roles_of(visit.caller)
        if works_everywhere(roles):
            return None
        if Role.COUNSELLOR not in roles:
            await self.denied(visit, Action.POST_STEP, asked)
            raise Unseen

        async def check(dossier: Dossier | None) -> None:
            if dossier is not None and dossier.inscription_of(visit.caller.organisation.organisation_id):
                await self.check(visit, Action.POST_STEP, dossier, dossier.dossier_id)

        return check

    async def each(self, visit: Visit, action: Action, dossiers: Sequence[Dossier]) -> list[Grant | None]:
        """Decide for each of many, in order, with one question to the database at most; notes nothing."""
        relations = await self._relations(visit, dossiers)
        return [self._grant(visit, action, d, r) for d, r in zip(dossiers, relations, strict=True)]

    async def listed(self, visit: Visit, what: Action | Task, dossiers: Sequence[Dossier]) -> list[Grant]:
        """Give those that may be found, noted as `what`: some of them `whole`."""
        found = [grant for grant in await self.each(visit, Action.FIND_DOSSIER, dossiers) if grant]
        await self.noted(visit, what, found)
        return found

    @asynccontextmanager
    async def watching(self, visit: Visit, action: Action, asked: UUID | None) -> AsyncIterator[None]:
        """Note it as denied when what happens within finds the dossier unseen."""
        try:
            yield
        except Unseen:
            await self.denied(visit, action, asked)
            raise

    async def noted(self, visit: Visit, what: Action | Task, grants: Iterable[Grant | None]) -> None:
        """Note what is about to be shown: one line for each dossier."""
        once = {grant.dossier.dossier_id: grant for grant in grants if grant}
        await self.log.add([self.line(visit, what, grant.outcome, grant) for grant in once.values()])

    async def overseen(self, visit: Visit, task: Task) -> None:
        """Note that the log itself was read."""
        await self.log.add([self.line(visit, task, Outcome.SEEN)])

    async def identified(self, visit: Visit, dossier_id: UUID | None, legal_basis_id: str, *, match: bool) -> None:
        """Note that a person was compared with what is known: what did not match counts as a search in vain."""
        outcome = Outcome.SEEN if match else Outcome.NOT_FOUND
        line = self.line(visit, Task.IDENTIFY_PERSON, outcome, asked=dossier_id)
        await self.log.add([replace(line, legal_basis_id=legal_basis_id)])

    async def found_nothing(self, visit: Visit) -> None:
        """Note a search that found nothing."""
        await self.log.add([self.line(visit, Task.SEARCH_DOSSIERS, Outcome.NOT_FOUND)])

    async def denied(
        self, visit: Visit, what: str, asked: UUID | None = None, relation: Relation | None = None
    ) -> None:
        """Note that something was denied."""
        await self.log.add([self.line(visit, what, Outcome.DENIED, asked=asked, relation=relation)])

    async def break_glass(self, visit: Visit, dossier: Dossier | None, asked: UUID | None, reason: str) -> BrokenGlass:
        """Open a dossier that colleagues work on. Raises Unseen, noted, for who may not."""
        grant = await self.check(visit, Action.BREAK_GLASS, dossier, asked)
        if not visit.caller.counsellor_id:
            await self.denied(visit, Action.BREAK_GLASS, asked, grant.relation)
            raise Unseen
        made = await self.glass.add(visit.caller, grant.dossier.dossier_id, reason)
        await self.log.add([self.line(visit, Action.BREAK_GLASS, Outcome.BREAK_GLASS, grant)])
        return made

    async def _relations(self, visit: Visit, dossiers: Sequence[Dossier | None]) -> list[Relation]:
        caller, directory = visit.caller, self._directory()
        known = [relation_of(dossier, caller, directory) for dossier in dossiers]
        near = [d.dossier_id for d, r in zip(dossiers, known, strict=True) if d and r is Relation.INSCRIBED]
        if not near or not caller.counsellor_id or works_everywhere(roles_of(caller)):
            return known
        opened = await self.glass.open_for(caller.counsellor_id, near)
        return [
            relation_of(dossier, caller, directory, broken_glass=dossier is not None and dossier.dossier_id in opened)
            for dossier in dossiers
        ]

    @staticmethod
    def _grant(visit: Visit, action: Action, dossier: Dossier | None, relation: Relation) -> Grant | None:
        roles, scopes = roles_of(visit.caller), visit.caller.scopes
        classes = decide(roles, action, relation, scopes)
        if dossier is None or classes is None:
            return None
        whole = decide(roles, Action.READ_DOSSIER, relation, scopes) is not None
        return Grant(dossier, classes, relation, whole)

    async def shown(
        self, visit: Visit, what: Task, bases: Mapping[UUID, str], relation: Relation = Relation.ASSIGNED
    ) -> None:
        """Note dossiers of which only cards are shown; `bases`: the legal basis of each, "" where a card has none."""
        blank = self.line(visit, what, Outcome.SEEN, relation=relation)
        await self.log.add([replace(blank, dossier_id=found, legal_basis_id=basis) for found, basis in bases.items()])

    def line(
        self,
        visit: Visit,
        what: str,
        outcome: Outcome,
        grant: Grant | None = None,
        *,
        asked: UUID | None = None,
        relation: Relation | None = None,
    ) -> Line:
        """Give a line of the access log for this request."""
        caller = visit.caller
        own = caller.organisation.organisation_id
        place = grant.dossier.inscription_of(own) if grant else None
        return Line(
            reference=visit.reference,
            at=self._clock.now(),
            organisation_id=own,
            service=visit.service,
            application=caller.actor.application,
            counsellor_id=caller.counsellor_id,
            action=str(what),
            outcome=outcome,
            role=" ".join(sorted(roles_of(caller))),
            relation=grant.relation if grant else relation or "",
            legal_basis_id=place.legal_basis_id if place else "",
            dossier_id=grant.dossier.dossier_id if grant else asked,
        )
