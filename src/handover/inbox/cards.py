"""What the inbox says about a dossier: rows computed from its state alone, so that a replay changes nothing.

A card holds only what everyone with an active inscription may see (field class `step`, design: "Who sees
what"): texts and plans are read from the events, where visibility is decided.
"""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from handover.domain.codes import TargetGroup
from handover.domain.dossier import Dossier, Inscription, Lead
from handover.domain.parties import Party
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


class ThreadCard(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An open thread in one organisation's inbox. `other` is whom to call, where there is another side."""

    client: Client
    kind: str
    status: Status
    last_type: str
    opened_at: datetime
    topic: str = ""
    due_rule: str = ""
    purpose: str = ""
    outcome: str = ""
    review_on: date | None = None
    turn: Party | None = None
    other: Party | None = None


class DossierRow(Struct, frozen=True, kw_only=True):
    """A dossier as one organisation follows it.

    `counsellors` work with the client for that organisation now. `foreign_sequence` is the latest event of
    another organisation that it sees (0: none).
    """

    dossier_id: UUID
    organisation: str
    counsellors: tuple[str, ...]
    entered: int
    version: int
    foreign_sequence: int
    card: DossierCard | None
    """None only in a stored row that cannot be read."""


class ThreadRow(Struct, frozen=True, kw_only=True):
    """An open thread as one of its sides follows it, in the inbox of `counsellor_id` ("": nobody's)."""

    dossier_id: UUID
    organisation: str
    thread_id: UUID
    your_turn: bool
    counsellor_id: str
    due_at: datetime | None
    since: datetime
    card: ThreadCard | None
    """None only in a stored row that cannot be read."""


Row = DossierRow | ThreadRow
Key = tuple[str, UUID | None]
"""Which row of a dossier: the organisation, and the thread or None for the dossier itself."""


def rows(dossier: Dossier) -> dict[Key, Row]:
    """Give every row that the inbox must hold: for each organisation with an active inscription."""
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
    return found


def _dossier_row(dossier: Dossier, inscription: Inscription, threads: list[ThreadRow], client: Client) -> DossierRow:
    own = inscription.organisation
    foreign = max((sequence for author, sequence in dossier.last_by.items() if author != own), default=0)
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
        ),
    )


def _thread_row(dossier: Dossier, thread: Thread, own: str, client: Client) -> ThreadRow:
    turn = thread.turn
    your_turn = turn is not None and turn.organisation == own
    side = thread.side_of(own)
    in_turn = turn.counsellor if turn and your_turn else ""
    return ThreadRow(
        dossier_id=dossier.dossier_id,
        organisation=own,
        thread_id=thread.thread_id,
        your_turn=your_turn,
        counsellor_id=(side.counsellor if side else "") or in_turn or dossier.counsellor_of(own),
        due_at=thread.due_at,
        since=thread.since,
        card=ThreadCard(
            client=client,
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
        ),
    )


def _concerns(thread: Thread, own: str) -> bool:
    return thread.side_of(own) is not None or (thread.turn is not None and thread.turn.organisation == own)


def _other(thread: Thread, own: str) -> Party | None:
    """The other side; before it named someone, whoever has the turn there can be called."""
    other = thread.receiver if thread.sender.organisation == own else thread.sender
    if other and not other.counsellor and thread.turn and thread.turn.organisation == other.organisation:
        return thread.turn
    return other
