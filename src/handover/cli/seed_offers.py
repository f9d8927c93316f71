"""The demonstration's offers: a few of each organisation."""

from datetime import date

from handover.domain.codes import TargetGroup
from handover.domain.codes_follow_up import BarrierKind
from handover.domain.codes_offer import OfferKind
from handover.domain.codes_training import Instrument
from handover.domain.offers import Municipality, Proposed, Search
from handover.wiring import Services

_SINCE = date(2026, 1, 1)
_GENT = Municipality(nis_code="44021", name="Gent")
_AALST = Municipality(nis_code="41002", name="Aalst")
_OFFERS = (
    (
        "vdab",
        Proposed(
            kind=OfferKind.TRAINING,
            instrument=Instrument.VDAB_COURSE,
            title="Magazijnmedewerker met heftruckattest",
            description="Zes weken les met stage. Ook voor wie nog Nederlands leert.",
            municipalities=(_GENT,),
            target_groups=(TargetGroup.LIVING_WAGE, TargetGroup.JOB_SEEKER),
            barriers=(BarrierKind.LANGUAGE,),
            where="Opleidingscentrum in de haven",
            how_to_apply="Bel de contactpersoon, er is elke maand een infomoment.",
            contact="vdab.bemiddelaar-1",
            valid_from=_SINCE,
        ),
    ),
    (
        "vdab",
        Proposed(
            kind=OfferKind.GUIDANCE,
            title="Begeleiding naar werk voor wie lang niet werkte",
            description="Eén vaste bemiddelaar, een gesprek om de twee weken.",
            valid_from=_SINCE,
        ),
    ),
    (
        "partner-igo",
        Proposed(
            kind=OfferKind.WORK_EXPERIENCE,
            instrument=Instrument.WES,
            title="Werkervaring in de kringwinkel",
            description="Halftijds beginnen, met begeleiding op de werkvloer.",
            municipalities=(_GENT, _AALST),
            target_groups=(TargetGroup.LIVING_WAGE, TargetGroup.EQUIVALENT_LIVING_WAGE),
            barriers=(BarrierKind.MENTAL_HEALTH, BarrierKind.DIGITAL),
            where="Kringwinkel",
            contact="partner-igo.begeleider-1",
            valid_from=_SINCE,
        ),
    ),
    (
        "ocmw-lindedal",
        Proposed(
            kind=OfferKind.CHILDCARE,
            title="Kinderopvang tijdens een opleiding",
            description="Vier plaatsen die vrij blijven voor ouders die een opleiding starten.",
            municipalities=(_AALST,),
            barriers=(BarrierKind.CHILDCARE,),
            contact="ocmw-lindedal.trajectbegeleider-2",
            valid_from=_SINCE,
        ),
    ),
)


async def seed_offers(ready: Services) -> int:
    """Add the demonstration's offers where there are none yet; give how many were added."""
    if await ready.offers.find(Search(), on=_SINCE, limit=1):
        return 0
    for organisation, offer in _OFFERS:
        await ready.offers.add(organisation, offer, ready.directory_now(), by=f"{organisation}.coordinator")
    return len(_OFFERS)
