"""What others did in the dossiers of who asks, as a table: by the rules of the timeline, and nothing confidential."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final
from uuid import UUID

from handover.access.guard import Grant
from handover.adapters.files.writing import Table
from handover.domain.deadlines import BRUSSELS
from handover.domain.dossier import Dossier
from handover.domain.fields import Visibility
from handover.domain.policy import Action
from handover.domain.visibility import Reader
from handover.record import codec
from handover.record.reading import FeedItem
from handover.web.ui.header import client_name
from handover.web.ui.pages import Page
from handover.web.ui.values import about, lines_of

MOST: Final = 5_000
_WITHHELD: Final = frozenset({Visibility.CONFIDENTIAL})
_TITLES: Final = ("when", "client", "born", "organisation", "who", "process", "step", "text")


async def steps_since(page: Page, since: date) -> Table:
    """Give the steps of others since a day, newest first, `MOST` at most; each dossier is noted in the access log."""
    began = datetime.combine(since, time(0), BRUSSELS)
    rows, shown = list[Sequence[str]](), dict[UUID, Grant]()
    async for items in page.services.reader.recent(page.own, since=began):
        # Page by page: the most is of what this reader may read, and not of what the organisation gets.
        dossiers = {item.dossier_id: item.dossier for item in items}
        grants = await page.services.guard.each(page.visit, Action.READ_TIMELINE, list(dossiers.values()))
        granted = {grant.dossier.dossier_id: grant for grant in grants if grant}
        for item in items:
            grant = granted.get(item.dossier_id)
            row = _row(page, grant, item) if grant else None
            if grant and row and len(rows) < MOST:
                rows.append(row)
                shown[item.dossier_id] = grant
        if len(rows) >= MOST:
            break
    await page.services.guard.noted(page.visit, Action.READ_TIMELINE, shown.values())
    titles = [str(page.t(f"files.export_{name}")) for name in _TITLES]
    return Table(str(page.t("files.steps")), titles, rows)


def _row(page: Page, grant: Grant, item: FeedItem) -> Sequence[str] | None:
    """Give the row of one step; None where it may not be seen."""
    if not item.body:
        return None
    dossier: Dossier = grant.dossier
    event = codec.decode_event(item.body)
    place = dossier.place_to_see(page.own, event.sequence, event.type, event.thread_id)
    if place is None:
        return None
    reader = Reader.of(dossier, place, page.people.directory, on=page.dates.today, granted=grant.classes - _WITHHELD)
    classes = reader.classes(event.type, event.organisation) - _WITHHELD
    lines = lines_of(page, event.type, event.data, classes)
    kind = event.type.partition(".")[0]
    return (
        f"{event.occurred_at.astimezone(BRUSSELS):%d/%m/%Y %H:%M}",
        client_name(dossier),
        f"{dossier.birth_date:%d/%m/%Y}",
        page.people.organisation(event.organisation),
        event.actor.name if event.actor.counsellor_id else "",
        str(page.t(f"process.{kind}")) if f"process.{kind}" in page.t else "",
        str(page.t.event(event.type, "title", about=about(page, event))),
        "\n".join(f"{line.label}: {line.value}" for line in lines),
    )
