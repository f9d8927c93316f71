"""The hands of the import for one client: submit, remember, reject; `placing` says what and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from handover.adapters.kit.contract import Answer, Door, Mark, Marks, Reject, Report, System
from handover.adapters.kit.plan import Origin, Placement, Post, key_of
from handover.domain.dossier import Dossier
from handover.domain.events import Command, PostEvent
from handover.domain.parties import Caller
from handover.domain.refusals import InvalidField, Refusal
from handover.platform.ids import new_id

_ARRIVE_FIRST: Final = "arrive() comes first"
_NAMES: Final = UUID("6f0a1c1e-6d0f-5e0c-9a5b-3c1d1b6d8f42")


def thread_name(organisation_id: str, system: System, dossier_id: UUID, key: str, number: int) -> UUID:
    """Give the id of the thread that a row's process has in a dossier, the `number`th when it began anew.

    It is that of its first event too, so it holds the dossier: a row that moves to another client's is another step.
    """
    return uuid5(_NAMES, f"{organisation_id}/{system.name}/{dossier_id}/{key}/{number}")


@dataclass(frozen=True, slots=True)
class Why:
    """A reason to reject: a word for it, and the sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the clients of one run share. `marks` is how things stood when the run began."""

    system: System
    caller: Caller
    legal_basis_id: str
    door: Door
    store: Marks
    marks: Mapping[str, Mark]
    known: Mapping[str, UUID]
    report: Report


class Recording:
    """One client's dossier as this run sees it, and the marks of what it recorded there."""

    def __init__(self, run: Run, placement: Placement) -> None:
        self._run = run
        self._placement = placement
        self._key = key_of(placement.origin)
        self._dossier_id: UUID | None = None
        self._dossier: Dossier | None = None
        self._done: list[Mark] = []

    async def _current(self) -> Dossier:
        if self._dossier is None and self._dossier_id is not None:
            self._dossier = await self._run.door.dossier(self._dossier_id)
        if self._dossier is None:
            message = "A mark names a dossier that is not there: the database was changed by hand."
            raise LookupError(message)
        return self._dossier

    async def _record(
        self,
        origin: Origin,
        key: str,
        mark: Mark | None,
        digest: str,
        command: Command,
        thread_id: UUID | None,
    ) -> bool:
        revision = (mark.revision if mark else 0) + 1
        # With the dossier: the same row of another client is not the same request.
        asked = f"{self._run.system.name}:{key}:{revision}:{digest}:{command.dossier_id}"
        answer = await self._submit(origin, command, asked)
        if answer is not None:
            self._keep(key, digest, revision, thread_id)
        elif mark is not None:
            self._done.append(mark)
        return answer is not None

    async def _submit(self, origin: Origin, command: Command, key: str, *, ssin: str | None = None) -> Answer | None:
        try:
            answer = await self._run.door.submit(command, key=key, ssin=ssin)
        except Refusal as refusal:
            column = refusal.field if isinstance(refusal, InvalidField) else ""
            self._reject(origin, Why(refusal.name, refusal.detail), column)
            return None
        self._dossier = answer.dossier
        self._run.report.events.update(answer.recorded)
        if answer.recorded:
            self._run.report.steps.setdefault((origin.table, origin.key), []).extend(answer.recorded)
        return answer

    def _post(self, post: Post, *, command_id: UUID | None = None, thread_id: UUID | None = None) -> Command:
        if self._dossier_id is None:
            raise RuntimeError(_ARRIVE_FIRST)
        return PostEvent(
            command_id=command_id or new_id(),
            dossier_id=self._dossier_id,
            caller=self._run.caller,
            type=post.type,
            data=post.data,
            thread_id=thread_id,
            occurred_at=post.occurred_at,
        )

    async def remember(self) -> None:
        """Write the marks of what was recorded."""
        if self._done:
            latest = {mark.key: mark for mark in self._done}
            await self._run.store.write(list(latest.values()))

    def _keep(self, key: str, digest: str, revision: int, thread_id: UUID | None) -> None:
        if self._dossier_id is not None:
            self._done.append(
                Mark(
                    key=key,
                    digest=digest,
                    revision=revision,
                    dossier_id=self._dossier_id,
                    thread_id=thread_id,
                )
            )

    def _name(self, key: str, number: int) -> UUID:
        if self._dossier_id is None:
            raise RuntimeError(_ARRIVE_FIRST)
        own = self._run.caller.organisation.organisation_id
        return thread_name(own, self._run.system, self._dossier_id, key, number)

    def _reject(self, origin: Origin, why: Why, column: str = "") -> None:
        self._run.report.rejects.append(Reject(origin.table, origin.key, why.sentence, why.code, column))
