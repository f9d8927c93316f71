"""How a posted step changes its thread: choose the row, check the people it names, say whose turn it becomes."""

from datetime import UTC, datetime
from typing import Protocol, assert_never
from uuid import UUID

from msgspec.structs import replace

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Acknowledge, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES, KINDS, EventType
from handover.domain.kinds import dossier as d
from handover.domain.kinds.handover import HANDOVER, Received, Requested
from handover.domain.parties import CAPACITY_BY_REFERRAL, Actor, Caller, Directory, Party
from handover.domain.refusals import (
    DossierBusy,
    InvalidField,
    PurposeNotAllowed,
    UnknownThread,
    WrongParty,
    WrongState,
)
from handover.domain.threads import UNCHANGED, By, Status, Thread, Transition, Turn

_RESTARTS = {(kind.name, status): rule for kind in KINDS for status, rule in kind.restarts}


def post(draft: Draft, dossier: Dossier, command: PostEvent, directory: Directory) -> None:
    """Record a posted step and what follows from it."""
    event_type = EVENT_TYPES[command.type]
    thread, row = _choose(dossier, command, event_type)
    occurred_at = _occurred(command.occurred_at, draft.at)
    if row.on_dossier:
        _check_dossier_step(dossier, command, directory)
        draft.add(command.type, command.data, occurred_at=occurred_at, threads=_moved_turns(dossier, command))
        return
    sender, receiver = _parties(row, command, thread, directory)
    if isinstance(command.data, Requested):
        _check_basis(command.data, directory, draft.at)
    thread_id = thread.thread_id if thread else draft.new_id()
    step = _step(row, command, thread, (sender, receiver), thread_id, draft.at)
    touched: tuple[Thread, ...] = (_with_turn(step, row, thread, directory),)
    if row.reopens and thread:
        touched = (*touched, _reopened(thread, step, command, directory, draft))
    restarted = _restarted(dossier, command.caller, {t.thread_id for t in touched}, command.data, draft.at)
    draft.add(
        command.type, command.data, thread_id=thread_id, threads=(*touched, *restarted), occurred_at=occurred_at
    )
    _follow(draft, touched[-1], command, directory)


def acknowledge(
    draft: Draft, dossier: Dossier, command: Acknowledge, directory: Directory, *, actor: Actor
) -> None:
    """Move a referral from requested to received; nothing when that happened already."""
    thread = dossier.threads.get(command.thread_id)
    if thread is None:
        raise UnknownThread
    if thread.receiver is None or thread.receiver.organisation != command.caller.organisation.organisation_id:
        raise WrongParty
    if thread.status is not Status.REQUESTED or dossier.closed:
        return
    row = HANDOVER.rows["handover.received"][0]
    payload = Received(how=command.how)
    step = replace(thread, status=row.to, since=draft.at, last_type="handover.received", due_rule=row.due.name)
    step = replace(step, due_at=row.due.compute(draft.at, payload))
    draft.add(
        "handover.received",
        payload,
        thread_id=thread.thread_id,
        threads=(_with_turn(step, row, thread, directory),),
        actor=actor,
    )


def _occurred(given: datetime | None, at: datetime) -> datetime:
    if given is None:
        return at
    if given > at:
        raise InvalidField("occurredAt", "A step cannot have happened in the future.")
    return given.astimezone(UTC)


