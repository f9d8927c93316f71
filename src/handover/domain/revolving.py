"""The revolving door: leaving work, or a thread that opens again, within six months (design: followUp)."""

from datetime import date, datetime

from msgspec.structs import replace

from handover.domain.deadlines import add_months, local_day
from handover.domain.dossier import Dossier
from handover.domain.fields import Payload
from handover.domain.threads import Status, Thread

MONTHS = 6
_WORK = frozenset({"employment", "art60", "art61"})
_LEFT = "Ended"


def marked(thread: Thread, dossier: Dossier, data: Payload, at: datetime) -> Thread:
    """Give the thread with its mark: set once, kept from then on, so that indicators count it from the events."""
    if thread.revolving_door:
        return thread
    comes_back = _left_work(thread, getattr(data, "ended_on", local_day(at))) or _opens_again(thread, dossier, at)
    return replace(thread, revolving_door=True) if comes_back else thread


def _left_work(thread: Thread, ended_on: date) -> bool:
    left = thread.topic in _WORK and thread.stage.endswith(_LEFT)
    return left and thread.starts_on is not None and ended_on < add_months(thread.starts_on, MONTHS)


def _opens_again(thread: Thread, dossier: Dossier, at: datetime) -> bool:
    """The same process was completed for the client less than six months ago."""
    if thread.thread_id in dossier.threads or thread.kind not in {"handover", "label", "training"}:
        return False
    return any(
        t.status is Status.COMPLETED
        and (t.kind, t.topic, t.purpose) == (thread.kind, thread.topic, thread.purpose)
        and local_day(at) < add_months(local_day(t.since), MONTHS)
        for t in dossier.threads.values()
    )
