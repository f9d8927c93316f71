"""The offer map on a screen: search, one's own offers to add and change, and choosing one from a step's form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.access.denials import MissingScope
from handover.domain.codes import Coded, TargetGroup
from handover.domain.codes_follow_up import BarrierKind
from handover.domain.codes_offer import OfferKind
from handover.domain.codes_training import Instrument
from handover.domain.offers import Offer, Proposed, Search
from handover.domain.policy import Task, may
from handover.domain.refusals import InvalidField, Refusal, Unseen
from handover.domain.relations import roles_of
from handover.web.api.offers import SCOPE
from handover.web.asking import uuid_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach
from handover.web.ui.reading import Typed, typed_in
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in

router = APIRouter(route_class=Screen)
_MOST = 60
_TEXT_FIELDS = ("title", "description", "howToApply", "where", "link", "contact", "validFrom", "validUntil")


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer as it is shown."""

    offer: Offer
    organisation: str
    kind: str
    where: str
    for_whom: str
    against: str
    reach: Reach | None
    is_own: bool
    choose: str
    """Where to go to use it in the step that it was looked for from; "" where nobody asked."""


@router.get("/offers")
async def search_page(request: Request) -> Response:
    """Search the offers of all organisations."""
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_REFERENCE)
    asked = request.query_params
    search = Search(
        municipality=asked.get("municipality", "")[:200],
        target_group=asked.get("targetGroup", ""),
        barriers=tuple(asked.getlist("barrier"))[:20],
        kinds=(asked["kind"],) if asked.get("kind") else (),
        text=asked.get("text", "")[:200],
    )
    found = await page.services.offers.find(search, on=page.dates.today, limit=_MOST)
    return page.show(
        "offers.html",
        search=search,
        back=_back(asked.get("for", "")),
        step=_back(asked.get("for", "")),
        offers=shown(page, found, _back(asked.get("for", ""))),
        kinds=list(OfferKind),
        groups=list(TargetGroup),
        barriers=list(BarrierKind),
        places=await page.services.offers.places(),
        may_write=_may_write(page),
        done=page.t(f"offer.done_{asked['done']}") if asked.get("done") in {"saved", "deleted"} else "",
    )


def _back(text: str) -> str:
    """Only a step's own form can be gone back to, whatever an address says."""
    return text if text.startswith("/dossiers/") and "//" not in text else ""


def shown(page: Page, offers: Sequence[Offer], step: str) -> list[Shown]:
    """Give offers as a page shows them."""
    return [_shown(page, offer, step) for offer in offers]


def _shown(page: Page, offer: Offer, step: str) -> Shown:
    t, body = page.t, offer.offer
    contact = page.people.directory.counsellors.get(body.contact or "")
    join = "&" if "?" in step else "?"
    return Shown(
        offer=offer,
        organisation=page.people.organisation(offer.organisation),
        kind=t.code(body.kind),
        where=", ".join(m.name for m in body.municipalities) or str(t("offer.everywhere")),
        for_whom=", ".join(t.code(g) for g in body.target_groups) or str(t("offer.everybody")),
        against=", ".join(t.code(b) for b in body.barriers),
        reach=Reach(contact.name, contact.phone, contact.email) if contact else None,
        is_own=offer.organisation == page.own,
        choose=f"{step}{join}{urlencode({'offer': offer.offer_id})}" if step else "",
    )


@router.get("/offers/new")
async def new_page(request: Request) -> Response:
    """Show an empty form."""
    page = Page(request, await signed_in(request))
    await _check_may_write(page)
    return _form(page, {"validFrom": [page.dates.today.isoformat()]}, offer=None)


@router.get("/offers/{offer_id}")
async def edit_page(request: Request, offer_id: str) -> Response:
    """Show an offer of one's own to change it."""
    page = Page(request, await signed_in(request))
    await _check_may_write(page)
    offer = await _own(page, offer_id)
    return _form(page, _typed(offer.offer), offer=offer)


@router.post("/offers/{offer_id}")
async def save(request: Request, offer_id: str) -> Response:
    """Keep an offer (`new`: a new one), or delete it."""
    page = Page(request, await signed_in(request))
    await _check_may_write(page)
    offer = None if offer_id == "new" else await _own(page, offer_id)
    typed = typed_in(await request.form())
    offers, people, by = page.services.offers, page.people.directory, page.caller.counsellor_id
    if offer and "delete" in typed:
        await offers.delete(page.own, offer.offer_id)
        return go("/offers?done=deleted")
    try:
        proposed = _proposed(typed)
        if offer is None:
            await offers.add(page.own, proposed, people, by=by)
        else:
            version = int(next(iter(typed.get("version", ())), "0"))
            await offers.change(page.own, offer.offer_id, proposed, people, by=by, expected=version)
    except (ValueError, msgspec.ValidationError, InvalidField):
        return _form(page, typed, offer=offer, error=page.t("offer.wrong"), status=400)
    except Refusal as refusal:
        return _form(page, typed, offer=offer, error=page.t(f"refusal.{refusal.name}"), status=409)
    return go("/offers?done=saved")


def _may_write(page: Page) -> bool:
    return SCOPE in page.caller.scopes and may(roles_of(page.caller), Task.MANAGE_OFFERS)


async def _check_may_write(page: Page) -> None:
    if SCOPE not in page.caller.scopes:
        raise MissingScope(SCOPE)
    await page.services.guard.permit(page.visit, Task.MANAGE_OFFERS)


async def _own(page: Page, text: str) -> Offer:
    found_id = uuid_of(text)
    found = await page.services.offers.get(found_id) if found_id else None
    if found is None or found.organisation != page.own:
        raise Unseen
    return found


def _form(page: Page, typed: Typed, *, offer: Offer | None, error: str = "", status: int = 200) -> Response:
    def codes(kind: type[Coded]) -> list[tuple[str, str]]:
        return [(str(code), page.t.code(code)) for code in kind]

    return page.show(
        "offer.html",
        status,
        offer=offer,
        typed=typed,
        error=error,
        kinds=codes(OfferKind),
        instruments=codes(Instrument),
        groups=codes(TargetGroup),
        barriers=codes(BarrierKind),
        colleagues=page.people.of(page.own),
    )


def _typed(offer: Proposed) -> dict[str, list[str]]:
    plain: Mapping[str, object] = msgspec.to_builtins(offer)
    found = {name: [str(plain[name])] for name in (*_TEXT_FIELDS, "kind", "instrument") if plain.get(name)}
    found["municipalities"] = ["\n".join(f"{m.nis_code} {m.name}" for m in offer.municipalities)]
    found["targetGroups"] = [str(group) for group in offer.target_groups]
    found["barriers"] = [str(barrier) for barrier in offer.barriers]
    return found


def _proposed(typed: Typed) -> Proposed:
    """Give what was filled in. Raises ValueError or msgspec.ValidationError for what cannot be read."""

    def one(name: str) -> str:
        return next(iter(typed.get(name, ())), "").strip()

    body: dict[str, object] = {name: one(name) for name in (*_TEXT_FIELDS, "kind", "instrument") if one(name)}
    body["municipalities"] = [
        {"nisCode": code, "name": name.strip()}
        for line in one("municipalities").splitlines()
        if line.strip()
        for code, _, name in [line.strip().partition(" ")]
    ]
    body["targetGroups"] = list(typed.get("targetGroups", ()))
    body["barriers"] = list(typed.get("barriers", ()))
    for name in ("validFrom", "validUntil"):
        if name in body:
            date.fromisoformat(str(body[name]))
    return msgspec.convert(body, Proposed)
