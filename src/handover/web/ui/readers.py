"""Who reads a step of ours: said in one line beside it, as the form says before it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from handover.domain.dossier import Dossier, Inscription
from handover.domain.events import Event
from handover.domain.fields import Visibility
from handover.domain.visibility import Reader
from handover.web.ui.fields import shapes_of
from handover.web.ui.pages import Page
from handover.web.ui.values import Said


@dataclass(frozen=True, slots=True)
class Reads:
    """Who reads a step besides us, in words; `is_ours_alone`: nobody."""

    text: str
    is_ours_alone: bool


class Readers:
    """Tells for the steps of one page who reads them: few kinds of steps are told again and again."""

    def __init__(self, page: Page, dossier: Dossier) -> None:
        self._page, self._dossier = page, dossier
        self._others = [i for i in dossier.inscriptions if i.active and i.organisation != page.own]
        self._known: dict[tuple[str, tuple[str, ...], bool], Reads] = {}

    def of(self, event: Event, lines: Sequence[Said]) -> Reads:
        """Give who reads a step of our own; `lines` are what it says."""
        may = [
            i
            for i in self._others
            if i.covers(event.sequence) and not self._dossier.hides(i, event.type, event.thread_id)
        ]
        has_text = any(line.long and not line.note for line in lines)
        key = (event.type, tuple(i.organisation for i in may), has_text)
        if key not in self._known:
            self._known[key] = self._said(event, may, has_text=has_text)
        return self._known[key]

    def _said(self, event: Event, may: Sequence[Inscription], *, has_text: bool) -> Reads:
        t = self._page.t
        if not is_shared(event.type) or not may:
            return Reads(t("reads.own"), is_ours_alone=True)
        whole = [i for i in may if not has_text or self._sees_text(event, i)]
        barely = [i for i in may if i not in whole]
        said = [t.count("reads.by", len(whole), names=self._names(whole))] if whole else []
        said += [t.count("reads.step_only", len(barely), names=self._names(barely))] if barely else []
        return Reads(" ".join(said), is_ours_alone=False)

    def _sees_text(self, event: Event, inscription: Inscription) -> bool:
        page = self._page
        reader = Reader.of(self._dossier, inscription, page.people.directory, on=page.dates.today)
        return Visibility.CONTENT in reader.classes(event.type, event.organisation)

    def _names(self, inscriptions: Sequence[Inscription]) -> str:
        return self._page.t.listed(self._page.people.organisation(i.organisation) for i in inscriptions)


def is_shared(event_type: str) -> bool:
    """Tell whether steps of a type say anything to others: not where all of it is our own."""
    return any(s.visibility in {Visibility.STEP, Visibility.CONTENT} for s in shapes_of(event_type))
