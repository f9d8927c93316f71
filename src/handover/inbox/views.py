"""What the inbox answers: the three groups of one counsellor or team, and what was seen."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import asyncpg
import msgspec

from handover.domain.codes import TargetGroup
from handover.domain.dossier import Inscription, Mandate
from handover.domain.parties import Actor, Party
from handover.domain.threads import Status, Thread
from handover.inbox import queries
from handover.inbox.cards import Client, DossierCard, team_token
from handover.inbox.live import dossier_card, thread_card
from handover.platform.walls import Database
from handover.record.sealing import DossierKey, Sealer


class Group(StrEnum):
    """Where an item stands (design: "The inbox")."""

    YOUR_TURN = "yourTurn"
    """The caller's organisation must act; soonest due first, what has no due moment last."""
    THEIR_TURN = "theirTurn"
    """The other side must act; longest waiting first."""
    NEWS = "news"
    """A step of another organisation that the caller has not seen; newest first."""


class InboxItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One line of the inbox: a thread that waits for someone, or an event to take note of.

    `since` is when the thread last moved, or when the event was recorded. `other` is whom to call: for news
    the author. `sequence`, `event_id`, `body` and `inscription` are there for news only.
    """

    group: Group
    dossier_id: UUID
    client: Client
    kind: str
    type: str
    since: datetime
    thread_id: UUID | None = None
    topic: str = ""
    status: Status | None = None
    purpose: str = ""
    outcome: str = ""
    opened_at: datetime | None = None
    due_at: datetime | None = None
    due_rule: str = ""
    overdue: bool = False
    turn: Party | None = None
    other: Party | None = None
    event_id: UUID | None = None
    sequence: int | None = None
    stage: str = ""
    rung: int = 0
    """How far up the ladder an overdue turn is."""
    revolving_door: bool = False
    target_group: TargetGroup | None = None
    priority_line: bool = False
    steps: tuple[str, ...] = ()
    """By which steps it is moved on, the usual one first; empty while it is not the caller's organisation's turn."""
    assessor: str = ""
    body: bytes | None = None
    """The event with all its fields: `visibility.Reader` of `inscription` and `mandates` says which the caller sees."""
    inscription: Inscription | None = None
    """The caller's own."""
    mandates: tuple[Mandate, ...] = ()


SOON = timedelta(days=30)
"""What is due later than that is no work for this morning."""


class Line:
    """One line as the query gives it. Its card is opened when it is first looked at: a page shows few of many."""

    __slots__ = ("_at", "_cards", "_item", "_organisation", "_row", "_sealer", "dossier_id", "due_at", "group")

    def __init__(
        self, row: asyncpg.Record, sealer: Sealer, organisation: str, at: datetime, cards: dict[UUID, DossierCard]
    ) -> None:
        self._row, self._sealer, self._organisation, self._at, self._cards = row, sealer, organisation, at, cards
        self._item: InboxItem | None = None
        self.group = _GROUPS[row["group"]]
        self.dossier_id: UUID = row["dossier_id"]
        self.due_at: datetime | None = row["due_at"]

    @property
    def thread_id(self) -> UUID | None:
        """The thread that waits, or that a step belongs to."""
        found: UUID | None = self._row["thread_id"]
        return found

    @property
    def event_type(self) -> str:
        """Of news, what happened; "" of what waits."""
        return self._row["type"] or ""

    @property
    def overdue(self) -> bool:
        """Whether its due moment has passed."""
        return self.due_at is not None and self.due_at < self._at

    @property
    def is_later(self) -> bool:
        """Whether it is the caller's turn and can wait: due in more than a month."""
        return self.group is Group.YOUR_TURN and self.due_at is not None and self.due_at > self._at + SOON

    @property
    def item(self) -> InboxItem:
        """All of it. Raises sealing.Unreadable, or msgspec.DecodeError when it is no card."""
        if self._item is None:
            key = self._sealer.dossier(self.dossier_id, self._row["keys"])
            if self.group is Group.NEWS:
                self._item = _news(self._row, key, self._organisation, self._cards)
            else:
                self._item = _waiting(self._row, key, self._organisation, self._at)
        return self._item


class _Step(msgspec.Struct, frozen=True, rename="camel"):
    """As much of an event as an item needs; its data may be of a newer version than this program."""

    actor: Actor
    threads: tuple[Thread, ...] = ()


_GROUPS = {str(group): group for group in Group}
_PLACE = {str(group): place for place, group in enumerate(Group)}
_step = msgspec.json.Decoder(_Step).decode


class Inbox:
    """The read side of the inbox."""

    def __init__(self, pool: Database, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def items(
        self,
        organisation: str,
        counsellor_id: str | None,
        *,
        at: datetime,
        limit: int = 100,
        team: bool = False,
        works_in: str = "",
        members: Sequence[str] = (),
    ) -> list[InboxItem]:
        """Give the items of `lines`, all of them opened."""
        found = await self.lines(
            organisation, counsellor_id, at=at, limit=limit, team=team, works_in=works_in, members=members
        )
        return [line.item for line in found]

    async def lines(
        self,
        organisation: str,
        counsellor_id: str | None,
        *,
        at: datetime,
        limit: int = 100,
        team: bool = False,
        works_in: str = "",
        members: Sequence[str] = (),
    ) -> list[Line]:
        """Give the lines of a counsellor; with `team`, or without counsellor, those of the organisation.

        At most `limit` of each group, the groups in the order of `Group`. A counsellor also gets the turns
        that are nobody's, those of the team that they work in, and what the ladder told them. With `members`
        those of these people together, and of the team. News of more than one person reaches back over the
        organisation's latest 1,000 feed entries.
        """
        token = team_token(organisation, works_in) if works_in else queries.NO_TEAM
        asked = (organisation, counsellor_id or "", limit)
        if team or counsellor_id is None:
            rows = await self._pool.fetch(queries.OF_ORGANISATION, *asked)
        elif members:
            rows = await self._pool.fetch(queries.OF_TEAM, *asked, [*members, token])
        else:
            rows = await self._pool.fetch(queries.OF_COUNSELLOR, *asked, token)
        # Each group comes in its order; which group comes first is not promised by UNION ALL.
        rows.sort(key=lambda row: _PLACE[row["group"]])
        cards: dict[UUID, DossierCard] = {}
        return [Line(row, self._sealer, organisation, at, cards) for row in rows]

    async def named(
        self, organisation: str, counsellors: Sequence[str] | None, words: Sequence[str], *, among: int, limit: int
    ) -> list[tuple[UUID, DossierCard]]:
        """Give the dossiers whose client's names begin with these words, of these counsellors or (None) of all.

        Names are stored sealed and no index of them is kept: at most `among` dossiers are opened and looked through.
        """
        if counsellors is None:
            rows = await self._pool.fetch(queries.CARDS_OF_ORGANISATION, organisation, among)
        else:
            rows = await self._pool.fetch(queries.CARDS_OF_NAMES, organisation, list(counsellors), among)
        wanted = [plain_name(word) for word in words]
        found = []
        for row in rows:
            card = dossier_card(self._sealer.dossier(row["dossier_id"], row["keys"]), organisation, row["card"])
            if _is_named(card.client, wanted):
                found.append((UUID(int=row["dossier_id"].int), card))
        found.sort(key=lambda one: (plain_name(one[1].client.family_name), plain_name(one[1].client.given_name)))
        return found[:limit]

    async def seen(self, organisation: str, counsellor_id: str | None, seen: Sequence[tuple[UUID, int]]) -> None:
        """Note up to which sequence dossiers were seen; it never goes back, nor beyond what there is.

        A dossier that the organisation is not in is passed over without a word.
        """
        await self._pool.execute(
            queries.SEEN,
            organisation,
            counsellor_id or "",
            [dossier_id for dossier_id, _ in seen],
            [sequence for _, sequence in seen],
        )

    async def unseen_counts(
        self, organisation: str, counsellor_id: str | None, dossier_ids: Sequence[UUID] | None = None
    ) -> dict[UUID, int]:
        """Give how many steps of others are unseen: in these dossiers, or in those of the counsellor.

        Dossiers without any are left out.
        """
        if dossier_ids is None:
            rows = await self._pool.fetch(queries.UNSEEN_OF_COUNSELLOR, organisation, counsellor_id or "")
        else:
            rows = await self._pool.fetch(
                queries.UNSEEN_OF_DOSSIERS, organisation, counsellor_id or "", list(dossier_ids)
            )
        return {row["dossier_id"]: row["unseen"] for row in rows if row["unseen"]}


def plain_name(text: str) -> str:
    """Give a name as it is compared: without accents, case, or what stands between its parts."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter))


def _is_named(client: Client, wanted: Sequence[str]) -> bool:
    parts = plain_name(f"{client.given_name} {client.family_name}").split()
    return all(any(part.startswith(word) for part in parts) for text in wanted for word in text.split())


def _waiting(row: asyncpg.Record, key: DossierKey, organisation: str, at: datetime) -> InboxItem:
    card = thread_card(key, organisation, row["thread_id"], row["card"])
    due_at = row["due_at"]
    return InboxItem(
        group=_GROUPS[row["group"]],
        dossier_id=row["dossier_id"],
        client=card.client,
        kind=card.kind,
        type=card.last_type,
        since=row["since"],
        thread_id=row["thread_id"],
        topic=card.topic,
        status=card.status,
        purpose=card.purpose,
        outcome=card.outcome,
        opened_at=card.opened_at,
        due_at=due_at,
        due_rule=card.due_rule,
        overdue=due_at is not None and due_at < at,
        turn=card.turn,
        other=card.other,
        stage=card.stage,
        rung=card.rung,
        revolving_door=card.revolving_door,
        target_group=card.target_group,
        priority_line=card.priority_line,
        steps=card.steps,
        assessor=card.assessor,
    )


def _news(row: asyncpg.Record, key: DossierKey, organisation: str, cards: dict[UUID, DossierCard]) -> InboxItem:
    """`cards` keeps those of dossiers that had news already."""
    dossier_id = row["dossier_id"]
    card = cards.get(dossier_id)
    if card is None:
        card = cards[dossier_id] = dossier_card(key, organisation, row["card"])
    body = key.open_event(row["sequence"], row["body"])
    step = _step(body)
    thread = next((t for t in step.threads if t.thread_id == row["thread_id"]), None)
    return InboxItem(
        group=Group.NEWS,
        dossier_id=dossier_id,
        client=card.client,
        kind=row["type"].partition(".")[0],
        type=row["type"],
        since=row["since"],
        thread_id=row["thread_id"],
        topic=thread.topic if thread else "",
        status=thread.status if thread else None,
        purpose=thread.purpose if thread else "",
        outcome=thread.outcome if thread else "",
        other=Party(organisation=row["author"], counsellor=step.actor.counsellor_id),
        event_id=row["event_id"],
        sequence=row["sequence"],
        target_group=card.target_group,
        priority_line=card.priority_line,
        body=body,
        inscription=card.inscription,
        mandates=card.mandates,
    )
