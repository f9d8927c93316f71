import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from handover.platform.clock import Clock, parse_offset
from handover.platform.ids import new_id


def test_the_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    now = Clock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_the_clock_can_be_moved() -> None:
    moved = Clock(timedelta(days=3)).now() - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < moved <= timedelta(days=3)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("-90.5", -90.5),
        ("+60", 60),
        ("PT2H", 7200),
        ("-P2D", -172_800),
        ("P1DT30M", 88_200),
        ("P1W", 604_800),
        ("PT0.5S", 0.5),
    ],
)
def test_an_offset_is_read(text: str, seconds: float) -> None:
    assert parse_offset(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["tomorrow", "P", "PT", "P2", "P2H", "PTH", "--5", "nan", "1e99", ""])
def test_no_offset_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="write seconds"):
        parse_offset(text)


def test_ids_sort_in_the_order_they_were_made() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert sorted(ids, key=lambda one: one.bytes) == ids


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    one = new_id()
    assert type(one) is uuid.UUID
    assert one.version == 7
    assert one.variant == uuid.RFC_4122
    # A burst in the test before may have pushed the sequence a few milliseconds ahead.
    assert before <= one.int >> 80 <= time.time_ns() // 1_000_000 + 50


def test_ids_sort_also_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    assert new_id() > first


def test_ids_of_threads_are_unique() -> None:
    made: list[uuid.UUID] = []
    threads = [threading.Thread(target=lambda: made.extend(new_id() for _ in range(2_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000
