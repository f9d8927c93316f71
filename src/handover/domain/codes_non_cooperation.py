"""Code lists of the report of non-cooperation and its watertight feedback; see `codes` for how a list works."""

from handover.domain.codes import Coded


class NonCooperationAct(Coded):
    """What VDAB saw."""

    MISSED_APPOINTMENT = (
        "missedAppointment",
        "kwam niet op een afspraak",
        "absent à un rendez-vous",
        "Termin versäumt",
        "missed an appointment",
    )
    REFUSED_OFFER = (
        "refusedOffer",
        "weigerde een aanbod",
        "a refusé une offre",
        "Angebot abgelehnt",
        "refused an offer",
    )
    STOPPED_TRAINING = (
        "stoppedTraining",
        "stopte met een opleiding",
        "a arrêté une formation",
        "Ausbildung abgebrochen",
        "stopped a training",
    )
    NOT_APPLYING = (
        "notApplying",
        "solliciteert niet",
        "ne postule pas",
        "bewirbt sich nicht",
        "does not apply for jobs",
    )
    NOT_REACHABLE = ("notReachable", "is niet te bereiken", "injoignable", "nicht erreichbar", "cannot be reached")
    BROKEN_AGREEMENT = (
        "brokenAgreement",
        "hield een afspraak uit het plan niet",
        "engagement non tenu",
        "Vereinbarung nicht eingehalten",
        "did not keep an agreement of the plan",
    )


class ClientReason(Coded):
    """Why the client did not do what was agreed, as the OCMW knows it."""

    ILLNESS = ("illness", "ziekte", "maladie", "Krankheit", "illness")
    CARE_DUTIES = ("careDuties", "zorg voor anderen", "soins à des proches", "Betreuung anderer", "care duties")
    MOBILITY = ("mobility", "vervoer", "mobilité", "Mobilität", "mobility")
    NOT_INFORMED = ("notInformed", "wist het niet", "n'était pas informé", "wusste es nicht", "was not informed")
    WORK = ("work", "werk", "travail", "Arbeit", "work")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class NonCooperationOutcome(Coded):
    """What the OCMW decided; VDAB always learns this code (seeds: watertight feedback)."""

    NO_ACTION = ("noAction", "geen gevolg", "sans suite", "keine Folge", "no action")
    AGREEMENTS_RENEWED = (
        "agreementsRenewed",
        "afspraken vernieuwd",
        "accords renouvelés",
        "Vereinbarungen erneuert",
        "agreements renewed",
    )
    WARNING = ("warning", "verwittiging", "avertissement", "Verwarnung", "warning")
    SANCTION_DECIDED = (
        "sanctionDecided",
        "sanctie beslist",
        "sanction décidée",
        "Sanktion beschlossen",
        "sanction decided",
    )


class ReportWithdrawalReason(Coded):
    """Why VDAB takes a report back."""

    MISTAKE = ("mistake", "vergissing", "erreur", "Irrtum", "mistake")
    SETTLED_IN_TALK = (
        "settledInTalk",
        "uitgepraat met de cliënt",
        "réglé en entretien",
        "im Gespräch geklärt",
        "settled in a talk",
    )
    GOOD_REASON = (
        "goodReason",
        "de cliënt had een goede reden",
        "le client avait une bonne raison",
        "guter Grund des Kunden",
        "the client had a good reason",
    )
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")
