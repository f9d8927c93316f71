from uuid import UUID

import pytest
from tests.domain.world import OCMW_1, OTHER, OTHER_1, VDAB_1, Case, caller, said_by

from handover.domain.allowed import Step, allowed
from handover.domain.kinds import EVENT_TYPES
from handover.domain.refusals import (
    DossierBusy,
    DossierClosed,
    FourEyes,
    InvalidField,
    MandateMissing,
    NoPriorityLine,
    OutsideRegime,
    WrongParty,
    WrongState,
)

_NOT_NOW = (
    DossierBusy,
    DossierClosed,
    FourEyes,
    MandateMissing,
    NoPriorityLine,
    OutsideRegime,
    WrongParty,
    WrongState,
)


def _case(*steps: tuple[str, str]) -> Case:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    for who, kind in steps:
        case.post(who, kind)
    return case


ROADS = {
    "fresh": (),
    "requested": ((OCMW_1, "handover.requested"),),
    "accepted": ((OCMW_1, "handover.requested"), (VDAB_1, "handover.accepted")),
    "under way": (
        (OCMW_1, "handover.requested"),
        (VDAB_1, "handover.accepted"),
        (VDAB_1, "handover.contacted"),
        (OCMW_1, "followUp.art60Started"),
        (OCMW_1, "intake.planned"),
    ),
    "every kind": (
        (VDAB_1, "dossier.registeredAtVdab"),
        (OCMW_1, "question.asked"),
        (OCMW_1, "label.requested"),
        (VDAB_1, "label.assessed"),
        (OCMW_1, "training.proposed"),
        (OCMW_1, "training.approved"),
        (VDAB_1, "nonCooperation.observed"),
        (OCMW_1, "nonCooperation.justified"),
        (OCMW_1, "dossier.mandateGiven"),
    ),
    "lead asked": ((OCMW_1, "dossier.leadChanged"),),
    "setback": ((OCMW_1, "handover.requested"), (VDAB_1, "handover.rejected"), (OCMW_1, "followUp.planAgreed")),
    "closed": ((OCMW_1, "dossier.closed"),),
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("who", [OCMW_1, VDAB_1])
def test_it_offers_exactly_what_is_accepted(road: str, who: str) -> None:
    case = _case(*ROADS[road])
    offered = allowed(case.dossier, caller(who), case.directory, at=case.at)
    assert len(offered) == len(set(offered))
    accepted = {step for step in _conceivable(case) if _accepts(case, who, *step)}
    # Who may leave depends on who leaves, which the step itself says.
    leaving = {("dossier.inscriptionClosed", None)}
    assert set(offered) - leaving == accepted - leaving
    assert (leaving <= set(offered)) == (not case.dossier.closed)


def _conceivable(case: Case) -> list[Step]:
    steps: list[Step] = []
    for name, event_type in EVENT_TYPES.items():
        if name.endswith(".enteredInError"):
            continue  # what can be taken back depends on the steps: see test_taking_back
        if any(row.opens or row.on_dossier for row in event_type.rows):
            steps.append((name, None))
        if not event_type.rows[0].on_dossier:
            steps += [(name, t.thread_id) for t in case.dossier.threads.values() if t.kind == event_type.kind.name]
    return steps


def _accepts(case: Case, who: str, name: str, thread: UUID | None) -> bool:
    trial = Case()
    trial.found, trial.events, trial.at = case.found, list(case.events), case.at
    try:
        trial.post(who, name, said_by(name, who, OTHER), thread=thread)
    except _NOT_NOW:
        return False
    except InvalidField:
        pass  # the step is right, only what the example says is not
    return True


def test_nothing_without_an_inscription() -> None:
    case = _case()
    assert allowed(case.dossier, caller(OTHER_1), case.directory, at=case.at) == []
