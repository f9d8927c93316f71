"""What the passing of time brings: the ladder, mandates that expire, partners that leave.

Design: *Deadlines and escalation*.

`next_moment` says when to look again, `pass_time` what there is to record by now. Doing it twice, or on several
nodes at once, records nothing more: what was recorded is in the state.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from handover.domain.codes import OrganisationKind
from handover.domain.codes_dossier import Rung
from handover.domain.deadlines import add_months, after_working_days, end_of, local_day
from handover.domain.dossier import Dossier, Inscription
from handover.domain.draft import Draft
from handover.domain.kinds.common import Escalated
from handover.domain.kinds.dossier import InscriptionClosed, MandateExpired
from handover.domain.parties import SYSTEM, Directory, Party
from handover.domain.stepping import agreement_between
from handover.domain.threads import Thread

LADDER = ((Rung.COUNSELLOR, 0), (Rung.TEAM, 2), (Rung.COORDINATORS, 5))
"""The rungs, each with how many working days after the due moment it comes."""
_PARTNER_MONTHS = 6
_TALKED_ABOUT = frozenset({"art60", "art61"})
"""One-sided threads that VDAB is to be talked with about: its coordinator is told as well."""


def next_moment(dossier: Dossier) -> datetime | None:
    """Give when time next changes something in the dossier, or None while it waits for people only."""
    if dossier.closed:
        return None
    moments = [moment for thread in dossier.open_threads if (moment := _next_rung(thread))]
    moments += [end_of(m.valid_until) for m in dossier.standing_mandates if m.valid_until]
    moments += [_leaves(dossier, i) for i in dossier.inscriptions if _only_acted(dossier, i)]
    return min(moments, default=None)


def pass_time(draft: Draft, directory: Directory) -> None:
    """Record everything that is due by now, in order of time."""
    while draft.state is not None and not draft.state.closed and _one(draft, draft.state, directory):
        pass


def _one(draft: Draft, dossier: Dossier, directory: Directory) -> bool:
    """Record the next thing that is due; tell whether there was one."""
    rungs = [(moment, thread) for thread in dossier.open_threads if (moment := _next_rung(thread))]
    due = sorted(((m, t) for m, t in rungs if m < draft.at), key=lambda found: (found[0], found[1].thread_id))
    if due:
        _escalate(draft, dossier, due[0][1], directory)
        return True
    for mandate in dossier.standing_mandates:
        if mandate.valid_until and end_of(mandate.valid_until) < draft.at:
            expired = MandateExpired(mandate_id=str(mandate.mandate_id))
            draft.add("dossier.mandateExpired", expired, actor=SYSTEM, organisation=mandate.given_to)
            return True
    for inscription in dossier.inscriptions:
        if _only_acted(dossier, inscription) and _leaves(dossier, inscription) < draft.at:
            closed = InscriptionClosed(organisation=inscription.organisation, why=NO_ACTION)
            draft.add("dossier.inscriptionClosed", closed, actor=SYSTEM, organisation=inscription.organisation)
            return True
    return False


NO_ACTION = "6 months after its last action"


def _next_rung(thread: Thread) -> datetime | None:
    if thread.due_at is None or thread.turn is None or thread.rung >= len(LADDER):
        return None
    _, days = LADDER[thread.rung]
    return end_of(after_working_days(local_day(thread.due_at), days)) if days else thread.due_at


def _escalate(draft: Draft, dossier: Dossier, thread: Thread, directory: Directory) -> None:
    rung, _ = LADDER[thread.rung]
    if thread.turn is None or thread.due_at is None:
        return
    told = tuple(party for party in _told(rung, dossier, thread, directory, draft.at) if party not in thread.escalated)
    climbed = replace(thread, rung=thread.rung + 1, escalated=(*thread.escalated, *told))
    draft.add(
        f"{thread.kind}.escalated",
        Escalated(rung=rung, overdue_since=thread.due_at, whose_turn=thread.turn.organisation),
        thread_id=thread.thread_id,
        threads=(climbed,),
        actor=SYSTEM,
        organisation=thread.turn.organisation,
    )


def _told(rung: Rung, dossier: Dossier, thread: Thread, directory: Directory, at: datetime) -> Iterator[Party]:
    """Give whom a rung tells: who has the turn, or who stands in; the team; both organisations' coordinators."""
    turn = thread.turn
    if turn is None:
        return
    agreement = agreement_between((thread.sender, thread.receiver), dossier, directory, at)
    desk = agreement.desk_of(turn.organisation) if agreement else None
    if rung is Rung.COUNSELLOR:
        yield turn
        away = desk and desk.away(local_day(at)) and desk.fixed_contact == turn.counsellor
        if desk and away and desk.substitute:
            yield Party(organisation=turn.organisation, counsellor=desk.substitute)
    elif rung is Rung.TEAM:
        counsellor = directory.counsellors.get(turn.counsellor)
        team = turn.team or (counsellor.team if counsellor else "") or (desk.team if desk else "") or ""
        yield Party(organisation=turn.organisation, team=team)
    else:
        for organisation_id in _concerned(dossier, thread):
            named = agreement.desk_of(organisation_id).coordinator if agreement else None
            organisation = directory.organisations.get(organisation_id)
            coordinator = named or (organisation.coordinator if organisation else "")
            yield Party(organisation=organisation_id, counsellor=coordinator)


def _concerned(dossier: Dossier, thread: Thread) -> list[str]:
    """Give the organisations on both sides; of a contract through the OCMW also VDAB, who is to be talked with."""
    sides = [party.organisation for party in (thread.sender, thread.receiver) if party]
    if thread.topic in _TALKED_ABOUT:
        sides += [i.organisation for i in dossier.inscriptions if i.active and i.kind is OrganisationKind.VDAB]
    return list(dict.fromkeys(sides))


def _only_acted(dossier: Dossier, inscription: Inscription) -> bool:
    """Tell whether an organisation is in the dossier for an action only, and takes part in nothing open."""
    if not inscription.active or inscription.kind is not OrganisationKind.PARTNER:
        return False
    return not any(thread.part_of(inscription.organisation) for thread in dossier.open_threads)


def _leaves(dossier: Dossier, inscription: Inscription) -> datetime:
    """Six months after the last action of a partner, or of a thread that it took part in (VDAB's own rule)."""
    own = inscription.organisation
    acted = [thread.since for thread in dossier.threads.values() if thread.part_of(own)]
    last = max([inscription.since, *acted])
    return end_of(add_months(local_day(last), _PARTNER_MONTHS))
