"""Lines 25, 31, 32 and 33: those who follow the feed."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.follower import Follower, Told
from tests.faults.house import OCMW, House, soon
from tests.faults.load import Load, percentile
from tests.faults.receiver import Receiver
from tests.faults.scorecard import LONG, Row

_HOLD = 25
# Deferred: it runs when the append commits, so the product's own transaction is late and everything in it is early.
_LATE_COMMIT = f"""
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.dossier_id = '%s' THEN PERFORM pg_advisory_xact_lock_shared({_HOLD}); END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION late();
"""
_LATER = """
SELECT count(*) FROM feed f JOIN event e USING (dossier_id, sequence), feed h JOIN event l USING (dossier_id, sequence)
WHERE l.event_id = $1 AND h.organisation_id = $3 AND e.event_id = ANY ($2) AND f.organisation_id = $3 AND f.xid > h.xid
"""


Of = Callable[..., Follower]


@pytest.fixture
def follower_of() -> Iterator[Of]:
    """Makes followers; their connections are dropped afterwards."""
    made: list[Follower] = []

    def make(token: str, **more: Any) -> Follower:  # noqa: ANN401 - as Follower takes them
        made.append(Follower(token, **more))
        return made[-1]

    yield make
    for one in made:
        one.abort()


async def feed_of(load: Load, organisation: str = OCMW) -> list[Told]:
    """Read the whole feed by its pages."""
    found: list[Told] = []
    cursor = ""
    while True:
        answer = await load.call("GET", f"/v1/events?pageSize=1000&after={cursor}", organisation=organisation)
        page = answer.json()
        found += [Told(item["cursor"], item["eventId"], item["dossierId"], item["sequence"]) for item in page["items"]]
        if not page["items"]:
            return found
        cursor = page["cursor"]


async def ended(load: Load, row: Row, follower_told: list[list[Told]]) -> list[Told]:
    """Compare what each follower was told with the feed, to the letter; give the feed."""
    feed = await feed_of(load)
    stored = {event for events in load.acknowledged.values() for event in events}
    row.lost += len(stored - {told.event_id for told in feed})
    for told in follower_told:
        assert len({one.event_id for one in told}) == len(told), "something was told twice"
        assert told == feed[-len(told) :], "the stream is another than the feed"
        assert len(told) == len(feed)
    return feed


async def test_25_a_late_commit_is_not_skipped(
    home: House, receiver: Receiver, scorecard: Scorecard, follower_of: Of
) -> None:
    row = scorecard(
        25, "Late commit", "one append's transaction has written and is kept from committing; 20 overtake it"
    )
    first, second = await home.api(), await home.api()
    await home.worker()
    async with loading(home, first.url) as load, home.pool.acquire() as holder:
        await subscribe(load, receiver, OCMW)
        await load.open(6)
        late, *others = load.dossiers
        await row.provoking(lambda: holder.execute(_LATE_COMMIT % late))
        await holder.execute("SELECT pg_advisory_lock($1)", _HOLD)
        follower = follower_of(home.token(OCMW))
        await follower.connect(second.url)
        following = asyncio.create_task(follower.take("none"))
        held = asyncio.create_task(load.must(load.step(late)))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        overtaken = bool(row.provoked) and await home.until(waiting, seconds=10) >= 0
        # What a process appends together commits together; those who overtake come by another process.
        load.urls = [second.url]
        early: list[str] = []
        paged: list[list[Told]] = []
        for dossier in others * 4:
            early += [item["eventId"] for item in (await load.must(load.step(dossier))).json()["items"]]
            paged.append(await feed_of(load))
        told = len(follower.told)
        row.happened(overtaken and not held.done(), "no append was kept from committing")
        assert len(paged[-1]) == len(paged[0]), "what came later was shown before what is not decided yet"
        await holder.execute("SELECT pg_advisory_unlock($1)", _HOLD)
        started = time.monotonic()
        item = (await held).json()["items"][0]
        last = (await feed_of(load))[-1].cursor
        await _until(lambda: follower.last == last)
        row.recovery = time.monotonic() - started
        following.cancel()
        later = await holder.fetchval(_LATER, item["eventId"], early, OCMW)
        row.happened(later >= 20, "no append was overtaken by later ones")
        feed = await ended(load, row, [follower.told])
        for page in paged:
            assert page == feed[: len(page)], "a page showed a later event before an earlier one"
        await load.settle()
        await home.delivered()
        (await audit(home, load, receiver.of(OCMW))).good()
        row.tried = load.tried
        row.note = (
            f"{later} later events were acknowledged while it was open; pages and stream stood at {told} events, "
            f"and then gave all {len(feed)} in order"
        )


async def test_31_drop_and_resume(home: House, scorecard: Scorecard, follower_of: Of) -> None:
    row = scorecard(31, "SSE drop and resume", "four followers dropped at random under load, and the API killed once")
    rng = random.Random(31)  # noqa: S311 - a reproducible fault, no secret
    first, second = await home.api(), await home.api()
    drops = 0
    async with loading(home, first.url, second.url) as load:
        await load.open(10)
        followers = [follower_of(home.token(OCMW)) for _ in range(4)]
        done = asyncio.Event()

        async def follow(one: Follower) -> None:
            nonlocal drops
            while not done.is_set():
                try:
                    await one.connect(rng.choice([first.url, second.url]))
                except (OSError, asyncio.IncompleteReadError):
                    await asyncio.sleep(0.05)
                    continue
                left = rng.randint(3, 25)
                async for _ in one.events():
                    left -= 1
                    if left <= 0 and not done.is_set():
                        drops += bool(row.provoke(lambda one=one: one.abort() or True))  # type: ignore[misc]
                        left = 1 << 30 if not row.provoked else left
                one.abort()

        following = [asyncio.create_task(follow(one)) for one in followers]
        running = asyncio.create_task(load.run(600 if LONG else 250, writers=6, pace=0.01))
        await asyncio.sleep(0.5)
        row.provoke(lambda: first.send(signal.SIGKILL))
        code = await first.ended(3) if row.provoked else 0
        first = await home.api(port=int(first.url.rpartition(":")[2])) if row.provoked else first
        await running
        started = time.monotonic()
        await load.settle()
        end = (await feed_of(load))[-1].cursor
        await _until(lambda: all(one.last == end for one in followers))
        row.recovery = time.monotonic() - started
        done.set()
        # One may be connecting just now, and would then follow a feed that stands still: none is waited for.
        for one in following:
            one.cancel()
        broken = [told for told in await asyncio.gather(*following, return_exceptions=True) if told is not None]
        assert all(isinstance(told, asyncio.CancelledError) for told in broken), broken
        row.happened(drops >= 8 and code == -signal.SIGKILL, f"{drops} drops, exit code {code}")
        await ended(load, row, [one.told for one in followers])
        (await audit(home, load)).good()
        row.tried = load.tried
        row.note = f"{drops} drops and one killed API; each of 4 followers was told every event once, in order"


async def test_32_500_idle_followers(home: House, scorecard: Scorecard, follower_of: Of) -> None:
    row = scorecard(32, "500 idle SSE clients", "500 connections to one API, which wait")
    api = await home.api()
    async with loading(home, api.url) as load:
        await load.open(10)
        await load.run(100, writers=4)
        alone, connections, memory = await _burst(load), await _connections(home), _memory(api.pid)
        end = (await feed_of(load))[-1].cursor
        followers = [follower_of(home.token(OCMW), last=end) for _ in range(500)]

        async def connect() -> None:
            rooms = asyncio.Semaphore(50)

            async def one(follower: Follower) -> None:
                async with rooms:
                    await follower.connect(api.url)

            await asyncio.gather(*(one(follower) for follower in followers))

        await row.provoking(connect)
        waiting = _established(api.url)
        row.happened(waiting >= 500, f"{waiting} connections")
        each = (_memory(api.pid) - memory) / 500
        assert await _connections(home) == connections, "a follower holds a database connection"
        assert each < 100 * 1024, f"{each / 1024:.0f} KiB for each follower"
        with_followers = await _burst(load)
        last = (await feed_of(load))[-1].cursor
        started = time.monotonic()
        await asyncio.gather(*(follower.take(last) for follower in followers))
        row.recovery = time.monotonic() - started
        await ended(load, row, [])
        assert all(one.told == followers[0].told for one in followers)
        assert [one.event_id for one in followers[0].told] == [
            one.event_id for one in (await feed_of(load))[-len(followers[0].told) :]
        ]
        # A burst is told to 500: that costs the one process they share. It must stay of the same order.
        assert with_followers < max(10 * alone, 1.0), f"{with_followers:.3f} s instead of {alone:.3f}"
        await load.settle()
        (await audit(home, load)).good()
        row.tried = load.tried
        row.note = (
            f"p95 of a POST {alone * 1000:.0f} ms without them, {with_followers * 1000:.0f} ms while 500 are told of "
            f"every step; {connections} database connections before and after; {each / 1024:.0f} KiB for each"
        )


async def test_33_slow_readers(home: House, scorecard: Scorecard, follower_of: Of) -> None:
    row = scorecard(33, "Slow SSE reader", "20 followers that ask for the whole feed and do not read it")
    api = await home.api()
    async with loading(home, api.url) as load:
        await load.open(20)
        await load.run(5000 if LONG else 1200, writers=8)
        await load.settle()
        feed = await feed_of(load)
        quick = follower_of(home.token(OCMW))
        await quick.connect(api.url)
        await quick.take(feed[-1].cursor)
        size = len(quick.told) * 700
        memory = _memory(api.pid)
        slow = [follower_of(home.token(OCMW), buffer=4096) for _ in range(20)]

        async def connect() -> None:
            for one in slow:
                await one.connect(api.url)

        await row.provoking(connect)

        def stuck_ones() -> int:
            return sum(_unsent(api.url, one.port) > 0 for one in slow) if row.provoked else 0

        await soon(lambda: stuck_ones() == len(slow), 20 if row.provoked else 0)
        stuck = stuck_ones()
        row.happened(stuck == 20, f"{stuck} of 20 connections are stuck")
        most = 0
        for _ in range(10):
            await load.run(20, writers=4)
            most = max(most, _memory(api.pid) - memory)
        end = (await feed_of(load))[-1].cursor
        started = time.monotonic()
        await quick.take(end, 10)
        assert time.monotonic() - started < 5, "one who reads waits for those who do not"
        assert most < 20 * size / 4, f"{most >> 10} KiB more for 20 readers of {size >> 10} KiB each"
        started = time.monotonic()
        await asyncio.gather(*(one.take(end) for one in slow))
        row.recovery = time.monotonic() - started
        await ended(load, row, [quick.told, *(one.told for one in slow)])
        await load.settle()
        (await audit(home, load)).good()
        row.tried = load.tried
        row.note = (
            f"{stuck} connections stood still with {len(feed)} events to come; the API grew by "
            f"{most / (1 << 20):.1f} MiB; when they read on they got everything, in order"
        )


async def _burst(load: Load) -> float:
    """Post 100 steps by one writer, paced; give the p95 of the answers in seconds."""
    load.latencies.clear()
    await load.run(100, writers=1, pace=0.01)
    return percentile(load.latencies, 0.95)


async def _connections(home: House) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'faults'"
    return int(str(await home.fetchval(query)))


def _memory(pid: int) -> int:
    """Bytes of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * 4096


def _sockets() -> list[list[str]]:
    return [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]


def _established(url: str) -> int:
    port = f":{int(url.rpartition(':')[2]):04X}"
    return sum(fields[1].endswith(port) and fields[3] == "01" for fields in _sockets())


def _unsent(url: str, port: int) -> int:
    """Bytes that the API's kernel holds for a reader who does not take them."""
    ours, theirs = (f":{number:04X}" for number in (int(url.rpartition(":")[2]), port))
    return sum(
        int(fields[4].partition(":")[0], 16)
        for fields in _sockets()
        if fields[1].endswith(ours) and fields[2].endswith(theirs)
    )


async def _until(true: Callable[[], bool]) -> None:
    assert await soon(true, 30), "it did not happen in time"
