"""Model histories: one dossier after the other, played by the domain with a moved clock, up to this moment.

Whoever stands in one is a stand-in (`STAND_INS`), whom `copies` gives the name of somebody real to the population.
"""

import contextlib
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from msgspec import structs

from benchmarks.population.places import VDAB, terms
from handover.domain.agreements import Agreement
from handover.domain.allowed import allowed
from handover.domain.codes import Capacity, OrganisationKind, Purpose, TargetGroup
from handover.domain.decide import decide
from handover.domain.dossier import Dossier
from handover.domain.events import Command, Event, OpenDossier, PassTime, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor, Caller, Counsellor, Directory, LegalBasis, Organisation
from handover.domain.passing import next_moment
from handover.domain.refusals import Refusal
from handover.domain.threads import Thread

OCMW, PARTNER = "ocmw-standin", "partner-standin"
OCMW_1, OCMW_2, OCMW_FIXED, OCMW_SUBSTITUTE, OCMW_COORDINATOR = (
    f"{OCMW}.{name}" for name in ("one", "two", "fixed", "substitute", "coordinator")
)
VDAB_1, VDAB_2, VDAB_FIXED, VDAB_SUBSTITUTE, VDAB_TEAM_COORDINATOR = (
    f"{VDAB}.standin-{name}" for name in ("one", "two", "fixed", "substitute", "coordinator")
)
VDAB_COORDINATOR = f"{VDAB}.coordinator"
PARTNER_1, PARTNER_COORDINATOR = f"{PARTNER}.one", f"{PARTNER}.coordinator"
PEOPLE = (
    *(OCMW_1, OCMW_2, OCMW_FIXED, OCMW_SUBSTITUTE, OCMW_COORDINATOR),
    *(VDAB_1, VDAB_2, VDAB_FIXED, VDAB_SUBSTITUTE, VDAB_TEAM_COORDINATOR),
    *(PARTNER_1, PARTNER_COORDINATOR),
)
OCMW_TEAM, VDAB_TEAM, PARTNER_TEAM = "standin-team-ocmw", "standin-team-vdab", "standin-team-partner"
GIVEN_NAME, FAMILY_NAME, BIRTH_DATE = "standin-given-name", "standin-family-name", date(1904, 5, 6)


def shown_as(counsellor: str) -> str:
    """Give the stand-in for a counsellor's name."""
    return f"name-of:{counsellor}"


STAND_INS = (
    *(OCMW, PARTNER),
    *PEOPLE,
    *(shown_as(counsellor) for counsellor in PEOPLE),
    *(OCMW_TEAM, VDAB_TEAM, PARTNER_TEAM, GIVEN_NAME, FAMILY_NAME, BIRTH_DATE.isoformat()),
)
_SHORTEST, _LONGEST = 5, 60
_EXAMPLES_AT = date(2026, 11, 23)
"""The day on which the published examples are told."""
_OPENINGS = {
    (OCMW_1, "handover.requested"): 6.0,
    (OCMW_1, "question.asked"): 3.0,
    (VDAB_1, "question.asked"): 3.0,
    (OCMW_1, "followUp.appointmentPlanned"): 4.0,
    (VDAB_1, "followUp.appointmentPlanned"): 4.0,
    (OCMW_1, "followUp.planAgreed"): 2.0,
    (VDAB_1, "training.proposed"): 3.0,
    (OCMW_1, "label.requested"): 1.5,
    (VDAB_1, "nonCooperation.observed"): 0.6,
    (OCMW_1, "followUp.art60Started"): 0.8,
    (VDAB_1, "followUp.employmentStarted"): 0.8,
    (OCMW_1, "followUp.aftercareStarted"): 0.4,
    (OCMW_1, "intake.planned"): 1.0,
    (VDAB_1, "dossier.trajectoryStarted"): 0.5,
    (OCMW_1, "dossier.benefitStated"): 0.5,
    (OCMW_1, "dossier.mandateGiven"): 0.4,
    (VDAB_1, "dossier.priorityLineEntered"): 0.4,
}
"""Who begins what, and how often beside the others."""
_SELDOM = {
    "cancelled": 0.05,
    "withdrawn": 0.05,
    "leadWithdrawn": 0.05,
    "cancellationRequested": 0.03,
    "contested": 0.1,
    "rejected": 0.15,
    "refused": 0.2,
    "failed": 0.1,
    "stopped": 0.15,
    "interrupted": 0.2,
    "held": 0.15,
    "unattended": 0.3,
    "contactAttempted": 0.5,
    "passedOn": 0.1,
    "askedAgain": 0.3,
    "participantInvited": 0.03,
    "retried": 0.3,
    "progressed": 4.0,
    "aftercareChecked": 3.0,
    "attendanceRecorded": 3.0,
    "updated": 0.2,
}
"""How often a step is taken beside others that are possible then (1 where nothing is said)."""
_ENDS = frozenset(
    [
        "completed",
        "concluded",
        "closed",
        "cancelled",
        "withdrawn",
        "planEnded",
        "attended",
        "employmentConfirmed",
        "art60Ended",
        "aftercareEnded",
        "placed",
        "leadConcluded",
        "statusConflictResolved",
        "mandateWithdrawalAcknowledged",
    ]
)


@dataclass(frozen=True)
class Model:
    """A history: its events in order, with who gets each, and the state that they fold to."""

    events: tuple[Event, ...]
    entitled: tuple[frozenset[str], ...]
    state: Dossier


def _directory() -> Directory:
    kinds = {OCMW: OrganisationKind.OCMW, VDAB: OrganisationKind.VDAB, PARTNER: OrganisationKind.PARTNER}
    teams = {OCMW: OCMW_TEAM, VDAB: VDAB_TEAM, PARTNER: PARTNER_TEAM}
    return Directory(
        {
            slug: Organisation(
                organisation_id=slug, kind=kind, enterprise_number="", name=slug, coordinator=f"{slug}.coordinator"
            )
            for slug, kind in kinds.items()
        },
        {
            who: Counsellor(
                counsellor_id=who,
                organisation_id=who.partition(".")[0],
                name=shown_as(who),
                team=teams[who.partition(".")[0]],
            )
            for who in (*PEOPLE, VDAB_COORDINATOR)
        },
        {
            "demo-protocol": LegalBasis(
                legal_basis_id="demo-protocol",
                title="",
                reference="",
                purposes=frozenset(Purpose),
                valid_from=date(2020, 1, 1),
            )
        },
        (
            Agreement(
                agreement_id=UUID(int=1),
                ocmw=OCMW,
                vdab=VDAB,
                terms=terms(
                    (OCMW_FIXED, OCMW_SUBSTITUTE, OCMW_TEAM, OCMW_COORDINATOR),
                    (VDAB_FIXED, VDAB_SUBSTITUTE, VDAB_TEAM, VDAB_TEAM_COORDINATOR),
                ),
                valid_from=date(2024, 1, 1),
            ),
        ),
    )


DIRECTORY = _directory()


def play(chance: random.Random, now: datetime) -> Model:
    """Give a history that ends now; most dossiers wait for somebody, one in five is closed."""
    while True:
        played = _Play(chance, now, ends=chance.random() < 0.2)
        model = played.model()
        if model is not None:
            return model


@dataclass
class _Play:
    chance: random.Random
    now: datetime
    ends: bool
    state: Dossier | None = field(default=None, init=False)
    at: datetime = field(init=False)
    events: list[Event] = field(default_factory=list)
    entitled: list[frozenset[str]] = field(default_factory=list)
    dossier_id: UUID = field(init=False)

    def model(self) -> Model | None:
        span = min(max(self.chance.lognormvariate(3.6, 0.7), 10), 400)
        self.at = _in_office(self.now - timedelta(days=span + (80 * self.chance.random() if self.ends else 0)))
        self.dossier_id = self._id()
        stops = self.at + timedelta(days=span * 0.8)
        self._begin()
        # Some follow more at once than others.
        most = self.chance.choice((1, 1, 2, 2, 2, 3))
        while len(self.events) < _LONGEST and self.state and not self.state.closed:
            if not self._act(most, ending=self.ends and self.at > stops):
                break
        self._pass_until(self.now)
        state = self.state
        if state is None or not _SHORTEST <= len(self.events) <= _LONGEST:
            return None
        fits = state.closed if self.ends else 1 <= len(state.open_threads) <= 3
        return Model(tuple(self.events), tuple(self.entitled), state) if fits else None

    def _begin(self) -> None:
        group = self.chance.choice(
            (
                TargetGroup.LIVING_WAGE,
                TargetGroup.LIVING_WAGE,
                TargetGroup.EQUIVALENT_LIVING_WAGE,
                TargetGroup.JOB_SEEKER_MULTIPLE_PROBLEMS,
            )
        )
        self._open(OCMW_1, Capacity.LIVING_WAGE, group)
        self._post(OCMW_1, "intake.recorded")
        self._wait(0.3)
        if self.chance.random() < 0.7:
            self._open(VDAB_1, Capacity.JOB_SEEKER, group)
            self._post(VDAB_1, "dossier.registeredAtVdab")

    def _act(self, most: int, *, ending: bool) -> bool:
        """Take one more step; False when the next would be after now."""
        assert self.state
        going = self.state.open_threads
        if ending and not going:
            self._wait(1)
            lead = VDAB_1 if self.state.lead.kind.value == VDAB else OCMW_1
            return self._pass_until(self.at) and self._post(lead, "dossier.closed")
        opens = not ending and ((len(going) < most and self.chance.random() < 0.6) or not going)
        if opens:
            self._wait(1.5 if going else 6)
            if self.at >= self.now:
                return False
            self._pass_until(self.at)
            (who, kind) = self.chance.choices(list(_OPENINGS), list(_OPENINGS.values()))[0]
            self._post(who, kind)
            return True
        by_due = sorted(going, key=lambda thread: (thread.due_at or self.now, thread.thread_id))
        thread = by_due[0] if self.chance.random() < 0.6 else self.chance.choice(by_due)
        self._wait_for(thread)
        if self.at >= self.now:
            return False
        self._pass_until(self.at)
        self._go_on(thread.thread_id, ending=ending)
        return True

    def _go_on(self, thread_id: UUID, *, ending: bool) -> None:
        assert self.state
        thread = self.state.threads[thread_id]
        if not thread.is_open:
            return
        whose = thread.turn.organisation if thread.turn else OCMW
        offered = [(who, kind) for who in self._at_work(whose) for kind in self._offered(who, thread_id)]
        if not offered:
            others = (name for name in (OCMW, VDAB, PARTNER) if name != whose)
            offered = [(w, k) for o in others for w in self._at_work(o) for k in self._offered(w, thread_id)]
        if not offered:
            return
        # VDAB's second person is there for what two must do, and seldom besides.
        weights = [self._weight(k, ending=ending) * (0.2 if who == VDAB_2 else 1) for who, k in offered]
        who, kind = self.chance.choices(offered, weights)[0]
        self._post(who, kind, thread_id)

    def _at_work(self, organisation: str) -> tuple[str, ...]:
        return {OCMW: (OCMW_1,), VDAB: (VDAB_1, VDAB_2), PARTNER: (PARTNER_1,)}[organisation]

    def _weight(self, kind: str, *, ending: bool) -> float:
        short = kind.partition(".")[2]
        if ending and short in _ENDS:
            return 20
        return _SELDOM.get(short, 1.0)

    def _offered(self, who: str, thread_id: UUID) -> list[str]:
        assert self.state
        return [k for k, t in allowed(self.state, _caller(who), DIRECTORY, at=self.at) if t == thread_id]

    def _wait_for(self, thread: Thread) -> None:
        """Most people act before it is due; one in fourteen lets it lie."""
        due = thread.due_at or self.at
        left = max((due - self.at).total_seconds() / 86_400, 0)
        late = self.chance.random() < 1 / 14
        days = left + self.chance.uniform(0, 9) if late else min(left * self.chance.random(), self._days(5))
        self.at = _in_office(self.at + timedelta(days=days, minutes=self.chance.randrange(2, 90)))

    def _wait(self, days: float) -> None:
        self.at = _in_office(self.at + timedelta(days=self._days(days), minutes=self.chance.randrange(2, 90)))

    def _days(self, mean: float) -> float:
        return self.chance.expovariate(1 / mean)

    def _pass_until(self, at: datetime) -> bool:
        """Let time bring what it brings before then."""
        while self.state and (moment := next_moment(self.state)) and moment + timedelta(minutes=1) < at:
            before = len(self.events)
            self._decide(
                PassTime(command_id=self._id(moment), dossier_id=self.dossier_id), moment + timedelta(seconds=1)
            )
            if len(self.events) == before:
                break
        return True

    def _open(self, who: str, capacity: Capacity, group: TargetGroup) -> None:
        self._decide(
            OpenDossier(
                command_id=self._id(),
                dossier_id=self.dossier_id,
                caller=_caller(who),
                given_name=GIVEN_NAME,
                family_name=FAMILY_NAME,
                birth_date=BIRTH_DATE,
                target_group=group,
                capacity=capacity,
                legal_basis_id="demo-protocol",
            ),
            self.at,
        )

    def _post(self, who: str, kind: str, thread_id: UUID | None = None) -> bool:
        """Post a step if it may be; False when it was refused."""
        other = {OCMW: VDAB, VDAB: OCMW, PARTNER: OCMW}[who.partition(".")[0]]
        command = PostEvent(
            command_id=self._id(),
            dossier_id=self.dossier_id,
            caller=_caller(who),
            type=kind,
            data=_said(kind, who, other, self.at),
            thread_id=thread_id,
        )
        with contextlib.suppress(Refusal):
            self._decide(command, self.at)
            return True
        return False

    def _decide(self, command: Command, at: datetime) -> None:
        events, state = decide(self.state, command, DIRECTORY, at=at, history=tuple(self.events))
        self.state = state
        self.events += events
        self.entitled += [state.entitled_to(event) for event in events]

    def _id(self, at: datetime | None = None) -> UUID:
        """An id as it would have been made then."""
        milliseconds = int((at or self.at).timestamp() * 1000)
        low = self.chance.getrandbits(61)
        return UUID(int=milliseconds << 80 | 7 << 76 | self.chance.getrandbits(12) << 64 | 0b10 << 62 | low)


def _caller(who: str) -> Caller:
    counsellor = DIRECTORY.counsellors[who]
    return Caller(
        organisation=DIRECTORY.organisations[counsellor.organisation_id],
        actor=Actor(name=counsellor.name, counsellor_id=who),
    )


def _said(kind: str, who: str, other: str, at: datetime) -> Payload:
    """Give the published example, as this person would say it today about that organisation."""
    data = EVENT_TYPES[kind].rows[0].example
    moved = timedelta(days=(at.date() - _EXAMPLES_AT).days)
    changes: dict[str, Any] = {}
    for found in structs.fields(data):
        value = getattr(data, found.name)
        if isinstance(value, datetime | date):
            changes[found.name] = value + moved
        elif found.name in {"receiver", "lead", "other_organisation"} and kind != "dossier.opened":
            changes[found.name] = other
        elif found.name == "organisation":
            changes[found.name] = PARTNER
        elif found.name == "shared_with" and value:
            changes[found.name] = other
        elif found.name == "other_counsellor":
            changes[found.name] = OCMW_1 if other == OCMW else VDAB_1
        elif found.name in {"contact", "counsellor", "replaced", "assessed_by", "decided_by"} and value:
            changes[found.name] = who
    return structs.replace(data, **changes)


def _in_office(at: datetime) -> datetime:
    """Give the next moment from then on at which somebody is at work."""
    at = at.replace(microsecond=0)
    if not 7 <= at.hour < 15:
        day = at.date() if at.hour < 7 else at.date() + timedelta(days=1)
        at = datetime.combine(day, time(7, at.minute, at.second), UTC)
    return at + timedelta(days=max(7 - at.weekday(), 0)) if at.weekday() > 4 else at
