"""Threads as the API shows them: as recorded, with their age and what time made of them."""

from datetime import datetime
from typing import Any

import msgspec

from handover.domain.deadlines import local_day
from handover.domain.passing import LADDER
from handover.domain.threads import Thread


def age_in_days(opened_at: datetime, now: datetime) -> int:
    """Give how many days ago something was opened, by the calendar in Brussels: 0 on the day itself."""
    return (local_day(now) - local_day(opened_at)).days


def rung_name(rung: int) -> str | None:
    """Give the code of the highest rung that was reached (`/v1/refData/rung`), or None."""
    return str(LADDER[rung - 1][0]) if rung else None


def thread_view(thread: Thread, now: datetime, href: str) -> dict[str, Any]:
    """Give a thread as the API answers it now."""
    found: dict[str, Any] = msgspec.to_builtins(thread)
    found.pop("rung", None)
    escalation = rung_name(thread.rung)
    return (
        found
        | {
            "overdue": thread.is_overdue(now),
            "ageDays": age_in_days(thread.opened_at, now),
            "responsible": thread.responsible,
            "href": href,
        }
        | ({"escalation": escalation} if escalation else {})
    )
