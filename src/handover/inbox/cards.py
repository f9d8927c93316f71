"""What the inbox says about a dossier: rows computed from its state alone, so that a replay changes nothing.

A card holds only what everyone with an active inscription may see (field class `step`, design: "Who sees
what"): texts and plans are read from the events, where visibility is decided.
"""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from handover.domain.allowed import onward
from handover.domain.codes import OrganisationKind, TargetGroup
from handover.domain.dossier import Dossier, Inscription, Lead, Mandate
from handover.domain.kinds import KIND, KINDS
from handover.domain.parties import Party
from handover.domain.passing import next_moment
from handover.domain.threads import Status, Thread


class Client(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom a dossier is about."""

    given_name: str
    family_name: str


class DossierCard(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A dossier in one organisation's list. `inscription` is that organisation's own."""

    client: Client
    target_group: TargetGroup
    lead: Lead
    inscription: Inscription
    your_turn: int = 0
    their_turn: int = 0
    closed: bool = False
    priority_line: bool = False
    mandates: tuple[Mandate, ...] = ()
    """Those that open confidential fields to it, or once did."""


class ThreadCard(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An open thread in one organisation's inbox. `other` is whom to call, where there is another side."""

    client: Client
    target_group: TargetGroup | None = None
    """None only in a row from before cards told it, until that is projected anew."""
    kind: str
    status: Status
    last_type: str
    opened_at: datetime
    priority_line: bool = False
    steps: tuple[str, ...] = ()
    """The event types by which this organisation moves it on, the usual one first; only while it is its turn."""
    assessor: str = ""
    """The first pair of eyes: not theirs to decide."""
    topic: str = ""
    due_rule: str = ""
    purpose: str = ""
    outcome: str = ""
    review_on: date | None = None
    turn: Party | None = None
    other: Party | None = None
    stage: str = ""
    rung: int = 0
    revolving_door: bool = False


class DossierRow(Struct, frozen=True, kw_only=True):
    """A dossier as one organisation follows it.

    `counsellors` work with the client for that organisation now. `foreign_sequence` is the latest event of
    another organisation that it sees (0: none). `hidden` are the kinds of which it sees no step (labels and
    non-cooperation, for other partners), `shown` the threads of those kinds in which it takes part after all.
    """

    dossier_id: UUID
    organisation: str
    counsellors: tuple[str, ...]
    entered: int
    version: int
    foreign_sequence: int
    card: DossierCard | None
    """None only in a stored row that cannot be read."""
    hidden: tuple[str, ...] = ()
    shown: tuple[UUID, ...] = ()
    closed: bool = False

    @property
    def concerns(self) -> tuple[str, ...]:
        """Whose news it brings; the whole organisation's only where nobody works with the client."""
        return self.counsellors or ("",)


class ThreadRow(Struct, frozen=True, kw_only=True):
    """An open thread as one of its sides follows it, in the inbox of `counsellor_id` ("": nobody's).

    Whoever has it may be a team, written as `team_token`. `also` is in whose inboxes it is besides.
    """

    dossier_id: UUID
    organisation: str
    thread_id: UUID
    your_turn: bool
    counsellor_id: str
    due_at: datetime | None
    since: datetime
    card: ThreadCard | None
    """None only in a stored row that cannot be read."""
    also: tuple[str, ...] = ()

    @property
    def concerns(self) -> tuple[str, ...]:
        """In whose inboxes it is; "": in everybody's of the organisation."""
        return (self.counsellor_id, *self.also)


class WakeRow(Struct, frozen=True, kw_only=True):
    """When time itself next changes something in a dossier; no row while it waits for people only."""

    dossier_id: UUID
    at: datetime

    organisation = ""
    concerns = ()
    """Nobody's inbox changes by it."""


Row = DossierRow | ThreadRow | WakeRow
Key = tuple[str, UUID | None]
"""Which row of a dossier: the organisation, and the thread or None for the dossier itself; WAKE for its waking."""
WAKE: Key = ("", None)


def team_token(organisation: str, team: str) -> str:
    """Give how a team is written where a counsellor could stand: no counsellor's id has a slash."""
    return f"{organisation}/{team}"


def rows(dossier: Dossier) -> dict[Key, Row]:
    """Give every row that the inbox must hold: for each organisation with an active inscription; and its waking."""
    client = Client(given_name=dossier.given_name, family_name=dossier.family_name)
    open_threads = dossier.open_threads
    found: dict[Key, Row] = {}
    for inscription in dossier.inscriptions:
        if not inscription.active:
            continue
        own = inscription.organisation
        mine = [_thread_row(dossier, thread, own, client) for thread in open_threads if _concerns(thread, own)]
        found[own, None] = _dossier_row(dossier, inscription, mine, client)
        found.update(((own, row.thread_id), row) for row in mine)
    moment = next_moment(dossier)
    if moment:
        found[WAKE] = WakeRow(dossier_id=dossier.dossier_id, at=moment)
    return found


def _dossier_row(dossier: Dossier, inscription: Inscription, threads: list[ThreadRow], client: Client) -> DossierRow:
    own = inscription.organisation
    is_partner = inscription.kind is OrganisationKind.PARTNER
    takes_part = tuple(
        thread.thread_id
        for thread in (dossier.threads.values() if is_partner else ())
        if KIND[thread.kind].restricted and thread.part_of(own)
    )
    seen_authors = [dossier.last_by] if is_partner and not takes_part else [dossier.last_by, dossier.last_restricted_by]
    foreign = max((n for last in seen_authors for author, n in last.items() if author != own), default=0)
    your_turn = sum(row.your_turn for row in threads)
    return DossierRow(
        dossier_id=dossier.dossier_id,
        organisation=own,
        counsellors=tuple(c.counsellor for c in dossier.contacts if c.organisation == own and c.until is None),
        entered=inscription.entered,
        version=dossier.version,
        foreign_sequence=foreign if foreign >= inscription.entered else 0,
        card=DossierCard(
            client=client,
            target_group=dossier.target_group,
            lead=dossier.lead,
            inscription=inscription,
            your_turn=your_turn,
            their_turn=len(threads) - your_turn,
            closed=dossier.closed,
            priority_line=dossier.priority_line,
            mandates=dossier.mandates_for(own),
        ),
        hidden=RESTRICTED if is_partner else (),
        shown=takes_part,
        closed=dossier.closed,
    )


def _thread_row(dossier: Dossier, thread: Thread, own: str, client: Client) -> ThreadRow:
    turn = thread.turn
    your_turn = turn is not None and turn.organisation == own
    part = thread.part_of(own)
    in_turn = turn if turn and your_turn else None
    # A team has the turn until someone in it takes the thread up: then nobody's name may hide that.
    team = in_turn.team if in_turn else ""
    whose = (in_turn.counsellor if in_turn else "") or (part.counsellor if part else "")
    counsellor = team_token(own, team) if team else whose or dossier.counsellor_of(own)
    told = [team_token(own, p.team) if p.team else p.counsellor for p in thread.escalated if p.organisation == own]
    return ThreadRow(
        dossier_id=dossier.dossier_id,
        organisation=own,
        thread_id=thread.thread_id,
        your_turn=your_turn,
        counsellor_id=counsellor,
        due_at=thread.due_at,
        since=thread.since,
        card=ThreadCard(
            client=client,
            target_group=dossier.target_group,
            priority_line=dossier.priority_line,
            steps=onward(dossier, thread, own) if your_turn else (),
            assessor=thread.assessor,
            kind=thread.kind,
            status=thread.status,
            last_type=thread.last_type,
            opened_at=thread.opened_at,
            topic=thread.topic,
            due_rule=thread.due_rule,
            purpose=thread.purpose,
            outcome=thread.outcome,
            review_on=thread.review_on,
            turn=turn,
            other=_other(thread, own),
            stage=thread.stage,
            rung=thread.rung,
            revolving_door=thread.revolving_door,
        ),
        also=tuple(dict.fromkeys(name for name in told if name and name != counsellor)),
    )


RESTRICTED = tuple(kind.name for kind in KINDS if kind.restricted)


def _concerns(thread: Thread, own: str) -> bool:
    told = any(party.organisation == own for party in thread.escalated)
    return thread.part_of(own) is not None or told or (thread.turn is not None and thread.turn.organisation == own)


def _other(thread: Thread, own: str) -> Party | None:
    """The other side; before it named someone, whoever has the turn there can be called."""
    other = thread.receiver if thread.sender.organisation == own else thread.sender
    if other and not other.counsellor and thread.turn and thread.turn.organisation == other.organisation:
        return thread.turn
    return other
