"""A referral of the OCMW to VDAB, brought into any state."""

from tests.domain.world import OCMW_1, VDAB, VDAB_1, Case

from handover.domain.threads import Status, Thread

S = Status
ROADS = {
    S.REQUESTED: (),
    S.RECEIVED: ("received",),
    S.ACCEPTED: ("accepted",),
    S.REJECTED: ("rejected",),
    S.IN_PROGRESS: ("accepted", "contacted"),
    S.ON_HOLD: ("accepted", "contacted", "held"),
    S.COMPLETED: ("accepted", "contacted", "completed"),
    S.FAILED: ("accepted", "failed"),
    S.CANCELLED: ("cancelled",),
    S.CLOSED: ("rejected", "concluded"),
}
BY_SENDER = {"cancelled", "cancellationRequested", "retried", "concluded"}


def at(status: Status) -> Case:
    """A referral of the OCMW to VDAB in that state."""
    case = Case()
    case.open(OCMW_1)
    case.post(OCMW_1, "handover.requested")
    for name in ROADS[status]:
        if name == "received":
            case.acknowledge(VDAB)
        else:
            case.post(OCMW_1 if name in BY_SENDER else VDAB_1, f"handover.{name}", thread=case.thread.thread_id)
    if status is S.CLOSED or status in {S.REJECTED, S.CANCELLED}:
        # Who lost access is told nothing; here it comes back, so that only the table can refuse it.
        case.open(VDAB_1)
    assert referral(case).status is status
    return case


def referral(case: Case) -> Thread:
    return next(iter(case.dossier.threads.values()))
