"""Code list of the offer map (*aanbodkaart*); see `codes` for how a list works."""

from handover.domain.codes import Coded


class OfferKind(Coded):
    """What an organisation offers."""

    TRAINING = ("training", "opleiding", "formation", "Ausbildung", "training")
    DUTCH_LESSONS = (
        "dutchLessons",
        "lessen Nederlands",
        "cours de néerlandais",
        "Niederländischunterricht",
        "Dutch lessons",
    )
    GUIDANCE = (
        "guidance",
        "begeleiding naar werk",
        "accompagnement vers l'emploi",
        "Begleitung zur Arbeit",
        "guidance to work",
    )
    WORK_EXPERIENCE = (
        "workExperience",
        "werkervaring",
        "expérience professionnelle",
        "Arbeitserfahrung",
        "work experience",
    )
    ADAPTED_WORK = ("adaptedWork", "maatwerk", "travail adapté", "angepasste Arbeit", "adapted work")
    CHILDCARE = ("childcare", "kinderopvang", "garde d'enfants", "Kinderbetreuung", "childcare")
    MOBILITY = ("mobility", "hulp bij vervoer", "aide à la mobilité", "Mobilitätshilfe", "help with transport")
    DEBT_HELP = ("debtHelp", "hulp bij schulden", "aide en cas de dettes", "Schuldenhilfe", "help with debts")
    MENTAL_HEALTH = ("mentalHealth", "psychische hulp", "aide psychologique", "psychische Hilfe", "mental health care")
    DIGITAL = ("digital", "digitale hulp", "aide numérique", "digitale Hilfe", "digital help")
    OTHER = ("other", "iets anders", "autre chose", "etwas anderes", "something else")
