"""`make interop`: a real Lino Welfare, and VDAB's receiver and sender as `examples/` has them, joined by the service.

First one client's road, each step timed until it stands in Lino: a referral is accepted, a training starts, an
appointment is missed; then a contract that is typed into Lino, until VDAB's receiver has it. After that 200 random
steps on all sides, while Lino is ended twice and started again. In the end every step that VDAB took stands in the file
of the right client, once, in the language of who works there; what was marked as a mistake is headed so; and VDAB's
receiver has every event that it is entitled to, once. HANDOVER_LINO_DIR says where Lino is installed (var/lino).
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from tests.flow.outside import Outside, started
from tests.interop.lino_process import PASSWORD, ROOT, USERNAME, LinoProcess, lino

from handover.adapters.kit.adapter import Changed
from handover.adapters.lino.client import LinoClient
from handover.domain.quiet import is_quiet
from handover.platform.embedded import EmbeddedPostgres
from handover.web.ui.words import WORDS, Language

OCMW, VDAB = "ocmw-lindedal", "vdab"
INTERVAL, MOST_SECONDS = 60, 5.0
STEPS, RESTARTS, DOSSIERS = 200, (70, 140), 12
SETTLE_SECONDS = 240
NOTES = "notes/AllNotes"
EXAMPLES = ROOT / "examples"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class VdabSender:
    """`examples/senders/sender.py`: VDAB's events go in as lines, and come out once they are taken."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._count = 0
        self.refused: list[object] = []

    @classmethod
    async def start(cls, outside: Outside) -> "VdabSender":
        """Make a key, register it, and start the program with it."""
        program = str(EXAMPLES / "senders" / "sender.py")
        making = await asyncio.create_subprocess_exec(
            sys.executable, program, "--new-key", stdout=asyncio.subprocess.PIPE
        )
        made, _ = await making.communicate()
        private, register = made.decode().splitlines()
        await outside.command(*register.split()[1:])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            program,
            outside.base_url,
            env={**os.environ, "SIGNING_KEY": private.removeprefix("SIGNING_KEY=")},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(process)

    async def send(self, kind: str, dossier_id: str, step: object, thread_id: str = "") -> dict[str, Any]:
        """Send a step; give the answer, which must be that it was taken."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._count += 1
        plural, event = kind.split(".")
        told = {
            "specversion": "1.0",
            "id": f"step-{self._count}",
            "source": "https://vdab.example/trajectories",
            "type": f"vdab.v1.dossiers.{plural}s.notify.{event}",
            "subject": dossier_id,
            "time": datetime.now(UTC).isoformat(),
            "data": {"step": step} | ({"threadId": thread_id} if thread_id else {}),
        }
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        if answer["status"] != 201:
            message = f"{kind} was not taken: {answer}"
            raise RuntimeError(message)
        return dict(answer["answer"])

    async def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


class VdabReceiver:
    """`examples/receivers/receiver.py`, and the file in which it keeps what came."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "received.db"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None
        self.lines: list[str] = []
        self._reading: asyncio.Task[None] | None = None

    async def start(self, secret: str) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLES / "receivers" / "receiver.py"),
            str(self.port),
            str(self._file),
            env={**os.environ, "WEBHOOK_SECRET": secret},
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        await self._process.stdout.readline()
        self._reading = asyncio.create_task(self._read(self._process.stdout))

    async def _read(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            self.lines.append(line.decode().strip())

    def events(self) -> dict[str, list[str]]:
        """Give the identifiers of what it has, by dossier, in the order of their sequence."""
        found: dict[str, list[str]] = defaultdict(list)
        with contextlib.closing(sqlite3.connect(self._file)) as kept:
            rows = kept.execute("SELECT dossier, id FROM received WHERE sequence <> '' ORDER BY dossier, sequence")
            for dossier_id, event_id in rows:
                found[dossier_id].append(event_id)
        return found

    def bodies(self) -> list[dict[str, Any]]:
        """Give what it has."""
        with contextlib.closing(sqlite3.connect(self._file)) as kept:
            return [json.loads(body) for (body,) in kept.execute("SELECT body FROM received")]

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
        if self._reading is not None:
            await self._reading


class Saved(msgspec.Struct):
    """What Lino says of a row that somebody saved."""

    success: bool = True


@dataclass
class Hand:
    """Somebody at a keyboard of Lino: types contracts and reads files, as its own screens do."""

    client: LinoClient
    service: str
    """Where the notes of this run lead to: Lino keeps those of runs before."""

    async def type_contract(self, client: int, first: date, last: date) -> None:
        """Type a new contract for a client."""
        values = {"applies_from": f"{first:%d.%m.%Y}", "applies_until": f"{last:%d.%m.%Y}", "typeHidden": "1"}
        assert (await self.client.insert("isip/ContractsByClient", client, values, Saved)).success

    async def change_contract(self, key: int, client: int, last: date) -> None:
        """Let a contract end on another day."""
        values = {"applies_until": f"{last:%d.%m.%Y}", "date_ended": f"{last:%d.%m.%Y}"}
        assert (await self.client.change("isip/ContractsByClient", key, client, values, Saved)).success

    async def contracts(self, client: int) -> dict[int, date]:
        """Give a client's contracts: until when each runs."""
        rows = await self.client.rows("isip/ContractsByClient", ("applies_until", "date_ended"), of_client=client)
        ends = {row.key: str(row.cells["date_ended"] or row.cells["applies_until"]) for row in rows}
        return {key: datetime.strptime(end, "%d.%m.%Y").date() for key, end in ends.items()}  # noqa: DTZ007

    async def notes(self, client: int | None = None) -> list[tuple[int, str, str]]:
        """Give the notes (client, subject, body) that came from us, of one client or of all."""
        if client is not None:
            rows = await self.client.rows("notes/NotesByProject", ("subject", "body"), of_client=client)
            found = [(client, str(r.cells["subject"]), str(r.cells["body"])) for r in rows]
        else:
            rows = await self.client.rows(NOTES, ("projectHidden", "subject", "body"))
            found = [
                (int(str(r.cells["projectHidden"] or 0)), str(r.cells["subject"]), str(r.cells["body"])) for r in rows
            ]
        return [one for one in found if self.service in one[2]]


@dataclass
class Field:
    """Everything that takes part."""

    outside: Outside
    lino: LinoProcess
    hand: Hand
    sender: VdabSender
    receiver: VdabReceiver
    clients: dict[str, int]
    """The client in Lino of each dossier."""
    rng: random.Random
    threads: dict[str, str] = field(default_factory=dict)
    """The thread of each dossier's referral."""
    planned: list[tuple[str, str]] = field(default_factory=list)
    """VDAB's appointments that are still to come: dossier and thread."""
    latest: dict[str, str] = field(default_factory=dict)
    """The last event that VDAB recorded in a referral, where it can be marked as a mistake."""
    done: Counter[str] = field(default_factory=Counter)

    async def post(self, who: str, dossier_id: str, kind: str, data: object, thread_id: str = "") -> dict[str, Any]:
        """Record a step through the API."""
        body = {"type": kind, "data": data} | ({"threadId": thread_id} if thread_id else {})
        answer = await self.outside.post(who, f"/v1/dossiers/{dossier_id}/events", body)
        return dict(answer["items"][0])

    async def note_of(self, event_id: str, client: int, *, seconds: float = 60) -> tuple[float, str]:
        """Wait for the note of an event; give how long that took, and its subject."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            for _, subject, body in await self.hand.notes(client):
                if f"handover/{event_id}" in body:
                    return time.monotonic() - began, subject
            await asyncio.sleep(0.1)
        return seconds, "(none)"

    async def refer(self, dossier_id: str) -> None:
        """Refer a client to VDAB, by the OCMW."""
        data = {
            "receiver": VDAB,
            "purpose": "guidanceToWork",
            "summary": "Verwezen vanuit Lino.",
            "contact": "ocmw-lindedal.trajectbegeleider-1",
            "legalBasisId": "demo-protocol",
        }
        self.threads[dossier_id] = (await self.post(OCMW, dossier_id, "handover.requested", data))["threadId"]


def in_days(days: int) -> str:
    """Give a moment some days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def road(field: Field, dossier_id: str) -> bool:
    """Go one client's road, and time each step until it stands in Lino."""
    client, times = field.clients[dossier_id], {}
    await field.refer(dossier_id)
    thread = field.threads[dossier_id]

    async def took(kind: str, step: object, thread_id: str = "") -> dict[str, Any]:
        answer = await field.sender.send(kind, dossier_id, step, thread_id)
        seconds, subject = await field.note_of(answer["eventId"], client)
        times[kind] = seconds
        say(f"  {kind:30} stands in Lino after {seconds:5.2f} s: {subject}")
        return answer

    await took("handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}, thread)
    started_on = datetime.now(UTC).date().isoformat()
    proposal = {
        "receiver": OCMW,
        "instrument": "ibo",
        "title": "Magazijnmedewerker",
        "why": "Heeft ervaring in een magazijn, mist het heftruckattest.",
        "where": "Opleidingscentrum in de regio",
        "reachableBy": "Met de fiets, 20 minuten.",
    }
    training = (await took("training.proposed", proposal))["threadId"]
    await took("training.started", {"startsOn": started_on}, training)
    meeting = {"appointmentAt": in_days(1), "subject": "Opvolging"}
    planned = await took("followUp.appointmentPlanned", meeting)
    await took("followUp.unattended", {"reason": "A080-10"}, planned["threadId"])

    before = {body["id"] for body in field.receiver.bodies()}
    began = time.monotonic()
    await field.hand.type_contract(client, date(2031, 1, 1), date(2031, 12, 31))
    arrived = None
    while arrived is None and time.monotonic() - began < 60:
        new = [b for b in field.receiver.bodies() if b["id"] not in before and b["subject"] == dossier_id]
        arrived = next((b for b in new if b["data"]["type"] == "followUp.planAgreed"), None)
        await asyncio.sleep(0.1)
    seconds = time.monotonic() - began
    say(f"  a contract typed into Lino is with VDAB after {seconds:.2f} s (it is read every {INTERVAL} s)")
    slow = [kind for kind, one in times.items() if one > MOST_SECONDS]
    return not slow and arrived is not None and seconds <= INTERVAL


async def random_step(field: Field) -> None:
    """Let somebody do something."""
    dossier_id = field.rng.choice(list(field.threads))
    thread, client = field.threads[dossier_id], field.clients[dossier_id]
    send = field.sender.send
    what = field.rng.choices(("progress", "plan", "miss", "mistake", "ocmw", "lino"), weights=(30, 20, 15, 8, 15, 12))[
        0
    ]
    if what == "miss" and field.planned:
        where, planned = field.planned.pop(field.rng.randrange(len(field.planned)))
        reason = field.rng.choice(("A080-10", "A080-11", "mobility"))
        await send("followUp.unattended", where, {"reason": reason}, planned)
    elif what == "mistake" and dossier_id in field.latest:
        event_id = field.latest.pop(dossier_id)
        data = {
            "eventId": event_id,
            "reason": "wrongDossier",
            "explanation": "Het ging om iemand anders & <b>niet</b>.",
        }
        await send("handover.enteredInError", dossier_id, data, thread)
    elif what == "ocmw":
        data = {"appointmentAt": in_days(field.rng.randint(2, 30)), "subject": "Gesprek OCMW"}
        await field.post(OCMW, dossier_id, "followUp.appointmentPlanned", data)
    elif what == "lino":
        await typed_into_lino(field, client)
    elif what == "plan":
        data = {"appointmentAt": in_days(field.rng.randint(2, 30)), "subject": "Opvolging VDAB"}
        answer = await send("followUp.appointmentPlanned", dossier_id, data)
        field.planned.append((dossier_id, answer["threadId"]))
    else:
        what = "progress"
        data = {"whatHappened": "Gesprek gehad.", "nextStep": "Volgende week opnieuw."}
        field.latest[dossier_id] = (await send("handover.progressed", dossier_id, data, thread))["eventId"]
    field.done[what] += 1


async def typed_into_lino(field: Field, client: int) -> None:
    """Change a contract in Lino; the first one where there is none. Waits while Lino is away, as people do."""
    while True:
        try:
            contracts = await field.hand.contracts(client)
            if not contracts:
                await field.hand.type_contract(client, date(2026, 11, 1), date(2027, 10, 31))
                return
            key, until = max(contracts.items(), key=lambda pair: pair[1])
            await field.hand.change_contract(key, client, until + timedelta(days=field.rng.randint(1, 20)))
        except (OSError, RuntimeError):
            raise
        except Exception as error:  # noqa: BLE001 - Lino is away: people try again as well
            say(f"  (Lino: {type(error).__name__}; typed again)")
            await asyncio.sleep(1)
        else:
            return


async def restarted(field: Field, how: signal.Signals) -> None:
    """End Lino in the middle of the work, go on without it for a while, and start it again."""
    say(f"  Lino is ended ({how.name})")
    await field.lino.stop(how)
    await asyncio.sleep(3)
    began = time.monotonic()
    await field.lino.start()
    say(f"  Lino answers again, {time.monotonic() - began:.0f} s after it was started")


async def at_random(field: Field, dossiers: list[str]) -> None:
    """Take the random steps, with the restarts between them."""
    for dossier_id in dossiers:
        if dossier_id not in field.threads:
            await field.refer(dossier_id)
            thread = field.threads[dossier_id]
            contacted = {"contactedAt": in_days(0), "means": "jointIntake", "present": ["client", "receiver"]}
            await field.sender.send(
                "handover.accepted", dossier_id, {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}, thread
            )
        else:
            thread = field.threads[dossier_id]
            contacted = {"contactedAt": in_days(0), "means": "phone", "present": ["client"]}
        await field.sender.send("handover.contacted", dossier_id, contacted, thread)
    restarting: asyncio.Task[None] | None = None
    signals = [signal.SIGTERM, signal.SIGKILL]
    for number in range(STEPS):
        if number in RESTARTS:
            restarting = asyncio.create_task(restarted(field, signals.pop()))
        await random_step(field)
    if restarting is not None:
        await restarting
    say(f"  {STEPS} steps: " + ", ".join(f"{what} {n}" for what, n in sorted(field.done.items())))


async def by_vdab(field: Field) -> dict[str, dict[str, Any]]:
    """Give VDAB's steps that people should read, from the OCMW's own timelines."""
    found = {}
    for dossier_id in field.threads:
        for event in await field.outside.pages(OCMW, f"/v1/dossiers/{dossier_id}/events"):
            if event["organisation"] == VDAB and not is_quiet(event["type"]):
                found[event["eventId"]] = event
    return found


async def notes_are_right(field: Field) -> bool:
    """Hold the notes against the timelines, once everything has settled."""
    wanted = await by_vdab(field)
    mistakes = {e["data"]["eventId"]: e["eventId"] for e in wanted.values() if e["type"].endswith("enteredInError")}
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            notes = await field.hand.notes()
        except Changed:
            continue  # notes are being written: read again
        missing = [e for e in wanted if not any(f"handover/{e}" in body for _, _, body in notes)]
        if not missing or time.monotonic() > deadline:
            break
        await asyncio.sleep(1)
    held: Counter[str] = Counter()
    elsewhere = unmarked = strange = 0
    marks = {str(WORDS[language]("note.withdrawn")) for language in Language}
    for client, subject, body in notes:
        references = [event_id for event_id in wanted if f"handover/{event_id}" in body]
        held.update(references)
        strange += not references
        elsewhere += any(field.clients[wanted[e]["dossierId"]] != client for e in references)
        taken_back = [e for e in references if e in mistakes]
        if taken_back:
            unmarked += not (mistakes[taken_back[0]] in references and any(subject.startswith(m) for m in marks))
    doubled = sum(1 for count in held.values() if count > 1)
    say(
        f"VDAB took {len(wanted)} steps, {len(mistakes)} of them back; notes in Lino {len(notes)}, "
        f"missing {len(missing)}, doubled {doubled}, with another client {elsewhere}, "
        f"mistakes that are not headed so {unmarked}, of nothing that is known {strange}"
    )
    again = await tried_again(field.outside)
    say(f"  {again} of them could not be written at the first attempt")
    return not (missing or doubled or elsewhere or unmarked or strange) and again > 0


async def tried_again(outside: Outside) -> int:
    """Count the notes that needed more than one attempt: the restarts must have come in between."""
    connection = await asyncpg.connect(EmbeddedPostgres(Path(outside.env["HANDOVER_DATA_DIR"])).dsn())
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM delivery JOIN subscription USING (subscription_id) "
            "WHERE url = 'adapter:lino' AND attempts > 1 AND state = 'succeeded'"
        )
    finally:
        await connection.close()
    return int(found)


async def webhooks_are_right(field: Field) -> bool:
    """Hold what VDAB's receiver kept against what VDAB is entitled to: everything from each referral on."""
    deadline = time.monotonic() + 60
    while True:
        wanted = {}
        for dossier_id in field.threads:
            events = await field.outside.pages(OCMW, f"/v1/dossiers/{dossier_id}/events")
            since = next(e["sequence"] for e in events if e["type"] == "handover.requested")
            wanted[dossier_id] = [e["eventId"] for e in events if e["sequence"] >= since]
        received = field.receiver.events()
        if received == wanted or time.monotonic() > deadline:
            break
        await asyncio.sleep(1)
    total = sum(map(len, wanted.values()))
    missing = sum(len(set(events) - set(received[dossier_id])) for dossier_id, events in wanted.items())
    more = sum(len(set(events) - set(wanted.get(dossier_id, ()))) for dossier_id, events in received.items())
    again = sum(1 for line in field.receiver.lines if line.startswith("again"))
    gaps = sum(1 for line in field.receiver.lines if "MISSING" in line)
    say(
        f"VDAB is entitled to {total} events of {len(wanted)} dossiers; its receiver has them but for {missing}, "
        f"has {more} others, saw {again} again, found {gaps} gaps"
    )
    return not (missing or more or gaps)


async def settled_inbound(field: Field) -> bool:
    """Wait until what was typed into Lino is recorded; tell whether each contract is in a dossier as it stands."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        wrong = 0
        for dossier_id in field.threads:
            ends = set((await field.hand.contracts(field.clients[dossier_id])).values())
            events = await field.outside.pages(OCMW, f"/v1/dossiers/{dossier_id}/events")
            plans = {e["threadId"]: e["data"].get("endsOn") for e in events if e["type"] == "followUp.planAgreed"}
            told = {date.fromisoformat(day) for day in plans.values() if day}
            today = datetime.now(UTC).date()
            wrong += len({day for day in ends if day > today} - told)
        if not wrong or time.monotonic() > deadline:
            say(f"contracts in Lino that no dossier has as they stand there: {wrong}")
            return not wrong
        await asyncio.sleep(1)


async def clients_of(outside: Outside) -> dict[str, int]:
    """Give the client in Lino of each dossier, from the memory of the link."""
    connection = await asyncpg.connect(EmbeddedPostgres(Path(outside.env["HANDOVER_DATA_DIR"])).dsn())
    try:
        rows = await connection.fetch(
            "SELECT dossier_id, key FROM inbound_mark WHERE key ~ '^pcsw/AllClients/[0-9]+$' ORDER BY key"
        )
    finally:
        await connection.close()
    return {str(UUID(int=row["dossier_id"].int)): int(row["key"].rpartition("/")[2]) for row in rows}


async def joined(outside: Outside, url: str) -> None:
    """Join the OCMW to its Lino, and wait until it was read."""
    outside.env["HANDOVER_LINO_PASSWORD"] = PASSWORD
    began = time.monotonic()
    await outside.command("adapters", "add", OCMW, "--url", url, "--username", USERNAME, "--every", str(INTERVAL))
    while True:
        _, out, _ = await outside.command("adapters", "status", check=False)
        if " well " in out:
            break
        if time.monotonic() - began > 180:
            message = f"Lino was not read: {out}"
            raise RuntimeError(message)
        await asyncio.sleep(1)
    say(f"Lino was joined and read in {time.monotonic() - began:.0f} s")


@contextlib.asynccontextmanager
async def everything() -> AsyncIterator[Field]:
    """Start and join all of them."""
    async with lino() as process, started() as outside:
        await joined(outside, process.url)
        with tempfile.TemporaryDirectory(prefix="handover-receiver-") as folder:
            receiver = VdabReceiver(Path(folder))
            made = await outside.post(VDAB, "/v1/subscriptions", {"url": f"http://127.0.0.1:{receiver.port}/"})
            await receiver.start(made["secret"])
            sender = await VdabSender.start(outside)
            clients = await clients_of(outside)
            say(f"{len(clients)} clients of Lino have a dossier")
            try:
                async with LinoClient(process.url, USERNAME, PASSWORD) as client:
                    rng = random.Random(20261128)  # noqa: S311 - which steps, no secrets
                    yield Field(outside, process, Hand(client, outside.base_url), sender, receiver, clients, rng)
            finally:
                await sender.stop()
                await receiver.stop()


async def main() -> int:
    """Run everything and print."""
    async with everything() as field:
        chosen = field.rng.sample(sorted(field.clients), DOSSIERS)
        say("one client's road:")
        good = await road(field, chosen[0])
        say(f"{STEPS} random steps, Lino ended {len(RESTARTS)} times:")
        await at_random(field, chosen)
        good = await settled_inbound(field) and good
        good = await notes_are_right(field) and good
        good = await webhooks_are_right(field) and good
        _, out, _ = await field.outside.command("adapters", "status", check=False)
        say(out.strip())
    say("interop: good" if good else "interop: NOT as promised")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
