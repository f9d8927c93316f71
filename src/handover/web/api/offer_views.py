"""Answers about offers, as the API description shows them; see `views`."""

from typing import Any

from handover.web.api.views import Page, View


class OfferView(View):
    """An offer of an organisation at `version`; `offer` as it is written (schema OfferProposed)."""

    offer_id: str
    href: str
    organisation: str
    version: int
    offer: dict[str, Any]


class Offers(Page):
    """Offers."""

    items: list[OfferView]
