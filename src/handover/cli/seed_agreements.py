"""The demonstration's agreement: contacts with a holiday, a shorter answer time, a priority line."""

from datetime import date
from uuid import UUID

from handover.domain.agreeing import Proposed
from handover.domain.agreements import Absence, Desk, PriorityLine, Terms
from handover.wiring import Services

_OCMW, _VDAB = "ocmw-lindedal", "vdab"


async def seed_agreements(ready: Services) -> UUID:
    """Write the agreement between the demonstration's first OCMW and VDAB down, once; give its id."""
    there = await ready.agreements.list(_OCMW)
    if there:
        return there[0].agreement.agreement_id
    terms = Terms(
        ocmw_desk=Desk(
            fixed_contact=f"{_OCMW}.trajectbegeleider-1",
            substitute=f"{_OCMW}.trajectbegeleider-2",
            team="Activering",
            coordinator=f"{_OCMW}.coordinator",
        ),
        vdab_desk=Desk(
            fixed_contact=f"{_VDAB}.bemiddelaar-1",
            substitute=f"{_VDAB}.bemiddelaar-2",
            absences=(Absence(first=date(2027, 7, 5), last=date(2027, 7, 30)),),
            team="Activering",
            coordinator=f"{_VDAB}.coordinator",
        ),
        answer_times={"handover.received": 3},
        priority_line=PriorityLine(vdab_contact=f"{_VDAB}.bemiddelaar-2", answer_times={"handover.received": 1}),
    )
    proposed = Proposed(ocmw=_OCMW, vdab=_VDAB, terms=terms, valid_from=date(2026, 1, 1))
    kept = await ready.agreements.add(proposed, ready.directory_now(), by=f"{_OCMW}.coordinator")
    await ready.directory.refresh()
    return kept.agreement.agreement_id
