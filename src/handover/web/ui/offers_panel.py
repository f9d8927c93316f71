"""What fits the client, beside the form of a step: offers to choose from, and the guide to training instruments."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from handover.domain.codes_follow_up import BarrierState
from handover.domain.dossier import Dossier
from handover.domain.fields import Visibility
from handover.domain.kinds.intake import Recorded, Updated
from handover.domain.offers import Search
from handover.domain.training_guide import GUIDE
from handover.domain.visibility import Reader
from handover.record import codec
from handover.web.asking import uuid_of
from handover.web.ui.offers_screen import Shown, shown
from handover.web.ui.pages import Page

_KINDS: dict[str, tuple[str, ...]] = {"handover.requested": (), "training.proposed": ("training",)}
"""The steps that look for an offer, and of which kind."""
_MOST = 5


@dataclass(frozen=True, slots=True)
class Fitting:
    """Offers that fit the client, and where to look further with the same filters."""

    shown: Sequence[Shown]
    search: str


async def offers_for(page: Page, dossier: Dossier, event_type: str) -> Fitting | None:
    """Give the offers that fit the client's target group and open barriers, for a step that looks for one."""
    if event_type not in _KINDS:
        return None
    barriers = await _barriers(page, dossier)
    search = Search(target_group=str(dossier.target_group), barriers=barriers, kinds=_KINDS[event_type])
    found = await page.services.offers.find(search, on=page.dates.today, limit=_MOST)
    step = page.request.url.path
    query = [("targetGroup", search.target_group), *(("barrier", b) for b in barriers)]
    return Fitting(shown(page, found, step), f"/offers?{urlencode([('for', step), *(q for q in query if q[1])])}")


async def _barriers(page: Page, dossier: Dossier) -> tuple[str, ...]:
    """Give the barriers that the latest intake names and that are not solved, as far as we may read it."""
    found = await page.services.reader.timeline(dossier.dossier_id)
    for body in reversed(found.bodies if found else ()):
        event = codec.decode_event(body)
        place = dossier.place_to_see(page.own, event.sequence, event.type, event.thread_id)
        if place is None or not isinstance(event.data, Recorded | Updated) or not event.data.barriers:
            continue
        reader = Reader.of(dossier, place, page.people.directory, on=page.dates.today, granted=page.granted)
        if Visibility.CONTENT in reader.classes(event.type, event.organisation):
            return tuple(str(b.kind) for b in event.data.barriers if b.state is not BarrierState.SOLVED)
    return ()


async def chosen_offer(page: Page, event_type: str) -> dict[str, list[str]]:
    """Give what a chosen offer fills in: who gives it, and for a training what and where."""
    offer_id = uuid_of(page.request.query_params.get("offer", ""))
    offer = await page.services.offers.get(offer_id) if offer_id and event_type in _KINDS else None
    if offer is None:
        return {}
    found = {} if offer.organisation == page.own else {"receiver": [offer.organisation]}
    if event_type == "training.proposed":
        found["title"] = [offer.offer.title]
        found["where"] = [offer.offer.where] if offer.offer.where else []
        found["instrument"] = [str(offer.offer.instrument)] if offer.offer.instrument else []
    return found


def explained(page: Page) -> list[tuple[str, str, str, str, str]]:
    """Give what each training instrument is, who it suits, what it ends in and what to ask first."""
    guide = GUIDE[str(page.t.language)]
    return [(page.t.code(i), e.what, e.suits, e.ends_in, e.ask) for i, e in guide.items()]
