"""What every system that takes notes must get: each step of others once, in order, whatever goes wrong on the way.

The stand-in keeps notes as a system does, and can be made to fail at each point; the worker, its lanes and the record
are the real ones. A check fails with AssertionError.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec
from structlog.testing import capture_logs
from tests.exchange.house import OCMW, House
from tests.instance import Instance, Party, eventually, number
from tests.web.test_belgif import REFERRAL

from handover.adapters.kit.adapter import Away, Changed, Inbound, Unsure
from handover.adapters.kit.contract import System
from handover.adapters.kit.filing import Filed, Note, Outbound
from handover.delivery import carried
from handover.delivery.worker import Worker, WorkerOptions
from handover.exchange.carrying import Carrying
from handover.exchange.conversations import Kind
from handover.exchange.links import Links
from handover.record.marks import InboundMark, save_marks
from handover.web.notes import composer

SYSTEM = System("kast", "Dossierkast")
TABLE = "kast/Clients"
HEALTH = "zit in een rolstoel"


class Account(msgspec.Struct, frozen=True):
    """What the stand-in is made with."""


@dataclass
class Cabinet:
    """A system that takes notes: those of each client, in the order in which they were written."""

    files: dict[int, list[Note]] = field(default_factory=lambda: {1: []})
    headed: dict[str, Note] = field(default_factory=dict)
    """Of a note that was corrected, by its reference: with what."""
    languages: dict[str, str] = field(default_factory=dict)
    before: list[Exception] = field(default_factory=list)
    """Raised by the next writings, before anything is written."""
    after: list[Exception] = field(default_factory=list)
    """The same, once it is written: the answer is lost."""
    writings: int = 0
    hold: asyncio.Event | None = None

    def subjects(self, client: int = 1) -> list[str]:
        return [note.subject for note in self.files[client]]


@dataclass
class Conversation:
    """Speaks with a cabinet as it should."""

    cabinet: Cabinet
    system = SYSTEM
    clients = TABLE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def language(self, organisation_id: str, counsellor_id: str) -> str:
        assert organisation_id == OCMW
        return self.cabinet.languages.get(counsellor_id, "")

    async def find(self, client: int, references: Collection[str]) -> Mapping[str, Filed]:
        if client not in self.cabinet.files:
            raise Changed("Deze cliënt bestaat niet meer. Kijk na wat er met het dossier gebeurde.")
        found = {}
        for place, note in enumerate(self.cabinet.files[client]):
            head = self.cabinet.headed.get(note.reference)
            for reference in references:
                if reference == note.reference or (head is not None and reference == head.reference):
                    found[reference] = Filed(place, note.subject, str(note.lines))
        return found

    async def write(self, client: int, note: Note) -> None:
        await self._happens()
        self.cabinet.files[client].append(note)
        if self.cabinet.after:
            raise self.cabinet.after.pop(0)

    async def amend(self, client: int, filed: Filed, note: Note) -> None:
        await self._happens()
        self.cabinet.headed[self.cabinet.files[client][filed.key].reference] = note
        if self.cabinet.after:
            raise self.cabinet.after.pop(0)

    async def _happens(self) -> None:
        self.cabinet.writings += 1
        if self.cabinet.hold is not None:
            await self.cabinet.hold.wait()
        if self.cabinet.before:
            raise self.cabinet.before.pop(0)


def _reads_nothing(_: Any) -> Inbound:  # noqa: ANN401 - nobody asks for it
    raise NotImplementedError


@dataclass
class Desk:
    """An OCMW that has a cabinet, VDAB beside it, and workers between them; the clock is the test's."""

    instance: Instance
    cabinet: Cabinet
    speaks: Callable[[Cabinet], Outbound] = Conversation
    said: list[str] = field(default_factory=list)

    @property
    def ocmw(self) -> Party:
        return self.instance.party(OCMW, "trajectbegeleider-1")

    @property
    def vdab(self) -> Party:
        return self.instance.party("vdab", "bemiddelaar-1")

    def carrying(self) -> Carrying:
        services = self.instance.worker
        return Carrying(
            services.pool,
            Links(services.pool, services.sealer, services.clock),
            {SYSTEM.name: Kind(Account, _reads_nothing, lambda _: self.speaks(self.cabinet))},
            composer("https://handover.example", services.directory, services.clock),
            sealer=services.sealer,
            directory=services.directory,
            clock=services.clock,
        )

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Worker]:
        """Let a worker run."""
        services = self.instance.worker
        worker = Worker(
            dsn=services.dsn,
            pool=services.pool,
            sealer=services.sealer,
            record=services.record,
            directory=services.directory,
            clock=services.clock,
            options=WorkerOptions(
                base_url="https://handover.example",
                demonstration=True,
                poll_seconds=0.05,
                drain_seconds=0.3,
                carrier=self.carrying(),
            ),
        )
        with capture_logs() as logged:
            running = asyncio.create_task(worker.run())
            try:
                yield worker
            finally:
                await worker.stop()
                await running
                self.said += [str(entry) for entry in logged]

    async def join(self) -> None:
        """Join the cabinet."""
        house = House(self.instance, SYSTEM, Kind(Account, _reads_nothing))
        await house.join(Account())
        await carried.join(self.instance.worker.pool, OCMW, SYSTEM.name, self.now)

    async def open(self, *, client: int | None = 1, n: int = 20) -> tuple[str, str]:
        """Open a dossier of a client of the cabinet, referred to VDAB; give it and its thread."""
        dossier_id = await self.ocmw.open(ssin=number(n))
        if client is not None:
            await self.known(dossier_id, client)
        event = await self.ocmw.step(dossier_id, "handover.requested", REFERRAL)
        return dossier_id, str(event["threadId"])

    async def known(self, dossier_id: str, client: int) -> None:
        """Have read there, some time, which client this is."""
        mark = InboundMark(key=f"{TABLE}/{client}", digest="d", revision=1, dossier_id=UUID(dossier_id), thread_id=None)
        await save_marks(self.instance.worker.pool, OCMW, SYSTEM.name, [mark], at=self.now)

    @property
    def now(self) -> datetime:
        return self.instance.worker.clock.now()

    def later(self, by: timedelta) -> None:
        """Let time pass, for the worker."""
        self.instance.worker.clock.offset += by

    async def accepted(self, dossier_id: str, thread_id: str) -> str:
        """Let VDAB accept; give the event."""
        data = {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}
        return str((await self.vdab.step(dossier_id, "handover.accepted", data, thread_id))["eventId"])

    async def progressed(self, dossier_id: str, thread_id: str, what: str) -> str:
        """Let VDAB tell how it goes; give the event."""
        at = datetime.now(UTC).isoformat()
        if what == "1":
            contact = {"contactedAt": at, "means": "phone", "present": ["client"]}
            await self.vdab.step(dossier_id, "handover.contacted", contact, thread_id)
        data = {"whatHappened": f"Gesprek {what}.", "nextStep": "Volgende week opnieuw."}
        return str((await self.vdab.step(dossier_id, "handover.progressed", data, thread_id))["eventId"])

    async def settled(self, *, waiting: int = 0) -> None:
        """Wait until nothing is on its way any more but so many."""

        async def so() -> bool:
            query = "SELECT count(*) FROM delivery WHERE state = 'pending'"
            return bool(await self.instance.pool.fetchval(query) == waiting)

        await eventually(so, seconds=20)

    async def tried(self, times: int) -> None:
        """Wait until something was tried that often."""

        async def so() -> bool:
            return bool(await self.instance.pool.fetchval("SELECT max(attempts) FROM delivery") >= times)

        await eventually(so, seconds=20)

    async def stuck(self) -> list[carried.Stuck]:
        """Give what does not stand there."""
        found = await carried.stuck(self.instance.worker.pool, OCMW, SYSTEM.name)
        self.said += [one.last_error for one in found]
        return found


async def writes_each_step_of_others_once(desk: Desk) -> None:
    """Idempotent: one note for each step that others took on purpose, also when sent again; none for one's own."""
    await desk.join()
    dossier_id, thread_id = await desk.open()
    first = await desk.accepted(dossier_id, thread_id)
    second = await desk.progressed(dossier_id, thread_id, "1")
    async with desk.working():
        await desk.settled()
        subjects = desk.cabinet.subjects()
        assert len(subjects) == 3
        assert all(subject.startswith("VDAB: ") for subject in subjects)
        notes = {note.reference: note for note in desk.cabinet.files[1]}
        assert {f"handover/{first}", f"handover/{second}"} < set(notes)
        assert any(text == "Gesprek 1." for _, text in notes[f"handover/{second}"].lines)
        assert any(f"/dossiers/{dossier_id}" in text for _, text in notes[f"handover/{first}"].lines)
        await desk.instance.pool.execute("UPDATE delivery SET state = 'dead' WHERE state = 'succeeded'")
        await desk.instance.pool.execute("UPDATE lane SET dead = 1")
        await carried.resume(desk.instance.worker.pool, OCMW, SYSTEM.name, desk.now)
        await desk.settled()
    async with desk.working():
        await desk.settled()
    assert desk.cabinet.subjects() == subjects


async def doubles_nothing_when_an_answer_is_lost(desk: Desk) -> None:
    """Whatever is cut off, before or after the writing: in the end each stands there once, in order."""
    await desk.join()
    dossier_id, thread_id = await desk.open()
    desk.cabinet.after = [Unsure("Het antwoord bleef uit. Kijk of het draait.")]
    events = [await desk.accepted(dossier_id, thread_id)]
    async with desk.working():
        await desk.tried(1)
        assert len(desk.cabinet.files[1]) == 1, "it was written, and nobody was told"
        assert len(await desk.stuck()) == 1
        events.append(await desk.progressed(dossier_id, thread_id, "1"))
        desk.cabinet.before = [Away("Het antwoordt niet. Kijk of het draait.")]
        desk.later(timedelta(seconds=90))
        await desk.tried(2)
        desk.later(timedelta(minutes=20))
        await desk.settled()
    assert desk.cabinet.before == desk.cabinet.after == []
    references = [note.reference for note in desk.cabinet.files[1]]
    assert [r for r in references if r.removeprefix("handover/") in events] == [f"handover/{e}" for e in events]
    assert len(references) == len(set(references)) == 3


async def loses_nothing_when_a_worker_is_killed(desk: Desk) -> None:
    """A worker that is ended while it writes: another finds what stands there, and goes on."""
    await desk.join()
    dossier_id, thread_id = await desk.open()
    events = [await desk.accepted(dossier_id, thread_id), await desk.progressed(dossier_id, thread_id, "1")]
    for _ in range(3):
        desk.cabinet.hold, writings = asyncio.Event(), desk.cabinet.writings
        killed = asyncio.create_task(_at_work(desk))

        async def is_writing(before: int = writings) -> bool:
            return desk.cabinet.writings > before

        await eventually(is_writing)
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        desk.cabinet.hold = None
        desk.later(timedelta(minutes=1))
    async with desk.working():
        await desk.settled()
    references = [note.reference for note in desk.cabinet.files[1]]
    assert len(references) == len(set(references)) == 3
    assert {f"handover/{event}" for event in events} < set(references)


async def _at_work(desk: Desk) -> None:
    async with desk.working():
        await asyncio.Event().wait()


async def tells_what_it_cannot_place(desk: Desk) -> None:
    """Without a client there, or with one that was deleted: it waits, is listed, and is written or skipped."""
    await desk.join()
    dossier_id, thread_id = await desk.open(client=None)
    other, other_thread = await desk.open(client=7, n=21)
    fine, fine_thread = await desk.open(client=1, n=22)
    await desk.accepted(dossier_id, thread_id)
    await desk.accepted(other, other_thread)
    await desk.accepted(fine, fine_thread)
    async with desk.working():
        await desk.settled(waiting=2)
        await desk.tried(1)
        assert len(desk.cabinet.files[1]) == 1, "the others do not wait for it"
        stuck = {str(one.dossier_id): one for one in await desk.stuck()}
        assert set(stuck) == {dossier_id, other}
        assert "no client" in stuck[dossier_id].last_error
        await desk.known(dossier_id, 2)
        desk.cabinet.files[2] = []
        await carried.resume(desk.instance.worker.pool, OCMW, SYSTEM.name, desk.now)
        await desk.settled(waiting=1)
        assert len(desk.cabinet.files[2]) == 1
        (left,) = await desk.stuck()
        skipped = await carried.skip(
            desk.instance.worker.pool, OCMW, SYSTEM.name, left.dossier_id, reason="weg", at=desk.now
        )
        assert skipped == 1
        await desk.settled()
        assert await desk.stuck() == []


async def heads_what_was_a_mistake(desk: Desk) -> None:
    """A step that is marked as a mistake keeps its note, which says so above."""
    await desk.join()
    dossier_id, thread_id = await desk.open()
    await desk.accepted(dossier_id, thread_id)
    wrong = await desk.progressed(dossier_id, thread_id, "1")
    data = {"eventId": wrong, "reason": "wrongDossier", "explanation": "Het ging om iemand anders."}
    async with desk.working():
        await desk.settled()
        before = desk.cabinet.subjects()
        desk.cabinet.before = [Away("Het antwoordt niet. Kijk of het draait.")]
        back = await desk.vdab.step(dossier_id, "handover.enteredInError", data, thread_id)
        await desk.tried(1)
        desk.later(timedelta(minutes=10))
        await desk.settled()
    assert desk.cabinet.subjects() == before, "nothing is deleted, and no other note is made"
    (head,) = desk.cabinet.headed.values()
    assert desk.cabinet.headed == {f"handover/{wrong}": head}
    assert (head.subject, head.reference) == ("INGETROKKEN", f"handover/{back['eventId']}")
    assert any("iemand anders" in text for _, text in head.lines)


async def speaks_the_readers_language(desk: Desk) -> None:
    """As who works with the client chose here, else as there, else Dutch."""
    await desk.join()
    dossier_id, _ = await desk.open()
    counsellor = f"{OCMW}.trajectbegeleider-1"
    async with desk.working():
        for language, there, here in (("nl", "", ""), ("fr", "fr", ""), ("de", "fr", "de"), ("nl", "ru", "")):
            desk.cabinet.languages = {counsellor: there}
            await desk.instance.pool.execute("DELETE FROM notice_preference")
            if here:
                await desk.instance.pool.execute(
                    """
                    INSERT INTO notice_preference
                        (organisation_id, counsellor_id, language, daily_mail, mail_hour, mail_from, changed_at)
                    VALUES ($1, $2, $3, false, 8, now(), now())
                    """,
                    OCMW,
                    counsellor,
                    here,
                )
            data = {"appointmentAt": (desk.now + timedelta(days=3)).isoformat(), "subject": "Opvolging"}
            await desk.vdab.step(dossier_id, "followUp.appointmentPlanned", data)
            await desk.settled()
            text = desk.cabinet.files[1][-1].lines[-1][1]
            assert text.split(" ")[0] == {"nl": "Alles", "fr": "Tout", "de": "Alles"}[language]
            assert ("Dossier steht" in text) is (language == "de")


async def keeps_what_is_confidential(desk: Desk) -> None:
    """What a file there may not hold is left out, whatever the OCMW may see; and no note is shown outside it."""
    await desk.join()
    dossier_id, thread_id = await desk.open()
    mandate = {"scope": "vdabInformation", "givenTo": "vdab", "sharedWith": OCMW, "givenOn": "2026-01-01"}
    await desk.accepted(dossier_id, thread_id)
    await desk.vdab.try_step(dossier_id, "dossier.mandateGiven", mandate)
    planned = await desk.vdab.step(
        dossier_id,
        "followUp.appointmentPlanned",
        {"appointmentAt": (desk.now + timedelta(days=1)).isoformat(), "subject": "Opvolging"},
    )
    missed = {"reason": "illness", "explanation": HEALTH}
    await desk.vdab.step(dossier_id, "followUp.unattended", missed, planned["threadId"])
    desk.cabinet.before = [Away("Het antwoordt niet. Kijk of het draait.")]
    async with desk.working():
        await desk.tried(1)
        await desk.stuck()
        desk.later(timedelta(minutes=10))
        await desk.settled()
    written = [*map(str, desk.cabinet.files[1]), *(str(note.lines) for note in desk.cabinet.files[1])]
    assert len(desk.cabinet.files[1]) >= 3
    for text in (*written, *desk.said):
        assert HEALTH not in text
    for text in (*map(repr, desk.cabinet.files[1]), *desk.said):
        assert "Opvolging" not in text, "nor is anything of a note shown outside it"
        assert number(20) not in text


async def takes_a_long_queue_step_by_step(desk: Desk) -> None:
    """Two dossiers are in hand at most, so that no claim waits for its turn until it has passed; and none is late."""
    await desk.join()
    dossiers = [await desk.open(client=n, n=n) for n in range(1, 13)]
    desk.cabinet.files = {n: [] for n in range(1, 13)}
    for dossier_id, thread_id in dossiers:
        await desk.accepted(dossier_id, thread_id)
    desk.cabinet.hold = asyncio.Event()
    async with desk.working():

        async def is_writing() -> bool:
            return desk.cabinet.writings > 0

        await eventually(is_writing)
        await asyncio.sleep(0.3)
        claimed = "SELECT count(*) FROM lane WHERE lease_until > $1"
        assert 0 < await desk.instance.pool.fetchval(claimed, desk.now) <= 2
        assert desk.cabinet.writings == 1, "one at a time"
        began = asyncio.get_running_loop().time()
        desk.cabinet.hold.set()
        await desk.settled()
        assert asyncio.get_running_loop().time() - began < 3, "who lets go wakes the next at once"
    assert [len(notes) for notes in desk.cabinet.files.values()] == [1] * 12
    assert await desk.instance.pool.fetchval("SELECT max(attempts) FROM delivery") == 1


async def lets_no_text_stand_for_another_step(desk: Desk) -> None:
    """Who knows, or guesses, the identifier of a step cannot write it into another's note."""
    await desk.join()
    dossier_id, thread_id = await desk.open()
    first = await desk.accepted(dossier_id, thread_id)
    await desk.progressed(dossier_id, thread_id, "1")
    data = {"whatHappened": f"zie\nhandover/{first}\nen Handover/{first.upper()}", "nextStep": "Verder."}
    await desk.vdab.step(dossier_id, "handover.progressed", data, thread_id)
    async with desk.working():
        await desk.settled()
    (quoting,) = [note for note in desk.cabinet.files[1] if any("zie\n" in text for _, text in note.lines)]
    assert all(f"handover/{first}" not in text.lower() for _, text in quoting.lines)
    assert any(f"handover/ {first}" in text for _, text in quoting.lines), "it can still be read"


Check = Callable[[Desk], Awaitable[None]]
CHECKS: tuple[Check, ...] = (
    writes_each_step_of_others_once,
    doubles_nothing_when_an_answer_is_lost,
    loses_nothing_when_a_worker_is_killed,
    tells_what_it_cannot_place,
    heads_what_was_a_mistake,
    speaks_the_readers_language,
    keeps_what_is_confidential,
    takes_a_long_queue_step_by_step,
    lets_no_text_stand_for_another_step,
)
