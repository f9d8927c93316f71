"""Code lists: each code with its word in Dutch, French, German and English.

The code is what travels and is stored; the words are what a person reads. Source: the design glossary and
the Pact (target groups, capacities). Served at `/v1/refData/{codeList}`.
"""

from enum import Enum
from typing import Self


class Coded(str, Enum):  # noqa: UP042 - a StrEnum member cannot carry its labels
    """A code with a label per language. Compare and store it as its code."""

    nl: str
    fr: str
    de: str
    en: str

    def __new__(cls, code: str, nl: str, fr: str, de: str, en: str) -> Self:
        """Make a member of its code and its words."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.nl, member.fr, member.de, member.en = nl, fr, de, en
        return member

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def of(cls, code: str) -> Self:
        """Give the member of a code; raise KeyError when the list has none."""
        return {str(member): member for member in cls}[code]


class TargetGroup(Coded):
    """Who the client is for the Pact (chapter 3); decides who directs the trajectory."""

    LIVING_WAGE = ("livingWage", "leefloon", "revenu d'intégration", "Eingliederungseinkommen", "living wage")
    EQUIVALENT_LIVING_WAGE = (
        "equivalentLivingWage",
        "equivalent leefloon",
        "équivalent du revenu d'intégration",
        "gleichgestelltes Eingliederungseinkommen",
        "equivalent living wage",
    )
    EMPLOYED_THROUGH_OCMW = (
        "employedThroughOcmw",
        "tewerkgesteld via het OCMW",
        "mis au travail par le CPAS",
        "über das ÖSHZ beschäftigt",
        "employed through the OCMW",
    )
    JOB_SEEKER_MULTIPLE_PROBLEMS = (
        "jobSeekerMultipleProblems",
        "werkzoekende met meerdere problemen",
        "demandeur d'emploi à problèmes multiples",
        "Arbeitsuchende mit mehreren Problemen",
        "job seeker with multiple problems",
    )
    JOB_SEEKER = ("jobSeeker", "werkzoekende", "demandeur d'emploi", "Arbeitsuchende", "job seeker")
    INACTIVE_WITHOUT_BENEFIT = (
        "inactiveWithoutBenefit",
        "niet aan het werk, zonder uitkering",
        "sans emploi, sans allocation",
        "ohne Arbeit, ohne Leistung",
        "not working, no benefit",
    )
    INACTIVE_WITH_BENEFIT = (
        "inactiveWithBenefit",
        "niet aan het werk, met uitkering",
        "sans emploi, avec allocation",
        "ohne Arbeit, mit Leistung",
        "not working, with benefit",
    )


class OrganisationKind(Coded):
    """What an organisation is in the cooperation."""

    OCMW = ("ocmw", "OCMW", "CPAS", "ÖSHZ", "public centre for social welfare")
    VDAB = ("vdab", "VDAB", "VDAB", "VDAB", "public employment service")
    PARTNER = ("partner", "partner", "partenaire", "Partner", "partner")


class LeadKind(Coded):
    """Which side directs the trajectory; `external` is a paying body outside the dossier."""

    OCMW = ("ocmw", "OCMW", "CPAS", "ÖSHZ", "OCMW")
    VDAB = ("vdab", "VDAB", "VDAB", "VDAB", "VDAB")
    EXTERNAL = ("external", "uitbetalende instelling", "organisme de paiement", "Zahlstelle", "paying body")


class Capacity(Coded):
    """In which capacity an organisation knows the client (KSZ *hoedanigheid*)."""

    UNDER_INQUIRY = ("underInquiry", "in onderzoek", "en cours d'enquête", "in Untersuchung", "under inquiry")
    LIVING_WAGE = ("livingWage", "leefloon", "revenu d'intégration", "Eingliederungseinkommen", "living wage")
    EQUIVALENT_LIVING_WAGE = (
        "equivalentLivingWage",
        "equivalent leefloon",
        "équivalent du revenu d'intégration",
        "gleichgestelltes Eingliederungseinkommen",
        "equivalent living wage",
    )
    OTHER_AID = ("otherAid", "andere steun", "autre aide", "andere Hilfe", "other aid")
    EMPLOYED_THROUGH_OCMW = (
        "employedThroughOcmw",
        "tewerkgesteld via het OCMW",
        "mis au travail par le CPAS",
        "über das ÖSHZ beschäftigt",
        "employed through the OCMW",
    )
    OTHER_GUIDANCE = (
        "otherGuidance",
        "andere begeleiding",
        "autre accompagnement",
        "andere Begleitung",
        "other guidance",
    )
    JOB_SEEKER = ("jobSeeker", "werkzoekende", "demandeur d'emploi", "Arbeitsuchende", "job seeker")
    ACTION_PARTNER = (
        "actionPartner",
        "partner voor een actie",
        "partenaire d'action",
        "Aktionspartner",
        "action partner",
    )


class Purpose(Coded):
    """What the client is referred for; a legal basis lists the purposes it allows."""

    GUIDANCE_TO_WORK = (
        "guidanceToWork",
        "begeleiding naar werk",
        "accompagnement vers l'emploi",
        "Begleitung zur Arbeit",
        "guidance to work",
    )
    ORIENTATION = ("orientation", "oriëntatie", "orientation", "Orientierung", "orientation")
    TRAINING = ("training", "opleiding", "formation", "Ausbildung", "training")
    LANGUAGE = (
        "language",
        "Nederlands leren",
        "apprendre le néerlandais",
        "Niederländisch lernen",
        "language",
    )
    LABEL_ASSESSMENT = (
        "labelAssessment",
        "onderzoek naar maatwerk",
        "examen du travail adapté",
        "Prüfung angepasster Arbeit",
        "assessment for adapted work",
    )
    SOCIAL_SUPPORT = (
        "socialSupport",
        "maatschappelijke hulp",
        "aide sociale",
        "soziale Hilfe",
        "social support",
    )
    AFTERCARE = ("aftercare", "nazorg", "suivi", "Nachbetreuung", "aftercare")


class RejectionReason(Coded):
    """Why a referral is not taken up."""

    NO_CAPACITY = ("noCapacity", "nu geen plaats", "pas de place", "zurzeit kein Platz", "no capacity now")
    NOT_ELIGIBLE = (
        "notEligible",
        "cliënt komt niet in aanmerking",
        "client non admissible",
        "nicht berechtigt",
        "client is not eligible",
    )
    WRONG_SERVICE = (
        "wrongService",
        "andere dienst past beter",
        "autre service plus adapté",
        "anderer Dienst passt besser",
        "another service fits better",
    )
    CANNOT_CONTACT = (
        "cannotContact",
        "cliënt is niet te bereiken",
        "client injoignable",
        "nicht erreichbar",
        "client cannot be reached",
    )
    DUPLICATE = ("duplicate", "is al verwezen", "déjà orienté", "bereits verwiesen", "already referred")


class FailureReason(Coded):
    """Why an accepted referral came to nothing."""

    UNATTENDED = (
        "unattended",
        "cliënt kwam niet",
        "client absent",
        "nicht erschienen",
        "client did not come",
    )
    UNREACHABLE = (
        "unreachable",
        "cliënt is niet te bereiken",
        "client injoignable",
        "nicht erreichbar",
        "client cannot be reached",
    )
    REFUSED = ("refused", "cliënt weigert", "client refuse", "lehnt ab", "client refuses")
    INELIGIBLE = (
        "ineligible",
        "cliënt komt niet in aanmerking",
        "client non admissible",
        "nicht berechtigt",
        "client is not eligible",
    )


class HoldReason(Coded):
    """Why a running thread waits."""

    ILLNESS = ("illness", "ziekte", "maladie", "Krankheit", "illness")
    CARE_DUTIES = (
        "careDuties",
        "zorg voor anderen",
        "soins à des proches",
        "Betreuung anderer",
        "care duties",
    )
    HOUSING = ("housing", "huisvesting", "logement", "Wohnen", "housing")
    WAITING_FOR_THIRD_PARTY = (
        "waitingForThirdParty",
        "wacht op een andere dienst",
        "attend un autre service",
        "wartet auf andere Stelle",
        "waiting for another service",
    )
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class CancellationReason(Coded):
    """Why the sender no longer wants the referral."""

    CLIENT_WITHDREW = (
        "clientWithdrew",
        "cliënt ziet ervan af",
        "le client renonce",
        "Kunde verzichtet",
        "client withdrew",
    )
    MOVED = ("moved", "cliënt is verhuisd", "client déménagé", "umgezogen", "client moved")
    FOUND_WORK = (
        "foundWork",
        "cliënt heeft werk",
        "client a trouvé un emploi",
        "hat Arbeit",
        "client found work",
    )
    MISTAKE = ("mistake", "vergissing", "erreur", "Irrtum", "mistake")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class ContactMeans(Coded):
    """How contact was sought or made."""

    JOINT_INTAKE = (
        "jointIntake",
        "gezamenlijke intake",
        "entretien d'accueil commun",
        "gemeinsames Erstgespräch",
        "joint intake",
    )
    THREE_WAY_TALK = (
        "threeWayTalk",
        "driegesprek",
        "entretien à trois",
        "Dreiergespräch",
        "three-way talk",
    )
    PHONE = ("phone", "telefoon", "téléphone", "Telefon", "phone")
    VISIT = ("visit", "bezoek", "visite", "Besuch", "visit")
    OFFICE = ("office", "gesprek op kantoor", "entretien au bureau", "Gespräch im Büro", "talk at the office")
    VIDEO = ("video", "videogesprek", "entretien vidéo", "Videogespräch", "video call")
    MESSAGE = ("message", "bericht", "message", "Nachricht", "message")


class ContactResult(Coded):
    """What an attempt at contact gave."""

    NO_ANSWER = ("noAnswer", "geen antwoord", "pas de réponse", "keine Antwort", "no answer")
    MESSAGE_LEFT = (
        "messageLeft",
        "bericht nagelaten",
        "message laissé",
        "Nachricht hinterlassen",
        "message left",
    )
    APPOINTMENT_MADE = (
        "appointmentMade",
        "afspraak gemaakt",
        "rendez-vous fixé",
        "Termin vereinbart",
        "appointment made",
    )
    WRONG_DETAILS = (
        "wrongDetails",
        "gegevens kloppen niet",
        "coordonnées erronées",
        "Angaben falsch",
        "contact details are wrong",
    )


class Present(Coded):
    """Who was present at a contact."""

    CLIENT = ("client", "cliënt", "client", "Kunde", "client")
    SENDER = ("sender", "verwijzer", "service d'origine", "verweisende Stelle", "sender")
    RECEIVER = ("receiver", "ontvanger", "service de destination", "aufnehmende Stelle", "receiver")
    INTERPRETER = ("interpreter", "tolk", "interprète", "Dolmetscher", "interpreter")
    PARTNER = ("partner", "partner", "partenaire", "Partner", "partner organisation")
    CONFIDANT = ("confidant", "vertrouwenspersoon", "personne de confiance", "Vertrauensperson", "confidant")


class HandoverOutcome(Coded):
    """How a referral ended well."""

    EMPLOYED = ("employed", "aan het werk", "au travail", "in Arbeit", "employed")
    IN_TRAINING = ("inTraining", "in opleiding", "en formation", "in Ausbildung", "in training")
    GUIDANCE_FINISHED = (
        "guidanceFinished",
        "begeleiding afgerond",
        "accompagnement terminé",
        "Begleitung abgeschlossen",
        "guidance finished",
    )
    REFERRED_ON = ("referredOn", "verder verwezen", "réorienté", "weiterverwiesen", "referred on")
    NOT_READY = (
        "notReady",
        "werk is nu niet haalbaar",
        "pas encore prêt",
        "noch nicht bereit",
        "not ready for work",
    )
