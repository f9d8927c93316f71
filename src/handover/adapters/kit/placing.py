"""One client: open the dossier, then record each step that is not there yet, in order."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from handover.adapters.kit.contract import UNCERTAIN, Mark, digest_of
from handover.adapters.kit.plan import Coach, Opening, Placement, Post, Process
from handover.adapters.kit.recording import Recording, Run, Why
from handover.domain.events import OpenDossier
from handover.domain.identity import birth_date_of, same_name
from handover.domain.kinds.dossier import CounsellorAssigned, CounsellorReplaced
from handover.domain.threads import Status, Thread
from handover.platform.ids import new_id

END: Final = "/end"
_ONCE: Final = "once"
_RUNNING: Final = frozenset({Status.ACCEPTED, Status.IN_PROGRESS})

_CLIENT: Final = Why("client", "its client could not be placed")
_OTHER_NUMBER: Final = Why(
    "otherNumber",
    "its national number is no longer the one it was imported with: find out which is right, "
    "and whose dossier holds these steps",
)
_OTHER_CLIENT: Final = Why(
    "otherClient", "it belonged to another client when it was imported: correct that client's dossier"
)
_OTHER_PERSON: Final = Why(
    "otherPerson", "its name or birth date is no longer that of the dossier: find out which is right"
)
_OTHER_GROUP: Final = Why(
    "otherGroup",
    "its contracts and aid now point to another target group than the dossier has: let a counsellor decide",
)
_MOVED: Final = Why(
    "moved", "it was moved after it was imported, and a dossier cannot move it: note the new moment there"
)
_TAKEN_BACK: Final = Why(
    "takenBack", "what became of it was recorded, and taken back in {} since: correct it in the dossier"
)
_ENDED: Final = Why("ended", "its end was recorded, and changed in {} since: correct it in the dossier")


async def place(run: Run, placement: Placement) -> None:
    """Bring one client's dossier up to date. Marks are written once the record has answered."""
    client = _Client(run, placement)
    if await client.arrive():
        await client.announce()
        if placement.coach:
            await client.accompany(placement.coach)
        for process in placement.processes:
            await client.bring(process)
    await client.remember()


class _Client(Recording):
    """The order of things: arrive, announce, then the coach and each process, and at last remember."""

    # -- the dossier -------------------------------------------------------------------------------------

    async def arrive(self) -> bool:
        """Open, join or find the dossier; False when nothing can be recorded in it."""
        mark, opening = self._run.marks.get(self._key), self._placement.opening
        digest = digest_of(opening.opened)
        if mark is None:
            command = self._opening(opening)
            answer = await self._submit(
                self._placement.origin, command, f"{self._run.system.name}:{self._key}:1:{digest}", ssin=opening.ssin
            )
            if answer is None:
                self._reject_all(_CLIENT)
                return False
            self._dossier_id = answer.dossier.dossier_id
            self._run.report.dossiers[self._row] = self._dossier_id
            self._keep(self._key, digest, 1, None)
            self._run.report.opened += "dossier.opened" in answer.recorded
            self._run.report.joined += bool(answer.recorded) and "dossier.opened" not in answer.recorded
            self._run.report.known += not answer.recorded
            return True
        self._run.report.known += 1
        self._dossier_id = mark.dossier_id
        if self._run.known.get(opening.ssin) != mark.dossier_id:
            self._reject(self._placement.origin, _OTHER_NUMBER)
            self._reject_all(_CLIENT)
            return False
        self._run.report.dossiers[self._row] = mark.dossier_id
        if digest != mark.digest:
            await self._compare(opening, mark, digest)
        return True

    @property
    def _row(self) -> tuple[str, int]:
        return self._placement.origin.table, self._placement.origin.key

    def _opening(self, opening: Opening) -> OpenDossier:
        return OpenDossier(
            command_id=new_id(),
            dossier_id=new_id(),
            caller=self._run.caller,
            given_name=opening.given_name,
            family_name=opening.family_name,
            birth_date=opening.birth_date,
            target_group=opening.target_group,
            capacity=opening.capacity,
            legal_basis_id=self._run.legal_basis_id,
            lead=opening.lead,
            lead_name=opening.lead_name,
            ssin_birth_date=birth_date_of(opening.ssin),
        )

    async def _compare(self, opening: Opening, mark: Mark, digest: str) -> None:
        """Who the client is does not follow the outside system by itself; a difference that stays is told each time."""
        dossier = await self._current()
        same = (
            same_name(dossier.given_name, opening.given_name)
            and same_name(dossier.family_name, opening.family_name)
            and dossier.birth_date == opening.birth_date
        )
        if not same:
            self._reject(self._placement.origin, _OTHER_PERSON)
        if dossier.target_group is not opening.target_group:
            self._reject(self._placement.origin, _OTHER_GROUP)
        elif same:
            self._keep(self._key, digest, mark.revision + 1, None)

    # -- the coach ---------------------------------------------------------------------------------------

    async def accompany(self, coach: Coach) -> None:
        """Name the coach as the OCMW's counsellor; another one than last time takes over."""
        key = self._coach_key
        mark = self._run.marks.get(key)
        assigned = CounsellorAssigned(counsellor=coach.counsellor_id)
        digest = digest_of(assigned)
        if mark and mark.digest == digest:
            self._run.report.unchanged += 1
            return
        post = Post("dossier.counsellorAssigned", assigned, coach.since)
        before = await self._coach_before(mark) if mark else ""
        if before:
            replaced = CounsellorReplaced(replaced=before, counsellor=coach.counsellor_id)
            post = Post("dossier.counsellorReplaced", replaced, coach.since)
        await self._record(coach.origin, key, mark, digest, self._post(post), None)

    async def _coach_before(self, mark: Mark) -> str:
        """Whom we named last: a mark holds no name, so it is compared with all who work with the client."""
        own = self._run.caller.organisation.organisation_id
        now = [c for c in (await self._current()).contacts if c.organisation == own and c.until is None]
        same = (c for c in now if digest_of(CounsellorAssigned(counsellor=c.counsellor)) == mark.digest)
        return next((contact.counsellor for contact in same), "")

    @property
    def _coach_key(self) -> str:
        return f"{self._key}/counsellor"

    # -- the processes -----------------------------------------------------------------------------------

    async def bring(self, process: Process) -> None:
        """Record what is not so yet of one thread."""
        terms, ending = self._marks_of(process)
        if terms and terms.dossier_id != self._dossier_id:
            self._reject(process.origin, _OTHER_CLIENT)
        elif process.end is None:
            await self._go_on(process, terms, ending)
        elif terms or await self._start(process, None):
            await self._finish(process, process.end, ending)

    async def _go_on(self, process: Process, terms: Mark | None, ending: Mark | None) -> None:
        if ending and (ending.digest or await self._status(process) not in {None, *_RUNNING}):
            if not process.reopens:
                self._reject(process.origin, self._said(_TAKEN_BACK))
            elif await self._start(process, terms, anew=True):
                self._done.append(replace(ending, digest=UNCERTAIN))
        elif terms and (process.content is None or terms.digest == digest_of(process.content)):
            self._run.report.unchanged += 1
        else:
            await self._start(process, terms)

    async def _start(self, process: Process, terms: Mark | None, *, anew: bool = False) -> bool:
        """Open the thread, or tell what changed in it; False when that was refused."""
        digest = _ONCE if process.content is None else digest_of(process.content)
        threads = (await self._current()).threads
        thread_id = self._new_thread(process, threads) if anew else self._thread_of(process)
        thread = threads.get(thread_id)
        if thread is None:
            command = self._post(process.first, command_id=thread_id)
        elif process.again and (terms or thread.status in _RUNNING):
            command = self._post(process.again, thread_id=thread_id)
        elif terms is None:
            # Recorded by a run that stopped before it could mark it.
            self._keep(process.key, digest, 1, thread_id)
            return True
        else:
            self._reject(process.origin, _MOVED)
            return False
        return await self._record(process.origin, process.key, terms, digest, command, thread_id)

    async def _finish(self, process: Process, end: Post, ending: Mark | None) -> None:
        key, digest, thread_id = f"{process.key}{END}", digest_of(end.data), self._thread_of(process)
        if ending and ending.digest:
            self._run.report.unchanged += ending.digest == digest
            if ending.digest != digest:
                self._reject(process.origin, self._said(_ENDED))
        elif await self._status(process) in _RUNNING:
            command = self._post(end, thread_id=thread_id)
            await self._record(process.origin, key, ending, digest, command, thread_id)
        else:
            # A counsellor ended it in the dossier, or a run that stopped before it could mark it.
            self._run.report.unchanged += 1
            self._keep(key, digest, ending.revision + 1 if ending else 1, thread_id)

    async def _status(self, process: Process) -> Status | None:
        thread = (await self._current()).threads.get(self._thread_of(process))
        return thread.status if thread else None

    def _thread_of(self, process: Process) -> UUID:
        done = next((mark for mark in reversed(self._done) if mark.key == process.key), None)
        mark = done or self._run.marks.get(process.key)
        return mark.thread_id if mark and mark.thread_id else self._name(process.key, 0)

    def _new_thread(self, process: Process, threads: Mapping[UUID, Thread]) -> UUID:
        """The thread that goes on where an ended one stopped; it may be there from a run that stopped."""
        number = 1
        while (thread := threads.get(self._name(process.key, number))) and thread.status not in _RUNNING:
            number += 1
        return self._name(process.key, number)

    # -- the memory ---------------------------------------------------------------------------------------

    async def announce(self) -> None:
        """Note which marks are about to change: a run that stops halfway must not leave one that is wrong."""
        unsure = list(self._about_to_change())
        if unsure:
            await self._run.store.write(unsure)

    def _about_to_change(self) -> Iterator[Mark]:
        coach, mark = self._placement.coach, self._run.marks.get(self._coach_key)
        if coach and mark and mark.digest != digest_of(CounsellorAssigned(counsellor=coach.counsellor_id)):
            yield replace(mark, digest=UNCERTAIN)
        for process in self._placement.processes:
            terms, ending = self._marks_of(process)
            if terms and terms.dossier_id != self._dossier_id:
                continue
            if process.end and ending is None and self._dossier_id:
                key = f"{process.key}{END}"
                yield Mark(key=key, digest=UNCERTAIN, revision=0, dossier_id=self._dossier_id)
            changes = process.end is None and process.again and process.content is not None
            if terms and changes and process.content and terms.digest != digest_of(process.content):
                yield replace(terms, digest=UNCERTAIN)

    def _marks_of(self, process: Process) -> tuple[Mark | None, Mark | None]:
        return self._run.marks.get(process.key), self._run.marks.get(f"{process.key}{END}")

    def _said(self, why: Why) -> Why:
        return Why(why.code, why.sentence.format(self._run.system.label))

    def _reject_all(self, why: Why) -> None:
        coach = self._placement.coach
        if coach and coach.origin != self._placement.origin:
            self._reject(coach.origin, why)
        for process in self._placement.processes:
            if process.origin != self._placement.origin:
                self._reject(process.origin, why)
