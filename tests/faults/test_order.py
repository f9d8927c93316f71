"""Lines 26 to 30: many writers, repeated and reordered requests, and clocks that are wrong."""

import asyncio
import contextlib
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import httpx

from handover.platform.settings import Settings
from handover.wiring import services
from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House, Program
from tests.faults.importing import bring, planned
from tests.faults.load import Load, Wish
from tests.faults.receiver import Receiver
from tests.faults.scorecard import LONG
from tests.instance import OPENING, number

_STEPS = "SELECT count(*) FROM event WHERE type = 'followUp.appointmentPlanned'"
"""All that `Load.step` records, and nothing else does."""


@dataclass
class Gate:
    """Lets requests out one at a time, until it is thrown open; `most` were under way at once."""

    permits: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    inside: int = 0
    most: int = 0

    def open(self, wide: int = 1000) -> None:
        """Let so many out at once."""
        for _ in range(wide - 1):
            self.permits.release()

    @contextlib.asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for one's turn, and be counted until the answer is there."""
        async with self.permits:
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                yield
            finally:
                self.inside -= 1


async def test_26_fifty_writers_on_one_dossier(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    writers, steps = 50, 5 if LONG else 2
    row = scorecard(26, "50 writers on one dossier", f"{writers} writers at once over two API processes, {steps} each")
    first, second, _ = await asyncio.gather(home.api(), home.api(), home.worker())
    async with loading(home, first.url, second.url, seed=26) as load:
        await subscribe(load, receiver)
        (dossier,) = await load.open(1)
        gate = Gate()

        async def write(wishes: Sequence[Wish]) -> list[int]:
            numbers = []
            for wish in wishes:
                async with gate.passing():
                    answer = await load.must(wish)
                numbers += [item["sequence"] for item in answer.json()["items"]]
            return numbers

        plans = [[load.step(dossier) for _ in range(steps)] for _ in range(writers)]
        row.provoke(gate.open)
        numbers = await asyncio.gather(*(write(plan) for plan in plans))
        row.happened(gate.most == writers, f"{gate.most} writers had a request under way at once")
        assert len({number for own in numbers for number in own}) == writers * steps, "no number is given twice"
        assert all(own == sorted(own) for own in numbers), "a writer's steps stand in the order of its answers"
        await load.settle()
        row.recovery = await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{writers * steps} steps in one chain without a gap, {gate.most} requests under way at once; "
            f"the slowest took {max(load.latencies):.1f} s, {sum(load.problems.values())} were asked to come again"
        )


async def _race(load: Load, wish: Wish, gate: Gate, times: int) -> list[httpx.Response | Exception]:
    """Send the same request so many times; the ledger learns the outcome when it settles."""
    load.unknown[wish.key] = wish
    load.tried += times

    async def once() -> httpx.Response | Exception:
        async with gate.passing():
            try:
                return await load.send(wish)
            except httpx.TransportError as error:
                return error

    return list(await asyncio.gather(*(once() for _ in range(times))))


def _same(answers: Sequence[httpx.Response | Exception]) -> str:
    """Give the id of the one event that all answers name."""
    got = [answer for answer in answers if isinstance(answer, httpx.Response)]
    assert {answer.status_code for answer in got} == {201}, Counter(answer.status_code for answer in got)
    # The body alone: the ETag is the dossier's version now, which a later step of anyone moves on.
    assert len({answer.content for answer in got}) == 1, "identical to the byte"
    (item,) = got[0].json()["items"]
    return str(item["eventId"])


async def test_27_idempotency_race(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    keys, times = 200 if LONG else 20, 20
    row = scorecard(
        27,
        "Idempotency race",
        f"the same key and body {times} times at once over two API processes, {keys} keys; then the API killed amid it",
    )
    first, second, _ = await asyncio.gather(home.api(), home.api(), home.worker())
    async with loading(home, first.url, second.url, seed=27) as load:
        await subscribe(load, receiver)
        await load.open(5)
        gate = Gate()
        row.provoke(gate.open)
        raced: dict[str, str] = {}
        for n in range(keys):
            wish = load.step(load.dossiers[n % len(load.dossiers)])
            raced[wish.key] = _same(await _race(load, wish, gate, times))
            row.happened(gate.most == times, f"{gate.most} were under way at once")
        await load.settle()
        assert {key: load.acknowledged[key] for key in raced} == {key: [event] for key, event in raced.items()}

        wishes = [load.step(dossier) for dossier in load.dossiers]
        races = [asyncio.create_task(_race(load, wish, gate, times)) for wish in wishes]
        await home.until("SELECT EXISTS (SELECT FROM idempotency WHERE key = ANY ($1))", [wish.key for wish in wishes])
        row.provoke(partial(first.send, signal.SIGKILL))
        row.happened(await first.ended(5) == -signal.SIGKILL, "the API did not end")
        answers = await asyncio.gather(*races)
        cut = sum(isinstance(answer, Exception) for one in answers for answer in one)
        row.happened(cut, "no request was cut off")
        started = time.monotonic()
        await home.api(port=int(first.url.rpartition(":")[2]))
        row.recovery = time.monotonic() - started
        await load.settle()
        for wish, one in zip(wishes, answers, strict=True):
            if any(isinstance(answer, httpx.Response) for answer in one):
                assert load.acknowledged[wish.key] == [_same(one)]
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        assert await home.fetchval(_STEPS) == keys + len(wishes), "one event for each key"
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{keys + len(wishes)} keys gave {keys + len(wishes)} events and, each, {times} answers equal to the byte; "
            f"{cut} requests were cut off by the kill"
        )


async def _together(load: Load, wishes: Sequence[Wish], answers: list[httpx.Response]) -> None:
    answers += await asyncio.gather(*map(load.send, wishes))


async def test_28_same_key_other_body(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    rivals, rounds = 20, 50 if LONG else 5
    row = scorecard(
        28,
        "Same key, other body",
        f"{rounds} times: {rivals} different bodies under one key at once, then that key for another body, dossier and "
        "route, and for another organisation",
    )
    first, second, _ = await asyncio.gather(home.api(), home.api(), home.worker())
    async with loading(home, first.url, second.url, seed=28) as load:
        await subscribe(load, receiver)
        one, other = await load.open(2)
        refused, independent = 0, 0
        for n in range(rounds):
            first_use = load.step(one)
            bodies = [replace(load.step(one), key=first_use.key) for _ in range(rivals)]
            answers: list[httpx.Response] = []
            await row.provoking(partial(_together, load, bodies, answers))
            codes = Counter(answer.status_code for answer in answers)
            row.happened(codes == {201: 1, 422: rivals - 1}, f"the rivals were answered {codes}")
            won = bodies[[answer.status_code for answer in answers].index(201)]
            load.tried += len(bodies)
            await load.must(won)

            before = await home.fetchval("SELECT count(*) FROM event WHERE organisation_id = $1", OCMW)
            again = [
                replace(load.step(one), key=won.key),
                replace(won, path=load.step(other).path),
                replace(load.wish("/v1/dossiers", {**OPENING, "ssin": number(100 + n)}), key=won.key),
            ]
            for answer in await asyncio.gather(*map(load.send, again)):
                assert answer.status_code == 422, answer.text
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["type"].endswith(":idempotencyKeyReused")
                assert won.key not in answer.text
            assert await home.fetchval("SELECT count(*) FROM event WHERE organisation_id = $1", OCMW) == before
            refused += codes[422] + len(again)

            # The ledger keeps one entry a key, so that of the other organisation is told apart by its own answer.
            theirs = await load.send(replace(load.step(one, VDAB), key=won.key))
            assert theirs.status_code == 201
            assert [item["eventId"] for item in theirs.json()["items"]] != load.acknowledged[won.key]
            independent += 1
        assert await home.fetchval(_STEPS) == rounds + independent
        await load.settle()
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = load.tried + refused, found.lost, found.duplicates
        row.note = (
            f"{refused} requests with a used key were refused with 422 and left nothing behind; "
            f"{independent} of another organisation with the same key were recorded beside them"
        )


async def _imports(home: House, clients: int, seed: int) -> Program:
    argv = (sys.executable, "-m", "tests.faults.importing")
    return await home.start(f"import {clients} {seed}", {"HANDOVER_POOL_SIZE": "2"}, argv=argv)


async def test_29_inbound_duplicate_and_reordered(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    clients = 500 if LONG else 20
    row = scorecard(
        29,
        "Inbound batch twice, reordered, cut off",
        f"{clients} clients of an outside system: killed midway, then two imports at once in other orders, then again",
    )
    api, _ = await asyncio.gather(home.api(), home.worker())
    async with loading(home, api.url, seed=29) as load:
        await subscribe(load, receiver)
        async with services(Settings(data_dir=home.place, database_url=home.dsn), pool_size=1) as ready:
            wanted = await bring(ready, planned(clients), rehearsal=True)
        first = await _imports(home, clients, 1)
        await home.until("SELECT (SELECT count(*) FROM event) > $1", wanted // 4)
        row.provoke(partial(first.send, signal.SIGKILL))
        row.happened(await first.ended() == -signal.SIGKILL, f"the first import came to its end: {first.log}")
        midway = int(str(await home.fetchval("SELECT count(*) FROM event")))
        row.happened(midway < wanted, f"{midway} of {wanted} events were there already")

        started = time.monotonic()
        both = [await _imports(home, clients, seed) for seed in (2, 3)]
        assert [await one.ended(120) for one in both] == [0, 0], [one.log for one in both]
        row.recovery = time.monotonic() - started
        again = await _imports(home, clients, 4)
        assert (await again.ended(120), again.log) == (0, "0 recorded\n")
        # The import's own keys stand in the ledger as what the outside system was told: that all is recorded.
        keys = await home.pool.fetch("SELECT key FROM idempotency WHERE key LIKE 'lino:%'")
        load.acknowledged |= {key["key"]: [] for key in keys}
        await load.settle()
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        assert found.stored == wanted, f"{found.stored} events stored, {wanted} wanted"
        assert await home.fetchval("SELECT count(*) FROM dossier") == clients
        row.tried, row.lost, row.duplicates = 4 * clients, found.lost, found.duplicates
        row.note = (
            f"killed after {midway} of {wanted} events; then twice at once and once more, each in another order: "
            f"{found.stored} events, each thing once"
        )


_SPAN = "SELECT extract(epoch FROM max(recorded_at) - min(recorded_at))::float8 FROM idempotency"


async def test_30_clocks_two_days_off(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(30, "Clocks two days off", "API and worker at the right time, two days ahead, then two days behind")
    days = [0, 0, 0]
    row.provoke(lambda: days.__setitem__(slice(None), [0, 2, -2]))
    # Given out before, by any of the three clocks, and still good.
    home.token_age, home.token_lifetime = timedelta(days=3), timedelta(days=8)
    api, worker = await asyncio.gather(home.api(), home.worker())
    async with loading(home, api.url, seed=30) as load:
        await subscribe(load, receiver)
        await load.open(5)
        for day in days:
            if day:
                await asyncio.gather(api.kill(), worker.kill())
                receiver.skew = partial(timedelta(days=day).total_seconds)
                moved = str(day * 86_400)
                port = int(api.url.rpartition(":")[2])
                api, worker = await asyncio.gather(
                    home.api(port=port, ready=True, HANDOVER_CLOCK_OFFSET=moved),
                    home.worker(HANDOVER_CLOCK_OFFSET=moved),
                )
            await load.run(300 if LONG else 20)
            await load.settle()
            row.recovery = max(row.recovery or 0, await home.delivered(20))
        span = float(str(await home.fetchval(_SPAN)))
        row.happened(span > 3 * 86_400, f"the recorded moments lie {span:.0f} s apart")
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        assert not receiver.refused, "each attempt carries its own time, which the receiver takes"
        feed, after = [], ""
        while page := (await load.call("GET", f"/v1/events?pageSize=50&after={after}")).json():
            feed += page["items"]
            after = page["cursor"]
            if not page["items"]:
                break
        assert len({item["eventId"] for item in feed}) == len(feed)
        assert len(feed) == await home.fetchval("SELECT count(*) FROM feed WHERE organisation_id = $1", OCMW)
        for dossier in load.dossiers:
            own = [item for item in feed if item["dossierId"] == dossier]
            assert [item["sequence"] for item in own] == sorted(item["sequence"] for item in own)
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"recorded moments up to {span / 86_400:.1f} days apart; {found.stored} events in one order in record, "
            "feed and webhooks, which carry the time of their attempt"
        )
