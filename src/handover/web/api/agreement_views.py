"""Answers about agreements, as the API description shows them; see `views`."""

from datetime import date, datetime
from typing import Any, Literal

from handover.web.api.views import Page, View


class AgreementView(View):
    """An agreement at `version`; `terms` as it is written (schema AgreementProposed)."""

    agreement_id: str
    href: str
    version: int
    ocmw: str
    vdab: str
    valid_from: date
    valid_until: date | None = None
    terms: dict[str, Any]
    changed_by: str
    changed_at: datetime


class Agreements(Page):
    """An organisation's agreements."""

    items: list[AgreementView]


class AnswerTimeView(View):
    """An answer time that can be agreed otherwise: after which event, and the default."""

    event_type: str
    rule: str
    count: int
    unit: Literal["workingDays", "days", "months"]
    href: str


class AnswerTimes(Page):
    """Answer times."""

    items: list[AnswerTimeView]
