"""Code lists of the intake and of the follow-up; see `codes` for how a code list works."""

from handover.domain.codes import Coded


class IntakeForm(Coded):
    """Who holds the intake."""

    JOINT = ("joint", "samen", "commun", "gemeinsam", "joint")
    SINGLE = ("single", "alleen", "seul", "einzeln", "single")
    START_MEETING = ("startMeeting", "startoverleg", "réunion de démarrage", "Startgespräch", "start meeting")


class WorkWish(Coded):
    """What the client wants with work."""

    FULL_TIME = ("fullTime", "voltijds werken", "temps plein", "Vollzeit", "full time")
    PART_TIME = ("partTime", "deeltijds werken", "temps partiel", "Teilzeit", "part time")
    TRAINING_FIRST = (
        "trainingFirst",
        "eerst een opleiding",
        "formation d'abord",
        "zuerst Ausbildung",
        "training first",
    )
    UNSURE = ("unsure", "weet het nog niet", "ne sait pas encore", "noch unsicher", "unsure")
    NOT_NOW = ("notNow", "nu niet", "pas maintenant", "jetzt nicht", "not now")


class BarrierKind(Coded):
    """What stands between the client and work (*drempel*)."""

    CHILDCARE = ("childcare", "kinderopvang", "garde d'enfants", "Kinderbetreuung", "childcare")
    MOBILITY = ("mobility", "vervoer", "mobilité", "Mobilität", "mobility")
    LANGUAGE = ("language", "taal", "langue", "Sprache", "language")
    HOUSING = ("housing", "wonen", "logement", "Wohnen", "housing")
    DEBT = ("debt", "schulden", "dettes", "Schulden", "debt")
    MENTAL_HEALTH = (
        "mentalHealth",
        "psychische gezondheid",
        "santé mentale",
        "psychische Gesundheit",
        "mental health",
    )
    ADDICTION = ("addiction", "verslaving", "dépendance", "Sucht", "addiction")
    DIGITAL = (
        "digital",
        "digitale vaardigheden",
        "compétences numériques",
        "digitale Kenntnisse",
        "digital skills",
    )
    CARE_DUTIES = (
        "careDuties",
        "zorg voor anderen",
        "soins à des proches",
        "Betreuung anderer",
        "care duties",
    )
    JUSTICE = ("justice", "justitie", "justice", "Justiz", "justice")


class BarrierState(Coded):
    """How far a barrier is dealt with."""

    OPEN = ("open", "nog niet aangepakt", "pas encore traité", "noch offen", "not dealt with yet")
    IN_PROGRESS = ("inProgress", "wordt aangepakt", "en cours", "in Arbeit", "being dealt with")
    SOLVED = ("solved", "opgelost", "résolu", "gelöst", "solved")


class LanguageLevel(Coded):
    """Level of a language (Common European Framework of Reference)."""

    NONE = ("none", "geen", "aucun", "keine", "none")
    A1 = ("a1", "A1", "A1", "A1", "A1")
    A2 = ("a2", "A2", "A2", "A2", "A2")
    B1 = ("b1", "B1", "B1", "B1", "B1")
    B2 = ("b2", "B2", "B2", "B2", "B2")
    C1 = ("c1", "C1", "C1", "C1", "C1")
    C2 = ("c2", "C2", "C2", "C2", "C2")


class Benefit(Coded):
    """Which income the client receives, as one side knows it."""

    LIVING_WAGE = ("livingWage", "leefloon", "revenu d'intégration", "Eingliederungseinkommen", "living wage")
    EQUIVALENT_LIVING_WAGE = (
        "equivalentLivingWage",
        "equivalent leefloon",
        "équivalent du revenu d'intégration",
        "gleichgestelltes Eingliederungseinkommen",
        "equivalent living wage",
    )
    UNEMPLOYMENT = (
        "unemployment",
        "werkloosheidsuitkering",
        "allocation de chômage",
        "Arbeitslosengeld",
        "unemployment benefit",
    )
    SICKNESS = ("sickness", "ziekte-uitkering", "indemnité de maladie", "Krankengeld", "sickness benefit")
    NONE = ("none", "geen uitkering", "aucune allocation", "keine Leistung", "no benefit")


class TrajectoryKind(Coded):
    """The kind of active trajectory that started."""

    GUIDANCE = ("guidance", "begeleiding", "accompagnement", "Begleitung", "guidance")
    INTENSIVE = (
        "intensive",
        "intensieve begeleiding",
        "accompagnement intensif",
        "intensive Begleitung",
        "intensive guidance",
    )
    TRAINING = ("training", "opleiding", "formation", "Ausbildung", "training")
    WORK_EXPERIENCE = (
        "workExperience",
        "werkervaring",
        "expérience professionnelle",
        "Arbeitserfahrung",
        "work experience",
    )


class AbsenceReason(Coded):
    """Why the client did not come to an appointment."""

    NO_NOTICE = ("noNotice", "zonder verwittigen", "sans prévenir", "ohne Nachricht", "without notice")
    ILLNESS = ("illness", "ziekte", "maladie", "Krankheit", "illness")
    CARE_DUTIES = (
        "careDuties",
        "zorg voor anderen",
        "soins à des proches",
        "Betreuung anderer",
        "care duties",
    )
    MOBILITY = ("mobility", "vervoer", "mobilité", "Mobilität", "mobility")
    WORK = ("work", "werk", "travail", "Arbeit", "work")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class ContractType(Coded):
    """The contract a client works under."""

    PERMANENT = ("permanent", "onbepaalde duur", "durée indéterminée", "unbefristet", "permanent")
    FIXED_TERM = ("fixedTerm", "bepaalde duur", "durée déterminée", "befristet", "fixed term")
    TEMPORARY_AGENCY = ("temporaryAgency", "uitzendwerk", "intérim", "Zeitarbeit", "temporary agency")
    ADAPTED_WORK = ("adaptedWork", "maatwerk", "travail adapté", "angepasste Arbeit", "adapted work")
    SELF_EMPLOYED = ("selfEmployed", "zelfstandige", "indépendant", "selbstständig", "self-employed")
    FLEXI_JOB = ("flexiJob", "flexi-job", "flexi-job", "Flexi-Job", "flexi-job")


class EndReason(Coded):
    """Why employment or a contract through the OCMW ended."""

    END_DATE = (
        "endDate",
        "einddatum bereikt",
        "date de fin atteinte",
        "Enddatum erreicht",
        "end date reached",
    )
    FOUND_WORK = (
        "foundWork",
        "ander werk gevonden",
        "autre emploi trouvé",
        "andere Arbeit gefunden",
        "found other work",
    )
    DISMISSED = ("dismissed", "ontslagen", "licencié", "entlassen", "dismissed")
    RESIGNED = ("resigned", "zelf gestopt", "démission", "selbst gekündigt", "resigned")
    ILLNESS = ("illness", "ziekte", "maladie", "Krankheit", "illness")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class Stability(Coded):
    """What an aftercare check found."""

    STABLE = ("stable", "het gaat goed", "cela va bien", "es geht gut", "going well")
    AT_RISK = ("atRisk", "het dreigt mis te gaan", "risque d'échec", "gefährdet", "at risk")
    LOST_WORK = ("lostWork", "werk verloren", "emploi perdu", "Arbeit verloren", "lost the work")
    NOT_REACHED = ("notReached", "niet bereikt", "pas joint", "nicht erreicht", "not reached")


class ClosingReason(Coded):
    """Why a dossier closes."""

    GOAL_REACHED = ("goalReached", "doel bereikt", "but atteint", "Ziel erreicht", "goal reached")
    MOVED = ("moved", "cliënt is verhuisd", "client déménagé", "umgezogen", "client moved")
    CLIENT_STOPS = ("clientStops", "cliënt stopt", "le client arrête", "Kunde hört auf", "client stops")
    RETIRED = ("retired", "met pensioen", "pensionné", "in Rente", "retired")
    DECEASED = ("deceased", "overleden", "décédé", "verstorben", "deceased")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")
