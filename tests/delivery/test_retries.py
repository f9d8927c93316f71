from datetime import UTC, datetime, timedelta

import pytest

from handover.delivery.retries import LONGEST, SCHEDULE, asked_pause, next_attempt

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_ten_attempts_with_growing_pauses_and_then_no_more() -> None:
    pauses = [timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)]
    for failures, pause in enumerate(pauses, start=1):
        again = next_attempt(failures, AT)
        assert again is not None
        assert pause * 0.9 <= again - AT <= pause * 1.1
    assert next_attempt(10, AT) is None
    assert len(SCHEDULE) == 10


def test_two_that_failed_together_are_not_called_together() -> None:
    assert len({next_attempt(3, AT) for _ in range(50)}) > 40


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("", timedelta(0)),
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("-5", timedelta(0)),
        ("1.5", timedelta(0)),
        ("soon", timedelta(0)),
        ("٣", timedelta(0)),
        ("99999999", LONGEST),
        ("9" * 5000, LONGEST),
        ("Sun, 22 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Sat, 01 Jan 9999 00:00:00 GMT", LONGEST),
        ("Sun, 99 Nov 2026 12:10:00 GMT", timedelta(0)),
    ],
)
def test_retry_after_is_read_and_cut(header: str, pause: timedelta) -> None:
    assert asked_pause(header, AT) == pause


def test_retry_after_lengthens_the_pause_and_never_shortens_it() -> None:
    longer = next_attempt(1, AT, "3600")
    assert longer == AT + timedelta(hours=1)
    not_shorter = next_attempt(2, AT, "0")
    assert not_shorter is not None
    assert not_shorter >= AT + timedelta(seconds=270)
