"""The transitions that chance does not come to, or not always: each by name, on the program and the model alike."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from tests.domain.machine import model as m
from tests.domain.machine.driver import Play, Taken, taken_by
from tests.domain.world import OCMW_1, VDAB_1, VDAB_2, Case, caller, opening

from handover.domain.codes import TargetGroup
from handover.domain.codes_dossier import ErasureReason, MandateScope
from handover.domain.codes_follow_up import Benefit
from handover.domain.dossier import evolve
from handover.domain.erasing import erase
from handover.domain.events import Erase, Event, Merge, PassTime, ReplaceSsin
from handover.domain.kinds import dossier as d
from handover.domain.kinds.intake import BenefitStated
from handover.domain.merging import merge

SURVIVOR = UUID(int=0x50F)


def _play(*steps: tuple[str, str], group: TargetGroup = TargetGroup.LIVING_WAGE, received: bool = False) -> Play:
    """Both inside and the client registered; then these steps, each in the thread that was opened last."""
    play = Play(group)
    play.join(VDAB_1)
    assert play.post(m.Move("dossier.registeredAtVdab", VDAB_1))
    for event, who in steps:
        threads = [k for k, t in play.model.threads.items() if t.kind == event.partition(".")[0] and t.is_open]
        opens = any(rule.event == event and rule.states == ("new",) for rule in m.RULES)
        other = m.OCMW if who == VDAB_1 else m.VDAB
        thread = None if opens or not threads else threads[-1]
        assert play.post(m.Move(event, who, thread=thread, receiver=other, signs=who)), event
        if received and opens:
            play.acknowledge(VDAB_1, list(play.model.threads)[-1])
    return play


def _in_case(case: Case, events: tuple[Event, ...]) -> set[Taken]:
    found, state = set(), None
    for event in (*case.events, *events):
        found.add(taken_by(state, event))
        state = evolve(state, event)
    return found


def _replaced() -> set[Taken]:
    case = Case()
    case.open(OCMW_1)
    case.run(
        ReplaceSsin(
            command_id=case.next_id(),
            dossier_id=case.dossier.dossier_id,
            caller=caller(OCMW_1),
            replaced_on=date(2026, 11, 2),
        )
    )
    return _in_case(case, ())


def _erased() -> set[Taken]:
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "dossier.closed")
    command = Erase(command_id=case.next_id(), dossier_id=case.dossier.dossier_id, reason=ErasureReason.UNLAWFUL)
    events, after = erase(case.dossier, command, at=case.at)
    assert after.erased
    return _in_case(case, events)


def _merged() -> set[Taken]:
    merged, kept = Case(), Case()
    merged.open(OCMW_1)
    kept.run(opening(OCMW_1, command_id=kept.next_id(), dossier_id=SURVIVOR))
    command = Merge(
        command_id=merged.next_id(), dossier_id=merged.dossier.dossier_id, caller=caller(OCMW_1), into=SURVIVOR
    )
    (closing, _), (taking, _) = merge(merged.dossier, kept.dossier, command, at=merged.at)
    return _in_case(merged, closing) | _in_case(kept, taking)


def _expired() -> set[Taken]:
    case = Case()
    case.open(OCMW_1)
    given = d.MandateGiven(
        scope=MandateScope.REGISTER_AT_VDAB, given_on=date(2026, 11, 23), valid_until=date(2026, 11, 30)
    )
    case.post(OCMW_1, "dossier.mandateGiven", given)
    case.later(days=20)
    case.run(PassTime(command_id=case.next_id(), dossier_id=case.dossier.dossier_id))
    return _in_case(case, ())


def _acknowledged() -> set[Taken]:
    play = _play()
    assert play.post(m.Move("dossier.mandateGiven", OCMW_1, receiver=m.VDAB))
    mandate = next(iter(play.model.mandates))
    assert play.post(m.Move("dossier.mandateWithdrawn", OCMW_1, mandate=mandate))
    thread = next(iter(play.model.threads))
    assert play.post(m.Move("dossier.mandateWithdrawalAcknowledged", VDAB_1, thread=thread))
    return set(play.taken)


def _automatic() -> set[Taken]:
    play = _play()
    assert play.post(m.Move("label.requested", OCMW_1, automatic=True))
    play.acknowledge(VDAB_1, list(play.model.threads)[-1])
    return set(play.taken)


def _conflict_resolved() -> set[Taken]:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    stated = BenefitStated(benefit=Benefit.UNEMPLOYMENT, since=date(2026, 11, 2))
    case.post(VDAB_1, "dossier.benefitStated", stated)
    case.post(OCMW_1, "dossier.statusConflictResolved")
    return _in_case(case, ())


def _steps(*steps: tuple[str, str], **play: object) -> Callable[[], set[Taken]]:
    return lambda: set(_play(*steps, **play).taken)  # type: ignore[arg-type]


_TAKEN_UP = (("handover.requested", OCMW_1), ("handover.accepted", VDAB_1), ("handover.contacted", VDAB_1))
_REPORTED = (
    ("nonCooperation.observed", VDAB_1),
    ("nonCooperation.reported", VDAB_1),
    ("nonCooperation.acknowledged", OCMW_1),
    ("nonCooperation.clientHeard", OCMW_1),
    ("nonCooperation.outcomeDecided", OCMW_1),
    ("nonCooperation.closed", VDAB_1),
)
_TRAINING = (("training.proposed", OCMW_1), ("training.started", VDAB_1))
_REFUSED = (("label.requested", OCMW_1), ("label.assessed", VDAB_1), ("label.refused", VDAB_2))
_JOB_SEEKER = TargetGroup.JOB_SEEKER

LISTED: dict[Taken, Callable[[], set[Taken]]] = {
    ("dossier.personalDataErased", "closed", ""): _erased,
    ("dossier.ssinReplaced", "open", ""): _replaced,
    ("dossier.merged", "open", ""): _merged,
    ("dossier.absorbed", "open", ""): _merged,
    ("dossier.mandateExpired", "open", ""): _expired,
    ("dossier.leadAccepted", "requested", ""): _steps(
        ("dossier.leadChanged", OCMW_1), ("dossier.leadAccepted", VDAB_1)
    ),
    ("dossier.leadWithdrawn", "requested", ""): _steps(
        ("dossier.leadChanged", OCMW_1), ("dossier.leadWithdrawn", OCMW_1)
    ),
    ("dossier.statusConflictDetected", "new", ""): _conflict_resolved,
    ("dossier.statusConflictResolved", "requested", ""): _conflict_resolved,
    ("handover.completed", "inProgress", ""): _steps(*_TAKEN_UP, ("handover.completed", VDAB_1)),
    ("handover.accepted", "received", ""): _steps(*_TAKEN_UP[:2], received=True),
    ("handover.rejected", "received", ""): _steps(_TAKEN_UP[0], ("handover.rejected", VDAB_1), received=True),
    ("handover.cancelled", "received", ""): _steps(_TAKEN_UP[0], ("handover.cancelled", OCMW_1), received=True),
    ("handover.contactAttempted", "accepted", ""): _steps(*_TAKEN_UP[:2], ("handover.contactAttempted", VDAB_1)),
    ("label.received", "requested", "ICF inquiry"): _steps(_REFUSED[0], received=True),
    ("label.received", "requested", "automatic right"): _automatic,
    ("nonCooperation.outcomeDecided", "inProgress", ""): _steps(*_REPORTED[:-1]),
    ("label.concluded", "rejected", ""): _steps(*_REFUSED, ("label.concluded", OCMW_1)),
    ("label.retried", "rejected", ""): _steps(*_REFUSED, ("label.retried", OCMW_1)),
    **{
        ("nonCooperation.contested", status, ""): _steps(*_REPORTED[:n], ("nonCooperation.contested", OCMW_1))
        for n, status in ((1, "requested"), (3, "accepted"), (4, "inProgress"))
    },
    ("nonCooperation.contested", "received", ""): _steps(
        _REPORTED[0], ("nonCooperation.justified", OCMW_1), ("nonCooperation.contested", OCMW_1)
    ),
    ("nonCooperation.withdrawn", "received", ""): _steps(
        _REPORTED[0], ("nonCooperation.justified", OCMW_1), ("nonCooperation.withdrawn", VDAB_1)
    ),
    ("nonCooperation.sanctionUnderReview", "inProgress", ""): _steps(
        *_REPORTED[:4], ("nonCooperation.sanctionUnderReview", OCMW_1)
    ),
    ("dossier.mandateWithdrawalAcknowledged", "requested", ""): _acknowledged,
    ("nonCooperation.closed", "inProgress", ""): _steps(*_REPORTED),
    ("nonCooperation.closed", "received", ""): _steps(
        _REPORTED[0], ("nonCooperation.justified", OCMW_1), ("nonCooperation.closed", VDAB_1)
    ),
    ("nonCooperation.withdrawn", "inProgress", ""): _steps(*_REPORTED[:-1], ("nonCooperation.withdrawn", VDAB_1)),
    ("training.contractCrossed", "inProgress", ""): _steps(
        *_TRAINING, ("followUp.art60Started", OCMW_1), group=_JOB_SEEKER
    ),
    ("training.contractCrossed", "onHold", ""): _steps(
        *_TRAINING, ("training.interrupted", VDAB_1), ("followUp.art60Started", OCMW_1), group=_JOB_SEEKER
    ),
    ("training.stopped", "onHold", ""): _steps(
        *_TRAINING, ("training.interrupted", VDAB_1), ("training.stopped", VDAB_1), group=_JOB_SEEKER
    ),
}
"""Written by hand: a transition that chance stops coming to must be added here, with a road to it."""


@pytest.mark.parametrize("taken", LISTED, ids=lambda taken: f"{taken[0]}-{taken[1]}")
def test_a_transition_that_chance_may_miss(taken: Taken) -> None:
    assert taken in LISTED[taken]()
