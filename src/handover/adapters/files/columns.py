"""The columns of a file, by the names that people and programs give them, and the codes that only files know."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handover.domain.codes import Capacity, Coded, LeadKind, TargetGroup
from handover.domain.codes_follow_up import AbsenceReason, EndReason


class Kind(StrEnum):
    """What the rows of a sheet are."""

    CLIENTS = "clients"
    STEPS = "steps"

    @property
    def table(self) -> str:
        """Where such a row comes from, as marks and rejects name it."""
        return f"files/{self}"


class StepKind(Coded):
    """The processes that a file can bring in."""

    PLAN = ("plan", "plan (GPMI)", "plan (PIIS)", "Plan (PIIS)", "plan")
    ART60 = ("art60", "artikel 60", "article 60", "Artikel 60", "article 60")
    ART61 = ("art61", "artikel 61", "article 61", "Artikel 61", "article 61")
    APPOINTMENT = ("appointment", "afspraak", "rendez-vous", "Termin", "appointment")


class Came(Coded):
    """That the client came to an appointment; why not is a reason of `AbsenceReason`."""

    ATTENDED = ("attended", "gekomen", "venu", "erschienen", "came")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the API's manner, its titles by language, and what else it is called."""

    name: str
    titles: tuple[str, str, str, str]
    """In Dutch, French, German and English."""
    also: tuple[str, ...] = ()
    required: bool = False
    codes: tuple[type[Coded], ...] = ()

    def title(self, language: str) -> str:
        """Give its title in a language (nl, fr, de, en)."""
        return self.titles[LANGUAGES.index(language)]


LANGUAGES: Final = ("nl", "fr", "de", "en")
EXAMPLE: Final = "VOORBEELD-1"
"""The reference of the template's example, which is passed over."""
WHY: Final = Column(
    "why", ("Waarom niet", "Pourquoi pas", "Warum nicht", "Why not"), also=("reden", "raison", "grund", "reason")
)
"""The column that an error file has besides; it is passed over when the file comes in again."""

_SSIN: Final = (
    "ssin",
    ("Rijksregisternummer", "Numéro de registre national", "Nationalregisternummer", "National number"),
    ("rrn", "insz", "niss", "nationaal nummer", "numéro national", "rijksregister", "nn", "bis nummer"),
)
_COUNSELLOR: Final = Column(
    "counsellor",
    ("Medewerker", "Collaborateur", "Mitarbeiter", "Counsellor"),
    ("trajectbegeleider", "maatschappelijk werker", "dossierbeheerder", "assistant social", "sozialarbeiter"),
)
_CLIENT_REFERENCE: Final = (
    "clientReference",
    ("Referentie cliënt", "Référence client", "Referenz Kunde", "Client reference"),
)
COLUMNS: Final[dict[Kind, tuple[Column, ...]]] = {
    Kind.CLIENTS: (
        Column(
            *_CLIENT_REFERENCE,
            also=(
                "eigen referentie",
                "référence propre",
                "eigene referenz",
                "own reference",
                "referentie",
                "référence",
                "referenz",
                "reference",
                "dossiernummer",
                "numéro de dossier",
                "aktenzeichen",
                "case number",
            ),
            required=True,
        ),
        Column(*_SSIN, required=True),
        Column("givenName", ("Voornaam", "Prénom", "Vorname", "Given name"), ("first name",), required=True),
        Column(
            "familyName",
            ("Familienaam", "Nom de famille", "Familienname", "Family name"),
            ("achternaam", "naam", "nom", "nachname", "name", "last name", "surname"),
            required=True,
        ),
        Column(
            "birthDate",
            ("Geboortedatum", "Date de naissance", "Geburtsdatum", "Birth date"),
            ("date of birth", "geboren op", "geboren am", "né le"),
            required=True,
        ),
        Column(
            "targetGroup",
            ("Doelgroep", "Groupe cible", "Zielgruppe", "Target group"),
            required=True,
            codes=(TargetGroup,),
        ),
        Column(
            "capacity",
            ("Hoedanigheid", "Qualité", "Eigenschaft", "Capacity"),
            required=True,
            codes=(Capacity,),
        ),
        Column("lead", ("Regie", "Régie", "Leitung", "Lead"), codes=(LeadKind,)),
        Column(
            "leadName",
            ("Uitbetalende instelling", "Organisme de paiement", "Zahlstelle", "Paying body"),
        ),
        _COUNSELLOR,
    ),
    Kind.STEPS: (
        Column(*_CLIENT_REFERENCE, also=("dossiernummer", "eigen referentie", "numéro de dossier"), required=True),
        Column(*_SSIN),
        Column(
            "stepReference",
            ("Referentie stap", "Référence étape", "Referenz Schritt", "Step reference"),
            ("nummer stap", "contractnummer", "numéro de contrat", "vertragsnummer", "contract number"),
            required=True,
        ),
        Column("kind", ("Soort", "Type", "Art", "Kind"), ("soort stap",), required=True, codes=(StepKind,)),
        Column(
            "begin",
            ("Begin", "Début", "Beginn", "Begin"),
            ("startdatum", "start", "datum", "date", "date de début", "anfang", "startsOn", "van"),
            required=True,
        ),
        Column("time", ("Uur", "Heure", "Uhrzeit", "Time"), ("tijd",)),
        Column(
            "end",
            ("Einde", "Fin", "Ende", "End"),
            ("einddatum", "date de fin", "enddatum", "endsOn", "tot", "tot en met"),
        ),
        Column(
            "title",
            ("Titel of onderwerp", "Titre ou sujet", "Titel oder Thema", "Title or subject"),
            ("titel", "onderwerp", "titre", "sujet", "thema", "title", "subject"),
        ),
        Column("place", ("Plaats", "Lieu", "Ort", "Place"), ("werkplek", "waar", "workplace", "where", "werkgever")),
        Column("function", ("Functie", "Fonction", "Funktion", "Function")),
        Column(
            "hoursPerWeek",
            ("Uren per week", "Heures par semaine", "Stunden pro Woche", "Hours per week"),
        ),
        Column(
            "outcome",
            ("Afloop", "Issue", "Ergebnis", "Outcome"),
            ("resultaat",),
            codes=(EndReason, Came, AbsenceReason),
        ),
        _COUNSELLOR,
    ),
}


def folded(text: str) -> str:
    """Give a text by which names are compared: without case, accents, blanks and signs."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if c.isalnum())


def _names(column: Column) -> Iterable[str]:
    return {folded(text) for text in (column.name, *column.titles, *column.also)}


_BY_NAME: Final = {kind: {name: c for c in columns for name in _names(c)} for kind, columns in COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class Header:
    """A row of titles, read: `places` gives each column's index; `unknown` the titles that mean nothing here."""

    kind: Kind
    places: dict[str, int]
    missing: tuple[Column, ...]
    unknown: tuple[str, ...]
    doubled: tuple[Column, ...]


def read_header(titles: Sequence[str]) -> Header | None:
    """Give what kind of rows stand under these titles; None when they are no header that we know."""
    found = [_as(kind, titles) for kind in Kind]
    best = max(found, key=lambda header: (not header.missing, len(header.places)))
    return best if len(best.places) > 1 else None


def _as(kind: Kind, titles: Sequence[str]) -> Header:
    places: dict[str, int] = {}
    unknown, doubled = [], []
    for index, title in enumerate(titles):
        name = folded(title)
        column = _BY_NAME[kind].get(name)
        if column is None:
            if name and name not in _names(WHY):
                unknown.append(title)
        elif column.name in places:
            doubled.append(column)
        else:
            places[column.name] = index
    missing = tuple(c for c in COLUMNS[kind] if c.required and c.name not in places)
    return Header(kind, places, missing, tuple(unknown), tuple(doubled))


def column_of(kind: Kind, name: str) -> Column | None:
    """Give the column of that name."""
    return next((column for column in COLUMNS[kind] if column.name == name), None)
