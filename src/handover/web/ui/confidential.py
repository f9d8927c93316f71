"""The confidential section: what is confidential in a dossier stands together, with who may see it and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from handover.domain.codes_dossier import MandateScope
from handover.domain.dossier import Dossier, Mandate
from handover.web.ui.pages import Page
from handover.web.ui.timeline import Visible
from handover.web.ui.values import Said, about


@dataclass(frozen=True, slots=True)
class Entry:
    """What one step says in confidence."""

    sequence: int
    title: str
    lane: str
    organisation: str
    who: str
    day: str
    lines: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All of it. `who`: who may see it, in sentences."""

    entries: tuple[Entry, ...]
    who: tuple[str, ...]
    withheld: bool
    """Whether something is there that this reader may not read (any more)."""


def section(page: Page, dossier: Dossier, found: Iterable[Visible]) -> Section | None:
    """Give the confidential section; None where the reader sees none of it and knows of none."""
    entries: list[Entry] = []
    authors: dict[str, None] = {}
    for one in found:
        lines = tuple(line for line in one.lines if line.confidential)
        if not lines:
            continue
        event = one.event
        authors[event.organisation] = None
        entries.append(
            Entry(
                event.sequence,
                page.t.event(event.type, "title", about=about(page, event)),
                page.people.kind(event.organisation),
                page.people.organisation(event.organisation),
                event.actor.name if event.actor.counsellor_id else "",
                page.dates.day_of(event.recorded_at),
                tuple(Said(line.label, line.value, long=line.long, withheld=line.withheld) for line in lines),
            )
        )
    if not entries:
        return None
    withheld = any(line.withheld for entry in entries for line in entry.lines)
    return Section(tuple(entries), tuple(_who(page, dossier, author) for author in authors), withheld)


def _who(page: Page, dossier: Dossier, author: str) -> str:
    """Say who may see what an organisation wrote in confidence, and on what mandate."""
    t, name = page.t, page.people.organisation(author)
    mandates = [m for m in dossier.mandates if _shares(m, author) and m.active(page.dates.today)]
    if author == page.own:
        if not mandates:
            return t("confidential.own_only")
        return t("confidential.own_shared", names=_readers(page, mandates))
    ours = next((m for m in mandates if m.shared_with == page.own), None)
    if ours is None:
        return t("confidential.ended", organisation=name)
    until = page.dates.plain(ours.valid_until) if ours.valid_until else ""
    given = page.dates.plain(ours.given_on)
    if until:
        return t("confidential.shared_until", organisation=name, day=given, until=until)
    return t("confidential.shared", organisation=name, day=given)


def _shares(mandate: Mandate, author: str) -> bool:
    return mandate.scope is MandateScope.SHARE_CONFIDENTIAL and mandate.given_to == author


def _readers(page: Page, mandates: Iterable[Mandate]) -> str:
    return page.t.listed(
        page.t(
            "confidential.reader",
            organisation=page.people.organisation(m.shared_with),
            day=page.dates.plain(m.given_on),
        )
        for m in mandates
    )
