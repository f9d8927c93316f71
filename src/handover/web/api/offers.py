"""The offer map: who offers what in which municipality, for which target group and barrier."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from handover.domain.codes import TargetGroup
from handover.domain.codes_follow_up import BarrierKind
from handover.domain.codes_offer import OfferKind
from handover.domain.codes_training import Instrument
from handover.domain.deadlines import local_day
from handover.domain.offers import Offer, Proposed, Search
from handover.domain.parties import Caller
from handover.domain.policy import Task
from handover.domain.refusals import WrongParty
from handover.web.answers import answer, collection
from handover.web.api.describing import KEY_HEADER, MATCH_HEADER, PROBLEMS, gives, scope, takes
from handover.web.api.offer_views import Offers, OfferView
from handover.web.api.posted import struct_of
from handover.web.asking import if_match, raw_body, refuse_unknown_query, uuid_of, write_request
from handover.web.needs import Services, services_of
from handover.web.problems import HttpProblem
from handover.web.visits import visit

router = APIRouter(
    prefix="/v1/offers", tags=["Offers"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS
)
SCOPE = "offer:manage"
_MOST = 200
_WORDS = r"^[^\x00]*$"  # PostgreSQL keeps no NUL, so nothing can hold one


@router.get(
    "",
    operation_id="findOffers",
    summary="Find offers",
    responses={200: gives(Offers, "Offers that fit, the more precise ones first")},
    openapi_extra=scope("dossier:read"),
)
async def find_offers(  # noqa: PLR0913, PLR0917 - each is a filter
    request: Request,
    municipality: Annotated[str, Query(max_length=200, pattern=_WORDS, description="Its name or its NIS code")] = "",
    target_group: Annotated[TargetGroup | None, Query(alias="targetGroup")] = None,
    barrier: Annotated[list[BarrierKind], Query(description="Any of these", max_length=20)] = [],  # noqa: B006 - FastAPI copies it
    kind: Annotated[list[OfferKind], Query(description="Any of these", max_length=20)] = [],  # noqa: B006 - likewise
    instrument: Instrument | None = None,
    organisation: Annotated[str, Query(max_length=200, pattern=_WORDS)] = "",
    text: Annotated[str, Query(max_length=200, pattern=_WORDS, description="In its title or description")] = "",
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=_MOST)] = 50,
    skip: Annotated[int, Query(ge=0, le=100_000, description="How many you have already")] = 0,
    *,
    any_day: Annotated[bool, Query(alias="anyDay", description="Also those that are over or still to come")] = False,
) -> Response:
    """Give what can be used today. An offer that names no municipality, target group or barrier is for all of them."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    search = Search(
        municipality=municipality,
        target_group=str(target_group or ""),
        barriers=tuple(map(str, barrier)),
        kinds=tuple(map(str, kind)),
        instrument=str(instrument or ""),
        organisation=organisation,
        text=text,
    )
    on = None if any_day else local_day(services.clock.now())
    found = await services.offers.find(search, on=on, limit=page_size, skip=skip)
    items = [msgspec.json.encode(_view(services, offer)) for offer in found]
    full = len(found) == page_size
    following = _page(request, services, pageSize=page_size, skip=skip + page_size) if full else ""
    here = _page(request, services, pageSize=page_size)
    return answer(collection(items, here, following=following))


@router.post(
    "",
    operation_id="addOffer",
    summary="Add an offer",
    status_code=201,
    responses={201: gives(OfferView, "The offer")},
    openapi_extra=takes("OfferProposed", scope_name=SCOPE, headers=(KEY_HEADER,)),
)
async def add_offer(request: Request) -> Response:
    """Add an offer of your organisation."""
    caller = (await visit(request, SCOPE, Task.MANAGE_OFFERS)).caller
    services = services_of(request)
    raw = await raw_body(request)
    proposed = struct_of(raw, Proposed)
    own = caller.organisation.organisation_id

    async def add() -> bytes:
        offer = await services.offers.add(own, proposed, services.directory_now(), by=_author(caller))
        return msgspec.json.encode(_view(services, offer))

    made = await services.once.answer(own, write_request(request, raw), add)
    return answer(made, 201, {"ETag": '"1"', "Location": str(msgspec.json.decode(made)["href"])})


@router.get(
    "/{offerId}",
    operation_id="readOffer",
    summary="Read an offer",
    responses={200: gives(OfferView, "The offer, with its ETag")},
    openapi_extra=scope("dossier:read"),
)
async def read_offer(request: Request, offerId: str) -> Response:  # noqa: N803 - the name in the path
    """Give one offer, also of another organisation."""
    await visit(request, "dossier:read", Task.READ_REFERENCE)
    services = services_of(request)
    offer = await _one(services, offerId)
    return answer(_view(services, offer), headers={"ETag": f'"{offer.version}"'})


@router.put(
    "/{offerId}",
    operation_id="changeOffer",
    summary="Change an offer",
    responses={200: gives(OfferView, "The offer as it is now")},
    openapi_extra=takes("OfferProposed", scope_name=SCOPE, headers=(MATCH_HEADER,)),
)
async def change_offer(request: Request, offerId: str) -> Response:  # noqa: N803 - the name in the path
    """Write an offer of your organisation anew."""
    caller = (await visit(request, SCOPE, Task.MANAGE_OFFERS)).caller
    services = services_of(request)
    proposed = struct_of(await raw_body(request), Proposed)
    before = await _own(services, caller, offerId)
    changed = await services.offers.change(
        before.organisation,
        before.offer_id,
        proposed,
        services.directory_now(),
        by=_author(caller),
        expected=if_match(request),
    )
    if changed is None:
        raise _unknown()
    return answer(_view(services, changed), headers={"ETag": f'"{changed.version}"'})


@router.delete(
    "/{offerId}",
    operation_id="deleteOffer",
    summary="Delete an offer",
    status_code=204,
    response_class=Response,
    openapi_extra={**scope(SCOPE), "parameters": [MATCH_HEADER]},
)
async def delete_offer(request: Request, offerId: str) -> Response:  # noqa: N803 - the name in the path
    """Delete an offer of your organisation."""
    caller = (await visit(request, SCOPE, Task.MANAGE_OFFERS)).caller
    services = services_of(request)
    offer = await _own(services, caller, offerId)
    if not await services.offers.delete(offer.organisation, offer.offer_id, expected=if_match(request)):
        raise _unknown()
    return Response(status_code=204)


def _page(request: Request, services: Services, **changes: int) -> str:
    url = request.url.include_query_params(**changes)
    return f"{services.settings.base_url}{url.path}?{url.query}"


async def _one(services: Services, text: str) -> Offer:
    found_id = uuid_of(text)
    found = await services.offers.get(found_id) if found_id else None
    if found is None:
        raise _unknown()
    return found


async def _own(services: Services, caller: Caller, text: str) -> Offer:
    offer = await _one(services, text)
    if offer.organisation != caller.organisation.organisation_id:
        raise WrongParty("An offer is changed by the organisation that gives it.")
    return offer


def _unknown() -> HttpProblem:
    return HttpProblem(404, "There is no such offer. See GET /v1/offers.")


def _author(caller: Caller) -> str:
    return caller.counsellor_id or caller.organisation.organisation_id


def _view(services: Services, offer: Offer) -> Mapping[str, object]:
    return {
        "offerId": offer.offer_id,
        "href": f"{services.settings.base_url}/v1/offers/{offer.offer_id}",
        "organisation": offer.organisation,
        "version": offer.version,
        "offer": msgspec.to_builtins(offer.offer),
    }
