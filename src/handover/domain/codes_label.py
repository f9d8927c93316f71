"""Code lists of the label request (ticket for collective or individual *maatwerk*)."""

from handover.domain.codes import Coded


class TicketType(Coded):
    """What the ticket opens."""

    COLLECTIVE_ADAPTED_WORK = (
        "collectiveAdaptedWork",
        "collectief maatwerk",
        "travail adapté collectif",
        "kollektive angepasste Arbeit",
        "collective adapted work",
    )
    INDIVIDUAL_ADAPTED_WORK = (
        "individualAdaptedWork",
        "individueel maatwerk",
        "travail adapté individuel",
        "individuelle angepasste Arbeit",
        "individual adapted work",
    )


class LabelRoute(Coded):
    """On what ground a ticket is asked: a right that needs proof only, or an assessment of functioning (ICF)."""

    AUTOMATIC_RIGHT = (
        "automaticRight",
        "rechtgevend attest",
        "attestation ouvrant le droit",
        "anspruchsbegründende Bescheinigung",
        "entitling certificate",
    )
    ICF = (
        "icf",
        "onderzoek van het functioneren (ICF)",
        "examen du fonctionnement (CIF)",
        "Prüfung der Funktionsfähigkeit (ICF)",
        "assessment of functioning (ICF)",
    )


class Advice(Coded):
    """What the first of the two pairs of eyes advises."""

    POSITIVE = ("positive", "gunstig", "favorable", "positiv", "in favour")
    NEGATIVE = ("negative", "ongunstig", "défavorable", "negativ", "against")


class InformationNeeded(Coded):
    """What is missing before a request can be assessed."""

    MEDICAL_REPORT = ("medicalReport", "medisch verslag", "rapport médical", "ärztlicher Bericht", "medical report")
    WORK_HISTORY = (
        "workHistory",
        "overzicht van vorig werk",
        "parcours professionnel",
        "bisherige Arbeit",
        "work history",
    )
    SOCIAL_REPORT = ("socialReport", "sociaal verslag", "rapport social", "Sozialbericht", "social report")
    CLIENT_AGREEMENT = (
        "clientAgreement",
        "akkoord van de cliënt",
        "accord du client",
        "Zustimmung des Kunden",
        "agreement of the client",
    )
    OTHER = ("other", "iets anders", "autre chose", "etwas anderes", "something else")


class LabelRefusalReason(Coded):
    """Why a ticket is refused."""

    CONDITIONS_NOT_MET = (
        "conditionsNotMet",
        "voldoet niet aan de voorwaarden",
        "ne remplit pas les conditions",
        "Bedingungen nicht erfüllt",
        "conditions not met",
    )
    NOT_ENOUGH_INFORMATION = (
        "notEnoughInformation",
        "te weinig informatie",
        "informations insuffisantes",
        "zu wenig Information",
        "not enough information",
    )
    OTHER_MEASURE_FITS = (
        "otherMeasureFits",
        "andere maatregel past beter",
        "autre mesure plus adaptée",
        "andere Maßnahme passt besser",
        "another measure fits better",
    )
    REGULAR_WORK_POSSIBLE = (
        "regularWorkPossible",
        "gewoon werk is haalbaar",
        "emploi ordinaire possible",
        "reguläre Arbeit möglich",
        "regular work is possible",
    )
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class SupportMeasure(Coded):
    """What comes with the ticket at the workplace."""

    WAGE_SUBSIDY = ("wageSubsidy", "loonpremie", "prime salariale", "Lohnzuschuss", "wage subsidy")
    COACHING_AT_WORK = (
        "coachingAtWork",
        "begeleiding op de werkvloer",
        "accompagnement au travail",
        "Begleitung am Arbeitsplatz",
        "coaching at work",
    )
    ADAPTED_WORKPLACE = (
        "adaptedWorkplace",
        "aangepaste werkplek",
        "poste adapté",
        "angepasster Arbeitsplatz",
        "adapted workplace",
    )
    ADAPTED_TASKS = ("adaptedTasks", "aangepaste taken", "tâches adaptées", "angepasste Aufgaben", "adapted tasks")
    TRANSPORT = ("transport", "vervoer", "transport", "Beförderung", "transport")
    INTERPRETER = ("interpreter", "tolk", "interprète", "Dolmetscher", "interpreter")
