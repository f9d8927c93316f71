"""The inbox on a screen: each item one plain sentence, what is expected, until when, whom to call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
from markupsafe import Markup, escape

from handover.domain.deadlines import local_day
from handover.domain.passing import LADDER
from handover.inbox.cards import Client
from handover.inbox.views import Group, InboxItem, Line
from handover.web.ui.fields import shapes_of, subject_of
from handover.web.ui.inbox_filter import Wanted, Whose
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach

_SHOWN_STEPS = 3
_SHOWN_CLIENTS = 15
"""Clients of a group on a page; more at a click, so that the page stays light and can be taken in."""
_SHOWN_ACTIONS = 2
_ASKED = {"requested", "received"}


@dataclass(frozen=True, slots=True)
class Action:
    """A step that may be taken now."""

    event_type: str
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A thread that waits for us or for the other side."""

    key: str
    said: Markup
    expected: Markup
    due: str
    near: str
    late: str
    since: str
    reach: Reach | None
    whose: str
    notes: tuple[str, ...]
    """What else there is to know: whom the ladder told, that the client came back."""
    actions: tuple[Action, ...]
    """The usual next steps, taken in place."""
    further: str
    """Where the other steps of the thread are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What waits for one client: mostly one thread, sometimes several, the first due first."""

    key: str
    client: str
    address: str
    items: tuple[Waiting, ...]

    @property
    def is_late(self) -> bool:
        """Whether something of it is overdue."""
        return any(item.late for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What others did in one dossier since it was last looked at, newest first."""

    key: str
    client: str
    dossier_id: UUID
    upto: int
    steps: tuple[tuple[Markup, str], ...]
    more: int


Entry = TypeVar("Entry", Case, News)


@dataclass(frozen=True, slots=True)
class Part(Generic[Entry]):
    """A group as far as it is shown. `total` counts threads that wait, or dossiers with news."""

    shown: tuple[Entry, ...]
    total: int
    hidden: int
    """How many clients more there are."""
    capped: bool = False
    """Whether there may be more than were asked for: then `total` is a least."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The three groups as they are shown."""

    your_turn: Part[Case]
    later: Part[Case]
    """Our turn too, but not for this morning."""
    their_turn: Part[Case]
    news: Part[News]
    items: tuple[InboxItem, ...]
    """Those that stand on the page: what the access log notes."""


class _Data(msgspec.Struct):
    organisation: str = ""


class _Body(msgspec.Struct):
    data: _Data


_body = msgspec.json.Decoder(_Body).decode
_COMES_AND_GOES = {"dossier.inscriptionOpened", "dossier.inscriptionClosed"}
"""That a referral brings an organisation in or out is no news beside the referral itself."""


def _about(body: bytes | None) -> str:
    """Give the organisation that a step is about, where its data names one (field class `step`)."""
    return _body(body).data.organisation if body else ""


def shown(page: Page, lines: Sequence[Line], wanted: Wanted, *, limit: int) -> Shown:
    """Give the groups; a step that an open turn already tells is not told again as news.

    `limit` is how many of each group were asked for. What is not shown is not opened.
    """
    of = {group: [line for line in lines if line.group is group] for group in Group}
    mine, others = wanted.among(of[Group.YOUR_TURN]), wanted.among(of[Group.THEIR_TURN])
    now = [line for line in mine if not line.is_later]
    later = [line for line in mine if line.is_later]
    cases = {
        "yours": _first(now, wanted.whole is Group.YOUR_TURN),
        "later": _first(later, wanted.later) if wanted.later else ([], len({line.dossier_id for line in later})),
        "theirs": _first(others, wanted.whole is Group.THEIR_TURN),
    }
    ours: dict[UUID, list[Line]] = {}
    for line in of[Group.YOUR_TURN]:
        ours.setdefault(line.dossier_id, []).append(line)
    news = [line for line in of[Group.NEWS] if not _is_told(page, line, ours.get(line.dossier_id, ()))]
    new, new_hidden = _first(wanted.among(news), wanted.whole is Group.NEWS)

    def part(name: str, side: str, group: Group, total: int) -> Part[Case]:
        found, hidden = cases[name]
        shown = tuple(_case(page, case, side, wanted) for case in found)
        return Part(shown, total, hidden, capped=len(of[group]) >= limit)

    return Shown(
        part("yours", "yours", Group.YOUR_TURN, len(now)),
        part("later", "yours", Group.YOUR_TURN, len(later)),
        part("theirs", "theirs", Group.THEIR_TURN, len(others)),
        Part(
            tuple(_of_dossier(page, case) for case in new),
            len(new) + new_hidden,
            new_hidden,
            capped=len(of[Group.NEWS]) >= limit,
        ),
        tuple(item for found in (*(found for found, _ in cases.values()), new) for case in found for item in case),
    )


def _is_told(page: Page, news: Line, ours: Sequence[Line]) -> bool:
    """Tell whether a turn of ours in the same dossier says this already, or whether it is about ourselves."""
    if news.event_type not in _COMES_AND_GOES:
        return any(line.thread_id == news.thread_id and line.item.type == news.event_type for line in ours)
    return bool(ours and news.thread_id is None) or _about(news.item.body) == page.own


def _first(lines: Sequence[Line], whole: bool) -> tuple[list[list[InboxItem]], int]:  # noqa: FBT001 - two kinds of page
    """Give what is shown by client, as many clients as fit, and how many do not."""
    by_dossier: dict[UUID, list[Line]] = {}
    for line in lines:
        by_dossier.setdefault(line.dossier_id, []).append(line)
    cases = list(by_dossier.values())
    most = len(cases) if whole else _SHOWN_CLIENTS
    return [[line.item for line in case] for case in cases[:most]], max(len(cases) - most, 0)


def _case(page: Page, items: list[InboxItem], side: str, wanted: Wanted) -> Case:
    first = items[0]
    return Case(
        key=f"{side}-{first.thread_id}",
        client=name_of(first.client),
        address=f"/dossiers/{first.dossier_id}",
        items=tuple(_waiting(page, item, side, wanted) for item in items),
    )


def process_of(kind: str, topic: str) -> str:
    """Give the word for a process: its topic where a kind holds several."""
    return topic or kind


def sentence_keys(side: str, item: InboxItem) -> tuple[str, ...]:
    """Give the keys to try: of the latest step, of the last that moved the thread on, then of the state."""
    process = process_of(item.kind, item.topic)
    return tuple(f"{side}.{process}.{name}" for name in (item.type.partition(".")[2], item.stage, item.status))


def _waiting(page: Page, item: InboxItem, side: str, wanted: Wanted) -> Waiting:
    t, dates = page.t, page.dates
    other = page.people.organisation(item.other.organisation) if item.other else ""
    keys = sentence_keys(side, item)
    said = t.first(*(f"{k}.said" for k in keys), client=client_link(item), other=other)
    expected = t.first(*(f"{k}.expected" for k in keys), other=other)
    detail = _detail(page, item)
    waits_for = item.turn if side == "theirs" else None
    return Waiting(
        key=f"w-{item.thread_id}",
        said=Markup("{} {}").format(said, detail) if detail else said,
        expected=expected,
        due=dates.due(item.due_at),
        near=dates.near(item.due_at) if item.due_at and not item.overdue else "",
        late=dates.late(item.due_at) if item.due_at and item.overdue else "",
        since=_since(page, item, side),
        notes=tuple(_notes(page, item)),
        reach=page.people.reach(waits_for) if waits_for else None,
        whose=_whose(page, item) if wanted.whose is not Whose.MINE and side == "yours" else "",
        actions=_actions(page, item),
        further=f"/dossiers/{item.dossier_id}#t-{item.thread_id}",
    )


def _actions(page: Page, item: InboxItem) -> tuple[Action, ...]:
    """Give the steps that a person takes most; whoever was the first pair of eyes is not the second."""
    if page.caller.counsellor_id in {item.assessor, ""} or "dossier:write" not in page.caller.scopes:
        return ()
    address = f"/dossiers/{item.dossier_id}/steps/{{}}?thread={item.thread_id}"
    return tuple(Action(step, page.t.event(step, "do"), address.format(step)) for step in item.steps[:_SHOWN_ACTIONS])


def _since(page: Page, item: InboxItem, side: str) -> str:
    t, dates = page.t, page.dates
    if side == "theirs":
        return t("inbox.waits_since", day=dates.day_of(item.since), age=dates.age(item.since))
    opened = item.opened_at or item.since
    if local_day(opened) == dates.today:
        return t("inbox.open_since", day=dates.day_of(opened))
    return t("inbox.age", day=dates.day_of(opened), age=dates.age(opened))


def _notes(page: Page, item: InboxItem) -> Iterator[str]:
    if item.rung:
        yield page.t(f"inbox.escalated_{LADDER[item.rung - 1][0]}")
    if item.revolving_door:
        yield page.t("inbox.revolving_door")


def _whose(page: Page, item: InboxItem) -> str:
    if item.turn and item.turn.counsellor:
        return page.t("inbox.for", counsellor=page.people.counsellor(item.turn.counsellor))
    return page.t("inbox.nobody_named")


def _detail(page: Page, item: InboxItem) -> str:
    """Give the reason where there is one, else the purpose of a referral that is to be answered."""
    if item.outcome:
        codes = [code for shape in shapes_of(item.type) for code in shape.codes if str(code) == item.outcome]
        return page.t("inbox.reason", reason=page.t.code(codes[0])) if codes else ""
    subject = subject_of(item.kind, item.topic, item.purpose) if item.status in _ASKED else None
    key = "inbox.purpose" if item.kind == "handover" else "inbox.about"
    return page.t(key, purpose=page.t.code(subject)) if subject else ""


def _of_dossier(page: Page, items: list[InboxItem]) -> News:
    first = items[0]
    # Said once, with its latest moment: that three dates passed is no three times news.
    told = {_news_sentence(page, item, linked=False): item for item in reversed(items)}
    distinct = list(reversed(told.values()))[:_SHOWN_STEPS]
    steps = tuple(
        (_news_sentence(page, item, linked=number == 0), page.dates.moment(item.since))
        for number, item in enumerate(distinct)
    )
    return News(
        key=f"n-{first.dossier_id}",
        client=name_of(first.client),
        dossier_id=first.dossier_id,
        upto=max(item.sequence or 0 for item in items),
        steps=steps,
        more=len(told) - len(steps),
    )


def _news_sentence(page: Page, item: InboxItem, *, linked: bool) -> Markup:
    who = page.people.organisation(item.other.organisation) if item.other else ""
    client = client_link(item) if linked else name_of(item.client)
    about = page.people.organisation(_about(item.body)) if item.type in _COMES_AND_GOES else ""
    return page.t.event(item.type, "news", who=who, client=client, about=about)


def name_of(client: Client) -> str:
    """Give the client's name."""
    return f"{client.given_name} {client.family_name}"


def client_link(item: InboxItem) -> Markup:
    """Give the client's name as the way into the dossier, to the thread that waits where one does."""
    place = f"#t-{item.thread_id}" if item.group is not Group.NEWS else ""
    key = f"c-{item.thread_id or item.dossier_id}" if place else f"c-{item.dossier_id}"
    name = escape(name_of(item.client))
    # Not by Markup.format, which took a tenth of the page; ids are our own, and the name is escaped.
    return Markup(f'<a class="client" id="{key}" href="/dossiers/{item.dossier_id}{place}">{name}</a>')  # noqa: S704
