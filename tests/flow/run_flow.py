"""`make flow`: the main job against a running instance, timed on one monotonic clock.

Forty referrals go from request to completion; each of the 200 steps must be seen in the other side's inbox, feed
and webhook. Prints the time from the POST sent to the 201, and to the webhook received.
"""

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.flow.outside import Outside, ReceiverProcess, instance, synthetic_ssin

OCMW, VDAB = "ocmw-lindedal", "vdab"
REFERRALS = 40
MOST_WEBHOOK_MS = 20.0


def road() -> list[tuple[str, str, dict[str, object]]]:
    """Give the steps of a referral: who, what, with which data."""
    now = datetime.now(UTC)
    return [
        (
            OCMW,
            "handover.requested",
            {
                "receiver": VDAB,
                "purpose": "guidanceToWork",
                "summary": "Zoekt werk in een magazijn.",
                "contact": "ocmw-lindedal.trajectbegeleider-1",
                "legalBasisId": "demo-protocol",
            },
        ),
        (
            VDAB,
            "handover.accepted",
            {
                "counsellor": "vdab.bemiddelaar-1",
                "firstAppointmentAt": (now + timedelta(days=7)).isoformat(),
            },
        ),
        (
            VDAB,
            "handover.contacted",
            {
                "contactedAt": now.isoformat(),
                "means": "threeWayTalk",
                "present": ["client", "sender", "receiver"],
            },
        ),
        (
            VDAB,
            "handover.progressed",
            {"whatHappened": "Twee sollicitaties.", "nextStep": "Gesprek volgende week."},
        ),
        (VDAB, "handover.completed", {"outcome": "employed", "senderMustStill": "Leefloon stopzetten."}),
    ]


class Flow:
    """The run and its measurements."""

    def __init__(self, outside: Outside, receiver: ReceiverProcess) -> None:
        self.outside = outside
        self.receiver = receiver
        self.answered: list[float] = []
        self.heard: list[float] = []
        self.seen: Counter[str] = Counter()
        self.cursors = {OCMW: "", VDAB: ""}

    async def prepare(self) -> None:
        """Subscribe both sides and stand at the end of their feeds."""
        for slug in (OCMW, VDAB):
            made = await self.outside.post(slug, "/v1/subscriptions", {"url": self.receiver.url(slug)})
            await self.receiver.listen(slug, made["secret"])
            await self.new_in_feed(slug)

    async def new_in_feed(self, slug: str) -> list[Any]:
        """Give what came into a feed since the last look."""
        found: list[Any] = []
        while True:
            page = await self.outside.get(slug, f"/v1/events?pageSize=1000&after={self.cursors[slug]}")
            found += page["items"]
            self.cursors[slug] = page["cursor"]
            if not page.get("next"):
                return found

    async def refer(self, rng: random.Random) -> None:
        """Take one client along the road."""
        ssin, born = synthetic_ssin(rng)
        opening = {
            "ssin": ssin,
            "givenName": "Voorbeeld",
            "familyName": f"Nummer {ssin[6:9]}",
            "birthDate": born,
            "targetGroup": "livingWage",
            "capacity": "livingWage",
            "legalBasisId": "demo-protocol",
        }
        dossier_id = (await self.outside.post(OCMW, "/v1/dossiers", opening))["dossierId"]
        thread_id = ""
        for who, kind, data in road():
            other = VDAB if who == OCMW else OCMW
            body = {"type": kind, "data": data} | ({"threadId": thread_id} if thread_id else {})
            sent = time.monotonic_ns()
            event = (await self.outside.post(who, f"/v1/dossiers/{dossier_id}/events", body))["items"][0]
            answered = time.monotonic_ns()
            thread_id = event["threadId"]
            webhook = await self.receiver.wait_for(other, event["eventId"])
            self.answered.append((answered - sent) / 1e6)
            self.heard.append((webhook["at"] - sent) / 1e6)
            await self.look(other, event)
            if kind == "handover.requested":
                await self.until_received(dossier_id, thread_id)

    async def until_received(self, dossier_id: str, thread_id: str) -> None:
        """Wait until the receiver's system has acknowledged the referral."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            threads = (await self.outside.get(OCMW, f"/v1/dossiers/{dossier_id}/threads"))["items"]
            if any(t["threadId"] == thread_id and t["status"] == "received" for t in threads):
                return
            await asyncio.sleep(0.01)
        message = "the delivery was not acknowledged"
        raise RuntimeError(message)

    async def look(self, other: str, event: dict[str, Any]) -> None:
        """See the step on the other side: in its webhook (done), feed and inbox."""
        self.seen["webhook"] += 1
        for place, find in (("feed", self.in_feed), ("inbox", self.in_inbox)):
            deadline = time.monotonic() + 10
            while not await find(other, event):
                if time.monotonic() > deadline:
                    message = f"{event['type']} is not in the {place} of {other}"
                    raise RuntimeError(message)
                await asyncio.sleep(0.01)
            self.seen[place] += 1

    async def in_feed(self, other: str, event: dict[str, Any]) -> bool:
        """Tell whether the feed has brought the event."""
        return any(e["eventId"] == event["eventId"] for e in await self.new_in_feed(other))

    async def in_inbox(self, other: str, event: dict[str, Any]) -> bool:
        """Tell whether the inbox shows the step: as news, or as a turn."""
        items = (await self.outside.get(other, "/v1/inbox?pageSize=1000"))["items"]
        return any(
            i.get("eventId") == event["eventId"]
            or (i["group"] == "yourTurn" and i.get("threadId") == event["threadId"])
            for i in items
        )


def show(name: str, times: list[float]) -> float:
    """Print median and p95 of times in milliseconds; give the median."""
    median = statistics.median(times)
    p95 = statistics.quantiles(times, n=20)[18]
    print(f"{name:<34} median {median:6.2f} ms   p95 {p95:6.2f} ms   ({len(times)} steps)")  # noqa: T201
    return median


async def main() -> int:
    """Run and print."""
    rng = random.Random()  # noqa: S311 - made-up clients, no secrets
    async with instance() as outside:
        receiver = await ReceiverProcess.start()
        flow = Flow(outside, receiver)
        await flow.prepare()
        await flow.refer(rng)  # the first one warms caches and prepared statements; it does not count
        flow.answered.clear()
        flow.heard.clear()
        flow.seen.clear()
        for _ in range(REFERRALS):
            await flow.refer(rng)
        await asyncio.sleep(0.5)  # the last receipts may still be on their way to the OCMW's receiver
        acknowledged = sum(1 for line in receiver.of(OCMW) if line["event"]["data"]["type"] == "handover.received")
        await receiver.stop()
    show("POST sent -> 201 received", flow.answered)
    median = show("POST sent -> webhook received", flow.heard)
    print(  # noqa: T201
        f"seen by the other side: {dict(flow.seen)}; receipts after delivery: {acknowledged} of {REFERRALS + 1}; "
        f"signatures refused: {receiver.refused}"
    )
    good = median <= MOST_WEBHOOK_MS and receiver.refused == 0 and acknowledged == REFERRALS + 1
    print("flow: good" if good else "flow: NOT as promised")  # noqa: T201
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
