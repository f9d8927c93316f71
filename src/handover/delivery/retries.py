"""When a delivery that failed is tried again."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SCHEDULE = tuple(timedelta(seconds=s) for s in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""The pause before each attempt: none, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; then it is dead."""
LONGEST = timedelta(hours=24)
_JITTER = 0.1


def next_attempt(failures: int, at: datetime, retry_after: str = "") -> datetime | None:
    """Give when to try again after that many failures in a row, or None when it is to be given up.

    `retry_after` is the receiver's header. It can only lengthen our pause, up to 24 h: a receiver that says 0
    would otherwise use up its ten attempts in a second.
    """
    if failures >= len(SCHEDULE):
        return None
    # Receivers that failed together must not all be called again at the same moment.
    pause = SCHEDULE[failures] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
    return at + max(pause, asked_pause(retry_after, at))


def asked_pause(retry_after: str, at: datetime) -> timedelta:
    """Read a Retry-After header (RFC 9110, 10.2.3: seconds or a date), cut to 0..24 h; nonsense is 0."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        # More than nine digits of seconds is nonsense that is meant as long.
        return min(timedelta(seconds=int(text)), LONGEST) if len(text) <= 9 else LONGEST  # noqa: PLR2004
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(timedelta(0), min(moment - at, LONGEST))
