"""Lines 20 and 21: one subscriber or one dossier in trouble does not hold up the others."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web

from handover.delivery.marks import PATIENCE, MarkState, status_of
from handover.platform.walls import Walled, asking_for
from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, at_work, misbehave, subscribe
from tests.faults.house import OCMW, House, soon
from tests.faults.load import percentile
from tests.faults.receiver import Heard, Receiver, accept
from tests.faults.scorecard import LONG


async def test_20_one_of_fifty_hangs(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        20, "One of 50 hangs", "one subscriber reads every webhook and answers none, with 140 dossiers waiting"
    )
    hanging: list[Heard] = []
    release = asyncio.Event()

    async def hang(heard: Heard) -> web.StreamResponse:
        if heard.path == "slow":
            hanging.append(heard)
            await release.wait()
            if heard.connection.is_closing():
                return web.Response(status=503)
        return await accept(heard)

    async def latencies() -> list[float]:
        """Post steps at an even pace; give how long each took to each of the 49, from recorded to heard."""
        events: list[str] = []
        for n in range(60 if LONG else 12):
            events += await load.each([dossiers[n % len(dossiers)]])
            await asyncio.sleep(0.15)
        mine = frozenset(events)
        there = [one for one in receiver.taken if one.id in mine and one.path != "slow"]
        assert await soon(lambda: sum(h.id in mine and h.path != "slow" for h in receiver.taken) == 49 * len(events)), (
            f"{len(there)} of {49 * len(events)} arrived"
        )
        rows = await home.pool.fetch("SELECT event_id::text, recorded_at FROM event WHERE event_id = ANY ($1)", events)
        recorded = {event: at.timestamp() for event, at in rows}
        ahead = time.time() - time.monotonic()
        return [h.at + ahead - recorded[h.id] for h in receiver.taken if h.id in mine and h.path != "slow"]

    async with at_work(home) as (load, _):
        await subscribe(load, receiver, OCMW, path="slow")
        paths = [f"quick{n}" for n in range(49)]
        kinds = ["followUp.appointmentPlanned"]
        await asyncio.gather(*(subscribe(load, receiver, OCMW, path=path, eventTypes=kinds) for path in paths))
        dossiers = await load.open(12, referred=False)
        without = await latencies()
        misbehave(row, receiver, hang)
        await load.open(140, referred=False)
        row.happened(await soon(lambda: len(hanging) >= 32, 5 if row.provoked else 0), f"{len(hanging)} hang")
        waiting = await home.fetchval("SELECT count(*) FROM delivery WHERE state = 'pending'")
        beside = await latencies()
        most = len(hanging)
        release.set()
        await load.settle()
        released = time.monotonic()
        await home.delivered()
        row.recovery = time.monotonic() - released
        before, after = percentile(without, 0.95), percentile(beside, 0.95)
        assert after < 2 * before + 0.5, f"p95 {after:.3f} s beside the hanging one, {before:.3f} s without"
        found = await audit(home, load, {OCMW: receiver.of("slow")["slow"]})
        found.good()
        row.tried, row.lost, row.duplicates = len(without) + len(beside), found.lost, found.duplicates
        row.note = (
            f"p95 of the other 49: {after * 1000:.0f} ms beside it, {before * 1000:.0f} ms without; it held {most} "
            f"connections with {waiting} webhooks waiting"
        )


async def test_21_poison_head(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(
        21, "Poison head parks one dossier", "the receiver refuses one event of each of two dossiers with 400"
    )
    refused: Counter[str] = Counter()

    async def refuse(heard: Heard) -> web.StreamResponse:
        if heard.dossier in bad and heard.sequence == head:
            refused[heard.dossier] += 1
            return web.Response(status=400)
        return await accept(heard)

    def sequences(dossier_id: str) -> list[int]:
        return [one.sequence for one in receiver.taken if one.dossier == dossier_id]

    async with at_work(home) as (load, _):
        subscription = (await subscribe(load, receiver, OCMW))[OCMW]
        first, second, *others = await load.open(8, referred=False)
        bad = {first, second}
        await home.delivered()
        head = int(str(await home.fetchval("SELECT max(version) FROM dossier"))) + 1
        opening = list(range(1, head))
        misbehave(row, receiver, refuse)
        for _ in range(2):
            await load.each(load.dossiers)
        await load.settle()
        assert await soon(lambda: all(sequences(one) == [*opening, head, head + 1] for one in others)), (
            "others wait for a parked one"
        )
        row.happened(await soon(lambda: set(refused) == bad, 2 if row.provoked else 0), f"refused: {dict(refused)}")
        await home.until("SELECT count(*) = 4 FROM delivery WHERE state = 'pending'")
        assert sequences(first) == sequences(second) == opening
        # Seen: in the list of deliveries, and after a quarter of an hour on the screen.
        here = f"/v1/subscriptions/{subscription}"
        listed = (await load.call("GET", f"{here}/deliveries?state=pending")).json()["items"]
        assert {(one["dossierId"], one["sequence"], one.get("lastStatus")) for one in listed} == {
            (dossier_id, sequence, status) for dossier_id in bad for sequence, status in ((head, 400), (head + 1, None))
        }
        later = datetime.now(UTC) + PATIENCE
        for dossier_id, state in ((first, MarkState.NOT_DELIVERED), (others[0], MarkState.DELIVERED)):
            with asking_for([OCMW]):
                marks = await status_of(Walled(home.pool), UUID(dossier_id), [head, head + 1], at=later)
            assert {mark[OCMW].state for mark in marks.values()} == {state}
        assert not await home.fetchval("SELECT down_since FROM subscription"), "a bad payload condemned the endpoint"
        # Freed: one goes through when it is sent again, the other is left out.
        bad.discard(first)
        started = time.monotonic()
        again = load.wish(f"{here}/resend", {"dossierId": first, "sequence": head})
        assert (await load.send(again)).status_code == 202
        why = {"dossierId": second, "sequence": head, "reason": "told by telephone"}
        assert (await load.send(load.wish(f"{here}/skip", why))).status_code == 202
        await home.delivered()
        row.recovery = time.monotonic() - started
        assert sequences(first) == [*opening, head, head + 1]
        assert sequences(second) == [*opening, head + 1]
        found = await audit(home, load, receiver.of(OCMW))
        assert found.undelivered == 1, "the one that was left out, and no other"
        replace(found, undelivered=0).good()
        row.tried, row.lost, row.duplicates = 2 * len(load.dossiers), found.lost, found.duplicates
        row.note = (
            f"refused {refused.total()} times; both lanes listed and marked as not delivered, {len(others)} "
            "others flowed; one freed by sending again, one by leaving it out"
        )
