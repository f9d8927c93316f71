"""VDAB's codes for why a client stayed away or refused, and which of ours each one is.

VDAB tells the unemployment office (RVA) of absence and refusal with numbered reasons, in the message that both know as
A080. Its list is not public: the numbers here are made in its style, for partners to agree on, and stand nowhere else.
"""

from types import MappingProxyType
from typing import Final

from handover.domain.codes import Coded
from handover.domain.codes_follow_up import AbsenceReason
from handover.domain.codes_non_cooperation import NonCooperationAct


class VdabReason(Coded):
    """Why the client stayed away (1x) or what they refused (2x), as VDAB numbers it."""

    NO_NOTICE = ("A080-10", "afwezig, niet verwittigd", "absent sans prévenir", "ohne Nachricht abwesend", "no notice")
    ILL = ("A080-11", "afwezig wegens ziekte", "absent pour maladie", "krankheitsbedingt abwesend", "absent, ill")
    CARE = (
        "A080-12",
        "afwezig wegens zorg voor anderen",
        "absent pour soins à des proches",
        "wegen Betreuung anderer abwesend",
        "absent, care duties",
    )
    TRANSPORT = (
        "A080-13",
        "afwezig, geen vervoer",
        "absent, pas de transport",
        "abwesend, keine Fahrmöglichkeit",
        "absent, no transport",
    )
    AT_WORK = ("A080-14", "afwezig, aan het werk", "absent, au travail", "abwesend, bei der Arbeit", "absent, at work")
    AWAY_OTHERWISE = (
        "A080-19",
        "afwezig, andere reden",
        "absent, autre raison",
        "abwesend, anderer Grund",
        "absent, other reason",
    )
    REFUSED_OFFER = (
        "A080-20",
        "weigerde een aanbod",
        "a refusé une offre",
        "Angebot abgelehnt",
        "refused an offer",
    )
    STOPPED_TRAINING = (
        "A080-21",
        "stopte met een opleiding",
        "a arrêté une formation",
        "Ausbildung abgebrochen",
        "stopped a training",
    )
    DOES_NOT_APPLY = (
        "A080-22",
        "solliciteert niet",
        "ne postule pas",
        "bewirbt sich nicht",
        "does not apply for jobs",
    )
    NOT_REACHABLE = ("A080-23", "is niet te bereiken", "injoignable", "nicht erreichbar", "cannot be reached")
    BROKE_AGREEMENT = (
        "A080-24",
        "hield een afspraak uit het plan niet",
        "engagement non tenu",
        "Vereinbarung nicht eingehalten",
        "did not keep an agreement of the plan",
    )
    DID_NOT_COME = (
        "A080-25",
        "kwam niet op een afspraak",
        "absent à un rendez-vous",
        "Termin versäumt",
        "missed an appointment",
    )


MEANS: Final = MappingProxyType[VdabReason, AbsenceReason | NonCooperationAct](
    {
        VdabReason.NO_NOTICE: AbsenceReason.NO_NOTICE,
        VdabReason.ILL: AbsenceReason.ILLNESS,
        VdabReason.CARE: AbsenceReason.CARE_DUTIES,
        VdabReason.TRANSPORT: AbsenceReason.MOBILITY,
        VdabReason.AT_WORK: AbsenceReason.WORK,
        VdabReason.AWAY_OTHERWISE: AbsenceReason.OTHER,
        VdabReason.REFUSED_OFFER: NonCooperationAct.REFUSED_OFFER,
        VdabReason.STOPPED_TRAINING: NonCooperationAct.STOPPED_TRAINING,
        VdabReason.DOES_NOT_APPLY: NonCooperationAct.NOT_APPLYING,
        VdabReason.NOT_REACHABLE: NonCooperationAct.NOT_REACHABLE,
        VdabReason.BROKE_AGREEMENT: NonCooperationAct.BROKEN_AGREEMENT,
        VdabReason.DID_NOT_COME: NonCooperationAct.MISSED_APPOINTMENT,
    }
)
"""One to one: every reason of ours has one of theirs."""
_OURS: Final = {str(theirs): ours for theirs, ours in MEANS.items()}
FIELDS: Final = MappingProxyType({"reason": AbsenceReason, "act": NonCooperationAct})
"""The fields that a step may state with one of these numbers, and what is looked for there."""


def ours(field: str, value: object) -> object:
    """Give our code where a field states one of these numbers; anything else as it is, to be judged as always."""
    found = _OURS.get(value) if isinstance(value, str) else None
    return str(found) if found is not None and isinstance(found, FIELDS.get(field, type(None))) else value
