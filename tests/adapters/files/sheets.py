"""Files made by hand, as people and programs make them."""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime

import xlsxwriter
from tests.instance import number

from handover.adapters.files.inbound import Frame

OCMW = "ocmw-lindedal"
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
FRAME = Frame(
    organisation_id=OCMW,
    now=NOW,
    counsellors={
        "begeleider@lindedal.example": f"{OCMW}.begeleider-1",
        f"{OCMW}.begeleider-1": f"{OCMW}.begeleider-1",
        "begeleider-1": f"{OCMW}.begeleider-1",
    },
)
CLIENTS = [
    "Referentie cliënt",
    "Rijksregisternummer",
    "Voornaam",
    "Familienaam",
    "Geboortedatum",
    "Doelgroep",
    "Hoedanigheid",
    "Medewerker",
]
STEPS = [
    "Referentie cliënt",
    "Rijksregisternummer",
    "Referentie stap",
    "Soort",
    "Begin",
    "Uur",
    "Einde",
    "Titel of onderwerp",
    "Plaats",
    "Afloop",
]


def client(n: int, **changes: str) -> list[str]:
    """Give the row of a client in Dutch, with some cells changed by their titles."""
    row = dict(
        zip(
            CLIENTS,
            [f"L-{n}", number(n), "Voorbeeld", f"Cliënt {n}", "01/01/1980", "leefloon", "leefloon", ""],
            strict=True,
        )
    )
    return list((row | changes).values())


def step(n: int, **changes: str) -> list[str]:
    """Give the row of a plan of that client."""
    row = dict(zip(STEPS, [f"L-{n}", "", "P1", "plan", "01/09/2026", "", "", "GPMI", "", ""], strict=True))
    return list((row | changes).values())


def csv_of(titles: Sequence[str], *rows: Sequence[str], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    """Write CSV."""
    return "\r\n".join(delimiter.join(row) for row in (titles, *rows)).encode(encoding) + b"\r\n"


def workbook_of(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    """Write a workbook with cells as Excel holds them: numbers, days, texts."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "default_date_format": "dd/mm/yyyy"}
    ) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(rows):
                for place, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(line, place, value)
                    else:
                        sheet.write(line, place, value)
    return made.getvalue()


def changed(workbook: bytes, part: str, content: bytes) -> bytes:
    """Put another part into a workbook."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            if one.filename != part:
                new.writestr(one.filename, old.read(one))
        new.writestr(part, content)
    return made.getvalue()
