"""Status conflicts: what the two sides state and cannot all be true (design: *intake*; seed 002).

A client on leefloon who is registered at VDAB is the normal case, no conflict. Detected when the fact is stated, told
to both sides as a thread, open until a person resolves it.
"""

from collections.abc import Iterator

from handover.domain.codes import Capacity, LeadKind, OrganisationKind
from handover.domain.codes_dossier import ConflictKind
from handover.domain.codes_follow_up import Benefit
from handover.domain.dossier import Dossier
from handover.domain.draft import Draft
from handover.domain.events import Command, OpenDossier, PostEvent, ReplaceSsin
from handover.domain.guards import LIVING_WAGE
from handover.domain.kinds import KIND
from handover.domain.kinds.dossier import StatusConflictDetected
from handover.domain.opening import LEAD_BY_TARGET_GROUP
from handover.domain.parties import SYSTEM, Directory, Party
from handover.domain.stepping import Stepping

_LIVING_WAGES = frozenset({Benefit.LIVING_WAGE, Benefit.EQUIVALENT_LIVING_WAGE})
_CAPACITIES = frozenset({Capacity.LIVING_WAGE, Capacity.EQUIVALENT_LIVING_WAGE})
_TYPE = "dossier.statusConflictDetected"


def detect(draft: Draft, command: Command, directory: Directory) -> None:
    """Record each conflict that the command brought about and that is not open already."""
    after = draft.state
    # In a closed dossier nobody could resolve it; whoever reopens it states the facts anew.
    if after is None or after.closed or not draft.events:
        return
    for found in _new_ones(draft.before, after, command):
        if not any(t.topic == "statusConflict" and t.purpose == str(found.conflict) for t in after.open_threads):
            _tell(draft, command, directory, found)


def _new_ones(before: Dossier | None, after: Dossier, command: Command) -> Iterator[StatusConflictDetected]:
    if _benefits_clash(after) and not (before and _benefits_clash(before)):
        yield StatusConflictDetected(conflict=ConflictKind.BENEFITS)
    claimed = _claimed_lead(command) if before else None
    if claimed and claimed is not after.lead.kind:
        yield StatusConflictDetected(conflict=ConflictKind.LEADS, claimed_lead=claimed)
    born = command.ssin_birth_date if isinstance(command, OpenDossier | ReplaceSsin) else None
    if born and born != after.birth_date and (before is None or isinstance(command, ReplaceSsin)):
        yield StatusConflictDetected(conflict=ConflictKind.IDENTITY)


def _benefits_clash(dossier: Dossier) -> bool:
    """An unemployment benefit beside an active leefloon."""
    stated = dossier.facts.benefits.values()
    if Benefit.UNEMPLOYMENT not in stated:
        return False
    known_as = {i.capacity for i in dossier.inscriptions if i.active}
    known = dossier.target_group in LIVING_WAGE and not known_as.isdisjoint(_CAPACITIES)
    return known or not _LIVING_WAGES.isdisjoint(stated)


def _claimed_lead(command: Command) -> LeadKind | None:
    """Who directs according to an organisation that joins: its target group says so, or it does itself."""
    if not isinstance(command, OpenDossier):
        return None
    return LEAD_BY_TARGET_GROUP[command.target_group] or command.lead


def _tell(draft: Draft, command: Command, directory: Directory, found: StatusConflictDetected) -> None:
    dossier = draft.state
    if dossier is None:
        return
    row = KIND["dossier"].rows[_TYPE][0]
    step = PostEvent(
        command_id=command.command_id,
        dossier_id=command.dossier_id,
        caller=command.caller,
        type=_TYPE,
        data=found,
    )
    thread_id = draft.new_id()
    thread = _Conflict(row, step, None, dossier, directory, draft.at).stepped(thread_id)
    draft.add(_TYPE, found, thread_id=thread_id, threads=(thread,), actor=SYSTEM)


class _Conflict(Stepping):
    """A conflict lies between whoever stated the fact and the other side."""

    def sides(self) -> tuple[Party, Party | None]:
        others = [
            i.organisation
            for i in self.dossier.inscriptions
            if i.active and i.organisation != self.own and i.kind is not OrganisationKind.PARTNER
        ]
        lead = self.dossier.lead.organisation
        other = lead if lead in others else next(iter(others), "")
        return Party(organisation=self.own, counsellor=self.command.caller.counsellor_id), (
            Party(organisation=other) if other else None
        )
