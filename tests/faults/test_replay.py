"""Line 24: a long period is sent again, twice, and the worker is killed in the middle."""

import contextlib
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from handover.delivery.replays import PAGE
from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, at_work, subscribe
from tests.faults.house import OCMW, House, Program, soon
from tests.faults.load import Load
from tests.faults.receiver import Crowd, Heard, Receiver
from tests.faults.scorecard import LONG, Row

_BEFORE = """
SELECT count(*) FROM feed f JOIN feed m USING (organisation_id)
WHERE m.dossier_id = $1 AND m.sequence = 1 AND f.organisation_id = $2 AND (f.xid, f.position) < (m.xid, m.position)
"""
_STUCK = """
SELECT count(*) = 1 FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'handover-worker' AND wait_event_type = 'Lock'
  AND query LIKE '%queue_again%'
"""
_GONE = """
SELECT count(*) = 0 FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'handover-worker'
"""


@dataclass
class _Replays:
    """The replays of the one subscription, as its owner sees them."""

    home: House
    load: Load
    subscription: str

    async def begin(self) -> str:
        wish = self.load.wish(f"/v1/subscriptions/{self.subscription}/replay", {"since": "2026-01-01T00:00:00Z"})
        answer = await self.load.send(wish)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["replayId"])

    async def standing(self, replay: str) -> dict[str, Any]:
        answer = await self.load.call("GET", f"/v1/subscriptions/{self.subscription}/replays/{replay}")
        found: dict[str, Any] = answer.json()
        return found

    async def finished(self, replay: str) -> int:
        """Wait until all of it has been sent; give how many it queued."""
        await self.home.until("SELECT finished_at IS NOT NULL FROM replay_job WHERE job_id = $1", replay, seconds=300)
        await self.home.delivered(300)
        return int((await self.standing(replay))["queued"])


async def _kill_midway(
    row: Row, replays: _Replays, worker: Program, receiver: Receiver, middle: str, expected: int
) -> str:
    """Begin a replay, and kill its worker within the transaction that queues the page with the dossier `middle`.

    `expected` events have been queued before that page.
    """
    home, before = replays.home, len(receiver.taken)
    async with home.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        # It cannot get past this dossier, so that the kill certainly finds it there.
        await connection.execute("SELECT FROM lane WHERE dossier_id = $1 FOR UPDATE", middle)
        replay = await replays.begin()
        await home.until("SELECT queued = $2 FROM replay_job WHERE job_id = $1", replay, expected, seconds=300)
        await home.until(_STUCK)
        assert await soon(lambda: len(receiver.taken) >= before + PAGE // 4)
        row.provoke(partial(worker.send, signal.SIGKILL))
        code = None
        with contextlib.suppress(TimeoutError):
            code = await worker.ended(5 if row.provoked else 0.5)
        await transaction.rollback()
    row.happened(code == -signal.SIGKILL, f"the worker ended with {code}")
    # What the server was still doing for it comes to its end first.
    await home.until(_GONE)
    return replay


def _in_order(part: Sequence[Heard], every: set[str]) -> bool:
    """Tell whether a part holds every event, and the first arrivals of each dossier come in order."""
    seen: set[str] = set()
    last: dict[str, int] = {}
    for one in part:
        if one.id not in seen and one.sequence <= last.get(one.dossier, 0):
            return False
        if one.id not in seen:
            last[one.dossier] = one.sequence
        seen.add(one.id)
    return seen == every


async def test_24_replay_twice(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(24, "Replay twice, killed midway", "SIGKILL within the transaction that queues a page of the first")
    dossiers, halves = (900, (3400, 4800)) if LONG else (100, (330, 60))
    crowd = Crowd()

    def heard() -> list[Heard]:
        return receiver.of(OCMW)[OCMW]

    async with at_work(home) as (load, worker):
        replays = _Replays(home, load, (await subscribe(load, receiver, OCMW))[OCMW])
        await load.open(dossiers, referred=False)
        await load.run(halves[0], writers=16)
        (middle,) = await load.open(1, referred=False)
        await load.run(halves[1], writers=16)
        await load.settle()
        await home.delivered()
        receiver.answer = crowd
        total, every = len(heard()), {one.id for one in heard()}
        assert total == len(every), "once each before anything is sent again"
        expected = int(str(await home.fetchval(_BEFORE, middle, OCMW))) // PAGE * PAGE
        assert 0 < expected < total
        started = time.monotonic()
        first = await _kill_midway(row, replays, worker, receiver, middle, expected)
        assert await soon(lambda: not crowd.inside[OCMW])
        stood = await replays.standing(first)
        row.happened(stood["queued"] == expected and "finishedAt" not in stood, f"not in the middle: {stood}")
        waiting = int(str(await home.fetchval("SELECT count(*) FROM delivery WHERE state = 'pending'")))
        unsettled = len(heard()) - total - (expected - waiting)
        killed = time.monotonic()
        await home.successor()
        assert await replays.finished(first) == total, "it went on from where it was, and left nothing out"
        row.recovery = time.monotonic() - killed
        between = len(heard())
        assert await replays.finished(await replays.begin()) == total
        took = time.monotonic() - started
        assert _in_order(heard()[total:between], every)
        assert _in_order(heard()[between:], every)
        assert len(heard()) - between == total, "undisturbed, each comes once"
        found = await audit(home, load, receiver.of(OCMW))
        found.good(duplicates=2 * total + unsettled)
        assert found.duplicates == 2 * total + unsettled, f"{unsettled} were taken and not settled when it was killed"
        row.tried, row.lost, row.duplicates = 2 * total, found.lost, found.duplicates
        row.note = (
            f"{total} events sent twice again in {took:.0f} s; killed with {expected} queued, went on from there to "
            f"{total}; of the duplicates {unsettled} come of the kill, the rest were asked for"
        )
