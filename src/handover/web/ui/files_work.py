"""A file, looked through or brought in for who is signed in: within what they may do, and noted in the access log."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from handover.adapters.files import cells
from handover.adapters.files.inbound import Frame, Reading, plan_of, ssins_of
from handover.adapters.files.outcomes import Does, Outcome, outcomes_of
from handover.adapters.files.reading import Document, read_document
from handover.adapters.files.system import FILES
from handover.adapters.kit.contract import Report
from handover.domain.parties import Actor
from handover.domain.policy import Action, Task
from handover.exchange.bringing import bringing_of
from handover.exchange.files import counsellor_names, known_clients
from handover.platform.settings import Mode
from handover.web.asking import too_many
from handover.web.ui.pages import Page

_AT_ONCE: Final = 4
"""Clients placed together: whoever waits for an answer meanwhile comes first."""
_FILES_AT_ONCE: Final = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of a file, or would come of it."""

    document: Document
    reading: Reading
    outcomes: list[Outcome]


async def work(page: Page, content: bytes, legal_basis_id: str, *, rehearsal: bool) -> Worked:
    """Bring a file in, or (`rehearsal`) find out what that would do. Raises FileRefused."""
    async with _FILES_AT_ONCE:
        document = await asyncio.to_thread(read_document, content)
        reading = plan_of(document, await _frame(page, document))
        report = await bringing_of(page.services, at_once=_AT_ONCE).run(
            reading.plan,
            FILES,
            page.caller.organisation,
            legal_basis_id,
            rehearsal=rehearsal,
            actor=Actor(name=page.caller.actor.name, application=FILES.name),
        )
    worked = Worked(document, reading, outcomes_of(reading, report))
    await _note(page, worked, report, legal_basis_id, rehearsal=rehearsal)
    return worked


async def _frame(page: Page, document: Document) -> Frame:
    """Give what a reading needs, with what the policy says of each dossier that is known."""
    services, visit = page.services, page.visit
    known = await known_clients(services.reader, page.own, ssins_of(document))
    dossiers = [one.dossier for one in known.values()]
    grants = await services.guard.each(visit, Action.POST_STEP, dossiers)
    await services.guard.listed(visit, Task.OPEN_DOSSIER, dossiers)
    return Frame(
        organisation_id=page.own,
        now=services.clock.now(),
        allow_test_range=services.settings.mode is Mode.DEMONSTRATION,
        counsellors=counsellor_names(services.directory_now(), page.own),
        known={
            ssin: replace(one, may_post=grant is not None)
            for (ssin, one), grant in zip(known.items(), grants, strict=True)
        },
    )


async def _note(page: Page, worked: Worked, report: Report, legal_basis_id: str, *, rehearsal: bool) -> None:
    """Note which dossiers of others were met: opened or joined, or only compared with the rows."""
    guard, visit = page.services.guard, page.visit
    met = {one.line.origin: one.does for one in worked.outcomes if one.does in {Does.OPENS, Does.JOINS}}
    places = {
        does: [report.dossiers[origin.table, origin.key] for origin, found in met.items() if found is does]
        for does in (Does.OPENS, Does.JOINS)
    }
    if rehearsal:
        for dossier_id in places[Does.JOINS]:
            await guard.identified(visit, dossier_id, legal_basis_id, match=True)
        if places[Does.OPENS]:
            await guard.found_nothing(visit)
        for one in worked.outcomes:
            # A dossier of our own was looked at already; this one is of others, and under another name.
            if one.why and one.why.code == "identityMismatch":
                await guard.identified(visit, None, legal_basis_id, match=False)
                _count_guess(page, worked, one)
    else:
        both = [*places[Does.OPENS], *places[Does.JOINS]]
        await guard.shown(visit, Task.OPEN_DOSSIER, dict.fromkeys(both, legal_basis_id))


def _count_guess(page: Page, worked: Worked, one: Outcome) -> None:
    """Count a name that was not that of a person whom others know: a file is no way around the limit on asking."""
    header = worked.document.sheets[one.line.sheet].header
    person = page.services.reader.mark_of(cells.ssin(one.line.row.cell(header, "ssin")))
    if seconds := page.services.limits.identified(page.own, person):
        raise too_many(seconds, "Your organisation asked about this person too often.")
