"""From a snapshot of Lino to what should be in the dossiers of one OCMW. Pure: it asks nobody anything.

Every row ends up in a placement, in a reject with its reason, or in a count of what is not imported and why.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from handover.adapters.kit.contract import Reject, unfit_fields
from handover.adapters.kit.plan import Coach, Opening, Origin, Placement, Plan, Post, Process, key_of
from handover.adapters.lino import processes
from handover.adapters.lino.appointments import Appointment
from handover.adapters.lino.cells import Unreadable
from handover.adapters.lino.files import CALLED_OFF, ClientFile, files_of, origins_of
from handover.adapters.lino.frame import Frame, counsellors_of, line
from handover.adapters.lino.reader import CLIENTS, LinoSnapshot
from handover.adapters.lino.records import Coaching, Contract, LinoClientRow
from handover.adapters.lino.standing import standing_of
from handover.domain.codes_follow_up import WorkWish
from handover.domain.identity import is_ssin
from handover.domain.kinds.intake import Recorded

SITUATION: Final = (
    "Overgenomen uit Lino, het dossiersysteem van het OCMW. Wat bij de intake besproken werd, staat daar."
)
NO_COACHING: Final = "client without coaching or contract yet"
_NOT_FOLLOWED: Final = "appointment of a client without coaching or contract yet"
_OTHER_COACHING: Final = "coaching that is over, still to come or not the primary one"
_Row = TypeVar("_Row", bound=Contract | Appointment)


@dataclass(slots=True)
class _Draft:
    frame: Frame
    allow_test_range: bool
    rejects: list[Reject]
    rejected_clients: frozenset[int]
    placements: list[Placement] = field(default_factory=list)
    not_imported: Counter[str] = field(default_factory=Counter)
    withdrawn: dict[str, str] = field(default_factory=dict)

    def reject(self, origin: Origin, reason: str) -> None:
        self.rejects.append(Reject(origin.table, origin.key, reason))


def plan_of(snapshot: LinoSnapshot, organisation_id: str, *, now: datetime, allow_test_range: bool = False) -> Plan:
    """Give everything that should be so in the dossiers of `organisation_id`, at the moment `now`.

    `allow_test_range` admits national numbers made for tests, for demonstrations only.
    """
    counsellors = counsellors_of(organisation_id, snapshot.users)
    rejected = frozenset(reject.key for reject in snapshot.rejects if reject.source == CLIENTS)
    draft = _Draft(Frame(now, counsellors), allow_test_range, list(snapshot.rejects), rejected)
    for file in files_of(snapshot):
        _place(file, draft)
    draft.not_imported["calendar entry about no client"] += snapshot.entries_without_client
    draft.not_imported["granted aid: read only to tell the target group"] += len(snapshot.grantings)
    named = set(_named(draft.placements))
    return Plan(
        clients_read=len(snapshot.clients),
        placements=tuple(draft.placements),
        counsellors=tuple(c for c in counsellors.values() if c.counsellor_id in named),
        rejects=tuple(draft.rejects),
        not_imported=+draft.not_imported,
        withdrawn=draft.withdrawn,
        origins=frozenset(key_of(origin) for origin in origins_of(snapshot)),
    )


def _place(file: ClientFile, draft: _Draft) -> None:
    for entry in file.appointments:
        if entry.outcome in CALLED_OFF:
            draft.not_imported[CALLED_OFF[entry.outcome]] += 1
            draft.withdrawn[processes.appointment_key(entry)] = CALLED_OFF[entry.outcome]
    if not file.is_followed:
        draft.not_imported[NO_COACHING] += file.client.client_id not in draft.rejected_clients
        draft.not_imported[_NOT_FOLLOWED] += sum(e.outcome not in CALLED_OFF for e in file.appointments)
        return
    opening = _opening(file, draft)
    if opening is None:
        for origin in file.dependents():
            draft.reject(origin, "its client could not be placed")
        return
    found = [_intake(file, opening, draft.frame)]
    found += _all(file.isip, processes.plan, draft)
    found += _all(file.employment, processes.employment, draft)
    expected = [entry for entry in file.appointments if entry.outcome not in CALLED_OFF]
    found += _all(expected, processes.appointment, draft)
    # In the order in which they happened; what is still to come goes last.
    found.sort(key=lambda process: process.first.occurred_at or datetime.max.replace(tzinfo=UTC))
    placement = Placement(origin=file.client.origin, opening=opening, coach=_coach(file, draft), processes=tuple(found))
    draft.placements.append(placement)


def _opening(file: ClientFile, draft: _Draft) -> Opening | None:
    """With what the dossier opens; None, and a reject, when it is not sure who the client is."""
    client = file.client
    given, family = line(client.first_name), line(client.last_name)
    if client.national_id is None or client.birth_date is None or given is None or family is None:
        missing = "complete birth date" if given and family else "first name or no last name"
        _reject_once(client, f"it has no {missing}", draft)
        return None
    if not is_ssin(client.national_id, today=draft.frame.today, allow_test_range=draft.allow_test_range):
        _reject_once(client, "its national number holds no date that exists, or one in the future", draft)
        return None
    target_group, capacity, lead = standing_of(file.employment, file.grantings, draft.frame)
    opening = Opening(
        ssin=client.national_id,
        given_name=given,
        family_name=family,
        birth_date=client.birth_date,
        target_group=target_group,
        capacity=capacity,
        lead=lead,
    )
    for name in unfit_fields(opening.opened):
        _reject_once(client, f"its {name} cannot be kept as it is written", draft)
        return None
    return opening


def _reject_once(client: LinoClientRow, reason: str, draft: _Draft) -> None:
    """What was missing may have been said when the file was read."""
    if client.client_id not in draft.rejected_clients:
        draft.reject(client.origin, reason)


def _intake(file: ClientFile, opening: Opening, frame: Frame) -> Process:
    since = min((c.since for c in file.coachings if c.since is not None), default=None)
    recorded = Recorded(target_group=opening.target_group, work_wish=WorkWish.UNSURE, situation=SITUATION)
    return Process(
        origin=file.client.origin,
        key=f"{key_of(file.client.origin)}/intake",
        content=None,
        first=Post("intake.recorded", recorded, frame.past(since)),
    )


def _coach(file: ClientFile, draft: _Draft) -> Coach | None:
    """Who accompanies the client now: the primary coaching that is running, the latest of two."""
    today = draft.frame.today
    running = [c for c in file.coachings if c.primary and _is_running(c, draft.frame)]
    chosen = max(running, key=lambda c: (c.since or today, c.origin.key), default=None)
    draft.not_imported[_OTHER_COACHING] += len(file.coachings) - (chosen is not None)
    if chosen is None:
        return None
    counsellor_id = draft.frame.counsellor_id(chosen.coach.key if chosen.coach else None)
    if counsellor_id is None:
        draft.reject(chosen.origin, "its coach is not among the users of Lino")
        return None
    return Coach(origin=chosen.origin, counsellor_id=counsellor_id, since=draft.frame.past(chosen.since))


def _is_running(coaching: Coaching, frame: Frame) -> bool:
    started = coaching.since is None or coaching.since <= frame.today
    return started and (coaching.until is None or frame.today <= coaching.until)


def _all(rows: Iterable[_Row], make: Callable[[_Row, Frame], Process], draft: _Draft) -> list[Process]:
    made = []
    for row in rows:
        try:
            process = make(row, draft.frame)
        except Unreadable as reason:
            draft.reject(row.origin, str(reason))
            continue
        posts = [post for post in (process.first, process.again, process.end) if post]
        unfit = next((name for post in posts for name in unfit_fields(post.data)), None)
        if unfit is None:
            made.append(process)
        else:
            draft.reject(row.origin, f"its {unfit} cannot be kept as it is written")
    return made


def _named(placements: Iterable[Placement]) -> Iterable[str]:
    for placement in placements:
        if placement.coach:
            yield placement.coach.counsellor_id
        for process in placement.processes:
            counsellor = getattr(process.first.data, "counsellor", None)
            if counsellor:
                yield counsellor
