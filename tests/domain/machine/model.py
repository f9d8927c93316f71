"""What the rules say, written a second time, from the specification alone: nothing comes from the program's tables.

One line per step: its name, from which states it is possible, where it leads, who may take it, whose turn it is then.
`<a,b` after a state means: only right after step a or b. `=` leaves the thread where it is.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace

OCMW, VDAB, OTHER, PARTNER = "ocmw-lindedal", "vdab", "ocmw-waterhoek", "partner-igo"
KIND = {OCMW: "ocmw", OTHER: "ocmw", VDAB: "vdab", PARTNER: "partner"}
PERSON = {"vdab.bemiddelaar-1-team-zuid": "vdab.bemiddelaar-1"}
"""The second account of one person."""
ENDED = {"completed", "cancelled", "closed", "enteredInError"}
LEEFLOON = {"livingWage", "equivalentLivingWage"}
NOT_TAKEN_BACK = {"received", "retried", "leadAccepted", "mandateWithdrawn"}
"""Steps that changed more than their thread: a further step corrects them."""
RESTRICTED = {"label", "nonCooperation"}

_TABLES = {
    "handover": """
        requested              new                   requested   sender    receiver
        accepted               requested,received    accepted    receiver  receiver
        rejected               requested,received    rejected    receiver  sender
        contactAttempted       accepted              =           receiver  =
        contacted              accepted              inProgress  receiver  receiver
        progressed             inProgress            inProgress  receiver  receiver
        held                   inProgress            onHold      receiver  receiver
        resumed                onHold                inProgress  receiver  receiver
        completed              inProgress            completed   receiver  -
        failed                 accepted,inProgress   failed      receiver  sender
        cancelled              requested,received,accepted cancelled sender -
        cancellationRequested  inProgress            inProgress  sender    receiver
        cancellationRequested  onHold                onHold      sender    receiver
        retried                rejected,failed       closed      sender    -
        concluded              rejected,failed       closed      sender    -
    """,
    "intake": """
        planned   new        accepted   sender  sender
        recorded  new        completed  sender  -
        recorded  accepted   completed  any     -
        updated   completed  completed  any     -
    """,
    "question": """
        asked       new         requested   any       receiver
        answered    requested   inProgress  receiver  sender
        passedOn    requested   requested   receiver  receiver
        askedAgain  inProgress  requested   sender    receiver
        closed      inProgress  completed   sender    -
        cancelled   requested   cancelled   sender    -
    """,
    "label": """
        requested                 new                                     requested   sender  vdab
        informationRequested      requested,received                      received    vdab    ocmw
        informationProvided       received<informationRequested           received    ocmw    vdab
        assessed                  requested,received                      inProgress  side    vdab
        granted                   inProgress                              accepted    vdab    sender
        refused                   inProgress                              rejected    vdab    sender
        reconsiderationRequested  rejected                                received    sender  vdab
        placed                    accepted                                completed   side    -
        cancelled                 requested,received,inProgress,accepted  cancelled   sender  -
        retried                   rejected                                closed      sender  -
        concluded                 rejected                                closed      sender  -
    """,
    "training": """
        proposed            new                         requested   sender     ocmw
        approved            requested                   accepted    ocmw       organiser
        refused             requested                   rejected    ocmw       sender
        waitlisted          accepted                    accepted    organiser  organiser
        started             accepted                    inProgress  organiser  organiser
        attendanceRecorded  inProgress                  inProgress  organiser  organiser
        interrupted         inProgress                  onHold      organiser  organiser
        resumed             onHold                      inProgress  organiser  organiser
        completed           inProgress                  completed   organiser  -
        stopped             accepted,inProgress,onHold  failed      organiser  sender
        cancelled           requested,accepted          cancelled   sender     -
        retried             rejected,failed             closed      sender     -
        concluded           rejected,failed             closed      sender     -
    """,
    "nonCooperation": """
        observed             new                                        requested   vdab  receiver
        justified            requested<observed                         received    ocmw  vdab
        reported             requested,received<observed,justified      requested   vdab  ocmw
        acknowledged         requested<reported                         accepted    ocmw  ocmw
        clientHeard          accepted                                   inProgress  ocmw  ocmw
        sanctionUnderReview  inProgress<clientHeard,sanctionUnderReview inProgress  ocmw  ocmw
        outcomeDecided       inProgress<clientHeard,sanctionUnderReview inProgress  ocmw  vdab
        closed               received,inProgress<justified,outcomeDecided completed vdab  -
        contested            requested,received,accepted,inProgress     =           ocmw  =
        withdrawn            requested,received,accepted,inProgress     cancelled   vdab  -
    """,
    "followUp/appointment": """
        appointmentPlanned  new       accepted   sender  sender
        attended            accepted  completed  sender  -
        unattended          accepted  failed     sender  sender
        retried             failed    closed     sender  -
        concluded           failed    closed     sender  -
    """,
    "followUp/plan": """
        planAgreed  new         inProgress  sender  sender
        planAgreed  inProgress  inProgress  sender  sender
        planEnded   inProgress  completed   sender  -
    """,
    "followUp/employment": """
        employmentStarted    new         inProgress  sender  sender
        employmentConfirmed  inProgress  completed   sender  -
        employmentEnded      inProgress  completed   sender  -
    """,
    "followUp/art60": """
        art60Started           new         inProgress  ocmw  sender
        art60Changed           inProgress  inProgress  ocmw  sender
        art60ConsultationHeld  inProgress  inProgress  any   sender
        art60Ended             inProgress  completed   ocmw  -
    """,
    "followUp/art61": """
        art61Started           new         inProgress  ocmw  sender
        art61Changed           inProgress  inProgress  ocmw  sender
        art61ConsultationHeld  inProgress  inProgress  any   sender
        art61Ended             inProgress  completed   ocmw  -
    """,
    "followUp/aftercare": """
        aftercareStarted  new         inProgress  sender  sender
        aftercareChecked  inProgress  inProgress  sender  sender
        aftercareEnded    inProgress  completed   sender  -
    """,
    "dossier/lead": """
        leadChanged    new        requested  lead      receiver
        leadAccepted   requested  completed  receiver  -
        leadRefused    requested  rejected   receiver  sender
        leadConcluded  rejected   closed     sender    -
        leadWithdrawn  requested  cancelled  sender    -
    """,
    "dossier/mandate": """
        mandateWithdrawn               new        requested  ocmwOrVdab  receiver
        mandateWithdrawalAcknowledged  requested  completed  receiver    -
    """,
    "dossier/statusConflict": """
        statusConflictResolved  requested  completed  side  -
    """,
}
PLAIN = {
    "inscriptionClosed": "any",
    "counsellorAssigned": "any",
    "counsellorReplaced": "any",
    "targetGroupChanged": "lead",
    "registeredAtVdab": "any",
    "trajectoryStarted": "any",
    "benefitStated": "any",
    "priorityLineEntered": "ocmwOrVdab",
    "priorityLineLeft": "ocmwOrVdab",
    "legalBasisStated": "any",
    "mandateGiven": "ocmwOrVdab",
    "closed": "lead",
    "reopened": "any",
}
"""Steps on the dossier itself, and who may take them."""
FACTS = {"dossier.registeredAtVdab", "dossier.trajectoryStarted", "dossier.benefitStated"}
ADDRESSES = {"handover.requested", "question.asked", "label.requested", "training.proposed", "nonCooperation.observed"}


@dataclass(frozen=True)
class Rule:
    """One line of a table."""

    process: str
    name: str
    states: tuple[str, ...]
    after: tuple[str, ...]
    to: str
    who: str
    turn: str

    @property
    def kind(self) -> str:
        return self.process.partition("/")[0]

    @property
    def event(self) -> str:
        return f"{self.kind}.{self.name}"


def _rules() -> list[Rule]:
    found = []
    for process, table in _TABLES.items():
        for line in table.strip().splitlines():
            name, states, to, who, turn = line.split()
            states, _, after = states.partition("<")
            rule = Rule(process, name, tuple(states.split(",")), tuple(filter(None, after.split(","))), to, who, turn)
            found.append(rule)
    return found


RULES = _rules()
EVENTS = sorted(
    {rule.event for rule in RULES}
    | {f"dossier.{name}" for name in PLAIN}
    | {f"{rule.kind}.{name}" for rule in RULES for name in ("participantInvited", "enteredInError")}
    | {"handover.received", "label.received", "dossier.opened", "training.contractCrossed", "handover.escalated"}
)
"""What is tried: everything that may be posted, and some that only the system records."""


@dataclass
class Thread:
    """One process as the rules leave it."""

    process: str
    status: str
    stage: str
    sender: str
    receiver: str | None
    turn: str | None
    participants: tuple[str, ...] = ()
    assessor: str = ""
    steps: list[tuple[str, str, str, Thread | None]] = field(default_factory=list)
    """Each transition: its event's id, its name, its author, and the thread before it."""
    undone: bool = False

    @property
    def kind(self) -> str:
        return self.process.partition("/")[0]

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED

    def parts(self) -> set[str]:
        return {self.sender, *self.participants} | ({self.receiver} if self.receiver else set())

    def needs(self, organisation: str) -> bool:
        taken_part = self.is_open and organisation in self.parts()
        return taken_part and (self.status != "rejected" or self.sender == organisation)


@dataclass(frozen=True)
class Move:
    """A step somebody tries: the person (or application) `who`, about one thread or none."""

    event: str
    who: str
    thread: str | None = None
    receiver: str = VDAB
    """Whom it addresses, invites or lets go, where it names somebody."""
    signs: str = ""
    """Who assessed or decided, where the step says so."""
    mistake: str = ""
    mandate: str = ""
    automatic: bool = False
    """Whether a label is asked by automatic right; it changes how long, not what may happen."""

    @property
    def own(self) -> str:
        return self.who.partition(".")[0]


@dataclass
class Model:
    """A dossier as the rules see it."""

    inside: set[str] = field(default_factory=set)
    lead: str = ""
    group: str = "livingWage"
    closed: bool = False
    registered: bool = False
    priority: bool = False
    mandates: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Standing ones: who holds it, with whom it shares."""
    threads: dict[str, Thread] = field(default_factory=dict)
    facts: list[tuple[str, str, str, bool]] = field(default_factory=list)
    """Each statement of a fact: its event's id, its type, its author, whether the client counted as registered before.

    Taking one back counts as one.
    """

    # --- may it happen? -------------------------------------------------------------------------------------------

    def aimed(self, move: Move) -> Move:
        """Without a thread a step goes to the one thread that it can belong to."""
        rules = [rule for rule in RULES if rule.event == move.event]
        if move.thread or not rules or any(rule.states == ("new",) for rule in rules):
            return move
        same = {k: t for k, t in self.threads.items() if t.process == rules[0].process}
        fitting = [k for k, t in same.items() if self.rule(move, t)]
        found = fitting or list(same)
        return replace(move, thread=found[0]) if len(found) == 1 else move

    def allows(self, move: Move) -> bool:  # noqa: PLR0911 - one return per rule
        move = self.aimed(move)
        if move.own not in self.inside:
            return False
        if self.closed != (move.event == "dossier.reopened"):
            return False
        kind, _, name = move.event.partition(".")
        if name == "enteredInError":
            return self._may_take_back(move)
        if kind == "dossier" and name in PLAIN:
            return self._may_change_dossier(name, move)
        thread = self.threads.get(move.thread) if move.thread else None
        if move.thread and (thread is None or thread.kind != kind or self._hidden(thread, move.own)):
            return False
        if name == "participantInvited":
            return self._may_invite(thread, move)
        rule = self.rule(move, thread)
        return rule is not None and self._is_party(rule.who, move.own, thread) and self._guards(rule, move, thread)

    def rule(self, move: Move, thread: Thread | None) -> Rule | None:
        for rule in RULES:
            if rule.event != move.event:
                continue
            if thread is None and rule.states == ("new",):
                return rule
            in_place = thread and rule.process == thread.process and thread.status in rule.states
            if thread and in_place and (not rule.after or thread.stage in rule.after):
                return rule
        return None

    def _hidden(self, thread: Thread, own: str) -> bool:
        return KIND[own] == "partner" and thread.kind in RESTRICTED and own not in thread.parts()

    def _is_party(self, who: str, own: str, thread: Thread | None) -> bool:  # noqa: PLR0911 - one return per party
        kind = KIND[own]
        match who:
            case "any":
                return True
            case "lead":
                return own == self.lead if self.lead in self.inside else kind != "partner"
            case "ocmwOrVdab":
                return kind != "partner"
            case "sender":
                return thread.sender == own if thread else kind != "partner"
            case "receiver":
                return thread is not None and thread.receiver == own
            case "side":
                return thread is not None and own in {thread.sender, thread.receiver}
            case "organiser":
                return thread is not None and self.organiser(thread) == own
            case _:
                return kind == who and (thread is None or own in {thread.sender, thread.receiver})

    @staticmethod
    def organiser(thread: Thread) -> str:
        """Who gives a training: who is not the OCMW, else the receiver."""
        for side in (thread.receiver, thread.sender):
            if side and KIND[side] != "ocmw":
                return side
        return thread.receiver or thread.sender

    def _guards(self, rule: Rule, move: Move, thread: Thread | None) -> bool:  # noqa: PLR0911 - one return per rule
        own, opens = move.own, thread is None
        if opens and rule.event in ADDRESSES and move.receiver == own:
            return False
        kinds = {KIND[own], KIND[move.receiver]}
        retried_with = {KIND[own], KIND[thread.receiver]} if thread and thread.receiver else set()
        match rule.event:
            case "dossier.leadChanged":
                waits = any(t.process == "dossier/lead" and t.status == "requested" for t in self.threads.values())
                to_itself = move.receiver == own and own == self.lead
                return not waits and not to_itself and KIND[move.receiver] != "partner"
            case "dossier.mandateWithdrawn":
                return move.mandate in self.mandates
            case "label.requested":
                return kinds == {"ocmw", "vdab"}
            case "label.granted" | "label.refused":
                assert thread
                return PERSON.get(move.signs, move.signs) != PERSON.get(thread.assessor, thread.assessor)
            case "training.proposed":
                return self.group not in LEEFLOON or "ocmw" in kinds
            case "training.retried":
                return self.group not in LEEFLOON or "ocmw" in retried_with
            case "nonCooperation.observed":
                return self.group in LEEFLOON and self.registered and KIND[move.receiver] == "ocmw"
        return True

    def _may_change_dossier(self, name: str, move: Move) -> bool:  # noqa: PLR0911 - one return per step
        if not self._is_party(PLAIN[name], move.own, None):
            return False
        match name:
            case "inscriptionClosed":
                own_or_lead = move.own in {move.receiver, self.lead}
                busy = any(t.needs(move.receiver) for t in self.threads.values())
                return own_or_lead and move.receiver in self.inside and not busy
            case "closed":
                return not any(t.is_open for t in self.threads.values())
            case "priorityLineEntered":
                return not self.priority and {OCMW, VDAB} <= self.inside
            case "priorityLineLeft":
                return self.priority
            case "mandateGiven":
                return move.receiver != move.own
        return True

    def _may_invite(self, thread: Thread | None, move: Move) -> bool:
        if thread is None or not thread.is_open or KIND[move.own] == "partner":
            return False
        return move.own in thread.parts() and move.receiver not in thread.parts()

    def _may_take_back(self, move: Move) -> bool:
        kind = move.event.partition(".")[0]
        for number, (event_id, event, author, _) in enumerate(self.facts):
            if event_id == move.mistake:
                later = self.facts[number + 1 :]
                spoken_since = any(other in {event, "taken back"} for _, other, _, _ in later)
                return kind == "dossier" and event in FACTS and author == move.own and not spoken_since
        for thread in self.threads.values():
            if thread.steps and thread.steps[-1][0] == move.mistake:
                _, name, author, _ = thread.steps[-1]
                plain = thread.kind == kind and author == move.own
                return plain and not thread.undone and name not in NOT_TAKEN_BACK
        return False

    # --- what it does ---------------------------------------------------------------------------------------------

    def take(self, move: Move, event_id: str, *, opened: str) -> None:
        """Apply a move that is allowed. `opened` is the id of the thread that a retry opens."""
        move = self.aimed(move)
        kind, _, name = move.event.partition(".")
        if name == "enteredInError":
            self._take_back(move, event_id)
        elif kind == "dossier" and name in PLAIN:
            self._change_dossier(name, move, event_id)
        elif name == "participantInvited":
            assert move.thread
            thread = self.threads[move.thread]
            thread.participants = (*thread.participants, move.receiver)
        else:
            self._step(move, event_id, opened)

    def _step(self, move: Move, event_id: str, opened: str) -> None:
        thread = self.threads.get(move.thread) if move.thread else None
        rule = self.rule(move, thread)
        assert rule
        if thread is None:
            thread = Thread(rule.process, "", "", move.own, self._addressed(rule, move), None)
            self.threads[event_id] = thread
            before = None
        else:
            before = copy(thread)
        if rule.to != "=":
            thread.status, thread.stage = rule.to, rule.name
            thread.turn = self._turn(rule.turn, thread)
            if rule.event == "training.proposed" and self.group not in LEEFLOON:
                thread.status, thread.turn = "accepted", self.organiser(thread)
            if rule.event == "dossier.mandateWithdrawn":
                del self.mandates[move.mandate]
                if thread.receiver is None:
                    thread.status, thread.turn = "completed", None
        if rule.name == "assessed":
            thread.assessor = move.signs
        thread.steps = [*thread.steps, (event_id, rule.name, move.own, before)]
        thread.undone = False
        if rule.name == "retried":
            self.threads[opened] = self._again(thread)

    def _addressed(self, rule: Rule, move: Move) -> str | None:
        if rule.event == "dossier.mandateWithdrawn":
            given_to, shared_with = self.mandates[move.mandate]
            other = given_to if given_to != move.own else shared_with
            return other if other in self.inside else None
        return move.receiver if rule.event in {*ADDRESSES, "dossier.leadChanged"} else None

    def _again(self, old: Thread) -> Thread:
        """A retry opens the same process anew, from its first state."""
        first = next(r for r in RULES if r.process == old.process and r.states == ("new",))
        thread = Thread(old.process, first.to, first.name, old.sender, old.receiver, None)
        thread.turn = self._turn(first.turn, thread)
        if first.event == "training.proposed" and self.group not in LEEFLOON:
            thread.status, thread.turn = "accepted", self.organiser(thread)
        return thread

    def _turn(self, turn: str, thread: Thread) -> str | None:
        sides = [side for side in (thread.receiver, thread.sender) if side]
        match turn:
            case "-":
                return None
            case "sender":
                return thread.sender
            case "receiver":
                return thread.receiver
            case "organiser":
                return self.organiser(thread)
            case _:
                return next((side for side in sides if KIND[side] == turn), None)

    def _change_dossier(self, name: str, move: Move, event_id: str) -> None:
        if f"dossier.{name}" in FACTS:
            self.facts.append((event_id, f"dossier.{name}", move.own, self.registered))
        match name:
            case "registeredAtVdab":
                self.registered = True
            case "priorityLineEntered" | "priorityLineLeft":
                self.priority = name == "priorityLineEntered"
            case "mandateGiven":
                self.mandates[event_id] = (move.own, move.receiver)
            case "closed" | "reopened":
                self.closed = name == "closed"

    def _take_back(self, move: Move, event_id: str) -> None:
        for found, event, _, registered in self.facts:
            if found == move.mistake:
                self.facts.append((event_id, "taken back", move.own, self.registered))
                if event == "dossier.registeredAtVdab":
                    self.registered = registered
                return
        for thread in self.threads.values():
            if thread.steps and thread.steps[-1][0] == move.mistake:
                *_, before = thread.steps[-1]
                if before is None:
                    thread.status, thread.turn = "enteredInError", None
                else:
                    thread.status, thread.stage, thread.turn = before.status, before.stage, before.turn
                    thread.assessor = before.assessor
                thread.undone = True

    def receive(self, own: str, thread_id: str) -> str:
        """What an acknowledgement does: "received", "nothing", or "refused"."""
        thread = self.threads.get(thread_id)
        if own not in self.inside or thread is None or thread.kind not in {"handover", "label"}:
            return "refused"
        if thread.status == "requested" and thread.turn == own:
            if self.closed:
                return "nothing"
            before = copy(thread)
            thread.status, thread.stage = "received", "received"
            thread.steps = [*thread.steps, ("receipt", "received", own, before)]
            thread.undone = False
            return "received"
        if own not in {thread.sender, thread.receiver} or thread.status == "requested":
            return "refused"
        return "nothing"
