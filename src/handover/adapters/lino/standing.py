"""Who a client is for the Pact, from what Lino knows: contracts through the OCMW and granted aid.

Lino has no such field. A contract counts before aid: who works through the OCMW gets wages. Aid counts from
its start to its end also before it is confirmed: Lino's confirmation is about the signed certificate.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Final

from handover.adapters.lino.frame import Frame
from handover.adapters.lino.records import Contract, Granting
from handover.domain.codes import Capacity, LeadKind, TargetGroup

Standing = tuple[TargetGroup, Capacity, LeadKind | None]

# Kinds of aid are rows that each site words itself; these are the words for the two that matter.
_EQUIVALENT: Final = (
    "equivalent", "gleichgestellt", "auslanderbeihilfe", "aide aux immigrants", "aide aux etrangers",
    "steun aan vreemdelingen",
)  # fmt: skip
_LIVING_WAGE: Final = (
    "leefloon", "revenu d'integration", "eingliederungseinkommen", "living wage", "integration income",
)  # fmt: skip


def standing_of(contracts: Sequence[Contract], aid: Sequence[Granting], frame: Frame) -> Standing:
    """Give target group, capacity and (where it must be chosen) the lead."""
    if any(is_running(contract, frame.today) for contract in contracts):
        return TargetGroup.EMPLOYED_THROUGH_OCMW, Capacity.EMPLOYED_THROUGH_OCMW, None
    running = [_folded(g.aid.label) for g in aid if g.aid and _granted(g, frame.today)]
    equivalent = [name for name in running if any(word in name for word in _EQUIVALENT)]
    if any(word in name for name in running if name not in equivalent for word in _LIVING_WAGE):
        return TargetGroup.LIVING_WAGE, Capacity.LIVING_WAGE, None
    if equivalent:
        return TargetGroup.EQUIVALENT_LIVING_WAGE, Capacity.EQUIVALENT_LIVING_WAGE, None
    capacity = Capacity.OTHER_AID if running else Capacity.OTHER_GUIDANCE
    return TargetGroup.INACTIVE_WITHOUT_BENEFIT, capacity, LeadKind.OCMW


def last_day(contract: Contract) -> date | None:
    """Give the day a contract ends: earlier than agreed when someone ended it."""
    return contract.ended or contract.until


def is_over(contract: Contract, today: date) -> bool:
    """Tell whether a contract has come to its last day."""
    end = last_day(contract)
    return end is not None and end <= today


def is_running(contract: Contract, today: date) -> bool:
    """Tell whether a contract has started and is not over."""
    return contract.since is not None and contract.since <= today and not is_over(contract, today)


def _granted(granting: Granting, today: date) -> bool:
    return (
        granting.since is not None and granting.since <= today and (granting.until is None or today <= granting.until)
    )


def _folded(label: str) -> str:
    decomposed = unicodedata.normalize("NFKD", label.casefold().replace("\u2019", "'"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
