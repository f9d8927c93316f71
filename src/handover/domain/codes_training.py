"""Code lists of the training; what each instrument is and who it suits is in `training_guide`."""

from handover.domain.codes import Coded


class Instrument(Coded):
    """The kind of course or learning at work."""

    VDAB_COURSE = ("vdabCourse", "opleiding bij VDAB", "formation au VDAB", "Ausbildung beim VDAB", "course at VDAB")
    IBO = (
        "ibo",
        "individuele beroepsopleiding (IBO)",
        "formation professionnelle individuelle (IBO)",
        "individuelle Berufsausbildung (IBO)",
        "individual training at an employer (IBO)",
    )
    OS = (
        "os",
        "oriënterende stage (OS)",
        "stage d'orientation (OS)",
        "Orientierungspraktikum (OS)",
        "orientation placement (OS)",
    )
    BIS = (
        "bis",
        "beroepsinlevingsstage (BIS)",
        "stage d'immersion professionnelle (BIS)",
        "Berufseinlebungspraktikum (BIS)",
        "professional immersion placement (BIS)",
    )
    BVS = (
        "bvs",
        "beroepsverkennende stage (BVS)",
        "stage de découverte du métier (BVS)",
        "Berufserkundungspraktikum (BVS)",
        "placement to explore a trade (BVS)",
    )
    WES = (
        "wes",
        "werkervaringsstage (WES)",
        "stage d'expérience professionnelle (WES)",
        "Arbeitserfahrungspraktikum (WES)",
        "work experience placement (WES)",
    )
    WIJK_WERKEN = (
        "wijkWerken",
        "wijk-werken",
        "travail de quartier (wijk-werken)",
        "Nachbarschaftsarbeit (wijk-werken)",
        "neighbourhood work (wijk-werken)",
    )
    TWE_STEP = (
        "tweStep",
        "stap in tijdelijke werkervaring (TWE)",
        "étape d'expérience temporaire (TWE)",
        "Schritt der zeitweiligen Arbeitserfahrung (TWE)",
        "step of temporary work experience (TWE)",
    )
    DUTCH_LESSONS = (
        "dutchLessons",
        "lessen Nederlands",
        "cours de néerlandais",
        "Niederländischunterricht",
        "Dutch lessons",
    )


class TrainingRefusalReason(Coded):
    """Why the committee of the OCMW does not agree with a training."""

    INCOME_AT_RISK = (
        "incomeAtRisk",
        "inkomen komt in gevaar",
        "revenu en danger",
        "Einkommen gefährdet",
        "income is at risk",
    )
    OTHER_PATH_FIRST = (
        "otherPathFirst",
        "eerst een andere stap",
        "une autre étape d'abord",
        "zuerst ein anderer Schritt",
        "another step first",
    )
    TOO_LONG = ("tooLong", "duurt te lang", "trop long", "dauert zu lange", "takes too long")
    NOT_FEASIBLE_NOW = (
        "notFeasibleNow",
        "nu niet haalbaar",
        "pas faisable maintenant",
        "jetzt nicht machbar",
        "not feasible now",
    )
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class TrainingStopReason(Coded):
    """Why a training stopped before its end."""

    TOO_HARD = ("tooHard", "te moeilijk", "trop difficile", "zu schwierig", "too hard")
    ILLNESS = ("illness", "ziekte", "maladie", "Krankheit", "illness")
    CARE = ("care", "zorg voor anderen", "soins à des proches", "Betreuung anderer", "care duties")
    FOUND_WORK = ("foundWork", "werk gevonden", "a trouvé un emploi", "Arbeit gefunden", "found work")
    ART60_STARTED = (
        "art60Started",
        "artikel 60 gestart",
        "article 60 commencé",
        "Artikel 60 begonnen",
        "article 60 started",
    )
    ABSENCES = ("absences", "te vaak afwezig", "trop d'absences", "zu oft abwesend", "absent too often")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class TrainingResult(Coded):
    """How a finished training ended."""

    PASSED = ("passed", "geslaagd", "réussi", "bestanden", "passed")
    PARTLY_PASSED = ("partlyPassed", "deels geslaagd", "réussi en partie", "teilweise bestanden", "partly passed")
    FAILED = ("failed", "niet geslaagd", "échoué", "nicht bestanden", "failed")
    HIRED = ("hired", "aangeworven", "engagé", "eingestellt", "hired")
