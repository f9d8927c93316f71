"""`make interop-lino`: a real Lino Welfare imported twice, then 20 of its dossiers referred to VDAB and worked in.

Every step that VDAB is entitled to must arrive at its receiver, once after de-duplication by `webhook-id` and in
order per dossier; dossiers that were not referred must deliver nothing; the inbox must be what the events say.
HANDOVER_LINO_URL names a Lino that runs already; without it one is installed and started under var/lino.
"""

import asyncio
import contextlib
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from tests.flow.outside import Outside, ReceiverProcess, started
from tests.interop.lino_process import PASSWORD, USERNAME, lino

from handover.platform.embedded import EmbeddedPostgres

OCMW, VDAB = "ocmw-lindedal", "vdab"
REFERRED, STEPS = 20, 100


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextlib.asynccontextmanager
async def running_lino() -> AsyncIterator[str]:
    """Give the address of a running Lino."""
    if url := os.environ.get("HANDOVER_LINO_URL", ""):
        yield url
        return
    async with lino() as process:
        yield process.url


async def imported(outside: Outside, url: str, name: str) -> str:
    """Run the import and print its report."""
    started_at = time.monotonic()
    _, out, err = await outside.command(
        "import", "lino", url, "--organisation", OCMW, "--username", USERNAME, "--password", PASSWORD
    )
    say(f"--- {name} import ({time.monotonic() - started_at:.0f} s)\n{out.strip() or err.strip()}")
    return out


class Work:
    """Refers dossiers and records steps on both sides."""

    def __init__(self, outside: Outside, rng: random.Random) -> None:
        self.outside = outside
        self.rng = rng
        self.threads: dict[str, str] = {}
        self.state: dict[str, str] = {}
        self.steps = 0

    async def refer(self, dossier_id: str) -> None:
        """Refer a dossier to VDAB."""
        event = await self._post(
            OCMW,
            dossier_id,
            "handover.requested",
            {
                "receiver": VDAB,
                "purpose": "guidanceToWork",
                "summary": "Verwezen na invoer uit Lino.",
                "contact": "ocmw-lindedal.trajectbegeleider-1",
                "legalBasisId": "demo-protocol",
            },
        )
        self.threads[dossier_id], self.state[dossier_id] = event["threadId"], "requested"

    async def step(self) -> None:
        """Record a step that is possible now, in some referred dossier."""
        dossier_id = self.rng.choice(list(self.threads))
        now = datetime.now(UTC)
        road: dict[str, tuple[str, dict[str, Any], str]] = {
            "requested": (
                "handover.accepted",
                {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"},
                "accepted",
            ),
            "accepted": (
                "handover.contacted",
                {"contactedAt": now.isoformat(), "means": "jointIntake", "present": ["client", "receiver"]},
                "inProgress",
            ),
            "inProgress": (
                "handover.progressed",
                {"whatHappened": "Gesprek gehad.", "nextStep": "Volgende week opnieuw."},
                "inProgress",
            ),
        }
        if self.rng.random() < 0.5:
            kind, data, after = road[self.state[dossier_id]]
            await self._post(VDAB, dossier_id, kind, data, self.threads[dossier_id])
            self.state[dossier_id] = after
        else:
            who = self.rng.choice((OCMW, VDAB))
            planned = {"appointmentAt": (now + timedelta(days=9)).isoformat(), "subject": "Opvolging"}
            await self._post(who, dossier_id, "followUp.appointmentPlanned", planned)
        self.steps += 1

    async def _post(
        self, who: str, dossier_id: str, kind: str, data: dict[str, Any], thread_id: str = ""
    ) -> dict[str, Any]:
        body = {"type": kind, "data": data} | ({"threadId": thread_id} if thread_id else {})
        found: dict[str, Any] = (await self.outside.post(who, f"/v1/dossiers/{dossier_id}/events", body))["items"][0]
        return found


async def expected(outside: Outside, referred: list[str]) -> dict[str, list[str]]:
    """Give what VDAB is entitled to, from the OCMW's own timelines: everything from the referral on."""
    found: dict[str, list[str]] = {}
    for dossier_id in referred:
        events = await outside.pages(OCMW, f"/v1/dossiers/{dossier_id}/events")
        since = next(e["sequence"] for e in events if e["type"] == "handover.requested")
        found[dossier_id] = [e["eventId"] for e in events if e["sequence"] >= since]
    return found


async def settled(outside: Outside, receiver: ReceiverProcess, referred: list[str]) -> dict[str, list[str]]:
    """Wait until everything has arrived, or a minute has passed; give what was expected then."""
    deadline = time.monotonic() + 60
    while True:
        wanted = await expected(outside, referred)
        have = {line["event"]["id"] for line in receiver.of(VDAB)}
        if all(event in have for events in wanted.values() for event in events) or time.monotonic() > deadline:
            return wanted
        await asyncio.sleep(0.5)


def judge(receiver: ReceiverProcess, wanted: dict[str, list[str]]) -> bool:
    """Compare what arrived with what should have; print the figures."""
    arrived: dict[str, list[str]] = defaultdict(list)
    ids: set[str] = set()
    doubles = 0
    for line in receiver.of(VDAB):
        event = line["event"]
        if event["id"] in ids:
            doubles += 1
            continue
        ids.add(event["id"])
        arrived[event["subject"]].append(event["id"])
    strangers = sum(len(events) for dossier_id, events in arrived.items() if dossier_id not in wanted)
    missing = sum(1 for events in wanted.values() for event in events if event not in ids)
    disorder = sum(1 for dossier_id, events in wanted.items() if arrived[dossier_id] != events)
    say(
        f"VDAB was entitled to {sum(map(len, wanted.values()))} events of {len(wanted)} dossiers; received {len(ids)}, "
        f"missing {missing}, repeated {doubles}, dossiers out of order {disorder}, "
        f"events of dossiers that were not referred {strangers}, signatures refused {receiver.refused}"
    )
    return not (missing or disorder or strangers or receiver.refused)


async def checked(outside: Outside) -> bool:
    """Compare the inbox with a fresh fold: none differs; after one row is altered by hand exactly that one does."""
    code, out, err = await outside.command("replay", "--check", check=False)
    say(f"replay --check: {err.strip().splitlines()[-1]}")
    if code or out:
        return False
    server = EmbeddedPostgres(Path(outside.env["HANDOVER_DATA_DIR"]))
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(
        "UPDATE inbox_thread SET your_turn = NOT your_turn WHERE ctid = (SELECT ctid FROM inbox_thread LIMIT 1)"
    )
    await connection.close()
    code, out, err = await outside.command("replay", "--check", check=False)
    say(f"one projected row altered by hand: {err.strip().splitlines()[-1]} {out.strip()}")
    await outside.command("replay", "--rebuild", "inbox")
    healed, _, _ = await outside.command("replay", "--check", check=False)
    return code == 1 and len(out.splitlines()) == 1 and healed == 0


async def main() -> int:
    """Run everything and print."""
    rng = random.Random(20261122)  # noqa: S311 - which dossiers, no secrets
    async with running_lino() as url, started() as outside:
        receiver = await ReceiverProcess.start()
        made = await outside.post(VDAB, "/v1/subscriptions", {"url": receiver.url(VDAB)})
        await receiver.listen(VDAB, made["secret"])
        already = {line["event"]["subject"] for line in receiver.of(VDAB)}
        known = {d["dossierId"] for d in await outside.pages(OCMW, "/v1/dossiers")}
        await imported(outside, url, "first")
        before = len(await outside.pages(OCMW, "/v1/events?pageSize=1000"))
        await imported(outside, url, "second")
        after = await outside.pages(OCMW, "/v1/events?pageSize=1000")
        say(f"events after the first import {before}, after the second {len(after)}")
        say("in the feed by type: " + ", ".join(f"{k} {n}" for k, n in Counter(e["type"] for e in after).most_common()))
        await asyncio.sleep(1)  # the inbox, and with it the list of dossiers, follows the journal
        new = [d["dossierId"] for d in await outside.pages(OCMW, "/v1/dossiers") if d["dossierId"] not in known]
        delivered_unreferred = len(receiver.of(VDAB))
        work = Work(outside, rng)
        for dossier_id in rng.sample(new, REFERRED):
            await work.refer(dossier_id)
        for _ in range(STEPS):
            await work.step()
        wanted = await settled(outside, receiver, list(work.threads))
        say(
            f"{len(new)} imported dossiers; before any referral VDAB had received {delivered_unreferred} events; "
            f"{len(work.threads)} referred, {work.steps} more steps"
        )
        good = judge(receiver, wanted) and before == len(after) and not delivered_unreferred and not already
        good = await checked(outside) and good
        await receiver.stop()
    say("interop-lino: good" if good else "interop-lino: NOT as promised")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
