"""The inbox on a screen: each item one plain sentence, what is expected, until when, whom to call."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from markupsafe import Markup

from handover.domain.codes import Purpose
from handover.inbox.cards import Client
from handover.inbox.views import Group, InboxItem
from handover.web.ui.fields import shapes_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach

_SHOWN_STEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A thread that waits for us or for the other side."""

    key: str
    href: str
    said: Markup
    expected: Markup
    due: str
    near: str
    late: str
    since: str
    reach: Reach | None
    whose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What others did in one dossier since it was last looked at, newest first."""

    key: str
    href: str
    client: str
    dossier_id: UUID
    upto: int
    steps: tuple[tuple[Markup, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The three groups as they are shown."""

    your_turn: tuple[Waiting, ...]
    their_turn: tuple[Waiting, ...]
    news: tuple[News, ...]


class _About(msgspec.Struct):
    organisation: str = ""


class _Body(msgspec.Struct):
    data: _About


_about = msgspec.json.Decoder(_Body).decode


def shown(page: Page, items: Sequence[InboxItem], *, team: bool) -> Shown:
    """Give the groups; a step that an open turn already tells is not told again as news."""
    yours = [item for item in items if item.group is Group.YOUR_TURN]
    told = {(item.thread_id, item.type) for item in yours}
    news = [
        item
        for item in items
        if item.group is Group.NEWS and (item.thread_id, item.type) not in told and not _is_own_arrival(page, item)
    ]
    return Shown(
        tuple(_waiting(page, item, "yours", team=team) for item in yours),
        tuple(_waiting(page, item, "theirs", team=team) for item in items if item.group is Group.THEIR_TURN),
        _news(page, news),
    )


def _is_own_arrival(page: Page, item: InboxItem) -> bool:
    """That a referral brought us into the dossier is no news beside the referral itself."""
    if item.type != "dossier.inscriptionOpened" or item.body is None:
        return False
    return _about(item.body).data.organisation == page.own


def process_of(kind: str, topic: str) -> str:
    """Give the word for a process: its topic where a kind holds several."""
    return topic or kind


def sentence_keys(side: str, item: InboxItem) -> tuple[str, str]:
    """Give the two keys to try: of the latest step, then of the state."""
    process = process_of(item.kind, item.topic)
    return f"{side}.{process}.{item.type.partition('.')[2]}", f"{side}.{process}.{item.status}"


def _waiting(page: Page, item: InboxItem, side: str, *, team: bool) -> Waiting:
    t, dates = page.t, page.dates
    other = page.people.organisation(item.other.organisation) if item.other else ""
    keys = sentence_keys(side, item)
    said = t.first(*(f"{k}.said" for k in keys), client=client_link(item.dossier_id, item.client), other=other)
    expected = t.first(*(f"{k}.expected" for k in keys), other=other)
    detail = _detail(page, item)
    waits_for = item.turn if side == "theirs" else None
    return Waiting(
        key=f"w-{item.thread_id}",
        href=f"/dossiers/{item.dossier_id}#t-{item.thread_id}",
        said=Markup("{} {}").format(said, detail) if detail else said,  # noqa: S704 - joins what is escaped
        expected=expected,
        due=dates.due(item.due_at),
        near=dates.near(item.due_at) if item.due_at and not item.overdue else "",
        late=dates.late(item.due_at) if item.due_at and item.overdue else "",
        since=_since(page, item, side),
        reach=page.people.reach(waits_for) if waits_for else None,
        whose=_whose(page, item) if team and side == "yours" else "",
    )


def _since(page: Page, item: InboxItem, side: str) -> str:
    t, dates = page.t, page.dates
    if side == "theirs":
        return t("inbox.waits_since", day=dates.day_of(item.since), age=dates.age(item.since))
    return t("inbox.open_since", day=dates.day_of(item.opened_at or item.since))


def _whose(page: Page, item: InboxItem) -> str:
    if item.turn and item.turn.counsellor:
        return page.t("inbox.for", counsellor=page.people.counsellor(item.turn.counsellor))
    return page.t("inbox.nobody_named")


def _detail(page: Page, item: InboxItem) -> str:
    """Give the reason where there is one, else the purpose of a referral that is to be answered."""
    if item.outcome:
        codes = [code for shape in shapes_of(item.type) for code in shape.codes if str(code) == item.outcome]
        return page.t("inbox.reason", reason=page.t.code(codes[0])) if codes else ""
    if item.purpose and item.status in {"requested", "received"}:
        return page.t("inbox.purpose", purpose=page.t.code(Purpose.of(item.purpose)))
    return ""


def _news(page: Page, items: Sequence[InboxItem]) -> tuple[News, ...]:
    by_dossier: dict[UUID, list[InboxItem]] = {}
    for item in items:
        by_dossier.setdefault(item.dossier_id, []).append(item)
    return tuple(_of_dossier(page, found) for found in by_dossier.values())


def _of_dossier(page: Page, items: list[InboxItem]) -> News:
    first = items[0]
    steps = tuple((_news_sentence(page, item), page.dates.moment(item.since)) for item in items[:_SHOWN_STEPS])
    return News(
        key=f"n-{first.dossier_id}",
        href=f"/dossiers/{first.dossier_id}",
        client=name_of(first.client),
        dossier_id=first.dossier_id,
        upto=max(item.sequence or 0 for item in items),
        steps=steps,
        more=len(items) - len(steps),
    )


def _news_sentence(page: Page, item: InboxItem) -> Markup:
    who = page.people.organisation(item.other.organisation) if item.other else ""
    client = Markup("<strong>{}</strong>").format(name_of(item.client))
    return page.t(f"event.{item.type}.news", who=who, client=client)


def name_of(client: Client) -> str:
    """Give the client's name."""
    return f"{client.given_name} {client.family_name}"


def client_link(dossier_id: UUID, client: Client) -> Markup:
    """Give the client's name as the way into the dossier."""
    return Markup('<a class="client" href="/dossiers/{}">{}</a>').format(dossier_id, name_of(client))
