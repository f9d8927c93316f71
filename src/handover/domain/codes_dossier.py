"""Code lists of what concerns the dossier as a whole: roles, mandates, conflicts, mistakes, escalation."""

from handover.domain.codes import Coded


class QuestionRole(Coded):
    """Whom a question is asked to when no person is named."""

    COUNSELLOR = (
        "counsellor",
        "begeleider van de cliënt",
        "accompagnateur du client",
        "Begleiter des Kunden",
        "counsellor of the client",
    )
    FIXED_CONTACT = (
        "fixedContact",
        "vaste contactpersoon",
        "personne de contact fixe",
        "feste Kontaktperson",
        "fixed contact",
    )
    COORDINATOR = ("coordinator", "coördinator", "coordinateur", "Koordinator", "coordinator")


class ErasureReason(Coded):
    """Why the personal data of a dossier was erased."""

    RETENTION_ENDED = (
        "retentionEnded",
        "de bewaartermijn is voorbij",
        "le délai de conservation est écoulé",
        "die Aufbewahrungsfrist ist abgelaufen",
        "the retention period is over",
    )
    REQUEST = (
        "request",
        "op vraag van de cliënt",
        "à la demande du client",
        "auf Wunsch des Kunden",
        "at the request of the client",
    )
    UNLAWFUL = (
        "unlawful",
        "de gegevens hadden hier niet mogen staan",
        "les données n'auraient pas dû être traitées",
        "die Daten hätten nicht verarbeitet werden dürfen",
        "the data should not have been here",
    )


class MandateScope(Coded):
    """What the client lets a worker do."""

    REGISTER_AT_VDAB = (
        "registerAtVdab",
        "inschrijven bij VDAB in mijn naam",
        "inscrire au VDAB en mon nom",
        "in meinem Namen beim VDAB anmelden",
        "register at VDAB on my behalf",
    )
    SHARE_CONFIDENTIAL = (
        "shareConfidential",
        "vertrouwelijke gegevens delen",
        "partager des données confidentielles",
        "vertrauliche Daten teilen",
        "share confidential data",
    )


class ConflictKind(Coded):
    """Which statements of both sides cannot all be true."""

    BENEFITS = (
        "benefits",
        "werkloosheidsuitkering naast een actief leefloon",
        "allocation de chômage et revenu d'intégration actif",
        "Arbeitslosengeld neben Eingliederungseinkommen",
        "unemployment benefit beside an active living wage",
    )
    LEADS = ("leads", "twee regisseurs", "deux référents", "zwei Federführende", "two leads claimed")
    IDENTITY = (
        "identity",
        "geboortedatum past niet bij het rijksregisternummer",
        "date de naissance et numéro national ne correspondent pas",
        "Geburtsdatum passt nicht zur Nationalnummer",
        "birth date does not match the national number",
    )


class ConflictResolution(Coded):
    """How a conflict between statements ended."""

    CORRECTED = ("corrected", "verbeterd", "corrigé", "berichtigt", "corrected")
    BOTH_TRUE = ("bothTrue", "beide kloppen", "les deux sont exacts", "beides stimmt", "both are true")
    OTHER_PERSON = (
        "otherPerson",
        "gaat over iemand anders",
        "concerne une autre personne",
        "betrifft eine andere Person",
        "about another person",
    )


class ErrorReason(Coded):
    """Why a step is marked as a mistake."""

    WRONG_DOSSIER = ("wrongDossier", "verkeerd dossier", "mauvais dossier", "falsches Dossier", "wrong dossier")
    WRONG_DATA = ("wrongData", "verkeerde gegevens", "données erronées", "falsche Angaben", "wrong data")
    DOUBLE_ENTRY = ("doubleEntry", "dubbel ingevoerd", "saisi deux fois", "doppelt eingegeben", "entered twice")
    OTHER = ("other", "andere reden", "autre raison", "anderer Grund", "other reason")


class Rung(Coded):
    """Who is told that a due moment passed: the person, then the team, then both coordinators."""

    COUNSELLOR = ("counsellor", "begeleider", "accompagnateur", "Begleiter", "counsellor")
    TEAM = ("team", "team", "équipe", "Team", "team")
    COORDINATORS = ("coordinators", "coördinatoren", "coordinateurs", "Koordinatoren", "coordinators")
