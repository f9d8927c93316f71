"""Whatever is posted, by whom and in whatever order: what is recorded stays whole."""

from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.world import KINDS, OCMW, OCMW_1, OTHER_1, PARTNER_1, VDAB_1, Case, caller, said_by

from handover.domain.allowed import Step, allowed, onward
from handover.domain.dossier import Dossier, fold
from handover.domain.kinds import EVENT_TYPES
from handover.domain.refusals import InvitationNeeded, Refusal
from handover.domain.threads import ENDED, NEEDS_REASON, Status, Thread

PEOPLE = (OCMW_1, VDAB_1, OTHER_1, PARTNER_1)
TYPES = tuple(EVENT_TYPES)
action = st.tuples(
    st.sampled_from(["go on", "go on", "go on", "allowed", "refer", "anything", "join", "acknowledge"]),
    st.sampled_from(PEOPLE),
    st.integers(0, 10**6),
    st.sampled_from([OCMW, "vdab", "ocmw-waterhoek", "partner-igo", "ocmw-nergens"]),
    st.integers(0, 60 * 24 * 3),
    st.booleans(),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(action, min_size=10, max_size=40))
def test_whatever_is_posted(actions: list[tuple[str, str, int, str, int, bool]]) -> None:
    case = Case()
    case.open(OCMW_1)
    for what, who, pick, organisation, minutes, bare in actions:
        case.later(minutes=minutes)
        before, count = case.found, len(case.events)
        try:
            _act(case, what, who, pick, organisation, bare=bare)
        except Refusal:
            assert (case.found, len(case.events)) == (before, count)
        _check(case)
    state = msgspec.json.decode(msgspec.json.encode(case.dossier), type=Dossier)
    assert state == case.dossier == fold(case.events)


def _offered(case: Case, who: str) -> list[Step]:
    return allowed(case.dossier, caller(who), case.directory, at=case.at)


def _act(case: Case, what: str, who: str, pick: int, organisation: str, *, bare: bool) -> None:
    threads: list[UUID | None] = [*case.dossier.threads, None, UUID(int=1)]
    if what == "go on" and case.dossier.open_threads:
        going = case.dossier.open_threads[pick % len(case.dossier.open_threads)].thread_id
        roads = [(p, kind) for p in PEOPLE for kind, at in _offered(case, p) if at == going]
        assert roads, "somebody can go on"
        who, kind = roads[pick // 7 % len(roads)]
        case.post(who, kind, said_by(kind, who, organisation, bare=bare), thread=going)
    elif what == "refer":
        case.post(OCMW_1, "handover.requested", said_by("handover.requested", OCMW_1, organisation))
    elif what == "join":
        try:
            case.open(who)
        except InvitationNeeded:
            assert who == PARTNER_1
    elif what == "acknowledge":
        case.acknowledge(who, threads[pick % len(threads)] or UUID(int=2))
    elif what == "allowed" and (offered := _offered(case, who)):
        kind, thread = offered[pick % len(offered)]
        case.post(who, kind, said_by(kind, who, organisation, bare=bare), thread=thread)
    else:
        kind = TYPES[pick % len(TYPES)]
        data = said_by(kind, who, organisation, bare=bare)
        case.post(who, kind, data, thread=threads[pick % len(threads)])


def _check(case: Case) -> None:
    dossier = case.dossier
    for who in PEOPLE:
        offered = _offered(case, who)
        for thread in dossier.threads_seen_by(who.partition(".")[0]):
            _check_onward(dossier, who, thread, {kind for kind, at in offered if at == thread.thread_id})
    assert [event.sequence for event in case.events] == list(range(1, dossier.version + 1))
    assert len({event.event_id for event in case.events}) == len(case.events)
    for thread in dossier.threads.values():
        _check_thread(thread, dossier)
    assert not (dossier.closed and dossier.open_threads)
    active = [i.organisation for i in dossier.inscriptions if i.active]
    assert len(active) == len(set(active)), "one inscription at a time"
    assert all(i.organisation in KINDS for i in dossier.inscriptions)
    for contact in dossier.contacts:
        assert contact.counsellor.startswith(contact.organisation + ".")
    present = [c.counsellor for c in dossier.contacts if c.until is None]
    assert len(present) == len(set(present))


def _check_thread(thread: Thread, dossier: Dossier) -> None:
    if thread.status in ENDED:
        assert (thread.turn, thread.due_at) == (None, None)
        return
    assert thread.turn, "an open thread has a turn"
    assert thread.turn.counsellor.startswith(thread.turn.organisation + "."), "of somebody"
    assert thread.part_of(thread.turn.organisation)
    assert dossier.inscription_of(thread.turn.organisation), "of somebody who is there"
    assert dossier.inscription_of(thread.sender.organisation)
    assert thread.due_at, thread.due_rule
    assert thread.due_rule
    assert bool(thread.outcome) == (thread.status in NEEDS_REASON)
    assert bool(thread.review_on) == (thread.status is Status.ON_HOLD)
    assert timedelta() <= thread.since - thread.opened_at


def test_the_property_reaches_deep() -> None:
    """The road to each end exists for the actions that the property draws from."""
    case = Case()
    case.open(OCMW_1)
    reached = set()
    for wanted, who in (
        ("handover.requested", OCMW_1),
        ("handover.accepted", VDAB_1),
        ("handover.contacted", VDAB_1),
        ("handover.held", VDAB_1),
        ("handover.cancellationRequested", OCMW_1),
        ("handover.resumed", VDAB_1),
        ("handover.failed", VDAB_1),
        ("handover.retried", OCMW_1),
    ):
        offered = dict(_offered(case, who))
        assert wanted in offered
        _act(case, "allowed", who, list(offered).index(wanted), "vdab", bare=False)
        _check(case)
        reached |= {thread.status for thread in case.dossier.threads.values()}
    assert {Status.ON_HOLD, Status.FAILED, Status.CLOSED, Status.REQUESTED} <= reached


def _check_onward(dossier: Dossier, who: str, thread: Thread, offered: set[str]) -> None:
    """What a row of the inbox offers is what its dossier offers, but for remarks and what guards say of a person."""
    steps = set(onward(dossier, thread, who.partition(".")[0]))
    remarks = {kind for kind in offered if all(r.remark or r.everywhere for r in EVENT_TYPES[kind].rows)}
    assert offered - remarks <= steps
    assert all(any(row.guards for row in EVENT_TYPES[kind].rows) for kind in steps - offered)
