"""Bodies and answers of break-glass and the access log, as the API description shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from handover.access.log import Outcome
from handover.domain.policy import Relation, Role
from handover.web.api.models import Body
from handover.web.api.views import Page, View

LEAST_REASON, MOST_REASON = 10, 1000
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=LEAST_REASON, max_length=MOST_REASON, pattern=r"^[^\x00]*$"),
]


class BreakGlassOpening(Body):
    """Why you need to read a dossier that colleagues work on. No national number in it."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"reason": "My colleague is ill and the client is at the front desk"}}
    )

    reason: Reason


class BrokenGlassView(View):
    """A dossier that was opened with a reason; `reason` is empty once the dossier was erased."""

    break_glass_id: str
    dossier_id: str
    dossier_href: str
    counsellor: str
    reason: str
    opened_at: datetime
    until: datetime


class BrokenGlasses(Page):
    """What was opened so, latest first."""

    items: list[BrokenGlassView]


class AccessCapacity(View):
    """Why someone could look: roles, how they stood to the dossier, their organisation's legal basis."""

    roles: list[Role]
    relation: Relation | None = None
    legal_basis_id: str | None = None


class AccessLineView(View):
    """One line: who looked, or was denied, when, and about whom. Never a name or a national number."""

    entry: int
    reference: str
    at: datetime
    organisation: str
    service: str
    application: str | None = None
    counsellor: str | None = None
    action: str
    outcome: Outcome
    capacity: AccessCapacity
    dossier_id: str | None = None


class AccessLines(Page):
    """Lines of the access log, latest first."""

    items: list[AccessLineView]


class SignalOfPerson(View):
    """How often; without `counsellor`: by software."""

    counsellor: str | None = None
    count: int


class SignalOfDossier(View):
    """A dossier that was read often, and where its access log is."""

    dossier_id: str
    reads: int
    href: str


class SignalsView(View):
    """What stands out: nobody is accused by it."""

    self: str
    since: datetime
    until: datetime
    out_of_hours: list[SignalOfPerson]
    most_read: list[SignalOfDossier]
    found_nothing: list[SignalOfPerson]
    break_glass: list[BrokenGlassView]
