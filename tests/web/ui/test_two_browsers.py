"""Two people, two browsers: a step made on one screen shows on the other's, and how long that takes.

Timed from the moment at which the answer to the step had arrived in the browser that made it, to the moment at which
the other page had changed; both clocks are this machine's. The figure is printed; the test itself asks only for a
second, so that a busy machine fails nobody's build.
"""

import statistics
import sys
from dataclasses import dataclass, field

from playwright.async_api import Page
from tests.instance import Instance
from tests.web.ui.conftest import OCMW, VDAB, Opened, Visits

STEPS = 50
WANTED_MS = 300
_MOST_MS = 1000
_CALM_MS = 400
"""Between two steps: longer than a page waits to gather changes that come one after the other."""
_WATCH = """
selector => {
  window.changedAt = [];
  new MutationObserver(() => window.changedAt.push(performance.timeOrigin + performance.now()))
    .observe(document.querySelector(selector), { childList: true, subtree: true, characterData: true });
}
"""


@dataclass
class Watched:
    """A page that is looked at, and how long after each answer it changed."""

    page: Page
    selector: str
    took: list[float] = field(default_factory=list)

    async def begin(self) -> None:
        await self.page.evaluate(_WATCH, self.selector)

    async def note(self, answered: float) -> None:
        """Wait until it has changed for the step that was answered then; an earlier change belongs to none."""
        await self.page.wait_for_function("() => window.changedAt.length > 0")
        first = await self.page.evaluate("window.changedAt[0]")
        self.took.append(first - answered)

    async def forget(self) -> None:
        await self.page.evaluate("window.changedAt = []")


async def _progress(page: Page, address: str, number: int) -> float:
    """Note progress through the form; give when the answer had arrived, in milliseconds of the epoch."""
    await page.goto(address)
    await page.get_by_label("Wat is er gebeurd?").fill(f"Gesprek {number} gehad.")
    await page.get_by_label("Wat is de volgende stap?").fill("Samen vacatures bekijken.")
    async with page.expect_response(lambda r: r.request.method == "POST") as answer:
        await page.get_by_role("button", name="Opslaan en delen").click()
    response = await answer.value
    assert response.status in {200, 303}, response.status
    timing = response.request.timing
    return timing["startTime"] + timing["responseStart"]


async def test_a_step_shows_in_the_other_browser(visit: Visits, opened: Opened, instance: Instance) -> None:
    dossier_id = await opened()
    software = instance.party("vdab", "bemiddelaar-1")
    accepted = {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}
    event = await software.step(dossier_id, "handover.accepted", accepted)
    talked = {"contactedAt": event["recordedAt"], "means": "phone", "present": ["client"]}
    await software.step(dossier_id, "handover.contacted", talked, event["threadId"])
    vdab, ocmw = await visit(VDAB), await visit(OCMW)
    beside = await ocmw.context.new_page()
    await beside.goto(f"/dossiers/{dossier_id}")
    await ocmw.bring_to_front()
    looked_at = [Watched(ocmw, "#inbox"), Watched(beside, "#fresh")]
    for watched in looked_at:
        await watched.begin()
    form = f"/dossiers/{dossier_id}/steps/handover.progressed?thread={event['threadId']}"
    await vdab.wait_for_timeout(_CALM_MS)
    for number in range(STEPS):
        for watched in looked_at:
            await watched.forget()
        answered = await _progress(vdab, form, number)
        for watched in looked_at:
            await watched.note(answered)
        await vdab.wait_for_timeout(_CALM_MS)
    for name, watched in zip(("inbox", "open dossier"), looked_at, strict=True):
        assert len(watched.took) == STEPS
        ordered = sorted(watched.took)
        assert ordered[0] > 0, "what changed before the answer did not change by it"
        middle = statistics.median(ordered)
        sys.stdout.write(
            f"\nA step shows in the other's {name}: median {middle:.0f} ms, p95 {ordered[int(STEPS * 0.95)]:.0f} ms "
            f"of {STEPS} after the answer ({'met' if middle <= WANTED_MS else 'missed'}: {WANTED_MS} ms wanted)\n"
        )
        assert middle < _MOST_MS
    assert visit.complaints == []
