"""Plays moves on the program and on the model side by side, and counts which rows of the tables were taken."""

import dataclasses
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import structs
from tests.domain.machine import model as m
from tests.domain.world import (
    DIRECTORY,
    OCMW_1,
    OCMW_2,
    OTHER_1,
    PARTNER_1,
    VDAB_1,
    VDAB_1_AGAIN,
    VDAB_2,
    Case,
    caller,
    example,
)

from handover.domain.agreements import Agreement, Desk, PriorityLine, Terms
from handover.domain.codes import TargetGroup
from handover.domain.codes_label import LabelRoute
from handover.domain.dossier import Dossier, evolve
from handover.domain.events import Acknowledge, Event, PassTime, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES, KINDS
from handover.domain.kinds.common import EVERYWHERE
from handover.domain.refusals import Refusal
from handover.domain.threads import Transition

PEOPLE = (OCMW_1, OCMW_2, VDAB_1, VDAB_2, VDAB_1_AGAIN, OTHER_1, PARTNER_1, m.OCMW, m.VDAB)
"""Two of them are one person; the last two are applications."""
SIGNERS = {
    m.OCMW: (OCMW_1, OCMW_2),
    m.VDAB: (VDAB_1, VDAB_2, VDAB_1_AGAIN),
    m.OTHER: (OTHER_1,),
    m.PARTNER: (PARTNER_1,),
}
_AGREEMENT = Agreement(
    agreement_id=UUID(int=1),
    ocmw=m.OCMW,
    vdab=m.VDAB,
    valid_from=date(2020, 1, 1),
    terms=Terms(
        ocmw_desk=Desk(fixed_contact=OCMW_2),
        vdab_desk=Desk(fixed_contact=VDAB_2),
        priority_line=PriorityLine(vdab_contact=VDAB_1),
    ),
)
_OPENED_BY_THE_SYSTEM = {"statusConflict", "lead"}
_SIGNED = {"assessed_by", "decided_by"}
_SPOKEN_OF = {"receiver", "organisation", "shared_with", "lead"}

Taken = tuple[str, str, str]
"""A row of a table as it was taken: the event, from which state, under which condition."""


def key(name: str, row: Transition, start: str) -> Taken:
    return name, start, row.when.name if row.when else ""


def all_rows() -> set[Taken]:
    """Every transition there is: a row that begins in several states counts once for each."""
    found = set()
    for kind in KINDS:
        for row in kind.table:
            starts = [str(s) for s in row.starts] or [
                "closed" if row.on_closed else "open" if row.on_dossier else "new"
            ]
            found |= {key(f"{kind.name}.{row.name}", row, start) for start in starts}
        found |= {(f"{kind.name}.{row.name}", "every", "") for row in EVERYWHERE}
    return found


def taken_by(before: Dossier | None, event: Event) -> Taken:
    """Say which row of the tables an event took."""
    kind, _, name = event.type.partition(".")
    if name in {row.name for row in EVERYWHERE}:
        return event.type, "every", ""
    thread = before.threads.get(event.thread_id) if before and event.thread_id else None
    for row in EVENT_TYPES[event.type].rows:
        if row.on_dossier:
            return key(event.type, row, "closed" if row.on_closed else "open")
        if before is not None and row.fits(before, thread):
            return key(event.type, row, str(thread.status) if thread else "new")
    raise AssertionError(f"no row of {kind} leads to {event.type}")


class Play:
    """One dossier, twice: as the program has it and as the model has it."""

    def __init__(self, group: TargetGroup = TargetGroup.LIVING_WAGE) -> None:
        self.case = Case(dataclasses.replace(DIRECTORY, agreements=(_AGREEMENT,)))
        self.model = m.Model(group=str(group))
        self.taken: Counter[Taken] = Counter()
        self._record(self.case.open(OCMW_1, target_group=group), before=None)
        self._sync()

    def join(self, who: str) -> None:
        before = self.case.found
        try:
            events = self.case.open(who, target_group=TargetGroup.of(self.model.group))
        except Refusal:
            assert m.KIND[who.partition(".")[0]] == "partner" or self.model.closed
            return
        self._record(events, before)
        self._sync()

    def post(self, move: m.Move) -> bool:
        """Try a move on both; they must agree. Gives whether it happened."""
        case, before, count = self.case, self.case.found, len(self.case.events)
        allowed = self.model.allows(move)
        command = PostEvent(
            command_id=case.next_id(),
            dossier_id=case.dossier.dossier_id,
            caller=caller(move.who),
            type=move.event,
            data=self._data(move),
            thread_id=UUID(move.thread) if move.thread else None,
        )
        try:
            events = case.run(command)
        except Refusal as found:
            refusal = repr(found)
            assert not allowed, f"{move} was refused: {refusal}"
            assert (case.found, len(case.events)) == (before, count), "a refusal changes nothing"
            self._check()
            return False
        assert allowed, f"{move} happened: {[e.type for e in events]}"
        assert events[0].type == move.event
        opened = str(UUID(int=command.command_id.int + 1))
        self.model.take(move, str(events[0].event_id), opened=opened)
        self._record(events, before)
        self._sync()
        self._check()
        return True

    def acknowledge(self, who: str, thread_id: str) -> None:
        case, before = self.case, self.case.found
        expected = self.model.receive(who.partition(".")[0], thread_id)
        command = Acknowledge(
            command_id=case.next_id(),
            dossier_id=case.dossier.dossier_id,
            caller=caller(who),
            thread_id=UUID(thread_id),
            how="test",
        )
        try:
            events = case.run(command)
        except Refusal:
            assert expected == "refused"
        else:
            assert [e.type.partition(".")[2] for e in events] == (["received"] if expected == "received" else [])
            self._record(events, before)
        self._check()

    def pass_time(self, **delta: float) -> None:
        """Move the clock; what time brings takes no turn away and ends no thread."""
        self.case.later(**delta)
        before = self.case.found
        events = self.case.run(PassTime(command_id=self.case.next_id(), dossier_id=self.case.dossier.dossier_id))
        names = {event.type.partition(".")[2] for event in events}
        assert names <= {"escalated", "mandateExpired", "inscriptionClosed"}
        self._record(events, before)
        self._sync()
        self._check()

    def wait(self, **delta: float) -> None:
        self.case.later(**delta)

    def _data(self, move: m.Move) -> Payload:
        """The example, saying what the move says."""
        data = example(move.event)
        signer = move.signs or (move.who if "." in move.who else SIGNERS[move.own][0])
        changes: dict[str, Any] = {}
        for field in structs.fields(data):
            if field.name in _SPOKEN_OF and move.event not in {"dossier.opened", "followUp.art60Ended"}:
                changes[field.name] = move.receiver
            elif field.name in _SIGNED or field.name in {"contact", "counsellor"}:
                changes[field.name] = signer
            elif field.name == "replaced":
                changes[field.name] = f"{move.own}.coordinator"
            elif field.name == "route" and move.automatic:
                changes[field.name] = LabelRoute.AUTOMATIC_RIGHT
            elif field.name == "event_id":
                changes[field.name] = move.mistake or "nowhere"
            elif field.name == "mandate_id":
                changes[field.name] = move.mandate or "nowhere"
            if not field.required and field.name in {
                "proposed_lead",
                "proposed_target_group",
                "counsellor",
                "receiver",
            }:
                changes[field.name] = None
        return structs.replace(data, **changes)

    def _record(self, events: tuple[Event, ...], before: Dossier | None) -> None:
        for event in events:
            self.taken[taken_by(before, event)] += 1
            before = evolve(before, event)

    def _sync(self) -> None:
        """Take over what the model does not work out: who is inside, and what the system itself opened."""
        dossier, model = self.case.dossier, self.model
        inside = {i.organisation for i in dossier.inscriptions if i.active}
        for left in model.inside - inside:
            assert not any(t.needs(left) for t in model.threads.values()), f"{left} left, and is waited for"
        model.inside, model.lead, model.group = inside, dossier.lead.organisation, str(dossier.target_group)
        model.mandates = {
            k: v for k, v in model.mandates.items() if k in {str(x.mandate_id) for x in dossier.standing_mandates}
        }
        for thread_id, thread in dossier.threads.items():
            if str(thread_id) in model.threads:
                continue
            assert thread.topic in _OPENED_BY_THE_SYSTEM, f"who opened {thread.kind} {thread.topic}?"
            assert thread.turn
            model.threads[str(thread_id)] = m.Thread(
                f"{thread.kind}/{thread.topic}",
                str(thread.status),
                thread.stage,
                thread.sender.organisation,
                thread.receiver.organisation if thread.receiver else None,
                thread.turn.organisation,
            )

    def _check(self) -> None:
        dossier, model = self.case.dossier, self.model
        assert {str(t) for t in dossier.threads} == set(model.threads)
        for thread_id, thread in dossier.threads.items():
            expected = model.threads[str(thread_id)]
            turn = thread.turn.organisation if thread.turn else None
            assert (str(thread.status), turn) == (expected.status, expected.turn), (
                thread.kind,
                thread.topic,
                thread.stage,
            )
            assert {p.organisation for p in thread.parties} == expected.parts()
            if expected.is_open:
                assert thread.due_at, "something is due in an open thread"
                assert thread.due_rule
                assert turn in model.inside, "of somebody who is there"
                assert thread.turn
                assert thread.turn.counsellor, "of somebody by name"
            else:
                assert thread.due_at is None
        assert dossier.closed == model.closed
        assert dossier.priority_line == model.priority
        assert not (dossier.closed and dossier.open_threads)
        assert len({e.event_id for e in self.case.events}) == len(self.case.events)
